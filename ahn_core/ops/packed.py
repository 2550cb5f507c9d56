"""Packed weights (grouped.py) on an NVIDIA GPU: a wrapper that gives a model's weights Triton kernels of our own.

A few tokens are multiplied by the records as they are, which is what decoding needs: a GPU waits for its memory then,
and 4 bits are a quarter of 16. For many tokens rows are unpacked, some 256 MB at a time, and multiplied by torch.

A kernel that fails to import, compile or run is given up for good with one sentence, and the plain form computes.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..grouped import PLAIN, GroupedWeight, use_kernels
from .plain import TorchOps
from .wrapped import WrappedOps, first_line

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM

_GROUPS = 32  # records of a tile that a program multiplies at once
_WARPS = 8
_UNPACKED = (16, 128)  # rows and columns of a program


@functools.cache
def available() -> bool:
    """Whether triton is installed; PyTorch for CUDA brings it along on Linux."""
    return importlib.util.find_spec("triton") is not None


class PackedOps(WrappedOps):
    """Another backend whose packed weights are multiplied by these kernels, as long as they work."""

    addition = "packed"

    def __init__(self, inner: TorchOps, model: AHNForCausalLM) -> None:
        super().__init__(inner)
        use_kernels(model, TritonKernels(self._failed))

    def _failed(self, why: str) -> None:
        self._give_up("the kernels of packed weights failed", why, "torch unpacks them for every token")


class TritonKernels:
    """`grouped.Kernels` by packed_triton.py. All shapes follow from the arguments' and nothing is looked at, so a CUDA
    graph can hold them.
    """

    def __init__(self, failed: Callable[[str], None]) -> None:
        """`failed` is told why, once, when the plain form has taken over."""
        self._failed = failed
        self._given_up = False

    def multiply(self, weight: GroupedWeight, x: Tensor) -> Tensor:
        return self._tried(lambda: _multiplied(weight, x), lambda: PLAIN.multiply(weight, x))

    def unpack(self, weight: GroupedWeight, first: int, last: int, dtype: torch.dtype) -> Tensor:
        return self._tried(
            lambda: _unpacked(weight, first, last - first, None, dtype),
            lambda: PLAIN.unpack(weight, first, last, dtype),
        )

    def rows(self, weight: GroupedWeight, ids: Tensor) -> Tensor:
        return self._tried(
            lambda: _unpacked(weight, 0, len(ids), ids, torch.float32), lambda: PLAIN.rows(weight, ids)
        )

    def _tried(self, kernel: Callable[[], Tensor], plain: Callable[[], Tensor]) -> Tensor:
        if not self._given_up:
            try:
                return kernel()
            except torch.OutOfMemoryError:
                raise  # with another kernel there would not be more memory
            # As in guarded.py: Triton's compiler raises classes without a common base. Nothing is hidden: the
            # plain form computes the same, and `failed` is told.
            except Exception as error:  # noqa: BLE001
                self._give_up(error)
        return plain()

    def _give_up(self, error: Exception) -> None:
        self._given_up = True
        self._failed(f"{type(error).__name__}: {first_line(error)}")


def _multiplied(weight: GroupedWeight, x: Tensor) -> Tensor:
    from .packed_triton import multiply_few

    x, packed = x.contiguous(), weight.packed
    tiles, groups, _ = packed.shape
    y = torch.empty(len(x), weight.rows, dtype=x.dtype, device=x.device)
    with _current(x):
        multiply_few[(len(x), tiles)](
            x,
            y,
            packed.view(torch.int32),
            packed.view(torch.float16),
            weight.rows,
            weight.columns,
            groups,
            **_format(weight),
            WHOLE=weight.columns % 32 == 0,
            GROUPS=_GROUPS,
            num_warps=_WARPS,
            enable_fp_fusion=True,  # a product and a sum are one instruction; not every triton's default
        )
    return y


def _unpacked(
    weight: GroupedWeight, first: int, count: int, ids: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """Rows `ids`, or else `count` of them from `first` on: [count, columns]."""
    from .packed_triton import unpack_rows

    packed = weight.packed
    y = torch.empty(count, weight.columns, dtype=dtype, device=packed.device)
    if not count:
        return y
    rows, columns = _UNPACKED
    with _current(packed):
        unpack_rows[(-(-count // rows), -(-weight.columns // columns))](
            y,
            y if ids is None else ids.contiguous(),
            packed.view(torch.float16),
            packed,
            first,
            count,
            weight.rows,
            weight.columns,
            packed.shape[1],
            **_format(weight),
            SELECTED=ids is not None,
            ROWS=rows,
            COLUMNS=columns,
        )
    return y


def _format(weight: GroupedWeight) -> dict[str, Any]:
    """What the kernels are compiled for."""
    kept = weight.format
    return {
        "RECORD": kept.record,
        "BITS": kept.bits,
        "OFFSET": kept.offset,
        "AFFINE": kept.affine,
        "SCALES": 32 // kept.group,
    }


def _current(x: Tensor) -> contextlib.AbstractContextManager[object]:
    """Triton launches on the current device; in its interpreter there is none."""
    return torch.cuda.device(x.device) if x.is_cuda else contextlib.nullcontext()
