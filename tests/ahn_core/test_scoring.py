"""Likelihoods in batches against one sequence at a time in a full-attention cache."""

from __future__ import annotations

import pytest
import torch

from ahn_core.eval.losses import token_losses
from ahn_core.scoring import score_continuations
from tests.tiny import tiny_model


def plainly(model: object, before: list[int], continuation: list[int]) -> float:
    ids = torch.tensor([*before, *continuation])
    losses = token_losses(model, ids, model.make_cache("full"))  # type: ignore[arg-type, attr-defined]
    return -float(losses[-len(continuation) :].sum())


@pytest.mark.parametrize("prefix", [[], [3], list(range(1, 40))])
@pytest.mark.parametrize("qk_norm", [False, True])
def test_a_batch_gives_what_single_sequences_give(prefix: list[int], qk_norm: bool) -> None:
    model = tiny_model(qk_norm=qk_norm, model_type="qwen3" if qk_norm else "llama")
    generator = torch.Generator().manual_seed(1)
    pairs = []
    for context, continuation in ((1, 1), (5, 9), (63, 2), (64, 7), (1, 200), (30, 30)):
        ids = torch.randint(0, 256, (context + continuation,), generator=generator).tolist()
        pairs.append((ids[:context], ids[context:]))
    if prefix:
        pairs.append(([], [9, 8, 7]))
    scored = score_continuations(model, prefix, pairs)
    for one, (context, continuation) in zip(scored, pairs, strict=True):
        assert one.count == len(continuation)
        assert one.total == pytest.approx(plainly(model, [*prefix, *context], continuation), abs=2e-3)
        assert one.mean == one.total / one.count


def test_many_rows_are_split_into_batches_without_changing_anything() -> None:
    model = tiny_model()
    pairs = [([number % 256] * 50, [number % 250, 7, 9]) for number in range(120)]
    assert [one.total for one in score_continuations(model, [1, 2], pairs)] == pytest.approx(
        [score_continuations(model, [1, 2], [pair])[0].total for pair in pairs], abs=1e-3
    )


def test_nothing_to_score_or_nothing_before_it_is_refused() -> None:
    model = tiny_model()
    assert score_continuations(model, [1], []) == []
    with pytest.raises(ValueError, match="without tokens"):
        score_continuations(model, [1], [([1], [])])
    with pytest.raises(ValueError, match="nothing before it"):
        score_continuations(model, [], [([], [1])])
