"""What a model with sinks, window and memory computes, position by position from the definition: slow and
obvious.

Nothing here is shared with the package but the weights: rotation, gates, cells and attention are written out
again.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from ahn_core import AHNForCausalLM, plan
from ahn_core.cells import Mamba2


def rotated(x: Tensor, position: int, frequencies: Tensor) -> Tensor:
    """One vector [..., D] rotated to `position`, pairs (i, i + D/2)."""
    angle = position * frequencies
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), dim=-1)


def rms(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight


def silu(x: Tensor) -> Tensor:
    return x * x.sigmoid()


def unit(x: Tensor) -> Tensor:
    return x / (x.square().sum(-1, keepdim=True) + 1e-6).sqrt()


@torch.no_grad()
def logits(model: AHNForCausalLM, ids: list[int], sinks: int, window: int, *, memory: bool = True) -> Tensor:
    """[T, V] in float64 on the CPU. Supports models without biases and without q/k norms (the tiny model)."""
    model = copy.deepcopy(model).cpu()
    config = model.config
    x = model.embed_tokens.weight.double()[ids]
    for layer in model.layers:
        h = rms(x, layer.input_layernorm.weight.double(), config.rms_norm_eps)
        x = x + _attention(model, layer, h, sinks, window, memory)
        h = rms(x, layer.post_attention_layernorm.weight.double(), config.rms_norm_eps)
        gate, up = (h @ layer.mlp.gate_up_proj.weight.double().T).chunk(2, dim=-1)
        x = x + (silu(gate) * up) @ layer.mlp.down_proj.weight.double().T
    return rms(x, model.norm.weight.double(), config.rms_norm_eps) @ model.lm_head.weight.double().T


def _attention(
    model: AHNForCausalLM, layer: torch.nn.Module, h: Tensor, sinks: int, window: int, memory: bool
) -> Tensor:
    config, ahn = model.config, model.ahn_config
    heads, kv_heads, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    frequencies = torch.tensor(config.inverse_frequencies, dtype=torch.float64)
    projected = (h @ layer.self_attn.qkv_proj.weight.double().T).view(len(h), -1, size)
    q, k, v = projected.split((heads, kv_heads, kv_heads), dim=1)
    k, v = k.repeat_interleave(heads // kv_heads, 1), v.repeat_interleave(heads // kv_heads, 1)  # [T, H, D]
    cell = layer.ahn.double()
    state = torch.zeros(heads, size, size, dtype=torch.float64)
    rows = []
    for t in range(len(h)):
        capped = ahn.sink_positions == "capped"
        block = t // plan.QUERY_BLOCK * plan.QUERY_BLOCK
        offset = max(0, block - window + 1 - sinks) if capped else 0
        seen = [j for j in range(t + 1) if j < sinks or j > t - window]
        keys = torch.stack(
            [rotated(k[j], j + offset if j < sinks else j, frequencies) for j in seen]
        )  # [N, H, D]
        scores = torch.einsum("hd,nhd->hn", rotated(q[t], t, frequencies), keys) / size**0.5
        out = torch.einsum("hn,nhd->hd", scores.softmax(-1), v[seen])
        leaving = t - window
        if memory and leaving >= sinks:
            turn = ahn.memory_rope
            key = rotated(k[leaving], leaving, frequencies) if turn else k[leaving]
            query = rotated(q[t], t, frequencies) if turn else q[t]
            read, state = _cell(cell, state, unit(key), v[leaving], h[leaving], unit(query), h[t])
            out = out + read * (512 / (sinks + window)) ** ahn.memory_window_power
        rows.append(out.flatten())
    layer.ahn.float()
    return torch.stack(rows) @ layer.self_attn.o_proj.weight.double().T


def _cell(
    cell, state: Tensor, k: Tensor, v: Tensor, h_written: Tensor, q: Tensor, h_reader: Tensor
) -> tuple[Tensor, Tensor]:
    def softplus(x: Tensor) -> Tensor:
        return torch.log1p(x.exp())

    gate = silu(cell.g_proj(h_reader))
    if isinstance(cell, Mamba2):
        dt = softplus(cell.dt_proj(h_written) + cell.dt_bias)
        state = (-dt * cell.A_log.exp()).exp()[:, None, None] * state + torch.einsum("h,hk,hv->hkv", dt, k, v)
        o = torch.einsum("hkv,hk->hv", state, q) * gate[:, None]
        o = rms(o.flatten(), cell.norm.weight, 1e-5).view_as(o)
    else:
        if cell.has_decay:
            dt = softplus(cell.a_proj(h_written) + cell.dt_bias)
            state = (-dt * cell.A_log.exp()).exp()[:, None, None] * state
        error = v - torch.einsum("hkv,hk->hv", state, k)
        state = state + torch.einsum("h,hk,hv->hkv", cell.b_proj(h_written).sigmoid(), k, error)
        o = torch.einsum("hkv,hk->hv", state, q * q.shape[-1] ** -0.5)
        o = rms(o, cell.o_norm.weight, 1e-5) * gate[:, None]
    return torch.einsum("hi,hij->hj", o, cell.o_proj.weight), state
