"""Pages that are opened, closed, loaded again, and share a chat."""

from __future__ import annotations

import pytest

from app.conversation.events import TurnState
from app.ui.drawing import PARTS, draw_transcript
from app.ui.views.status import Loading
from tests.app.ui.desk import World, chat_of, sentences, settle, until, writing


def test_chats_are_opened_renamed_found_and_deleted(world: World) -> None:
    tab = world.open()
    world.ask("first question")
    settle(tab)
    first = chat_of(tab).id
    world.act("new-chat")
    assert chat_of(tab).id != first and "Ask about long documents" in draw_transcript(tab)["last"]
    world.ask("second question")
    settle(tab)
    world.act("open-chat", chatId=first)
    assert "first question" in draw_transcript(tab)["last"]

    world.act("ask-rename", chatId=first)
    assert 'data-enter="rename-chat"' in PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    world.act("rename-chat", chatId=first, value="  The mill  ")
    assert world.engine.list_chats()[-1].title == "The mill"
    world.act("search-everything", value="MILL")
    drawn = PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "The mill" in drawn and "second question" not in drawn

    world.act("ask-delete", chatId=first)
    assert "Delete" in PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    world.act("delete-chat", chatId=first)
    assert first not in world.engine.chats
    assert chat_of(tab).id != first, "the open chat was deleted, so there is a new one"


def test_the_open_chat_is_left_before_it_is_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    first, open_then = chat_of(tab).id, []
    delete = world.engine.delete_chat

    def deleting(chat_id: str) -> None:
        open_then.append(chat_of(tab).id)
        delete(chat_id)

    monkeypatch.setattr(world.engine, "delete_chat", deleting)
    world.act("delete-chat", chatId=first)
    assert open_then == [chat_of(tab).id] and first not in open_then, (
        "no look at the page finds the one that goes"
    )
    assert world.engine.viewers[first] == 0


def test_a_chat_that_cannot_be_opened_costs_itself_alone(world: World) -> None:
    tab = world.open()
    world.ask("a question")
    settle(tab)
    first = chat_of(tab).id
    world.engine.unreadable.add("harmed")
    world.act("open-chat", chatId="harmed")
    assert sentences(tab) == ["The chat harmed cannot be opened; it was left as it is."]
    assert chat_of(tab).id == first, "the page stays with its chat"
    again = world.open("two", remembered="harmed")
    assert sentences(again) == ["The chat harmed cannot be opened; it was left as it is."]
    assert "Ask about long documents" in draw_transcript(again)["last"]
    world.ask("another question", "two")
    settle(again)
    world.act("new-chat", "two")
    assert sentences(again) == []


def test_a_reload_comes_back_to_its_chat(world: World) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    again = world.open("two", remembered=chat_of(tab).id)
    assert again.chat is tab.chat
    assert world.open("three", remembered="nosuchchat").chat is not tab.chat
    assert world.open("four", remembered="../../etc").wanted_chat == ""


def test_a_page_without_a_chat_of_its_own_shows_the_one_used_last(world: World) -> None:
    tab = world.open()
    assert chat_of(tab).turns == []
    world.ask("one")
    settle(tab)
    assert world.open("two").chat is tab.chat


def test_an_answer_goes_on_without_its_tab(slow: World) -> None:
    tab = slow.open()
    slow.ask("one")
    writing(tab)
    chat = chat_of(tab)
    slow.close()
    assert slow.engine.closed_chats == [] and chat.answering and len(slow.tabs) == 0
    again = slow.open("again", remembered=chat.id)
    assert again.chat is chat and again.busy and again.moving
    until(lambda: not chat.answering)
    assert chat.turns[0].state is TurnState.DONE


def test_a_chat_open_in_two_tabs_is_closed_with_the_last(world: World) -> None:
    tab = world.open("one")
    world.ask("one?")
    settle(tab)
    other = world.open("two", remembered=chat_of(tab).id)
    chat = chat_of(other)
    world.close("one")
    assert world.engine.closed_chats == [] and not chat.closed
    world.close("two")
    assert world.engine.closed_chats == [chat.id]


def test_a_second_tab_of_a_chat_sees_its_answer_and_can_stop_it(slow: World) -> None:
    one = slow.open("one")
    slow.act("add-document", "one", documentId=slow.document(pages=2))
    until(lambda: not chat_of(one).reading)
    slow.ask("one?", "one")
    two = slow.open("two", remembered=chat_of(one).id)
    assert two.busy and two.moving and two.answering is None
    assert not slow.ask("two?", "two")
    assert "being written" in sentences(two)[0]
    writing(one)
    assert draw_transcript(one).keys() == draw_transcript(two).keys()
    slow.act("stop", "two")
    until(lambda: not two.busy)
    assert "stopped" in draw_transcript(two)["last"]


def test_waiting_shows_in_every_tab_of_a_chat(slow: World) -> None:
    one = slow.open("one")
    slow.act("add-document", "one", documentId=slow.document(pages=100))
    slow.ask("one?", "one")
    two = slow.open("two", remembered=chat_of(one).id)
    until(lambda: chat_of(one).answer_event is not None)
    assert "Waiting until" in PARTS["activity"](two, slow.engine, Loading(ready=True))  # type: ignore[arg-type]
    slow.act("ask-now", "two")
    writing(two)
    slow.act("ask-now", "one")  # it may only end a wait
    settle(one)
    assert chat_of(one).turns[0].state is TurnState.DONE


def test_a_copy_of_a_page_is_a_tab_of_its_own(world: World) -> None:
    one, copy = world.handlers.open_tab("same"), world.handlers.open_tab("same")
    assert one.id == "same" != copy.id
    world.handlers.close_tab(one)
    assert world.handlers.open_tab("same").id == "same", "a page that comes back is who it was"


def test_leaving_a_chat_that_reads_lets_it_read_on(slow: World) -> None:
    tab = slow.open()
    slow.act("add-document", documentId=slow.document(pages=100))
    left = chat_of(tab)
    slow.act("new-chat")
    assert left.reading and not left.closed
    slow.close()
    assert left.reading and not left.closed


def test_leaving_an_idle_chat_frees_it(world: World) -> None:
    tab = world.open()
    left = chat_of(tab)
    world.act("new-chat")
    assert left.closed


def test_tabs_do_not_mix(world: World) -> None:
    one, two = world.open("one"), world.open("two")
    world.ask("from one", "one")
    world.ask("from two", "two")
    settle(one)
    settle(two)
    for tab, own, other in ((one, "from one", "from two"), (two, "from two", "from one")):
        assert own in draw_transcript(tab)["last"] and other not in draw_transcript(tab)["last"]
