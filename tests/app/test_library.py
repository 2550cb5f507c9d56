"""The library keeps what it is given, through restarts, threads, processes and damaged files."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from app.documents import Extracted
from app.library import Document, Library, LibraryError, UnknownDocument

PROJECT = Path(__file__).resolve().parents[2]


def extracted(name: str = "manual.pdf", pages: tuple[str, ...] = ("One", "", "Drei ü 日本")) -> Extracted:
    return Extracted.of_texts(name, "pdf", hashlib.sha256(repr((name, pages)).encode()).hexdigest(), pages)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.sqlite3"


@pytest.fixture
def library(path: Path) -> Iterator[Library]:
    library = Library(path)
    yield library
    library.close()


def sentence_of(path: Path) -> str:
    """The one sentence with which opening `path` fails; the file stays as it is."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(LibraryError) as caught:
        Library(path)
    if before is not None:
        assert path.read_bytes() == before
    sentence = str(caught.value)
    assert str(path) in sentence and sentence.endswith(".") and ". " not in sentence and "\n" not in sentence
    return sentence


def test_what_is_added_is_there(library: Library) -> None:
    given = extracted()
    document = library.add(given)
    assert document == Document(
        id=given.sha256[:32],
        name="manual.pdf",
        kind="pdf",
        page_count=3,
        characters=12,
        pages_without_text=(2,),
        added_at=document.added_at,
    )
    assert abs(datetime.now(timezone.utc) - document.added_at) < timedelta(seconds=10)
    assert library.get(document.id) == document
    assert library.pages(document.id) == given.pages
    assert library.list() == [document]


def test_the_same_bytes_are_the_same_document_with_its_first_name(library: Library) -> None:
    first = library.add(extracted())
    again = Extracted.of_texts("copy.pdf", "pdf", extracted().sha256, ("Other", "text"))
    assert library.add(again) == first
    assert library.list() == [first]
    assert library.pages(first.id) == extracted().pages


def test_the_newest_comes_first(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.library.time.time", lambda: 1_000.0)  # a clock too coarse to tell them apart
    for name in "abc":
        library.add(extracted(name))
    assert [document.name for document in library.list()] == ["c", "b", "a"]
    monkeypatch.setattr("app.library.time.time", lambda: 900.0)
    library.add(extracted("older"))
    assert [document.name for document in library.list()] == ["c", "b", "a", "older"]


def test_delete_takes_the_pages_too(library: Library, path: Path) -> None:
    kept, gone = library.add(extracted("kept")), library.add(extracted("gone", ("a very secret word",)))
    library.delete(gone.id)
    assert library.list() == [kept] and library.pages(kept.id) == extracted("kept").pages
    for method in (library.get, library.pages, library.delete):
        with pytest.raises(UnknownDocument, match=f"no document {gone.id} in the library"):
            method(gone.id)
    library.close()
    assert b"very secret" not in path.read_bytes()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM pages").fetchone() == (3,)
    connection.close()


def test_a_document_that_was_deleted_can_be_added_again(library: Library) -> None:
    document = library.add(extracted())
    library.delete(document.id)
    assert library.add(extracted()).id == document.id
    assert library.pages(document.id) == extracted().pages


def test_it_is_there_after_a_restart_and_in_another_process_at_once(library: Library, path: Path) -> None:
    document = library.add(extracted())
    script = f"from app.library import Library; print(Library({str(path)!r}).list()[0].name)"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "manual.pdf\n"
    library.close()
    reopened = Library(path)
    assert reopened.list() == [document]
    reopened.close()


def test_a_killed_process_loses_nothing_that_was_added_and_keeps_nothing_half(path: Path) -> None:
    script = f"""
import os
from app.documents import Extracted
from app.library import Library

library = Library({str(path)!r})
library.add(Extracted.of_texts("whole.txt", "txt", "a" * 64, ("one", "two")))
seen = []
def die_at_the_second_page(statement):
    seen.append("INSERT INTO pages" in statement)
    if sum(seen) == 2:
        os._exit(9)
library._connection.set_trace_callback(die_at_the_second_page)
library.add(Extracted.of_texts("half.txt", "txt", "b" * 64, ("one", "two", "three")))
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=PROJECT).returncode == 9
    library = Library(path)
    assert [document.name for document in library.list()] == ["whole.txt"]
    assert library.pages("a" * 32) == ("one", "two")
    library.close()


def test_a_failed_add_leaves_nothing(library: Library) -> None:
    with pytest.raises(UnicodeEncodeError):
        library.add(extracted(pages=("fine", "lone \ud800")))
    assert library.list() == []
    library.add(extracted())  # and the next one works


def test_many_threads_at_once(library: Library) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                document = library.add(extracted(f"{turn}.txt", ("shared", str(turn))))
                assert library.pages(document.id) == ("shared", str(turn))
                own = library.add(extracted(f"own {number} {turn}"))
                assert own in library.list()
                library.delete(own.id)
        except (AssertionError, LibraryError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(document.name for document in library.list()) == [f"{turn}.txt" for turn in range(5)]


def test_several_open_a_new_library_at_once(path: Path) -> None:
    libraries: list[Library] = []
    start = threading.Barrier(6)

    def open_one() -> None:
        start.wait()
        libraries.append(Library(path))

    threads = [threading.Thread(target=open_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(libraries) == 6
    libraries[0].add(extracted())
    assert all(len(library.list()) == 1 for library in libraries)
    for library in libraries:
        library.close()


def test_the_file_is_set_up_for_safety(library: Library) -> None:
    pragma = {
        name: library._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "user_version": 1}


# Files that cannot be used


def test_a_newer_library_is_left_alone(library: Library, path: Path) -> None:
    library._connection.execute("PRAGMA user_version = 2")
    library.close()
    assert "newer AHN Chat (format 2, and this one knows up to 1)" in sentence_of(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(LibraryError, match="is a database, but not AHN Chat's library"):
        Library(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    connection.close()


def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite3"
    path.write_bytes(b"These are just words. " * 500)
    assert "is damaged (file is not a database)" in sentence_of(path)
    assert "cannot be used" in sentence_of(tmp_path)  # a folder


def test_a_library_damaged_in_the_middle_says_so_and_is_kept(library: Library, path: Path) -> None:
    document = library.add(extracted(pages=tuple("words " * 200 for _ in range(50))))
    library.close()
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\x5a" * (len(data) - 8192))
    damaged = Library(path)
    with pytest.raises(LibraryError, match=r"is damaged .*, so it cannot be used and was left as it is"):
        damaged.pages(document.id)
    damaged.close()
    assert path.stat().st_size == len(data)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="file permissions do not stop this user"
)
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be used" in sentence_of(tmp_path / "library.sqlite3")
    tmp_path.chmod(0o700)


def test_a_full_disk_is_one_sentence_and_undoes_the_add(library: Library) -> None:
    library.add(extracted("small"))
    used = library._connection.execute("PRAGMA page_count").fetchone()[0]
    library._connection.execute(f"PRAGMA max_page_count = {used + 2}")
    with pytest.raises(LibraryError, match="The disk with the library .* is full, so nothing was added"):
        library.add(extracted("large", ("words " * 100_000,)))
    assert [document.name for document in library.list()] == ["small"]


def test_a_library_that_another_program_holds_is_one_sentence(
    library: Library, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library._connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryError, match="in use by another program"):
        library.add(extracted())
    assert library.list() == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    library.add(extracted())
