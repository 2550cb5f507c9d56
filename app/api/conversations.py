"""Chats that go on: a request whose messages begin as an earlier one's continues that one's cache.

The protocol knows no conversations, each request brings all its messages. So each open chat is known by a chain of
hashes, one after each answer: of what shapes the reading, the questions, their documents and the answers as they were
sent. The chat that shares the longest beginning with a request goes on from there. What is read of documents is kept
on disk besides (`app.conversation`), so also a conversation that was closed reads none of them again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.api.marks import without_marks
from app.conversation.events import ReadPhase

if TYPE_CHECKING:
    from app.conversation import Chat, ChatSettings, Engine


@dataclass(frozen=True)
class Exchange:
    """A question as the client sent it and as it is asked, its documents by id, and the answer as it was sent; ""
    where it is to be written."""

    said: str
    asked: str
    documents: tuple[str, ...]
    answer: str = ""


@dataclass
class Held:
    """An open chat. keys: of its beginning and after each answer; documents: in the order they were added."""

    chat: Chat
    keys: list[str]
    documents: list[str]
    busy: bool = True

    @property
    def nbytes(self) -> int:
        """What its cache takes, and what leads back through its turns, in memory."""
        return self.chat.held().nbytes


@dataclass(frozen=True)
class Lease:
    """A chat that is this request's until it is given back. turns: how many of its turns stay before the question.

    kept: tokens of its documents that need not be read, because the chat, or the disk, has them.
    """

    held: Held
    turns: int
    kept: int
    exchanges: tuple[Exchange, ...]
    fresh: bool = False

    @property
    def chat(self) -> Chat:
        return self.held.chat


class Conversations:
    """The open chats of the API, at most `count` and, of those that rest, `memory_bytes`. Any thread may use it."""

    def __init__(self, count: int, memory_bytes: int) -> None:
        self._count, self._memory_bytes = count, memory_bytes
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._held: list[Held] = []  # the least recently used first

    def take(self, engine: Engine, settings: ChatSettings, exchanges: Sequence[Exchange]) -> Lease:
        """The chat that goes on with these exchanges, of which the last is to be answered. Its documents are in line
        to be read when this returns. Raises ChatError for settings or documents that cannot be.
        """
        wanted = list(dict.fromkeys(one for exchange in exchanges for one in exchange.documents))
        keys = chain(settings, exchanges[:-1])
        with self._lock:
            self._changed(engine)
            lease = self._going_on(engine, settings, exchanges, keys, wanted)
            if lease is None:
                self._make_room(engine, self._count - 1)
                lease = self._begun(engine, settings, exchanges, keys, wanted)
            held = lease.held
            held.busy = True
            if held in self._held:
                self._held.remove(held)
            self._held.append(held)  # used last
            try:
                held.chat.update_settings(settings)
                for document_id in wanted:
                    if document_id not in held.documents:
                        held.chat.add_document(document_id)
                        held.documents.append(document_id)
            except BaseException:
                self._drop(engine, held)
                raise
        return lease

    def _going_on(
        self,
        engine: Engine,
        settings: ChatSettings,
        exchanges: Sequence[Exchange],
        keys: list[str],
        wanted: list[str],
    ) -> Lease | None:
        """The open chat with the longest beginning in common. Needs the lock."""
        best, best_turns = None, -1
        for held in reversed(self._held):
            if held.busy or not held.chat.settings.same_reading(settings):
                continue
            if held.documents != wanted[: len(held.documents)] or _failed(held.chat):
                continue
            turns = _common(held.keys, keys)
            if turns > best_turns:
                best, best_turns = held, turns
        if best is None:
            return None
        if not best_turns and best.keys[1:]:
            # It would take another conversation's place; only where that spares reading, or there is no room.
            room = len(self._held) < self._count
            kept = engine.kept_tokens(wanted, settings) if wanted else 0
            if not best.documents or (room and kept):
                return None
        done = sum(state.tokens_done for state in best.chat.documents)
        del best.keys[best_turns + 1 :]
        kept = max(done, engine.kept_tokens(wanted, settings)) if len(wanted) > len(best.documents) else done
        return Lease(best, best_turns, kept, tuple(exchanges))

    def _begun(
        self,
        engine: Engine,
        settings: ChatSettings,
        exchanges: Sequence[Exchange],
        keys: list[str],
        wanted: list[str],
    ) -> Lease:
        """A chat of its own, with the turns before. Needs the lock."""
        kept = engine.kept_tokens(wanted, settings) if wanted else 0
        turns = [(one.asked, without_marks(one.answer)) for one in exchanges[:-1]]
        chat = engine.passing_chat(settings, turns)
        return Lease(Held(chat, keys, []), len(turns), kept, tuple(exchanges), fresh=True)

    def give_back(self, engine: Engine, lease: Lease, answer: str | None) -> None:
        """The answer has ended, and the client was sent this; None: it did not get the whole of it."""
        held = lease.held
        with self._lock:
            if held not in self._held:  # closed with its engine, as another model came meanwhile
                return
            if answer is not None:
                last = lease.exchanges[-1]
                done = Exchange(last.said, last.asked, last.documents, answer)
                held.keys.append(_key(held.keys[-1], done))
            held.busy = False
            if held.chat.reading:  # nobody waits for it any more; what was read is kept on disk
                self._drop(engine, held)
            self._make_room(engine, self._count)

    def let_go_of(self, engine: Engine, document_id: str) -> None:
        """Close the chats with this document that rest."""
        with self._lock:
            self._changed(engine)
            for held in list(self._held):
                if document_id in held.documents and not held.busy:
                    self._drop(engine, held)

    def has_document(self, document_id: str) -> bool:
        """Whether an open chat has this document."""
        with self._lock:
            return any(document_id in held.documents for held in self._held)

    def figures(self) -> tuple[int, int]:
        """How many chats are open, and what they take in memory, in bytes."""
        with self._lock:
            return len(self._held), sum(held.nbytes for held in self._held)

    def close(self) -> None:
        """Close all chats."""
        with self._lock:
            for held in list(self._held):
                if self._engine is not None:
                    self._drop(self._engine, held)

    def _changed(self, engine: Engine) -> None:
        """Forget what belonged to another model. Needs the lock."""
        if self._engine is not engine:
            self._held.clear()  # they were closed with their engine
            self._engine = engine

    def _make_room(self, engine: Engine, count: int) -> None:
        """Close those that rest, the least recently used first, until there are `count`. Needs the lock."""
        resting = [held for held in self._held if not held.busy]
        room = self._memory_bytes - sum(held.nbytes for held in resting)
        while resting and (len(self._held) > count or room < 0):
            held = resting.pop(0)
            room += held.nbytes
            self._drop(engine, held)

    def _drop(self, engine: Engine, held: Held) -> None:
        self._held.remove(held)
        engine.delete_chat(held.chat.id)


def chain(settings: ChatSettings, exchanges: Sequence[Exchange]) -> list[str]:
    """The hash of the beginning, and those after each exchange."""
    shape = [settings.memory, settings.attention_sinks, settings.sliding_window, settings.system_prompt]
    keys = [hashlib.sha256(json.dumps(shape).encode()).hexdigest()]
    for exchange in exchanges:
        keys.append(_key(keys[-1], exchange))
    return keys


def _key(before: str, exchange: Exchange) -> str:
    # Clients send an answer back without the blanks around it.
    said = [before, exchange.said.strip(), exchange.documents, exchange.answer.strip()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many exchanges both begin with."""
    count = min(len(one), len(other))
    return next((place for place in range(count) if one[place] != other[place]), count) - 1


def _failed(chat: Chat) -> bool:
    return any(state.phase is ReadPhase.FAILED for state in chat.documents)
