"""The same question to the three kinds of memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ahn_core import SamplingSettings
from app.conversation import ChatError
from app.conversation.compare import first_difference
from app.conversation.events import AnswerToken, Comparison, PaneFailed, PaneFinished, Reading, ReadPhase
from tests.app.chatting import SETTINGS, World, finish, pages

SHORT = pages(1, characters=60)
KINDS = ("full", "window", "ahn")


def outcome(events) -> tuple[dict, Comparison]:
    """The last event of each pane, and the comparison."""
    events = list(events)
    assert events[-1].pane is None
    panes = {
        event.pane: event.event for event in events if isinstance(event.event, PaneFinished | PaneFailed)
    }
    return panes, events[-1].event


@pytest.mark.parametrize("sampling", [SamplingSettings(), SamplingSettings(temperature=1.0)])
def test_inside_the_window_all_kinds_answer_alike(world: World, sampling: SamplingSettings) -> None:
    settings = replace(SETTINGS, sampling=sampling)
    panes, comparison = outcome(world.engine.compare([world.document(texts=SHORT)], "Why?", settings))
    assert list(panes) == list(KINDS)
    assert len({pane.token_ids for pane in panes.values()}) == 1
    assert comparison.identical
    assert comparison.within_window
    assert not comparison.cancelled
    assert len(comparison.differences) == 3
    for pane in panes.values():
        assert pane.figures.time_to_first_token > 0
        assert pane.figures.decode_tokens_per_second > 0


def test_beyond_the_window_each_pane_has_its_own_answer_and_bytes(world: World) -> None:
    document = world.document(texts=pages(2, characters=160))
    settings = replace(SETTINGS, sliding_window=64)
    panes, comparison = outcome(world.engine.compare([document], "Why?", settings))
    assert not comparison.identical
    assert not comparison.within_window
    full, window, ahn = (panes[kind] for kind in KINDS)
    assert full.figures.cache_nbytes > ahn.figures.cache_nbytes > window.figures.cache_nbytes
    for difference in comparison.differences:
        first, second = panes[difference.first], panes[difference.second]
        at = difference.token
        assert first.token_ids[:at] == second.token_ids[:at]
        assert first.token_ids[at : at + 1] != second.token_ids[at : at + 1]
        assert first.answer[: difference.character] == second.answer[: difference.character]


def test_full_attention_beyond_the_trained_length_gives_a_sentence_and_no_answer(world: World) -> None:
    events = list(world.engine.compare([world.document()], "Why?", SETTINGS))
    panes, comparison = outcome(events)
    assert isinstance(panes["full"], PaneFailed)
    assert "512" in panes["full"].message
    assert not any(isinstance(event.event, AnswerToken) for event in events if event.pane == "full")
    assert isinstance(panes["ahn"], PaneFinished)
    assert [(d.first, d.second) for d in comparison.differences] == [("window", "ahn")]


def test_panes_read_with_progress_and_only_once(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    expected = finish(chat.ask("Why?")).answer
    world.counting.fed.clear()
    events = list(world.engine.compare([document], "Why?", SETTINGS, kinds=("window", "ahn")))
    shares = [
        event.event.fraction
        for event in events
        if event.pane == "window" and isinstance(event.event, Reading)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 0.5
    left = [event.event.seconds_left for event in events if isinstance(event.event, Reading)]
    assert left[0] is None or left[0] >= 0
    assert left[-1] is not None
    assert world.counting.tokens_fed() < chat.documents[0].tokens_total + 300  # the AHN's reading was kept
    assert outcome(events)[0]["ahn"].answer == expected  # as the chat answers
    world.counting.fed.clear()
    outcome(world.engine.compare([document], "Why?", SETTINGS, kinds=("window", "ahn")))
    assert world.counting.tokens_fed() < 200


def test_a_comparison_can_be_stopped_while_reading_and_while_answering(world: World) -> None:
    document = world.document(texts=pages(14, seed=1))
    world.slow_down(0.05)
    events = world.engine.compare([document], "Why?", SETTINGS, kinds=("ahn", "window"))
    for event in events:
        if isinstance(event.event, Reading) and event.event.document.phase is ReadPhase.READING:
            break
    events.stop()
    panes, comparison = outcome(events)
    assert (panes, comparison.differences, comparison.cancelled) == ({}, (), True)
    world.counting.before = lambda ids: None
    events = world.engine.compare(
        [document], "Why?", replace(SETTINGS, max_new_tokens=100_000), kinds=("ahn",)
    )
    assert any(isinstance(event.event, AnswerToken) for event in events)
    events.stop()
    assert outcome(events)[1].cancelled
    with world.engine._resources.device.ticket() as ticket:
        assert ticket.wait(5)


def test_comparing_without_a_document_works(world: World) -> None:
    panes, comparison = outcome(world.engine.compare([], "Why?", SETTINGS))
    assert len(panes) == 3
    assert comparison.identical


def test_an_error_in_one_pane_does_not_end_the_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    chunks = iter(range(1000))

    def fail_first(ids: list[int]) -> None:
        if next(chunks) == 0:
            raise RuntimeError("boom")

    world.counting.before = fail_first
    panes, _ = outcome(world.engine.compare([], "Why?", SETTINGS))
    assert isinstance(panes["full"], PaneFailed)
    assert "boom" in panes["full"].message
    assert isinstance(panes["ahn"], PaneFinished)
    assert "Traceback" in caplog.text


def test_a_comparison_of_nothing_is_refused(world: World) -> None:
    with pytest.raises(ChatError, match="question is empty"):
        world.engine.compare([], "  ", SETTINGS)
    with pytest.raises(ChatError, match="No kind of memory"):
        world.engine.compare([], "Why?", SETTINGS, kinds=())
    with pytest.raises(ChatError, match="no document"):
        world.engine.compare(["unknown"], "Why?", SETTINGS)


@pytest.mark.parametrize(
    ("first", "second", "index"),
    [("", "", None), ("abc", "abc", None), ("abc", "abd", 2), ("ab", "abc", 2), ("", "a", 0)],
)
def test_the_first_difference(first: str, second: str, index: int | None) -> None:
    assert first_difference(first, second) == index
