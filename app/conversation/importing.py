"""Chats from a file that `app.conversation.exporting` wrote, in this version or another.

All of a file's chats are taken in or none. Each becomes a new chat, so nothing that is there is changed. Entries that
are not known are left aside; what is missing takes a default where that invents nothing. Documents that are in the
library, known by the digest of their bytes, are attached and read when the chat is opened; others are named.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, NoReturn

from app.conversation.answers import PastTurn
from app.conversation.decoding import text, whole
from app.conversation.errors import ChatError
from app.conversation.exporting import FORMAT, FORMAT_VERSION
from app.conversation.records import (
    CHAT_VERSION,
    documents_from_record,
    documents_to_record,
    short_title,
    strict_turn,
    turn_to_record,
)
from app.conversation.settings import ChatSettings
from app.sentences import Sentence
from app.store import Document, Store, StoredChat, StoredTurn

_HALF = re.compile("[\ud800-\udfff]")


class ImportRefused(ChatError):
    """A file that no chats can be taken from; the message is one sentence."""


@dataclass(frozen=True)
class Imported:
    """chats: id and title of each new chat. missing: names of documents that are not in the library."""

    chats: tuple[tuple[str, str], ...]
    missing: tuple[str, ...] = ()

    def sentence(self) -> str:
        """What was done, for people."""
        count = len(self.chats)
        what = (
            Sentence("“{title}” is imported", title=self.chats[0][1])
            if count == 1
            else Sentence("{count:,} chats are imported", count=count)
        )
        if not self.missing:
            return Sentence("{what}.", what=what)
        if len(self.missing) == 1:
            return Sentence(
                "{what}. This document is not in the library: {name}; add it there to ask about it again.",
                what=what,
                name=self.missing[0],
            )
        names, more = ", ".join(self.missing[:5]), len(self.missing) - 5
        return Sentence(
            "{what}. These documents are not in the library: {names}; add them there to ask about them "
            "again.",
            what=what,
            names=Sentence("{names} and {more:,} more", names=names, more=more) if more > 0 else names,
        )


def import_chats(store: Store, data: bytes) -> Imported:
    """Take in the chats of a file. Raises ImportRefused, one sentence for each kind of fault, and StoreError."""
    rows = _chats(_parsed(data))
    library = {document.sha256: document for document in store.documents.list()}
    missing: dict[str, None] = {}
    chats = [_chat(row, place, library, missing) for place, row in enumerate(rows, start=1)]
    store.chats.add(chats)
    return Imported(tuple((chat.id, chat.title) for chat in chats), tuple(missing))


def _parsed(data: bytes) -> Any:
    try:
        return _clean(json.loads(data.decode("utf-8-sig"), parse_constant=_no_number))
    except UnicodeDecodeError as error:
        raise ImportRefused(
            Sentence(
                "The file is no text in UTF-8 (byte {byte:,}), so nothing was imported; choose a file that "
                "AHN Chat has saved as JSON.",
                byte=error.start,
            )
        ) from error
    except json.JSONDecodeError as error:
        raise ImportRefused(
            Sentence(
                "The file is no JSON, or not all of it (line {line:,}, column {column:,}: {reason}), so "
                "nothing was imported; choose a file that AHN Chat has saved as JSON.",
                line=error.lineno,
                column=error.colno,
                reason=error.msg,
            )
        ) from error
    except RecursionError as error:
        raise ImportRefused(
            Sentence(
                "The file is nested too deeply for chats, so nothing was imported; choose a file that AHN "
                "Chat has saved as JSON."
            )
        ) from error
    except ValueError as error:
        raise ImportRefused(
            Sentence(
                "The file holds a number that cannot be read ({reason}), so nothing was imported; choose a "
                "file that AHN Chat has saved as JSON.",
                reason=str(error),
            )
        ) from error


def _chats(values: Any) -> list[Any]:
    """The rows of a file of this format."""
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ImportRefused(
            Sentence(
                "The file is JSON, but no chats that AHN Chat has saved (its “format” is not “{format}”), "
                "so nothing was imported; choose a file that AHN Chat has saved as JSON.",
                format=FORMAT,
            )
        )
    version = values.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ImportRefused(
            Sentence(
                "The file does not say its version as a number ({version}), so nothing was imported; choose "
                "a file that AHN Chat has saved as JSON.",
                version=repr(version),
            )
        )
    if version > FORMAT_VERSION:
        raise ImportRefused(
            Sentence(
                "The file is of version {version:,} of the format, but this AHN Chat knows versions up to "
                "{known}, so nothing was imported; update AHN Chat and import it again.",
                version=version,
                known=FORMAT_VERSION,
            )
        )
    chats = values.get("chats")
    if not isinstance(chats, list):
        raise ImportRefused(
            Sentence(
                "The file has no list of chats, so nothing was imported; choose a file that AHN Chat has "
                "saved as JSON."
            )
        )
    if not chats:
        raise ImportRefused(
            Sentence(
                "There is no chat in the file, so nothing was imported; choose a file that AHN Chat has "
                "saved as JSON."
            )
        )
    return chats


def _chat(row: Any, place: int, library: dict[str, Document], missing: dict[str, None]) -> StoredChat:
    name = Sentence("Chat {place:,}", place=place)
    try:
        if not isinstance(row, dict):
            raise ValueError(Sentence("it is {value} and not an object", value=_short(row)))
        title = " ".join(text(row.get("title", ""), "its title").split())
        if title:
            name = Sentence("Chat {place:,} (“{title}”)", place=place, title=short_title(title))
        settings = ChatSettings.from_json(_object(row.get("settings"), "its settings"))
        documents = [_document(one, library, missing) for one in _rows(row, "documents")]
        turns = _turns(_rows(row, "turns"))
        if not title:
            title = short_title(turns[0].question) if turns else "Imported"
        now = time.time()
        return StoredChat(
            id=uuid.uuid4().hex,
            title=title,
            named=row.get("named") is True,
            settings=settings.to_json(),
            documents=documents,
            turns=turns,
            version=CHAT_VERSION,
            created_at=_seconds(row.get("created_at"), now),
            updated_at=_seconds(row.get("updated_at"), now),
            pinned=row.get("pinned") is True,
        )
    except ChatError as error:  # of its settings, a sentence already
        raise ImportRefused(
            Sentence(
                "{chat} cannot be imported, so nothing was imported: {error}", chat=name, error=str(error)
            )
        ) from error
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        reason = (
            Sentence("it has no {entry}", entry=str(error)) if isinstance(error, KeyError) else str(error)
        )
        raise ImportRefused(
            Sentence(
                "{chat} cannot be imported ({reason}), so nothing was imported; choose a file that AHN Chat "
                "has saved as JSON.",
                chat=name,
                reason=_short(reason),
            )
        ) from error


def _document(record: Any, library: dict[str, Document], missing: dict[str, None]) -> dict[str, Any]:
    """A document as the chat keeps it, with nothing of it read yet."""
    values = _object(record, "a document")
    digest = values.get("sha256")
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", text(digest, "the digest of a document")):
        raise ValueError(Sentence("the digest of a document is {value} and no SHA-256", value=_short(digest)))
    name = text(values.get("name"), "the name of a document")
    known = library.get(digest) if digest else None
    if known is None and not digest:
        known = next((one for one in library.values() if one.id == values.get("id")), None)
    if known is not None:
        values = {
            "id": known.id, "name": known.name, "page_count": known.page_count, "revision": known.revision,
            "pages_without_text": list(known.pages_without_text), "tokens": values.get("tokens", 0),
        }  # fmt: skip
    else:
        missing[name] = None
        values = {**values, "id": digest[:32] if digest else values.get("id"), "revision": 1, "paused": False}
    entries, _ = documents_from_record([{**values, "runs": []}])
    return documents_to_record(entries, [])[0]


def _turns(rows: list[Any]) -> list[StoredTurn]:
    """The turns with ids of their own, from 1, in the order of asking."""
    turns = sorted((_turn(row, place) for place, row in enumerate(rows, start=1)), key=lambda turn: turn.id)
    ids = {0: 0}
    shown: dict[int, bool] = {}  # whether one of the turns with this parent is
    for turn in turns:
        if turn.id in ids:
            raise ValueError(Sentence("two of its turns have the id {turn}", turn=turn.id))
        if turn.parent not in ids:
            raise ValueError(
                Sentence(
                    "its turn {turn} comes after a turn {parent} that is not before it",
                    turn=turn.id,
                    parent=turn.parent,
                )
            )
        if turn.shown and shown.setdefault(turn.parent, False):
            raise ValueError(
                Sentence("two versions after its turn {turn} are shown at once", turn=turn.parent)
            )
        shown[turn.parent] = shown.get(turn.parent, False) or turn.shown
        ids[turn.id] = len(ids)
    return [replace(turn, id=ids[turn.id], parent=ids[turn.parent]) for turn in turns]


def _turn(row: Any, place: int) -> StoredTurn:
    values = _object(row, f"turn {place}")
    try:
        question, answer = (
            text(values.get("question"), "the question"),
            text(values.get("answer", ""), "the answer"),
        )
        details = {"state": "done", **values, "token_ids": None}  # nobody else's tokens are fed to a model
        turn = strict_turn(StoredTurn(question, answer, details), "").turn
        return replace(
            turn_to_record(PastTurn(turn, None), ""),
            id=whole(values.get("id", place), "the id", 1),
            parent=whole(values.get("parent", place - 1), "the turn before it"),
            shown=values.get("shown", True) is True,
        )
    except (ValueError, TypeError, KeyError) as error:
        reason = (
            Sentence("it has no {entry}", entry=str(error)) if isinstance(error, KeyError) else str(error)
        )
        raise ValueError(Sentence("turn {place}: {reason}", place=place, reason=reason)) from error


def _seconds(value: Any, default: float) -> float:
    """A time of the file in seconds since 1970; the default where there is none."""
    if value is None:
        return default
    moment = datetime.fromisoformat(text(value, "a time"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _rows(row: dict[str, Any], name: str) -> list[Any]:
    rows = row.get(name, [])
    if not isinstance(rows, list):
        raise ValueError(f"its {name} are {_short(rows)} and not a list")
    return rows


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name}: {_short(value)} is not an object")
    return value


def _clean(value: Any) -> Any:
    """Halves of surrogate pairs, which JSON can spell and no file can hold, become U+FFFD."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _short(value: object) -> str:
    shown = value if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 200 else shown[:199] + "…"
