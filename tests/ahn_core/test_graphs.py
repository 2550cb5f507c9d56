"""The decoding step of fixed shapes: as a plain run anywhere, and as a CUDA graph on a GPU."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import Tensor

from ahn_core import AHNForCausalLM
from ahn_core.cache import Cache
from ahn_core.config import CELL_NAMES
from ahn_core.ops import graphs
from ahn_core.ops.plain import TorchOps
from tests.tiny import tiny_model

KINDS = ("full", "window", "ahn")


@pytest.fixture(autouse=True)
def few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of keys is then outgrown several times."""
    monkeypatch.setattr(graphs, "_KEYS", 8)


def ids(count: int, device: str = "cpu") -> Tensor:
    return torch.randint(0, 250, (count,), generator=torch.Generator().manual_seed(count)).to(device)


@torch.no_grad()
def decode(model: AHNForCausalLM, cache: Cache, tokens: Tensor) -> Tensor:
    return torch.cat([model(token.view(1, 1), past_key_values=cache).logits[0] for token in tokens])


class Counted(graphs.FixedStep):
    """The plain form of a graph, counting how many were made."""

    made = 0

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        Counted.made += 1


@pytest.fixture
def counted() -> type[Counted]:
    Counted.made = 0
    return Counted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_fixed_shapes_compute_the_same(kind, cell, counted) -> None:
    model, fixed = tiny_model(cell), tiny_model(cell)
    fixed.ops = graphs.GraphedOps(TorchOps(), counted)
    plain, cache = (m.make_cache(kind, attention_sinks=3, sliding_window=18) for m in (model, fixed))
    torch.testing.assert_close(
        decode(fixed, cache, ids(60)), decode(model, plain, ids(60)), rtol=1e-4, atol=1e-4
    )
    # A step is used again, but for a full buffer, which at this size grows every other token.
    assert kind == "full" or counted.made < 14
    for found, expected in zip(cache.outputs, plain.outputs, strict=True):
        assert (found is None) == (expected is None) == (expected is plain.outputs[1] and kind != "ahn")
        if found is not None:
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert fixed.backend == "torch+graphs"


def test_once_tokens_leave_the_window_one_step_serves_them_all(counted) -> None:
    model = tiny_model()
    cache = model.make_cache("ahn", attention_sinks=3, sliding_window=18)
    decode(model, cache, ids(30))
    model.ops = graphs.GraphedOps(TorchOps(), counted)
    decode(model, cache, ids(50))
    assert counted.made == 1


def test_a_replaced_tensor_needs_another_step(counted) -> None:
    model, plain = tiny_model(), tiny_model()
    model.ops = graphs.GraphedOps(TorchOps(), counted)
    caches = [m.make_cache("ahn", attention_sinks=3, sliding_window=18) for m in (model, plain)]
    for m, cache in zip((model, plain), caches, strict=True):
        decode(m, cache, ids(30))
        with torch.no_grad():
            m(ids(5)[None], past_key_values=cache)  # reading makes new states
    before = counted.made
    found, expected = (decode(m, c, ids(9)) for m, c in zip((model, plain), caches, strict=True))
    assert counted.made == before + 1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_conversations_have_steps_of_their_own_that_go_with_them(counted) -> None:
    model = tiny_model()
    model.ops = graphs.GraphedOps(TorchOps(), counted)
    caches = [model.make_cache("window", attention_sinks=3, sliding_window=18) for _ in range(2)]
    for token in ids(12):
        for cache in caches:
            decode(model, cache, token.view(1))
    twin = caches[0].clone()
    assert torch.equal(decode(model, twin, ids(3)), decode(model, caches[1], ids(3)))
    del cache
    gone = weakref.ref(caches.pop())
    gc.collect()
    assert gone() is None


class OneGraph(Counted):
    """The step as one graph of torch's own, which must neither break nor be made again."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._compiled = torch.compile(super().run, fullgraph=True, backend="eager")

    def run(self) -> None:
        self._compiled()


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_the_step_is_one_graph_for_a_thousand_tokens(cell, counted, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._dynamo.utils import counters

    torch.compiler.reset()
    counters.clear()
    model, plain = tiny_model(cell), tiny_model(cell)
    caches = [m.make_cache("ahn", attention_sinks=3, sliding_window=18) for m in (model, plain)]
    for m, cache in zip((model, plain), caches, strict=True):
        decode(m, cache, ids(30))
    model.ops = graphs.GraphedOps(TorchOps(), OneGraph)
    found, expected = (decode(m, c, ids(40)) for m, c in zip((model, plain), caches, strict=True))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    decode(model, caches[0], ids(960 if cell == "GatedDeltaNet" else 60))
    assert counted.made == 1
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"] and not counters["recompiles"]
    torch.compiler.reset()


class Failing(graphs.FixedStep):
    """A device on which no graph can be captured."""

    def __init__(self, *arguments: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nand a long explanation")


def test_a_graph_that_cannot_be_captured_costs_no_token(caplog: pytest.LogCaptureFixture) -> None:
    model, plain = tiny_model(), tiny_model()
    model.ops = graphs.GraphedOps(TorchOps(), Failing)
    caches = [m.make_cache("ahn", attention_sinks=3, sliding_window=18) for m in (model, plain)]
    found, expected = (decode(m, c, ids(30)) for m, c in zip((model, plain), caches, strict=True))
    assert torch.equal(found, expected)
    assert model.backend == "torch"
    assert [r.message for r in caplog.records] == [
        "No CUDA graph could be captured (operation not permitted when stream is capturing), so each token's kernels "
        "are launched anew."
    ]


@pytest.mark.cuda
@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_graph_computes_the_same(kind) -> None:
    model = tiny_model()
    plain = model.make_cache(kind, attention_sinks=3, sliding_window=18)
    expected = decode(model, plain, ids(60))
    on_gpu = tiny_model().to("cuda")
    on_gpu.use_backend("graphs")
    cache = on_gpu.make_cache(kind, attention_sinks=3, sliding_window=18)
    found = decode(on_gpu, cache, ids(60, "cuda"))
    assert on_gpu.backend.endswith("+graphs"), on_gpu.ops.reason
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-3)
