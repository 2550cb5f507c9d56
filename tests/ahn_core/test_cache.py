"""Caches: exactness against the definition, splits, identity before eviction, copies, files and figures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ahn_core import AHNForCausalLM, plan
from ahn_core.cache import Cache
from ahn_core.config import CELL_NAMES
from tests.ahn_core import oracle
from tests.tiny import tiny_model

KINDS = ("full", "window", "ahn")
exact = {"rtol": 1e-4, "atol": 2e-4}


@pytest.fixture(scope="module")
def tiny(device: torch.device) -> AHNForCausalLM:
    return tiny_model(device=device)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts then cross several query blocks, and capped sinks move."""
    monkeypatch.setattr(plan, "QUERY_BLOCK", 8)


def text(length: int, seed: int = 0) -> list[int]:
    return torch.randint(0, 250, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


@torch.no_grad()
def feed(model: AHNForCausalLM, cache: Cache, ids: list[int], splits: list[int] | None = None) -> Tensor:
    """Logits [T, V], on the CPU."""
    pieces = torch.tensor(ids, device=model.device).split(splits or [len(ids)])
    return torch.cat([model(piece[None], past_key_values=cache).logits[0] for piece in pieces]).cpu()


def cut(length: int, cuts: set[int]) -> list[int]:
    borders = [0, *sorted(c for c in cuts if 0 < c < length), length]
    return [b - a for a, b in zip(borders, borders[1:], strict=False)]


# -------------------------------------------------------------------- against the definition


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("sink_positions", ["absolute", "capped"])
@pytest.mark.parametrize("memory_rope", [True, False], ids=["rotated", "unrotated"])
def test_equals_the_definition(device: torch.device, cell, sink_positions, memory_rope) -> None:
    model = tiny_model(cell, sink_positions=sink_positions, memory_rope=memory_rope, device=device)
    ids = text(60)
    expected = oracle.logits(model, ids, sinks=3, window=10).float()
    for splits in ([60], [1] * 60, [5, 1, 20, 1, 1, 32]):
        found = feed(model, model.make_cache("ahn", attention_sinks=3, sliding_window=10), ids, splits)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_the_memory_shrinks_with_the_window_as_defined(device: torch.device) -> None:
    model, plain = tiny_model(memory_window_power=0.4, device=device), tiny_model(device=device)
    ids = text(60)
    expected = oracle.logits(model, ids, sinks=3, window=10).float()
    assert (expected - oracle.logits(plain, ids, sinks=3, window=10).float()).abs().max() > 0.1
    for splits in ([60], [1] * 60):
        found = feed(model, model.make_cache("ahn", attention_sinks=3, sliding_window=10), ids, splits)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    assert model.ahn_config.memory_scale(512) == 1.0
    assert model.ahn_config.memory_scale(2048) == pytest.approx(0.25**0.4)


def test_window_equals_the_definition_without_memory(tiny: AHNForCausalLM) -> None:
    ids = text(50)
    expected = oracle.logits(tiny, ids, sinks=2, window=7, memory=False).float()
    found = feed(tiny, tiny.make_cache("window", attention_sinks=2, sliding_window=7), ids)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_full_equals_the_definition_with_an_endless_window(tiny: AHNForCausalLM) -> None:
    ids = text(50)
    expected = oracle.logits(tiny, ids, sinks=0, window=1000).float()
    torch.testing.assert_close(feed(tiny, tiny.make_cache("full"), ids), expected, rtol=1e-3, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    sinks=st.integers(0, 12),
    window=st.integers(1, 20),
    length=st.integers(1, 90),
    cuts=st.sets(st.integers(1, 89), max_size=12),
    kind=st.sampled_from(KINDS),
)
def test_any_split_equals_one_pass(
    tiny: AHNForCausalLM, sinks: int, window: int, length: int, cuts: set[int], kind
) -> None:
    ids = text(length, seed=length)
    one, many = (tiny.make_cache(kind, attention_sinks=sinks, sliding_window=window) for _ in range(2))
    torch.testing.assert_close(feed(tiny, many, ids, cut(length, cuts)), feed(tiny, one, ids), **exact)
    if kind == "ahn":
        for a, b in zip(one.layers, many.layers, strict=True):
            torch.testing.assert_close(a.state, b.state, **exact)


@settings(max_examples=30, deadline=None)
@given(sinks=st.integers(0, 12), window=st.integers(1, 30), cuts=st.sets(st.integers(1, 40), max_size=8))
def test_nothing_evicted_is_bitwise_full_attention(
    tiny: AHNForCausalLM, sinks: int, window: int, cuts: set[int]
) -> None:
    """While reading and while decoding, up to the last token before the first eviction."""
    ids = text(sinks + window)
    splits = cut(len(ids), cuts)
    expected = feed(tiny, tiny.make_cache("full"), ids, splits)
    for kind in ("window", "ahn"):
        cache = tiny.make_cache(kind, attention_sinks=sinks, sliding_window=window)
        assert torch.equal(feed(tiny, cache, ids, splits), expected)


def test_an_untrained_memory_is_exactly_the_window(device: torch.device) -> None:
    model = tiny_model(trained=False, device=device)
    window, ahn = (model.make_cache(kind, attention_sinks=2, sliding_window=6) for kind in ("window", "ahn"))
    assert torch.equal(feed(model, ahn, text(40), [20, 1, 19]), feed(model, window, text(40), [20, 1, 19]))
    assert not model.memory_trained
    assert ahn.layers[0].state.norm() > 0  # it does absorb; its output map is zero


def test_a_trained_memory_matters(tiny: AHNForCausalLM) -> None:
    window, ahn = (tiny.make_cache(kind, attention_sinks=2, sliding_window=6) for kind in ("window", "ahn"))
    difference = (feed(tiny, ahn, text(40)) - feed(tiny, window, text(40))).abs().amax(-1)
    assert difference[:8].max() == 0
    assert difference[8:].min() > 1e-3


def test_two_interleaved_caches_equal_each_alone(tiny: AHNForCausalLM) -> None:
    one, two = text(40, 1), text(40, 2)
    make = lambda: tiny.make_cache("ahn", attention_sinks=3, sliding_window=5)  # noqa: E731
    a, b = make(), make()
    found_a, found_b = [], []
    for start in range(0, 40, 8):
        found_a.append(feed(tiny, a, one[start : start + 8]))
        found_b.append(feed(tiny, b, two[start : start + 8], [1] * 8))
    torch.testing.assert_close(torch.cat(found_a), feed(tiny, make(), one), **exact)
    torch.testing.assert_close(torch.cat(found_b), feed(tiny, make(), two), **exact)


# -------------------------------------------------------------------- where each token is


@settings(max_examples=60, deadline=None)
@given(
    sinks=st.integers(0, 6),
    window=st.integers(1, 9),
    length=st.integers(1, 50),
    cuts=st.sets(st.integers(1, 49), max_size=10),
)
def test_every_token_lives_in_exactly_one_store(
    tiny: AHNForCausalLM, sinks: int, window: int, length: int, cuts: set[int]
) -> None:
    """Values are positions, so a wrong slot shows as a wrong number; uninitialised rows are poisoned."""
    cache = tiny.make_cache("ahn", attention_sinks=sinks, sliding_window=window)
    layer, absorbed = cache.layers[0], []
    layer.values.fill_(torch.nan)
    position = 0
    for count in cut(length, cuts):
        call = cache.layout.plan(position, count, tiny.rotary, tiny.device, tiny.dtype)
        numbers = torch.arange(position, position + count, dtype=torch.float32, device=tiny.device)
        values = numbers[None, :, None].expand(2, count, 16)
        queries = torch.zeros(2, 2, count, 16, device=tiny.device)
        span = layer._span(call, layer.values, values)[0, :, 0]
        if call.eviction:
            absorbed += span[call.eviction.tokens].tolist()
        from ahn_core.layer_cache import Projected, Update

        gates = numbers[:, None, None].expand(count, 2, 4)
        update = Update(
            Projected(queries, queries, values, values, values), gates, layer.state, values[0, 0], None
        )
        layer.commit(call, update)
        position += count
        held = layer.values[0, :, 0]
        in_sinks, in_window = cache.layout.sinks_among(position), cache.layout.in_window(position)
        assert held[:in_sinks].tolist() == list(range(in_sinks))
        ring = sorted(held[in_sinks : in_sinks + in_window].tolist())
        assert ring == list(range(position - in_window, position))
        assert sorted(layer.gates[:in_window, 0, 0].tolist()) == ring
        assert absorbed == list(range(sinks, max(sinks, position - window)))
        assert in_sinks + in_window + len(absorbed) == position


def test_uninitialised_rows_are_never_read(tiny: AHNForCausalLM) -> None:
    cache = tiny.make_cache("ahn", attention_sinks=3, sliding_window=10)
    for layer in cache.layers:
        for tensor in (layer.keys, layer.values, layer.raw_sinks, layer.gates):
            tensor.fill_(torch.nan)
    assert feed(tiny, cache, text(40), [1, 1, 5, 1, 20, 12]).isfinite().all()


# -------------------------------------------------------------------- copies and files


@pytest.mark.parametrize("kind", KINDS)
def test_a_clone_is_independent(tiny: AHNForCausalLM, kind) -> None:
    cache = tiny.make_cache(kind, attention_sinks=3, sliding_window=8)
    feed(tiny, cache, text(30))
    twin = cache.clone()
    expected = feed(tiny, twin.clone(), text(20, 5))
    feed(tiny, cache, text(20, 6), [1] * 20)  # must not show in the twin
    torch.testing.assert_close(feed(tiny, twin, text(20, 5)), expected, rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [2, 9, 40])
def test_save_and_load_continue_alike(tiny: AHNForCausalLM, kind, length: int, tmp_path: Path) -> None:
    cache = tiny.make_cache(kind, attention_sinks=3, sliding_window=8)
    feed(tiny, cache, text(length))
    cache.save(tmp_path / "c.safetensors")
    loaded = tiny.make_cache(kind, attention_sinks=3, sliding_window=8)
    loaded.load(tmp_path / "c.safetensors")
    assert loaded.get_seq_length() == length
    assert list(tmp_path.iterdir()) == [tmp_path / "c.safetensors"]
    assert torch.equal(
        feed(tiny, loaded, text(20, 9), [1] * 3 + [17]), feed(tiny, cache, text(20, 9), [1] * 3 + [17])
    )


def test_load_says_what_differs(device: torch.device, tiny: AHNForCausalLM, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    cache = tiny.make_cache("ahn", attention_sinks=3, sliding_window=8)
    feed(tiny, cache, text(30))
    cache.save(path)
    other_memory = tiny_model(device=device)
    with torch.no_grad():
        other_memory.layers[1].ahn.o_proj.weight[0, 0, 0] += 1
    cases = {
        "model": tiny_model(seed=1, device=device).make_cache("ahn", attention_sinks=3, sliding_window=8),
        "AHN": other_memory.make_cache("ahn", attention_sinks=3, sliding_window=8),
        "attention sinks": tiny.make_cache("ahn", attention_sinks=4, sliding_window=8),
        "sliding window": tiny.make_cache("ahn", attention_sinks=3, sliding_window=9),
        "memory": tiny.make_cache("window", attention_sinks=3, sliding_window=8),
        "dtype": tiny_model(device=device).double().make_cache("ahn", attention_sinks=3, sliding_window=8),
    }
    for what, target in cases.items():
        with pytest.raises(ValueError, match=f"made with another {what}") as error:
            target.load(path)
        assert target.get_seq_length() == 0
        others = set(cases) - {what, "AHN"} if what == "model" else set(cases) - {what}
        assert not [other for other in others if f"another {other} (" in str(error.value)]


def test_a_damaged_file_is_refused_and_nothing_is_lost(tiny: AHNForCausalLM, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    cache = tiny.make_cache("ahn", attention_sinks=3, sliding_window=8)
    feed(tiny, cache, text(30))
    cache.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    before = feed(tiny, cache.clone(), text(5))
    with pytest.raises(ValueError, match="damaged"):
        cache.load(path)
    assert torch.equal(feed(tiny, cache, text(5)), before)


# -------------------------------------------------------------------- figures


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1, 2, 11, 12, 60])
def test_stats_account_for_every_token_and_byte(tiny: AHNForCausalLM, kind, length: int) -> None:
    cache = tiny.make_cache(kind, attention_sinks=3, sliding_window=8)
    feed(tiny, cache, text(length))
    stats = cache.stats()
    assert stats.sink_tokens + stats.window_tokens + stats.compressed_tokens == stats.seq_length == length
    assert stats.compressed_tokens == (0 if kind == "full" else max(0, length - 11))
    assert stats.sink_bytes + stats.window_bytes + stats.memory_bytes == stats.nbytes == cache.nbytes
    per_token = 2 * 2 * 2 * 16 * 4  # keys and values, layers, key-value heads, head size, float32
    assert stats.full_attention_bytes == length * per_token
    if kind == "full":
        assert tiny.cache_nbytes("full", 3, 8, length) == length * per_token <= stats.nbytes
    else:
        assert stats.nbytes == tiny.cache_nbytes(kind, 3, 8, length)


def test_window_and_memory_bytes_do_not_grow(tiny: AHNForCausalLM) -> None:
    cache = tiny.make_cache("ahn", attention_sinks=3, sliding_window=8)
    before = cache.nbytes
    feed(tiny, cache, text(200))
    assert cache.nbytes == before


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_layer_stats(device: torch.device, cell) -> None:
    model = tiny_model(cell, device=device)
    cache = model.make_cache("ahn", attention_sinks=3, sliding_window=8)
    feed(model, cache, text(11))
    assert [layer.state_norm for layer in cache.stats().layers] == [0.0, 0.0]
    assert cache.memory_share() == 0.0
    feed(model, cache, text(30))
    for layer, raw in zip(cache.stats().layers, cache.layers, strict=True):
        assert layer.state_norm == pytest.approx(float(raw.state.square().sum().sqrt()), rel=1e-5)
        assert 0 < layer.memory_share < 1
        if cell == "DeltaNet":
            assert layer.half_life is None
        else:
            decays = raw.gates[:, 0].mean(0)
            assert layer.half_life == pytest.approx(float((0.6931472 / -decays).median()), rel=1e-4)
    assert cache.memory_share() == pytest.approx(sum(x.memory_share for x in cache.stats().layers) / 2)
    assert cache.stats(per_layer=False).layers == ()
    assert dataclasses.replace(cache.stats(), layers=()) == cache.stats(per_layer=False)


def test_memory_share_is_what_was_added(tiny: AHNForCausalLM) -> None:
    """Checked on the last token: share = |memory| / (|memory| + |window|), from a second run without the
    memory.
    """
    cache = tiny.make_cache("ahn", attention_sinks=3, sliding_window=8)
    feed(tiny, cache, text(30), [29, 1])
    window_only = tiny.make_cache("window", attention_sinks=3, sliding_window=8)
    feed(tiny, window_only, text(30), [29, 1])
    (window, memory), (alone, nothing) = cache.outputs, window_only.outputs
    assert nothing is None
    torch.testing.assert_close(window[0], alone[0], **exact)  # first layer: same input
    share = memory[0].norm() / (memory[0].norm() + window[0].norm())
    assert cache.stats().layers[0].memory_share == pytest.approx(float(share))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"attention_sinks": -1, "sliding_window": 8}, "attention_sinks is -1"),
        ({"attention_sinks": 3, "sliding_window": 0}, "sliding_window is 0"),
        ({"attention_sinks": 3, "sliding_window": 2.5}, "sliding_window is 2.5"),
    ],
)
def test_impossible_sizes_are_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tiny_model().make_cache("ahn", **arguments)


