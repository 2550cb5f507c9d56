"""Telling how far the loading of a model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from torch import Tensor

from ..grouped import Blocks, GroupFormat
from .source import PackedSource, Shape, TensorSource

Progress = Callable[[int, int], None]  # weights that are in, and all


def reported(source: TensorSource, progress: Progress) -> TensorSource:
    """The same tensors, packed ones as such; every read of them is told to `progress`."""
    if isinstance(source, PackedSource):
        return _ReportedPacked(source, progress)
    return _Reported(source, progress)


class _Reported:
    """A `TensorSource` around another."""

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

    def _tell(self, count: int) -> None:
        # An embedding that is the head, too, may be read twice.
        self._done = min(self._done + count, self._total)
        self._progress(self._done, self._total)


class _ReportedPacked(_Reported):
    """A `PackedSource` around another."""

    def __init__(self, source: PackedSource, progress: Progress) -> None:
        super().__init__(source, progress)
        self._packed = source

    def group_format(self, name: str) -> GroupFormat | None:
        return self._packed.group_format(name)

    def blocks(self, name: str, start: int, stop: int) -> Blocks:
        found = self._packed.blocks(name, start, stop)
        self._tell(found.q.numel())
        return found
