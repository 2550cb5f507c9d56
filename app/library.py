"""The library: every document's text by page, in one SQLite file.

What is added is committed before `add` returns, so a crash loses nothing. A document is known by the hash of
its bytes: adding the same bytes again, under whatever name, changes nothing and gives the document that is
there.
"""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path

from app.documents import Extracted, Kind

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    page_count INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    pages_without_text TEXT NOT NULL,  -- JSON array of page numbers
    added_at REAL NOT NULL             -- seconds since 1970, UTC
);
CREATE TABLE pages (
    page_id INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,           -- from 1
    text TEXT NOT NULL,
    UNIQUE (document_id, number)
);
"""
_COLUMNS = "id, name, kind, page_count, characters, pages_without_text, added_at"
_ID_LENGTH = 32  # hexadecimal digits: 128 bits of the hash, which nobody can make collide
_WAIT_SECONDS = 10.0  # for another process that is writing


class LibraryError(RuntimeError):
    """The library cannot be used. The message is one sentence for the user."""


class UnknownDocument(LibraryError):
    """There is no document with that id (any more)."""


@dataclass(frozen=True)
class Document:
    """A document in the library. characters: of all pages together; pages_without_text: numbers from 1;
    added_at: UTC."""

    id: str
    name: str
    kind: Kind
    page_count: int
    characters: int
    pages_without_text: tuple[int, ...]
    added_at: datetime


class Library:
    """The documents in the SQLite file at `path`, which is made if there is none. Any thread may call any
    method.

    One connection behind a lock: SQLite lets a single writer work at a time anyway, and the longest write (a
    document of 50 million characters) takes about a second.

    Raises LibraryError, from here and from every method, where the file is not a library, is of a newer
    version, is damaged or cannot be written. Such a file is left as it is.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = threading.RLock()
        with self._reporting():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # isolation_level=None: transactions begin and end where this module says so.
            self._connection = sqlite3.connect(
                self._path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except (sqlite3.Error, LibraryError):
                self._connection.close()
                raise

    def add(self, extracted: Extracted) -> Document:
        """Put a document in and return it; if its bytes are here already, return the one that is here."""
        document_id = extracted.sha256[:_ID_LENGTH]
        row = (
            document_id,
            extracted.sha256,
            extracted.name,
            extracted.kind,
            len(extracted.pages),
            sum(map(len, extracted.pages)),
            json.dumps(extracted.pages_without_text),
            time.time(),
        )
        with self._transaction() as connection:
            added = connection.execute(
                "INSERT INTO documents (id, sha256, name, kind, page_count, characters, pages_without_text, added_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
                row,
            ).rowcount
            if added:
                connection.executemany(
                    "INSERT INTO pages (document_id, number, text) VALUES (?, ?, ?)",
                    ((document_id, number, text) for number, text in enumerate(extracted.pages, start=1)),
                )
            return self.get(document_id)

    def get(self, document_id: str) -> Document:
        """The document. Raises UnknownDocument."""
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM documents WHERE id = ?", (document_id,)
            ).fetchone()
        if row is None:
            raise _unknown(document_id)
        return _document(row)

    def list(self) -> list[Document]:
        """All documents, the one added last first."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM documents ORDER BY added_at DESC, rowid DESC"
            ).fetchall()
        return [_document(row) for row in rows]

    def pages(self, document_id: str) -> tuple[str, ...]:
        """The text of each page, page 1 first. Raises UnknownDocument."""
        with self._reading() as connection:
            self.get(document_id)
            rows = connection.execute(
                "SELECT text FROM pages WHERE document_id = ? ORDER BY number", (document_id,)
            )
            return tuple(text for (text,) in rows)

    def delete(self, document_id: str) -> None:
        """Take a document out, with its pages. Raises UnknownDocument."""
        with self._transaction() as connection:
            if not connection.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount:
                raise _unknown(document_id)

    def close(self) -> None:
        """Close the file. The library cannot be used afterwards; closing twice does no harm."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        connection = self._connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise LibraryError(
                f"The library {self._path} was written by a newer AHN Chat (format {version}, and this one knows up to "
                f"{_SCHEMA_VERSION}), so it was not opened; update AHN Chat, or start it with another data folder."
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(
            "PRAGMA secure_delete = ON"
        )  # a deleted document leaves no text behind in the file
        if version < _SCHEMA_VERSION:
            self._create()

    def _create(self) -> None:
        with self._transaction() as connection:
            # Asked again inside the transaction: another process may have been first.
            if connection.execute("PRAGMA user_version").fetchone()[0] == _SCHEMA_VERSION:
                return
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise LibraryError(
                    f"The file {self._path} is a database, but not AHN Chat's library, so it was not opened; start "
                    "AHN Chat with another data folder."
                )
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._reporting():
            yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:  # it failed, and SQLite has not rolled it back by itself
                    connection.execute("ROLLBACK")

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn errors of SQLite and of the file system into one sentence."""
        try:
            yield
        except sqlite3.ProgrammingError:  # a fault of the caller (the library was closed) and not of the file
            raise
        except (sqlite3.Error, OSError) as error:
            raise LibraryError(_sentence(self._path, error)) from error


def _sentence(path: Path, error: sqlite3.Error | OSError) -> str:
    reason = str(error)
    if "not a database" in reason or "malformed" in reason:
        return (
            f"The library {path} is damaged ({reason}), so it cannot be used and was left as it is; restore it from "
            "a backup, or move it away to start with an empty library."
        )
    if "locked" in reason:
        return (
            f"The library {path} has been in use by another program for {_WAIT_SECONDS:g} seconds, so nothing was "
            "changed; close the other program and try again."
        )
    if "is full" in reason or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return (
            f"The disk with the library {path} is full, so nothing was added; free some space and try again."
        )
    return (
        f"The library {path} cannot be used ({reason}), so nothing was changed; check that you may read and write "
        "this file and its folder."
    )


def _unknown(document_id: str) -> UnknownDocument:
    return UnknownDocument(
        f"There is no document {document_id} in the library, perhaps because it was deleted; add the file again."
    )


def _document(row: tuple[str, str, Kind, int, int, str, float]) -> Document:
    document_id, name, kind, page_count, characters, pages_without_text, added_at = row
    return Document(
        id=document_id,
        name=name,
        kind=kind,
        page_count=page_count,
        characters=characters,
        pages_without_text=tuple(json.loads(pages_without_text)),
        added_at=datetime.fromtimestamp(added_at, timezone.utc),
    )
