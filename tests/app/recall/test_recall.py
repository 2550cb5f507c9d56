"""Recall: passages for facts, places and the whole; budgets; related words; nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.recall import Aids, Recalled, WordVectors, recall, related
from app.store import Store
from tests.app.recall.support import HANDBOOK, add, pages, prose

FILLER = "The weather was fine on that day and nobody wrote anything more about it in the book. " * 8


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def ask(store: Store, question: str, *history: str, budget: int = 1600, aids: Aids | None = None) -> Recalled:
    with store.database.reading() as connection:
        return recall(connection, question, history, None, budget, aids or Aids())


def test_the_passage_with_the_questions_words_comes_first(store: Store) -> None:
    add(store, "book", prose(FILLER, "The anchor weighs nine tonnes. " + FILLER, FILLER))
    recalled = ask(store, "How much does the anchor weigh?", budget=300)
    assert "anchor" in recalled.passages[0].text
    assert recalled.scope == "fact"


def test_what_it_means_comes_from_the_question_before(store: Store) -> None:
    add(store, "book", prose("The anchor is heavy. " + FILLER, "The bell is heavy and loud. " + FILLER))
    assert "bell" in ask(store, "And how heavy is it?", "Where is the bell?", budget=200).passages[0].text
    assert "anchor" in ask(store, "And how heavy is it?", "Where is the anchor?", budget=200).passages[0].text


def test_a_chapter_a_page_and_a_table_are_found_by_their_place(store: Store) -> None:
    sections = [
        [("heading", f"{number} Part {name}"), ("paragraph", f"About {name}. {FILLER}")]
        for number, name in enumerate(("lamp", "fog", "boat"), 1)
    ]
    table = [("heading", "4 Fees"), ("table_row", "What | Fee"), ("table_row", "Landing | 12 crowns")]
    add(store, "book", pages([*sections, table], ["i", "ii", "1", "2"]))  # type: ignore[list-item]
    assert {one.headings for one in ask(store, "What does chapter 2 say?").passages} == {("2 Part fog",)}
    assert ask(store, "What is on page ii?").passages[0].text.startswith("2 Part fog")
    assert ask(store, "What does the last chapter say?").passages[0].headings == ("4 Fees",)
    assert ask(store, "What does the table of fees say?").passages[0].kind == "table"
    assert ask(store, "What does chapter 2 say?").scope == "place"


def test_a_place_that_is_not_there_is_looked_for_by_words(store: Store) -> None:
    add(store, "handbook", pages(HANDBOOK))
    recalled = ask(store, "What does chapter 99 say about the crane?")
    assert recalled.scope == "fact"
    assert "crane" in recalled.passages[0].text


def test_questions_about_the_whole_take_openings(store: Store) -> None:
    sections = [
        [("heading", f"{number} {name}"), ("paragraph", f"{name} begins here. {FILLER * 2}")]
        for number, name in enumerate(("Lamp", "Fog", "Boat"), 1)
    ]
    add(store, "book", pages(sections))  # type: ignore[arg-type]
    recalled = ask(store, "Summarise this book", budget=10_000)
    text = "\n".join(one.text for one in recalled.passages)
    assert recalled.scope == "whole"
    assert all(f"{name} begins here" in text for name in ("Lamp", "Fog", "Boat"))


def test_the_budget_is_kept_and_neighbours_are_one(store: Store) -> None:
    add(store, "book", prose(*[f"Anchor number {number} is old. {FILLER}" for number in range(12)]))
    recalled = ask(store, "old anchor", budget=450, aids=Aids(count=lambda text: len(text.split())))
    assert sum(len(one.text.split()) for one in recalled.passages) <= 450
    everything = ask(store, "old anchor", budget=100_000)
    numbers = [(one.number, one.count) for one in everything.passages]
    assert all(first + count != other for first, count in numbers for other, _ in numbers)


def test_the_same_text_in_two_documents_is_recalled_once(store: Store) -> None:
    add(store, "one", prose("The anchor weighs nine tonnes. " + FILLER))
    add(store, "two", prose("The anchor weighs nine tonnes. " + FILLER))
    assert len(ask(store, "How heavy is the anchor?").passages) == 1


def test_a_word_that_means_the_same_finds_what_the_words_do_not(store: Store) -> None:
    add(
        store,
        "book",
        prose("The vessel lies in the harbour. " + FILLER, "The tree stands in the park. " + FILLER),
    )
    words = {" ship": 0, " vessel": 1, " tree": 2}
    table = np.array([[1, 0, 0], [0.95, 0.3, 0], [0, 0, 1], [-2, -0.3, -1]], dtype=np.float32)
    vectors = WordVectors(lambda ids: table[list(ids)], len(table), lambda word: [words.get(word, 3)])
    assert not ask(store, "Where is the ship?").found
    recalled = ask(store, "Where is the ship?", aids=Aids(vectors))
    assert recalled.passages[0].text.startswith("The vessel")


def test_vectors_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(related, "_WORD_BYTES", 10 * 3 * 4)  # ten words
    monkeypatch.setattr(related, "_VOCABULARY_BYTES", 2 * 40 * 3 * 2)  # two vocabularies of forty
    monkeypatch.setattr(related, "_ROWS", 7)
    table = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    vectors = WordVectors(
        lambda ids: table[list(ids)], 50, lambda word: [int(part) for part in word.split("-")]
    )
    vocabularies = [tuple(f"{first + n}-{n}" for n in range(40)) for first in range(4)]
    for vocabulary in (*vocabularies, vocabularies[0]):
        near = vectors.near(("1", "2-3", "1"), vocabulary)
        assert near.shape == (3, 40)
        expected = vectors(("1", "2-3", "1")) @ np.concatenate([vectors((word,)) for word in vocabulary]).T
        np.testing.assert_allclose(near, expected, atol=2e-3)
        assert len(vectors._known) <= 10 and len(vectors._vocabularies) <= 2
    np.testing.assert_allclose(np.linalg.norm(vectors(vocabularies[0]), axis=1), 1, atol=1e-6)


def test_vectors_of_words_in_many_pieces_are_not_asked(store: Store) -> None:
    filler = (
        "Das Wetter war an jenem Tag sehr gut und niemand schrieb etwas anderes darüber in das Buch. " * 8
    )
    add(store, "book", prose("Das Boot liegt im Hafen. " + filler, "Der Baum steht im Park. " + filler))
    words = {" schiff": 0, " boot": 1}
    table = np.array([[1, 0, 0], [0.95, 0.3, 0], [-2, -0.3, -1]], dtype=np.float32)
    whole = WordVectors(lambda ids: table[list(ids)], len(table), lambda word: [words.get(word, 2)])
    pieces = WordVectors(
        lambda ids: table[list(ids)],
        len(table),
        lambda word: [words.get(word, 2)] * (1 if word in words else 3),
    )
    assert ask(store, "Wo ist das Schiff?", aids=Aids(whole)).found
    recalled = ask(store, "Wo ist das Schiff?", aids=Aids(pieces))
    assert not recalled.found and recalled.vectors is None


def test_nothing_is_found_where_there_is_nothing(store: Store) -> None:
    assert not ask(store, "How heavy is the anchor?").found
    add(store, "empty", pages([[]]))
    assert not ask(store, "How heavy is the anchor?").found
    add(store, "book", prose(FILLER))
    assert not ask(store, "xylophone").found
    assert ask(store, "???").passages == ()
