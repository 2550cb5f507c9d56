"""Bringing a file to this version's form, and taking over what earlier versions kept."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.store import Database, Store, StoredTurn, StoreError
from app.store.migrations import Migration, run_script
from app.store.schema import MIGRATIONS
from tests.app.store.support import extracted, old_data_folder, run_together
from tests.app.store.support import run_script as run_process

MANUAL = ("One", "", "Drei ü 日本")
DOCUMENT = extracted("manual.pdf", MANUAL)
CHAT = {
    "title": "Pumps",
    "settings": {"memory": "ahn"},
    "documents": [{"id": DOCUMENT.sha256[:32], "name": "manual.pdf"}],
    "turns": [("Why?", "Because.", {"state": "done"}), ("How?", "So.", {"state": "done"})],
}


def taken(path: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT number, name FROM migrations ORDER BY number").fetchall()


def test_a_new_store_names_its_steps(tmp_path: Path) -> None:
    Store(tmp_path).close()
    assert taken(tmp_path / "store.sqlite3") == [(step.number, step.name) for step in MIGRATIONS]
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_later_version_adds_its_step_to_a_file_with_contents(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        document = store.documents.add(DOCUMENT)

    def add_notes(connection: sqlite3.Connection) -> None:
        run_script(
            connection,
            "CREATE TABLE notes (document_id TEXT, revision INTEGER, text TEXT,\n"
            " FOREIGN KEY (document_id, revision) REFERENCES texts ON DELETE CASCADE);\n"
            "CREATE TRIGGER counted AFTER DELETE ON notes BEGIN\n SELECT 1;\n SELECT 2;\nEND;\n",
        )
        connection.execute("INSERT INTO notes SELECT document_id, revision, 'a note' FROM texts")

    later = (*MIGRATIONS, Migration(len(MIGRATIONS) + 1, "notes", add_notes))
    for _ in range(2):  # the second time there is nothing to do
        database = Database(tmp_path / "store.sqlite3", later)
        with database.reading() as connection:
            assert connection.execute("SELECT document_id, text FROM notes").fetchall() == [
                (document.id, "a note")
            ]
        database.close()
    # This version knows nothing of that step.
    before = (tmp_path / "store.sqlite3").read_bytes()
    with pytest.raises(StoreError, match=r"newer AHN Chat \(its step \d, “notes”.*update AHN Chat"):
        Store(tmp_path)
    assert (tmp_path / "store.sqlite3").read_bytes() == before


def test_what_is_derived_from_a_text_goes_with_it(tmp_path: Path) -> None:
    def add_notes(connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TABLE notes (document_id TEXT, revision INTEGER, "
            "FOREIGN KEY (document_id, revision) REFERENCES texts ON DELETE CASCADE)"
        )

    with Store(tmp_path) as store:
        document = store.documents.add(DOCUMENT)
        with store.database.writing() as connection:
            add_notes(connection)
            connection.execute("INSERT INTO notes VALUES (?, ?)", document.text)
        store.documents.count_also(
            "notes",
            lambda connection, one: connection.execute("SELECT 100 * count(*) FROM notes").fetchone()[0],
        )
        assert store.documents.usage(document.id).nbytes["notes"] == 100
        store.documents.replace(document.id, DOCUMENT)
        with store.database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    Store(tmp_path).close()

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (name TEXT)")
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError, match="no such table: nowhere"):
        Database(path, (*MIGRATIONS, Migration(len(MIGRATIONS) + 1, "half", fail)))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone() is None
    Store(tmp_path).close()


def test_a_script_without_its_last_semicolon_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(ValueError, match="semicolon"):
        run_script(connection, "CREATE TABLE a (b TEXT);\nCREATE TABLE c (d TEXT)")


# What earlier versions kept


def test_everything_the_old_files_hold_is_taken_over(tmp_path: Path) -> None:
    old_data_folder(tmp_path, {"manual.pdf": MANUAL, "b.pdf": ("words",)}, a=CHAT, b={"title": "Empty"})
    with Store(tmp_path) as store:
        assert [document.name for document in store.documents.list()] == ["b.pdf", "manual.pdf"]
        document = store.documents.get(DOCUMENT.sha256[:32])
        assert (document.sha256, document.page_count, document.characters) == (DOCUMENT.sha256, 3, 12)
        assert (document.pages_without_text, document.added_at.timestamp()) == ((2,), 1000.0)
        assert (document.extractor_version, document.revision, document.nbytes) == (1, 1, None)
        assert store.documents.pages(document.id) == MANUAL
        assert store.documents.layout(document.id) == DOCUMENT.layout, "a paragraph a page"
        chat = store.chats.load("a")
        assert chat is not None
        assert (chat.title, chat.named, chat.version, chat.settings) == ("Pumps", True, 1, CHAT["settings"])
        assert chat.documents == CHAT["documents"]
        first, second = CHAT["turns"]
        assert chat.turns == [StoredTurn(*first, id=1), StoredTurn(*second, id=2, parent=1)]  # type: ignore[misc]
        assert [(entry.id, entry.updated_at) for entry in store.chats.list()] == [
            ("b", 3000.0),
            ("a", 3000.0),
        ]
        assert store.documents.usage(document.id).chats == (("a", "Pumps"),)
        assert store.rates.get("tiny ahn") == 12.5
    assert not (tmp_path / "library.sqlite3").exists() and not (tmp_path / "chats.sqlite3").exists()
    with closing(sqlite3.connect(tmp_path / "library.sqlite3.migrated")) as kept:
        assert kept.execute("SELECT count(*) FROM pages").fetchone() == (4,)


def test_chats_of_a_list_become_trees_with_one_version_a_turn(tmp_path: Path) -> None:
    """A file as it was before turns had versions."""
    database = Database(tmp_path / "store.sqlite3", MIGRATIONS[:4])
    with database.writing() as connection:
        for name in ("a", "b"):
            connection.execute(
                "INSERT INTO chats VALUES (?, 2, 'Pumps', 1, '{}', '[]', '', 1000.0, 2000.0)", (name,)
            )
        connection.executemany(
            "INSERT INTO turns VALUES (?, ?, ?, 'So.', '{}')",
            [("a", 1, "How?"), ("b", 0, "Other?"), ("a", 0, "Why?"), ("a", 3, "After a gap?")],
        )
    database.close()
    with Store(tmp_path) as store:
        stored = store.chats.load("a")
        assert stored is not None
        turns = [(turn.id, turn.parent, turn.shown, turn.question) for turn in stored.turns]
        assert turns == [(1, 0, True, "Why?"), (2, 1, True, "How?"), (4, 2, True, "After a gap?")]
        assert [(chat.id, chat.turn_count, chat.updated_at, chat.pinned) for chat in store.chats.list()] == [
            ("b", 1, 2000.0, False),
            ("a", 3, 2000.0, False),
        ]
        store.chats.save_turn("b", StoredTurn("Again?", "", {}, id=2, parent=0))
        assert store.chats.list()[0].turn_count == 1


def test_the_old_files_are_read_once(tmp_path: Path) -> None:
    old_data_folder(tmp_path, {"manual.pdf": MANUAL})
    with Store(tmp_path) as store:
        store.documents.rename(DOCUMENT.sha256[:32], "mine.pdf")
    old_data_folder(tmp_path, {"other.pdf": ("of an old version started again",)})
    with Store(tmp_path) as store:
        assert [document.name for document in store.documents.list()] == ["mine.pdf"]
    assert (tmp_path / "library.sqlite3").is_file(), "an earlier copy is not overwritten"
    with closing(sqlite3.connect(tmp_path / "library.sqlite3.migrated")) as kept:
        assert kept.execute("SELECT name FROM documents").fetchall() == [("manual.pdf",)]


def test_what_is_deleted_from_the_store_is_deleted_from_the_kept_old_files(tmp_path: Path) -> None:
    old_data_folder(
        tmp_path, {"manual.pdf": ("a very secret word",)}, a={"turns": [("a hidden question", "", {})]}
    )
    with Store(tmp_path) as store:
        (document,) = store.documents.list()
        store.documents.delete(document.id)
        assert store.chats.delete("a")
        found = [
            path.name
            for path in tmp_path.rglob("*")
            if path.is_file()
            and (b"very secret" in path.read_bytes() or b"hidden question" in path.read_bytes())
        ]
        assert found == []


def test_a_damaged_old_file_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    old_data_folder(tmp_path, {"manual.pdf": MANUAL})
    path = tmp_path / "chats.sqlite3"
    path.write_bytes(b"not a database, but long enough to be looked at" * 40)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(
            StoreError, match=r"chats\.sqlite3 of an earlier version cannot be read .*move it out"
        ):
            Store(tmp_path)
    assert path.read_bytes() == before
    path.unlink()
    with Store(tmp_path) as store:
        assert [document.name for document in store.documents.list()] == ["manual.pdf"]


def test_an_old_file_that_was_never_filled_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").touch()
    with Store(tmp_path) as store:
        assert store.documents.list() == []


KILLED = """
import os, signal, sys
from pathlib import Path
from app.store import Database
from app.store.migrations import Migration
from app.store.schema import MIGRATIONS

