"""`ahn-chat text`: what was understood, as text and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli
from app.commands import text as text_command
from app.documents import Block, Extracted, OutlineEntry, Page
from app.options import OptionError
from tests import pdfs

_ROOT = Path(__file__).resolve().parents[2]


_PAGES = (
    "The boiler stands in the cellar.",
    "Valves are turned by hand.",
    "No lamp may burn beside it.",
    "Its pressure is written down at noon.",
    "Whoever leaves locks the door.",
)


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    return pdfs.make_pdf(tmp_path / "manual.pdf", _PAGES)


def test_pages_are_printed_one_by_one(manual: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["text", str(manual), "--pages", "2-3,5"]) == 0
    assert capsys.readouterr().out == "\n".join(
        f"— page {number} —\n\n{_PAGES[number - 1]}\n" for number in (2, 3, 5)
    )


def test_json(manual: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["text", "--json", "--pages", "4-", str(manual)]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["name"], values["kind"], values["unit"], values["page_count"]) == (
        "manual.pdf",
        "pdf",
        "page",
        5,
    )
    assert [page["number"] for page in values["pages"]] == [4, 5]
    page = values["pages"][0]
    assert page["text"] == _PAGES[3] and page["blocks"][0]["text"] == page["text"]
    assert set(values) >= {"outline", "warnings", "encoding"} and set(page) >= {"label", "warnings"}


def test_json_holds_all_that_is_known() -> None:
    blocks = (
        Block("heading", "One", level=2, box=(1, 2.04, 3, 4)),
        Block("paragraph", "Read.", origin="recognised", continues=True),
    )
    document = Extracted(
        "a.pdf",
        "pdf",
        "0" * 64,
        (Page(1, blocks, label="iv", width=595, height=842, warnings=("A word.",)),),
        outline=(OutlineEntry("One", 1),),
        warnings=("Another word.",),
    )
    values = text_command.as_json(document, document.layout)
    assert values["outline"] == [{"title": "One", "page": 1, "level": 1}]
    assert values["warnings"] == ["Another word."]
    (page,) = values["pages"]
    assert page["blocks"] == [
        {"kind": "heading", "text": "One", "level": 2, "box": [1, 2.0, 3, 4]},
        {"kind": "paragraph", "text": "Read.", "origin": "recognised", "continues": True},
    ]
    assert (page["label"], page["warnings"], page["text"]) == ("iv", ["A word."], "One\n\nRead.")


def test_labels_and_warnings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    document = Extracted(
        "a.pdf",
        "pdf",
        "0" * 64,
        (
            Page(1, (Block("paragraph", "Preface."),), label="iv", warnings=("It is torn.",)),
            Page(2, label="v"),
        ),
        warnings=("A file is attached.",),
    )
    monkeypatch.setattr("app.documents.extract", lambda *_, **__: document)
    assert cli.main(["text", "a.pdf"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "— page iv (1) —\n\nPreface.\n\n— page v (2) —\n\n"
    assert printed.err == "a.pdf: A file is attached.\na.pdf, page 1: It is torn.\n"


def test_an_encoding_that_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("Grüße".encode())
    assert cli.main(["text", str(path), "--encoding", "utf-8"]) == 0
    assert "Grüße" in capsys.readouterr().out


@pytest.mark.parametrize("pages", ["0", "3-2", "x", "", "1,,2", "-3", "1-2-3"])
def test_pages_that_are_none(manual: Path, pages: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["text", str(manual), f"--pages={pages}"]) == 2
    assert capsys.readouterr().err.startswith(f"ahn-chat: --pages is {pages!r}, but must be page numbers")


def test_pages_behind_the_last(manual: Path) -> None:
    with pytest.raises(OptionError, match=r"--pages is 9-, but manual.pdf has 5 pages only\."):
        text_command.main([str(manual), "--pages", "9-"])


def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["text", str(tmp_path / "no.pdf")]) == 1
    assert capsys.readouterr().err.startswith("ahn-chat: no.pdf was not added, because there is no such file")


def test_a_name_that_begins_with_a_hyphen(
    manual: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(manual.parent)
    manual.rename("-manual.pdf")
    assert cli.main(["text", "--pages", "1", "--", "-manual.pdf"]) == 0
    assert "page 1" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    path = pdfs.long_pdf(tmp_path / "long.pdf", 60)
    command = f'"{sys.executable}" -m app text "{path}" | head -1'
    done = subprocess.run(command, shell=True, cwd=_ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("— page 1 —\n", "")
    # What is little is written at the end alone.
    for end in ("| true", ">&-"):
        command = f'"{sys.executable}" -m app chats list --data-dir "{tmp_path / "data"}" {end}'
        done = subprocess.run(command, shell=True, cwd=_ROOT, capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
