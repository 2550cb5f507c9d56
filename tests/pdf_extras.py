"""PDFs for tests of what a page holds beside its letters: forms, comments, layers, outlines, attachments, labels.

Written by hand with the fewest objects. Each function returns the bytes of one file; its page is 595 by 842 points.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.pdfs import write_objects

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> %s >> %s >>"
)


def one_page(
    folder: Path,
    content: bytes,
    objects: Sequence[bytes] = (),
    *,
    catalog: bytes = b"",
    page: bytes = b"",
    resources: bytes = b"",
) -> bytes:
    """A page that draws `content`; `objects` are numbered from 6, the font is object 5."""
    path = write_objects(
        folder / "one.pdf",
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            _PAGE % (resources, page),
            stream(content),
            _FONT,
            *objects,
        ],
    )
    return path.read_bytes()


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def lines(*texts: tuple[float, float, str]) -> bytes:
    """Content that shows each text in 11 points at x, y."""
    return b"\n".join(
        b"BT /F1 11 Tf %g %g Td (%s) Tj ET" % (x, y, text.encode("cp1252")) for x, y, text in texts
    )


def annotated(folder: Path, annotations: Sequence[bytes], content: bytes, *, page: bytes = b"") -> bytes:
    """A page with annotations, which are objects 6, 7, …"""
    numbers = b" ".join(b"%d 0 R" % (6 + place) for place in range(len(annotations)))
    return one_page(folder, content, annotations, page=b"/Annots [%s] %s" % (numbers, page))


def form(folder: Path, fields: Sequence[bytes], content: bytes, *, form_entries: bytes = b"") -> bytes:
    """A page with form fields (the insides of widgets), which are objects 6, 7, …"""
    numbers = b" ".join(b"%d 0 R" % (6 + place) for place in range(len(fields)))
    widgets = [b"<< /Type /Annot /Subtype /Widget %s >>" % field for field in fields]
    catalog = b"/AcroForm << /Fields [%s] /DR << /Font << /F1 5 0 R >> >> %s >>" % (numbers, form_entries)
    return one_page(folder, content, widgets, catalog=catalog, page=b"/Annots [%s]" % numbers)