create, take_over = MIGRATIONS[:2]
seen = []
def die_at_the_last_page(statement):
    seen.append("INSERT INTO pages" in statement)
    if sum(seen) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
def apply(connection):
    connection.set_trace_callback(die_at_the_last_page)
    take_over.apply(connection)
Database(Path(sys.argv[1]) / "store.sqlite3", (create, Migration(take_over.number, take_over.name, apply)))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_killed_while_it_takes_over_it_begins_again(tmp_path: Path) -> None:
    old_data_folder(tmp_path, {"manual.pdf": MANUAL}, a=CHAT)
    run = run_process(KILLED, tmp_path)
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert taken(tmp_path / "store.sqlite3") == [(1, MIGRATIONS[0].name)]
    assert (tmp_path / "library.sqlite3").is_file()
    with Store(tmp_path) as store:
        assert store.documents.pages(DOCUMENT.sha256[:32]) == MANUAL
        assert [chat.turn_count for chat in store.chats.list()] == [2]


def test_processes_that_start_at_once_take_over_once(tmp_path: Path) -> None:
    documents = {
        f"{number}.pdf": tuple(f"page {page} of {number}" for page in range(50)) for number in range(20)
    }
    old_data_folder(tmp_path, documents, a=CHAT)
    script = (
        "import sys\nfrom pathlib import Path\nfrom app.store import Store\n"
        "print('ready', flush=True); input()\n"
        "with Store(Path(sys.argv[1])) as store: assert len(store.documents.list()) == 20"
    )
    run_together(script, 3, tmp_path)
    assert taken(tmp_path / "store.sqlite3") == [(step.number, step.name) for step in MIGRATIONS]
    with Store(tmp_path) as store:
        assert [document.page_count for document in store.documents.list()] == [50] * 20
        assert len(store.documents.pages(extracted("7.pdf", documents["7.pdf"]).sha256[:32])) == 50
