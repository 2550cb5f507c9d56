"""Finding words in documents, for the reader's own search and for the search box over all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.conversation import Engine

MOST_IN_ONE = 1000  # places in one document
MOST_IN_ALL = 30
_AROUND = 60  # characters shown on each side of what was found


@dataclass(frozen=True)
class Place:
    """Words found on a page: they stand at [start, end) of the page's text."""

    page: int
    start: int
    end: int


@dataclass(frozen=True)
class FoundPage:
    """A place in one of several documents. before, words, after: what to show of it, on one line."""

    document_id: str
    name: str
    label: str
    place: Place
    before: str
    words: str
    after: str


def find_in_pages(pages: Sequence[str], words: str, most: int = MOST_IN_ONE) -> list[Place]:
    """Where `words` stand on the pages (page 1 first), in either case, whatever white space is between them."""
    pattern = _pattern(words)
    found: list[Place] = []
    if pattern is None:
        return found
    for number, text in enumerate(pages, start=1):
        for match in pattern.finditer(text):
            found.append(Place(number, match.start(), match.end()))
            if len(found) == most:
                return found
    return found


def find_everywhere(engine: Engine, words: str, most: int = MOST_IN_ALL) -> list[FoundPage]:
    """The pages of all documents that have `words`, the best first. The one place that knows which search is used."""
    pattern = _pattern(words)
    found: list[FoundPage] = []
    if pattern is None:
        return found
    documents = engine.store.documents
    for hit in documents.search(words, most):
        (page,) = documents.layout(hit.document_id, [hit.page])
        match = pattern.search(page.text)
        if match is None:  # found by other rules than these: the page as a whole
            found.append(
                FoundPage(hit.document_id, hit.name, hit.label, Place(hit.page, 0, 0), hit.snippet, "", "")
            )
            continue
        start, end = match.span()
        found.append(
            FoundPage(
                hit.document_id,
                hit.name,
                hit.label,
                Place(hit.page, start, end),
                _line(page.text[max(start - _AROUND, 0) : start], cut_before=start > _AROUND),
                " ".join(page.text[start:end].split()),
                _line(page.text[end : end + _AROUND], cut_after=end + _AROUND < len(page.text)),
            )
        )
    return found


def _pattern(words: str) -> re.Pattern[str] | None:
    parts = words[:200].split()
    return re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE) if parts else None


def _line(text: str, *, cut_before: bool = False, cut_after: bool = False) -> str:
    """On one line, with the words that the cut went through left out."""
    if cut_before:
        text = "…" + text[text.find(" ") + 1 :]
    if cut_after:
        text = text[: text.rfind(" ") + 1 or None].rstrip() + "…"
    return re.sub(r"\s+", " ", text)
