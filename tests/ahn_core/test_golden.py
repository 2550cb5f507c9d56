"""The reference cases: tiny random models with the logits the authors' reference computes for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ahn_core import AHNForCausalLM

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
TOLERANCE = 2e-3  # logits are about 6 in size; a zeroed memory moves them by 30 to 50


def load(case: str) -> tuple[AHNForCausalLM, dict, dict[str, torch.Tensor]]:
    folder = GOLDEN / case
    facts = json.loads((folder / "case.json").read_text())
    return (
        AHNForCausalLM.from_pretrained(folder / "base", folder / "ahn"),
        facts,
        load_file(folder / "expected.safetensors"),
    )


def largest_error(case: str, splits: list[int]) -> float:
    """Read the prefill in pieces of these lengths, then decode one token at a time; largest difference of
    all logits.
    """
    model, facts, expected = load(case)
    ids = expected["input_ids"].long()
    cache = model.make_cache(
        "ahn", attention_sinks=facts["attention_sinks"], sliding_window=facts["sliding_window"]
    )
    logits = []
    with torch.no_grad():
        for piece in ids.split([*splits, *[1] * facts["decode_len"]]):
            logits.append(model(piece[None], past_key_values=cache).logits[0])
    reference = torch.cat((expected["prefill_logits"], expected["decode_logits"]))
    return float((torch.cat(logits) - reference).abs().max())


def random_splits(total: int, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    pieces: list[int] = []
    while (left := total - sum(pieces)) > 0:
        pieces.append(min(left, int(torch.randint(1, 60, (), generator=generator))))
    return pieces


def test_there_are_cases_for_every_cell_and_family() -> None:
    assert len(CASES) == 7


@pytest.mark.parametrize("case", CASES)
def test_one_pass_then_decoding(case: str) -> None:
    _, facts, _ = load(case)
    assert largest_error(case, [facts["prefill_len"]]) < TOLERANCE


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_random_splits_then_decoding(case: str, seed: int) -> None:
    _, facts, _ = load(case)
    assert largest_error(case, random_splits(facts["prefill_len"], seed)) < TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_decoding_alone(case: str) -> None:
    _, facts, _ = load(case)
    assert largest_error(case, [1] * facts["prefill_len"]) < TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_a_missing_memory_shows(case: str) -> None:
    """Guards the tolerance: without the memory's part the same comparison fails by far."""
    model, facts, expected = load(case)
    length = facts["prefill_len"]
    cache = model.make_cache(
        "window", attention_sinks=facts["attention_sinks"], sliding_window=facts["sliding_window"]
    )
    with torch.no_grad():
        logits = model(expected["input_ids"].long()[None, :length], past_key_values=cache).logits[0]
    assert float((logits - expected["prefill_logits"]).abs().max()) > 1.0
