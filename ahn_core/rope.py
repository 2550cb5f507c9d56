"""Rotary position embedding, as exact at position one million as at position one."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import BackboneConfig

_BLOCK = 256  # positions
_KEPT_BLOCKS = 8  # a few conversations, each with its present position and that of the token that leaves


class Rotary:
    """Cosines and sines for any range of positions.

    The angle is computed on the CPU in float64: in float32 it is off by up to 0.031 rad near
    position 1,000,000.
    """

    def __init__(self, config: BackboneConfig) -> None:
        # On the CPU also when the model is built on the meta device.
        self._frequencies = torch.tensor(
            config.inverse_frequencies, dtype=torch.float64, device="cpu"
        )  # [D/2]
        self._scaling = config.rope_attention_scaling
        self._blocks: dict[tuple[int, torch.device, torch.dtype], tuple[Tensor, Tensor]] = {}

    def table(
        self, start: int, count: int, *, device: torch.device, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        """Cosine and sine, each [count, D], of positions start … start + count - 1."""
        positions = torch.arange(start, start + count, dtype=torch.float64, device="cpu")
        angles = torch.outer(positions, self._frequencies).repeat(1, 2)  # [count, D]
        cos, sin = angles.cos() * self._scaling, angles.sin() * self._scaling
        return cos.to(device=device, dtype=dtype), sin.to(device=device, dtype=dtype)

    def at(self, position: int, *, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosine and sine, each [1, D], of one position: rows of a kept table, as decoding asks for one after the
        other.
        """
        block, row = divmod(position, _BLOCK)
        key = (block, device, dtype)
        table = self._blocks.get(key)
        if table is None:
            if len(self._blocks) >= _KEPT_BLOCKS:
                self._blocks.clear()
            table = self._blocks[key] = self.table(block * _BLOCK, _BLOCK, device=device, dtype=dtype)
        cos, sin = table
        return cos[row : row + 1], sin[row : row + 1]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate x [..., T, D] by the table's angles [T, D]; with `-sin` the rotation is undone (up to the
    scaling squared).
    """
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin
