"""Chats and turns as the JSON that `app.sessions` keeps, and back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from app.conversation.answers import PastTurn
from app.conversation.entries import Entry
from app.conversation.errors import ChatError
from app.conversation.events import AnswerFigures, AnswerPiece, ReadPhase, Turn, TurnState
from app.conversation.pages import Segment
from app.conversation.settings import ChatSettings
from app.sessions import Sessions, SessionsError, StoredTurn

log = logging.getLogger(__name__)
_TITLE_LENGTH = 60
INTERRUPTED = "This question was left before its answer was written; ask it again."
CUT_OFF = "cut off when the program ended"


class ChatStore:
    """One chat's rows on disk. Not safe between threads: the chat calls it under its lock."""

    def __init__(self, sessions: Sessions, chat_id: str, tokenizer: str) -> None:
        """`tokenizer` is the fingerprint that the answers' token ids belong to."""
        self._sessions = sessions
        self._chat_id = chat_id
        self._tokenizer = tokenizer
        self._last: object = None
        self._deleted = False

    def save(
        self,
        title: str,
        named: bool,
        settings: ChatSettings,
        entries: Sequence[Entry],
        plan: Sequence[Segment],
    ) -> None:
        """Commit the chat itself, where something has changed since the last time."""
        record = (title, named, settings.to_json(), documents_to_record(entries, plan))
        if record != self._last and self._commit(lambda: self._sessions.save_chat(self._chat_id, *record)):
            self._last = record

    def save_turn(self, position: int, past: PastTurn) -> None:
        """Commit a turn, and that none comes after it."""
        stored = turn_to_record(past, self._tokenizer)
        self._commit(lambda: self._sessions.save_turn(self._chat_id, position, stored))

    def forget_turns(self, position: int) -> None:
        """Delete the turns from this position on."""
        self._commit(lambda: self._sessions.forget_turns(self._chat_id, position))

    def delete(self) -> None:
        """Delete the chat and write nothing of it any more."""
        self._commit(lambda: self._sessions.delete(self._chat_id))
        self._deleted = True

    def _commit(self, write: Callable[[], object]) -> bool:
        # A full disk ends neither the reading nor the answer: they are in memory, and the next change tries again.
        if self._deleted:
            return False
        try:
            write()
        except SessionsError as error:
            log.error("%s", error)
            return False
        return True


def short_title(words: str) -> str:
    """A chat's name in the list, made of its first question or document."""
    words = " ".join(words.split())
    return words if len(words) <= _TITLE_LENGTH else words[: _TITLE_LENGTH - 1].rstrip() + "…"


def given_title(title: str) -> str:
    """A name the reader gave, in one line. Raises ChatError for an empty one."""
    title = " ".join(title.split())
    if not title:
        raise ChatError(
            "The title is empty, so the chat could not be found by it; type at least one character."
        )
    return title


def turn_to_record(past: PastTurn, tokenizer: str) -> StoredTurn:
    """A turn to be stored; `tokenizer` is the fingerprint its token ids belong to."""
    turn = past.turn
    details = {
        "state": turn.state.value,
        "message": turn.message,
        "pieces": [[piece.text, round(piece.memory_share, 4)] for piece in turn.pieces],
        "figures": None if turn.figures is None else asdict(turn.figures),
        "token_ids": past.token_ids,
        "tokenizer": tokenizer,
    }
    return StoredTurn(turn.question, turn.answer, details)


def turn_from_record(stored: StoredTurn, tokenizer: str) -> PastTurn:
    """The stored turn. An answer that the end of the program cut off comes back as a stopped one."""
    details = stored.details
    state, message = TurnState(details["state"]), details["message"]
    if state is TurnState.ANSWERING:
        state, message = (TurnState.STOPPED, CUT_OFF) if stored.answer else (TurnState.FAILED, INTERRUPTED)
    turn = Turn(
        question=stored.question,
        answer=stored.answer,
        state=state,
        pieces=tuple(AnswerPiece(text, share) for text, share in details["pieces"]),
        figures=None if details["figures"] is None else AnswerFigures(**details["figures"]),
        message=message,
    )
    own = details["token_ids"] is not None and details["tokenizer"] == tokenizer
    return PastTurn(turn, tuple(details["token_ids"]) if own else None)


def documents_to_record(entries: Sequence[Entry], plan: Sequence[Segment]) -> list[dict[str, Any]]:
    """The documents of a chat, each with the runs of it that the cache has read and their places in the sequence."""
    records = []
    for entry in entries:
        runs = [
            [place, segment.start, segment.end]
            for place, segment in enumerate(plan)
            if segment.document_id == entry.id
        ]
        records.append(
            {
                "id": entry.id,
                "name": entry.name,
                "page_count": entry.page_count,
                "pages_without_text": list(entry.pages_without_text),
                "tokens": entry.total,
                "paused": entry.phase is ReadPhase.PAUSED,
                "runs": runs,
            }
        )
    return records


def documents_from_record(records: Sequence[dict[str, Any]]) -> tuple[list[Entry], list[Segment]]:
    """The documents and the plan that `documents_to_record` wrote."""
    entries = [
        Entry(
            id=record["id"],
            name=record["name"],
            page_count=record["page_count"],
            pages_without_text=tuple(record["pages_without_text"]),
            estimated_tokens=record["tokens"],
            phase=ReadPhase.PAUSED if record["paused"] else ReadPhase.QUEUED,
        )
        for record in records
    ]
    runs = sorted(
        (place, record["id"], start, end) for record in records for place, start, end in record["runs"]
    )
    return entries, [Segment(document_id, start, end, 0, start) for _, document_id, start, end in runs]
