"""Weights in groups of 4 to 8 bits: GGUF's blocks as they are, kernels on every branch like the plain form, models."""

from __future__ import annotations

import copy
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ahn_core import AHNForCausalLM, LoadError, grouped
from ahn_core.grouped import (
    FEW_TOKENS,
    Blocks,
    GroupedEmbedding,
    GroupedLinear,
    GroupedWeight,
    GroupFormat,
    group_,
    round_to_groups,
)
from ahn_core.native.decoder import NativeDecoder
from ahn_core.ops.cpu import CpuOps
from ahn_core.ops.plain import TorchOps
from ahn_core.weights.gguf_blocks import FORMATS, take_apart
from ahn_core.weights.gguf_model import GGUFModel
from tests.ahn_core.branches import BRANCHES, branch_library
from tests.ahn_core.formats import EVERY_FORMAT
from tests.ahn_core.tiny_gguf import write_gguf
from tests.tiny import VOCABULARY, tiny_model

GOLDEN = Path(__file__).parent.parent / "golden" / "gateddeltanet-s128-w64"
each_format = pytest.mark.parametrize("kept", EVERY_FORMAT, ids=lambda f: f"{f.bits}{'a' * f.affine}")


@pytest.fixture(scope="module", params=BRANCHES)
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NativeDecoder:
    return NativeDecoder(branch_library(request.param, tmp_path_factory), 2)


