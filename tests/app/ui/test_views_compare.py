"""The drawn comparison and the drawn probe."""

from __future__ import annotations

import re

import pytest

from app.conversation.cloze import Cloze
from app.conversation.events import (
    ClozeAnswered,
    CompareEvent,
    Comparison,
    Difference,
    PaneFailed,
    PaneFinished,
    ProbeEnded,
    ProbeEvent,
    ProbeStarted,
)
from app.ui.views import comparison, probe
from tests.app.ui.desk import words
from tests.app.ui.fakes import figures


def compared(*events: CompareEvent) -> comparison.CompareState:
    state = comparison.CompareState("q?")
    for event in events:
        state = state.after(event)
    return state


def answered(kind: str, answer: str) -> CompareEvent:
    return CompareEvent(kind, PaneFinished(answer, (), (), figures(answer, 100, 100)))  # type: ignore[arg-type]


def test_identical_answers_are_said_to_be_identical() -> None:
    same = [Difference("full", "window", None, None), Difference("full", "ahn", None, None)]
    state = compared(
        *(answered(kind, "Yes.") for kind in comparison.PANES),
        CompareEvent(None, Comparison((*same, Difference("window", "ahn", None, None)), True, False)),
    )
    assert comparison.verdict(state) == (
        "All three answers are identical. Everything still fits the window, where they must be.",
    )
    assert "<mark" not in comparison.panes(state)


def test_the_first_difference_is_marked_in_both_panes() -> None:
    differences = (Difference("window", "ahn", 4, 1),)
    state = compared(
        CompareEvent("full", PaneFailed("Over the 8,192 tokens the base was trained for.")),
        answered("window", "The mill."),
        answered("ahn", "The church."),
        CompareEvent(None, Comparison(differences, False, False)),
    )
    drawn = comparison.panes(state)
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", drawn) == ["mill.", "church."]
    assert "Window only and AHN part after 4 characters." in drawn
    assert "Over the 8,192 tokens" in drawn


def test_an_answer_that_merely_ends_sooner_is_marked_at_its_end() -> None:
    state = compared(
        answered("window", "Yes"),
        answered("ahn", "Yes, it is"),
        CompareEvent(None, Comparison((Difference("window", "ahn", 3, 1),), False, False)),
    )
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", comparison.panes(state)) == [" ", "Yes,"]


@pytest.mark.parametrize(
    ("answer", "parts_at", "word"),
    [
        ("The mill.", 4, "mill."),
        ("The mill.", 6, "mill."),
        ("one two", 3, "two"),
        ("one", 3, ""),
        ("one\ntwo three", 5, "two"),
    ],
)
def test_the_first_word_that_differs_is_a_whole_one(answer: str, parts_at: int, word: str) -> None:
    begin, end = comparison.different_word(answer, parts_at)
    assert answer[begin:end] == word


def test_panes_show_their_figures() -> None:
    seen = words(comparison.panes(compared(answered("window", "Yes."))))
    for part in ("write 74 tok/s", "to first token 0.3 s", "cache 52.4 MB", "tokens read 100"):
        assert part in seen


def probed(*, trained: bool = True, ended: ProbeEnded | None = None) -> probe.ProbeState:
    """A probe in which AHN gives the right word 60% and the window 20%, but for a last question both miss."""
    questions = tuple(Cloze(f"<cue {i}>", f"Right{i}", ("Wrong", "Worse", "Worst")) for i in range(10))
    state = probe.ProbeState().after(ProbeEvent(None, ProbeStarted(questions, trained)))
    for kind, share in (("ahn", 0.6), ("window", 0.2)):
        for index in range(10):
            given = (share if index < 9 else 0.1, 0.3, 0.05, 0.05)
            state = state.after(ProbeEvent(kind, ClozeAnswered(index, given)))  # type: ignore[arg-type]
    return state if ended is None else state.after(ProbeEvent(None, ended))


def test_a_probe_is_drawn_with_its_numbers() -> None:
    drawn = probe.panel(probed(ended=ProbeEnded()), ready=True, running=False)
    seen = words(drawn)
    assert "AHN 9 of 10, window only 0 of 10; guessing would get 2.5." in seen
    assert "Window only 0 of 10 19%" in seen and "AHN 9 of 10 55%" in seen
    assert drawn.count("<rect") == 20 and drawn.count(" missed") == 11
    assert "&lt;cue 3&gt;" in drawn and "<cue" not in drawn
    assert "Ask again" in seen


def test_a_probe_says_where_it_is_and_why_it_could_not_be_held() -> None:
    running = probe.panel(probed(), ready=True, running=True)
    assert "Window only: question 10 of 10" in words(running) and "Stop" in words(running)
    assert "verdict" not in running
    assert "adds nothing" in words(
        probe.panel(probed(trained=False, ended=ProbeEnded()), ready=True, running=False)
    )
    failed = probe.panel(probed(ended=ProbeEnded(message="Too <short>.")), ready=True, running=False)
    assert "Too &lt;short&gt;." in failed and "<rect" not in failed
    assert "Stopped before" in probe.panel(
        probed(ended=ProbeEnded(cancelled=True)), ready=True, running=False
    )
    assert "data-action" not in probe.panel(None, ready=False, running=False), "nothing to ask about yet"
