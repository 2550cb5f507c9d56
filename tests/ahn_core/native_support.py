"""What the tests of the compiled kernels share: comparisons with the plain form, of models and of their parts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from ahn_core import AHNForCausalLM, plan
from ahn_core.cache import Cache
from ahn_core.cells import CELLS
from ahn_core.config import CellName
from ahn_core.native.decoder import NativeDecoder
from ahn_core.ops.cpu import CpuOps
from ahn_core.ops.plain import TorchOps
from ahn_core.quantization import quantize_
from tests.tiny import tiny_model

close = {"rtol": 1e-4, "atol": 1e-4}
# Sizes that are no multiple of any vector.
ODD = {
    "hidden_size": 50,
    "intermediate_size": 70,
    "head_dim": 18,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
}


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    """Short texts then cross several query blocks, and capped sinks move."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "QUERY_BLOCK", 8)
        yield


def text(length: int) -> list[int]:
    return torch.randint(0, 250, (length,), generator=torch.Generator().manual_seed(length)).tolist()


@torch.no_grad()
def feed(model: AHNForCausalLM, cache: Cache, ids: list[int], splits: list[int]) -> Tensor:
    pieces = torch.tensor(ids).split(splits)
    return torch.cat([model(piece[None], past_key_values=cache).logits[0] for piece in pieces])


def both(model: AHNForCausalLM, decoder: NativeDecoder, kind: str, splits: list[int], **sizes: int) -> None:
    """Feed one cache with and one without the compiled step, and compare everything there is afterwards."""
    compiled = copy.deepcopy(model)
    compiled.ops = CpuOps(compiled, decoder)
    ids = text(sum(splits))
    plain_cache, cache = (m.make_cache(kind, **sizes) for m in (model, compiled))
    torch.testing.assert_close(
        feed(compiled, cache, ids, splits), feed(model, plain_cache, ids, splits), **close
    )
    rows = cache._used_rows()
    for found, expected in zip(cache.layers, plain_cache.layers, strict=True):
        for name, tensor in expected.tensors().items():
            pair = [
                t if name == "state" else t[: rows[name]] if name == "gates" else t[:, : rows[name]]
                for t in (found.tensors()[name], tensor)
            ]
            torch.testing.assert_close(*pair, **close)
    assert cache.memory_share() == pytest.approx(plain_cache.memory_share(), abs=1e-5)
    assert [s.memory_share for s in cache.stats().layers] == pytest.approx(
        [s.memory_share for s in plain_cache.stats().layers], abs=1e-5
    )


def small_weights(decoder: NativeDecoder, convert: Callable[[AHNForCausalLM], None]) -> None:
    """The plain product for many tokens, of float32 activations, is what one token is held against."""
    model = tiny_model()
    convert(model)
    exact = copy.deepcopy(model)
    for layer in exact.layers:
        for parent, name in (
            (layer.self_attn, "qkv_proj"),
            (layer.self_attn, "o_proj"),
            (layer.mlp, "gate_up_proj"),
            (layer.mlp, "down_proj"),
        ):
            setattr(parent, name, dequantized(getattr(parent, name)))
    exact.lm_head = dequantized(exact.lm_head)
    exact.embed_tokens = torch.nn.Embedding.from_pretrained(model.embed_tokens.weight)
    model.ops = CpuOps(model, decoder)
    ids = text(30)
    caches = [m.make_cache("ahn", attention_sinks=2, sliding_window=6) for m in (model, exact)]
    found, expected = (feed(m, c, ids, [1] * 30) for m, c in zip((model, exact), caches, strict=True))
    # Beside 4 bits activations have 16.
    torch.testing.assert_close(
        found, expected, **(close if convert is quantize_ else {"rtol": 2e-3, "atol": 2e-3})
    )


def dequantized(layer: torch.nn.Module) -> torch.nn.Linear:
    weight = layer.dequantized()
    linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    linear.weight = torch.nn.Parameter(weight, requires_grad=False)
    return linear


@torch.no_grad()
def absorbing(decoder: NativeDecoder, cell: CellName, size: int, count: int) -> None:
    """So many tokens go into a memory with heads of this size: outputs and state are those of the plain cell."""
    assert decoder.absorbs(size)
    generator = torch.Generator().manual_seed(count)
    shape = SimpleNamespace(num_attention_heads=6, head_dim=size, hidden_size=40)
    memory = CELLS[cell](shape)
    memory.reset_parameters(generator)
    for parameter in memory.parameters():
        parameter.normal_(0.0, parameter.shape[-1] ** -0.5, generator=generator)
    # Rows outside, as projections are, and every second row, as a part of something larger.
    q = torch.randn(count, 6, size, generator=generator).transpose(0, 1)
    k = torch.randn(2, 2 * count, size, generator=generator)[:, ::2]
    v = torch.randn(count, 2, size, generator=generator).transpose(0, 1)
    writers, readers = torch.randn(2, count, 40, generator=generator)
    state = torch.randn(6, size, size, generator=generator)
    before = state.clone()
    arguments = (q, k, v, memory.write_gates(writers), readers, state)
    expected, expected_state = memory.absorb_and_read(*arguments, TorchOps().recur)
    found, found_state = decoder.absorb(memory, *arguments)
    assert torch.equal(state, before)
    torch.testing.assert_close(found, expected, **close)
    torch.testing.assert_close(found_state, expected_state, **close)
