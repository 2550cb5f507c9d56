"""The store's file: one writer, and as many readers as read at the same time.

In SQLite's WAL mode readers see the last committed state and never wait for the writer, so a long import does not hold
up the drawing of the page. What was committed is on the disk when the program is killed; after a power cut the last
moments may be missing, but never a part of a transaction.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.sentences import Sentence
from app.store.errors import StoreClosed, StoreError, sentence
from app.store.files import make_private_file, make_private_folder
from app.store.migrations import Migration, check, migrate

WAIT_SECONDS = 10.0  # for another process that is writing
_OPENING_SECONDS = 300.0  # for another process that brings the file to this version's form
_CLEANING_MILLISECONDS = 500  # for readers, before a deletion leaves the journal to a later one
_IDLE_READERS = 8  # connections kept for the next reader


class Database:
    """The SQLite file at `path`, made and migrated on opening. Any thread may call any method.

    A thread that reads has a connection to itself for as long as its `reading` block lasts; nobody else uses it
    meanwhile. Connections are lent from a small stock rather than tied to threads, because a server's threads come and
    go. Raises StoreError, here and from every method, where the file cannot be used; it is then left as it is.
    """

    def __init__(
        self, path: Path, migrations: Sequence[Migration], *, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self.path = path
        self._wait_seconds = wait_seconds
        self._lock = threading.RLock()  # over the writer
        self._writer_thread: int | None = None  # the one inside a `writing` block
        self._readers: list[sqlite3.Connection] = []  # those nobody uses now
        self._readers_lock = threading.Lock()
        self._closed = False
        try:
            make_private_folder(path.parent)
            self._writer = self._open(migrations)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(sentence(path, error, wait_seconds)) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file for the whole `with` block; it cannot write.

        Inside a `writing` block of the same thread it is the writer's, which sees what was written there.
        """
        if self._writer_thread == threading.get_ident():
            yield self._writer
            return
        with self._reporting():
            connection = self._lend()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._take_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The writer's connection in a transaction, which the end of the `with` block commits and an error undoes.

        Blocks inside each other, in one thread, are one transaction.
        """
        with self._lock, self._reporting():
            self._check_open()
            if self._writer_thread is not None:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer_thread = threading.get_ident()
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            finally:
                self._writer_thread = None
                if self._writer.in_transaction:  # it failed, and SQLite has not rolled it back by itself
                    self._writer.execute("ROLLBACK")

    def shrink(self) -> None:
        """After a deletion: give its space back to the disk, and let no copy of it stay in the journal."""
        with self._lock, self._reporting():
            self._check_open()
            self._writer.executescript("PRAGMA incremental_vacuum")  # `execute` would stop after one page
            self._writer.execute(f"PRAGMA busy_timeout = {_CLEANING_MILLISECONDS}")
            try:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                self._writer.execute(f"PRAGMA busy_timeout = {int(self._wait_seconds * 1000)}")

    def close(self) -> None:
        """Close the file; later calls raise StoreClosed. Closing twice does no harm."""
        with self._lock, self._readers_lock:
            self._closed = True
            for connection in self._readers:
                connection.close()
            self._readers.clear()
            self._writer.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process opens this file, or changes what lies beside it, in the `with` block."""
        import filelock

        lock = filelock.FileLock(self.path.with_suffix(".lock"), mode=0o600)
        try:
            lock.acquire(timeout=_OPENING_SECONDS)
        except filelock.Timeout as error:
            raise StoreError(sentence(self.path, OSError("locked"), _OPENING_SECONDS)) from error
        try:
            yield
        finally:
            lock.release()

    def _open(self, migrations: Sequence[Migration]) -> sqlite3.Connection:
        with (
            self.alone()
        ):  # SQLite asks nobody to wait where several processes turn a new file to WAL at once
            make_private_file(self.path)  # SQLite gives its other files the permissions of this one
            writer = self._connect()
            try:
                if not check(writer, self.path, migrations):  # first of all: others' files stay as they are
                    writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
                writer.execute("PRAGMA journal_mode = WAL").fetchall()
                migrate(writer, self.path, migrations)
            except BaseException:
                writer.close()
                raise
        return writer

    def _connect(self) -> sqlite3.Connection:
        # isolation_level=None: transactions begin and end where this module says so.
        connection = sqlite3.connect(
            self.path, timeout=self._wait_seconds, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = _text  # a damaged name must cost its own row only
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON").fetchall()  # deleted text is overwritten with zeros
        return connection

    def _lend(self) -> sqlite3.Connection:
        with self._readers_lock:
            self._check_open()
            if self._readers:
                return self._readers.pop()
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _take_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with self._readers_lock:
            if self._closed or len(self._readers) >= _IDLE_READERS:
                connection.close()
            else:
                self._readers.append(connection)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(
                Sentence(
                    "The store {path} was closed, so nothing can be read from it or kept in it; start AHN "
                    "Chat again.",
                    path=str(self.path),
                )
            )

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn errors of SQLite into one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(sentence(self.path, error, self._wait_seconds)) from error


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
