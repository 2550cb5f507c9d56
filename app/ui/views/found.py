"""What the search over all documents found: one line a page, which opens it in the reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.ui.views import markup as m
from app.ui.words.library import LIBRARY

if TYPE_CHECKING:
    from app.ui.searching import FoundPage

AROUND = 60  # characters shown before the first word that was searched for


def found_pages(found: Sequence[FoundPage], query: str) -> str:
    """The pages with the words marked; nothing where nothing is searched for."""
    if len(query.strip()) < 2:
        return ""
    rows = "".join(_row(one) for one in found)
    if not rows:
        rows = f'<li class="quiet">{m.text(LIBRARY().no_document_contains)}</li>'
    heading = m.text(LIBRARY().in_documents)
    return f'<section class="part found"><h2>{heading}</h2><ul class="entries">{rows}</ul></section>'


def _row(one: FoundPage) -> str:
    place = one.place
    return (
        f'<li class="entry"><button type="button" class="found-page" data-action="open-page"'
        f' data-document="{m.text(one.document_id)}" data-page="{place.page}"'
        f' data-revision="{one.revision}" data-start="{place.start}" data-end="{place.end}">'
        f'<span class="line">{m.name(one.name)}<span class="num">{m.text(one.label)}</span></span>'
        f'<span class="snippet">{_marked(one)}</span>'
        "</button></li>"
    )


def _marked(one: FoundPage) -> str:
    """The text with the words that were searched for; what is far before the first of them is left out."""
    first = one.marks[0][0] if one.marks else 0
    at = one.text.rfind(" ", 0, max(first - AROUND, 0)) + 1 if first > AROUND else 0
    pieces = ["…"] if at else []
    for start, end in one.marks:
        pieces.append(f"{m.text(one.text[at:start])}<mark>{m.text(one.text[start:end])}</mark>")
        at = end
    return "".join([*pieces, m.text(one.text[at:])])
