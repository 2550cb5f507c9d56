"""PDF files for tests: readable ones made with fpdf2, broken and hostile ones written by hand.

Every function writes one file and returns its path. Hand-written files hold the fewest objects that show the
fault, so that a test knows exactly why the file is refused.
"""

from __future__ import annotations

import base64
import random
import textwrap
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from fpdf import FPDF
from PIL import Image

_PLACES = (
    "harbour",
    "mill",
    "orchard",
    "chapel",
    "quarry",
    "ferry",
    "granary",
    "bridge",
    "foundry",
    "school",
)
_PEOPLE = ("Agnes", "Bertram", "Clara", "Duncan", "Edith", "Fergus", "Greta", "Hamish", "Ingrid", "Jonas")
_THINGS = (
    "ledger",
    "lantern",
    "anchor",
    "barometer",
    "clock",
    "compass",
    "kettle",
    "ladder",
    "mirror",
    "rope",
)
_DEEDS = (
    "repaired",
    "borrowed",
    "counted",
    "painted",
    "weighed",
    "measured",
    "hid",
    "sold",
    "mended",
    "buried",
)
_TIMES = ("before dawn", "after the flood", "on market day", "during the frost", "at noon", "in early June")
_ENDS = (
    "and wrote the reason in the margin of the parish book",
    "although nobody had asked for it that year",
    "because the older one had cracked in the cold",
    "while the rest of the village watched from the wall",
    "and was paid in flour and two candles",
    "so that the inspector would find everything in order",
)


def page_code(page: int) -> str:
    """The code that `long_pages` hides on `page` (1-based): unique, so a test can look for it."""
    return f"{(page * 7919) % 10_000:04d}-{page}"


def long_pages(page_count: int = 114, *, sentences: int = 24) -> list[str]:
    """The text of `long_pdf`: distinct prose, about 2,200 characters and one fact of its own a page."""
    return [_prose(number, sentences) for number in range(1, page_count + 1)]


def _prose(number: int, sentences: int) -> str:
    pick = random.Random(number)
    lines = [
        f"In {1700 + pick.randrange(200)}, {pick.choice(_TIMES)}, {pick.choice(_PEOPLE)} "
        f"{pick.choice(_DEEDS)} the {pick.choice(_THINGS)} of the {pick.choice(_PLACES)} "
        f"{pick.choice(_ENDS)}."
        for _ in range(sentences)
    ]
    lines.insert(pick.randrange(sentences), f"The code of page {number} is {page_code(number)}.")
    third = len(lines) // 3
    paragraphs = [" ".join(lines[:third]), " ".join(lines[third : 2 * third]), " ".join(lines[2 * third :])]
    return f"Chapter {number}\n\n" + "\n\n".join(paragraphs)


def make_pdf(path: str | Path, pages: Sequence[str]) -> Path:
    """Write a real PDF with one page a string. Latin-1 text, lines wrapped at 92 characters; an A4 page
    holds 48 lines."""
    return _with_fpdf(path, [_text_page(text) for text in pages])


def long_pdf(path: str | Path, page_count: int = 114) -> Path:
    """Write a PDF of `page_count` pages of distinct prose: the text is `long_pages(page_count)`."""
    return make_pdf(path, long_pages(page_count))


def scanned_pdf(path: str | Path, pages: Sequence[str | None]) -> Path:
    """Like `make_pdf`, but `None` makes a page that is only an image: no text layer."""
    return _with_fpdf(path, [_image_page if text is None else _text_page(text) for text in pages])


def encrypted_pdf(path: str | Path, user_password: str = "open sesame", text: str = "A secret.") -> Path:
    """An RC4-encrypted PDF. With an empty `user_password` anybody may read it, but not print or change it."""
    return _with_fpdf(path, [_text_page(text)], user_password=user_password)


def aes_pdf(path: str | Path) -> Path:
    """A PDF that anybody may read ("A secret."), AES-encrypted: reading it takes the package cryptography."""
    Path(path).write_bytes(zlib.decompress(base64.b85decode(_AES_PDF)))
    return Path(path)


def truncated_pdf(path: str | Path, keep: float = 0.6) -> Path:
    """A three-page PDF cut off after the share `keep` of its bytes: no cross-reference table."""
    whole = make_pdf(path, long_pages(3)).read_bytes()
    Path(path).write_bytes(whole[: int(len(whole) * keep)])
    return Path(path)


def random_bytes_pdf(path: str | Path, size: int = 50_000, seed: int = 0) -> Path:
    """A PDF header followed by noise."""
    Path(path).write_bytes(b"%PDF-1.7\n" + random.Random(seed).randbytes(size))
    return Path(path)


