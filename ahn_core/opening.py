"""A start for training in which the memory is already read at full strength: gates that hardly depend on the token.

A new cell's output gates are small numbers of either sign, so what `o_proj` learns first is undone from token to token.
Here they are 1, up to what a linear map of the hidden state can do without a bias, and every token is written weakly
and fades slowly. `o_proj` stays zero, so the memory still adds nothing.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from .backbone import AHNForCausalLM
from .cells import DeltaNet, GatedDeltaNet, Mamba2
from .conversion import layer_inputs

_RIDGE = 1e-3  # of the mean square of the inputs
_SILU_OF_ONE = 1.2785  # silu of this is 1


@torch.no_grad()
def open_memory(
    model: AHNForCausalLM, sample: Tensor, *, beta: float = 0.1, half_life: float = 4096.0
) -> None:
    """Overwrite the gates of `model`'s memory.

    Args:
        sample: [T] int64, some text of the kind to be read: the gates are fitted to it.
        beta: share of a token that is written, in (0, 1).  half_life: of what was written, in tokens.
    """
    decay = math.log(2) / half_life  # nats a token
    for layer, hidden in zip(model.layers, layer_inputs(model, sample), strict=True):
        cell = layer.ahn
        if isinstance(cell, Mamba2):
            for projection, level in ((cell.g_proj, _SILU_OF_ONE), (cell.dt_proj, 0.0)):
                projection.weight.mul_(0.1)
                nn.init.constant_(projection.bias, level)
            cell.dt_bias.fill_(math.log(math.expm1(beta)))  # softplus of it is beta
            cell.A_log.fill_(math.log(decay / beta))
            continue
        delta = cast(DeltaNet, cell)
        constant = _ones(hidden.float())
        delta.g_proj.weight.copy_((_SILU_OF_ONE * constant).expand_as(delta.g_proj.weight))
        delta.b_proj.weight.copy_((math.log(beta / (1 - beta)) * constant).expand_as(delta.b_proj.weight))
        if isinstance(delta, GatedDeltaNet):
            dt = math.sqrt(decay)
            delta.dt_bias.fill_(math.log(math.expm1(dt)))
            delta.A_log.fill_(math.log(decay / dt))
    model.__dict__.pop("identity", None)  # of the memory as it was


def _ones(hidden: Tensor) -> Tensor:
    """The map [hidden] that comes nearest to 1 for every row of [T, hidden]."""
    moments = hidden.T @ hidden / len(hidden)
    ridge = _RIDGE * moments.diagonal().mean() * torch.eye(len(moments), device=hidden.device)
    return torch.linalg.solve(moments + ridge, hidden.mean(0))
