"""What a question asks for."""

from __future__ import annotations

import pytest

from app.recall.query import Place, expected, understand


@pytest.mark.parametrize(
    ("question", "expects"),
    [
        ("How heavy is the lens?", "number"),
        ("When was it lit?", "time"),
        ("Who wrote the first edition?", "person"),
        ("Where is the key?", "place"),
        ("Why is the path closed?", "reason"),
        ("How do I start the siren?", "way"),
        ("Is it allowed to land at night?", "yes_or_no"),
        ("What colour is the flag?", "thing"),
        ("Wie viele Wärter gibt es?", "number"),
        ("Pourquoi ferme-t-on la porte ?", "reason"),
    ],
)
def test_the_kind_of_answer(question: str, expects: str) -> None:
    assert expected(question) == expects


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("What does chapter 7 forbid?", (Place("part", "7", "chapter"),)),
        ("What is in chapter two?", (Place("part", "2", "chapter"),)),
        ("What is on page 12?", (Place("page", "12"),)),
        ("Read page iv", (Place("page", "iv"),)),
        ("What does the first section say?", (Place("ordinal", "1", "section"),)),
        ("What does the last chapter say?", (Place("ordinal", "-1", "chapter"),)),
        ("Show the table of fees", (Place("table", "fees"),)),
        ("How many pages does it have?", ()),
    ],
)
def test_places_that_are_named(question: str, places: tuple[Place, ...]) -> None:
    assert understand(question).places == places


@pytest.mark.parametrize(
    "question",
    ["Summarise the book", "What is this document about?", "Give me an overview", "Worum geht es hier?"],
)
def test_questions_about_the_whole(question: str) -> None:
    assert understand(question).scope == "whole"


def test_words_that_ask_count_less_than_words_that_tell() -> None:
    terms = understand("Please tell me what kind of oil the lamp uses").terms
    assert terms["oil"] == terms["lamp"] == 1.0
    assert terms["kind"] < 1.0
    assert "the" not in terms


def test_a_pronoun_takes_words_from_the_question_before() -> None:
    query = understand("And how heavy is it?", ["Who lit the lamp?", "Where was the lens made?"])
    assert 0 < query.terms["len"] < query.terms["heavi"]
    assert "lamp" not in query.terms
    assert (
        "len" not in understand("How heavy is the crane of the landing?", ["Where was the lens made?"]).terms
    )


def test_words_that_ask_count_little_and_the_commonest_nothing_in_other_languages() -> None:
    query = understand("Für wen wurde über Nacht Version 2.2 gebaut?", languages=("german",))
    assert "fur" not in query.terms and "uber" not in query.terms
    assert query.terms["wen"] < query.terms["version"] == 1.0 and len(query.codes) == 1
    asked = understand("Comment s'appelait la version 2.2 ?", languages=("french",))
    assert asked.terms["appel"] < 1.0 and len(asked.codes) == 1, "s'appelait is no code"


def test_korean_is_looked_for_by_pairs_of_signs_and_endings_of_questions_are_left_out() -> None:
    query = understand("데비안 2.2의 이름은 무엇입니까?", languages=("english",))
    assert {"데비", "비안", "이름"} <= set(query.terms) and not {"무엇", "입니", "니까"} & set(query.terms)
    assert len(query.codes) == 1


def test_what_is_all_hiragana_or_asks_is_left_out_unless_there_is_nothing_else() -> None:
    assert set(understand("灯台は何ですか？").terms) == {"灯台", "台は"}
    assert understand("りんごはどこ？").terms
    assert set(understand("灯塔在哪里？").terms) == {"灯塔", "塔在"}
    assert "в" not in understand("Где стоит маяк в городе?", languages=("english",)).terms


@pytest.mark.parametrize(
    ("question", "expects"),
    [
        ("谁守灯塔？", "person"),
        ("灯台は何個ありますか？", "number"),
        ("등대는 언제 세워졌습니까?", "time"),
        ("灯塔在哪里？", "place"),
    ],
)
def test_the_kind_of_answer_in_scripts_without_spaces(question: str, expects: str) -> None:
    assert expected(question) == expects
