"""Good files of every format, made here: what the mutations start from."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from tests import pdf_pages, pdfs

_WORDS = (
    "Der Wärter prüft die Lampe. The pump holds 35 bar. 灯台守は毎晩ランプを点検します。 אין לעבור את הלחץ."
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def make_seeds(folder: Path) -> dict[str, list[bytes]]:
    """By suffix, the bytes of some good files; `folder` is written to meanwhile."""
    seeds: dict[str, list[bytes]] = {}
    for number, (suffix, write) in enumerate(_WRITERS):
        path = folder / f"{number}{suffix}"
        write(path)
        seeds.setdefault(suffix, []).append(path.read_bytes())
    return seeds


def _printed(path: Path) -> None:
    pdfs.make_pdf(path, [*pdfs.long_pages(2, sentences=6), ""])


def _pdf_of_letters(path: Path) -> None:
    pdfs.unicode_pdf(path, ["A", "fi", "灯", "\u202e", "x" * 20])


def _pdf_outline(path: Path) -> None:
    pdfs.deep_outline_pdf(path, depth=6)


def _pdf_glyphs(path: Path) -> None:
    text = "Pump 35 bar"
    codes = {letter: code for code, letter in enumerate(sorted(set(text)), start=1)}
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R"
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: page + b" >> >> >>",
        4: pdf_pages.stream(pdf_pages.glyphwise(text, 40, 700, 12, codes, 7)),
        5: pdf_pages.composite_font(b"Identity-H", to_unicode=6),
        6: pdf_pages.to_unicode({code: letter for letter, code in codes.items()}),
    }
    path.write_bytes(pdf_pages.document(objects))


def _docx(path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Pump", 1)
    for _ in range(3):
        document.add_paragraph(_WORDS)
        document.add_paragraph("item", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text, table.cell(1, 1).text = "Name", "40"
    document.save(str(path))


def _pptx(path: Path) -> None:
    from pptx import Presentation

    presentation = Presentation()
    for layout in (1, 5):
        slide = presentation.slides.add_slide(presentation.slide_layouts[layout])
        slide.shapes.title.text = "Oil"
        slide.notes_slide.notes_text_frame.text = _WORDS
    presentation.save(str(path))


def _xlsx(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for number in range(12):
        book.active.append(["Anna", number, 0.5, _WORDS, None])
    book.active["B2"].number_format = '#,##0.00 "€";[Red](#,##0.00)'
    book.create_sheet("Sums").append(["=1+1", "word"])
    book.save(path)


def _open_document(kind: str, body: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        names = ("office", "text", "table", "drawing", "presentation", "style")
        spaces = "".join(f' xmlns:{"draw" if n == "drawing" else n}="{_ODF}{n}:1.0"' for n in names)
        content = (
            f"<office:document-content{spaces}><office:automatic-styles/><office:body><office:{kind}>{body}"
            f"</office:{kind}></office:body></office:document-content>"
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
            archive.writestr("content.xml", content)
            archive.writestr("styles.xml", f"<office:document-styles{spaces}/>")

    return write


_ODT_BODY = (
    f"<text:h text:outline-level='2'>Pump</text:h><text:p>{_WORDS}<text:s text:c='2'/>tank</text:p>"
    "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>two</text:p>"
    "</text:list-item></text:list></text:list-item></text:list><table:table><table:table-row><table:table-cell>"
    "<text:p>a</text:p></table:table-cell></table:table-row></table:table>"
)
_ODS_BODY = (
    "<table:table table:name='Öl'><table:table-row><table:table-cell table:number-columns-repeated='3'>"
    "<text:p>Name</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated='2'>"
    "<table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table>"
)
_ODP_BODY = (
    "<draw:page draw:name='p1'><draw:frame><draw:text-box><text:p>Below</text:p></draw:text-box></draw:frame>"
    "<presentation:notes><draw:frame><draw:text-box><text:p>Slowly.</text:p></draw:text-box></draw:frame>"
    "</presentation:notes></draw:page>"
)


def _epub(path: Path) -> None:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><h1>{}</h1><p>{}</p></body></html>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path='in/b.opf'/></rootfiles></container>",
        )
        names = ("one", "two")
        items = "".join(
            f'<item id="{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in names
        )
        spine = "".join(f'<itemref idref="{n}"/>' for n in names)
        archive.writestr(
            "in/b.opf",
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{spine}</spine></package>',
        )
        for name in names:
            archive.writestr(f"in/{name}.xhtml", page.format(name, _WORDS * 20))


def _mail(path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Prüfung", "Anna <a@example.org>", "b@example.org"
    message.set_content(_WORDS)
    message.add_alternative(f"<p>{_WORDS}</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="report.pdf")
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("Forwarded words.")
    message.add_attachment(inner)
    path.write_bytes(message.as_bytes())


_RTF = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}{\stylesheet{\s1 heading 1;}}"
    r"\pard\s1 Pr\'fcfung\par\pard\plain\f1 \'cf\'f0\'e8\f0 , \u8364? m{\super 2}"
    r'{\field{\*\fldinst HYPERLINK "https://example.org/x"}{\fldrslt here}}{\footnote \chftn  Note.}\par'
    r"{\pict\pngblip 00ff}\par\trowd\cellx1\cellx2\intbl A\cell B\cell\row\pard end\par}"
)
_MARKDOWN = (
    "---\ntitle: x\n---\n# Pump\n\nIt *holds* `35` bar[^1], see [the list](https://example.org/l).\n\n"
    "2. two\n   - deep\n\n| A | B |\n|---|---|\n| x |  |\n\n```\ncode\n```\n\n> quote\n\n<b>html</b>\n\n[^1]: At sea.\n"
    + _WORDS
)
_RST = (
    "Pump\n====\n\nIt *holds* ``35`` bar [1]_, see `the list <https://example.org/l>`_.\n\n2. two\n\n   - deep\n\n"
    "=== ===\nA   B\n=== ===\nx   y\n=== ===\n\n::\n\n    code\n\n.. [1] At sea.\n\n.. include:: /etc/passwd\n"
    + _WORDS
)
_ORG = (
    "#+TITLE: x\n* Pump :tag:\n:PROPERTIES:\n:ID: 7\n:END:\nIt /holds/ ~35~ bar, see [[https://example.org][a list]].\n"
    "- one\n  - deep\n| A | B |\n|---+---|\n| x | y |\n#+BEGIN_SRC c\ncode\n#+END_SRC\n" + _WORDS
)
_HTML = (
    "<!doctype html><html><head><meta charset='utf-8'><title>x</title><style>b{}</style></head><body><nav>menu</nav>"
    f"<h1>Pump</h1><p>{_WORDS}<table><tr><td>a<td>b</table><ul><li>one<ul><li>two</ul></ul><pre>code</pre>"
    "<script>no()</script><img alt='a lamp' src='x'>&amp;&#x1F525;</body></html>"
)
_CSV = 'Name,Size,Note\n"Lind, Anna",5,"two\nlines"\nBen,6,\n' * 6
_RECORDS = [{"name": "Anna", "litres": 40.5, "tags": ["a", None], "deep": {"er": {"still": _WORDS}}}] * 3
_CODE = "def f(x):\n    # the pump\n    return {'a': [x, 1]}\n" * 5


def _text(text: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(text.encode(encoding, "replace"))

    return write


_WRITERS: tuple[tuple[str, Callable[[Path], None]], ...] = (
    (".pdf", _printed),
    (".pdf", _pdf_of_letters),
    (".pdf", _pdf_outline),
    (".pdf", _pdf_glyphs),
    (".docx", _docx),
    (".pptx", _pptx),
    (".xlsx", _xlsx),
    (".odt", _open_document("text", _ODT_BODY)),
    (".ods", _open_document("spreadsheet", _ODS_BODY)),
    (".odp", _open_document("presentation", _ODP_BODY)),
    (".epub", _epub),
    (".eml", _mail),
    (".rtf", _text(_RTF, "latin-1")),
    (".html", _text(_HTML)),
    (".md", _text(_MARKDOWN)),
    (".rst", _text(_RST)),
    (".org", _text(_ORG)),
    (".csv", _text(_CSV)),
    (".tsv", _text(_CSV.replace(",", "\t"))),
    (".json", _text(json.dumps(_RECORDS))),
    (".jsonl", _text("\n".join(map(json.dumps, _RECORDS)))),
    (".txt", _text(_WORDS * 30)),
    (".txt", _text(_WORDS * 10, "utf-16")),
    (".txt", _text("Der Wärter prüft abends die Öllampe. " * 20, "cp1252")),
    (".py", _text(_CODE)),
)
