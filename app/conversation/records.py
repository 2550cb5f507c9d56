"""Chats and turns as the JSON that `app.store` keeps, and back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from app.conversation.answers import PastTurn
from app.conversation.decoding import make, number, text, whole
from app.conversation.entries import Entry
from app.conversation.errors import ChatError
from app.conversation.events import AnswerFigures, AnswerPiece, ReadPhase, Turn, TurnState
from app.conversation.evidence import evidence_from_record, review_from_record, to_record
from app.conversation.pages import Segment
from app.conversation.settings import ChatSettings
from app.sentences import Sentence, from_json, to_json
from app.store import Chats, StoredChat, StoredTurn, StoreError

log = logging.getLogger(__name__)
_TITLE_LENGTH = 60
INTERRUPTED = Sentence("This question was left before its answer was written; ask it again.")
CUT_OFF = Sentence("cut off when the program ended")
UNKNOWN_MODEL = "another model"
CHAT_VERSION = (
    2  # raised when settings, documents or a turn's details mean something else; 1 knew no revisions
)


class ChatStore:
    """One chat's rows on disk. Not safe between threads: the chat calls it under its lock."""

    def __init__(
        self, chats: Chats, chat_id: str, tokenizer: str, *, model: str = "", kept: bool = True
    ) -> None:
        """`tokenizer` is the fingerprint that the answers' token ids belong to. model: the name of the one that reads.
        kept: False writes nothing at all.
        """
        self._model = model
        self._chats = chats
        self._chat_id = chat_id
        self._tokenizer = tokenizer
        self._last: object = None
        self._writes = kept

    def save(
        self,
        title: str,
        named: bool,
        settings: ChatSettings,
        entries: Sequence[Entry],
        plan: Sequence[Segment],
    ) -> None:
        """Commit the chat itself, where something has changed since the last time."""
        record = (title, named, settings.to_json(), documents_to_record(entries, plan, self._model))
        if record != self._last and self._commit(
            lambda: self._chats.save(self._chat_id, *record, version=CHAT_VERSION)
        ):
            self._last = record

    def save_turn(self, turn_id: int, parent: int, past: PastTurn) -> None:
        """Commit a turn, and that it is the version that is shown after `parent`."""
        stored = replace(turn_to_record(past, self._tokenizer), id=turn_id, parent=parent)
        self._commit(lambda: self._chats.save_turn(self._chat_id, stored))

    def show_turn(self, parent: int, turn_id: int | None) -> None:
        """Commit which version is shown after `parent`; None: none."""
        self._commit(lambda: self._chats.show_turn(self._chat_id, parent, turn_id))

    def delete_turns(self, turn_ids: Sequence[int]) -> None:
        """Delete turns."""
        self._commit(lambda: self._chats.delete_turns(self._chat_id, turn_ids))

    def delete(self) -> None:
        """Delete the chat and write nothing of it any more."""
        self._commit(lambda: self._chats.delete(self._chat_id))
        self._writes = False

    def _commit(self, write: Callable[[], object]) -> bool:
        # A full disk ends neither the reading nor the answer: they are in memory, and the next change tries again.
        if not self._writes:
            return False
        try:
            write()
        except StoreError as error:
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
            Sentence("The title is empty, so the chat could not be found by it; type at least one character.")
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
        "model": turn.model,
        **to_record(turn.evidence, turn.review),
    }
    if isinstance(turn.message, Sentence):  # in whichever language it is to be shown one day
        details["message_parts"] = to_json(turn.message)
    return StoredTurn(turn.question, turn.answer, details)


def turn_from_record(stored: StoredTurn, tokenizer: str) -> PastTurn:
    """The stored turn. An answer that the end of the program cut off comes back as a stopped one.

    A turn whose details cannot be read keeps its question and its answer, and says so.
    """
    try:
        if stored.unreadable:
            raise ValueError(stored.unreadable)
        return strict_turn(stored, tokenizer)
    except (ValueError, TypeError, KeyError) as error:
        reason = (
            Sentence("{entry} is missing", entry=str(error)) if isinstance(error, KeyError) else str(error)
        )
        log.warning("A stored turn is shown without its details: %s", reason)
        message = Sentence(
            "What belonged to this answer cannot be read any more ({reason}); its words are as they were "
            "stored.",
            reason=reason,
        )
        return PastTurn(Turn(stored.question, stored.answer, TurnState.FAILED, message=message), None)


def strict_turn(stored: StoredTurn, tokenizer: str) -> PastTurn:
    """As `turn_from_record`, but raises ValueError, TypeError or KeyError for details that cannot be read."""
    details = stored.details
    state, message = TurnState(details["state"]), text(details.get("message", ""), "the message")
    message = from_json(details.get("message_parts", message))  # older versions kept the text alone
    if state is TurnState.ANSWERING:
        state, message = (TurnState.STOPPED, CUT_OFF) if stored.answer else (TurnState.FAILED, INTERRUPTED)
    turn = Turn(
        question=stored.question,
        answer=stored.answer,
        state=state,
        pieces=tuple(
            AnswerPiece(text(piece, "a piece"), number(share, "a share"))
            for piece, share in details.get("pieces", ())
        ),
        figures=_figures(details.get("figures")),
        message=message,
        evidence=evidence_from_record(details.get("evidence")),
        review=review_from_record(details.get("review")),
        model=text(details.get("model", ""), "the model"),
    )
    token_ids = details.get("token_ids")
    if token_ids is None or details.get("tokenizer") != tokenizer:
        return PastTurn(turn, None)
    return PastTurn(turn, tuple(whole(token, "a token") for token in token_ids))