def zero_page_pdf(path: str | Path) -> Path:
    """A well-formed PDF whose page tree is empty."""
    return write_objects(path, [_CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"])


def many_pages_pdf(path: str | Path, page_count: int = 10_000) -> Path:
    """A well-formed PDF of `page_count` pages that share one content stream."""
    first = 5
    kids = b" ".join(b"%d 0 R" % (first + index) for index in range(page_count))
    page = _page(contents=4, font=b"3 0 R")
    return write_objects(
        path,
        [
            _CATALOG,
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, page_count),
            _HELVETICA,
            _stream(_show("the same words on every page")),
            *[page] * page_count,
        ],
    )


def deep_page_tree_pdf(path: str | Path, depth: int = 5_000) -> Path:
    """One page below `depth` nested page-tree nodes: naive readers run out of stack."""
    node = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>"
    nodes = [node % (3 + index, max(1 + index, 2)) for index in range(depth)]
    page = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] >>" % (1 + depth)
    return write_objects(path, [_CATALOG, *nodes, page])


def deep_objects_pdf(path: str | Path, depth: int = 20_000) -> Path:
    """A page whose resources are `depth` arrays inside one another."""
    return write_objects(path, [_CATALOG, _ONE_KID, _page(contents=4, font=b"[" * depth + b"]" * depth)])


def deep_outline_pdf(path: str | Path, depth: int = 5_000) -> Path:
    """One readable page and an outline of `depth` nested entries, which extraction need not follow."""
    first = 6
    entry = b"<< /Title (x) /Dest [3 0 R /Fit] /Parent %d 0 R /First %d 0 R >>"
    entries = [entry % (first + index - 1, first + index + 1) for index in range(depth - 1)]
    entries.append(b"<< /Title (x) /Dest [3 0 R /Fit] >>")
    return write_objects(
        path,
        [
            b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
            _ONE_KID,
            _page(contents=4, font=_HELVETICA),
            _stream(_show("words below a deep outline")),
            b"<< /Type /Outlines /First %d 0 R >>" % first,
            *entries,
        ],
    )


