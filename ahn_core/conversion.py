"""What a memory of one cell has learnt, as the start of one of another cell over the same base.

Delta cells share everything but the decay. Mamba2 reads the same keys and values by another rule and has its norm over
all heads after the gate, so the size a delta cell's gates give is folded into its output map; what comes out is a start
for training, not an equal.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from .backbone import AHNForCausalLM
from .cells import DeltaNet, GatedDeltaNet, Mamba2
from .ops.plain import TorchOps

HALF_LIFE = 16_384.0  # tokens; what a cell with decay gets from one without


@torch.no_grad()
def convert_memory(source: AHNForCausalLM, target: AHNForCausalLM, sample: Tensor) -> None:
    """Overwrite `target`'s memory with `source`'s, and how it is read (rotation, sinks, size beside a window) too.

    Args:
        source: a model whose cell is DeltaNet or GatedDeltaNet.  target: the same base with any cell.
        sample: [T] int64, some text of the kind to be read; for Mamba2, the gates are measured on it.

    Raises ValueError where `source` is a Mamba2, which has no part that a delta cell could take over.
    """
    if source.ahn_config.cell == "Mamba2":
        raise ValueError(
            "a Mamba2 memory cannot be turned into another one, as its gates have no size of their own: convert from "
            "DeltaNet or GatedDeltaNet."
        )
    sizes = _gate_sizes(source, sample) if target.ahn_config.cell == "Mamba2" else [1.0] * len(source.layers)
    for ours, theirs, size in zip(target.layers, source.layers, sizes, strict=True):
        learnt = cast(DeltaNet, theirs.ahn)
        if isinstance(ours.ahn, Mamba2):
            _to_mamba2(learnt, ours.ahn, size)
        else:
            delta = cast(DeltaNet, ours.ahn)
            for name in ("b_proj", "g_proj", "o_norm", "o_proj"):
                getattr(delta, name).weight.copy_(getattr(learnt, name).weight)
            if isinstance(delta, GatedDeltaNet):
                _take_decay(delta, learnt)
    target.ahn_config = replace(source.ahn_config, cell=target.ahn_config.cell, training=())
    target.memory_trained = True
    target.__dict__.pop("identity", None)  # of the memory as it was


def _take_decay(ours: GatedDeltaNet, theirs: DeltaNet) -> None:
    if isinstance(theirs, GatedDeltaNet):
        ours.a_proj.weight.copy_(theirs.a_proj.weight)
        ours.A_log.copy_(theirs.A_log)
        ours.dt_bias.copy_(theirs.dt_bias)
        return
    ours.a_proj.weight.zero_()
    ours.dt_bias.zero_()
    ours.A_log.fill_(_log_rate())


def _to_mamba2(theirs: DeltaNet, ours: Mamba2, gate_size: float) -> None:
    ours.g_proj.weight.copy_(theirs.g_proj.weight)
    ours.dt_proj.weight.copy_(theirs.b_proj.weight)  # what was written strongly still is
    for zero in (ours.g_proj.bias, ours.dt_proj.bias, ours.dt_bias):
        zero.zero_()
    ours.norm.weight.fill_(1.0)
    ours.A_log.fill_(_log_rate())
    ours.o_proj.weight.copy_(theirs.o_proj.weight * theirs.o_norm.weight[:, None] * gate_size)  # [H, D, D]


def _log_rate() -> float:
    """A_log of `HALF_LIFE` where dt is softplus(0) = ln 2: then A is 1 / `HALF_LIFE`."""
    return -math.log(HALF_LIFE)


def layer_inputs(model: AHNForCausalLM, sample: Tensor) -> list[Tensor]:
    """What each layer's gates see of a sample [T]: its normed hidden states, [T, hidden] a layer."""
    ops, model.ops = model.ops, TorchOps()  # compiled code would go past the modules that are watched
    hidden: list[Tensor] = []
    hooks = [
        layer.input_layernorm.register_forward_hook(lambda _module, _inputs, normed: hidden.append(normed))
        for layer in model.layers
    ]
    try:
        model.read(sample[None].to(model.device), model.make_cache("full"))
    finally:
        model.ops = ops
        for hook in hooks:
            hook.remove()
    return hidden


def _gate_sizes(model: AHNForCausalLM, sample: Tensor) -> list[float]:
    """Root mean square of each layer's output gates over a sample."""
    gates = [
        F.silu(layer.ahn.g_proj(normed).float())  # [T, H]
        for layer, normed in zip(model.layers, layer_inputs(model, sample), strict=True)
    ]
    return [float(gate.square().mean().sqrt()) for gate in gates]
