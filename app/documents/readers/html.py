"""Web pages: headings, lists, tables and links as a browser shows them."""

from __future__ import annotations

from app.documents.encodings import declared_encoding
from app.documents.readers import Parsed, Request, decoded
from app.documents.readers.markup import blocks_of, parse_html
from app.documents.readers.paging import Pager


def read(data: bytes, request: Request) -> Parsed:
    """The sections of a web page. Raises Refused for one without text."""
    text = decoded(data, request, declared=declared_encoding(data))
    pager = Pager(request.limits)
    pager.add_all(blocks_of(parse_html(text.text)))
    pages = pager.finish()
    return Parsed(
        len(pages), iter(pages), unit="section", encoding=text.encoding, outline=lambda: pager.outline
    )
