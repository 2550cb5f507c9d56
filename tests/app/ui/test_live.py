"""What a page is sent over its connection, and its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient, WebSocketTestSession

from app.conversation import ChatSettings
from app.ui.live import LiveChannel
from app.ui.page import Components
from app.ui.views.markdown import to_html
from tests.app.ui.desk import World, chat_of, request, sentences, settle, until, words
from tests.app.ui.fakes import ANSWER


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    app = FastAPI()
    app.add_api_websocket_route("/live", LiveChannel(world.handlers).__call__)
    with TestClient(app) as client:
        yield client


class Shown:
    """What a page shows: the parts it was sent, the last of each."""

    def __init__(self, socket: WebSocketTestSession) -> None:
        self._socket = socket
        self.hello = socket.receive_json()["hello"]
        self.parts: dict[str, str] = {}
        self.box: dict[str, Any] = {}
        self.notices: list[str] = []
        self.messages = 0

    def take(self) -> dict[str, Any]:
        message = self._socket.receive_json()
        self.messages += 1
        assert not {name for name, html in message.get("parts", {}).items() if self.parts.get(name) == html}
        self.parts |= message.get("parts", {})
        self.box = message.get("box", self.box)
        self.notices += [notice["text"] for notice in message.get("notices", [])]
        return message

    def until(self, words_: str, part: str) -> None:
        for _ in range(200):
            if words_ in words(self.parts.get(part, "")):
                return
            self.take()
        raise AssertionError(f"{part} never showed {words_!r}")


def test_a_page_is_sent_all_it_shows_and_then_what_changes(world: World, client: TestClient) -> None:
    with client.websocket_connect("/live?tab=mine") as socket:
        page = Shown(socket)
        assert page.hello["tab"] == "mine" and page.hello["boot"]
        page.take()
        assert {"documents", "chats", "memory", "status", "earlier", "last", "facts"} <= page.parts.keys()
        assert page.box["ready"] and not page.box["busy"]
        socket.send_json({"action": "ask", "value": "one?"})
        page.until(words(to_html(ANSWER)), "last")
        while page.box["busy"]:
            page.take()
        socket.send_json({"action": "ask", "value": "x" * 200_001})
        while not page.notices:
            message = page.take()
        assert "200,001 characters" in page.notices[0]
        assert message["box"]["returned"] == "x" * 200_001
    until(lambda: len(world.tabs) == 0)


def test_an_idle_page_is_sent_nothing(world: World, client: TestClient) -> None:
    channel = LiveChannel(world.handlers)
    tab = world.open()
    assert channel.changes(tab)
    assert channel.changes(tab) == {}
    world.ask("one?")
    settle(tab)
    assert channel.changes(tab)["parts"].keys() >= {"last", "status", "chats"}
    assert channel.changes(tab) == {}


def test_messages_that_make_no_sense_harm_nothing(world: World, client: TestClient) -> None:
    with client.websocket_connect("/live") as socket:
        page = Shown(socket)
        page.take()
        for text in ("nonsense", "[]", "[" * 100_000, "3", '{"action": {}}', '{"action": "open-chat"}'):
            socket.send_text(text)
        while not page.notices:
            page.take()
        assert "reload" in page.notices[0]
        socket.send_json({"action": "ask", "value": "still there?"})
        page.until("still there?", "last")


def test_two_pages_on_one_chat_show_the_same(world: World, client: TestClient) -> None:
    with client.websocket_connect("/live?tab=a") as one:
        first = Shown(one)
        first.take()
        one.send_json({"action": "ask", "value": "one?"})
        first.until(words(to_html(ANSWER)), "last")
        with client.websocket_connect("/live?tab=b") as two:
            second = Shown(two)
            second.until(words(to_html(ANSWER)), "last")
            one.send_json({"action": "ask", "value": "another"})
            first.until("another", "last")
            second.until("another", "last")


def test_settings_reach_the_chat_and_mistakes_say_so(world: World, components: Components) -> None:
    tab = world.open()
    form = components.form
    values = form.values(ChatSettings(sliding_window=480))
    assert form.settings(values) == ChatSettings(sliding_window=480), "what is shown is what is meant"
    values[form.seed] = "7"
    world.handlers.apply_settings(form)(values, request())
    assert chat_of(tab).settings.sliding_window == 480
    assert chat_of(tab).settings.sampling.seed == 7
    assert sentences(tab) == ["These settings are in use."]
    shown = world.handlers.show_settings(form)(request())
    assert shown.pop(form.memory).value == chat_of(tab).settings.memory
    assert shown.items() <= form.values(chat_of(tab).settings).items()
    for component, wrong, part in (
        (form.seed, "seven", "'seven' is not a whole number"),
        (form.sliding_window, 100_000, "over the 8,192"),
        (form.top_k, None, "top k is empty"),
        (form.sliding_window, -5, "“sliding window” is -5, not a whole number of 1 or more"),
        (form.sliding_window, 4096.5, "“sliding window” is 4096.5, not a whole number"),
        (form.attention_sinks, 1e30, "over the 8,192"),
        (form.temperature, 7, "“temperature” is 7, outside 0.0 … 5.0"),
        (form.top_p, 0, "“top-p” is 0"),
        (form.top_k, 2.5, "“top-k” is 2.5"),
        (form.max_new_tokens, 0, "“longest answer” is 0"),
        (form.seed, "9" * 30, "The seed is 9999"),
        (form.seed, "9" * 5000, "is not a whole number"),
    ):
        world.handlers.apply_settings(form)({**values, component: wrong}, request())
        assert part in sentences(tab)[0]
    assert chat_of(tab).settings.sliding_window == 480


def test_settings_preview_shows_the_cost_before_anything_changes(
    world: World, components: Components
) -> None:
    tab = world.open()
    world.act("add-document", documentId=world.document())
    until(lambda: not chat_of(tab).reading)
    form = components.form
    preview = world.handlers.preview_settings(form)
    values = form.values(chat_of(tab).settings)
    assert "read again" not in preview(values, request())
    changed = preview({**values, form.sliding_window: 480}, request())
    assert "read again: 10,800 tokens" in changed and "52.4 MB" in changed
    refused = preview({**values, form.sliding_window: 0}, request())
    assert "error" in refused and "sliding window" in refused
    assert preview({**values, form.sliding_window: None}, request()) == "", "the field is being typed in"
    assert chat_of(tab).settings.sliding_window == 960
