"""`ahn-chat serve` and `ahn-chat --api`: keys, addresses and ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import cli
from app.commands import serve as serve_command
from app.options import API_KEY_VARIABLE, ApiChoice
from tests.app.chatting import World


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AHN_CHAT_HOME", "AHN_HOME", "AHN_CHAT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # so that what the command sets is undone
    monkeypatch.delenv(API_KEY_VARIABLE, raising=False)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    made = serve_command.api_options(ApiChoice(), tmp_path, 1000)
    file = tmp_path / "api-key"
    assert made.key == file.read_text() and len(made.key) >= 40
    assert made.key not in repr(made), "logs show no key"
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert serve_command.api_options(ApiChoice(), tmp_path, 1000) == made
    other = tmp_path / "other"
    other.mkdir()
    assert (
        serve_command.api_options(ApiChoice("a key of mine".replace(" ", "-")), other, 9).key
        == "a-key-of-mine"
    )
    assert list(other.iterdir()) == []


def test_the_page_is_started_with_the_api_only_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr("app.ui.launch_app", lambda load, **settings: seen.update(settings) or 0)
    monkeypatch.setenv(API_KEY_VARIABLE, "key-of-the-environment")
    assert cli.main(["--data-dir", str(tmp_path)]) == 0
    assert seen["api"] is None
    flags = [
        "--api-conversations",
        "3",
        "--api-memory-mb",
        "7",
        "--api-documents",
        "5",
        "--max-upload-mb",
        "2",
    ]
    assert cli.main(["--data-dir", str(tmp_path), "--api", *flags]) == 0
    api = seen["api"]
    assert (api.key, api.folder) == ("key-of-the-environment", tmp_path)
    assert (api.conversations, api.memory_bytes, api.documents) == (3, 7 * 2**20, 5)
    assert api.max_upload_bytes == 2 * 2**20


def test_serve_answers_until_it_is_told_to_end(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[Any] = []

    def until_told(server: threading.Thread, begin: Callable[[], None]) -> int:
        begin()
        said = capsys.readouterr().out
        origin = said.partition(" is at ")[2].partition("/v1")[0]
        assert str(tmp_path / "data" / "api-key") in said
        key = {"Authorization": f"Bearer {(tmp_path / 'data' / 'api-key').read_text()}"}
        answers.append(httpx.get(f"{origin}/v1/files", headers=key, trust_env=False).status_code)
        assert server.is_alive()
        return 15

    monkeypatch.setattr("app.serving.until_told", until_told)
    monkeypatch.setattr("app.startup.load_engine", lambda model, folder, report: world.engine)
    assert cli.main(["serve", "--data-dir", str(tmp_path / "data"), "--port", "0"]) == 128 + 15
    assert answers[0] in (200, 503), "503 while the model is being loaded"


def test_a_model_that_cannot_be_loaded_is_told_to_clients(tmp_path: Path) -> None:
    def load(report: object) -> Any:
        raise ValueError("There is no model here; choose another with --model.")

    options = serve_command.api_options(ApiChoice("some-long-key"), tmp_path, 1000)
    with serve_command.ApiServer(load, options) as server:
        server.loader.wait(10)
        key = {"Authorization": "Bearer some-long-key"}
        response = httpx.get(f"{server.origin}/v1/models", headers=key, trust_env=False)
        assert (
            response.status_code == 500
            and "choose another with --model" in response.json()["error"]["message"]
        )
        assert httpx.get(f"{server.origin}/health", trust_env=False).status_code == 503
