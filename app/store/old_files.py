"""The two files that earlier versions kept: `library.sqlite3` and `chats.sqlite3`.

Their rows are copied once, in a migration; afterwards they are renamed to `*.migrated` and never read again. Only what
is deleted from the store is deleted from them too, so that no text outlives its deletion.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.sentences import Sentence
from app.store.errors import StoreError
from app.store.migrations import folder_of

LIBRARY = "library.sqlite3"
CHATS = "chats.sqlite3"
_MIGRATED = ".migrated"
_FIRST_EXTRACTOR = 1  # took plain text out, page by page
_FIRST_CHAT_VERSION = 1
log = logging.getLogger(__name__)


def import_old_files(connection: sqlite3.Connection) -> None:
    """Copy what is in the old files beside the store. Raises StoreError where one of them cannot be read."""
    folder = folder_of(connection)
    with _opened(folder / LIBRARY, "documents") as old:
        if old is not None:
            _import_documents(old, connection)
    with _opened(folder / CHATS, "chats") as old:
        if old is not None:
            _import_chats(old, connection)


def retire(folder: Path) -> None:
    """Rename the old files, which have been copied. One that another program holds open is left for the next start.

    One process at a time: another one that looked at a file just then would find it renamed under its hands ("disk I/O
    error"), or make an empty one and rename that over the first.
    """
    for name in (LIBRARY, CHATS):
        path, retired = folder / name, folder / (name + _MIGRATED)
        if not path.is_file() or retired.exists():  # never over an earlier one
            continue
        try:
            if not _in_use(path):
                path.rename(retired)
        except (OSError, sqlite3.Error) as error:
            log.warning("%s keeps its name for now: %s", path, error)


def forget_document(folder: Path, document_id: str) -> None:
    """Delete a document from what is left of the old library. Raises OSError or sqlite3.Error."""
    _forget(folder, LIBRARY, "DELETE FROM documents WHERE id = ?", document_id)


def forget_chat(folder: Path, chat_id: str) -> None:
    """Delete a chat from what is left of the old chats. Raises OSError or sqlite3.Error."""
    _forget(folder, CHATS, "DELETE FROM chats WHERE id = ?", chat_id)


def _forget(folder: Path, name: str, statement: str, row_id: str) -> None:
    for path in (folder / name, folder / (name + _MIGRATED)):
        if path.is_file():
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON").fetchall()
                connection.execute(statement, (row_id,))
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _in_use(path: Path) -> bool:
    """Whether another program has this old file open: the last one to close it takes its journal away."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return os.path.exists(f"{path}-wal")


@contextmanager
def _opened(path: Path, table: str) -> Iterator[sqlite3.Connection | None]:
    """The old file, to be read; None where there is none, or one that was never filled."""
    if not path.is_file():
        yield None
        return
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as old:
            old.text_factory = lambda value: value.decode("utf-8", "replace")
            old.execute("BEGIN")  # one state of it, whoever else may be writing
            tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and table not in tables:
                raise StoreError(
                    Sentence(
                        "The file {path} is a database, but not one of AHN Chat's, so nothing was taken "
                        "over from it; move it out of the data folder, or start AHN Chat with another one.",
                        path=str(path),
                    )
                )
            yield old if tables else None
    except sqlite3.Error as error:
        raise StoreError(
            Sentence(
                "The file {path} of an earlier version cannot be read ({reason}), so nothing was taken over "
                "and it was left as it is; restore it from a backup, or move it out of the data folder to "
                "start without it.",
                path=str(path),
                reason=str(error),
            )
        ) from error


def _import_documents(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    for row in old.execute(
        "SELECT id, sha256, name, kind, page_count, characters, pages_without_text, added_at FROM documents "
        "ORDER BY rowid"
    ):
        document_id, sha256, name, kind, page_count, characters, without_text, added_at = row
        new.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, NULL, 1, ?, ?)",
            (document_id, sha256, name, kind, added_at, added_at),
        )
        new.execute(
            "INSERT INTO texts VALUES (?, 1, ?, 'page', '', '[]', '[]', ?, ?, ?, ?)",
            (document_id, _FIRST_EXTRACTOR, page_count, characters, without_text, added_at),
        )
    new.executemany(
        "INSERT INTO pages (document_id, revision, number, text) VALUES (?, 1, ?, ?)",
        old.execute("SELECT document_id, number, text FROM pages ORDER BY page_id"),
    )


def _import_chats(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    for row in old.execute(
        "SELECT id, title, named, settings, documents, document_names, created_at, updated_at FROM chats ORDER BY rowid"
    ):
        chat_id, *values = row
        new.execute(
            "INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (chat_id, _FIRST_CHAT_VERSION, *values)
        )
        new.executemany(
            "INSERT OR IGNORE INTO chat_documents VALUES (?, ?, 1)",
            [(chat_id, document_id) for document_id in _document_ids(values[3])],
        )
    new.executemany(
        "INSERT INTO turns VALUES (?, ?, ?, ?, ?)",
        old.execute("SELECT chat_id, position, question, answer, details FROM turns ORDER BY rowid"),
    )
    tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "reading_rates" in tables:
        new.executemany(
            "INSERT INTO reading_rates VALUES (?, ?)",
            old.execute("SELECT name, tokens_per_second FROM reading_rates"),
        )


def _document_ids(documents: str) -> list[str]:
    """The ids in a chat's JSON; none where it cannot be read, which costs that chat alone, when it is opened."""
    try:
        return [str(record["id"]) for record in json.loads(documents)]
    except (ValueError, TypeError, KeyError):
        return []
