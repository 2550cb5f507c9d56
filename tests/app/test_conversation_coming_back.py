"""Coming back to a chat: closing it, a restart, a crash, the list of chats."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from app.conversation import ChatClosedError, ChatError, UnknownChatError
from app.conversation.events import AnswerCancelled, AnswerToken, ReadPhase, TurnState, Waiting
from tests.app.chatting import SETTINGS, Gate, World, finish, pages, rest, start_answer, wait_until

ROOT = Path(__file__).resolve().parents[2]
LONG = pages(14, seed=1)
ENDLESS = replace(SETTINGS, max_new_tokens=100_000)


def test_closing_a_chat_stops_it_and_frees_its_caches(world: World) -> None:
    chat = world.chat(world.document(), settings=replace(ENDLESS, max_new_tokens=8))
    for question in ("Why?", "How?", "When?"):
        finish(chat.ask(question))
    cache = weakref.ref(chat._state.reader.cache)
    chat.update_settings(ENDLESS)
    events = start_answer(chat)
    world.engine.close_chat(chat.id)
    (last,) = [event for event in events if not isinstance(event, AnswerToken)]
    assert last.turn.state is TurnState.STOPPED
    chat.join(10)
    gc.collect()
    assert cache() is None
    with pytest.raises(ChatClosedError):
        chat.ask("Why?")
    assert [turn.question for turn in world.engine.chat(chat.id).turns] == ["Why?", "How?", "When?", "Why?"]


def test_closing_while_reading_frees_the_cache_within_a_chunk(world: World) -> None:
    world.slow_down(0.05)
    chat = world.engine.new_chat(SETTINGS)
    chat.add_document(world.document(texts=LONG))
    wait_until(lambda: chat.documents[0].tokens_done > 0)
    cache = weakref.ref(chat._state.reader.cache)
    world.engine.close_chat(chat.id)
    chat.join(10)
    gc.collect()
    assert cache() is None


def test_a_chat_comes_back_after_a_restart_as_if_there_had_been_none(world: World) -> None:
    document = world.document()
    chat = world.chat(document)
    questions = ["Why?", "How?", "When?"]
    expected = [finish(chat.ask(question)).answer for question in questions]
    other = world.chat(document)
    for question in questions[:2]:
        finish(other.ask(question))
    before = other.turns
    world.restart()
    back = world.engine.chat(other.id)
    rest(back)
    assert back.turns == [
        replace(turn, pieces=tuple(replace(p, memory_share=round(p.memory_share, 4)) for p in turn.pieces))
        for turn in before
    ]
    assert back.settings == SETTINGS
    world.counting.fed.clear()
    assert finish(back.ask(questions[2])).answer == expected[2]
    assert world.counting.tokens_fed() < 300  # the two turns and the question, nothing of the document


def test_a_crash_in_the_middle_of_an_answer_keeps_question_and_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.conversation.answering._SAVE_ANSWER_SECONDS", 0.0)
    chat = world.engine.new_chat(ENDLESS)
    events = start_answer(chat)
    for _, event in zip(range(5), events, strict=False):
        assert isinstance(event, AnswerToken)
    world.crash_and_start()
    (turn,) = world.engine.chat(chat.id).turns
    assert (turn.question, turn.state) == ("Why?", TurnState.STOPPED)
    assert turn.message == "cut off when the program ended"
    assert len(turn.pieces) >= 5
    chat.stop()
    list(events)
    world.crashed.close()


def test_a_crash_before_the_first_token_keeps_the_question(world: World) -> None:
    gate = Gate(world, after_chunks=0)
    chat = world.engine.new_chat(SETTINGS)
    chat.add_document(world.document())
    assert gate.reached.wait(10)
    events = chat.ask("Why?")
    world.crash_and_start()
    gate.open()
    back = world.engine.chat(chat.id)
    (turn,) = back.turns
    assert (turn.question, turn.answer, turn.state) == ("Why?", "", TurnState.FAILED)
    assert "ask it again" in turn.message
    finish(back.regenerate())
    assert back.turns[0].state is TurnState.DONE
    events.close()
    world.crashed.close()


def test_chats_are_listed_renamed_and_deleted(world: World) -> None:
    empty = world.engine.new_chat(SETTINGS)
    chat = world.chat(world.document())
    assert [(entry.id, entry.title) for entry in world.engine.list_chats()] == [(chat.id, "manual.txt")]
    finish(chat.ask("What does   the valve do " + "and do " * 8 + "?"))
    assert chat.title.startswith("What does the valve do and do")
    assert len(chat.title) == 60
    assert world.engine.list_chats("valve")[0].title == chat.title
    assert world.engine.list_chats("nothing like it") == []
    world.engine.rename_chat(chat.id, "  Valves ")
    assert (chat.title, world.engine.list_chats()[0].title) == ("Valves", "Valves")
    with pytest.raises(ChatError, match="title is empty"):
        world.engine.rename_chat(chat.id, " ")
    world.restart()
    world.engine.rename_chat(chat.id, "Valves again")  # not open now
    assert world.engine.chat(chat.id).title == "Valves again"
    world.engine.delete_chat(chat.id)
    assert world.engine.list_chats() == []
    for gone in (chat.id, empty.id):
        with pytest.raises(UnknownChatError):
            world.engine.chat(gone)


def test_deleting_a_chat_in_the_middle_of_an_answer_leaves_no_row(world: World) -> None:
    chat = world.engine.new_chat(ENDLESS)
    events = start_answer(chat)
    world.engine.delete_chat(chat.id)
    list(events)
    assert world.engine.list_chats() == []


def test_a_question_that_waits_when_its_page_is_closed_is_kept(world: World) -> None:
    gate = Gate(world, after_chunks=1)
    chat = world.engine.new_chat(SETTINGS)
    chat.add_document(world.document())
    assert gate.reached.wait(10)
    events = chat.ask("Why?")
    assert isinstance(next(events), Waiting)
    world.engine.close_chat(chat.id)
    *_, last = events
    assert last == AnswerCancelled("Why?")
    gate.open()
    back = world.engine.chat(chat.id)
    (turn,) = back.turns
    assert (turn.question, turn.answer, turn.state) == ("Why?", "", TurnState.FAILED)
    assert finish(back.regenerate()).answer


READS_AND_ANSWERS = """
import sys, time
from dataclasses import replace
from pathlib import Path
import app.conversation.chat, app.conversation.reading
from app.conversation.events import AnswerToken
from tests.app.chatting import SETTINGS, World, pages

