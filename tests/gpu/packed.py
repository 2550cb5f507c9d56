"""Weights of 4 bits: the kernels beside the plain form at the models' shapes, and a packed model's speed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from ahn_core import AHNForCausalLM
from ahn_core.config import BackboneConfig
from ahn_core.grouped import (
    INNER,
    OUTER,
    GroupedEmbedding,
    GroupedLinear,
    GroupedWeight,
    GroupFormat,
    group_,
)
from ahn_core.ops import packed
from ahn_core.ops.packed import TritonKernels
from ahn_core.quantization import linears_of, replace_layer
from tests.ahn_core.formats import EVERY_FORMAT
from tests.ahn_core.packed_cases import random_weight, share_off

from .common import Clock, Results, Scale, best_seconds, free
from .machine import rates
from .speed import measure, random_model, weight_bytes

_BOUND = 2**-7  # of the sum of all products' sizes: results are rounded to bfloat16
_TOKENS = (1, 3, 8)


def shapes(config: BackboneConfig) -> dict[str, tuple[int, int, GroupFormat]]:
    """Rows, columns and format of each weight of a layer, and of the head."""
    hidden, inner, size = config.hidden_size, config.intermediate_size, config.head_dim
    queries, keys = config.num_attention_heads * size, config.num_key_value_heads * size
    return {
        "qkv": (queries + 2 * keys, hidden, INNER),
        "o": (hidden, queries, INNER),
        "gate_up": (2 * inner, hidden, INNER),
        "down": (hidden, inner, INNER),
        "head": (config.vocab_size, hidden, OUTER),
    }


@torch.no_grad()
def kernels(scale: Scale, results: Results, clock: Clock) -> None:
    """Each weight of each model in its format, and one of each other format; with times where they run on a GPU."""
    for index, (size, config) in enumerate(scale.configs.items()):
        wanted = [(name, *shape) for name, shape in shapes(config).items()]
        if index == 0:
            rows, columns, _ = shapes(config)["o"]
            wanted += [
                (f"o in {f.bits}{'a' * f.affine}", rows, columns, f) for f in EVERY_FORMAT if f != INNER
            ]
        for name, rows, columns, kept in wanted:
            if clock.left < 5:
                results.add(what="packed", skipped="the time is up", model=size, weight=name)
                return
            results.add(what="packed", model=size, weight=name, **_compared(scale, rows, columns, kept))
            free(scale)


def _compared(scale: Scale, rows: int, columns: int, kept: GroupFormat) -> dict[str, Any]:
    weight = random_weight(rows, columns, kept, scale.device)
    failures: list[str] = []
    triton = TritonKernels(failures.append)
    found: dict[str, Any] = {"rows": rows, "columns": columns, "bits": kept.bits, "affine": kept.affine}
    if scale.dry:  # no kernels on a CPU: what is tried is this program
        use: Any = weight.kernels
    elif packed.available():
        use = triton
    else:
        return {**found, "failed": "triton is not installed"}
    few = min(rows, 512)  # rows that are compared: the plain form needs many times their bytes
    meant = torch.cat(
        [weight.unpacked(0, few, torch.float32), weight.unpacked(rows - few, rows, torch.float32)]
    )
    off = 0.0
    for tokens in _TOKENS:
        x = torch.randn(tokens, columns, device=scale.device).bfloat16()
        y = use.multiply(weight, x)
        off = max(off, share_off(torch.cat((y[:, :few], y[:, rows - few :]), dim=1), x, meant))
    ids = torch.tensor([0, few - 1], device=scale.device)
    same = torch.allclose(use.rows(weight, ids), meant[ids], rtol=1e-5, atol=1e-5)
    same &= torch.allclose(use.unpack(weight, 0, few, torch.float32), meant[:few], rtol=1e-5, atol=1e-5)
    if failures:
        return {**found, "failed": failures[0]}
    times = {}
    if not scale.dry:
        half = torch.randn(1, columns, device=scale.device).bfloat16()
        whole = torch.randn(rows, columns, device=scale.device).bfloat16()
        once = best_seconds(partial(use.multiply, weight, half), scale.device)
        times = {
            "microseconds": 1e6 * once,
            "bytes_per_second": weight.packed.nbytes / once,
            "bfloat16_microseconds": 1e6 * best_seconds(partial(torch.mm, half, whole.T), scale.device),
        }
    return {**found, "difference": off, "right": off < _BOUND and same, **times}


def int4(scale: Scale, results: Results, clock: Clock) -> None:
    """The first model with random weights of 4 bits: does it compute what its unpacked twin does, and how fast."""
    results.add(what="same logits", **_same_logits(scale))
    limits = rates(scale)
    size, config = next(iter(scale.configs.items()))
    model = packed_model(config, scale)
    backend = model.use_backend()
    results.add(
        what="model", model=size, backend=backend, reason=model.ops.reason, weight_bytes=weight_bytes(model)
    )
    measure(model, "ahn", f"{size} int4", replace(scale, lengths=scale.lengths[:2]), results, clock, limits)


@torch.no_grad()
def _same_logits(scale: Scale) -> dict[str, Any]:
    """A small model, read and decoded in 4 bits by the best backend here, and by torch with the weights unpacked."""
    config = replace(next(iter(scale.configs.values())), num_hidden_layers=2, vocab_size=4_096)
    model = random_model(config, scale)
    group_(model)
    backend = model.use_backend() if not scale.dry else model.backend
    plain = random_model(config, scale)
    for name, linear in linears_of(plain, "int4"):
        meant = model.get_submodule(name)
        assert isinstance(meant, GroupedLinear)
        linear.weight = nn.Parameter(meant.dequantized().to(scale.dtype), requires_grad=False)
        linear.bias = meant.bias
    plain.embed_tokens.weight = nn.Parameter(model.embed_tokens.weight.to(scale.dtype), requires_grad=False)
    for ours, theirs in zip(model.layers, plain.layers, strict=True):
        theirs.ahn.load_state_dict(ours.ahn.state_dict())
    caches = [m.make_cache("ahn", attention_sinks=4, sliding_window=28) for m in (model, plain)]
    off = 0.0
    for piece in torch.arange(72, device=scale.device).split([64, 1, 1, 1, 5]):
        a, b = (
            m(piece[None], past_key_values=c).logits.float()
            for m, c in zip((model, plain), caches, strict=True)
        )
        off = max(off, float((a - b).abs().max() / b.abs().max()))
    return {"backend": backend, "reason": model.ops.reason, "difference": off, "right": off < 5e-2}


@torch.no_grad()
def packed_model(config: BackboneConfig, scale: Scale) -> AHNForCausalLM:
    """A model in 4 bits on the device, without its weights ever having been anything else."""
    model = random_model(config, scale, packed=True)
    table = _small_weight(config.vocab_size, config.hidden_size, OUTER, scale.device)
    model.embed_tokens = GroupedEmbedding(table, scale.dtype)
    for name, linear in linears_of(model, "int4"):
        head = name == "lm_head"
        rows, columns = linear.weight.shape
        tied = head and config.tie_word_embeddings
        weight = table if tied else _small_weight(rows, columns, OUTER if head else INNER, scale.device)
        replace_layer(model, name, GroupedLinear([weight], linear.bias, exact=head))
    return model


def _small_weight(rows: int, columns: int, kept: GroupFormat, device: torch.device) -> GroupedWeight:
    """Random whole numbers, and scales that make them numbers of about 0.02."""
    weight = GroupedWeight(rows, columns, kept, device)
    weight.packed.random_()
    halves = weight.packed[..., 64 * kept.bits :].view(torch.float16)
    halves.fill_(0.02 / 2 ** (kept.bits - 2))
    if kept.affine:
        halves[..., halves.shape[-1] // 2 :].fill_(-0.04)
    return weight
