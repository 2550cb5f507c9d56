"""Pages that are opened, closed, loaded again, and share a chat."""

from __future__ import annotations

from app.conversation.events import TurnState
from app.ui.drawing import PARTS, draw_transcript
from app.ui.follow import Follower
from app.ui.page import Components
from app.ui.views.status import Loading
from tests.app.ui.desk import World, chat_of, gather, request, sentences, settle, until


def test_chats_are_opened_renamed_found_and_deleted(world: World) -> None:
    tab = world.open()
    world.ask("first question")
    settle(tab)
    first = chat_of(tab).id
    world.click("new-chat")
    assert chat_of(tab).id != first and "Ask about long documents" in draw_transcript(tab)["last"]
    world.ask("second question")
    settle(tab)
    world.click("open-chat", chatId=first)
    assert "first question" in draw_transcript(tab)["last"]

    world.click("ask-rename", chatId=first)
    assert 'data-enter="rename-chat"' in PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    world.click("rename-chat", chatId=first, value="  The mill  ")
    assert world.engine.list_chats()[-1].title == "The mill"
    world.click("search-chats", value="MILL")
    drawn = PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    assert "The mill" in drawn and "second question" not in drawn

    world.click("ask-delete", chatId=first)
    assert "Delete" in PARTS["chats"](tab, world.engine, Loading(ready=True))  # type: ignore[arg-type]
    world.click("delete-chat", chatId=first)
    assert first not in world.engine.chats
    assert chat_of(tab).id != first, "the open chat was deleted, so there is a new one"


def test_a_reload_comes_back_to_its_chat(world: World) -> None:
    tab = world.open()
    world.ask("one")
    settle(tab)
    again = world.open("two", remembered=chat_of(tab).id)
    assert again.chat is tab.chat
    assert world.open("three", remembered="nosuchchat").chat is not tab.chat
    assert world.open("four", remembered="../../etc").wanted_chat == ""


def test_closing_a_tab_stops_its_answer_and_frees_its_cache(slow: World) -> None:
    tab = slow.open()
    slow.ask("one")
    until(lambda: bool(chat_of(tab).turns))
    chat = chat_of(tab)
    slow.handlers.close_tab(request())
    assert slow.engine.closed_chats == [chat.id]
    until(lambda: not chat.answering)
    assert chat.turns[0].state is TurnState.STOPPED
    assert len(slow.tabs) == 0
    slow.handlers.close_tab(request())  # the browser may say so twice
    slow.handlers.close_tab(request("never opened"))


def test_a_chat_open_in_two_tabs_is_closed_with_the_last(world: World) -> None:
    tab = world.open("one")
    world.ask("one?")
    settle(tab)
    other = world.open("two", remembered=chat_of(tab).id)
    world.handlers.close_tab(request("one"))
    assert world.engine.closed_chats == []
    assert not chat_of(other).closed
    world.handlers.close_tab(request("two"))
    assert world.engine.closed_chats == [chat_of(other).id]


def test_a_second_tab_of_a_chat_sees_its_answer_and_can_stop_it(slow: World, components: Components) -> None:
    one = slow.open("one")
    slow.click("add-document", "one", documentId=slow.document(pages=2))
    until(lambda: not chat_of(one).reading)
    slow.ask("one?", "one")
    two = slow.open("two", remembered=chat_of(one).id)
    assert two.busy and two.moving and two.answering is None
    assert slow.ask("two?", "two") != ""
    assert "being written" in sentences(two)[0]
    until(lambda: bool(chat_of(one).turns))
    slow.handlers.stop(request("two"))
    gather(Follower(slow.handlers, components).chat(request("two")))
    assert "stopped" in draw_transcript(two)["last"]


def test_a_page_that_comes_back_finds_its_chat(world: World, components: Components) -> None:
    """A computer that slept lost its connection: the tab was closed, but its page is still there."""
    tab = world.open()
    world.ask("one?")
    settle(tab)
    chat = chat_of(tab)
    world.handlers.close_tab(request())
    assert gather(Follower(world.handlers, components).parts(request())) == [], (
        "a page that is gone gets nothing"
    )
    assert len(world.tabs) == 0
    world.click("toggle-layers")
    again = world.tabs.get("one")
    assert again is not tab and again.chat is chat and again.show_layers


def test_leaving_a_chat_that_reads_lets_it_read_on(slow: World) -> None:
    tab = slow.open()
    slow.click("add-document", documentId=slow.document(pages=100))
    left = chat_of(tab)
    slow.click("new-chat")
    assert left in tab.background and left.reading and not left.closed
    slow.handlers.close_tab(request())
    assert left.closed


def test_leaving_an_idle_chat_frees_it(world: World) -> None:
    tab = world.open()
    left = chat_of(tab)
    world.click("new-chat")
    assert left.closed and not tab.background


def test_tabs_do_not_mix(world: World) -> None:
    one, two = world.open("one"), world.open("two")
    world.ask("from one", "one")
    world.ask("from two", "two")
    settle(one)
    settle(two)
    for tab, own, other in ((one, "from one", "from two"), (two, "from two", "from one")):
        assert own in draw_transcript(tab)["last"] and other not in draw_transcript(tab)["last"]
