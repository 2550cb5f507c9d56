"""Quotations: word for word, with their place, by words and by a judge; and what the documents do not say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from app.documents import Block, Page
from app.recall import LikelihoodJudge, Quotes, choose_quotes, fit, recall
from app.store import Store
from tests.app.recall.support import HANDBOOK, add, pages, prose
from tests.tiny import tiny_model


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


VERSIONS = (("2.0", "Hamm"), ("2.1", "Slink"), ("2.2", "Potato"), ("3.0", "Woody"), ("3.1", "Sarge"))
Judging = Callable[[str, Sequence[str]], list[float]]


def quote(store: Store, question: str, judge: Judging | None = None) -> Quotes:
    with store.database.reading() as connection:
        return choose_quotes(connection, recall(connection, question), judge)


def test_quotations_stand_in_the_pages_word_for_word(store: Store) -> None:
    document_id = add(store, "handbook", pages(HANDBOOK))
    quotes = quote(store, "How much does the crane lift?")
    best = quotes.quotes[0]
    assert quotes.found
    assert best.text[slice(*best.core)] == "The crane lifts 500 kilograms, because its wire is thin."
    assert best.document_id == document_id
    texts = store.documents.pages(document_id)
    marked = " ".join(texts[page - 1][start:end] for page, start, end in best.places)
    assert " ".join(marked.split()) == best.text
    assert (best.page, best.label) == (best.places[0][0], str(best.places[0][0]))


def test_a_quotation_has_at_most_sixty_words_and_none_comes_twice(store: Store) -> None:
    long = "The anchor " + "of the old ship and " * 60 + "was sold."
    add(
        store,
        "book",
        prose(long, *[f"The anchor number {number} was sold in spring." for number in range(30)]),
    )
    quotes = quote(store, "When was the anchor sold?").quotes
    assert len(quotes) == 3
    assert all(len(one.text.split()) <= 60 for one in quotes)
    spans = sorted((one.passage.number, one.start, one.end) for one in quotes)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in zip(spans, spans[1:], strict=False))


def test_a_version_in_the_question_picks_the_sentence_that_has_it(store: Store) -> None:
    filler = "The distribution had many new packages for developers then. "
    add(
        store,
        "history",
        prose(*[f"{filler}Version {number} was called {name}." for number, name in VERSIONS]),
    )
    for number, name in VERSIONS:
        best = quote(store, f"What name had version {number} for developers?").quotes[0]
        assert best.text[slice(*best.core)] == f"Version {number} was called {name}."


@pytest.mark.parametrize("begins", ["In this one", "It"])
def test_a_sentence_that_points_back_is_quoted_with_the_one_before(store: Store, begins: str) -> None:
    long = "Nothing else is known about this and nobody asked, though many people in the town would have " * 3
    add(
        store,
        "history",
        prose(
            f"{long}. Version 8 is called Jessie. {begins} starts with systemd. {long} liked to. {long} too."
        ),
    )
    best = quote(store, "What starts with systemd?").quotes[0]
    assert f"Version 8 is called Jessie. {begins} starts with systemd." in best.text


def test_the_judge_decides_between_sentences_with_the_same_words(store: Store) -> None:
    filler = "Nothing else is known of it, and the book says no more about that old story here. " * 4
    add(
        store,
        "book",
        prose(*[f"The anchor is {colour}. {filler}" for colour in ("red", "blue", "green", "black")]),
    )
    asked: list[str] = []

    def judge(question: str, sentences: Sequence[str]) -> list[float]:
        asked.append(question)
        return [5.0 if sentence.endswith("The anchor is green.") else 0.0 for sentence in sentences]

    best = quote(store, "Which colour has the anchor?", judge).quotes[0]
    assert best.text[slice(*best.core)] == "The anchor is green."
    assert asked == ["Which colour has the anchor?"]
    quotes = quote(store, "Which colour has the anchor?", judge)
    assert "green" in quotes.ranked[0].passage.text
    assert "green" in fit(quotes.ranked, 10)[0].text


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("How much does the crane cost?", "money"),
        ("What is the telephone number of the station?", "telephone number"),
        ("What does the crane XK-200 lift?", "XK-200"),
        ("Which colour has the crane?", "colour"),
        ("How old is the crane?", "age"),
        ("When is the crane's birthday?", "date of birth"),
        ("What is the resistance of the crane's coil?", "voltage or the like"),
    ],
)
def test_what_an_answer_would_have_and_the_text_has_not(store: Store, question: str, missing: str) -> None:
    add(store, "handbook", pages(HANDBOOK))
    quotes = quote(store, question)
    assert not quotes.found
    assert quotes.missing == missing


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which colour has the bell?", "The bell is dark red."),
        ("Welche Farbe hat die Glocke?", "Die Glocke ist rote Bronze."),
        ("How old is the bell?", "The bell is 200 years old."),
        ("At what age may one ring the bell?", "Nobody younger than twelve rings the bell."),
        ("When was the keeper of the bell born?", "The keeper of the bell was born in May."),
        ("How deep is the well under the bell?", "The well under the bell goes down 12 m."),
        ("Which frequency has the bell?", "The bell has 440 Hz, or about so many."),
    ],
)
def test_what_has_the_kind_of_thing_is_missing_nothing(store: Store, question: str, answer: str) -> None:
    add(store, "handbook", prose(answer))
    assert quote(store, question).missing == ""


def test_a_question_about_something_else_is_not_found(store: Store) -> None:
    add(store, "handbook", pages(HANDBOOK))
    assert quote(store, "Which composer wrote the symphony?").found is False
    assert quote(store, "How many engines supply air?").found is True


def test_the_model_as_a_judge_compares_with_the_question_alone() -> None:
    model = tiny_model()

    def encode(text: str) -> list[int]:
        return list(text.encode())

    judge = LikelihoodJudge(model, encode, encode("user: "))
    one, two = judge("How high?", ["It is high.", "Low."])
    again = judge("How high?", ["Low."])
    assert again == pytest.approx([two], abs=1e-4)
    assert one != two
    assert judge("", ["Low."]) == [0.0]
    assert judge("How high?", []) == []


def test_a_quotation_goes_over_no_heading_and_out_of_no_table(store: Store) -> None:
    blocks = (
        Block("paragraph", "The crane lifts 500 kilograms. It is greased every month."),
        Block("heading", "The stove in the kitchen"),
        Block("paragraph", "It burns coal. The stove is swept in spring by two keepers."),
        Block("table_row", "| Anchor of the boat | 90 kilograms |"),
        Block("table_row", "| Bell in the fog | 300 kilograms |"),
        Block("paragraph", "The table repeats what is said elsewhere in this book."),
    )
    add(store, "book", [Page(1, blocks)])
    crane = quote(store, "How much does the crane lift?").quotes[0]
    assert crane.text == "The crane lifts 500 kilograms. It is greased every month."
    stove = quote(store, "Who sweeps the stove?").quotes[0]
    assert "stove is swept" in stove.text and "crane" not in stove.text and "|" not in stove.text
    bell = quote(store, "How heavy is the bell?").quotes[0]
    assert "300 kilograms" in bell.text and "repeats" not in bell.text and "coal" not in bell.text


def test_contents_and_headers_are_quoted_only_where_there_is_nothing_else(store: Store) -> None:
    contents = "How to weigh the anchor … 3\nHow heavy the anchor is … 4\nHow heavy the bell is … 5"
    blocks = (
        Block("paragraph", "What follows is for keepers."),
        Block("paragraph", contents),
        Block("paragraph", "The heavy anchor of the boat weighs 90 kilograms."),
    )
    add(store, "book", [Page(1, blocks)])
    found = quote(store, "How heavy is the anchor?")
    assert "90 kilograms" in found.quotes[0].text
    assert not any("…" in one.text for one in found.quotes)
    asked_for = quote(store, "Which chapter tells how heavy the anchor is?")
    assert any("… 4" in one.text for one in asked_for.quotes)


def test_a_document_of_contents_alone_is_quoted(store: Store) -> None:
    add(store, "contents", [Page(1, (Block("paragraph", "The heavy anchor … 3\nThe heavy bell … 5"),))])
    assert "anchor" in quote(store, "How heavy is the anchor?").quotes[0].text


def test_rows_of_a_table_are_shown_in_words_and_kept_as_they_stand(store: Store) -> None:
    blocks = (
        Block("table_row", "| Thing of the boat | Weight |\n|---|---|"),
        Block("table_row", "| Anchor at the bow | 90 kilograms |"),
        Block("table_row", "| Bell in the fog | 300 kilograms |"),
    )
    add(store, "book", [Page(1, blocks)])
    bell = quote(store, "How heavy is the bell in the fog?").quotes[0]
    assert "| Bell in the fog | 300 kilograms |" in bell.text
    assert (
        "Thing of the boat: Bell in the fog; Weight: 300 kilograms." in bell.shown and "|" not in bell.shown
    )
