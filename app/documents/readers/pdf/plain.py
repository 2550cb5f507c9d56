"""A page as plain lines, where its letters or its layout could not be made out: no page costs the document."""

from __future__ import annotations

import pypdfium2

from app.documents.model import Block, Line
from app.documents.readers.pdf.fragments import PageFragments
from app.documents.readers.pdf.layout.rows import rows
from app.documents.readers.pdf.layout.stretches import joined, stretches_by_frame
from app.documents.text import clean
from app.sentences import Sentence

# What an unforeseen page makes of sums, tables and lists. Not MemoryError, which has a sentence of its own.
PAGE_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)

PLAIN = Sentence(
    "This page was read as plain lines, because its layout could not be made out: check it against the file."
)


def plain_blocks(page: PageFragments) -> tuple[Block, ...]:
    """The lines of a page downwards, each a paragraph, with the places of their characters."""
    blocks = []
    for group in stretches_by_frame(page):
        for row in rows(group):
            line = joined(row)
            place = Line(0, line.box, tuple(line.extents), line.frame.vertical)
            blocks.append(Block("paragraph", line.text, box=line.box, lines=(place,)))
    return tuple(blocks)


def plain_text_blocks(document: pypdfium2.PdfDocument, index: int) -> tuple[Block, ...]:
    """The lines of page `index` (from 0) as PDFium reads them, without places. Raises PdfiumError."""
    page = document[index]
    try:
        text = page.get_textpage()
        try:
            lines = clean(text.get_text_range(errors="replace")).splitlines()
        finally:
            text.close()
    finally:
        page.close()
    return tuple(Block("paragraph", line.strip()) for line in lines if line.strip())
