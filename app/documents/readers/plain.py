"""Plain text, logs and source code, as they stand: pages of whole lines, called by the numbers of those."""

from __future__ import annotations

from app.documents.faults import Fault
from app.documents.model import Block, BlockKind, Page
from app.documents.readers import Parsed, Refused, Request, decoded
from app.documents.text import clean, cut_pages, tidy_lines


def read(data: bytes, request: Request) -> Parsed:
    """The text of `data`. Raises Refused where it is none."""
    text = decoded(data, request)
    pages = line_pages(text.text, "code" if request.kind == "code" else "paragraph")
    if not pages:
        raise Refused(Fault.NO_TEXT)
    return Parsed(len(pages), iter(pages), unit="lines", encoding=text.encoding)


def line_pages(text: str, kind: BlockKind) -> list[Page]:
    """Pages of about 3,000 characters, "lines 1-80" and so on, as an editor counts them. Paragraphs are blocks of their
    own; code is one a page."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pages: list[Page] = []
    for start, end, before in cut_pages(text):
        piece = text[start:end]
        cleaned = tidy_lines(clean(piece))
        if not cleaned.strip():
            continue
        first = before + 1 + _blank_lines(piece)
        last = max(first, before + 1 + piece.rstrip().count("\n"))
        label = f"line {first}" if first == last else f"lines {first}-{last}"
        texts = [cleaned] if kind == "code" else cleaned.split("\n\n")
        pages.append(Page(len(pages) + 1, tuple(Block(kind, text) for text in texts), label))
    return pages


def _blank_lines(piece: str) -> int:
    return piece[: len(piece) - len(piece.lstrip())].count("\n")
