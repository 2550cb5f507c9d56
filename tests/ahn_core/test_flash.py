"""Attention in parts without a mask, by torch's flash kernel for CPUs, beside attention with one."""

from __future__ import annotations

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ahn_core import AHNForCausalLM
from ahn_core.cache import Cache
from ahn_core.ops import flash
from ahn_core.ops.flash import FlashOps
from ahn_core.ops.plain import TorchOps
from ahn_core.plan import Band
from tests.tiny import tiny_model

KINDS = ("full", "window", "ahn")
close = {"rtol": 1e-4, "atol": 1e-4}


class Watched(FlashOps):
    """Counts the blocks that went through the kernel, which takes sixteen queries at a time here."""

    blocks = 0

    def __init__(self, inner: TorchOps) -> None:
        super().__init__(inner)
        self.query_block = 16


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    Watched.blocks, attend = 0, flash._attend

    def counted(*arguments: object) -> Tensor:
        Watched.blocks += 1
        return attend(*arguments)

    monkeypatch.setattr(flash, "_attend", counted)
    return Watched


@torch.no_grad()
def feed(model: AHNForCausalLM, cache: Cache, ids: Tensor, splits: list[int]) -> Tensor:
    return torch.cat([model(piece[None], past_key_values=cache).logits[0] for piece in ids.split(splits)])


def text(count: int) -> Tensor:
    return torch.randint(0, 250, (count,), generator=torch.Generator().manual_seed(count))


@settings(max_examples=200, deadline=None)
@given(
    sinks=st.integers(0, 12),
    window=st.integers(2, 40),
    first=st.integers(0, 90),
    count=st.integers(1, 39),
    full=st.booleans(),
)
def test_every_band_equals_the_mask(sinks: int, window: int, first: int, count: int, full: bool) -> None:
    end = first + min(count, window - 1)
    if full:
        sinks, low = end, end
    else:
        sinks = min(sinks, end)
        low = min(max(sinks, first - window + 1), end)
    generator = torch.Generator().manual_seed(first)
    q = torch.randn(2, 3, end - first, 8, generator=generator)
    keys, values = torch.randn(2, 2, sinks + end - low, 8, generator=generator)
    parts = ((keys[:, :sinks], values[:, :sinks]), (keys[:, sinks:], values[:, sinks:]))
    band = Band(first, end, sinks, low, window, torch.device("cpu"), torch.float32)
    with torch.no_grad():
        found, expected = (ops.attend(q, *parts, band) for ops in (FlashOps(TorchOps()), TorchOps()))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("splits", [[200], [7, 90, 1, 1, 50, 51], [64] * 3 + [8]])
@pytest.mark.parametrize("sink_positions", ["absolute", "capped"])
def test_reading_equals_torch(watched, kind, splits: list[int], sink_positions) -> None:
    model, plain = tiny_model(sink_positions=sink_positions), tiny_model(sink_positions=sink_positions)
    model.ops = watched(TorchOps())
    caches = [m.make_cache(kind, attention_sinks=5, sliding_window=33) for m in (model, plain)]
    found, expected = (feed(m, c, text(200), splits) for m, c in zip((model, plain), caches, strict=True))
    torch.testing.assert_close(found, expected, **close)
    assert model.backend == "torch+flash"
    # A model of capped sinks keeps the blocks they are defined by, here of 256 queries and so wider than the window.
    wide = sink_positions == "capped" and splits[0] == 200
    assert (watched.blocks > 0) != wide


def test_nothing_evicted_is_bitwise_full_attention(watched) -> None:
    model = tiny_model(sink_positions="absolute")
    model.ops = watched(TorchOps())
    expected = feed(model, model.make_cache("full"), text(60), [33, 20, 7])
    for kind in ("window", "ahn"):
        cache = model.make_cache(kind, attention_sinks=8, sliding_window=52)
        assert torch.equal(feed(model, cache, text(60), [33, 20, 7]), expected)
    assert watched.blocks


def test_gradients_come_from_attention_with_a_mask(watched) -> None:
    model = tiny_model(sink_positions="absolute")
    model.ops = watched(TorchOps())
    weight = model.layers[0].ahn.b_proj.weight.requires_grad_()
    cache = model.make_cache("ahn", attention_sinks=5, sliding_window=33)
    model(text(90)[None], past_key_values=cache).logits.sum().backward()
    assert watched.blocks == 0
    assert weight.grad is not None and weight.grad.abs().max() > 0


def test_a_kernel_that_fails_costs_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> Tensor:
        raise RuntimeError("FlashAttention only supports Ampere GPUs or newer.")

    monkeypatch.setattr(flash, "_flash", broken)
    model, plain = (tiny_model(sink_positions="absolute") for _ in range(2))
    model.ops = Watched(TorchOps())
    caches = [m.make_cache("ahn", attention_sinks=5, sliding_window=33) for m in (model, plain)]
    with caplog.at_level(logging.WARNING):
        found, expected = (feed(m, c, text(90), [90]) for m, c in zip((model, plain), caches, strict=True))
    torch.testing.assert_close(found, expected, **close)
    assert model.backend == "torch"
    assert [record.message for record in caplog.records] == [
        "Flash attention failed (FlashAttention only supports Ampere GPUs or newer.), so torch computes attention."
    ]
