"""Costs by arithmetic: the paper's columns, the published counts, and the bytes of real caches."""

from __future__ import annotations

import pytest
import torch

from ahn_core import AHNConfig, AHNForCausalLM, planner
from ahn_core.bases import BASES, MEMORIES, Base
from ahn_core.config import CELL_NAMES, CellName
from ahn_core.weights.names import stored_shapes
from tests.tiny import tiny_model

# Millions of parameters, as published with the checkpoints.
PUBLISHED = {
    ("3B", "Mamba2"): 11.9,
    ("3B", "DeltaNet"): 11.8,
    ("3B", "GatedDeltaNet"): 13.0,
    ("7B", "Mamba2"): 18.6,
    ("7B", "DeltaNet"): 18.5,
    ("7B", "GatedDeltaNet"): 21.3,
    ("14B", "Mamba2"): 51.4,
    ("14B", "DeltaNet"): 51.1,
    ("14B", "GatedDeltaNet"): 61.0,
}
# Names and shapes in an AHN-only checkpoint; H heads, C hidden, D head size. The unused `D` is left out.
TENSORS: dict[str, dict[str, tuple[str, ...]]] = {
    "GatedDeltaNet": {
        "A_log": ("H",),
        "dt_bias": ("H",),
        "a_proj.weight": ("H", "C"),
        "b_proj.weight": ("H", "C"),
        "g_proj.weight": ("H", "C"),
        "o_norm.weight": ("D",),
        "o_proj.weight": ("H", "D", "D"),
    },
    "DeltaNet": {
        "b_proj.weight": ("H", "C"),
        "g_proj.weight": ("H", "C"),
        "o_norm.weight": ("D",),
        "o_proj.weight": ("H", "D", "D"),
    },
    "Mamba2": {
        "A_log": ("H",),
        "dt_bias": ("H",),
        "dt_proj.weight": ("H", "C"),
        "dt_proj.bias": ("H",),
        "g_proj.weight": ("H", "C"),
        "g_proj.bias": ("H",),
        "norm.weight": ("HD",),
        "o_proj.weight": ("H", "D", "D"),
    },
}
# Percent of full attention at 128,000 tokens, S + W = 32,768, as the paper has it: mixing, model, cache.
PAPER = {
    "3B": ((46.6, 59.3, 25.6), (46.7, 59.4, 26.0)),
    "7B": ((48.0, 65.2, 25.6), (48.1, 65.4, 26.0)),
    "14B": ((49.5, 62.3, 25.6), (49.7, 62.5, 25.9)),
}


@pytest.fixture(scope="module", params=MEMORIES, ids=lambda pair: f"{pair[0].size}-{pair[1]}")
def published(request: pytest.FixtureRequest) -> tuple[Base, CellName, AHNForCausalLM]:
    base, cell = request.param
    with torch.device("meta"):
        return base, cell, AHNForCausalLM(base.config, AHNConfig(cell=cell))


def test_the_nine_memories_have_the_published_size(published: tuple[Base, CellName, AHNForCausalLM]) -> None:
    base, cell, model = published
    assert round(model.num_ahn_parameters / 1e6, 1) == PUBLISHED[base.size, cell]
    assert planner.memory_parameters(base.config, cell) == model.num_ahn_parameters
    assert planner.base_parameters(base.config) == model.num_parameters - model.num_ahn_parameters
    repository = base.memory_repository(cell)
    assert repository is not None and repository.endswith(f"-for-Qwen-2.5-Instruct-{base.size}")


def test_the_nine_memories_have_the_published_tensors(
    published: tuple[Base, CellName, AHNForCausalLM],
) -> None:
    base, cell, model = published
    size = base.config.head_dim
    sizes = {"H": base.num_attention_heads, "C": base.hidden_size, "D": size}
    sizes["HD"] = sizes["H"] * size
    expected = {name: tuple(sizes[letter] for letter in shape) for name, shape in TENSORS[cell].items()}
    for layer in model.layers:
        assert {name: tuple(t.shape) for name, t in layer.ahn.state_dict().items()} == expected


@pytest.mark.parametrize("size", BASES)
def test_the_bases_are_as_large_as_they_are_said_to_be(size: str) -> None:
    billions = {"0.5B": 0.494, "1.5B": 1.544, "3B": 3.086, "7B": 7.616, "14B": 14.770}
    assert planner.base_parameters(BASES[size].config) / 1e9 == pytest.approx(billions[size], abs=6e-4)
    if not BASES[size].published:
        assert all(BASES[size].memory_repository(cell) is None for cell in CELL_NAMES)


@pytest.mark.parametrize("size", PAPER)
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_the_paper_s_columns(size: str, cell: CellName) -> None:
    config = BASES[size].config
    for cells, expected in zip((None, cell), PAPER[size], strict=True):
        found = planner.compared(config, 128_000, capacity=32_768, cell=cells)
        tolerance = 0.3 if cells else 0.06  # the paper does not say how it counts a cell
        assert 100 * found.mixing == pytest.approx(expected[0], abs=tolerance)
        assert 100 * found.model == pytest.approx(expected[1], abs=tolerance)
        assert round(100 * found.cache, 1) == pytest.approx(expected[2], abs=0.11)
    share = 100 * planner.memory_parameters(config, cell) / planner.base_parameters(config)
    least, most = {"3B": (0.35, 0.45), "7B": (0.2, 0.3), "14B": (0.3, 0.45)}[size]
    assert least <= share <= most


def test_a_text_that_fits_costs_what_full_attention_costs_but_for_the_state() -> None:
    config = BASES["3B"].config
    assert planner.compared(config, 1000, capacity=2000, cell=None) == planner.Comparison(1.0, 1.0, 1.0)
    assert planner.compared(config, 1000, capacity=2000, cell="DeltaNet").mixing == 1.0


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("sink_positions", ["absolute", "capped"])
@pytest.mark.parametrize("kind", ["full", "window", "ahn"])
@torch.no_grad()
def test_a_real_cache_has_the_planned_bytes(cell: CellName, sink_positions, kind) -> None:
    model = tiny_model(cell, sink_positions=sink_positions)
    cache = model.make_cache(kind, attention_sinks=3, sliding_window=9)
    model(torch.arange(40)[None], past_key_values=cache)
    planned = planner.cache_nbytes(
        model.config,
        model.ahn_config,
        kind,
        attention_sinks=3,
        sliding_window=9,
        tokens=40,
        format_bytes=4,
    )
    assert cache.nbytes == planned == model.cache_nbytes(kind, 3, 9, 40)


def test_names_of_the_base_are_those_of_a_qwen_checkpoint() -> None:
    shapes = stored_shapes(BASES["7B"].config)
    assert shapes["layers.27.self_attn.k_proj.bias"] == (512,)
    assert shapes["lm_head.weight"] == (152_064, 3_584)
    assert len(shapes) == 3 + 28 * 12
    assert "lm_head.weight" not in stored_shapes(BASES["3B"].config)
