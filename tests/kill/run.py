"""Start the program over a data folder, kill it, look whether all that it said it had kept is there, and again."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.conversation.events import ReadPhase
from app.store import UnknownDocument
from tests.app.chatting import World, rest
from tests.app.store.support import PROJECT, extracted, old_data_folder
from tests.kill.journal import read_journal
from tests.kill.life import digest

LONGEST = 4.0  # seconds that it lives
PATIENCE = 30.0  # seconds, for what a kill is aimed at to begin
# What is quickly done, so that a kill at any moment seldom meets it.
QUICK = ("delete a document", "delete a chat", "edit", "answer again")
_AT_MOST = 0.02  # seconds after its beginning
OLD = {f"old {number}.pdf": tuple(f"page {page} of {number}" for page in range(40)) for number in range(60)}


@dataclass
class Report:
    """Kills by what was under way (`during`), what was checked, and what was wrong (`losses`, nothing is meant)."""

    kills: int = 0
    during: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    losses: list[str] = field(default_factory=list)


def kill_often(
    folder: Path,
    count: int,
    seed: int,
    *,
    longest: float = LONGEST,
    first: int = 0,
    aimed: bool = False,
    on_kill: Callable[[Report], None] = lambda report: None,
) -> Report:
    """`count` lives over data folders in `folder`, each ended by SIGKILL at a random moment and looked after.

    Every fifth life begins with what an earlier version left, and is killed while it takes that over. `first` is the
    number of the first life. `aimed`: every second of the other lives ends just after one of QUICK has begun.
    """
    report, chance = Report(), random.Random(seed)
    place = folder / str(first)
    for number in range(first, first + count):
        migrating = number % 5 == 4
        if migrating or number == first:
            place = folder / str(number)
            place.mkdir(parents=True)
        if migrating:
            old_data_folder(place / "data", OLD, a={"turns": [("Why?", "Because.", {"state": "done"})]})
        seconds, aim = chance.uniform(0.0, 0.4 if migrating else longest), ""
        if aimed and not migrating and number % 2:
            seconds, aim = chance.uniform(0.0, _AT_MOST), QUICK[report.kills // 2 % len(QUICK)]
        _live_and_die(place, seed * 1000 + number, seconds, aim)
        report.kills += 1
        _look(place, report)
        on_kill(report)
    return report


def _live_and_die(place: Path, seed: int, seconds: float, aim: str) -> None:
    """Killed after so many seconds; where there is an aim, so many after it has begun."""
    command = [sys.executable, "-m", "tests.kill.life", str(place), str(seed)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        before = _size(place / "journal.jsonl")
        ready = process.stdout.readline()
        if aim:
            _wait_for(aim, place / "journal.jsonl", before)
        time.sleep(seconds)
        process.kill()
        status, errors = process.wait(), process.stderr.read()
    assert ready == "ready\n" and status == -signal.SIGKILL, f"the program ended by itself: {status} {errors}"


def _wait_for(what: str, journal: Path, offset: int) -> None:
    """Until the journal says, after `offset`, that this has begun, or patience ends."""
    line, limit = f'"what": "{what}"'.encode(), time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if _size(journal) > offset:
            with journal.open("rb") as file:
                file.seek(offset)
                if line in file.read():
                    return
        time.sleep(0.001)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _look(place: Path, report: Report) -> None:
    ended, begun = read_journal(place / "journal.jsonl")
    report.during.update(line["what"] for line in begun[-2:])  # the last two threads' work
    world = World(place / "data")
    try:
        _look_at_files(place, world, report)
        gone = {line["document"] for line in (*ended, *begun) if line["what"] == "delete a document"}
        _look_at_documents(ended, begun, world, report)
        _look_at_chats(ended, begun, gone, world, report)
        if (place / "data" / "library.sqlite3.migrated").exists():
            _look_at_old(world, report)
    finally:
        world.close()


def _look_at_files(place: Path, world: World, report: Report) -> None:
    with world.engine.store.database.reading() as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    report.checked["database"] += 1
    if answer != "ok":
        report.losses.append(f"the database: {answer}")
    left = [*(place / "data" / "snapshots").glob("*.partial"), *(place / "data" / "turns").glob("*/*")]
    if left:
        report.losses.append(f"left behind: {left}")


def _look_at_documents(ended: list[dict], begun: list[dict], world: World, report: Report) -> None:
    deleted = {line["document"] for line in ended if line["what"] == "delete a document"}
    deleting = {line["document"] for line in begun if line["what"] == "delete a document"}
    for line in ended:
        if line["what"] != "import" or "document" not in line:
            continue
        document = line["document"]
        try:
            pages, original = digest(world.library.pages(document)), world.library.original(document)
        except UnknownDocument:
            if document not in deleted | deleting:
                report.losses.append(f"the document {document} is missing")
            continue
        report.checked["documents"] += 1
        if document in deleted:
            report.losses.append(f"the deleted document {document} is there")
        if pages != line["pages"] or original is None or _sha256(original) != line["sha256"]:
            report.losses.append(f"the document {document} is damaged")


def _look_at_chats(
    ended: list[dict], begun: list[dict], gone: set[str], world: World, report: Report
) -> None:
    deleted = {line["chat"] for line in ended if line["what"] == "delete a chat"}
    deleting = {line["chat"] for line in begun if line["what"] == "delete a chat"}
    there = {summary.id for summary in world.engine.list_chats()}
    if deleted & there:
        report.losses.append(f"deleted chats are there: {deleted & there}")
    for line in (line for line in ended if line["what"] == "read" and line["chat"] not in deleted):
        if line["chat"] not in there:
            if line["chat"] not in deleting:
                report.losses.append(f"the chat {line['chat']} is missing")
            continue
        stored = world.engine.store.chats.load(line["chat"])
        assert stored is not None
        said = {(turn.question, turn.answer) for turn in stored.turns if not turn.unreadable}
        for other in ended:
            if other.get("chat") == line["chat"] and "question" in other:
                report.checked["answers"] += 1
                if (other["question"], other["answer"]) not in said:
                    report.losses.append(
                        f"an answer of the chat {line['chat']} is missing: {other['question']}"
                    )
        if line["document"] not in gone:
            _look_at_reading(line, world, report)


def _look_at_reading(line: dict, world: World, report: Report) -> None:
    """The chat opens, and nothing of what it had read is read again."""
    world.counting.fed.clear()
    chat = world.engine.chat(line["chat"])
    rest(chat)
    report.checked["readings"] += 1
    (state,) = chat.documents
    if (
        state.phase is not ReadPhase.DONE
        or state.tokens_done != line["tokens"]
        or world.counting.tokens_fed()
    ):
        report.losses.append(
            f"the reading of {line['chat']} is lost: {world.counting.tokens_fed()} tokens read again"
        )
    world.engine.close_chat(line["chat"])


def _look_at_old(world: World, report: Report) -> None:
    for name, pages in OLD.items():
        report.checked["old documents"] += 1
        if world.library.pages(extracted(name, pages).sha256[:32]) != pages:
            report.losses.append(f"the old document {name} is damaged")
    chat = world.engine.store.chats.load("a")
    if chat is None or [(turn.question, turn.answer) for turn in chat.turns] != [("Why?", "Because.")]:
        report.losses.append("the old chat is damaged")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
