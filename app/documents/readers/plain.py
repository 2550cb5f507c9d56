"""Plain text and Markdown, as they stand, cut into pages."""

from __future__ import annotations

from app.documents.faults import Fault
from app.documents.model import Block, Page
from app.documents.readers import Parsed, Refused, Request
from app.documents.text import PAGE_CHARACTERS, BinaryContent, clean, decode, split_pages, tidy_lines


def read(data: bytes, request: Request) -> Parsed:
    """The text of `data`. Raises Refused where it is none."""
    try:
        text = decode(data)
    except BinaryContent as error:
        raise Refused(Fault.BINARY, detail=str(error)) from error
    limit = request.limits.max_characters
    if len(text) > 2 * limit:  # no cleaning will save it
        raise Refused(Fault.TOO_MANY_CHARACTERS, 1 + limit // PAGE_CHARACTERS)
    pages = list(split_pages(tidy_lines(clean(text))))
    if not pages:
        raise Refused(Fault.NO_TEXT)
    return Parsed(
        len(pages),
        (Page(number, (Block("paragraph", page),)) for number, page in enumerate(pages, start=1)),
    )
