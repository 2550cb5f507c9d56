"""Pages of a PDF as blocks of text: letters through PDFium, structure through PDFium and pypdf. Used in the child
process only: nothing here can be trusted to end."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pypdfium2 import PdfiumError

from app.documents.faults import Fault
from app.documents.model import LEFT_OUT, Block, Page
from app.documents.pdf_opening import Opened, open_document
from app.documents.readers import Parsed, Refused, Request
from app.documents.readers.pdf.engine import OpenPage
from app.documents.readers.pdf.fragments import PageFragments
from app.documents.readers.pdf.glyphs import Document, fragments_of
from app.documents.readers.pdf.health import document_warnings, page_health
from app.documents.readers.pdf.insertion import Extra, insert_at_place
from app.documents.readers.pdf.layer_signs import may_have_layers
from app.documents.readers.pdf.layout import Layout
from app.documents.readers.pdf.marks import attached_to_page, page_marks
from app.documents.readers.pdf.plain import PAGE_ERRORS, PLAIN, plain_text_blocks
from app.documents.readers.pdf.refusals import why_nothing
from app.documents.readers.pdf.structure import document_notes, outline, page_label
from app.sentences import Sentence

if TYPE_CHECKING:
    from app.documents.readers.pdf.layers import HiddenLayers

_LOG = logging.getLogger(__name__)
_WORD, _ROMAN = re.compile(r"[^\W\d_]"), re.compile(r"[ivxlcdm]+", re.IGNORECASE)
UNREADABLE = Sentence("This page is damaged and could not be read.")


def read(data: bytes, request: Request) -> Parsed:
    """The pages of a PDF, one by one.

    A page that cannot be read counts as one without text and says so, unless no page can be read; one that cannot be
    laid out is read as plain lines. Raises Refused, also while the pages are taken.
    """
    reading = _Reading(open_document(data, max_pages=request.limits.max_pages))
    return Parsed(
        len(reading.document),
        reading.pages(),
        outline=lambda: reading.outline,
        warnings=reading.warnings,
    )


@dataclass
class _Waiting:
    """A page whose letters are known, while its blocks are not. plain: its lines, where its letters could not be made
    out."""

    number: int
    fragments: PageFragments
    label: str = ""
    extra: Sequence[Extra] = ()
    unreadable: bool = False
    plain: Sequence[Block] = ()


class _Reading:
    """One document while it is being read."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        opened.document.init_forms()  # before the first page is loaded: without it fields have no values
        self.document = Document(opened.document, opened.data)
        self.outline = outline(opened.document)
        self._layers: HiddenLayers | None = None
        if may_have_layers(opened.data):
            from app.documents.readers.pdf.layers import (
                HiddenLayers,
            )  # pypdf takes a fifth of a second to load

            self._layers = HiddenLayers(opened.data)
        self._attached: list[str] = []
        self._health: dict[int, Sequence[str]] = {}
        self._unreadable = 0
        self._layout = Layout(self.outline)

    def pages(self) -> Iterator[Page]:
        """The pages in order; each comes once the layout has seen enough of those after it."""
        waiting: deque[_Waiting] = deque()
        nothing = True
        for index in range(len(self.document)):
            page = self._look_at(index)
            nothing = nothing and not (page.fragments.fragments or page.fragments.pictures or page.plain)
            waiting.append(page)
            if nothing and index + 1 == len(self.document):
                self._explain_nothing()
            for blocks in self._layout.add(page.fragments):
                yield self._finished(waiting.popleft(), blocks)
        for blocks in self._layout.finish():
            yield self._finished(waiting.popleft(), blocks)

    def _explain_nothing(self) -> None:
        """Raises Refused where the file shows nothing because it cannot be read."""
        refused = why_nothing(self._opened.data)
        if refused is not None:
            raise refused

    def warnings(self) -> list[str]:
        """What is to be said of the whole document, once its pages have been taken."""
        return [
            *self._opened.warnings,
            *document_notes(self._opened.document, self._attached),
            *document_warnings(self._health),
        ]

    def _look_at(self, index: int) -> _Waiting:
        label = page_label(self._opened.document, index)
        extra: Sequence[Extra] = ()
        try:
            with OpenPage(self.document.pdfium, index) as page:
                if self._layers is not None:
                    self._layers.hide(page.page, index)
                extra = page_marks(self._opened.document, page.page)
                self._attached += attached_to_page(page.page)
                try:
                    fragments = fragments_of(self.document, page, index)
                except PAGE_ERRORS:
                    _LOG.warning("The letters of page %d could not be made out.", index + 1, exc_info=True)
                    shown = PageFragments(page.width, page.height)
                    plain = plain_text_blocks(self._opened.document, index)
                    return _Waiting(index + 1, shown, label, extra, plain=plain, unreadable=not plain)
        except PdfiumError as error:
            self._unreadable += 1
            if self._unreadable == len(self.document):
                raise why_nothing(self._opened.data) or Refused(Fault.DAMAGED) from error
            return _Waiting(index + 1, PageFragments(0.0, 0.0), label, extra, unreadable=True)
        return _Waiting(index + 1, fragments, label, extra)

    def _finished(self, waiting: _Waiting, blocks: Sequence[Block]) -> Page:
        fragments = waiting.fragments
        blocks = waiting.plain or blocks
        if blocks and all(block.kind in LEFT_OUT for block in blocks):
            blocks = _as_text(blocks)
        page = Page(
            waiting.number,
            tuple(insert_at_place(blocks, waiting.extra)) if waiting.extra else tuple(blocks),
            waiting.label,
            fragments.width,
            fragments.height,
        )
        if waiting.unreadable:
            return replace(page, warnings=(UNREADABLE,))
        found = page_health(page.text, fragments)
        if found:
            self._health[page.number] = found
        if waiting.plain or waiting.number - 1 in self._layout.failed:
            found = [*found, PLAIN]
        return replace(page, warnings=tuple(found))


def _as_text(blocks: Sequence[Block]) -> Sequence[Block]:
    """What stands alone on a page is its text, although it looks like a running head; a mere number is not."""
    if any(_WORD.search(block.text) and not _ROMAN.fullmatch(block.text.strip()) for block in blocks):
        return [replace(block, kind="paragraph") for block in blocks]
    return blocks
