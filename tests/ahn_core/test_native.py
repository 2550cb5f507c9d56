"""The compiled decoding step and memory against the plain ones, and what it promises about the three kinds of cache."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ahn_core import AHNForCausalLM
from ahn_core.cells import CELLS
from ahn_core.config import CELL_NAMES
from ahn_core.grouped import group_
from ahn_core.native import build
from ahn_core.native.decoder import NativeDecoder
from ahn_core.native.layers import LayerReader
from ahn_core.ops.cpu import CpuOps
from ahn_core.ops.plain import TorchOps, gathered
from ahn_core.quantization import mix_, quantize_
from tests.ahn_core.native_support import (
    ODD,
    absorbing,
    both,
    close,
    feed,
    small_blocks,  # noqa: F401  (a fixture that is always used)
    small_weights,
    text,
)
from tests.tiny import tiny_model

KINDS = ("full", "window", "ahn")


@pytest.fixture(scope="module")
def library(native_folder: Path) -> Path:
    return build.library(native_folder)


@pytest.fixture(scope="module", params=[1, 3])
def decoder(request: pytest.FixtureRequest, library: Path) -> Iterator[NativeDecoder]:
    made = NativeDecoder(library, request.param)
    yield made
    made.close()


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("sink_positions", ["absolute", "capped"])
@pytest.mark.parametrize("memory_rope", [True, False], ids=["rotated", "unrotated"])
def test_equals_the_plain_step(decoder, cell, sink_positions, memory_rope) -> None:
    model = tiny_model(cell, sink_positions=sink_positions, memory_rope=memory_rope)
    both(model, decoder, "ahn", [5, *[1] * 30, 7, *[1] * 5], attention_sinks=3, sliding_window=10)


def test_scales_the_memory_as_the_plain_step_does(decoder) -> None:
    model = tiny_model(memory_window_power=0.4)
    both(model, decoder, "ahn", [5, *[1] * 30, 7, *[1] * 5], attention_sinks=3, sliding_window=10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sinks", [0, 3])
def test_equals_the_plain_step_from_the_first_token(decoder, kind, sinks) -> None:
    both(tiny_model(), decoder, kind, [1] * 40, attention_sinks=sinks, sliding_window=6)


@pytest.mark.parametrize(
    "overrides",
    [
        {"qk_norm": True},
        {"qkv_bias": True, "attention_output_bias": True, "mlp_bias": True},
        {"tie_word_embeddings": False, "rope_attention_scaling": 1.2},
        {"head_dim": 80, "inverse_frequencies": tuple(0.9**i for i in range(40))},
        {**ODD, "inverse_frequencies": tuple(0.5**i for i in range(9))},
    ],
    ids=["norms", "biases", "untied", "large heads", "odd sizes"],
)
def test_every_switch_of_the_backbone(decoder, overrides) -> None:
    model = tiny_model(**overrides)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith((".bias", "norm.weight")) and ".ahn." not in name:
                parameter.normal_(
                    1.0 if "norm" in name else 0.0, 0.3, generator=torch.Generator().manual_seed(0)
                )
    both(model, decoder, "ahn", [4, *[1] * 30], attention_sinks=3, sliding_window=10)


def test_a_window_of_many_key_blocks(decoder) -> None:
    both(tiny_model(), decoder, "ahn", [250, 1, 1, 90, 1, 1, 1], attention_sinks=5, sliding_window=300)


@pytest.mark.parametrize("convert", [quantize_, group_], ids=["8 bits", "4 bits"])
def test_small_weights_are_multiplied_as_they_are(decoder, convert) -> None:
    small_weights(decoder, convert)


@settings(max_examples=20, deadline=None)
@given(sinks=st.integers(0, 12), window=st.integers(1, 30), cuts=st.sets(st.integers(1, 40), max_size=8))
def test_nothing_evicted_is_bitwise_full_attention(
    library: Path, sinks: int, window: int, cuts: set[int]
) -> None:
    model = compiled_model(library)
    ids = text(sinks + window)
    borders = [0, *sorted(c for c in cuts if c < len(ids)), len(ids)]
    splits = [b - a for a, b in zip(borders, borders[1:], strict=False)]
    expected = feed(model, model.make_cache("full"), ids, splits)
    for kind in ("window", "ahn"):
        cache = model.make_cache(kind, attention_sinks=sinks, sliding_window=window)
        assert torch.equal(feed(model, cache, ids, splits), expected)


def test_an_untrained_memory_is_exactly_the_window(library: Path) -> None:
    model = compiled_model(library, lambda: tiny_model(trained=False))
    window, ahn = (model.make_cache(kind, attention_sinks=2, sliding_window=6) for kind in ("window", "ahn"))
    splits = [1] * 40
    assert torch.equal(feed(model, ahn, text(40), splits), feed(model, window, text(40), splits))


@pytest.mark.parametrize(("rows", "seen"), [(1, 1), (7, 7), (33, 100), (40, 192)])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize(
    "sharpness", [1.0, 8.0]
)  # scores of up to 4 and 30: from key to key the largest one grows
def test_attention_in_bfloat16_is_off_by_its_rounding(
    decoder, rows: int, seen: int, masked: bool, size: int, sharpness: float
) -> None:
    if not decoder.attends(size):
        pytest.skip("this processor does not multiply bfloat16")
    generator = torch.Generator().manual_seed(rows * seen)
    q = torch.randn(rows, 2, 3, size, generator=generator).permute(
        1, 2, 0, 3
    )  # rows outside, as projections are
    q = q * sharpness
    k, v = torch.randn(2, 2, seen, size, generator=generator)
    mask = None
    if masked:  # a band, as of a window
        keys, queries = torch.arange(seen), torch.arange(seen - rows, seen)[:, None]
        hidden = (keys > queries) | (keys < queries - 70)
        mask = torch.zeros(rows, seen).masked_fill_(hidden, -torch.inf)
    shape = (2, 3, seen, size)
    expected = torch.nn.functional.scaled_dot_product_attention(
        q, k[:, None].expand(shape), v[:, None].expand(shape), attn_mask=mask
    )
    sinks = seen // 5
    found = decoder.attend(q, (k[:, :sinks], v[:, :sinks]), (k[:, sinks:], v[:, sinks:]), mask)
    assert found.dtype == torch.float32
    # A score is off by its size times 2^-9, the rounding of queries and keys, and so is its weight.
    torch.testing.assert_close(found, expected, rtol=0.03 * sharpness, atol=0.03 * sharpness)
    assert (
        float((found - expected).square().mean().sqrt())
        < 0.004 * sharpness * float(expected.square().mean().sqrt()) + 1e-4
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "overrides",
    [{}, {"qk_norm": True}, {"qkv_bias": True, "attention_output_bias": True, "mlp_bias": True}],
    ids=["plain", "norms", "biases"],
)
@pytest.mark.parametrize("convert", [quantize_, group_], ids=["8 bits", "4 bits"])
@torch.no_grad()
def test_reading_a_layer_equals_the_plain_form(
    decoder, convert, kind: str, overrides: dict[str, bool]
) -> None:
    model = tiny_model(head_dim=64, inverse_frequencies=tuple(0.8**i for i in range(32)), **overrides)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if name.endswith((".bias", "norm.weight")) and ".ahn." not in name:
            parameter.normal_(1.0 if "norm" in name else 0.0, 0.3, generator=generator)
    convert(model)
    if not LayerReader.fits(model, decoder):
        pytest.skip("this processor does not multiply bfloat16")
    read = LayerReader(decoder, model.precision)
    cache = model.make_cache(kind, attention_sinks=3, sliding_window=10)
    for count in (20, 30):  # the second finds a window, and a state
        call, ops, outputs = cache.begin(count), CpuOps(model, decoder), []
        x = torch.randn(count, model.config.hidden_size, generator=torch.Generator().manual_seed(count))
        for layer, layer_cache in zip(model.layers, cache.layers, strict=True):
            expected, update = layer(x, call, layer_cache, ops)
            found, found_update = read(layer, x, call, layer_cache, ops)
            outputs.append((update.window_output, update.memory_output))
            # Activations that were rounded to bfloat16 from numbers a little different may differ by 2^-8, 0.4%.
            assert float((found - expected).norm() / (expected - x).norm()) < 4e-3
            for a, b in zip(astuple(found_update.projected), astuple(update.projected), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-2, atol=3e-2)
            layer_cache.commit(call, update)
            x = expected
        cache.end(count, gathered(outputs))


def test_few_tokens_and_other_weights_are_read_plainly(decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(head_dim=64, inverse_frequencies=tuple(0.8**i for i in range(32)))
    assert not LayerReader.fits(model, decoder), "float32"
    quantize_(model)
    assert LayerReader.fits(model, decoder) == decoder.attends(64)
    if not decoder.attends(64):
        return
    read: list[int] = []
    plain = LayerReader.__call__
    monkeypatch.setattr(
        LayerReader,
        "__call__",
        lambda self, layer, x, *rest: read.append(len(x)) or plain(self, layer, x, *rest),
    )
    model.ops = CpuOps(model, decoder)
    feed(model, model.make_cache("full"), text(25), [12, 13])
    assert read == [13, 13], "the kernel for few tokens is faster"


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 150])
def test_absorbing_equals_the_cell(decoder, cell, size: int, count: int) -> None:
    absorbing(decoder, cell, size, count)


@torch.no_grad()
def test_absorbing_forgets_everything_without_harm(decoder) -> None:
    """Decays whose product is below any float32 leave zeros, as in torch, and no infinity or NaN."""
    memory = CELLS["GatedDeltaNet"](SimpleNamespace(num_attention_heads=2, head_dim=32, hidden_size=8))
    memory.reset_parameters(torch.Generator().manual_seed(0))
    torch.nn.init.normal_(memory.o_proj.weight)
    q, k, v = torch.randn(3, 2, 70, 32, generator=torch.Generator().manual_seed(1))
    gates = torch.stack((torch.full((70, 2), -50.0), torch.full((70, 2), 0.5)), dim=1)
    arguments = (q, k, v, gates, torch.randn(70, 8), torch.randn(2, 32, 32))
    for found, expected in zip(
        decoder.absorb(memory, *arguments), memory.absorb_and_read(*arguments, TorchOps().recur), strict=True
    ):
        torch.testing.assert_close(found, expected, **close)


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("memory_rope", [True, False], ids=["rotated", "unrotated"])
def test_reading_with_the_compiled_memory_equals_the_plain_one(decoder, cell, memory_rope) -> None:
    overrides = {"head_dim": 32, "inverse_frequencies": tuple(0.7**i for i in range(16))}
    model = tiny_model(cell, sink_positions="capped", memory_rope=memory_rope, **overrides)
    both(model, decoder, "ahn", [90, 70, 1, 1, 5, 100], attention_sinks=3, sliding_window=40)


def test_reading_in_8_bits_stays_close_and_alike_in_every_cache(decoder) -> None:
    model = tiny_model(head_dim=64, inverse_frequencies=tuple(0.8**i for i in range(32)))
    exact = copy.deepcopy(model)
    quantize_(model)
    model.ops = CpuOps(model, decoder)
    ids = text(90)
    for splits in ([90], [40, 1, 1, 48]):
        full = feed(model, model.make_cache("full"), ids, splits)
        for kind in ("window", "ahn"):
            cache = model.make_cache(kind, attention_sinks=6, sliding_window=84)
            assert torch.equal(feed(model, cache, ids, splits), full)
        expected = feed(exact, exact.make_cache("full"), ids, splits).log_softmax(-1)
        divergence = (expected.exp() * (expected - full.log_softmax(-1))).sum(-1).mean()
        assert float(divergence) < 0.02


def test_a_copy_goes_its_own_way(library: Path) -> None:
    model = compiled_model(library)
    cache = model.make_cache("ahn", attention_sinks=2, sliding_window=6)
    feed(model, cache, text(20), [1] * 20)
    twin = cache.clone()
    feed(model, twin, text(9), [1] * 9)
    expected = model.make_cache("ahn", attention_sinks=2, sliding_window=6)
    feed(model, expected, text(20), [1] * 20)
    assert torch.equal(feed(model, cache, text(5), [1] * 5), feed(model, expected, text(5), [1] * 5))


def test_weights_of_other_formats_are_left_to_torch() -> None:
    mixed, half = tiny_model(), tiny_model().bfloat16()
    mix_(mixed)
    for model in (mixed, half):
        assert not CpuOps.fits(model)


def test_a_second_build_finds_the_first(library: Path) -> None:
    before = library.stat().st_mtime_ns
    assert build.library(library.parent) == library
    assert library.stat().st_mtime_ns == before
    assert [path.name for path in library.parent.iterdir()] == [library.name]


def test_no_compiler_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(build.BuildError, match="no C\\+\\+ compiler is installed"):
        build.library(tmp_path)


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if build.compiler() is None:
        pytest.skip("needs a C++ compiler: g++ or clang++")
    broken = tmp_path / "step.cpp"
    broken.write_text("nonsense", encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", broken)
    with pytest.raises(build.BuildError, match="error"):
        build.library(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


_models: dict[tuple[Path, object], AHNForCausalLM] = {}


def compiled_model(library: Path, make: Callable[[], AHNForCausalLM] = tiny_model) -> AHNForCausalLM:
    key = (library, make)
    if key not in _models:
        _models[key] = make()
        _models[key].ops = CpuOps(_models[key], NativeDecoder(library, 2))
    return _models[key]
