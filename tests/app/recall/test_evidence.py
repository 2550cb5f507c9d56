"""Whether documents answer: the signs, what they are worth together, and the fit that weighs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.evaluation.fit import MOST_REFUSED, fit, write_fit
from app.options import CommandFailed
from app.recall import Quotes, choose_quotes, evidence, recall
from app.store import Store
from tests.app.recall.support import HANDBOOK, add, pages


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        add(store, "handbook", pages(HANDBOOK))
        yield store


def quote(store: Store, question: str) -> Quotes:
    with store.database.reading() as connection:
        return choose_quotes(connection, recall(connection, question))


def test_words_and_names_that_the_texts_lack_speak_against_an_answer(store: Store) -> None:
    known = quote(store, "What does the crane lift at the landing?")
    strange = quote(store, "What does the crane lift with Hydrostar bluetooth?")
    assert known.signs["unknown"] == known.signs["names"] == 0
    assert strange.signs["unknown"] > 0.5
    assert strange.signs["names"] == 1
    assert strange.confidence < known.confidence


def test_a_question_of_words_that_the_texts_have_nothing_of_is_not_answered(store: Store) -> None:
    assert quote(store, "What does the crane lift?").found
    assert not quote(store, "What does the Hydrostar crane cost in Reykjavik according to Bloomberg?").found


@pytest.mark.parametrize("way", evidence.FEATURES)
def test_the_weights_that_come_with_the_app_are_whole_and_point_the_right_way(way: str) -> None:
    held = json.loads(evidence.WEIGHTS_FILE.read_text(encoding="utf-8"))
    weights = held["ways"][way]
    assert set(weights) == {"bias", *evidence.FEATURES[way]}
    assert weights["unknown"] < 0 and weights["names"] < 0
    assert held["left_out"][way]["answered_refused"] <= 0.1
    bad = dict.fromkeys(evidence.FEATURES[way], 0.0) | {"unknown": 1.0, "names": 2.0}
    good = dict.fromkeys(evidence.FEATURES[way], 1.0) | {"unknown": 0.0, "names": 0.0}
    assert evidence.way_of(good) == way
    assert evidence.answered(bad) < 0.5 < evidence.answered(good)


def test_a_fit_finds_the_sign_that_tells_and_refuses_few_that_are_answered() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {
            "document": f"d{number % 5}",
            "answerable": number % 3 > 0,
            "sure": True,
            "signs": {
                "unknown": float(rng.normal(0.2 if number % 3 else 0.7, 0.1)),
                "names": float(rng.integers(0, 2)),
            },
        }
        for number in range(150)
    ]
    fitted = fit(rows)
    assert set(fitted["ways"]) == {"words"}  # there are signs for no other
    weights = fitted["ways"]["words"]
    assert weights["unknown"] < -5 * abs(weights["names"])
    refused = [
        weights["bias"] + sum(weights[name] * row["signs"][name] for name in row["signs"]) < 0
        for row in rows
        if row["answerable"]
    ]
    assert np.mean(refused) <= MOST_REFUSED
    assert fitted["left_out"]["words"]["unanswered_said"] > 0.9
    assert fitted["left_out"]["words"]["answered_refused"] < 0.12


def test_a_fit_on_noise_promises_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = [
        {
            "document": f"d{number % 5}",
            "answerable": number % 2 > 0,
            "sure": True,
            "signs": {"unknown": float(rng.normal()), "names": float(rng.normal())},
        }
        for number in range(200)
    ]
    assert fit(rows)["left_out"]["words"]["unanswered_said"] < 0.2


def test_a_fit_replaces_the_ways_that_it_was_made_for_and_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps({"ways": {"words": {"bias": 9.0}, "sense": {"bias": 1.0}}, "left_out": {}}))
    rows = [
        {
            "document": f"d{number % 4}",
            "answerable": number % 2 > 0,
            "sure": True,
            "signs": {"unknown": float(number % 2 == 0), "names": 0.0},
        }
        for number in range(40)
    ]
    write_fit(file, {"questions": rows})
    ways = json.loads(file.read_text())["ways"]
    assert ways["sense"] == {"bias": 1.0}
    assert ways["words"]["unknown"] < 0
    with pytest.raises(CommandFailed, match="all of one kind"):
        write_fit(file, {"questions": [row for row in rows if row["answerable"]]})
