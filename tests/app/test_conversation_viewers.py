"""Who views a chat decides how long it stays open, never whether it reads and answers."""

from __future__ import annotations

from dataclasses import replace

from app.conversation import Chat, ChatClosedError
from app.conversation.events import ReadPhase, TurnState
from tests.app.chatting import SETTINGS, Gate, World, finish, pages, start_answer, wait_until


def closed(chat: Chat) -> bool:
    try:
        chat.update_settings(chat.settings)
    except ChatClosedError:
        return True
    return False


def test_a_chat_without_viewers_is_closed_and_comes_back(world: World) -> None:
    engine = world.engine
    chat = engine.view_chat()
    assert finish(chat.ask("Why?"))
    other = engine.view_chat(chat.id)
    assert other is chat
    engine.leave_chat(other)
    engine.leave_chat(chat)
    wait_until(lambda: closed(chat))
    again = engine.view_chat(chat.id)
    assert again is not chat
    assert [turn.question for turn in again.turns] == ["Why?"]


def test_reading_and_answering_go_on_without_viewers(world: World) -> None:
    engine = world.engine
    gate = Gate(world, after_chunks=1)
    chat = engine.view_chat(settings=replace(SETTINGS, max_new_tokens=40))
    chat.add_document(world.document(texts=pages(14)))
    assert gate.reached.wait(20)
    events = chat.ask("Why?")
    engine.leave_chat(chat)
    gate.open()
    turn = finish(events)
    assert turn.state is TurnState.DONE and turn.figures is not None and turn.figures.read_all
    assert [state.phase for state in chat.documents] == [ReadPhase.DONE]
    wait_until(lambda: closed(chat))


def test_a_page_that_is_loaded_again_finds_its_chat_open(world: World) -> None:
    world.linger = 600.0
    world.restart()
    chat = world.engine.view_chat()
    start_answer(chat).close()
    world.engine.leave_chat(chat)
    assert world.engine.view_chat(chat.id) is chat
    world.engine.leave_chat(chat)
    world.engine.close()  # which waits for nobody who lingers
    world.engine = world._engine()


def test_an_unknown_chat_is_a_new_one_and_a_deleted_one_is_left_alone(world: World) -> None:
    engine = world.engine
    chat = engine.view_chat("nosuchchat")
    assert chat.turns == [] and engine.last_used_chat() == ""
    finish(chat.ask("Why?"))
    assert engine.last_used_chat() == chat.id
    engine.delete_chat(chat.id)
    engine.leave_chat(chat)
    assert engine.last_used_chat() == ""
