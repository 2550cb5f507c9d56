"""Documents as tokens, page by page."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.conversation.errors import ChatError
from app.sentences import Sentence

if TYPE_CHECKING:
    from app.conversation.prompt import TextEncoder
    from app.store import Document, Documents, TextId

PAGE_END = "\n\n"
_BATCH_CHARACTERS = 200_000  # a fraction of a second, so progress shows and a pause takes effect
_SAMPLE_CHARACTERS = 60_000
_KEPT_TOKENS = 16_000_000  # 64 MB of documents in memory: those being read, or compared kind by kind


@dataclass(frozen=True)
class DocumentTokens:
    """A document's tokens [T] and where its P pages begin: page i + 1 is `ids[page_starts[i]:page_starts[i + 1]]`."""

    ids: np.ndarray  # int32 [T]
    page_starts: np.ndarray  # int64 [P + 1]


class TokenisedDocuments:
    """Tokenises texts of documents and keeps the last ones. May be used from any thread."""

    def __init__(self, documents: Documents, encoder: TextEncoder) -> None:
        self._documents = documents
        self._encoder = encoder
        self._lock = threading.Lock()
        self._kept: OrderedDict[TextId, DocumentTokens] = OrderedDict()
        self._sampled: dict[TextId, float] = {}  # tokens a character

    def get(
        self, text: TextId, on_page: Callable[[int], None], should_stop: Callable[[], bool]
    ) -> DocumentTokens | None:
        """The tokens; None where `should_stop` came true before they were counted. `on_page(pages done)` is told."""
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        pages = self._documents.pages(*text)
        ids: list[np.ndarray] = []
        starts = [0]
        first = 0
        while first < len(pages):
            if should_stop():
                return None
            last = _batch_end(pages, first)
            for encoded in self._encoder.encode_pages([_page_text(page) for page in pages[first:last]]):
                ids.append(np.asarray(encoded, dtype=np.int32))
                starts.append(starts[-1] + len(encoded))
            first = last
            on_page(first)
        if starts[-1] == 0:
            raise ChatError(
                Sentence("The document has only blank pages, so there is nothing to read; remove it.")
            )
        tokens = DocumentTokens(np.concatenate(ids), np.asarray(starts, dtype=np.int64))
        with self._lock:
            self._kept[text] = tokens
            while len(self._kept) > 1 and sum(len(kept.ids) for kept in self._kept.values()) > _KEPT_TOKENS:
                self._kept.popitem(last=False)
        return tokens

    def estimate(self, document: Document) -> tuple[int, bool]:
        """About how many tokens a document has, from a sample of its pages, and whether that is their exact number."""
        with self._lock:
            if document.text in self._kept:
                return len(self._kept[document.text].ids), True
            rate = self._sampled.get(document.text)
        if rate is None:
            pages = [text for text in self._documents.pages(*document.text) if text.strip()]
            step = max(1, sum(map(len, pages)) // _SAMPLE_CHARACTERS)
            sample = [_page_text(text) for text in pages[::step]]
            characters = sum(map(len, sample))
            rate = sum(map(len, self._encoder.encode_pages(sample))) / characters if characters else 0.0
            with self._lock:
                self._sampled[document.text] = rate
        return round(rate * document.characters), False

    def forget(self, document_id: str) -> None:
        """Keep nothing of a document that was deleted."""
        with self._lock:
            for text in [text for text in self._kept if text.document_id == document_id]:
                del self._kept[text]
            for text in [text for text in self._sampled if text.document_id == document_id]:
                del self._sampled[text]


def _page_text(text: str) -> str:
    text = text.strip()
    return text + PAGE_END if text else ""


def _batch_end(pages: tuple[str, ...], first: int) -> int:
    """The page after the last of a batch that begins with page `first` and has at least one page."""
    characters, last = 0, first
    while last < len(pages) and characters < _BATCH_CHARACTERS:
        characters += len(pages[last])
        last += 1
    return last
