"""`ahn-chat eval recall --answers`: questions asked in chats, and where their answers stand."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.evaluation import answers
from app.evaluation.questions import Question
from app.options import CommandFailed
from app.progress import ProgressLine
from tests.app.chatting import World, pages

BOOK = (
    *pages(2, seed=1),
    "The anchor of the brig weighs nine tonnes and hangs at the bow.",
    *pages(2, seed=2),
)
QUESTIONS = [
    Question("book.txt", "How heavy is the anchor?", ("nine tonnes",), ("weighs nine",)),
    Question("book.txt", "What does the QX-4711 cost in dollars?", ()),
    Question("elsewhere.txt", "Why?", ("because",)),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("reading", ["read", "unread"])
def test_the_report_says_where_answers_stand(world: World, reading: answers.Reading) -> None:
    documents = {"book.txt": world.document("book.txt", BOOK)}
    report = answers.ask_all(world.engine, documents, QUESTIONS, reading, ProgressLine(io.StringIO()))
    assert (report["answerable"], report["unanswerable"]) == (1, 1)
    assert report["right_in_quotes"] == report["right_in_either"] == 1.0
    assert report["right_in_prose"] == 0.0, "the tiny model says nothing anybody can read"
    assert report["unanswerable_said"] == 1.0
    first, second = report["questions"]
    assert "nine tonnes" in first["quotes"][0] and first["seconds_to_quotes"] <= first["seconds"]
    assert second["answerable"] is False and second["found"] is False
    assert re.fullmatch(r"[0-9a-f]{12} float32", report["fingerprint"])
    assert world.engine.list_chats() == []
    shown = "\n".join(answers.lines(report))
    assert "100.0% right in quotes or prose" in shown and report["fingerprint"] in shown


def test_a_report_decides_where_prose_stands_where_it_says_enough(tmp_path: Path) -> None:
    report = {"model": "m", "fingerprint": "1 int8", "answerable": 52, "reading": "unread"}
    report |= {
        f"right_in_{name}": share for name, share in (("prose", 0.3), ("quotes", 0.8), ("either", 0.8))
    }
    answers.keep(tmp_path, report)
    assert report["prose"] == "folded" and "1 int8" in (tmp_path / "prose.json").read_text()
    with pytest.raises(CommandFailed, match="at least 20"):
        answers.keep(tmp_path, report | {"answerable": 19})
    with pytest.raises(CommandFailed, match="cannot be written"):
        answers.keep(tmp_path / "none", report)


def test_a_report_over_nothing_has_no_shares() -> None:
    report = answers.summary([])
    assert report["right_in_quotes"] is None and report["answerable"] == 0
