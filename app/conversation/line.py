"""The documents of a reader in the order they are read, and what may be done to them: pause, resume, move."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from app.conversation.entries import Entry
from app.conversation.errors import ChatError
from app.conversation.events import ReadPhase
from app.sentences import Sentence
from app.store import TextId


class Line:
    """The documents in their order, each in its phase. May be used from any thread.

    `lock` is over `all`, and over what its owner changes together with it.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        """`on_change` is called, in any thread, after a document's place or phase has changed."""
        self.lock = threading.RLock()
        self.all: list[Entry] = []
        self._on_change = on_change

    def add(self, entry: Entry) -> None:
        """Put a document last in line."""
        with self.lock:
            self.all.append(entry)

    def entries(self) -> list[Entry]:
        """The documents (copies)."""
        with self.lock:
            return [replace(entry) for entry in self.all]

    def texts(self) -> list[TextId]:
        """Which texts of the documents are read."""
        with self.lock:
            return [entry.text for entry in self.all]

    def entry(self, document_id: str) -> Entry:
        """The document itself. Needs the lock. Raises ChatError."""
        for entry in self.all:
            if entry.id == document_id:
                return entry
        raise ChatError(
            Sentence("This chat does not have that document, so nothing was changed; add it first.")
        )

    def next(self) -> Entry | None:
        """The document that is read next; None where none waits."""
        with self.lock:
            return next((entry for entry in self.all if entry.phase is ReadPhase.QUEUED), None)

    def pause(self, document_id: str) -> None:
        """Stop reading a document within one chunk."""
        with self.lock:
            entry = self.entry(document_id)
            if entry.phase in (ReadPhase.QUEUED, ReadPhase.COUNTING, ReadPhase.READING):
                entry.phase = ReadPhase.PAUSED
        self._on_change()

    def resume(self, document_id: str) -> None:
        """Put a paused or failed document in line again."""
        with self.lock:
            entry = self.entry(document_id)
            if entry.phase in (ReadPhase.PAUSED, ReadPhase.FAILED):
                entry.phase, entry.message, entry.read_elsewhere = ReadPhase.QUEUED, "", None
        self._on_change()

    def move(self, document_id: str, earlier: bool) -> None:
        """Let a document that waits change places with the one that waits before it, or after it; nothing where there
        is none."""
        with self.lock:
            waiting = [i for i, entry in enumerate(self.all) if entry.phase is ReadPhase.QUEUED]
            place = next((n for n, i in enumerate(waiting) if self.all[i].id == document_id), None)
            if place is None:
                return
            other = place - 1 if earlier else place + 1
            if 0 <= other < len(waiting):
                one, two = waiting[place], waiting[other]
                self.all[one], self.all[two] = self.all[two], self.all[one]
        self._on_change()

    def set_phase(self, entry: Entry, phase: ReadPhase) -> None:
        """What has become of a document that is being read; one that was paused meanwhile stays so until it is DONE."""
        with self.lock:
            if entry.phase is not ReadPhase.PAUSED or phase is ReadPhase.DONE:
                entry.phase = phase
        self._on_change()

    def fail(self, entry: Entry, message: str) -> None:
        """Take a document out of the line, with a sentence that says why."""
        with self.lock:
            entry.phase, entry.message = ReadPhase.FAILED, message
        self._on_change()

    def read_again(self) -> None:
        """Put what was DONE in line again."""
        with self.lock:
            for entry in self.all:
                if entry.phase is ReadPhase.DONE:
                    entry.phase = ReadPhase.QUEUED
