"""The documents of a chat and where each stands."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from app.conversation.events import ReadPhase, ReadState
from app.store import TextId

if TYPE_CHECKING:
    from app.store import Document


@dataclass
class Entry:
    """A document of a reader and where it stands."""

    id: str
    name: str
    page_count: int
    pages_without_text: tuple[int, ...]
    estimated_tokens: int
    phase: ReadPhase = ReadPhase.QUEUED
    page_starts: np.ndarray | None = None  # [P + 1], once counted
    pages_counted: int = 0
    message: str = ""
    revision: int = 1  # of the document's text
    read_elsewhere: dict[str, Any] | None = (
        None  # its record, where another model has read it and this one has not
    )

    @property
    def text(self) -> TextId:
        return TextId(self.id, self.revision)

    @property
    def total(self) -> int:
        return self.estimated_tokens if self.page_starts is None else int(self.page_starts[-1])


@dataclass
class Speed:
    """The rate over the last chunks."""

    chunks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=8))

    def rate(self) -> float | None:
        seconds = sum(seconds for _, seconds in self.chunks)
        return sum(tokens for tokens, _ in self.chunks) / seconds if seconds > 0 else None


def entry_of(document: Document, estimated_tokens: int) -> Entry:
    """A document of the library, to be added to a reader."""
    return Entry(
        id=document.id,
        name=document.name,
        page_count=document.page_count,
        pages_without_text=tuple(document.pages_without_text),
        estimated_tokens=estimated_tokens,
        revision=document.revision,
    )


def read_state(entry: Entry, done: int, rate: float | None, cache_nbytes: int) -> ReadState:
    """Where a document stands of which `done` tokens have been read, at `rate` tokens a second."""
    pages = 0
    if entry.page_starts is not None:
        pages = int(np.searchsorted(entry.page_starts[1:], done, side="right"))
    return ReadState(
        document_id=entry.id,
        name=entry.name,
        phase=entry.phase,
        page_count=entry.page_count,
        pages_done=entry.pages_counted if entry.phase is ReadPhase.COUNTING else pages,
        pages_without_text=entry.pages_without_text,
        tokens_done=done,
        tokens_total=entry.total,
        tokens_exact=entry.page_starts is not None,
        tokens_per_second=rate,
        seconds_left=None if rate is None else max(entry.total - done, 0) / rate,
        cache_nbytes=cache_nbytes,
        message=entry.message,
    )
