"""Calibration: the least squares against a dense solution, both streams against the model itself, and gates and output
maps that were planted. What it is worth on text is measured with the embedded model (docs/decisions.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ahn_core import AHNForCausalLM
from ahn_core.calibration import (
    RIDGES,
    Document,
    _blocks,
    _candidates,
    _explained,
    _LayerWork,
    _least_squares,
    _Stream,
    _Sums,
    calibrate,
)
from ahn_core.cells import CELLS
from ahn_core.config import CellName
from ahn_core.training import TrainingError
from tests.tiny import VOCABULARY, tiny_model

CELL_NAMES: tuple[CellName, ...] = tuple(CELLS)


def document(seed: int, length: int = 160, sinks: int = 4, window: int = 28) -> Document:
    ids = torch.randint(0, VOCABULARY, (length,), generator=torch.Generator().manual_seed(seed))
    return Document(ids, sinks, window)


def untrained(cell: CellName) -> AHNForCausalLM:
    return tiny_model(cell, trained=False)


def test_least_squares_is_the_dense_solution() -> None:
    generator = torch.Generator().manual_seed(0)
    heads, size, hidden, count, ridge = 2, 3, 5, 60, 0.7
    features = torch.randn(count, heads * size, dtype=torch.float64, generator=generator)
    lacking = torch.randn(count, hidden, dtype=torch.float64, generator=generator)
    out = torch.randn(heads * size, hidden, dtype=torch.float64, generator=generator)
    sums = _Sums.zeros(heads * size, hidden, torch.device("cpu"))
    sums.add(features[:25], lacking[:25])
    sums.add(features[25:], lacking[25:])
    maps = _least_squares(sums, out, heads, ridge)
    # Row by row: output c of token n is sum over h, i, j of f[n, h, i] W[h, i, j] out[h, j, c].
    f, o = features.unflatten(1, (heads, size)), out.unflatten(0, (heads, size))
    design = torch.einsum("nhi,hjc->nchij", f, o).reshape(count * hidden, -1)
    smooth = torch.einsum("hjc,hik->ckhij", o, torch.eye(size, dtype=torch.float64).expand(heads, -1, -1))
    penalty = torch.cat([_only(smooth, h) for h in range(heads)]) * math.sqrt(ridge)
    dense = torch.linalg.lstsq(
        torch.cat((design, penalty)),
        torch.cat((lacking.flatten(), torch.zeros(len(penalty), dtype=torch.float64))),
    ).solution
    torch.testing.assert_close(maps.flatten(), dense, atol=1e-4, rtol=1e-4)
    added = features @ torch.block_diag(*maps) @ out
    share = 1 - float((lacking - added).square().sum() / lacking.square().sum())
    assert _explained(sums, out, maps) == pytest.approx(share, abs=1e-9)


def _only(smooth: Tensor, head: int) -> Tensor:
    """Rows of the penalty of one head, [hidden * D, H * D * D]."""
    kept = torch.zeros_like(smooth)
    kept[:, :, head] = smooth[:, :, head]
    return kept.flatten(0, 1).flatten(1)


def test_blocks_are_those_on_the_diagonal() -> None:
    maps = torch.randn(3, 2, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(_blocks(torch.block_diag(*maps), 3), maps)


@pytest.mark.parametrize("rope", [False, True])
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_both_streams_are_what_the_model_computes(cell: CellName, rope: bool) -> None:
    """No second forward: after all layers the streams are the model's own hidden states under its caches."""
    model = tiny_model(cell, trained=False, memory_rope=rope)
    documents = [document(seed) for seed in range(4)]
    streams = [_Stream(model, d) for d in documents]
    with torch.no_grad():
        for layer in model.layers:
            work = _LayerWork(model, layer, streams)
            work.choose_gates()
            work.solve()
            layer.ahn.o_proj.weight.normal_(std=0.3, generator=torch.Generator().manual_seed(1))
            work.advance()
        for d, stream in zip(documents, streams, strict=True):
            ids = d.input_ids[None]
            cache = model.make_cache(
                "ahn", attention_sinks=d.attention_sinks, sliding_window=d.sliding_window
            )
            torch.testing.assert_close(
                model.norm(stream.student), model.read(ids, cache), atol=2e-4, rtol=1e-3
            )
            torch.testing.assert_close(
                model.norm(stream.teacher), model.read(ids, model.make_cache("full")), atol=2e-4, rtol=1e-3
            )


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_what_a_memory_could_add_is_found(cell: CellName) -> None:
    """What the layer lacks is made from a memory with known gates and a known output map: both come back."""
    model = untrained(cell)
    work = _LayerWork(model, model.layers[0], [_Stream(model, document(seed)) for seed in range(8)])
    memory, generator = model.layers[0].ahn, torch.Generator().manual_seed(9)
    maps = torch.randn(memory.heads, memory.size, memory.size, generator=generator)
    candidates = _candidates(memory)
    planted = [candidates[-(head % 2)] for head in range(memory.heads)]  # the first and the last in turn

    def plant(read: Callable[[int], Tensor]) -> None:
        for number in range(len(work._lacking)):
            added = torch.bmm(read(number), maps).transpose(0, 1).flatten(1)  # [n, HD]
            work._lacking[number] = added @ work._out

    with torch.no_grad():
        plant(lambda n: torch.stack([work._normed_read(n, *planted[h])[h] for h in range(memory.heads)]))
        for (strength, half_life), wanted in zip(work.choose_gates(), planted, strict=True):
            if wanted == candidates[0]:
                assert (strength, half_life) == wanted
            else:  # half-lives far beyond 160 tokens are alike
                assert half_life is None or half_life >= 512
        plant(work._features)
        explained, ridge = work.solve()
        assert (explained > 0.999, ridge) == (True, RIDGES[-1])
        work.advance()
        for stream, seen, lacking in zip(work._streams, work._seen, work._lacking, strict=True):
            assert lacking.square().mean() > 0.01
            torch.testing.assert_close(stream.student, work._after(seen))