def looping_page_tree_pdf(path: str | Path) -> Path:
    """A page tree whose node is its own child."""
    return write_objects(path, [_CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"])


def flate_bomb_pdf(path: str | Path, megabytes: int = 300) -> Path:
    """One page whose content stream of `megabytes` MB is deflated twice, which leaves a few kilobytes."""
    squeeze = zlib.compressobj(9)
    block = b" " * 1_000_000
    start = squeeze.compress(block) + squeeze.flush(zlib.Z_FULL_FLUSH)
    again = squeeze.compress(block) + squeeze.flush(
        zlib.Z_FULL_FLUSH
    )  # a full flush forgets: this may be repeated
    end = squeeze.flush()[:-4]
    checksum = 1
    for _ in range(megabytes):
        checksum = zlib.adler32(block, checksum)
    twice = zlib.compress(start + again * (megabytes - 1) + end + checksum.to_bytes(4, "big"), 9)
    return _one_page(path, _stream(twice, b"/Filter [/FlateDecode /FlateDecode]"))


def endless_text_pdf(path: str | Path, shows: int = 200_000) -> Path:
    """One page that writes a line `shows` times over: a small file, a huge text."""
    content = b"BT /F1 9 Tf 10 TL 40 800 Td " + b"T* (many words on one line) Tj " * shows + b"ET"
    return _one_page(path, _stream(zlib.compress(content), b"/Filter /FlateDecode"))


def unicode_pdf(path: str | Path, codes_to_text: Sequence[str]) -> Path:
    """One page that shows one glyph for each string, which a ToUnicode map gives to it, whatever it is (half
    a surrogate pair, NUL or a ligature, say). No font is embedded: the page cannot be looked at."""
    mapping = b"".join(
        b"<%04x> <%s>\n" % (code, text.encode("utf-16-be", "surrogatepass").hex().encode())
        for code, text in enumerate(codes_to_text, start=1)
    )
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        b"%d beginbfchar\n%sendbfchar\nendcmap end end" % (len(codes_to_text), mapping)
    )
    glyphs = b"".join(b"%04x" % code for code in range(1, len(codes_to_text) + 1))
    return write_objects(
        path,
        [
            _CATALOG,
            _ONE_KID,
            _page(contents=4, font=b"5 0 R"),
            _stream(b"BT /F1 12 Tf 40 800 Td <%s> Tj ET" % glyphs),
            b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [6 0 R]"
            b" /ToUnicode 7 0 R >>",
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /DW 600 /FontDescriptor 8 0 R"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
            _stream(cmap),
            b"<< /Type /FontDescriptor /FontName /X /Flags 4 /ItalicAngle 0 /Ascent 800 /Descent -200"
            b" /CapHeight 700 /StemV 80 /FontBBox [0 -200 1000 800] >>",
        ],
    )


def write_objects(path: str | Path, objects: Sequence[bytes]) -> Path:
    """Write a PDF whose objects 1, 2, ... are `objects`; object 1 is the catalogue. Nothing is checked."""
    parts = [b"%PDF-1.7\n"]
    offsets = []
    position = len(parts[0])
    for number, body in enumerate(objects, start=1):
        offsets.append(position)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        position += len(parts[-1])
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    parts.extend(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    parts.append(trailer % (len(objects) + 1, position))
    Path(path).write_bytes(b"".join(parts))
    return Path(path)


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_ONE_KID = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def _show(text: str) -> bytes:
    return b"BT /F1 12 Tf 40 800 Td (%s) Tj ET" % text.encode("latin-1")


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def _page(contents: int, font: bytes) -> bytes:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources %s >>"
    return page % (contents, b"<< /Font << /F1 %s >> >>" % font)


def _one_page(path: str | Path, content: bytes) -> Path:
    return write_objects(
        path,
        [
            _CATALOG,
            _ONE_KID,
            _page(contents=4, font=_HELVETICA),
            content,
        ],
    )


# Made once with pypdf and cryptography, which would otherwise be needed to run the tests.
_AES_PDF = (
    "c-oCrO>5LZ7`~4pUIdYfLuJv6O=dD52`mf!*saBumfczf@i3Elvt8LHB|BSM!IS<3FG3IE(Szv8Q-6Yb5DOkWsK20yBA%S=ZZ`|-"
    "!6bxvpP4+*Gw=IODjQ3U8)QzR%D3+yJ|cpBoaqOsT1DPQo|%3OIj$0|0Aw6c8qqLJBA*-K6Yldk3b~*(6oFzo0;7qJIoCYll#56t"
    "l2YF{riN-Y1gR;Q>4d`O!7gBLL$#rYyv3}aT1=34t7Cfj9%gP~6W^csG?@ByQCZc^+Gxmu3+^WJ*88^GNnI=kaY?}bsg1lfFdem!"
    "?K@T9-8|wrWYlRpQ>lg2_Ann(H=&pH^Vo4091S-+91vV`7AW#seQgI}0lHl+s2&W~dpDuG2euQd!rAa~K5{2B+CXWTPZ(Z>v~9Ps"
    "V8wjT=Ad@a%9E>K*`4RLXYbB@e$AUdt{<IToZYT&Uc0h<cXjUU;raH9<qPlM9?x7poH=>=^3Ru}=+omzZ!Y~j{`G41H#=A8jHpJ6"
    "qEswx$O#);n7K3*uaO}_L+2ke8nH-7*C8$)ovw9#<F%|xjmnKH39iz>aH4hSheT-uj8GRF?YfD`I94hkAf=#&ap@bSfifLXppt>m"
    "K>W~U={Bx%5D_Cr#t_TUB!o~IYbJs)cHKvln1(uGz=46}p<+ZZ-*>S{l0^AKmc_=PSS@QtqxrtwuJ0B3_m;AFeHYSV(Hi#V>#Z$X"
    "Zd9CBt7Uf@ct}tL`8X(3wx2_Sd>kTwd||<Pz;S}d7;*I-%%o$CkYE~<bPA(^oWdAkQy8b=G{&M5v$^VYAs^JX)p-ccve(Qqi-Tdu"
    "ucS$a$!NUfPDmAmh$0Hw7)p)SEFpmuAYyGo!=)s(|5@VBRy~dLgI$Z|Y18+t%IzR=?yrI>mHK)E{RMt)Lx="
)

_Draw = Callable[[FPDF], object]


def _with_fpdf(path: str | Path, pages: Sequence[_Draw], *, user_password: str | None = None) -> Path:
    pdf = FPDF()
    pdf.set_auto_page_break(False)
    pdf.set_font("Helvetica", size=11)
    if user_password is not None:
        pdf.set_encryption(owner_password="the owner's", user_password=user_password)
    for draw in pages:
        pdf.add_page()
        draw(pdf)
    pdf.output(str(path))
    return Path(path)


def _text_page(text: str) -> _Draw:
    # Lines are broken by count of characters: measuring every glyph (multi_cell) takes ten times as long.
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, 92) or [""]]

    def draw(pdf: FPDF) -> None:
        for row, line in enumerate(lines):
            pdf.text(x=15, y=20 + 5.5 * row, text=line)

    return draw


def _image_page(pdf: FPDF) -> None:
    pdf.image(Image.linear_gradient("L"), x=20, y=20, w=170, h=240)
