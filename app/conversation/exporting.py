"""Chats as a JSON file that can be imported again, with every version of every turn.

    {"format": "ahn-chat", "version": 1, "exported_at": "…", "app": "…", "chats": [{
        "title": "…", "named": true, "pinned": false, "created_at": "…", "updated_at": "…",
        "settings": {…}, "model": "…",
        "documents": [{"id": "…", "name": "…", "sha256": "…", "page_count": 8, …}],
        "turns": [{"id": 1, "parent": 0, "shown": true, "question": "…", "answer": "…", "state": "done",
                   "model": "…", "figures": {…}, "pieces": […], "evidence": {…}, "review": {…}}]}]}

Times are ISO 8601 in UTC. Turns with one parent are versions of each other; of those at most one is shown. evidence:
quotes and passages with their places; review: citations and checks (`app.conversation.evidence`). Knows the store
alone, so no model has to be loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from app import __version__
from app.conversation.errors import UnknownChatError, UnreadableChatError
from app.conversation.records import unreadable_reason
from app.sentences import Sentence
from app.store import Store, StoredChat, StoredTurn

FORMAT = "ahn-chat"
FORMAT_VERSION = (
    1  # raised when entries mean something else; new ones alone are left aside by earlier versions
)
_OWN = ("token_ids", "tokenizer")  # of a turn's details: of use on this computer alone


@dataclass(frozen=True)
class Export:
    """values: what is written as JSON. left_out: the titles of chats that cannot be read, each with the reason."""

    values: dict[str, Any]
    left_out: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The file."""
        return json.dumps(self.values, indent=1, ensure_ascii=False)


def load_chat(store: Store, chat_id: str) -> StoredChat:
    """A stored chat. Raises UnknownChatError, and UnreadableChatError where this version cannot read it."""
    stored = store.chats.load(chat_id)
    if stored is None:
        raise UnknownChatError(
            Sentence(
                "There is no chat {chat}, so nothing was exported; choose one from the list.",
                chat=repr(chat_id),
            )
        )
    reason = unreadable_reason(stored)
    if reason:
        raise UnreadableChatError(
            Sentence(
                "The chat “{title}” cannot be read ({reason}), so it was not exported; `ahn-chat library "
                "export --everything` writes out what is stored of it.",
                title=stored.title,
                reason=reason,
            )
        )
    return stored


def export_chats(store: Store, chat_ids: Iterable[str]) -> Export:
    """These chats. Raises UnknownChatError, and UnreadableChatError for one that cannot be read."""
    digests = _digests(store)
    return Export(_file([_chat(load_chat(store, chat_id), digests) for chat_id in chat_ids]))


def export_all(store: Store) -> Export:
    """Every chat that can be read."""
    digests, chats, left_out = _digests(store), [], []
    for summary in store.chats.list("", unreadable_reason):
        stored = store.chats.load(summary.id)
        if summary.unreadable or stored is None:  # None: deleted meanwhile
            left_out.append((summary.title, summary.unreadable or Sentence("it was deleted meanwhile")))
        else:
            chats.append(_chat(stored, digests))
    return Export(_file(chats), tuple(left_out))


def model_of(turns: Iterable[StoredTurn]) -> str:
    """The model that answered last; "" where no turn says."""
    return next(
        (str(turn.details["model"]) for turn in reversed(list(turns)) if turn.details.get("model")), ""
    )


def _file(chats: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "exported_at": _time(datetime.now(timezone.utc).timestamp()),
        "app": __version__,
        "chats": chats,
    }


def _digests(store: Store) -> dict[str, str]:
    return {document.id: document.sha256 for document in store.documents.list()}


def _chat(stored: StoredChat, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "title": stored.title,
        "named": stored.named,
        "pinned": stored.pinned,
        "created_at": _time(stored.created_at),
        "updated_at": _time(stored.updated_at),
        "settings": stored.settings,
        "model": model_of(stored.turns),
        "documents": [_document(record, digests) for record in stored.documents],
        "turns": [_turn(turn) for turn in stored.turns],
    }


def _document(record: dict[str, Any], digests: dict[str, str]) -> dict[str, Any]:
    """A document without what the cache has read of it; sha256: None where it is no longer in the library."""
    kept = {name: value for name, value in record.items() if name not in ("runs", "paused", "model")}
    return {**kept, "sha256": digests.get(str(record.get("id")))}


def _turn(turn: StoredTurn) -> dict[str, Any]:
    place = {"id": turn.id, "parent": turn.parent, "shown": turn.shown}
    words = {"question": turn.question, "answer": turn.answer}
    if turn.unreadable:
        return {**place, **words, "state": "failed", "message": turn.unreadable}
    return {**place, **words, **{name: value for name, value in turn.details.items() if name not in _OWN}}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
