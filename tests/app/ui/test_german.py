"""A German page over a real engine: what goes wrong is told in German, and stays so when the chat is opened again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.live import LiveChannel
from app.ui.loading import EngineLoader
from app.ui.page import Components
from app.ui.session import Tab, Tabs
from tests.app.chatting import SETTINGS, World
from tests.app.ui.desk import request, until, words


class GermanPage:
    """One tab of a page whose browser wants German."""

    def __init__(self, world: World, folder: Path) -> None:
        loader = EngineLoader(lambda report: world.engine)
        loader.start()
        assert loader.wait(10)
        self.handlers = Handlers(loader, Tabs(), UploadFolder(folder), SETTINGS)
        self.tab: Tab = self.handlers.open_tab("one")
        self.tab.language = "de"
        self.handlers.bind(self.tab.id, request("one"))
        self._channel = LiveChannel(self.handlers)
        self.look()

    def act(self, action: str, **data: Any) -> None:
        self.handlers.act(self.tab, {"action": action, **data})

    def look(self) -> dict[str, Any]:
        self.tab.lists_due = 0.0
        return self._channel.changes(self.tab)

    def notice(self) -> str:
        """The next thing that is said."""
        deadline = time.monotonic() + 10
        while not (notices := self.look().get("notices", [])):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return str(notices[0]["text"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "data")
    yield world
    world.close()


def test_what_goes_wrong_is_told_in_german(world: World, tmp_path: Path, components: Components) -> None:
    page = GermanPage(world, tmp_path / "uploads")

    page.act("ask", value="Why? " * 100)
    assert page.notice().startswith("Die Frage hat 5")

    upload = tmp_path / "uploads" / "plan.pdf"
    upload.parent.mkdir(exist_ok=True)
    upload.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 2000)
    page.act("upload", files=[{"name": "plan.pdf", "path": str(upload)}])
    until(lambda: all(entry.finished for entry in page.tab.imports))
    page.tab.shown.clear()
    assert (
        "plan.pdf wurde nicht hinzugefügt: Dem Namen nach ist es ein PDF, dem Inhalt nach ein PNG-Bild; besorgen Sie"
        in words(page.look()["parts"]["documents"])
    )

    hidden = upload.with_name("notes.rtf")
    hidden.write_text(r"{\rtf1 The mill burned down in 1843. {\v Nobody knows.}}")
    page.act("upload", files=[{"name": "notes.rtf", "path": str(hidden)}])
    until(lambda: page.tab.importing is None)
    (document,) = world.library.list()
    page.act("open-page", document=document.id, page="1")
    assert "Text, der als verborgen formatiert ist, ist ausgelassen." in words(
        page.look()["parts"]["reader-title"]
    )

    form = components.form
    values = form.values(SETTINGS)
    for component, value, sentence in (
        (form.attention_sinks, -3, "Die Einstellung „Anker“ ist -3, keine ganze Zahl ab 0"),
        (form.temperature, 7.5, "Die Einstellung „Temperatur“ ist 7,5, außerhalb von 0,0 … 5,0"),
    ):
        page.handlers.apply_settings(form)({**values, component: value}, request("one"))
        assert page.notice().startswith(sentence)

    assert page.tab.chat is not None
    page.act("rename-chat", chatId=page.tab.chat.id, value=" ")
    assert page.notice().startswith("Der Titel ist leer")


def test_an_answer_that_failed_is_told_in_german_also_after_a_restart(world: World, tmp_path: Path) -> None:
    page = GermanPage(world, tmp_path / "uploads")
    fed = 0

    def fail_in_the_answer(ids: list[int]) -> None:
        nonlocal fed
        fed += 1
        if fed == 5:
            raise RuntimeError("lightning")

    world.counting.before = fail_in_the_answer
    page.act("ask", value="Why?")
    sentence = (
        "Die Antwort endete durch einen Fehler (RuntimeError: lightning); was geschrieben war, ist aufgehoben"
    )
    assert page.notice().startswith(sentence)
    chat = page.tab.chat
    assert chat is not None and chat.turns[0].answer
    world.counting.before = lambda ids: None
    page.handlers.close_tab(page.tab)
    world.restart()
    again = GermanPage(world, tmp_path / "uploads")
    again.act("open-chat", chatId=chat.id)
    again.tab.shown.clear()
    assert sentence in words(" ".join(str(part) for part in again.look()["parts"].values()))
