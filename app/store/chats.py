"""The chats: transcripts, settings and documents, committed as they happen.

Knows rows and JSON alone; what they mean is the business of `app.conversation`.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.store import old_files
from app.store.database import Database
from app.store.documents import delete_unused_texts
from app.store.errors import StoreError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChatSummary:
    """One line of the list of chats. Times are seconds since the epoch.

    unreadable: why the chat cannot be opened, "" where it can.
    """

    id: str
    title: str
    created_at: float
    updated_at: float
    turn_count: int
    document_names: tuple[str, ...]
    unreadable: str = ""


ChatSummaries = list[ChatSummary]  # inside `Chats`, `list` is a method


@dataclass(frozen=True)
class StoredTurn:
    """A question, its answer and whatever else belongs to them, as JSON values.

    unreadable: why the details are empty where they should not be; the words can still be shown.
    """

    question: str
    answer: str
    details: dict[str, Any]
    unreadable: str = ""


@dataclass(frozen=True)
class StoredChat:
    """All of a chat. Each entry of `documents` has "id" and "name", and "revision" where it is not 1.

    version: of what settings, documents and details mean. unreadable: why settings and documents are empty where they
    should not be.
    """

    id: str
    title: str
    named: bool
    settings: dict[str, Any]
    documents: list[dict[str, Any]]
    turns: list[StoredTurn] = field(default_factory=list)
    version: int = 1
    unreadable: str = ""


def _no_check(chat: StoredChat) -> str:
    return ""


class Chats:
    """Every method is one transaction, may be called from any thread, and raises StoreError where it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self,
        chat_id: str,
        title: str,
        named: bool,
        settings: dict[str, Any],
        documents: Sequence[dict[str, Any]],
        *,
        version: int = 1,
    ) -> None:
        """Store a chat, new or changed; its turns stay. `named`: the title was given by somebody.

        The chat counts as used when it is made and when a turn is stored.
        """
        now = time.time()
        names = "\n".join(document["name"] for document in documents)
        row = (
            chat_id,
            version,
            title,
            named,
            json.dumps(settings),
            json.dumps(list(documents)),
            names,
            now,
            now,
        )
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "version = excluded.version, title = excluded.title, named = excluded.named, "
                "settings = excluded.settings, documents = excluded.documents, "
                "document_names = excluded.document_names",
                row,
            )
            _note_documents(connection, chat_id, documents)

    def save_turn(self, chat_id: str, position: int, turn: StoredTurn) -> None:
        """Store a turn in its position (from 0) and forget those after it. The chat must be stored already."""
        row = (chat_id, position, turn.question, turn.answer, json.dumps(turn.details))
        with self._database.writing() as connection:
            connection.execute("DELETE FROM turns WHERE chat_id = ? AND position >= ?", (chat_id, position))
            connection.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("UPDATE chats SET updated_at = ? WHERE id = ?", (time.time(), chat_id))

    def forget_turns(self, chat_id: str, position: int) -> None:
        """Delete the turns from this position on."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM turns WHERE chat_id = ? AND position >= ?", (chat_id, position))

    def load(self, chat_id: str) -> StoredChat | None:
        """A chat with its turns, or None where none has this id."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT id, title, named, version, settings, documents FROM chats WHERE id = ?", (chat_id,)
            ).fetchone()
            if row is None:
                return None
            turns = connection.execute(
                "SELECT question, answer, details FROM turns WHERE chat_id = ? ORDER BY position", (chat_id,)
            ).fetchall()
        return _chat_from_row(row, [_turn_from_row(*turn) for turn in turns])

    def list(self, search: str = "", check: Callable[[StoredChat], str] = _no_check) -> ChatSummaries:
        """The chats, last used first; with `search`, those with it in the title, a document's name or a turn.

        Letters of the Latin alphabet match in either case. `check` looks at each chat, without its turns, and says why
        it cannot be opened, "" where it can.
        """
        escaped = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, title, named, version, settings, documents, created_at, updated_at, "
                "(SELECT COUNT(*) FROM turns WHERE chat_id = chats.id), document_names FROM chats "
                "WHERE title LIKE :pattern ESCAPE '\\' OR document_names LIKE :pattern ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM turns WHERE chat_id = chats.id AND "
                "(question LIKE :pattern ESCAPE '\\' OR answer LIKE :pattern ESCAPE '\\')) "
                "ORDER BY updated_at DESC, rowid DESC",
                {"pattern": f"%{escaped}%"},
            ).fetchall()
        summaries = []
        for *chat_row, created_at, updated_at, turn_count, names in rows:
            chat = _chat_from_row(tuple(chat_row), [])
            summaries.append(
                ChatSummary(
                    chat.id,
                    chat.title,
                    created_at,
                    updated_at,
                    turn_count,
                    tuple(str(names).splitlines()),
                    chat.unreadable or check(chat),
                )
            )
        return summaries

    def raw(self, chat_id: str) -> dict[str, Any] | None:
        """A chat's rows as they stand, whatever they hold, to be exported; None where none has this id."""
        with self._database.reading() as connection:
            chats = _rows(connection, "SELECT * FROM chats WHERE id = ?", chat_id)
            turns = _rows(connection, "SELECT * FROM turns WHERE chat_id = ? ORDER BY position", chat_id)
        return {**chats[0], "turns": turns} if chats else None

    def rename(self, chat_id: str, title: str) -> bool:
        """Change a title; False where no chat has this id."""
        with self._database.writing() as connection:
            changed = connection.execute(
                "UPDATE chats SET title = ?, named = 1 WHERE id = ?", (title, chat_id)
            )
            return changed.rowcount > 0

    def delete(self, chat_id: str) -> bool:
        """Delete a chat and its turns; False where no chat has this id."""
        with self._database.writing() as connection:
            if not connection.execute("DELETE FROM chats WHERE id = ?", (chat_id,)).rowcount:
                return False
            delete_unused_texts(connection)
            try:
                old_files.forget_chat(self._database.path.parent, chat_id)
            except (OSError, sqlite3.Error) as error:
                raise StoreError(
                    f"The chat could not be deleted from the file of an earlier version ({error}), so it was kept; "
                    "delete chats.sqlite3.migrated in the data folder and try again."
                ) from error
        self._database.shrink()
        return True


