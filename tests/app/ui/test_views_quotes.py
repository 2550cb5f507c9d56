"""Quotes, citation numbers and the marks of checks in the transcript."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.conversation.events import PageState, PageStates, Turn, TurnState
from app.conversation.evidence import Evidence, Review, TurnCheck, TurnCitation, TurnQuote, UsedPassage
from app.conversation.pages import with_recalled
from app.conversation.wording import NOT_FOUND, checks_words, page_words
from app.ui.views import memory, status, transcript
from tests.app.ui.fakes import figures
from tests.app.ui.test_views import HOSTILE, STATS, Elements

TEXT = "The crane lifts 1,250 kilograms. It must not be used in fog."
ANSWER = "It lifts 1,250 kilograms. Otto built it in 1847."
QUOTE = TurnQuote("d1", "harbour.pdf", 1, 4, "iv", ((3, 90, 99), (4, 10, 70)), TEXT, (0, 32), 1.0, (0, 5))
PASSAGE = UsedPassage("d1", "harbour.pdf", 1, 4, "iv", ((4, 0, 90),), TEXT, (0,))
EVIDENCE = Evidence((PASSAGE,), (QUOTE,), True, (("d1", 1),), "beside", 120, 1)
REVIEW = Review(
    (TurnCitation(1, "d1", "harbour.pdf", 4, "iv", ((4, 10, 42),), TEXT[:32], 0.9, (25,)),),
    (
        TurnCheck("1,250 kilograms", 9, 24, "number", "here", "d1", 4, "iv"),
        TurnCheck("Otto", 26, 30, "name", "elsewhere", "d1", 9, "9"),
        TurnCheck("1847", 43, 47, "number", "absent"),
    ),
    "partly",
)
TURN = Turn("How much?", ANSWER, TurnState.DONE, (), figures(ANSWER, 100, 100), "", EVIDENCE, REVIEW)


def drawn(turn: Turn) -> str:
    shown = transcript.last([turn])
    Elements(shown)
    return shown


def test_quotes_stand_first_each_with_its_page_as_a_button() -> None:
    shown = drawn(TURN)
    assert shown.index("It must not be used in fog") < shown.index("Otto")
    assert (
        'data-action="open-page" data-document="d1" data-page="4" data-start="10" data-end="70"' in shown
    ), "the place of the page that is cited"
    assert "harbour.pdf, p. iv" in shown


def test_rows_of_a_table_are_shown_in_words() -> None:
    row = replace(
        QUOTE, text="| Flour | 45 kilograms |", core=(0, 24), in_words="Article: Flour; Amount: 45 kilograms."
    )
    shown = drawn(replace(TURN, evidence=replace(EVIDENCE, quotes=(row,))))
    assert "<q>Article: Flour; Amount: 45 kilograms.</q>" in shown and "| Flour" not in shown


def test_prose_has_citation_numbers_and_the_marks_of_checks() -> None:
    shown = drawn(TURN)
    assert '<span class="check here" title="found here, p. iv">1,250 kilograms</span>' in shown
    assert 'class="check elsewhere"' in shown and ">p. 9</button>" in shown
    assert '<span class="check absent" title="not in your documents">1847</span>' in shown
    assert '<span class="check-note absent">not in your documents</span>' in shown
    assert ">[1]</button></sup>" in shown and 'data-start="10" data-end="42"' in shown
    assert shown.index("kilograms</span>") < shown.index(">[1]<") < shown.index(">Otto<")


def test_a_line_under_the_answer_counts_and_says_where_it_comes_from() -> None:
    shown = drawn(TURN)
    assert '<b class="grounding partly">Partly from the text</b>' in shown
    assert (
        "1 found in the quotes · 1 elsewhere in your documents (p. 9) · 1 not in your documents (“1847”)"
        in shown
    )


@pytest.mark.parametrize(
    ("place", "order", "fold"), [("leads", False, False), ("beside", True, False), ("folded", True, True)]
)
def test_where_the_prose_stands_is_what_was_measured_of_the_model(
    place: str, order: bool, fold: bool
) -> None:
    shown = drawn(replace(TURN, evidence=replace(EVIDENCE, prose=place)))  # type: ignore[arg-type]
    assert (shown.index("used in fog") < shown.index("Otto")) is order
    assert ('<details class="own-words"><summary>' in shown) is fold


def test_what_the_documents_do_not_say_is_said_first() -> None:
    shown = drawn(replace(TURN, evidence=replace(EVIDENCE, found=False)))
    assert shown.index(NOT_FOUND) < shown.index("used in fog")
    assert NOT_FOUND not in drawn(TURN)
    assert NOT_FOUND not in drawn(replace(TURN, evidence=Evidence()))


def test_quotes_are_there_while_the_answer_is_waited_for() -> None:
    shown = drawn(Turn("How much?", evidence=EVIDENCE))
    assert "used in fog" in shown and "…" in shown


def test_many_missing_facts_are_named_in_the_line_alone() -> None:
    checks = tuple(TurnCheck(str(n), n * 5, n * 5 + 2, "number", "absent") for n in range(10, 19))
    turn = replace(TURN, answer="12 34 " * 30, review=Review((), checks, "memory"))
    shown = drawn(turn)
    assert "check-note absent" not in shown and shown.count("check absent") == 9
    assert "9 not in your documents (“10”, “11”, “12”, “13”, …)" in shown


def test_a_value_that_belongs_to_something_else_says_so() -> None:
    check = TurnCheck("1,250 kilograms", 9, 24, "number", "here", "d1", 4, "iv", doubtful=True)
    turn = replace(TURN, review=Review((), (check,), "memory"))
    assert "of something else" in drawn(turn)
    assert checks_words(turn) == "1 found, but said of something else (“1,250 kilograms”)"


def test_nothing_of_a_document_becomes_markup() -> None:
    quote = replace(QUOTE, document=HOSTILE, text=HOSTILE, core=(0, 5), label=HOSTILE)
    check = TurnCheck(HOSTILE, 0, 4, "name", "elsewhere", HOSTILE, 1, HOSTILE)
    citation = replace(REVIEW.citations[0], document=HOSTILE, label=HOSTILE, document_id=HOSTILE)
    turn = replace(
        TURN, evidence=replace(EVIDENCE, quotes=(quote,)), review=Review((citation,), (check,), HOSTILE)
    )
    for shown in (drawn(turn), memory.panel(STATS, trained=True, evidence=turn.evidence)):
        assert "<img" not in shown and "img" not in Elements(shown).tags


def test_copying_an_answer_takes_the_quotes_with_their_pages() -> None:
    assert (
        'data-text="“The crane lifts 1,250 kilograms. It must not be used in fog.”\n(harbour.pdf, p. iv)'
        in drawn(TURN)
    )


def test_an_answer_that_went_round_in_circles_says_so() -> None:
    assert TURN.figures is not None
    turn = replace(TURN, figures=replace(TURN.figures, reason="loop"))
    assert "ended where it began to repeat itself" in drawn(turn)


def test_looked_up_is_a_third_line_of_the_memory_and_a_third_colour_of_the_pages() -> None:
    pages = [
        PageStates("d1", "harbour.pdf", bytes([PageState.COMPRESSED] * 6)),
        PageStates("d2", "b", b"\1\1"),
    ]
    marked = with_recalled(pages, EVIDENCE)
    assert list(marked[0].states) == [1, 1, 4, 4, 1, 1] and marked[1] == pages[1]
    shown = memory.panel(STATS, marked, trained=True, evidence=EVIDENCE)
    assert '<rect class="recalled"' in shown and "pages 3 to 4: looked up" in shown
    assert (
        'class="swatch recalled"></span>recalled</th><td class="words">looked up</td><td class="num">120</td>'
        in shown
    )
    assert '<td class="words">looked up' not in memory.panel(STATS, pages, trained=True)


def test_the_status_line_says_how_many_passages_and_tokens() -> None:
    assert "1 passage, 120 tokens" in status.status_line(evidence=EVIDENCE)
    assert "looked up" not in status.status_line()


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("12", "p. 12"),
        ("12-13", "pp. 12-13"),
        ("xii", "p. xii"),
        ("A-3", "p. A-3"),
        ("slide 4", "slide 4"),
        ("line 80", "line 80"),
        ("", ""),
    ],
)
def test_pages_are_cited_as_what_they_are(label: str, shown: str) -> None:
    assert page_words(label) == shown