app.conversation.answering._SAVE_ANSWER_SECONDS = app.conversation.reading._SAVE_SECONDS = 0.0
app.conversation.reading._SAVE_SHARE = 1e9
world = World(Path(sys.argv[1]))
world.slow_down(0.05)
chat = world.engine.new_chat(replace(SETTINGS, max_new_tokens=100_000))
chat.add_document(world.document(texts=pages(40)))
while chat.documents[0].tokens_done < 3000:
    time.sleep(0.01)
for event in chat.ask("Why?", now=True):
    if isinstance(event, AnswerToken) and event.tokens == 20:
        print(chat.id, flush=True)
"""


def test_killing_the_program_while_it_reads_and_answers_loses_neither(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", READS_AND_ANSWERS, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    chat_id = child.stdout.readline().strip()
    child.kill()
    child.wait()
    assert chat_id, "the program ended by itself"
    world = World(tmp_path)
    try:
        chat = world.engine.chat(chat_id)
        (turn,) = chat.turns
        assert (turn.question, turn.state) == ("Why?", TurnState.STOPPED)
        assert len(turn.pieces) >= 19
        rest(chat)
        (state,) = chat.documents
        assert state.phase is ReadPhase.DONE
        assert world.counting.tokens_fed() < state.tokens_total - 2500, "what was read is not read again"
        chat.update_settings(SETTINGS)  # short answers from here on
        assert finish(chat.edit(0, "How?")).answer
    finally:
        world.close()
