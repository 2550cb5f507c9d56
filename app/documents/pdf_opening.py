"""Opening a PDF however damaged it is: what can be read is read, and what was cut off says so.

PDFium finds the pages by itself where the table of objects is wrong or missing, where something stands before the
header, and where streams have other lengths than they say. What it cannot open, pypdf tries to put together again.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib
from dataclasses import dataclass, field

import pypdfium2 as pdfium
from pypdfium2 import PdfiumError
from pypdfium2 import raw as pdfium_c

from app.documents.faults import Fault
from app.documents.readers import Refused
from app.sentences import Sentence

# pypdf does not promise which errors a damaged file ends in. MemoryError is not among these: it has a sentence of its
# own. What pypdf raises itself is a ValueError or one of its own below, see `parser_errors`.
_PARSER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_HEADER_WITHIN = 1024  # bytes: how far from the beginning PDFium looks for the header
_TAIL = 2048
_LONGEST_REPAIR = 50 * 1024 * 1024  # bytes; putting together a larger file takes too long
_END = re.compile(rb"startxref\s+\d+\s*%{0,2}E?O?F?\Z")
_LENGTH = re.compile(rb"/L\s+(\d{1,18})\b")


@dataclass
class Opened:
    """document: open in PDFium. data: its bytes, which may have been repaired. warnings: sentences about the file."""

    document: pdfium.PdfDocument
    data: bytes
    warnings: list[str] = field(default_factory=list)


def parser_errors() -> tuple[type[Exception], ...]:
    """The errors that pypdf may end in on a damaged file."""
    from pypdf.errors import DependencyError, PyPdfError

    return (DependencyError, PyPdfError, *_PARSER_ERRORS)


def open_document(data: bytes, *, max_pages: int = 5_000) -> Opened:
    """Open the PDF `data`, with its forms, in PDFium.

    Raises Refused: it needs a password, was cut off, is damaged beyond reading, or has no or too many pages.
    """
    data = _from_header(data)
    whole = has_end(data)
    if not whole and _linearised_length(data) > len(data):
        raise Refused(Fault.TRUNCATED)
    try:
        opened = Opened(pdfium.PdfDocument(data), data)
    except PdfiumError as error:
        # PDFium tells the last error it had, which may be one of another file.
        code = getattr(error, "err_code", None)
        if code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY) and b"/Encrypt" in data:
            raise Refused(Fault.ENCRYPTED) from error
        opened = _repaired(data, whole)
    count = len(opened.document)
    if count == 0:
        raise Refused(Fault.NO_PAGES if whole else Fault.TRUNCATED)
    if count > max_pages:
        raise Refused(Fault.TOO_MANY_PAGES, count)
    if not whole:
        opened.warnings += _what_is_missing(opened, count)
    return opened


def has_end(data: bytes) -> bool:
    """Whether the file ends as a PDF does: with the mark of the end, or a part of it after the place of the table of
    objects. Zeros and a few bytes of something else after it do no harm."""
    tail = data[-_TAIL:].rstrip(b"\0\r\n\t ")
    return b"%%EOF" in tail or _END.search(tail) is not None


def _from_header(data: bytes) -> bytes:
    """The file without what stands before its header, where that is too much for PDFium."""
    place = data.find(b"%PDF-")
    return data[place:] if place > _HEADER_WITHIN - len(b"%PDF-1.7") else data


def _linearised_length(data: bytes) -> int:
    """How long a file laid out for the web says it is, in bytes; 0 for other files."""
    head = data[:_HEADER_WITHIN]
    length = _LENGTH.search(head) if b"/Linearized" in head else None
    return int(length.group(1)) if length else 0


def _repaired(data: bytes, whole: bool) -> Opened:
    """The file as pypdf puts it together again. Raises Refused where it cannot either."""
    from pypdf import PdfReader, PdfWriter

    damaged = Refused(Fault.DAMAGED if whole or b" obj" not in data else Fault.TRUNCATED)
    if b" obj" not in data or len(data) > _LONGEST_REPAIR or not whole:
        raise damaged
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns about every oddity of a damaged file
    output = io.BytesIO()
    try:
        reader = PdfReader(io.BytesIO(data))
        if not reader.pages:
            raise Refused(Fault.NO_PAGES)
        writer = PdfWriter()
        for page in reader.pages:
            writer.add_page(page)
        writer.write(output)
        repaired = output.getvalue()
        return Opened(pdfium.PdfDocument(repaired), repaired)
    except RecursionError as error:
        raise Refused(Fault.TOO_DEEP) from error
    except (PdfiumError, *parser_errors()) as error:
        raise damaged from error


def _what_is_missing(opened: Opened, count: int) -> list[str]:
    """What to say about a file without an end that PDFium can open. Raises Refused where pages are missing."""
    document, data = opened.document, opened.data
    for index in range(count):
        try:
            document[index].close()
        except PdfiumError as error:
            raise Refused(Fault.TRUNCATED) from error
    last_end = data.rfind(b"%%EOF")
    if last_end < 0:
        # A page may be there while what it shows is not: the last object of the file must be whole.
        if data.rfind(b"endobj") < data.rfind(b" obj"):
            raise Refused(Fault.TRUNCATED)
        if count == 1:
            return [
                Sentence(
                    "The end of the file is missing: its only page could be read, but check against a "
                    "complete copy."
                )
            ]
        return [
            Sentence(
                "The end of the file is missing: all {count:,} pages could be read, but check against a "
                "complete copy.",
                count=count,
            )
        ]
    if b" obj" in data[last_end:]:
        return [
            Sentence(
                "The last change to the file is cut off: an earlier state of the document was read; get a "
                "complete copy."
            )
        ]
    return []
