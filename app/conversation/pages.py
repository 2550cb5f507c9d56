"""Which pages the model still holds word for word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app.conversation.events import PageState, PageStates
from app.conversation.evidence import Evidence
from app.store import TextId

if TYPE_CHECKING:
    from ahn_core import CacheStats
    from app.conversation.entries import Entry


@dataclass
class Segment:
    """A run of one document's tokens in the sequence a cache has read.

    Tokens `start … done - 1` of the document lie at positions `offset … offset + done - start - 1`. `end` is where the
    run was broken off for another document, None for one that goes, or will go, to the document's end. `revision` says
    which text of the document it is.
    """

    document_id: str
    start: int
    end: int | None
    offset: int
    done: int
    revision: int = 1

    @property
    def text(self) -> TextId:
        return TextId(self.document_id, self.revision)


def document_pages(
    entries: Sequence[Entry], plan: Sequence[Segment], stats: CacheStats | None
) -> list[PageStates]:
    """The pages of each document in a cache that has read `plan` and whatever came after it; None: in no cache yet."""
    verbatim = []
    if stats is not None:
        verbatim = [(0, stats.sink_tokens), (stats.seq_length - stats.window_tokens, stats.seq_length)]
    pages = []
    for entry in entries:
        segments = [segment for segment in plan if segment.document_id == entry.id]
        states = bytearray(entry.page_count)  # all unread
        if entry.page_starts is not None and segments:
            states = bytearray(page_states(entry.page_starts, segments, verbatim))
        for page in entry.pages_without_text:
            states[page - 1] = PageState.NO_TEXT
        pages.append(PageStates(entry.id, entry.name, bytes(states)))
    return pages


def with_recalled(pages: Sequence[PageStates], evidence: Evidence) -> list[PageStates]:
    """The same with the pages that passages or quotes were taken from marked as looked up."""
    looked_up: dict[str, set[int]] = {}
    taken = [(one.document_id, one.places) for one in evidence.passages]
    taken += [(one.document_id, one.places) for one in evidence.quotes]
    for document_id, places in taken:
        looked_up.setdefault(document_id, set()).update(page for page, _, _ in places)
    marked = []
    for document in pages:
        states = bytearray(document.states)
        for page in looked_up.get(document.document_id, ()):
            if 1 <= page <= len(states):
                states[page - 1] = PageState.RECALLED
        marked.append(replace(document, states=bytes(states)))
    return marked


def page_states(
    page_starts: np.ndarray, segments: Sequence[Segment], verbatim: Sequence[tuple[int, int]]
) -> bytes:
    """One `PageState` a page. `verbatim` are the disjoint half-open ranges of positions held word for word.

    A page is VERBATIM where half or more of its tokens are, else COMPRESSED where half or more have been read, else
    UNREAD. A page without text takes the state of what follows it.
    """
    total = int(page_starts[-1])
    starts = np.minimum(page_starts[:-1], max(total - 1, 0))  # [P]
    ends = np.maximum(page_starts[1:], starts + 1)  # [P]
    read = np.zeros(len(starts), dtype=np.int64)
    exact = np.zeros(len(starts), dtype=np.int64)
    for segment in segments:
        read += _overlap(starts, ends, segment.start, segment.done)
        to_document = segment.start - segment.offset
        for first, last in verbatim:
            exact += _overlap(
                starts, ends, max(first + to_document, segment.start), min(last + to_document, segment.done)
            )
    size = ends - starts
    seen = np.where(2 * read >= size, PageState.COMPRESSED, PageState.UNREAD)
    states = np.where(2 * exact >= size, PageState.VERBATIM, seen)
    return states.astype(np.uint8).tobytes()


def _overlap(starts: np.ndarray, ends: np.ndarray, first: int, last: int) -> np.ndarray:
    """How many tokens of each page lie in first … last - 1, [P]."""
    return np.clip(np.minimum(ends, last) - np.maximum(starts, first), 0, None)
