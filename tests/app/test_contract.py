"""What the engine promises the page: the real one and the fake of the page's tests both keep it.

Recalled?  ->  Waiting*  ->  AnswerStarted  ->  Recalled?  ->  PromptRead*  ->  AnswerToken+  ->  AnswerFinished
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.conversation import ChatBusyError, ChatClosedError, ChatError, UnknownChatError
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerStarted,
    AnswerToken,
    ReadPhase,
    TurnState,
    Waiting,
)
from app.documents import Extracted
from tests.app.chatting import SETTINGS, World, wait_until
from tests.app.ui.fakes import FakeEngine

PAGES = tuple(
    f"Page {number}: the pump must not be opened before the pressure falls. " * 4 for number in range(6)
)
ANSWERED = re.compile(
    r"(Recalled )?(Waiting )*AnswerStarted (Recalled )?(PromptRead )*(AnswerToken )+AnswerFinished"
)
ORDER = (ReadPhase.QUEUED, ReadPhase.COUNTING, ReadPhase.READING, ReadPhase.DONE)


@dataclass
class Side:
    """One of the two engines, and how to make it slow, or fail."""

    engine: Any
    add: Callable[[Extracted], str]
    settings: Any
    slow: Callable[[], None]
    fail: Callable[[Any], None]

    def chat(self, *documents: str) -> Any:
        chat = self.engine.new_chat(self.settings)
        for document in documents:
            chat.add_document(document)
        return chat

    def document(self) -> str:
        return self.add(Extracted.of_texts("manual.txt", "txt", "ab" * 32, PAGES))


@pytest.fixture(params=["real", "fake"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    settings = replace(SETTINGS, recall=True, max_new_tokens=14)
    if request.param == "fake":
        fake = FakeEngine(pace=0.002)

        def fake_slow() -> None:
            fake.pace = 0.03

        def fake_fail(chat: Any) -> None:
            chat.fail_next = "The device is gone, so there is no answer; ask again."

        yield Side(fake, lambda document: fake.library.add(document).id, settings, fake_slow, fake_fail)
        fake.close()
        return
    world = World(tmp_path)

    def slow() -> None:
        world.counting.before = lambda ids: threading.Event().wait(0.02) and None

    def fail(chat: Any) -> None:
        def before(ids: list[int]) -> None:
            raise RuntimeError("the device is gone")

        world.counting.before = before

    yield Side(world.engine, lambda document: world.library.add(document).id, settings, slow, fail)
    world.close()


def names(events: Sequence[object]) -> str:
    return " ".join(type(event).__name__ for event in events)


def read(chat: Any) -> None:
    wait_until(lambda: not chat.reading)


def test_a_document_is_read_forwards_to_its_end(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    seen = []
    while chat.reading:
        seen += chat.documents
    seen += chat.documents
    phases = [ORDER.index(state.phase) for state in seen]
    assert phases == sorted(phases) and seen[-1].phase is ReadPhase.DONE
    done = [state.tokens_done for state in seen]
    assert done == sorted(done) and done[-1] == seen[-1].tokens_total > 0
    assert seen[-1].tokens_exact and seen[-1].pages_done == seen[-1].page_count == len(PAGES)
    assert seen[-1].fraction == 1.0 and not seen[-1].active and seen[-1].cache_nbytes > 0
    (pages,) = chat.page_states()
    assert len(pages.states) == len(PAGES)
    assert chat.stats().seq_length >= done[-1] and chat.held().cache_nbytes > 0


def test_a_paused_reading_goes_on_where_it_stopped(side: Side) -> None:
    side.slow()
    document = side.document()
    chat = side.chat(document)
    chat.cancel_reading(document)
    wait_until(lambda: chat.documents[0].phase is ReadPhase.PAUSED and not chat.reading)
    before = chat.documents[0].tokens_done
    chat.resume_reading(document)
    read(chat)
    assert chat.documents[0].phase is ReadPhase.DONE and chat.documents[0].tokens_done >= before


def test_an_answer_waits_for_the_reading_and_comes_token_by_token(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    events = list(chat.ask("What must not be opened?"))
    assert ANSWERED.fullmatch(names(events)), names(events)
    waiting = [event for event in events if isinstance(event, Waiting)]
    assert waiting and waiting[0].reading is not None and waiting[0].reading.name == "manual.txt"
    (started,) = [event for event in events if isinstance(event, AnswerStarted)]
    assert started.turn_index == 0 and started.read_all and started.tokens_read == started.tokens_total
    assert started.pages_read == started.pages_total == len(PAGES)
    tokens = [event.tokens for event in events if isinstance(event, AnswerToken)]
    assert tokens == list(range(1, len(tokens) + 1))
    assert isinstance(events[-1], AnswerFinished)
    assert (events[-1].turn_index, [events[-1].turn]) == (0, chat.turns)
    turn = chat.turns[0]
    assert turn.state is TurnState.DONE and turn.figures is not None and turn.figures.read_all
    assert turn.found and turn.quotes and turn.evidence.searched
    assert not chat.answering and chat.answer_event is None
    assert chat.title == "What must not be opened?"


def test_asked_at_once_it_is_answered_from_what_has_been_read(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    events = list(chat.ask("Why?", now=True))
    assert isinstance(events[-1], AnswerFinished) and events[-1].turn.figures.read_all is False
    read(chat)


def test_a_wait_can_be_ended(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    events = []
    for event in chat.ask("Why?"):
        events.append(event)
        if isinstance(event, Waiting):
            chat.answer_now()
    assert isinstance(events[-1], AnswerFinished) and events[-1].turn.figures.read_all is False


def test_stopped_before_the_first_token_nothing_was_asked(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    events = []
    for event in chat.ask("Why?"):
        events.append(event)
        chat.stop()
    assert events[-1] == AnswerCancelled("Why?") and not any(
        isinstance(event, AnswerToken) for event in events
    )
    assert chat.turns == [] and not chat.answering


def test_stopped_later_what_was_written_is_kept(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    read(chat)
    written = ""
    for event in chat.ask("Why?"):
        if isinstance(event, AnswerToken):
            written += event.text
            assert chat.turns[-1].state is TurnState.ANSWERING and chat.answering
            chat.stop()
    assert isinstance(event, AnswerFinished)
    assert event.turn.state is TurnState.STOPPED and event.turn.pieces
    assert event.turn.answer.startswith(written)  # half a character may follow
    assert chat.turns == [event.turn]


def test_one_answer_at_a_time(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    events = chat.ask("Why?")
    next(events)
    for refused in (lambda: chat.ask("How?"), lambda: chat.undo(0)):
        with pytest.raises(ChatBusyError):
            refused()
    chat.stop()
    assert isinstance(list(events)[-1], AnswerCancelled | AnswerFinished)
    with pytest.raises(ChatError, match="empty"):
        chat.ask("  ")


def test_a_failure_is_one_sentence_and_leaves_the_transcript(side: Side) -> None:
    chat = side.chat(side.document())
    read(chat)
    list(chat.ask("Why?"))
    before = chat.turns
    side.fail(chat)
    events = list(chat.ask("How?"))
    last = events[-1]
    assert isinstance(last, AnswerFailed) and last.question == "How?"
    assert "the device is gone" in last.message.lower() and last.message.endswith(".")
    assert chat.turns == before and not chat.answering


def test_answering_again_and_editing_make_versions(side: Side) -> None:
    chat = side.chat(side.document())
    read(chat)
    list(chat.ask("Why?"))
    assert ANSWERED.fullmatch(names(list(chat.regenerate(0))))
    list(chat.edit(0, "How?"))
    assert [turn.question for turn in chat.turns] == ["How?"]
    assert [(place.number, place.count) for place in chat.versions] == [(3, 3)]
    chat.choose_version(0, 1)
    assert [turn.question for turn in chat.turns] == ["Why?"]
    assert chat.undo(0) == "Why?" and chat.turns == []


def test_a_closed_chat_keeps_what_was_written_and_comes_back(side: Side) -> None:
    side.slow()
    chat = side.chat(side.document())
    read(chat)
    events = chat.ask("Why?")
    for event in events:
        if isinstance(event, AnswerToken):
            break
    side.engine.close_chat(chat.id)
    last = list(events)[-1]
    assert isinstance(last, AnswerFinished) and last.turn.state is TurnState.STOPPED
    with pytest.raises(ChatClosedError):
        chat.ask("Why?")
    back = side.engine.chat(chat.id)
    assert [turn.answer for turn in back.turns] == [last.turn.answer]
    read(back)
    assert isinstance(list(back.ask("How?"))[-1], AnswerFinished)
    side.engine.delete_chat(chat.id)
    for gone in (lambda: side.engine.chat(chat.id), lambda: side.engine.delete_chat(chat.id)):
        with pytest.raises(UnknownChatError):
            gone()


def test_what_is_taken_back_can_be_shown_again_and_delete_deletes(side: Side) -> None:
    chat = side.chat()
    for question in ("one?", "two?", "three?"):
        list(chat.ask(question))
    assert chat.undo(1) == "two?"
    assert [turn.question for turn in chat.turns] == ["one?"]
    assert [(place.number, place.count, place.following) for place in chat.versions] == [(1, 1, 2), (0, 1, 2)]
    chat.choose_version(1, 1)
    assert [turn.question for turn in chat.turns] == ["one?", "two?", "three?"]
    with pytest.raises(ChatError, match="no version 2 of this turn"):
        chat.choose_version(1, 2)
    list(chat.edit(1, "another?"))
    assert chat.delete_turn(1) == 1
    assert [turn.question for turn in chat.turns] == ["one?", "two?", "three?"]
    assert chat.delete_turn(0) == 3
    assert chat.turns == [] and chat.versions == []


def test_pinned_chats_come_first_and_presets_are_for_new_ones(side: Side) -> None:
    first, second = side.chat(), side.chat()
    for chat in (first, second):
        list(chat.ask("one?"))
    assert [entry.id for entry in side.engine.list_chats()] == [second.id, first.id]
    side.engine.pin_chat(first.id, True)
    assert [(entry.id, entry.pinned) for entry in side.engine.list_chats()] == [
        (first.id, True),
        (second.id, False),
    ]
    assert side.engine.last_used_chat() == second.id
    with pytest.raises(UnknownChatError):
        side.engine.pin_chat("nobody", True)
    presets = side.engine.presets
    assert presets.for_new_chats().settings == side.engine.default_settings()
    presets.save("Mine", side.settings)
    presets.choose_for_new_chats("Mine")
    assert presets.for_new_chats().settings == side.settings and presets.name_of(side.settings) == "Mine"
