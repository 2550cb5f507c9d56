"""Attention over sinks and window by flash attention, which needs no mask and holds no matrix of scores.

A flash kernel knows two forms: every query sees every key, or query i sees keys 0 … i. A block's band is cut into parts
of these forms, each with its own softmax, and the parts are joined by the logarithms of their sums:

    sinks ┆ edge ◥ ┆ middle ■ ┆ diagonal ◣

The edge is what leaves the window while the block is read: turned around, queries and keys, it is a diagonal, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .plain import TorchOps
from .wrapped import WrappedOps, first_line

if TYPE_CHECKING:
    from ..plan import Band, KeysValues

_HALVES = (torch.bfloat16, torch.float16)
_LARGEST_HEAD = 256


class FlashOps(WrappedOps):
    """Another backend with this attention, for halves on an NVIDIA GPU; with gradients, the other one's attention."""

    addition = "flash"

    def __init__(self, inner: TorchOps) -> None:
        super().__init__(inner)
        # A block is cut into parts of a kernel call each, and wide matrix products keep a GPU busy.
        self.query_block = self.reading_chunk = 4096

    def attend(self, q: Tensor, sinks: KeysValues, window: KeysValues, band: Band) -> Tensor:
        queries = band.end - band.first
        if self._given_up or torch.is_grad_enabled() or queries >= band.sliding_window or not _takes(q):
            return self._inner.attend(q, sinks, window, band)
        try:
            return _attend(q, sinks, window, band)
        except torch.OutOfMemoryError:
            raise  # with another kernel there would not be more memory
        except RuntimeError as error:  # what torch raises where it has no kernel, or one fails
            self._give_up(
                "flash attention failed", first_line(error), f"{self._inner.name} computes attention"
            )
            return self._inner.attend(q, sinks, window, band)


def _takes(q: Tensor) -> bool:
    """Whether there is a kernel for these queries; on a CPU, where torch has one of every format, only tests ask."""
    size = q.shape[-1]
    return size % 8 == 0 and size <= _LARGEST_HEAD and (q.dtype in _HALVES or q.device.type == "cpu")


def _attend(q: Tensor, sinks: KeysValues, window: KeysValues, band: Band) -> Tensor:
    """`TorchOps.attend`, for a block of fewer queries than the window has tokens."""
    count = band.end - band.first
    keys, values = (torch.cat(pair, dim=1) for pair in zip(sinks, window, strict=True))  # [Hkv, N, D]
    edge = max(band.end - band.sliding_window - band.low, 0) if count > 1 else 0
    diagonal = keys.shape[1] - count
    joined = _Joined(q)

    def part(start: int, stop: int) -> tuple[Tensor, Tensor]:
        return keys[:, start:stop], values[:, start:stop]

    joined.add(slice(0, count), *_flash(q, *part(diagonal, keys.shape[1]), causal=True))
    after = band.sinks + edge if edge else 0
    for start, stop in ((0, band.sinks if edge else 0), (after, diagonal)):
        if stop > start:
            joined.add(slice(0, count), *_flash(q, *part(start, stop), causal=False))
    if edge:
        # The last query sees nothing of the edge, the one before it its newest key, and so on.
        k, v = (x.flip(1) for x in part(band.sinks, band.sinks + edge))
        rows = slice(count - 1 - edge, count - 1)
        out, sums = _flash(q[:, :, rows].flip(2), k, v, causal=True)
        joined.add(rows, out.flip(2), sums.flip(2))
        if rows.start:  # as long as the window fills up, the first queries see all of it
            joined.add(slice(0, rows.start), *_flash(q[:, :, : rows.start], k, v, causal=False))
    return joined.out.to(q.dtype)


class _Joined:
    """Attention over several parts of the keys: `out` [Hkv, G, R, D] float32, and the logarithms of the sums."""

    def __init__(self, q: Tensor) -> None:
        self.out = q.new_zeros(q.shape, dtype=torch.float32)
        self._sums = q.new_full(q.shape[:-1], -torch.inf, dtype=torch.float32)

    def add(self, rows: slice, out: Tensor, sums: Tensor) -> None:
        """Another part of these queries' keys, with its own sums [Hkv, G, rows]."""
        before = self._sums[:, :, rows]
        total = torch.logaddexp(before, sums)
        kept, new = (before - total).exp()[..., None], (sums - total).exp()[..., None]
        self.out[:, :, rows] = self.out[:, :, rows] * kept + out * new
        self._sums[:, :, rows] = total


def _flash(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> tuple[Tensor, Tensor]:
    """Attention of [Hkv, G, R, D] over [Hkv, N, D], and the logarithms of its sums, [Hkv, G, R] float32."""
    shape = (*q.shape[:2], *k.shape[1:])
    k, v = (
        k[:, None].expand(shape),
        v[:, None].expand(shape),
    )  # a key-value head is read through a stride of zero
    if q.device.type == "cpu":
        out, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal)
    else:
        out, sums = torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, 0.0, causal, False)[:2]
    return out, sums
