"""Telling how far the loading of a model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from torch import Tensor

from ..grouped import Blocks, GroupFormat
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
        self._tell(found.numel())
        return found

    def group_format(self, name: str) -> GroupFormat | None:
        return self._source.group_format(name)

    def blocks(self, name: str, start: int, stop: int) -> Blocks:
        found = self._source.blocks(name, start, stop)
        self._tell(found.q.numel())
        return found

    def _tell(self, count: int) -> None:
        # An embedding that is the head, too, may be read twice.
        self._done = min(self._done + count, self._total)
        self._progress(self._done, self._total)