def test_unknown_kind_and_wrong_input_are_refused() -> None:
    model = tiny_model()
    with pytest.raises(ValueError, match="memory 'best' is unknown"):
        model.make_cache("best")  # type: ignore[arg-type]
    cache = model.make_cache("ahn", attention_sinks=3, sliding_window=8)
    with pytest.raises(ValueError, match="one conversation"):
        model(torch.zeros(2, 3, dtype=torch.long), past_key_values=cache)
    with pytest.raises(ValueError, match="empty"):
        model(torch.zeros(1, 0, dtype=torch.long), past_key_values=cache)


def test_gradients_reach_the_memory_and_equal_the_loop(device: torch.device) -> None:
    """One code path for training: the gradient of a loss over the whole text, chunked form against plain
    loop.
    """
    from ahn_core import recurrence
    from ahn_core.ops.plain import TorchOps

    class Loops(TorchOps):
        def recur(self, rule, *arguments):
            return recurrence.delta_rule_loop(*arguments)

    model = tiny_model(device=device)
    wanted = [p for layer in model.layers for p in layer.ahn.parameters()]
    for parameter in wanted:
        parameter.requires_grad_()
    ids = torch.tensor([text(90)], device=device)

    def gradients() -> list[Tensor]:
        cache = model.make_cache("ahn", attention_sinks=3, sliding_window=8)
        loss = model(ids, past_key_values=cache).logits.logsumexp(-1).mean()
        return list(torch.autograd.grad(loss, wanted))

    chunked = gradients()
    assert all(g.abs().max() > 0 for g in chunked)
    model.ops = Loops()
    for found, expected in zip(chunked, gradients(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
