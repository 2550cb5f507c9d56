"""Finding words in documents, for the reader's own search and for the search box over all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.ui.views.reader import label

if TYPE_CHECKING:
    from app.conversation import Engine
    from app.recall import Hit
    from app.store import Document

MOST_IN_ONE = 1000  # places in one document
MOST_IN_ALL = 30


@dataclass(frozen=True)
class Place:
    """Words found on a page: they stand at [start, end) of the page's text."""

    page: int
    start: int
    end: int


@dataclass(frozen=True)
class FoundPage:
    """A place in one of several documents.

    label: how its page is cited. place: what is to be marked on it. text: a sentence or more, word for word. marks: the
    words that were searched for, as [start, end) of `text`.
    """

    document_id: str
    name: str
    revision: int
    label: str
    place: Place
    text: str
    marks: tuple[tuple[int, int], ...]


def find_in_pages(pages: Sequence[str], words: str, most: int = MOST_IN_ONE) -> list[Place]:
    """Where `words` stand on the pages (page 1 first), in either case, whatever white space is between them."""
    parts = words[:200].split()
    found: list[Place] = []
    if not parts:
        return found
    pattern = re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE)
    for number, text in enumerate(pages, start=1):
        for match in pattern.finditer(text):
            found.append(Place(number, match.start(), match.end()))
            if len(found) == most:
                return found
    return found


def find_everywhere(engine: Engine, words: str, most: int = MOST_IN_ALL) -> list[FoundPage]:
    """Places in all documents for what was typed, best first."""
    known = {document.id: document for document in engine.store.documents.list()}
    hits = engine.search(words, None, most)
    return [_found(hit, known[hit.document_id]) for hit in hits if hit.document_id in known]


def _found(hit: Hit, document: Document) -> FoundPage:
    """Marked is the part of the hit that stands on its first page."""
    place = Place(*hit.passage.places(hit.start, hit.end)[0])
    where = label(document.unit, hit.page, hit.label)
    return FoundPage(hit.document_id, document.name, hit.passage.revision, where, place, hit.text, hit.marks)
