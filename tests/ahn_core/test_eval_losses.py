"""Cross-entropy by distance: the figures a memory is judged by."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from ahn_core.eval.losses import by_distance, gap_recovered, kinds_for, memory_worth, token_losses
from tests.tiny import VOCABULARY, tiny_model

IDS = torch.randint(0, VOCABULARY, (1100,), generator=torch.Generator().manual_seed(3))


def test_the_losses_are_those_of_the_logits() -> None:
    model, seen = tiny_model(), []
    cache = model.make_cache("ahn", attention_sinks=4, sliding_window=60)
    losses = token_losses(model, IDS, cache, on_progress=seen.append)
    again = model.make_cache("ahn", attention_sinks=4, sliding_window=60)
    logits = model(IDS[None, :-1], again).logits[0]
    torch.testing.assert_close(
        losses, F.cross_entropy(logits, IDS[1:], reduction="none"), atol=1e-4, rtol=1e-4
    )
    assert seen == [512, 1024, 1099]
    assert cache.get_seq_length() == 1099


def test_until_something_is_evicted_all_kinds_lose_alike() -> None:
    model = tiny_model()
    losses = [
        token_losses(model, IDS[:100], model.make_cache(kind, attention_sinks=8, sliding_window=56))
        for kind in ("full", "window", "ahn")
    ]
    for other in losses[1:]:
        torch.testing.assert_close(other[:64], losses[0][:64])
        assert not torch.allclose(other[64:], losses[0][64:])


@pytest.mark.parametrize("ids", [torch.zeros(1, dtype=torch.long), torch.zeros(1, 5, dtype=torch.long)])
def test_a_token_needs_one_before_it(ids: torch.Tensor) -> None:
    model = tiny_model()
    with pytest.raises(ValueError, match="no token has one before it"):
        token_losses(model, ids, model.make_cache("full"))


SIZES = {"attention_sinks": 4, "sliding_window": 60}


def test_the_state_of_the_same_text_is_its_own() -> None:
    seen: list[int] = []
    worth = memory_worth(tiny_model(), IDS[:700], IDS[:700], **SIZES, on_progress=seen.append)
    assert worth["foreign"] == worth["own"]
    assert abs(worth["full"].divergence) < 1e-6 < worth["window"].divergence
    assert seen == [256, 512, 699]


def test_the_state_of_another_text_is_not() -> None:
    model, other = tiny_model(), IDS[400:]
    worth = memory_worth(model, IDS[:700], other, **SIZES)
    assert worth["foreign"] != worth["own"]
    for kind in ("full", "window", "ahn"):
        losses = token_losses(model, IDS[:700], model.make_cache(kind, **SIZES))
        figure = worth["own" if kind == "ahn" else kind]
        assert figure.cross_entropy == pytest.approx(float(losses[64:].mean()), rel=1e-4)
    # The divergence, by what the definition says.
    full, window = (
        model(IDS[None, :699], model.make_cache(kind, **SIZES)).logits[0] for kind in ("full", "window")
    )
    p, q = full[64:].softmax(-1), window[64:].softmax(-1)
    assert worth["window"].divergence == pytest.approx(float((p * (p / q).log()).sum(-1).mean()), rel=1e-3)


def test_a_memory_that_adds_nothing_is_worth_nothing() -> None:
    worth = memory_worth(tiny_model(trained=False), IDS[:300], IDS[300:600], **SIZES)
    assert worth["own"] == worth["foreign"] == worth["window"]


@pytest.mark.parametrize(
    ("own", "other"), [(IDS[:65], IDS[:65]), (IDS[:200], IDS[:201]), (IDS[None], IDS[None])]
)
def test_texts_that_cannot_be_compared_are_refused(own: torch.Tensor, other: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        memory_worth(tiny_model(), own, other, **SIZES)


def test_buckets_are_counted_by_position() -> None:
    """Entry i of the losses is position i + 1, so the first bucket has one loss less than tokens."""
    losses = {"window": torch.arange(1.0, 10.0), "full": torch.arange(1.0, 5.0)}  # positions 1 … 9 and 1 … 4
    rows = by_distance(losses, 4)
    assert [(row.start, row.stop) for row in rows] == [(0, 4), (4, 8), (8, 10)]
    assert [row.losses["window"] for row in rows] == [2.0, 5.5, 8.5]
    assert rows[1].losses["full"] == 4.0
    assert "full" not in rows[2].losses


def test_the_gap_counts_what_all_three_can_reach() -> None:
    losses = {
        "full": torch.tensor([9.0, 1.0, 1.0]),
        "window": torch.tensor([9.0, 3.0, 3.0, 100.0]),
        "ahn": torch.tensor([9.0, 2.0, 3.0, 0.0]),
    }
    assert gap_recovered(losses, 1) == pytest.approx(0.25)
    assert gap_recovered({**losses, "full": losses["window"][:3]}, 1) is None, "no gap, no share of it"
    assert gap_recovered(losses, 3) is None, "nothing left to compare"


def test_full_attention_ends_at_the_trained_length() -> None:
    assert kinds_for(tiny_model(), 2000) == (("full", 512), ("window", 2000), ("ahn", 2000))
