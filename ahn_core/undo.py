"""Taking back a decoding step: what it writes over is kept before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .cache import Cache
    from .ops.plain import Outputs


class StepUndo:
    """Keeps what the next step of `cache` overwrites: the row of the token that leaves the window, its gates, and the
    states. While nothing leaves, a step only adds, and there is nothing to keep.

    The same memory is used again for every step, and the copies are queued like the step itself: nothing waits for the
    device.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._length: int | None = None
        self._outputs: Outputs | None = None
        self._written: list[Tensor] = []  # views of the cache's tensors
        self._kept: list[Tensor] = []

    def keep(self) -> None:
        """Call it before each step that may be taken back."""
        cache = self._cache
        self._length, self._outputs = cache.get_seq_length(), cache.outputs
        capacity = cache.layout.capacity
        evicts = capacity is not None and self._length >= capacity
        self._written = self._overwritten(cache.layout.slot(self._length)) if evicts else []
        if not self._written:
            return
        if [kept.shape for kept in self._kept] != [written.shape for written in self._written]:
            self._kept = [torch.empty_like(written) for written in self._written]
        _copy(self._kept, self._written)

    def take_back(self) -> None:
        """Leave the cache as it was at the last `keep`. One step at most may have been made since."""
        if self._length is None:
            raise ValueError("nothing was kept, so no step can be taken back: call keep() before the step.")
        if self._written:
            _copy(self._written, self._kept)
        self._cache.count_back(self._length, self._outputs)
        self._length = None

    def _overwritten(self, row: int) -> list[Tensor]:
        slot = row - (self._cache.layout.attention_sinks or 0)
        found: list[Tensor] = []
        for layer in self._cache.layers:
            # Head by head: contiguous pieces are copied many at a time.
            found += [*layer.keys[:, row].unbind(), *layer.values[:, row].unbind()]
            if layer.gates is not None and layer.state is not None:
                found += [layer.gates[slot], layer.state]
        return found


def _copy(to: list[Tensor], source: list[Tensor]) -> None:
    with torch.no_grad():
        for dtype in {tensor.dtype for tensor in to}:
            pairs = [(a, b) for a, b in zip(to, source, strict=True) if a.dtype == dtype]
            torch._foreach_copy_([a for a, _ in pairs], [b for _, b in pairs])
