"""Memories of one cell begun from one of another: equal where they can be, of the right size where they cannot."""

from __future__ import annotations

import pytest
import torch

from ahn_core import AHNForCausalLM
from ahn_core.config import CellName
from ahn_core.conversion import HALF_LIFE, convert_memory
from tests.tiny import VOCABULARY, tiny_model

IDS = torch.randint(0, VOCABULARY, (120,), generator=torch.Generator().manual_seed(0))


def beside(source: AHNForCausalLM, cell: CellName) -> AHNForCausalLM:
    """The same base with an untrained memory of another cell."""
    target = tiny_model(cell, trained=False)
    base = {name: tensor for name, tensor in source.state_dict().items() if ".ahn." not in name}
    assert not target.load_state_dict(base, strict=False).unexpected_keys
    return target


def hidden(model: AHNForCausalLM, kind: str = "ahn") -> torch.Tensor:
    cache = model.make_cache(kind, attention_sinks=4, sliding_window=12)  # type: ignore[arg-type]
    with torch.no_grad():
        return model.read(IDS[None], cache)


def test_the_same_cell_gives_the_same_memory() -> None:
    source = tiny_model("GatedDeltaNet")
    target = beside(source, "GatedDeltaNet")
    convert_memory(source, target, IDS)
    assert torch.equal(hidden(target), hidden(source))
    assert target.identity == source.identity


@pytest.mark.parametrize("cells", [("GatedDeltaNet", "DeltaNet"), ("DeltaNet", "GatedDeltaNet")])
def test_delta_cells_differ_by_the_decay_alone(cells: tuple[CellName, CellName]) -> None:
    source = tiny_model(cells[0])
    target = beside(source, cells[1])
    for layer in source.layers:
        if cells[0] == "GatedDeltaNet":
            layer.ahn.A_log.fill_(-30.0)  # type: ignore[operator]  # no decay to speak of
    convert_memory(source, target, IDS)
    assert target.memory_trained
    # A half-life of 16,384 tokens takes 0.5% off what is 104 tokens old.
    torch.testing.assert_close(hidden(target), hidden(source), atol=0.05, rtol=0.05)
    assert not torch.allclose(hidden(target), hidden(target, "window"), atol=0.05)
    if cells[1] == "GatedDeltaNet":
        gates = target.layers[0].ahn.write_gates(torch.randn(3, 64))
        torch.testing.assert_close(
            gates[:, 0], torch.full((3, 4), -torch.tensor(2.0).log().item() / HALF_LIFE)
        )


def test_mamba2_begins_with_a_memory_of_about_the_same_size() -> None:
    source = tiny_model("GatedDeltaNet")
    target = beside(source, "Mamba2")
    convert_memory(source, target, IDS)

    def added(model: AHNForCausalLM) -> float:
        cache = model.make_cache("ahn", attention_sinks=4, sliding_window=12)
        with torch.no_grad():
            model.read(IDS[None], cache)
        return float(cache.outputs[1].norm(dim=-1).sum())

    assert 0.3 < added(target) / added(source) < 3


def test_a_mamba2_source_is_refused() -> None:
    with pytest.raises(ValueError, match="Mamba2 memory cannot be turned into another"):
        convert_memory(tiny_model("Mamba2"), tiny_model("DeltaNet"), IDS)
