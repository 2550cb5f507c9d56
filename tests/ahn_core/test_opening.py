"""A memory that begins with open gates adds nothing yet, and its gates are what they are said to be."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from ahn_core.config import CELL_NAMES
from ahn_core.conversion import layer_inputs
from ahn_core.opening import open_memory
from tests.tiny import VOCABULARY, tiny_model


def sample(seed: int) -> torch.Tensor:
    return torch.randint(0, VOCABULARY, (400,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("cell", CELL_NAMES)
@torch.no_grad()
def test_gates_are_open_writes_weak_and_lives_long(cell) -> None:
    model = tiny_model(cell, trained=False)
    for (
        layer
    ) in model.layers:  # hidden states of random weights have no mean to speak of, those of a model do
        layer.input_layernorm.register_forward_hook(lambda _m, _i, normed: normed + 3.0)
    open_memory(model, sample(1), beta=0.2, half_life=1000.0)
    for layer, hidden in zip(model.layers, layer_inputs(model, sample(2)), strict=True):
        opened = F.silu(layer.ahn.g_proj(hidden))
        assert float((opened - 1).abs().mean()) < 0.15
        gates = layer.ahn.write_gates(hidden)
        assert float(gates[:, -1].mean()) == pytest.approx(0.2, rel=0.15)
        if layer.ahn.has_decay:
            assert 500 < math.log(2) / -float(gates[:, 0].mean()) < 2000  # the token moves it a little


@pytest.mark.parametrize("cell", CELL_NAMES)
@torch.no_grad()
def test_it_still_adds_nothing(cell) -> None:
    model = tiny_model(cell, trained=False)
    open_memory(model, sample(1))
    ids = sample(3)[None, :60]
    ahn, window = (
        model(ids, past_key_values=model.make_cache(kind, attention_sinks=2, sliding_window=8)).logits
        for kind in ("ahn", "window")
    )
    assert torch.equal(ahn, window)
