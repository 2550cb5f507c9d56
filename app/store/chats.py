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

from app.sentences import Sentence
from app.store import old_files
from app.store.database import Database
from app.store.documents import delete_unused_texts
from app.store.errors import StoreError

log = logging.getLogger(__name__)
_CHAT = "id, title, named, version, settings, documents, created_at, updated_at, pinned"
# How many turns each chat shows, from its first question along the versions that are shown.
_SHOWN_TURNS = (
    "WITH RECURSIVE path (chat_id, id) AS (SELECT chat_id, id FROM turns WHERE parent = 0 AND shown UNION ALL "
    "SELECT turns.chat_id, turns.id FROM path JOIN turns ON turns.chat_id = path.chat_id AND turns.parent = path.id "
    "WHERE shown), counts AS (SELECT chat_id, COUNT(*) AS turn_count FROM path GROUP BY chat_id)"
)


@dataclass(frozen=True)
class ChatSummary:
    """One line of the list of chats. Times are seconds since the epoch.

    turn_count: of the turns that are shown, other versions left out. unreadable: why the chat cannot be opened, ""
    where it can. pinned: listed before those that are not.
    """

    id: str
    title: str
    created_at: float
    updated_at: float
    turn_count: int
    document_names: tuple[str, ...]
    unreadable: str = ""
    pinned: bool = False


ChatSummaries = list[ChatSummary]  # inside `Chats`, `list` is a method


@dataclass(frozen=True)
class StoredTurn:
    """A question, its answer and whatever else belongs to them, as JSON values.

    id: of the turn within its chat, from 1, in the order of asking. parent: the id of the turn before it, 0 for a first
    question; turns with one parent are versions of each other. shown: whether the conversation goes on with this
    version, which is true of at most one with each parent. unreadable: why the details are empty where they should
    not be; the words can still be shown.
    """

    question: str
    answer: str
    details: dict[str, Any]
    unreadable: str = ""
    id: int = 1
    parent: int = 0
    shown: bool = True


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
    created_at: float = 0.0
    updated_at: float = 0.0
    pinned: bool = False


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
                "INSERT INTO chats (id, version, title, named, settings, documents, document_names, created_at, "
                "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "version = excluded.version, title = excluded.title, named = excluded.named, "
                "settings = excluded.settings, documents = excluded.documents, "
                "document_names = excluded.document_names",
                row,
            )
            _note_documents(connection, chat_id, documents)

    def save_turn(self, chat_id: str, turn: StoredTurn) -> None:
        """Store a turn, new or changed; where it is shown, its other versions are not. The chat must be stored."""
        row = (
            chat_id,
            turn.id,
            turn.parent,
            turn.shown,
            turn.question,
            turn.answer,
            json.dumps(turn.details),
        )
        with self._database.writing() as connection:
            if turn.shown:
                _hide(connection, chat_id, turn.parent)
            connection.execute(
                "INSERT INTO turns (chat_id, id, parent, shown, question, answer, details) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chat_id, id) DO UPDATE SET shown = excluded.shown, "
                "question = excluded.question, answer = excluded.answer, details = excluded.details",
                row,
            )
            connection.execute("UPDATE chats SET updated_at = ? WHERE id = ?", (time.time(), chat_id))

    def show_turn(self, chat_id: str, parent: int, turn_id: int | None) -> None:
        """Have the conversation go on with this turn after `parent`; None: end there."""
        with self._database.writing() as connection:
            _hide(connection, chat_id, parent)
            if turn_id is not None:
                connection.execute(
                    "UPDATE turns SET shown = 1 WHERE chat_id = ? AND id = ?", (chat_id, turn_id)
                )

    def delete_turns(self, chat_id: str, turn_ids: Sequence[int]) -> None:
        """Delete these turns; whoever calls names those that follow them, too."""
        with self._database.writing() as connection:
            connection.executemany(
                "DELETE FROM turns WHERE chat_id = ? AND id = ?", [(chat_id, one) for one in turn_ids]
            )

    def load(self, chat_id: str) -> StoredChat | None:
        """A chat with its turns in the order of asking, or None where none has this id."""
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT {_CHAT} FROM chats WHERE id = ?", (chat_id,)).fetchone()
            if row is None:
                return None
            turns = connection.execute(
                "SELECT question, answer, details, id, parent, shown FROM turns WHERE chat_id = ? ORDER BY id",
                (chat_id,),
            ).fetchall()
        return _chat_from_row(row, [_turn_from_row(*turn) for turn in turns])

    def pin(self, chat_id: str, pinned: bool) -> bool:
        """List a chat before the others, or no longer; False where no chat has this id."""
        with self._database.writing() as connection:
            changed = connection.execute("UPDATE chats SET pinned = ? WHERE id = ?", (pinned, chat_id))
            return changed.rowcount > 0

    def add(self, chats: Sequence[StoredChat]) -> None:
        """Store new chats with all their turns and times; all of them or, where that fails, none."""
        with self._database.writing() as connection:
            for chat in chats:
                self.save(
                    chat.id, chat.title, chat.named, chat.settings, chat.documents, version=chat.version
                )
                for turn in chat.turns:
                    self.save_turn(chat.id, turn)
                connection.execute(
                    "UPDATE chats SET created_at = ?, updated_at = ?, pinned = ? WHERE id = ?",
                    (chat.created_at, chat.updated_at, chat.pinned, chat.id),
                )

    def list(self, search: str = "", check: Callable[[StoredChat], str] = _no_check) -> ChatSummaries:
        """The chats, pinned ones first, then last used first; with `search`, those with it in the title, a document's
        name or any version of a turn.

        Letters of the Latin alphabet match in either case. `check` looks at each chat, without its turns, and says why
        it cannot be opened, "" where it can.
        """
        escaped = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{_SHOWN_TURNS} SELECT {_CHAT}, coalesce(turn_count, 0), document_names "
                "FROM chats LEFT JOIN counts ON chat_id = id "
                "WHERE title LIKE :pattern ESCAPE '\\' OR document_names LIKE :pattern ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM turns WHERE chat_id = chats.id AND "
                "(question LIKE :pattern ESCAPE '\\' OR answer LIKE :pattern ESCAPE '\\')) "
                "ORDER BY pinned DESC, updated_at DESC, chats.rowid DESC",
                {"pattern": f"%{escaped}%"},
            ).fetchall()
        summaries = []
        for *chat_row, turn_count, names in rows:
            chat = _chat_from_row(tuple(chat_row), [])
            summaries.append(
                ChatSummary(
                    chat.id,
                    chat.title,
                    chat.created_at,
                    chat.updated_at,
                    turn_count,
                    tuple(str(names).splitlines()),
                    chat.unreadable or check(chat),
                    chat.pinned,
                )
            )
        return summaries

    def raw(self, chat_id: str) -> dict[str, Any] | None:
        """A chat's rows as they stand, whatever they hold, to be exported; None where none has this id."""
        with self._database.reading() as connection:
            chats = _rows(connection, "SELECT * FROM chats WHERE id = ?", chat_id)
            turns = _rows(connection, "SELECT * FROM turns WHERE chat_id = ? ORDER BY id", chat_id)
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
                    Sentence(
                        "The chat could not be deleted from the file of an earlier version ({reason}), so "
                        "it was kept; delete chats.sqlite3.migrated in the data folder and try again.",
                        reason=str(error),
                    )
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