@pytest.fixture
def no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tokens are multiplied in float32, as few are."""
    monkeypatch.setattr(grouped, "multiplies_bfloat16", lambda: False)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape) + seed))


def packed(rows: int, columns: int, kept: GroupFormat) -> GroupedWeight:
    """A weight with every whole number a format has, and scales of either sign."""
    generator = torch.Generator().manual_seed(rows * columns)
    groups = -(-columns // kept.group)
    q = torch.randint(0, 2**kept.bits, (rows, columns), generator=generator, dtype=torch.uint8)
    scale, smallest = torch.randn(2, rows, groups, generator=generator).half()
    weight = GroupedWeight(rows, columns, kept)
    weight.put(0, Blocks(q, scale, smallest if kept.affine else None))
    return weight


# ---- the plain form


@each_format
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (16, 32), (33, 70), (96, 64)])
def test_what_is_packed_is_what_was_meant(kept: GroupFormat, rows: int, columns: int) -> None:
    generator = torch.Generator().manual_seed(1)
    q = torch.randint(0, 2**kept.bits, (rows, columns), generator=generator, dtype=torch.uint8)
    scale, smallest = torch.randn(2, rows, -(-columns // kept.group), generator=generator).half()
    weight = GroupedWeight(rows, columns, kept)
    weight.put(0, Blocks(q, scale, smallest if kept.affine else None))
    spread = scale.float().repeat_interleave(kept.group, 1)[:, :columns]
    least = smallest.float().repeat_interleave(kept.group, 1)[:, :columns]
    expected = q.float() * spread + least if kept.affine else (q.float() - 2 ** (kept.bits - 1)) * spread
    torch.testing.assert_close(weight.dequantized(), expected, rtol=1e-6, atol=1e-6)
    ids = torch.tensor([rows - 1, 0, rows // 2])
    torch.testing.assert_close(weight.selected(ids), expected[ids], rtol=1e-6, atol=1e-6)
    assert weight.packed.nbytes == kept.nbytes(rows, columns)


@each_format
@pytest.mark.parametrize("columns", [64, 70])
def test_rounding_is_off_by_about_half_a_step(kept: GroupFormat, columns: int) -> None:
    weight = normal(20, columns)
    found = GroupedWeight.of(weight, kept).dequantized()
    share = float((found - weight).norm() / weight.norm())
    assert (
        0.2 < share * 2**kept.bits < 1.5
    )  # an even error of half a step is 0.6 at a range of two deviations


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_what_was_unpacked_becomes_the_same_blocks_again(kind: str) -> None:
    known = gguf.GGMLQuantizationType[kind]
    blocks = gguf.quants.quantize(normal(20, 96).numpy(), known)
    weight = torch.from_numpy(gguf.quants.dequantize(blocks, known))
    found = round_to_groups(weight, FORMATS[known])
    expected = take_apart(known, torch.from_numpy(blocks).view(20, 3, -1))
    for one, other in zip(found, expected, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


@each_format
def test_zeros_and_single_values_stay(kept: GroupFormat) -> None:
    for value in (0.0, 0.75, -0.75):
        weight = GroupedWeight.of(torch.full((3, 40), value), kept).dequantized()
        torch.testing.assert_close(weight, torch.full((3, 40), value), rtol=2**-6, atol=0)


def test_fitted_scales_are_nearer_than_the_whole_range() -> None:
    kept, weight = GroupFormat(4, affine=True), normal(50, 320)
    whole = GroupedWeight(50, 320, kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouped, "_FITS", 0)
        whole.put(0, round_to_groups(weight, kept))
    chosen = GroupedWeight.of(weight, kept)
    assert (chosen.dequantized() - weight).norm() < 0.95 * (whole.dequantized() - weight).norm()


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no format of 6 bits with a smallest value"):
        GroupFormat(6, affine=True)


# ---- GGUF's blocks


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: gguf.GGMLQuantizationType(kind).name)
def test_blocks_hold_what_the_gguf_package_reads(kind: int) -> None:
    known = gguf.GGMLQuantizationType(kind)
    values, size = gguf.GGML_QUANT_SIZES[known]
    raw = np.random.default_rng(kind).integers(0, 256, (20, 2, size), dtype=np.uint8)
    places = {"Q6_K": [208]}.get(
        known.name, [0, 2] if "K" in known.name or known.name.endswith("_1") else [0]
    )
    for at in places:  # any two bytes may be an infinity
        halves = np.random.default_rng(at).normal(size=(20, 2, 1)).astype(np.float16) * np.float16(0.01)
        raw[..., at : at + 2] = halves.view(np.uint8)
    expected = torch.from_numpy(gguf.quants.dequantize(raw.reshape(20, -1), known))
    weight = GroupedWeight(20, 2 * values, FORMATS[kind])
    weight.put(0, take_apart(kind, torch.from_numpy(raw)))
    # Products of two scales are rounded to float16; the others are the same numbers.
    exact = "K" not in known.name
    torch.testing.assert_close(
        weight.dequantized(), expected, rtol=1e-6 if exact else 1e-3, atol=1e-7 if exact else 2e-3
    )


# ---- the kernels


@each_format
@pytest.mark.parametrize(("rows", "columns"), [(5, 7), (48, 96), (37, 200)])
@torch.no_grad()
def test_kernels_equal_the_plain_form(
    kernels: NativeDecoder, kept: GroupFormat, rows: int, columns: int
) -> None:
    weight = packed(rows, columns, kept)
    meant = weight.dequantized()
    torch.testing.assert_close(kernels.unpack(weight, 0, rows, torch.float32), meant, rtol=1e-5, atol=1e-5)
    some = kernels.unpack(weight, 3, rows - 1, torch.bfloat16)
    # The product and the sum of a weight may be rounded once or twice before that to bfloat16.
    torch.testing.assert_close(some.float(), meant[3:-1], rtol=2**-8, atol=1e-4)
    ids = torch.tensor([rows - 1, 0, 2, 2])
    torch.testing.assert_close(kernels.rows(weight, ids), meant[ids], rtol=1e-5, atol=1e-5)
    for count in (1, 5):
        x = normal(count, columns)
        size = x.abs().amax() * meant.abs().sum(1)
        found = kernels.multiply(weight, x)
        assert ((found - x @ meant.T).abs() <= size * 2**-15).all(), "activations have 16 bits"


@pytest.mark.parametrize("count", [1, 5, 63, 64, 65, 200])
@pytest.mark.parametrize("exact", [True, False])
@torch.no_grad()
def test_any_number_of_tokens(kernels: NativeDecoder, count: int, exact: bool) -> None:
    """A layer of two parts in different formats, with a bias, some of it unpacked at a time."""
    parts = [packed(32, 64, GroupFormat(5)), packed(24, 64, GroupFormat(8))]
    layer = GroupedLinear(parts, nn.Parameter(normal(56)), exact=exact)
    x = normal(count, 64)
    meant = layer.dequantized()
    expected = x @ meant.T + layer.bias
    size = x.abs() @ meant.abs().T + layer.bias.abs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(grouped._UNPACKED_BYTES, "cpu", 64 * 16 * 4)
        for part in parts:
            part.kernels = kernels
        found = layer(x)
    assert found.shape == (count, 56)
    assert ((found - expected).abs() <= size * (2**-14 if exact or count <= FEW_TOKENS else 2**-6)).all()


def test_a_row_that_is_not_there_is_refused(kernels: NativeDecoder) -> None:
    with pytest.raises(IndexError, match=r"outside of 0 … 4"):
        kernels.rows(packed(5, 32, GroupFormat(4)), torch.tensor([5]))


def test_gradients_reach_x(kernels: NativeDecoder) -> None:
    weight = packed(20, 40, GroupFormat(4))
    weight.kernels = kernels
    for count in (3, 30):
        x = normal(count, 40).requires_grad_()
        weight.product(x, exact=True).sum().backward()
        torch.testing.assert_close(
            x.grad, weight.dequantized().sum(0).expand(count, -1), rtol=1e-4, atol=1e-3
        )


# ---- models


IDS = torch.randint(0, VOCABULARY, (1, 60), generator=torch.Generator().manual_seed(3))


def divergence(expected: Tensor, found: Tensor) -> float:
    expected, found = expected.log_softmax(-1), found.log_softmax(-1)
    return float((expected.exp() * (expected - found)).sum(-1).mean())


@pytest.mark.parametrize("tied", [True, False])
@torch.no_grad()
def test_a_model_stays_close_and_its_memories_alike(device: torch.device, tied: bool) -> None:
    model = tiny_model(tie_word_embeddings=tied, device=device)
    ids = IDS.to(device)
    expected, before = model(ids).logits, model.num_parameters
    memory = {name: p.clone() for name, p in model.named_parameters() if ".ahn." in name}
    group_(model)
    assert (model.precision, model.num_parameters, model.dtype) == ("int4", before, torch.float32)
    assert isinstance(model.embed_tokens, GroupedEmbedding)
    full = model(ids).logits
    # Random weights have no redundancy: those of a real model change cross-entropy by a hundredth of that.
    assert 0 < divergence(expected, full) < 0.5
    for kind in ("window", "ahn"):  # nothing has left a window of 64
        cache = model.make_cache(kind, attention_sinks=4, sliding_window=64)
        torch.testing.assert_close(model(ids, past_key_values=cache).logits, full)
    assert all(torch.equal(p, memory[name]) for name, p in model.named_parameters() if ".ahn." in name)


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"qkv_bias": True, "attention_output_bias": True, "mlp_bias": True},
        {"hidden_size": 50, "intermediate_size": 70, "head_dim": 18, "num_attention_heads": 3,
         "num_key_value_heads": 1, "inverse_frequencies": tuple(0.5**i for i in range(9))},
        {"head_dim": 64, "inverse_frequencies": tuple(0.8**i for i in range(32))},
    ],
    ids=["plain", "biases", "odd sizes", "whole vectors"],
)  # fmt: skip
@pytest.mark.usefixtures("no_bfloat16")
@torch.no_grad()
def test_reading_and_decoding_equal_the_plain_form(
    kernels: NativeDecoder, overrides: dict[str, object]
) -> None:
    model = tiny_model(**overrides)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias") and ".ahn." not in name:
            parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(0))
    group_(model)
    compiled = copy.deepcopy(model)
    compiled.ops = CpuOps(compiled, kernels)
    caches = [m.make_cache("ahn", attention_sinks=3, sliding_window=10) for m in (model, compiled)]
    for piece in IDS[0].split([5, 20, 1, 1, 1, 13, *[1] * 19]):
        expected, found = (
            m(piece[None], past_key_values=c).logits[0]
            for m, c in zip((model, compiled), caches, strict=True)
        )
        torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)
    compiled.use_backend("torch")
    assert isinstance(compiled.ops, TorchOps) and compiled.ops.name == "torch"
    torch.testing.assert_close(compiled(IDS).logits, model(IDS).logits, rtol=0, atol=0)


@torch.no_grad()
def test_every_cache_computes_the_same_bit_for_bit(kernels: NativeDecoder) -> None:
    model = tiny_model(head_dim=64, inverse_frequencies=tuple(0.8**i for i in range(32)))
    group_(model)
    model.ops = CpuOps(model, kernels)
    found = []
    for kind in ("full", "window", "ahn"):
        cache = model.make_cache(kind, attention_sinks=6, sliding_window=54)
        pieces = IDS[0].split([30, 1, 1, 6, 22])
        found.append(torch.cat([model(piece[None], past_key_values=cache).logits[0] for piece in pieces]))
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])


# ---- loading


def test_loaded_from_a_checkpoint() -> None:
    exact = AHNForCausalLM.from_pretrained(GOLDEN / "base", GOLDEN / "ahn", device="cpu", backend="torch")
    model = AHNForCausalLM.from_pretrained(
        GOLDEN / "base", GOLDEN / "ahn", device="cpu", dtype="int4", backend="torch"
    )
    group_(exact)
    for (name, found), (other, expected) in zip(
        model.state_dict().items(), exact.state_dict().items(), strict=True
    ):
        assert name == other and torch.equal(found, expected)


@pytest.mark.usefixtures("no_bfloat16")
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_a_gguf_keeps_its_own_blocks(tmp_path: Path, architecture: str, device: torch.device) -> None:
    write_gguf(tmp_path / "tiny.gguf", architecture, layers=2)
    exact, model = (
        AHNForCausalLM.from_pretrained(tmp_path / "tiny.gguf", device=device, dtype=dtype, backend="torch")
        for dtype in ("float32", "int4")
    )
    weights = dict(exact.state_dict())
    for name, module in model.named_modules():
        if isinstance(module, GroupedLinear):
            torch.testing.assert_close(
                module.dequantized(), weights.pop(f"{name}.weight"), rtol=1e-6, atol=1e-6
            )
            # Query, key and value, and gate and up, are whole tiles of one format.
            assert [part.format for part in module.weights] == [GroupFormat(4, affine=True)]
    torch.testing.assert_close(
        model.embed_tokens.weight, weights.pop("embed_tokens.weight"), rtol=1e-6, atol=1e-6
    )
    assert not [name for name in weights if name not in model.state_dict()], "every tensor has been compared"
    ids = IDS.to(device) % 32
    close = (
        {"rtol": 1e-4, "atol": 1e-3} if device.type == "cpu" else {"rtol": 0.1, "atol": 0.3}
    )  # in bfloat16
    torch.testing.assert_close(model(ids).logits.float(), exact(ids).logits, **close)


def test_a_gguf_whose_loading_is_told_keeps_its_blocks_too(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", layers=2)
    told: list[tuple[int, int]] = []
    loaded = (
        AHNForCausalLM.from_pretrained(
            tmp_path / "tiny.gguf", device="cpu", dtype="int4", backend="torch", progress=progress
        )
        for progress in (None, lambda *counts: told.append(counts))
    )
    expected, found = (model.state_dict() for model in loaded)
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    weights = sum(np.prod(shape) for shape in GGUFModel([tmp_path / "tiny.gguf"]).shapes.values())
    assert told[-1] == (weights, weights) and len(told) > 10


def test_a_gguf_without_a_tensor_is_refused(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", change=lambda shapes: shapes.pop("blk.0.ffn_up.weight"))
    with pytest.raises(LoadError, match=r"layers\.0\.mlp\.up_proj"):
        AHNForCausalLM.from_pretrained(tmp_path / "tiny.gguf", device="cpu", dtype="int4")


def test_a_gguf_that_was_cut_while_it_was_read_is_said(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    model = GGUFModel([tmp_path / "tiny.gguf"])
    with (tmp_path / "tiny.gguf").open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(LoadError, match="ended while it was read"):
        model.blocks("layers.0.mlp.up_proj.weight", 0, 16)
