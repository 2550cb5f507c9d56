"""8-bit weights: rounding as small as it can be, both kernels alike, and a model that answers as in float32."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from ahn_core import AHNForCausalLM, quantization
from ahn_core.quantization import Bfloat16Linear, Int8Linear, mix_, quantize_, quantize_rows
from tests.tiny import VOCABULARY, tiny_model

GOLDEN = Path(__file__).parent.parent / "golden" / "gateddeltanet-s128-w64"


def linear(rows: int, columns: int, *, bias: bool = False) -> nn.Linear:
    torch.manual_seed(rows * columns)
    return nn.Linear(columns, rows, bias=bias).requires_grad_(False)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_no_weight_is_off_by_more_than_half_a_step(factor: float) -> None:
    weight = torch.randn(7, 50, generator=torch.Generator().manual_seed(1)) * factor
    rounded, scale = quantize_rows(weight)
    assert rounded.dtype == torch.int8
    steps = scale.float()[:, None]
    assert ((rounded * steps - weight).abs() <= steps * 0.5001).all()
    assert (steps.flatten() <= weight.abs().amax(dim=1) / 127 * 1.02).all()  # and the range is used


def test_a_row_of_zeros_stays_zero() -> None:
    rounded, scale = quantize_rows(torch.zeros(2, 8))
    assert (rounded == 0).all()
    assert torch.isfinite(scale).all()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(5, 7), (24, 40), (96, 64)])
def test_one_token_and_many_go_through_the_same_weights(rows: int, columns: int, bias: bool) -> None:
    """The kernel for few tokens has bfloat16 activations: 8 bits, so an error of about 1 in 256."""
    layer = Int8Linear.of(linear(rows, columns, bias=bias), exact=True)
    x = torch.randn(30, columns, generator=torch.Generator().manual_seed(2))
    many = layer(x)
    torch.testing.assert_close(many, x @ layer.dequantized().T + (layer.bias if bias else 0))
    few = torch.cat([layer(x[t : t + 1]) for t in range(30)])
    size = x.abs() @ layer.dequantized().abs().T  # what the sums are made of
    assert ((few - many).abs() <= size / 128 + 1e-6).all()
    assert few.dtype == many.dtype == torch.float32


@pytest.mark.parametrize("bias", [False, True])
def test_many_tokens_in_bfloat16_are_off_by_its_rounding(bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the activations and of the result, once each: the weights are whole numbers of 8 bits."""
    monkeypatch.setattr(quantization, "multiplies_bfloat16", lambda: True)
    layer = Int8Linear.of(linear(24, 40, bias=bias))
    x = torch.randn(30, 40, generator=torch.Generator().manual_seed(2))
    exact = x @ layer.dequantized().T + (layer.bias if bias else 0)
    size = x.abs() @ layer.dequantized().abs().T
    found = layer(x)
    assert found.dtype == torch.float32
    assert not torch.equal(found, exact)
    assert ((found - exact).abs() <= size / 128).all()


@pytest.mark.parametrize("bias", [False, True])
def test_bfloat16_products_pass_the_gradient_on_and_leave_the_weight_alone(bias: bool) -> None:
    exact = linear(24, 40, bias=bias)
    layer = Bfloat16Linear.of(exact)
    x = torch.randn(9, 40, generator=torch.Generator().manual_seed(2), requires_grad=True)
    y = layer(x)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, exact(x), atol=0.02, rtol=0.02)
    y.sum().backward()
    torch.testing.assert_close(x.grad, exact.weight.sum(0).expand_as(x), atol=0.02, rtol=0.02)


def test_a_mixed_model_stays_close_and_keeps_its_head(tmp_path: Path) -> None:
    model = tiny_model()
    ids = torch.randint(0, VOCABULARY, (1, 60), generator=torch.Generator().manual_seed(3))
    expected, before = model(ids).logits.log_softmax(-1), model.num_parameters
    mix_(model)
    assert (model.precision, model.num_parameters) == ("mixed", before)
    assert isinstance(model.lm_head, nn.Linear)
    logits = model(ids).logits.log_softmax(-1)
    assert 0 < float((expected.exp() * (expected - logits)).sum(-1).mean()) < 1e-3


def test_a_model_in_8_bits_stays_close_and_its_memories_alike() -> None:
    model = tiny_model()
    ids = torch.randint(0, VOCABULARY, (1, 60), generator=torch.Generator().manual_seed(3))
    expected = model(ids).logits.log_softmax(-1)
    quantize_(model)
    assert model.precision == "int8"
    full = model(ids).logits.log_softmax(-1)
    assert float((expected.exp() * (expected - full)).sum(-1).mean()) < 0.01
    for kind in ("window", "ahn"):  # nothing has left a window of 64
        cache = model.make_cache(kind, attention_sinks=4, sliding_window=64)
        torch.testing.assert_close(model(ids, past_key_values=cache).logits.log_softmax(-1), full)


def test_the_number_of_weights_does_not_depend_on_their_format() -> None:
    for tied in (True, False):
        model = tiny_model(tie_word_embeddings=tied)
        before = model.num_parameters
        quantize_(model)
        assert model.num_parameters == before


def test_loaded_in_8_bits_from_a_checkpoint() -> None:
    exact = AHNForCausalLM.from_pretrained(GOLDEN / "base", GOLDEN / "ahn", device="cpu")
    model = AHNForCausalLM.from_pretrained(GOLDEN / "base", GOLDEN / "ahn", device="cpu", dtype="int8")
    assert (exact.precision, model.precision) == ("float32", "int8")
    quantize_(exact)
    ids = torch.arange(50)[None]
    torch.testing.assert_close(model(ids).logits, exact(ids).logits)


def test_a_cache_of_float32_is_refused_by_name(tmp_path: Path) -> None:
    model = tiny_model()
    model.make_cache("window", attention_sinks=2, sliding_window=4).save(tmp_path / "cache")
    other = copy.deepcopy(model)
    del other.__dict__["identity"]
    quantize_(other)
    with pytest.raises(ValueError, match="dtype .*float32, here: int8"):
        other.make_cache("window", attention_sinks=2, sliding_window=4).load(tmp_path / "cache")
