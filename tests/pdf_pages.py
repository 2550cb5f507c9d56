"""Single pages of a PDF from content streams written by hand: each shows one thing and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.documents.readers.pdf.fragments import Fragment, PageFragments
from app.documents.readers.pdf.glyphs import Document, page_fragments

HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
COURIER = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"
_DESCRIPTOR = (
    b"<< /Type /FontDescriptor /FontName /X /Flags 4 /ItalicAngle 0 /Ascent 800 /Descent -200"
    b" /CapHeight 700 /StemV 80 /FontBBox [0 -200 1000 800] >>"
)


@dataclass
class OnePage:
    """A page of 400 × 300 points. fonts: F1, F2, …; entries: more of the page's dictionary; resources: more of its
    resources; catalog: more of the document's; objects: further objects, from number 20 on."""

    content: bytes
    fonts: Sequence[bytes] = (HELVETICA,)
    entries: bytes = b""
    resources: bytes = b""
    catalog: bytes = b""
    objects: Mapping[int, bytes] = field(default_factory=dict)

    def data(self) -> bytes:
        fonts = b" ".join(b"/F%d %s" % (number, font) for number, font in enumerate(self.fonts, start=1))
        objects = {
            1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % self.catalog,
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 4 0 R %s"
            b" /Resources << /Font << %s >> %s >> >>" % (self.entries, fonts, self.resources),
            4: stream(self.content),
            **self.objects,
        }
        return document(objects)


def document(objects: Mapping[int, bytes]) -> bytes:
    """A file with these objects by their numbers; object 1 is the catalogue."""
    body = b"%PDF-1.7\n"
    places = {}
    for number, value in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start = len(body)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (number, place) for number, place in places.items())
    body += b"xref\n0 1\n0000000000 65535 f \n%s" % table
    return body + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, start)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def composite_font(
    encoding: bytes,
    ordering: bytes = b"Identity",
    to_unicode: int | None = None,
    width: int = 1000,
    widths: bytes = b"",
) -> bytes:
    """A font of many letters that is not in the file, by the name of its encoding. widths: of letters by their numbers,
    first, last and width."""
    more = b"/ToUnicode %d 0 R" % to_unicode if to_unicode is not None else b""
    return (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /%s %s /DescendantFonts ["
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /DW %d /FontDescriptor %s"
        b" /W [%s] /CIDSystemInfo << /Registry (Adobe) /Ordering (%s) /Supplement 0 >> >>] >>"
    ) % (encoding, more, width, _DESCRIPTOR, widths, ordering)


def to_unicode(texts: Mapping[int, str], digits: int = 4) -> bytes:
    """A ToUnicode map."""
    rows = b"".join(
        b"<%s> <%s>\n" % (b"%0*x" % (digits, code), text.encode("utf-16-be").hex().encode())
        for code, text in texts.items()
    )
    return stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <%s> <%s> endcodespacerange\n%d beginbfchar\n%sendbfchar\nendcmap end end"
        % (b"0" * digits, b"f" * digits, len(texts), rows)
    )


def glyphwise(text: str, x: float, y: float, size: float, codes: Mapping[str, int], step: float) -> bytes:
    """Each letter as an object of its own, from left to right."""
    shows = [
        b"1 0 0 1 %.2f %.2f Tm <%04x> Tj" % (x + step * number, y, codes[letter])
        for number, letter in enumerate(text)
        if letter != " "
    ]
    return b"BT /F1 %.2f Tf %s ET" % (size, b" ".join(shows))


def shown(page: OnePage) -> PageFragments:
    return page_fragments(Document.of(page.data()), 0)


def texts(page: OnePage) -> list[str]:
    result = shown(page)
    for fragment in result.fragments:
        assert len(fragment.extents) == 2 * len(fragment.text)
    return [fragment.text for fragment in result.fragments]


def one(page: OnePage) -> Fragment:
    (fragment,) = shown(page).fragments
    return fragment
