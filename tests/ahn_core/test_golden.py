"""The reference cases: tiny random models with the logits the authors' reference computes for them."""

from __future__ import annotations

import pytest
import torch

from tests.ahn_core.golden_cases import CASES, facts_of, largest_error, load

# Logits are about 6 in size; a zeroed memory moves them by 30 to 50. GPU kernels multiply in TF32.
TOLERANCE = {"cpu": 2e-3, "cuda": 2e-2}


def random_splits(total: int, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    pieces: list[int] = []
    while (left := total - sum(pieces)) > 0:
        pieces.append(min(left, int(torch.randint(1, 60, (), generator=generator))))
    return pieces


def test_there_are_cases_for_every_cell_and_family() -> None:
    assert len(CASES) == 7


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backend", [None, "torch"], ids=["best", "torch"])
def test_one_pass_then_decoding(case: str, backend: str | None, device: torch.device) -> None:
    splits = [facts_of(case)["prefill_len"]]
    assert largest_error(case, splits, backend, device.type) < TOLERANCE[device.type]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_random_splits_then_decoding(case: str, seed: int, device: torch.device) -> None:
    splits = random_splits(facts_of(case)["prefill_len"], seed)
    assert largest_error(case, splits, device=device.type) < TOLERANCE[device.type]


@pytest.mark.parametrize("case", CASES)
def test_decoding_alone(case: str, device: torch.device) -> None:
    splits = [1] * facts_of(case)["prefill_len"]
    assert largest_error(case, splits, device=device.type) < TOLERANCE[device.type]


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
