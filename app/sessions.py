"""The chats on disk: transcripts, settings and documents, committed as they happen.

Knows rows and JSON alone; what they mean is the business of `app.conversation`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    named INTEGER NOT NULL,         -- whether the title was given, not made up
    settings TEXT NOT NULL,         -- JSON object
    documents TEXT NOT NULL,        -- JSON array
    document_names TEXT NOT NULL,   -- one a line, for the search
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    details TEXT NOT NULL,          -- JSON object
    PRIMARY KEY (chat_id, position)
);
CREATE TABLE IF NOT EXISTS reading_rates (
    name TEXT PRIMARY KEY,
    tokens_per_second REAL NOT NULL
);
"""


class SessionsError(RuntimeError):
    """The chats cannot be read or written; the message is one sentence for the user."""


@dataclass(frozen=True)
class ChatSummary:
    """One line of the list of chats. Times are seconds since the epoch."""

    id: str
    title: str
    created_at: float
    updated_at: float
    turn_count: int
    document_names: tuple[str, ...]


@dataclass(frozen=True)
class StoredTurn:
    """A question, its answer and whatever else belongs to them, as JSON values."""

    question: str
    answer: str
    details: dict[str, Any]


@dataclass(frozen=True)
class StoredChat:
    """All of a chat. Each entry of `documents` has at least a "name"."""

    id: str
    title: str
    named: bool
    settings: dict[str, Any]
    documents: list[dict[str, Any]]
    turns: list[StoredTurn]


class Sessions:
    """The chats in one SQLite file. May be used from any thread; every method is one transaction."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises SessionsError, as every method does, where it cannot be used."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
        with self._transaction() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.executescript(_SCHEMA)

    def save_chat(
        self,
        chat_id: str,
        title: str,
        named: bool,
        settings: dict[str, Any],
        documents: Sequence[dict[str, Any]],
    ) -> None:
        """Store a chat, new or changed; its turns stay. `named`: the title was given by somebody.

        The chat counts as used when it is made and when a turn is stored.
        """
        now = time.time()
        names = "\n".join(document["name"] for document in documents)
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "title = excluded.title, named = excluded.named, settings = excluded.settings, "
                "documents = excluded.documents, document_names = excluded.document_names",
                (chat_id, title, named, json.dumps(settings), json.dumps(list(documents)), names, now, now),
            )

    def save_turn(self, chat_id: str, position: int, turn: StoredTurn) -> None:
        """Store a turn in its position (from 0) and forget those after it. The chat must be stored already."""
        row = (chat_id, position, turn.question, turn.answer, json.dumps(turn.details))
        with self._transaction() as connection:
            connection.execute("DELETE FROM turns WHERE chat_id = ? AND position >= ?", (chat_id, position))
            connection.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("UPDATE chats SET updated_at = ? WHERE id = ?", (time.time(), chat_id))

    def forget_turns(self, chat_id: str, position: int) -> None:
        """Delete the turns from this position on."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM turns WHERE chat_id = ? AND position >= ?", (chat_id, position))

    def load(self, chat_id: str) -> StoredChat | None:
        """A chat with its turns, or None where none has this id."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT id, title, named, settings, documents FROM chats WHERE id = ?", (chat_id,)
            ).fetchone()
            if row is None:
                return None
            turns = connection.execute(
                "SELECT question, answer, details FROM turns WHERE chat_id = ? ORDER BY position", (chat_id,)
            ).fetchall()
        stored_turns = [
            StoredTurn(question, answer, json.loads(details)) for question, answer, details in turns
        ]
        return StoredChat(row[0], row[1], bool(row[2]), json.loads(row[3]), json.loads(row[4]), stored_turns)

    def list_chats(self, search: str = "") -> list[ChatSummary]:
        """The chats, last used first; with `search`, those with it in the title, a document's name or a turn.

        Letters of the Latin alphabet match in either case.
        """
        escaped = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, title, created_at, updated_at, "
                "(SELECT COUNT(*) FROM turns WHERE chat_id = chats.id), document_names FROM chats "
                "WHERE title LIKE :pattern ESCAPE '\\' OR document_names LIKE :pattern ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM turns WHERE chat_id = chats.id AND "
                "(question LIKE :pattern ESCAPE '\\' OR answer LIKE :pattern ESCAPE '\\')) "
                "ORDER BY updated_at DESC, rowid DESC",
                {"pattern": pattern},
            ).fetchall()
        return [
            ChatSummary(chat_id, title, created_at, updated_at, turn_count, tuple(names.splitlines()))
            for chat_id, title, created_at, updated_at, turn_count, names in rows
        ]

    def rename(self, chat_id: str, title: str) -> bool:
        """Change a title; False where no chat has this id."""
        with self._transaction() as connection:
            return (
                connection.execute(
                    "UPDATE chats SET title = ?, named = 1 WHERE id = ?", (title, chat_id)
                ).rowcount
                > 0
            )

    def delete(self, chat_id: str) -> bool:
        """Delete a chat and its turns; False where no chat has this id."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM chats WHERE id = ?", (chat_id,)).rowcount > 0

    def reading_rate(self, name: str) -> float | None:
        """The tokens a second last measured under this name."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT tokens_per_second FROM reading_rates WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else float(row[0])

    def save_reading_rate(self, name: str, tokens_per_second: float) -> None:
        """Keep a measured rate for the estimates of later starts."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO reading_rates VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
                "tokens_per_second = excluded.tokens_per_second",
                (name, tokens_per_second),
            )

    def close(self) -> None:
        """Close the file; the object is not usable after."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, alone, in a transaction that is committed at the end, or taken back where that fails."""
        with self._lock:
            try:
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                raise SessionsError(
                    f"The chats in {self._path} cannot be read or written ({error}), so what was said last is not "
                    "kept; free some disk space, or check that the file may be written."
                ) from error
