"""Handlers over a fake engine, and what a page would send them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.documents import Extracted
from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.loading import EngineLoader
from app.ui.session import Tab, Tabs
from tests.app.ui.fakes import FakeChat, FakeEngine


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


class World:
    """Handlers over a fake engine, and what a page would send them."""

    def __init__(self, folder: Path, engine: FakeEngine) -> None:
        self.engine = engine
        self.uploads = UploadFolder(folder)
        self.loader = EngineLoader(lambda report: engine)  # type: ignore[arg-type, return-value]
        self.loader.start()
        assert self.loader.wait(5)
        self.tabs = Tabs()
        self.handlers = Handlers(self.loader, self.tabs, self.uploads)
        self.opened: dict[str, Tab] = {}

    def open(self, name: str = "one", remembered: str = "") -> Tab:
        """A page that has come, and the id of gradio's session for its fields."""
        tab = self.opened[name] = self.handlers.open_tab(name, remembered)
        self.handlers.bind(tab.id, request(name))
        self.handlers.enter(tab)
        return tab

    def close(self, name: str = "one") -> None:
        self.handlers.close_tab(self.opened[name])

    def act(self, action: str, tab: str = "one", **data: Any) -> None:
        self.handlers.act(self.opened[tab], {"action": action, **data})

    def ask(self, question: str, tab: str = "one") -> bool:
        """Whether the question was taken; one that was not goes back into the text box."""
        self.act("ask", tab, value=question)
        return self.opened[tab].take_returned_question() is None

    def document(self, pages: int = 30, name: str = "manual.pdf") -> str:
        text = tuple(f"page {number} of {name}" for number in range(pages))
        return self.engine.library.add(Extracted.of_texts(name, "pdf", name.encode().hex() * 4, text)).id


def request(session: str = "one") -> Any:
    return SimpleNamespace(session_hash=session)


def chat_of(tab: Tab) -> FakeChat:
    assert isinstance(tab.chat, FakeChat)
    return tab.chat


def sentences(tab: Tab) -> list[str]:
    return [notice.sentence for notice in tab.take_notices()]


def settle(tab: Tab) -> None:
    until(lambda: tab.answering is None or tab.answering.finished)
    tab.settle()


def writing(tab: Tab) -> None:
    """Wait until the answer in progress has its first words."""
    until(lambda: bool(chat_of(tab).turns and chat_of(tab).turns[-1].answer))


def words(drawn: str) -> str:
    """The text a reader sees, on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", drawn).split())
