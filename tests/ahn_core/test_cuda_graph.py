"""The decoding step of fixed shapes: as a plain run anywhere, and as a CUDA graph on a GPU."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ahn_core import AHNForCausalLM, cuda_graph
from ahn_core.cache import Cache
from ahn_core.config import CELL_NAMES
from tests.tiny import tiny_model

KINDS = ("full", "window", "ahn")


@pytest.fixture(autouse=True)
def few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of keys is then outgrown several times."""
    monkeypatch.setattr(cuda_graph, "_KEYS", 8)


def ids(count: int, device: str = "cpu") -> Tensor:
    return torch.randint(0, 250, (count,), generator=torch.Generator().manual_seed(count)).to(device)


@torch.no_grad()
def decode(model: AHNForCausalLM, cache: Cache, tokens: Tensor) -> Tensor:
    return torch.cat([model(token.view(1, 1), past_key_values=cache).logits[0] for token in tokens])


@torch.no_grad()
def decode_fixed(model: AHNForCausalLM, cache: Cache, tokens: Tensor) -> tuple[Tensor, int]:
    """The same through `FixedStep`, and how many were made."""
    hidden, made, fixed = [], 0, None
    for token in tokens:
        x, step = model.embed_tokens(token.view(1)), cache.begin_step()
        if fixed is None or not fixed.fits(cache, step):
            fixed, made = cuda_graph.FixedStep(model, cache, step, x), made + 1
        fixed.fill(step, x)
        fixed.run()
        hidden.append(fixed.finish())
        cache.end(1)
    return model.logits(torch.cat(hidden)), made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_fixed_shapes_compute_the_same(kind, cell) -> None:
    model = tiny_model(cell)
    plain, cache = (model.make_cache(kind, attention_sinks=3, sliding_window=18) for _ in range(2))
    found, made = decode_fixed(model, cache, ids(60))
    torch.testing.assert_close(found, decode(model, plain, ids(60)), rtol=1e-4, atol=1e-4)
    assert kind == "full" or made < 14, (
        "a step is used again"
    )  # a full buffer of this size grows every other token
    for one, two in zip(cache.layers, plain.layers, strict=True):
        torch.testing.assert_close(one.window_output, two.window_output, rtol=1e-4, atol=1e-4)


def test_once_tokens_leave_the_window_one_step_serves_them_all() -> None:
    model = tiny_model()
    cache = model.make_cache("ahn", attention_sinks=3, sliding_window=18)
    decode(model, cache, ids(30))
    assert decode_fixed(model, cache, ids(50))[1] == 1


def test_a_replaced_tensor_needs_another_step() -> None:
    model = tiny_model()
    cache = model.make_cache("ahn", attention_sinks=3, sliding_window=18)
    decode(model, cache, ids(30))
    with torch.no_grad():
        x, step = model.embed_tokens(ids(1)), cache.begin_step()
        fixed = cuda_graph.FixedStep(model, cache, step, x)
        assert fixed.fits(cache, step)
        model(ids(5)[None], past_key_values=cache)  # reading makes new states
        assert not fixed.fits(cache, cache.begin_step())


@pytest.mark.cuda
@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_graph_computes_the_same(kind) -> None:
    model = tiny_model()
    plain = model.make_cache(kind, attention_sinks=3, sliding_window=18)
    expected = decode(model, plain, ids(60))
    on_gpu = tiny_model().to("cuda")
    on_gpu.graphs_steps = True
    cache = on_gpu.make_cache(kind, attention_sinks=3, sliding_window=18)
    found = decode(on_gpu, cache, ids(60, "cuda"))
    assert isinstance(cache.graph, cuda_graph.GraphedStep)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-3)
