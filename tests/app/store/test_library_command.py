"""`ahn-chat library`, from the command line to the data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.store import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("AHN_CHAT_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("The harbour closes at nine.\n", encoding="utf-8")
    return path


@pytest.fixture
def tides(tmp_path: Path) -> Path:
    path = tmp_path / "tides.txt"
    path.write_text("High water is at four.\n", encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> str:
    """Run `ahn-chat library …` and return what it printed."""
    capsys.readouterr()
    assert cli.main(["library", *map(str, arguments)]) == status
    return capsys.readouterr().out


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> Any:
    return json.loads(run(capsys, *arguments, "--json", status=status))


def failing(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 1) -> str:
    """The one sentence with which a command fails."""
    capsys.readouterr()
    assert cli.main(["library", *map(str, arguments)]) == status
    captured = capsys.readouterr()
    *_, sentence = captured.err.splitlines()
    assert sentence.startswith("ahn-chat: ")
    return sentence


@pytest.mark.usefixtures("folder")
def test_files_are_added_listed_found_and_renamed(
    capsys: pytest.CaptureFixture[str], notes: Path, tides: Path
) -> None:
    assert "The library is empty" in run(capsys, "list")
    assert run_json(capsys, "list") == []
    assert "notes.txt: 1" in run(capsys, "add", notes, tides)
    listed = run_json(capsys, "list")
    assert [document["name"] for document in listed] == ["tides.txt", "notes.txt"]
    assert listed[1]["nbytes"] == 28 and listed[1]["pages_without_text"] == []
    table = run(capsys, "list").splitlines()
    assert table[1].startswith(listed[1]["id"][:8]) and table[1].endswith("28 bytes  notes.txt")
    assert run(capsys, "search", "HARBOUR", "closes").startswith("notes.txt, ")
    (hit,) = run_json(capsys, "search", "high water")
    assert (hit["name"], hit["page"], hit["snippet"]) == ("tides.txt", 1, "High water is at four.")
    assert run_json(capsys, "search", "absent", status=1) == []
    assert run_json(capsys, "rename", "tides.txt", "moon.txt")["name"] == "moon.txt"
    assert run(capsys, "rename", listed[0]["id"][:6], "sun.txt").endswith("sun.txt\n")


@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], notes: Path, tmp_path: Path
) -> None:
    (added,) = run_json(capsys, "add", tmp_path / "absent.pdf", notes, status=1)
    assert added["name"] == "notes.txt"
    assert "absent.pdf" in failing(capsys, "add", tmp_path / "absent.pdf")


def test_removing_says_what_it_frees_and_which_chats_use_it(
    capsys: pytest.CaptureFixture[str], notes: Path, tides: Path, folder: Path
) -> None:
    run(capsys, "add", notes, tides)
    with Store(folder) as store:
        document = next(one for one in store.documents.list() if one.name == "notes.txt")
        store.chats.save("a", "Harbours", False, {}, [{"id": document.id, "name": "notes.txt"}])
    said = run(capsys, "remove", "notes.txt", "--yes")
    assert "Deleting notes.txt frees 55 bytes (original 28 bytes, text 27 bytes)." in said
    assert "A chat uses it: “Harbours”. It keeps its transcript" in said
    (removed,) = run_json(capsys, "remove", "tides.txt", "--yes")
    assert (removed["name"], removed["chats"], removed["freed"]["original"]) == ("tides.txt", [], 23)
    assert run_json(capsys, "list") == []
    assert [path for path in (folder / "originals").rglob("*") if path.is_file()] == []


class Answers:
    """Standard input of somebody at a terminal."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self._lines.pop(0)


@pytest.mark.usefixtures("folder")
def test_removing_asks_first(
    capsys: pytest.CaptureFixture[str], notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "add", notes)
    assert "add --yes" in failing(capsys, "remove", "notes.txt", status=2)  # nobody is there to be asked
    monkeypatch.setattr("sys.stdin", Answers("\n", "no\n", "y\n"))
    for _ in range(2):
        assert "notes.txt is kept." in run(capsys, "remove", "notes.txt", status=1)
    assert "Delete notes.txt? [y/N] notes.txt is deleted." in run(capsys, "remove", "notes.txt")
    assert run_json(capsys, "list") == []


