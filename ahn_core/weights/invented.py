"""Weights out of nothing: a model of the true shapes and number formats whose answers mean nothing.

It takes the memory and the time of the real one, so a machine can be measured before anything is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..config import AHNConfig, BackboneConfig
from ..devices import device_named
from .fill import fill_base
from .fit import check_room
from .memory import fill_memory
from .names import stored_shapes
from .source import Shape

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM

_BLOCK = 2**21 + 7  # numbers that are drawn; each tensor's rows are cut out of them somewhere
_SPREAD = 0.02


class InventedSource:
    """Every tensor that a base of this shape has, with random numbers: small ones in maps, ones in norms."""

    def __init__(self, config: BackboneConfig) -> None:
        self._shapes = stored_shapes(config)
        self._numbers = torch.randn(_BLOCK, generator=torch.Generator().manual_seed(0)) * _SPREAD
        self._at = 0

    @property
    def description(self) -> str:
        return "random weights"

    @property
    def shapes(self) -> Mapping[str, Shape]:
        return self._shapes

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        shape = (stop - start, *self._shapes[name][1:])
        if name.endswith("norm.weight"):
            return torch.ones(shape)
        count = torch.Size(shape).numel()
        if count > _BLOCK:
            return self._numbers[torch.arange(count) % _BLOCK].view(shape)
        self._at = self._at + count if self._at + 2 * count <= _BLOCK else 0
        return self._numbers[self._at : self._at + count].view(shape)


def invented_model(
    config: BackboneConfig,
    ahn_config: AHNConfig,
    *,
    name: str,
    dtype: torch.dtype | str | None = None,
    device: torch.device | str | None = None,
) -> AHNForCausalLM:
    """A model of this shape with random weights and a fresh memory, computed by plain torch until `use_backend`.

    `dtype` and `device` as in `AHNForCausalLM.from_pretrained`. Raises LoadError: it does not fit, or the format is not
    one for this device.
    """
    from ..backbone import AHNForCausalLM
    from ..loading import formats

    target = device_named(device)
    precision, number = formats(dtype, target)
    with torch.device("meta"):
        model = AHNForCausalLM(config, ahn_config, name=name)
    check_room(model, precision, number, target)
    fill_memory(model, None, "", number, target)
    fill_base(model, InventedSource(config), precision, number, target)
    return model.eval().requires_grad_(False)
