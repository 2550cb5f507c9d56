"""Chats as files over HTTP: to whom, what is refused, and that other pages show what was taken in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from app.conversation import ChatSettings
from app.store import Store, StoredTurn
from app.ui.chat_files import file_name
from app.ui.server import PageServer, ServerOptions
from tests.app.ui.fakes import FakeEngine


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("data")) as store:
        store.chats.save("a1", "Pumps & “valves”/..", True, ChatSettings().to_json(), [], version=2)
        store.chats.save_turn("a1", StoredTurn("Why?", "Because.", {"state": "done"}))
        yield store


@pytest.fixture(scope="module")
def server(store: Store) -> Iterator[PageServer]:
    engine = FakeEngine(pace=0.002)
    engine.store = store  # type: ignore[assignment]
    engine.close = lambda: None  # type: ignore[method-assign]
    options = ServerOptions(port=0, max_upload_bytes=2**20)
    with PageServer(lambda report: engine, options) as server:  # type: ignore[arg-type, return-value]
        assert server.loader.wait(10)
        yield server


@pytest.fixture
def client(server: PageServer) -> Iterator[httpx.Client]:
    """A browser that has opened the link."""
    with httpx.Client(base_url=server.origin, trust_env=False) as client:
        assert client.get(server.link).status_code == 303
        yield client


def test_what_is_saved_can_be_imported_and_is_a_download(client: httpx.Client, store: Store) -> None:
    for path in ("/chats/a1.json", "/chats/all.json"):
        saved = client.get(path)
        assert saved.headers["content-disposition"].startswith("attachment; filename*=utf-8''")
        assert saved.headers["cache-control"] == "private, no-store"
        taken = client.post("/chats/import", content=saved.content).json()
        assert (
            taken["sentence"] == "“Pumps & “valves”/..” is imported."
            or "chats are imported" in taken["sentence"]
        )
    assert [chat.title for chat in store.chats.list()].count("Pumps & “valves”/..") == 4
    markdown = client.get("/chats/a1.md")
    assert "> Why?" in markdown.text and "Pumps%20%26%20%E2%80%9Cvalves%E2%80%9D_.md" in markdown.headers[
        "content-disposition"
    ]  # fmt: skip
    assert file_name("../.. ") == "_" and file_name("") == "chat" and len(file_name("x" * 999)) == 80


def test_what_cannot_be_done_is_a_sentence(client: httpx.Client) -> None:
    assert client.get("/chats/nobodys.json").status_code == 404
    assert "nothing was exported" in client.get("/chats/nobodys.md").text
    refused = client.post("/chats/import", content=b"{")
    assert refused.status_code == 422 and "no JSON, or not all of it" in refused.json()["sentence"]
    german = client.post(
        "/chats/import", content=b'{"format": "other"}', headers={"Accept-Language": "de-AT"}
    )
    assert german.json()["sentence"].startswith("Die Datei ist JSON, enthält aber keine Chats")
    large = client.post("/chats/import", content=b" " * (2**20 + 2**17))
    assert large.status_code == 413 and "larger than 1 MB" in large.text
    assert client.get("/chats/import").status_code in (404, 405)


def test_nobody_else_may(server: PageServer, client: httpx.Client) -> None:
    with httpx.Client(base_url=server.origin, trust_env=False) as stranger:
        assert stranger.get("/chats/a1.json").status_code == 403
        assert stranger.post("/chats/import", content=b"{}").status_code == 403
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert client.post("/chats/import", content=b"{}", headers=headers).status_code == 403
    assert json.loads(client.get("/chats/all.json").text)["format"] == "ahn-chat"