def _figures(values: object) -> AnswerFigures | None:
    """The figures of an answer; None where some are missing, for there is no honest default for a measurement."""
    try:
        figures = None if values is None else make(AnswerFigures, values)
        for name, value in {} if figures is None else asdict(figures).items():
            if name != "reason":
                number(int(value) if isinstance(value, bool) else value, name)
        return figures
    except ValueError as error:
        log.info("The figures of a stored answer are not shown: %s", error)
        return None


def documents_to_record(
    entries: Sequence[Entry], plan: Sequence[Segment], model: str = ""
) -> list[dict[str, Any]]:
    """The documents of a chat, each with the runs of it that the cache has read and their places in the sequence.

    `model` is the name of the model that has read them. What another one has read is noted as it was.
    """
    records = []
    for entry in entries:
        if entry.read_elsewhere is not None:
            records.append(dict(entry.read_elsewhere))
            continue
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
                "revision": entry.revision,
                "tokens": entry.total,
                "paused": entry.phase is ReadPhase.PAUSED,
                "runs": runs,
                "model": model,
            }
        )
    return records


def documents_from_record(
    records: Sequence[dict[str, Any]], model: str = ""
) -> tuple[list[Entry], list[Segment]]:
    """The documents and the plan that `documents_to_record` wrote, in this version or another.

    What another model than `model` has read waits, without runs, until somebody asks for it; "" makes no difference.

    Raises ValueError where a document's id, name or pages are missing.
    """
    try:
        entries = [_entry(record, model) for record in records]
        runs = [
            (
                whole(place, "a place"),
                entry,
                whole(start, "a start"),
                None if end is None else whole(end, "an end"),
            )
            for entry, record in zip(entries, records, strict=True)
            for place, start, end in record.get("runs", ())
            if entry.read_elsewhere is None
        ]
    except KeyError as error:
        raise ValueError(Sentence("a document has no {entry}", entry=str(error.args[0]))) from error
    except TypeError as error:
        raise ValueError(Sentence("a document has another form: {reason}", reason=str(error))) from error
    runs.sort(key=lambda run: run[0])
    return entries, [Segment(entry.id, start, end, 0, start, entry.revision) for _, entry, start, end in runs]


def _entry(record: dict[str, Any], model: str) -> Entry:
    pages = whole(record["page_count"], "page_count")
    reader = text(record.get("model", ""), "model")
    elsewhere = record if model and reader not in ("", model) else None
    return Entry(
        id=text(record["id"], "id"),
        name=text(record["name"], "name"),
        page_count=pages,
        pages_without_text=tuple(
            page for page in record.get("pages_without_text", ()) if 1 <= whole(page, "a page") <= pages
        ),
        estimated_tokens=whole(record.get("tokens", 0), "tokens"),
        phase=ReadPhase.PAUSED if record.get("paused") or elsewhere is not None else ReadPhase.QUEUED,
        message="" if elsewhere is None else _read_elsewhere(reader),
        read_elsewhere=elsewhere,
        revision=whole(record.get("revision", 1), "revision", 1),
    )


def _read_elsewhere(model: str) -> str:
    return Sentence(
        "So far {model} has read it; answers look things up in its text, and reading on has the present "
        "model read it from the beginning.",
        model=Sentence("another model") if model == UNKNOWN_MODEL else model,
    )


def _with_reader(record: dict[str, Any], stored: StoredChat, tokenizer: str) -> dict[str, Any]:
    """A document's record with the model that has read it: before that was noted, turns noted the tokenizer."""
    if not tokenizer or "model" in record:
        return record
    others = any(turn.details.get("tokenizer", tokenizer) != tokenizer for turn in stored.turns)
    return {**record, "model": UNKNOWN_MODEL} if others else record


def unreadable_reason(stored: StoredChat) -> str:
    """Why this version cannot open a stored chat, "" where it can."""
    try:
        opened(stored)
    except ValueError as error:
        return str(error)
    return ""


def opened(
    stored: StoredChat, model: str = "", tokenizer: str = ""
) -> tuple[ChatSettings, list[Entry], list[Segment]]:
    """The settings, documents and plan of a stored chat, for the model of this name with this tokenizer.

    Raises ValueError with the reason where they cannot be had.
    """
    if stored.unreadable:
        raise ValueError(stored.unreadable)
    if stored.version > CHAT_VERSION:
        raise ValueError(
            Sentence(
                "a newer AHN Chat wrote it, in format {version}; this one knows {known}",
                version=stored.version,
                known=CHAT_VERSION,
            )
        )
    documents = [_with_reader(record, stored, tokenizer) for record in stored.documents]
    entries, plan = documents_from_record(documents, model)
    return ChatSettings.from_json(stored.settings), entries, plan