def test_a_layer_whose_loss_cannot_be_explained_adds_nothing() -> None:
    model = untrained("GatedDeltaNet")
    work = _LayerWork(model, model.layers[0], [_Stream(model, document(seed)) for seed in range(8)])
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        work._lacking = [torch.randn(x.shape, generator=generator) for x in work._lacking]
        work.choose_gates()
        work.solve()
    assert (model.layers[0].ahn.o_proj.weight == 0).all()


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_gates_have_the_chosen_values_at_the_mean_hidden_state(cell: CellName) -> None:
    model = untrained(cell)
    streams = [_Stream(model, document(seed)) for seed in range(4)]
    with torch.no_grad():
        work = _LayerWork(model, model.layers[0], streams)
        chosen = work.choose_gates()
        mean = torch.cat([hidden for _, hidden in work._inputs]).mean(0, keepdim=True)
        gates = model.layers[0].ahn.write_gates(mean)[0]  # [gate_count, H]
    for head, (strength, half_life) in enumerate(chosen):
        if cell != "Mamba2":
            assert float(gates[-1, head]) == pytest.approx(strength, rel=1e-3)
        assert (half_life is None) == (cell == "DeltaNet")
        if half_life is not None:
            assert math.log(2) / -float(gates[0, head]) == pytest.approx(half_life, rel=1e-3)


def test_documents_that_cannot_be_used_are_refused() -> None:
    model = untrained("DeltaNet")
    with pytest.raises(TrainingError, match="3 documents are too few .* at least 4"):
        next(calibrate(model, [document(seed) for seed in range(3)]))
    with pytest.raises(TrainingError, match="a document of 32 tokens fits sinks and window \\(32\\)"):
        next(calibrate(model, [document(seed, length=32) for seed in range(4)]))
