"""A finished answer held against what was looked up for it, and against all documents of the chat.

No model is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.conversation.evidence import NO_REVIEW, Evidence, Place, Review, TurnCheck, TurnCitation, UsedPassage

if TYPE_CHECKING:
    from app.conversation.lookup import Lookup
    from app.recall.alignment import Citation
    from app.recall.checks import Check
    from app.store import TextId

log = logging.getLogger(__name__)


def review(lookup: Lookup, answer: str, question: str, evidence: Evidence, texts: Sequence[TextId]) -> Review:
    """Citations and checks of an answer, and one word for where it comes from.

    texts: of the chat's documents, searched or not. Nothing is said where there are none.
    """
    from app.recall.alignment import cite
    from app.recall.checks import check_answer
    from app.recall.sources import Source
    from app.store import StoreError

    if not answer.strip() or not (texts or evidence.passages):
        return NO_REVIEW
    used = _used(evidence)
    here = [Source(one.document_id, one.document, one.page, one.label, one.text) for one in used]
    elsewhere = []
    for text in texts:
        try:
            elsewhere.append(lookup.facts(text))
        except (
            StoreError
        ) as error:  # deleted meanwhile, or the disk failed: the rest is still worth looking at
            log.warning("An answer is not held against one of its documents: %s", error)
    # A document's name in an answer is no invention: the model was given it.
    names = {one.document for one in used} | {
        index.sources[0].document_name for index in elsewhere if index.sources
    }
    checked = check_answer(answer, " ".join([question, *sorted(names)]), here, elsewhere)
    cited = cite(answer, checked.alignments, here)
    ends: dict[int, list[int]] = {}
    for end, number in cited.marks:
        ends.setdefault(number, []).append(end)
    return Review(
        citations=tuple(_citation(one, used[one.source], tuple(ends[one.number])) for one in cited.citations),
        checks=tuple(_check(one, used) for one in checked.checks),
        grounding=checked.grounding,
    )


def _used(evidence: Evidence) -> list[UsedPassage]:
    """The passages that were read, and the quotes that come from others."""
    passages = list(evidence.passages)
    known = [" ".join(passage.text.split()) for passage in passages]
    for quote in evidence.quotes:
        if not any(quote.text in text for text in known):
            passages.append(
                UsedPassage(
                    quote.document_id,
                    quote.document,
                    quote.revision,
                    quote.page,
                    quote.label,
                    quote.places,
                    quote.text,
                    quote.starts,
                )
            )
    return passages


def _citation(one: Citation, used: UsedPassage, ends: tuple[int, ...]) -> TurnCitation:
    places = places_of(used, one.start, one.end)
    page = places[0][0] if places else one.page
    label = str(page) if places and page != used.page and used.label.isdigit() else used.label
    return TurnCitation(
        one.number, one.document_id, one.document, page, label, places, one.text, one.score, ends
    )


def _check(one: Check, used: Sequence[UsedPassage]) -> TurnCheck:
    page, label = one.page, one.label
    if one.status == "here":
        # A passage over a page break: which of its pages says it.
        for passage in used:
            at = passage.text.find(one.text)
            if passage.document_id == one.document_id and passage.page == page and at >= 0:
                places = places_of(passage, at, at + len(one.text))
                if places and places[0][0] != page:
                    page, label = places[0][0], str(places[0][0])
                break
    return TurnCheck(
        one.text, one.start, one.end, one.kind, one.status, one.document_id, page, label, one.doubtful
    )


def places_of(used: UsedPassage, start: int, end: int) -> tuple[Place, ...]:
    """Where used.text[start:end] stands in its pages; all places of a text that does not know them one by one."""
    found = []
    for (page, first, last), at in zip(used.places, used.starts, strict=False):
        low, high = max(start, at), min(end, at + last - first)
        if low < high:
            found.append((page, first + low - at, first + high - at))
    return tuple(found) or used.places
