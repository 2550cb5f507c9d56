"""The store's file: set up for safety, read while it is written, and left alone where it cannot be used."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.store import Database, Store, StoreClosed, StoreError
from app.store.files import tighten
from app.store.schema import MIGRATIONS
from tests.app.store.support import extracted, old_data_folder

posix = pytest.mark.skipif(os.name != "posix", reason="no such permissions here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as store:
        yield store


def sentence_of(folder: Path) -> str:
    """The one sentence with which opening the store fails; its file stays as it is."""
    path = folder / "store.sqlite3"
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as caught:
        Store(folder)
    if before is not None:
        assert path.read_bytes() == before
    sentence = str(caught.value)
    assert str(path) in sentence and sentence.endswith(".") and ". " not in sentence and "\n" not in sentence
    return sentence


def test_every_connection_is_set_up_for_safety(store: Store) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "query_only")
    for block, query_only in ((store.database.reading, 1), (store.database.writing, 0)):
        with block() as connection:
            values = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
        assert values == ["wal", 1, 1, 1, query_only]


def test_reading_goes_on_while_something_long_is_written(store: Store) -> None:
    document = store.documents.add(extracted("first"))
    written, finish, done = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        with store.database.writing() as connection:
            connection.execute("UPDATE documents SET name = 'half'")
            written.set()
            assert finish.wait(20)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(20)
    # All of this would wait for the writer if it shared its connection.
    assert store.documents.list() == [document]
    assert store.documents.pages(document.id) == extracted("first").pages
    assert store.chats.list() == []
    assert not done.is_set()
    finish.set()
    writer.join()
    assert store.documents.get(document.id).name == "half"


def test_a_reading_block_sees_one_state(store: Store) -> None:
    document = store.documents.add(extracted("before"))
    with store.database.reading() as connection:
        query = "SELECT name FROM documents"
        assert connection.execute(query).fetchall() == [("before",)]
        other = threading.Thread(target=store.documents.rename, args=(document.id, "after"))
        other.start()
        other.join()
        assert connection.execute(query).fetchall() == [("before",)]
    assert store.documents.get(document.id).name == "after"


def test_blocks_inside_each_other_are_one_transaction(store: Store) -> None:
    with pytest.raises(RuntimeError, match="halt"), store.database.writing():
        document = store.documents.add(extracted())
        assert store.documents.get(document.id) == document, "the same thread sees what it wrote"
        raise RuntimeError("halt")
    assert store.documents.list() == []
    store.documents.add(extracted())  # and the next one works


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match="readonly"), store.database.reading() as connection:
        connection.execute("DELETE FROM documents")


def test_many_threads_at_once(store: Store) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                document = store.documents.add(extracted(f"{turn}.txt", ("shared", str(turn))))
                assert store.documents.pages(document.id) == ("shared", str(turn))
                own = store.documents.add(extracted(f"own {number} {turn}"))
                assert own in store.documents.list()
                store.documents.delete(own.id)
        except (AssertionError, StoreError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(document.name for document in store.documents.list()) == [
        f"{turn}.txt" for turn in range(4)
    ]


def test_several_open_a_new_store_at_once(folder: Path) -> None:
    stores: list[Store] = []
    start = threading.Barrier(6)

    def open_one() -> None:
        start.wait()
        stores.append(Store(folder))

    threads = [threading.Thread(target=open_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 6
    stores[0].documents.add(extracted())
    assert all(len(store.documents.list()) == 1 for store in stores)
    for store in stores:
        store.close()


def test_a_closed_store_says_so(store: Store) -> None:
    store.documents.list()
    store.close()
    store.close()
    for call in (store.documents.list, lambda: store.rates.save("a", 1.0)):
        with pytest.raises(StoreClosed, match="was closed"):
            call()


# Files that cannot be used


def test_another_programs_database_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "store.sqlite3")) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.commit()
    assert "is a database, but not AHN Chat's store" in sentence_of(folder)


def test_what_is_no_database_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "store.sqlite3").write_bytes(b"These are just words. " * 500)
    assert "is damaged (file is not a database)" in sentence_of(folder)


def test_a_data_folder_that_is_a_file_is_one_sentence(folder: Path) -> None:
    folder.write_bytes(b"")
    assert "cannot be used" in sentence_of(folder)


def test_a_store_damaged_in_the_middle_says_so_and_is_kept(folder: Path) -> None:
    with Store(folder) as store:
        document = store.documents.add(extracted(pages=tuple("words " * 400 for _ in range(80))))
        with store.database.reading() as connection:
            root, size = (
                connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pages'").fetchone()[0],
                connection.execute("PRAGMA page_size").fetchone()[0],
            )
    path = folder / "store.sqlite3"
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : root * size] = b"\x5a" * size
    path.write_bytes(data)
    with Store(folder) as damaged:
        with pytest.raises(StoreError, match=r"is damaged .*, so it cannot be used and was left as it is"):
            damaged.documents.pages(document.id)
        assert damaged.documents.list() == [document], "what is whole can still be read"
    assert path.stat().st_size == len(data)


def test_a_full_disk_is_one_sentence_and_undoes_the_add(store: Store) -> None:
    store.documents.add(extracted("small"))
    with store.database.writing() as connection:
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {used + 2}")
    with pytest.raises(StoreError, match="The disk with the store .* is full, so nothing was added"):
        store.documents.add(extracted("large", ("words " * 100_000,)))
    assert [document.name for document in store.documents.list()] == ["small"]


def test_a_store_that_another_program_holds_is_one_sentence(folder: Path) -> None:
    database = Database(folder / "store.sqlite3", MIGRATIONS, wait_seconds=0.05)
    other = sqlite3.connect(folder / "store.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="in use by another program for 0.05 seconds"), database.writing():
        raise AssertionError("it could not begin")
    with database.reading() as connection:  # reading goes on
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)
    other.execute("ROLLBACK")
    other.close()
    with database.writing():
        pass
    database.close()


# Permissions


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_the_folder_and_all_files_are_the_owners_alone(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"words")
    given = extracted("a.txt")
    before = os.umask(0)
    try:
        with Store(folder) as store:
            store.originals.keep(file, hashlib.sha256(b"words").hexdigest(), ".txt")
            store.documents.add(given)
            assert mode(folder) == 0o700
            inside = sorted(folder.rglob("*"))
            assert {path.name for path in inside} >= {
                "store.sqlite3",
                "store.sqlite3-wal",
                "store.sqlite3-shm",
            }
            assert {
                path.name: oct(mode(path)) for path in inside if path.is_file() and mode(path) != 0o600
            } == {}
            assert {
                path.name: oct(mode(path)) for path in inside if path.is_dir() and mode(path) != 0o700
            } == {}
    finally:
        os.umask(before)


@posix
def test_a_folder_that_somebody_else_made_first_is_tightened_and_strangers_files_are_not(
    folder: Path,
) -> None:
    old_data_folder(folder, {"a.pdf": ("words",)})
    for name in ("models", "snapshots"):
        (folder / name).mkdir()
        (folder / name / "file").write_bytes(b"x")
    (folder / "script.sh").write_bytes(b"x")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    Store(folder).close()
    assert [mode(path) for path in (folder, folder / "models", folder / "snapshots")] == [0o700] * 3
    assert mode(folder / "snapshots" / "file") == mode(folder / "library.sqlite3.migrated") == 0o600
    assert mode(folder / "script.sh") == 0o755


@posix
def test_a_folder_that_everybody_shares_stays_shared(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    tighten(tmp_path)
    assert mode(tmp_path) == 0o1777
    tmp_path.chmod(0o700)
