"""Telling how far the loading of a model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from torch import Tensor

from .source import Shape, TensorSource

Progress = Callable[[int, int], None]  # weights that are in, and all


class ReportedSource:
    """Another `TensorSource`, whose every read is told."""

    def __init__(self, source: TensorSource, progress: Progress) -> None:
        self._source, self._progress = source, progress
        self._done, self._total = 0, sum(prod(shape) for shape in source.shapes.values())

    @property
    def description(self) -> str:
        return self._source.description

    @property
    def shapes(self) -> Mapping[str, Shape]:
        return self._source.shapes

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        found = self._source.rows(name, start, stop)
        # An embedding that is the head, too, may be read twice.
        self._done = min(self._done + found.numel(), self._total)
        self._progress(self._done, self._total)
        return found
