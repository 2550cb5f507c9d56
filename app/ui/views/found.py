"""What the search over all documents found: one line a page, which opens it in the reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.ui.views import markup as m
from app.ui.views.reader import label

if TYPE_CHECKING:
    from app.ui.searching import FoundPage


def found_pages(found: Sequence[FoundPage], query: str) -> str:
    """The pages with the words marked; nothing where nothing is searched for."""
    if len(query.strip()) < 2:
        return ""
    rows = "".join(_row(one) for one in found)
    if not rows:
        rows = '<li class="quiet">No document contains this.</li>'
    return f'<section class="part found"><h2>In your documents</h2><ul class="entries">{rows}</ul></section>'


def _row(one: FoundPage) -> str:
    place = one.place
    where = label("page", place.page, one.label)
    return (
        f'<li class="entry"><button type="button" class="found-page" data-action="open-page"'
        f' data-document="{m.text(one.document_id)}" data-page="{place.page}"'
        f' data-start="{place.start}" data-end="{place.end}">'
        f'<span class="line">{m.name(one.name)}<span class="num">{m.text(where)}</span></span>'
        f'<span class="snippet">{m.text(one.before)}<mark>{m.text(one.words)}</mark>{m.text(one.after)}</span>'
        "</button></li>"
    )