@pytest.mark.usefixtures("folder")
def test_a_document_is_exported_as_it_was_or_as_text(
    capsys: pytest.CaptureFixture[str], notes: Path, tmp_path: Path
) -> None:
    run(capsys, "add", notes)
    assert "notes.txt is there already" in failing(capsys, "export", "notes.txt")
    assert "is written to" in run(capsys, "export", "notes.txt", "--output", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == notes.read_bytes()
    assert run_json(capsys, "export", "notes.txt", "--text")["path"] == "notes.txt.txt"
    assert (tmp_path / "notes.txt.txt").read_text() == "The harbour closes at nine."
    assert "cannot be written" in failing(
        capsys, "export", "notes.txt", "--output", tmp_path / "no" / "where"
    )


def test_export_to_standard_output(
    capfdbinary: pytest.CaptureFixture[bytes], folder: Path, notes: Path
) -> None:
    assert cli.main(["library", "add", str(notes)]) == 0
    capfdbinary.readouterr()
    assert cli.main(["library", "export", "notes.txt", "--output", "-"]) == 0
    assert capfdbinary.readouterr().out == notes.read_bytes()


def test_everything_is_exported_also_what_cannot_be_opened(
    capsys: pytest.CaptureFixture[str], folder: Path, notes: Path, tides: Path, tmp_path: Path
) -> None:
    run(capsys, "add", notes, tides)
    with Store(folder) as store:
        store.chats.save("a", "Harbours", False, {}, [])
        with store.database.writing() as connection:
            connection.execute("UPDATE chats SET settings = 'nonsense'")
            connection.execute(
                "UPDATE texts SET warnings = '5' "
                "WHERE document_id = (SELECT id FROM documents WHERE name = 'notes.txt')"
            )
        (harmed,) = store.documents.unreadable()
    assert f"{harmed.id[:8]}  cannot be read" in run(capsys, "list")
    assert "5 files are written to ahn-chat-export" in run(capsys, "export", "--everything")
    out = tmp_path / "ahn-chat-export"
    assert (out / "documents" / f"{harmed.id[:8]} notes.txt").read_bytes() == notes.read_bytes()
    assert (out / "texts" / f"{harmed.id[:8]} notes.txt.txt").read_text() == "The harbour closes at nine."
    assert json.loads((out / "chats" / "a.json").read_text())["settings"] == "nonsense"
    assert "is not empty" in failing(capsys, "export", "--everything")
    assert (
        run_json(capsys, "export", harmed.id[:8], "--text", "--output", tmp_path / "one")["id"] == harmed.id
    )


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["remove", "absent", "--yes"], 1, "There is no document “absent”"),
        (["export"], 2, "Name one document"),
        (["export", "notes.txt", "--everything"], 2, "Name one document"),
        (["search", "x", "--limit", "0"], 2, "at least 1"),
        (["rename", "notes.txt", " "], 1, "name is empty"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_refusals_are_one_sentence(
    capsys: pytest.CaptureFixture[str], notes: Path, arguments: list[str], status: int, sentence: str
) -> None:
    run(capsys, "add", notes)
    assert sentence in failing(capsys, *arguments, status=status)


@pytest.mark.usefixtures("folder")
def test_a_name_that_several_have_needs_an_id(
    capsys: pytest.CaptureFixture[str], notes: Path, tides: Path
) -> None:
    run(capsys, "add", notes, tides)
    run(capsys, "rename", "tides.txt", "notes.txt")
    assert "2 documents go by “notes.txt”" in failing(capsys, "remove", "notes.txt", "--yes")


def test_a_store_that_cannot_be_used_is_one_sentence(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    folder.mkdir()
    (folder / "store.sqlite3").write_bytes(b"These are just words. " * 500)
    assert "is damaged" in failing(capsys, "list")
