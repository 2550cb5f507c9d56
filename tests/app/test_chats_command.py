"""`ahn-chat chats`: list, export and import without the page and without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import cli
from app.conversation import ChatSettings
from app.store import Store, StoredTurn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store(tmp_path / "data") as store:
        for name, title in (("aaaa1111", "Pumps"), ("bbbb2222", "Valves")):
            store.chats.save(name, title, True, ChatSettings().to_json(), [], version=2)
            store.chats.save_turn(name, StoredTurn("Why?", f"Of {title}.", {"state": "done"}))
    return tmp_path / "data"


def run(folder: Path, *words: str) -> int:
    return cli.main(["chats", *words, "--data-dir", str(folder)])


def test_chats_are_listed_exported_and_imported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 question" in lines[0] and lines[0].endswith("Valves") and lines[1].startswith("aaaa1111")
    assert run(folder, "export", "Pumps", "--markdown") == 0
    assert "Of Pumps." in capsys.readouterr().out
    file = folder.parent / "all.json"
    assert run(folder, "export", "--all", "--output", str(file)) == 0
    assert run(folder.parent / "other", "import", str(file)) == 0
    assert "2 chats are imported." in capsys.readouterr().out
    assert run(folder.parent / "other", "list", "--json") == 0
    assert {one["title"] for one in json.loads(capsys.readouterr().out)} == {"Pumps", "Valves"}
    assert run(folder, "export", "bbbb") == 0
    assert json.loads(capsys.readouterr().out)["chats"][0]["turns"][0]["answer"] == "Of Valves."


def test_what_cannot_be_done_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = folder.parent / "broken.json"
    broken.write_text("{", "utf-8")
    for words, status, sentence in (
        (("export", "Nobody's"), 1, "There is no chat “Nobody's”"),
        (("export",), 2, "Name one chat to export, or give --all."),
        (("export", "--all", "--markdown"), 2, "Markdown is for one chat"),
        (("export", "Pumps", "--output", str(broken)), 1, "is there already"),
        (("import", str(broken)), 1, "no JSON, or not all of it"),
        (("import", str(folder / "missing.json")), 1, "cannot be read"),
    ):
        assert run(folder, *words) == status
        assert sentence in capsys.readouterr().err
