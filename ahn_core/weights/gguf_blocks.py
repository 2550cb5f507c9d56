"""GGUF's blocks taken apart: whole numbers and scales as `grouped.py` keeps them, for the formats that it can keep.

The layouts are ggml's (ggml-common.h). K-quants have scales of scales: the two are multiplied, and rounded to float16
(by 2^-11 of the scale at most, where a step of the weights themselves is 2^-4 to 2^-6 of their range).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..grouped import Blocks, GroupFormat

# ggml's numbers of the formats.
_Q4_0, _Q4_1, _Q5_0, _Q5_1, _Q8_0, _Q4_K, _Q5_K, _Q6_K = 2, 3, 6, 7, 8, 12, 13, 14

FORMATS: dict[int, GroupFormat] = {
    _Q4_0: GroupFormat(4),
    _Q4_1: GroupFormat(4, affine=True),
    _Q5_0: GroupFormat(5),
    _Q5_1: GroupFormat(5, affine=True),
    _Q8_0: GroupFormat(8),
    _Q4_K: GroupFormat(4, affine=True),
    _Q5_K: GroupFormat(5, affine=True),
    _Q6_K: GroupFormat(6),
}


def take_apart(kind: int, packed: Tensor) -> Blocks:
    """Rows of blocks of a kind that `FORMATS` has, uint8 [R, blocks, bytes of a block]."""
    q, scale, smallest = _PARTS[kind](packed)
    return Blocks(q.flatten(1), scale.flatten(1), None if smallest is None else smallest.flatten(1))


_Parts = tuple[
    Tensor, Tensor, "Tensor | None"
]  # q [R, blocks, values], scale and smallest [R, blocks, groups]


def _half(packed: Tensor, at: int) -> Tensor:
    """A float16 of each block: [R, blocks, 1]."""
    return packed[..., at : at + 2].contiguous().view(torch.float16)


def _nibbles(packed: Tensor) -> Tensor:
    """All lower halves of bytes, then all upper ones."""
    return torch.cat((packed & 15, packed >> 4), dim=-1)


def _simple(packed: Tensor, bits: int, smallest: bool) -> _Parts:
    """Q4_0, Q4_1, Q5_0 and Q5_1: scale, smallest value, fifth bits, and 32 times 4 bits."""
    at = 4 if smallest else 2
    q = _nibbles(packed[..., -16:])
    if bits == 5:
        places = torch.arange(8, dtype=torch.uint8)
        fifth = (packed[..., at : at + 4, None] >> places) & 1
        q |= fifth.flatten(-2) << 4
    return q, _half(packed, 0), _half(packed, 2) if smallest else None


def _q8_0(packed: Tensor) -> _Parts:
    return packed[..., 2:] ^ 128, _half(packed, 0), None  # a signed byte, 128 higher


def _k_scales(packed: Tensor) -> tuple[Tensor, Tensor]:
    """The eight scales and smallest values of Q4_K and Q5_K, float16 [R, blocks, 8]: 6 bits each in 12 bytes."""
    low, middle, high = packed[..., 4:16].split(4, dim=-1)
    scale = torch.cat((low & 63, (high & 15) | ((low >> 6) << 4)), dim=-1)
    smallest = torch.cat((middle & 63, (high >> 4) | ((middle >> 6) << 4)), dim=-1)
    return (
        (_half(packed, 0).float() * scale).half(),
        -(_half(packed, 2).float() * smallest).half(),
    )


def _q4_k(packed: Tensor) -> _Parts:
    q = _nibbles(packed[..., 16:].unflatten(-1, (4, 32)))
    return q.flatten(-2), *_k_scales(packed)


def _q5_k(packed: Tensor) -> _Parts:
    q = _nibbles(packed[..., 48:].unflatten(-1, (4, 32))).unflatten(-1, (2, 32)).flatten(-3, -2)
    places = torch.arange(8, dtype=torch.uint8)[:, None]
    fifth = (packed[..., None, 16:48] >> places) & 1  # [R, blocks, 8, 32]
    return (q | (fifth << 4)).flatten(-2), *_k_scales(packed)


def _q6_k(packed: Tensor) -> _Parts:
    low = packed[..., :128].unflatten(-1, (2, 64))
    four = _nibbles(low).unflatten(-1, (4, 32))  # [R, blocks, 2, 4, 32]
    places = torch.tensor([0, 2, 4, 6], dtype=torch.uint8)[:, None]
    two = (packed[..., 128:192].unflatten(-1, (2, 1, 32)) >> places) & 3
    scale = packed[..., 192:208].view(torch.int8).float() * _half(packed, 208).float()
    return (four | (two << 4)).flatten(-3), scale.half(), None


_PARTS: dict[int, Callable[[Tensor], _Parts]] = {
    _Q4_0: lambda packed: _simple(packed, 4, False),
    _Q4_1: lambda packed: _simple(packed, 4, True),
    _Q5_0: lambda packed: _simple(packed, 5, False),
    _Q5_1: lambda packed: _simple(packed, 5, True),
    _Q8_0: _q8_0,
    _Q4_K: _q4_k,
    _Q5_K: _q5_k,
    _Q6_K: _q6_k,
}