def _hide(connection: sqlite3.Connection, chat_id: str, parent: int) -> None:
    connection.execute(
        "UPDATE turns SET shown = 0 WHERE chat_id = ? AND parent = ? AND shown", (chat_id, parent)
    )


def _chat_from_row(row: tuple[Any, ...], turns: list[StoredTurn]) -> StoredChat:
    chat_id, title, named, version, settings, documents, created_at, updated_at, pinned = row
    told = {"created_at": created_at, "updated_at": updated_at, "pinned": bool(pinned)}
    try:
        values, records = json.loads(settings), json.loads(documents)
        if not isinstance(values, dict) or not isinstance(records, list):
            raise ValueError(Sentence("its settings or documents have another form"))
        if not all(isinstance(record, dict) for record in records):
            raise ValueError(Sentence("one of its documents has another form"))
        return StoredChat(chat_id, str(title), bool(named), values, records, turns, int(version), **told)
    except (ValueError, TypeError) as error:
        reason = Sentence("its row is damaged: {reason}", reason=str(error))
        return StoredChat(chat_id, str(title), bool(named), {}, [], turns, 0, reason, **told)


def _turn_from_row(question: str, answer: str, details: str, *place: int) -> StoredTurn:
    turn_id, parent, shown = place
    try:
        values, damage = json.loads(details), ""
        if not isinstance(values, dict):
            raise ValueError(Sentence("its details have another form"))
    except (ValueError, TypeError) as error:
        values, damage = {}, Sentence("its row is damaged: {reason}", reason=str(error))
    return StoredTurn(str(question), str(answer), values, damage, turn_id, parent, bool(shown))


def _rows(connection: sqlite3.Connection, query: str, value: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query, (value,))
    names = [column[0] for column in cursor.description]
    return [
        {name: cell.hex() if isinstance(cell, bytes) else cell for name, cell in zip(names, row, strict=True)}
        for row in cursor
    ]