def _note_documents(
    connection: sqlite3.Connection, chat_id: str, documents: Sequence[dict[str, Any]]
) -> None:
    """Keep which texts a chat uses up to date; texts it has left behind go where nobody else uses them."""
    wanted = {
        str(document["id"]): int(document.get("revision", 1)) for document in documents if "id" in document
    }
    before = dict(
        connection.execute(
            "SELECT document_id, revision FROM chat_documents WHERE chat_id = ?", (chat_id,)
        ).fetchall()
    )
    if wanted == before:
        return
    connection.execute("DELETE FROM chat_documents WHERE chat_id = ?", (chat_id,))
    connection.executemany(
        "INSERT INTO chat_documents VALUES (?, ?, ?)",
        ((chat_id, document_id, revision) for document_id, revision in wanted.items()),
    )
    delete_unused_texts(connection)


def _chat_from_row(row: tuple[Any, ...], turns: list[StoredTurn]) -> StoredChat:
    chat_id, title, named, version, settings, documents = row
    try:
        values, records = json.loads(settings), json.loads(documents)
        if not isinstance(values, dict) or not isinstance(records, list):
            raise ValueError("its settings or documents have another form")
        if not all(isinstance(record, dict) for record in records):
            raise ValueError("one of its documents has another form")
        return StoredChat(chat_id, str(title), bool(named), values, records, turns, int(version))
    except (ValueError, TypeError) as error:
        return StoredChat(chat_id, str(title), bool(named), {}, [], turns, 0, f"its row is damaged: {error}")


def _turn_from_row(question: str, answer: str, details: str) -> StoredTurn:
    try:
        values = json.loads(details)
        if not isinstance(values, dict):
            raise ValueError("its details have another form")
        return StoredTurn(str(question), str(answer), values)
    except (ValueError, TypeError) as error:
        return StoredTurn(str(question), str(answer), {}, f"its row is damaged: {error}")


def _rows(connection: sqlite3.Connection, query: str, value: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query, (value,))
    names = [column[0] for column in cursor.description]
    return [
        {name: cell.hex() if isinstance(cell, bytes) else cell for name, cell in zip(names, row, strict=True)}
        for row in cursor
    ]
