"""`ahn-chat eval index`: sizes and times of indexes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.evaluation import main
from app.options import CommandFailed, OptionError


@pytest.fixture
def book(tmp_path: Path) -> Path:
    file = tmp_path / "book.txt"
    file.write_text(
        "\n\n".join(f"The keeper of rock {number} lights lamp {number * 7}." for number in range(300))
    )
    return file


def test_longer_texts_have_larger_indexes(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(book), "--pages", "3", "12", "--json"]) == 0
    short, long = json.loads(capsys.readouterr().out)
    assert (short["pages"], long["pages"]) == (3, 12)
    assert 0 < short["passages"] < long["passages"]
    assert 0 < short["index_bytes"] < long["index_bytes"]
    assert 0 < short["median_search_ms"] <= short["most_search_ms"]


def test_the_table(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(book.parent), "--pages", "2"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["pages", "passages"] and row.split()[0] == "2"


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    with pytest.raises(CommandFailed, match="None of the documents has text"):
        main(["index", str(empty)])
    with pytest.raises(OptionError, match="--pages at least 1"):
        main(["index", str(empty), "--pages", "0"])
