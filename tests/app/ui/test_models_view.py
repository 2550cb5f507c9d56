"""The models' tab without a browser: changing the model lets go of the old one, and interrupts nothing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.conversation import Engine
from app.models import planning
from app.models.desk import ModelDesk, Named
from app.store import Store
from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.live import LiveChannel
from app.ui.loading import EngineLoader
from app.ui.session import Tab, Tabs
from tests.app.chatting import SETTINGS
from tests.app.ui.desk import settle, until
from tests.tiny import byte_tokenizer, tiny_model


class Place:
    """Handlers over real engines of tiny models, and a desk that changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = ModelDesk(folder, self.load, device="cpu")
        self.loader = EngineLoader(self.load(Named("embedded")))
        self.loader.start()
        assert self.loader.wait(20)
        self.tabs = Tabs()
        self.handlers = Handlers(self.loader, self.tabs, UploadFolder(folder), SETTINGS, models=self.desk)
        self.channel = LiveChannel(self.handlers)

    def load(self, named: Named) -> Callable[..., Engine]:
        def run(report: Callable[..., None]) -> Engine:
            model = tiny_model(eos_token_ids=())
            model.name = named.model
            return Engine(model, byte_tokenizer(), Store(self.folder))

        return run

    def open(self) -> Tab:
        tab = self.handlers.open_tab("one")
        self.handlers.enter(tab)
        return tab

    def use(self, tab: Tab, name: str) -> None:
        self.handlers.act(tab, {"action": "use-model", "model": name})
        until(lambda: self.loader.state.ready and self.loader.engine is not None, 20)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    if place.loader.engine is not None:
        place.loader.engine.close()


def test_the_old_model_is_let_go_and_the_chat_comes_back(place: Place) -> None:
    tab = place.open()
    place.handlers.act(tab, {"action": "models-shown", "open": "1"})
    place.handlers.act(tab, {"action": "ask", "value": "Why?"})
    settle(tab)
    until(lambda: not tab.busy)
    assert "in use" in place.channel.changes(tab)["parts"]["models"]
    assert place.loader.engine is not None and tab.chat is not None
    chat_id, old = tab.chat.id, weakref.ref(place.loader.engine.model)
    place.use(tab, "0.5B")
    changes = place.channel.changes(tab)
    assert tab.chat is not None and tab.chat.id == chat_id and len(tab.chat.turns) == 1
    assert changes["parts"]["model-name"] == "Qwen2.5-0.5B-Instruct"
    gc.collect()
    assert old() is None, "two models would be in memory"


def test_nothing_that_is_being_written_is_lost(place: Place) -> None:
    tab = place.open()
    engine = place.loader.engine
    assert engine is not None
    ticket = engine._resources.device.ticket()  # somebody else computes, so the answer waits
    place.handlers.act(tab, {"action": "ask", "value": "Why?"})
    place.handlers.act(tab, {"action": "use-model", "model": "0.5B"})
    (notice,) = tab.take_notices()
    assert notice.warning and "choose Use again" in notice.sentence
    assert place.loader.engine is engine
    ticket.leave()
    settle(tab)


def test_a_new_page_offers_what_suits_the_machine(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = place.open()
    tab.lists_due = 0.0
    assert place.channel.changes(tab)["parts"].get("offer", "") == ""
    monkeypatch.setattr(planning, "suggestion", lambda plans: "3B-GDN")
    place.desk.look_again()
    tab.lists_due = 0.0
    offer = place.channel.changes(tab)["parts"]["offer"]
    assert "Qwen2.5-3B-Instruct + AHN GatedDeltaNet" in offer and "show-models" in offer


def test_a_page_without_a_desk_says_so(tmp_path: Path, place: Place) -> None:
    handlers = Handlers(place.loader, Tabs(), UploadFolder(tmp_path), SETTINGS)
    tab = handlers.open_tab("alone")
    handlers.act(tab, {"action": "use-model", "model": "0.5B"})
    (notice,) = tab.take_notices()
    assert "start it with --model" in notice.sentence
