"""The desk: downloads in line, bases that several memories share, what is remembered; and changing the model."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.models import catalogue, local
from app.models.desk import ModelDesk, Named, chosen_before
from app.models.downloads import Progress
from app.models.errors import DownloadCancelled, ModelError
from app.models.fetching import Fetching, Part
from app.models.hub import Hub
from app.ui.loading import EngineLoader
from tests.hub_server import FakeHub, FakeRepository, serving

FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "model.safetensors": bytes(range(256)) * 8,
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    from huggingface_hub import constants

    for name in ("HF_HUB_OFFLINE", "AHN_CHAT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serving() as fake:
        for choice in catalogue.CHOICES:
            for part in choice.parts:
                name = part.reference.repository
                commit = part.reference.revision or hashlib.sha1(name.encode()).hexdigest()
                fake.repositories[name] = FakeRepository(dict(FILES), commit=commit)
        fake.repositories["own/base"] = FakeRepository(dict(FILES))
        yield fake


@pytest.fixture
def desk(server: FakeHub, tmp_path: Path) -> Iterator[ModelDesk]:
    (tmp_path / "data").mkdir()
    made = ModelDesk(
        tmp_path / "data",
        lambda named: lambda report: named,
        hub=Hub(server.endpoint, tmp_path / "cache"),
        device="cpu",
    )
    yield made
    made.close()


def fetched(desk: ModelDesk, *names: str) -> None:
    for name in names:
        desk.fetch(name)
    assert desk.fetching.wait(20)
    assert not desk.fetching.states()


def line(desk: ModelDesk, name: str) -> Any:
    desk.look_again()
    return next(line for line in desk.lines(128_000, {}) if line.name == name)


def test_a_choice_brings_base_and_memory_and_a_second_memory_only_itself(
    desk: ModelDesk, server: FakeHub
) -> None:
    assert line(desk, "3B-GDN").presence == "none"
    fetched(desk, "3B-GDN")
    assert line(desk, "3B-GDN").presence == "whole"
    assert line(desk, "3B-DN").presence == "part", "its base is here"
    server.requests.clear()
    fetched(desk, "3B-DN")
    assert not any("Qwen2.5-3B-Instruct/" in path for _, path, _ in server.requests)

    assert desk.remove("3B-DN") < 3_000, "the base is still needed"
    assert line(desk, "3B-GDN").presence == "whole" and line(desk, "3B-DN").presence == "part"
    assert desk.remove("3B-GDN") > 3_000
    assert line(desk, "3B-GDN").presence == "none"


def test_what_is_in_use_is_not_deleted_and_is_used_at_the_next_start(desk: ModelDesk, tmp_path: Path) -> None:
    fetched(desk, "0.5B")
    desk.use(Named("0.5B"))
    assert line(desk, "0.5B").in_use and not line(desk, "embedded").in_use
    with pytest.raises(ModelError, match="is in use, so it was not deleted"):
        desk.remove("0.5B")
    assert chosen_before(tmp_path / "data") == Named("0.5B")
    fetched(desk, "3B-GDN")
    desk.use(Named("Qwen/Qwen2.5-3B-Instruct"))
    desk.remove("3B-GDN")
    assert desk.is_here(desk.in_use), "a base without its memory"
    desk.use(Named("0.5B"))
    (tmp_path / "data" / "model.json").write_text("{damaged")
    assert chosen_before(tmp_path / "data") == Named("embedded")


def test_a_model_of_one_s_own_has_a_line(desk: ModelDesk) -> None:
    named = Named("own/base")
    assert not desk.is_here(named)
    desk.fetch("own/base", named)
    assert desk.fetching.wait(20)
    assert desk.is_here(named) and line(desk, "own/base").presence == "whole"
    assert line(desk, "own/base").choice is None
    with pytest.raises(ModelError, match="nothing that could be fetched"):
        desk.fetch("/a/folder", Named("/a/folder"))


def test_why_a_download_ended_stands_in_its_line(desk: ModelDesk, server: FakeHub) -> None:
    from tests.hub_server import Refusal

    server.repositories["Qwen/Qwen2.5-0.5B-Instruct"].refusal = Refusal(403, "GatedRepo")
    desk.fetch("0.5B")
    assert desk.fetching.wait(20)
    fetch = line(desk, "0.5B").fetch
    assert not fetch.running and "accept them on the model's page" in fetch.error
    server.repositories["Qwen/Qwen2.5-0.5B-Instruct"].refusal = None
    fetched(desk, "0.5B")
    assert line(desk, "0.5B").presence == "whole"


def test_downloads_wait_for_each_other_and_can_be_taken_out_of_the_line() -> None:
    fetching, began, go_on, ran = Fetching(), threading.Event(), threading.Event(), []

    def part(name: str, wait: bool = False) -> Part:
        stopped = threading.Event()

        def run(report: Callable[[Progress], None]) -> None:
            ran.append(name)
            report(Progress(name, "fetching", 1, 2))
            if wait:
                began.set()
                assert go_on.wait(10)
            if stopped.is_set():
                raise DownloadCancelled("it was cancelled.")

        return Part(run, stopped.set)

    fetching.start("one", [part("one", wait=True), part("never")])
    assert began.wait(10)
    fetching.start("two", [part("two")])
    fetching.start("three", [part("three")])
    states = fetching.states()
    assert states["one"].progress is not None and states["two"].progress is None
    fetching.cancel("two")
    fetching.cancel("one")
    go_on.set()
    assert fetching.wait(10)
    assert ran == ["one", "three"] and not fetching.states()


class Closing:
    """An engine that notes when it is closed."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self._log = name, log

    def close(self) -> None:
        self._log.append(f"closed {self.name}")


def test_a_model_that_cannot_be_loaded_gives_way_to_the_one_before() -> None:
    log: list[str] = []
    ended, errors = threading.Event(), []

    def first(report: object) -> Any:
        log.append("loaded first")
        return Closing("first", log)

    def second(report: object) -> Any:
        raise ModelError("The second does not fit.")

    loader = EngineLoader(first)
    loader.start()
    assert loader.wait(10)

    def note(error: str) -> None:
        errors.append(error)
        ended.set()

    loader.switch(second, "Changing", lambda: log.append("let go"), note)
    assert ended.wait(10) and loader.wait(10)
    assert log == ["loaded first", "let go", "closed first", "loaded first"]
    assert errors == ["The second does not fit."] and loader.state.ready

    ended.clear()
    loader.switch(lambda report: Closing("third", log), "Changing", lambda: None, note)  # type: ignore[arg-type, return-value]
    assert ended.wait(10) and errors[-1] == ""
    assert isinstance(loader.engine, Closing) and loader.engine.name == "third"


def test_a_download_that_another_program_has_finished_is_found(desk: ModelDesk) -> None:
    """In the hub's cache, without a note of ours."""
    fetched(desk, "0.5B")
    choice = catalogue.find("0.5B")
    assert choice is not None and choice.base is not None
    from app.models import manifests

    manifests.forget(desk._data_dir, choice.base.reference)
    found = local.look(desk.hub, desk._data_dir, choice.base.reference)
    assert found.presence == "whole" and found.commit == choice.base.reference.revision
