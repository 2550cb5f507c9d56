"""Web pages: headings, lists, tables and links as a browser shows them."""

from __future__ import annotations

from app.documents.encodings import declared_encoding
from app.documents.readers import Parsed, Request, decoded
from app.documents.readers.markup import blocks_of, parse_html, title_of
from app.documents.readers.paging import Pager


def read(data: bytes, request: Request) -> Parsed:
    """The sections of a web page. Raises Refused for one without text."""
    text = decoded(data, request, declared=declared_encoding(data))
    pager = Pager(request.limits)
    root = parse_html(text.text)
    blocks = blocks_of(root)
    if not any(block.kind == "heading" for block in blocks):
        pager.start_part(title_of(root))  # all that its pages can be called by
    pager.add_all(blocks)
    pages = pager.finish()
    return Parsed(
        len(pages), iter(pages), unit="section", encoding=text.encoding, outline=lambda: pager.outline
    )
