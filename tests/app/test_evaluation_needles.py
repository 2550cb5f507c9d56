"""`ahn-chat eval recall --needles`: single facts asked for with each kind of memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.evaluation import main, needle_answers, needles
from app.options import CommandFailed
from app.progress import ProgressLine
from tests.app.chatting import World

FILLER = "\n\n".join(f"Nobody wrote more about the harbour in year {year}." for year in range(60))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def few_needles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at the beginning and two at the end of one short text."""
    some = [needle for needle in needles.NEEDLES if needle.depth in (0.0, 1.0)]
    monkeypatch.setattr(needles, "NEEDLES", (some[0], some[5], some[20], some[25]))
    monkeypatch.setattr(needles, "LENGTHS", (310,))
    monkeypatch.setattr(needle_answers, "MOST_TOKENS", 2)


def ask(world: World, file: Path | None = None) -> needle_answers.Measured:
    results = needle_answers.Results(file)
    return needle_answers.in_chats(world.engine, [FILLER], results, ProgressLine(io.StringIO()))


def test_every_needle_is_asked_with_each_memory_once_and_kept(world: World, tmp_path: Path) -> None:
    file = tmp_path / "needles.jsonl"
    measured = ask(world, file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows == measured.rows and measured.notes == []
    assert [(row["column"], row["question"]) for row in rows] == [
        (column, needle.question) for column in needle_answers.COLUMNS for needle in needles.NEEDLES
    ]
    assert world.engine.list_chats() == []
    looked_up = [row for row in rows if row["column"] == "ahn + recall"]
    assert all(row["passage"] and row["quotes"] for row in looked_up), "the text is short enough to find all"
    assert not any(row["passage"] or row["quotes"] for row in rows if row["column"] != "ahn + recall")

    # A run that was killed in the middle of a line goes on with what is missing, and then there is nothing to ask.
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-2]) + lines[-2][:30])
    assert {row["question"] for row in ask(world, file).rows[-4:]} == {
        one.question for one in needles.NEEDLES
    }
    assert len(file.read_text().splitlines()) == len(lines)
    before = world.counting.tokens_fed()
    assert len(ask(world, file).rows) == len(lines)
    assert world.counting.tokens_fed() == before
    shown = needle_answers.table(measured)
    assert measured.model in shown and "100%" in shown


def test_a_memory_that_the_text_is_too_long_for_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = world.engine.model.config.max_position_embeddings
    monkeypatch.setattr(needles, "LENGTHS", (most,))
    monkeypatch.setattr(needle_answers, "COLUMNS", ("full",))
    measured = ask(world)
    assert measured.rows == []
    assert measured.notes == [f"full attention over {most:,} tokens: the model was trained for {most:,}"]


def test_the_shares_are_by_depth_and_column() -> None:
    row = {"tokens": 8_000, "passage": True, "quotes": True}
    rows = [
        row | {"depth": 0.0, "column": "ahn + recall", "prose": False},
        row | {"depth": 1.0, "column": "ahn + recall", "prose": True, "quotes": False},
        row | {"depth": 1.0, "column": "window", "prose": True, "quotes": False, "passage": False},
    ]
    first, *_, last, total = needle_answers.summary(rows)
    assert (first["depth"], first["window"], first["quotes"], first["prose"]) == (0.0, None, 1.0, 0.0)
    assert (last["depth"], last["window"], last["quotes"], last["either"]) == (1.0, 1.0, 0.0, 1.0)
    assert (total["depth"], total["passage"], total["prose"], total["needles"]) == ("all", 1.0, 0.5, 2)


def test_by_words_alone_without_a_model(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, results = tmp_path / "book.txt", tmp_path / "needles.jsonl"
    book.write_text(FILLER)
    arguments = ["recall", "--documents", str(book), "--needles", "--words-alone", "--results", str(results)]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["needles"][-1]["passage"] == 1.0 and report["needles"][-1]["full"] is None
    assert main(arguments) == 0
    assert "words alone" in capsys.readouterr().out
    assert len(results.read_text().splitlines()) == len(needles.NEEDLES)


@pytest.mark.parametrize("text", ["Dear Ada,\n\nall is well.\n", "one line alone", '{"a": 1}\n', "[1]\n"])
def test_a_file_of_something_else_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "letter.txt"
    file.write_text(text)
    with pytest.raises(CommandFailed, match="holds no results of needles"):
        needle_answers.Results(file)
    assert file.read_text() == text
