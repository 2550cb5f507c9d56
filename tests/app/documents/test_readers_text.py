"""Kinds of text: web pages, books, marked-up text, mail, tables of text, records and source code."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.documents import Extracted, Limits, extract
from app.documents.readers.paging import Pager
from tests.app.documents_support import nothing_left_running, refusal  # noqa: F401  (a fixture that is always used)

PICTURE = "iVBORw0KGgo" + "A" * 60_000


def written(path: Path, text: str | bytes) -> Extracted:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return extract(path)


def blocks(extracted: Extracted) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for page in extracted.layout for block in page.blocks]


# Web pages


def html(tmp_path: Path, body: str, head: str = "") -> list[tuple[str, str]]:
    return blocks(
        written(tmp_path / "a.html", f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>")
    )


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "<h2>A  <b>pump</b></h2><p>Text\n goes  on.<br>Next",
            [("heading", "A pump"), ("paragraph", "Text goes on.\nNext")],
        ),
        ("one<div>two</div>three", [("paragraph", "one"), ("paragraph", "two"), ("paragraph", "three")]),
        (
            "<ol start=3><li>c<ul><li>x</ul><li value=9>i</ol><ol type=a><li>a</ol>",
            [("list_item", "3. c"), ("list_item", "  - x"), ("list_item", "9. i"), ("list_item", "a. a")],
        ),
        ("<pre>\n  if x:\n    y  = 1</pre>", [("code", "  if x:\n    y  = 1")]),
        (
            "<table><caption>Oil</caption><tr><th>A<th>B<tr><td rowspan=2>x<td><tr><td>y|z</table>",
            [
                ("caption", "Oil"),
                ("table_row", "| A | B |\n|---|---|"),
                ("table_row", "| x |  |"),
                ("table_row", "| x | y\\|z |"),
            ],
        ),
        (
            "<table><tr><td colspan=2>wide<td>c<tr><td>1<td>2<td>3</table>",
            [("table_row", "| wide |  | c |\n|---|---|---|"), ("table_row", "| 1 | 2 | 3 |")],
        ),
        (
            "<table><tr><td><h1>Laid out</h1><td><p>by a table</table>",
            [("heading", "Laid out"), ("paragraph", "by a table")],
        ),
        (
            '<a href="https://example.org/a?b=1">here</a> <a '
            'href="https://example.org/">example.org</a> <a href="#x">there</a>',
            [("paragraph", "[here](https://example.org/a?b=1) example.org there")],
        ),
        (f'<img alt="A lamp" src="data:image/png;base64,{PICTURE}">', [("paragraph", "[picture: A lamp]")]),
        (
            '<p>x <img src="a.png"><img src="t.gif" width=1><img alt="" src="d.png">',
            [("paragraph", "x [picture]")],
        ),
        ("m<sup>2</sup>, CO<sub>2</sub>, 1<sup>st</sup>", [("paragraph", "m², CO₂, 1st")]),
        ('said<sup><a href="#fn1">1</a></sup>', [("paragraph", "said[1]")]),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>", [("paragraph", "漢字(かんじ)")]),
        ("<figure><figcaption>The rock</figcaption></figure>", [("caption", "The rock")]),
        ("<p dir=rtl>הלחץ 35 בר (Tank A)</p>", [("paragraph", "הלחץ 35 בר (Tank A)")]),
        (
            "<input value='Anna Lind'><input type=hidden value=token><input type=password value=x>",
            [("paragraph", "Anna Lind")],
        ),
    ],
)
def test_what_a_browser_shows(tmp_path: Path, body: str, found: list[tuple[str, str]]) -> None:
    assert html(tmp_path, body) == found


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var a = '<p>no</p>'</script>",
        "<style>p { color: red }</style>",
        "<template><p>no</p></template>",
        "<noscript>no</noscript>",
        "<p hidden>no</p>",
        '<div style="color: red; display : none">no</div>',
        '<span style="visibility:hidden">no</span>',
        '<p class="x gone">no</p>',
        '<p id="out">no</p>',
        '<span aria-hidden="true">no</span>',
        "<dialog>no</dialog>",
        "<!-- no -->",
        "<svg><title>no</title><path d='M0 0'/></svg>",
        "<iframe>no</iframe><object>no</object>",
    ],
)
def test_what_is_not_shown_is_left_out(tmp_path: Path, hidden: str) -> None:
    style = "<style>.gone, .never { display: none } #out{display:none} "
    style += "@media print { .shown { display: none } }</style>"
    assert html(tmp_path, f"<p>before {hidden}</p><p class=shown>after</p>", style + "<title>no</title>") == [
        ("paragraph", "before"), ("paragraph", "after"),
    ]  # fmt: skip


def test_menus_are_known_and_not_read(tmp_path: Path) -> None:
    extracted = written(tmp_path / "a.html", "<html><nav><a href=x>Home</a></nav><p>Text.")
    assert blocks(extracted) == [("header", "Home"), ("paragraph", "Text.")]
    assert extracted.pages == ("Text.",)


def test_a_page_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    extracted = written(tmp_path / "a.html", "<html><meta charset=windows-1251><p>Вася".encode("cp1251"))
    assert extracted.pages == ("Вася",) and extracted.encoding == ""


def test_a_page_without_headings_is_called_by_its_title(tmp_path: Path) -> None:
    extracted = written(tmp_path / "a.html", "<html><title>Oil\n lamps</title><p>Text.")
    assert [page.label for page in extracted.layout] == ["Oil lamps"] and extracted.pages == ("Text.",)


def test_a_page_nested_without_end(tmp_path: Path) -> None:
    assert html(tmp_path, "<div>" * 1_000 + "deep") == [("paragraph", "deep")]
    assert html(tmp_path, "<table><tr><td>" * 300 + "deep")[-1] == ("paragraph", "deep")
    path = tmp_path / "b.html"
    path.write_text("<html><body>first" + "<div>" * 100_000 + "deep")
    assert extract(path).pages[0].startswith("first")


# Books


def book(path: Path, chapters: dict[str, str], nav: str = "", more: dict[str, str] | None = None) -> Path:
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters
    )
    if nav:
        items += '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    space = 'xmlns="http://www.idpf.org/2007/opf"'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path='in/b.opf'/></rootfiles></container>",
        )
        archive.writestr(
            "in/b.opf", f"<package {space}><manifest>{items}</manifest><spine>{spine}</spine></package>"
        )
        for name, text in chapters.items():
            archive.writestr(f"in/{name}.xhtml", text)
        if nav:
            archive.writestr(
                "in/nav.xhtml", f'<html xmlns="http://www.w3.org/1999/xhtml"><nav>{nav}</nav></html>'
            )
        for name, text in (more or {}).items():
            archive.writestr(name, text)
    return path


def chapter(body: str) -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{body}</body></html>'


def test_a_book(tmp_path: Path) -> None:
    chapters = {
        "two": chapter("<h1>The Storm</h1><p>Wind.</p><p>Rain.</p>"),
        "one": chapter("<p>" + "It was night. " * 500 + "</p>"),
        "three": "<html><body><p>Loose &nbsp; ends<br>",
    }
    nav = '<ol><li><a href="two.xhtml">The Storm</a></li><li><a href="one.xhtml#x">Night</a></li></ol>'
    extracted = extract(book(tmp_path / "a.epub", chapters, nav))
    assert extracted.unit == "chapter"
    assert [page.label for page in extracted.layout] == ["The Storm", "Night", "Night (2)", ""]
    assert [entry.title for entry in extracted.outline] == ["The Storm", "Night"]
    assert extracted.pages[0] == "The Storm\n\nWind.\n\nRain." and extracted.pages[-1] == "Loose ends"


def test_a_book_with_missing_chapters_or_a_lock(tmp_path: Path) -> None:
    chapters = {"one": chapter("<p>Words.</p>"), "gone": chapter("<p>x</p>")}
    path = book(tmp_path / "a.epub", chapters)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "b.epub", "w") as part:
        for name in whole.namelist():
            if "gone" not in name:
                part.writestr(name, whole.read(name))
    assert extract(tmp_path / "b.epub").warnings == (
        "1 of the chapters that the book lists are not in the file.",
    )
    lock = '<encryption><CipherReference URI="in/one.xhtml"/></encryption>'
    assert "needs a password" in refusal(
        book(tmp_path / "c.epub", chapters, more={"META-INF/encryption.xml": lock})
    )


# Marked-up text

NOTE = {
    "md": "# Pump\n\nIt *holds* `35` bar[^1], see [the list](https://example.org/l).\nSame line.\n\n"
    "2. two\n   - deep\n\n"
    "| A | B |\n|---|---|\n| x |  |\n\n```\n  code\n```\n\n[^1]: At sea.\n",
    "rst": "Pump\n====\n\nIt *holds* ``35`` bar [1]_, see `the list <https://example.org/l>`_.\nSame line.\n\n"
    "2. two\n\n   - deep\n\n"
    "=== ===\nA   B\n=== ===\nx   \\\n=== ===\n\n::\n\n    code\n\n.. [1] At sea.\n\n.. a comment\n",
    "org": "* Pump :tag:\n:PROPERTIES:\n:ID: 7\n:END:\n"
    "It *holds* =35= bar[fn:1], see [[https://example.org/l][the list]].\nSame line.\n\n"
    "2. two\n   - deep\n\n| A | B |\n|---+---|\n| x |   "
    "|\n\n#+begin_src\n  code\n#+end_src\n# a comment\n\n[fn:1] At sea.\n",
}  # fmt: skip


@pytest.mark.parametrize("suffix", NOTE)
def test_marked_up_text(tmp_path: Path, suffix: str) -> None:
    extracted = written(tmp_path / f"a.{suffix}", NOTE[suffix])
    assert [(kind, text.replace("bar [", "bar[").lstrip("\n")) for kind, text in blocks(extracted)] == [
        ("heading", "Pump"),
        ("paragraph", "It holds 35 bar[1], see [the list](https://example.org/l). Same line."),
        ("list_item", "2. two"),
        ("list_item", "  - deep"),
        ("table_row", "| A | B |\n|---|---|"),
        ("table_row", "| x |  |"),
        ("code", "code" if suffix == "rst" else "  code"),
        ("footnote", "[1] At sea."),
    ]
    assert extracted.unit == "section" and extracted.outline[0].title == "Pump"


def test_markdown_keeps_pictures_html_and_front_matter_in_their_places(tmp_path: Path) -> None:
    text = (
        f"---\ntitle: x\n---\nA ![lamp](data:image/png;base64,{PICTURE}) "
        f"and ![](x.png)\n\n<div hidden>no</div>\n\n"
        f"<p>shown</p>\n\n<!-- no -->\n\n<img "
        f'src="data:image/png;base64,{PICTURE}">\n\nH<sub>2</sub>O 2 \\* 3 &amp; <br> x\n'
    )
    assert blocks(written(tmp_path / "a.md", text)) == [
        ("code", "title: x"),
        ("paragraph", "A [picture: lamp] and [picture]"),
        ("paragraph", "shown"),
        ("paragraph", "[picture]"),
        ("paragraph", "H2O 2 * 3 &\nx"),
    ]


@pytest.mark.parametrize(
    "directive", [".. include:: {}", ".. raw:: html\n   :file: {}", ".. csv-table::\n   :file: {}"]
)
def test_restructured_text_reads_no_other_file(tmp_path: Path, directive: str) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    extracted = written(
        tmp_path / "a.rst", "Before\n\n" + directive.format(tmp_path / "secret.txt") + "\n\nAfter\n"
    )
    assert extracted.pages == ("Before\n\nAfter",)


# RTF


def test_rtf(tmp_path: Path) -> None:
    text = (
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Mincho;}}"
        r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}}{\info{\title no}}{\header running\par}"
        r"\pard\s1 Pr\'fcfung\par\pard\plain\f1 \'cf\'f0\'e8\f0 , "
        r"\f2 \'93\'fa\f0  \u8364? {\v no}{\deleted no}m{\super 2}"
        r'{\field{\*\fldinst HYPERLINK "https://example.org/x"}{\fldrslt here}}{\footnote \chftn  Note.}\par'
        r"{\listtext\bullet\tab}item\par{\pict\pngblip 00ff}\par"
        r"\trowd\cellx1\cellx2\intbl A\cell B\cell\row\trowd\clvmgf\cellx1\cellx2\intbl x\cell\cell\row"
        r"\trowd\clvmrg\cellx1\cellx2\intbl\cell y\cell\row\pard end{\*\unknown no}\par}"
    )
    extracted = written(tmp_path / "a.rtf", text)
    found = blocks(extracted)
    assert found[:2] == [("heading", "Prüfung"), ("header", "running")]
    assert ("paragraph", "При, 日 € m²[here](https://example.org/x)[1]") in found and (
        "footnote",
        "[1] Note.",
    ) in found
    assert [block for block in found if block[0] in ("list_item", "table_row")] == [
        ("list_item", "- item"),
        ("table_row", "| A | B |\n|---|---|"),
        ("table_row", "| x |  |"),
        ("table_row", "| x | y |"),
    ]
    assert found[-1] == ("paragraph", "end") and ("paragraph", "[picture]") in found
    assert not any("no" in text.split() for _, text in found) and len(extracted.warnings) == 2


def test_rtf_cut_off_or_nested_without_end(tmp_path: Path) -> None:
    assert written(tmp_path / "a.rtf", r"{\rtf1 some {\b words").pages == ("some words",)
    (tmp_path / "b.rtf").write_text(r"{\rtf1 x" + "{" * 200_000)
    assert "nested too deeply" in refusal(tmp_path / "b.rtf")


# Mail


def test_mail(tmp_path: Path) -> None:
    text = (
        "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nTo: "
        "a@example.org\r\nSubject: =?koi8-r?B?8NLJ18XU?=\r\n"
        "Date: Tue, 5 Mar 2024 10:11:12 +0100\r\nMIME-Version: "
        "1.0\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n"
        "--X\r\nContent-Type: multipart/alternative; "
        "boundary=Y\r\n\r\n--Y\r\nContent-Type: text/plain; charset=koi8-r\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n8NLJ18XU\r\n--Y\r\nContent-Type: "
        "text/html\r\n\r\n<p>no</p>\r\n--Y--\r\n"
        "--X\r\nContent-Type: application/pdf\r\nContent-Disposition: "
        "attachment; filename=report.pdf\r\n\r\n%PDF\r\n"
        "--X\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nForwarded words.\r\n--X--\r\n"
    )
    extracted = written(tmp_path / "a.eml", text)
    assert extracted.unit == "message" and [page.label for page in extracted.layout] == ["Привет", "Inner"]
    head = "From: Jürgen <j@example.org>\nTo: a@example.org\nDate: Tue, 05 Mar 2024 10:11:12 +0100\nSubject: Привет"
    assert extracted.pages[0] == f"{head}\n\nПривет\n\nAttachment: report.pdf\nAttachment: message/rfc822"
    assert extracted.pages[1] == "Subject: Inner\n\nForwarded words."


def test_fields_of_mail_may_be_of_any_length(tmp_path: Path) -> None:
    people = ",\n ".join(f"=?utf-8?q?K=C3=B6ln_{number}?= <a@b.c>" for number in range(1000))
    fields = {"To": people, "Cc": "(" * 19_000, "Content-Type": "text/plain; a=" + "> " * 50_000}
    text = "\n".join(f"{name}: {value}" for name, value in fields.items())
    (tmp_path / "a.eml").write_text(f"{text}\n\nwords")
    pages = extract(tmp_path / "a.eml", limits=Limits(max_seconds=30)).pages
    assert "Köln 999 <a@b.c>" in " ".join(pages)
    assert pages[-1].endswith("words")


def test_mail_of_html_alone(tmp_path: Path) -> None:
    text = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<h1>Köln</h1><script>no</script><p>words"
    assert written(tmp_path / "a.eml", text).pages == ("Subject: x\n\nKöln\n\nwords",)


# Tables of text and records


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        (
            "a.csv",
            b'Name,Size\n"Lind, Anna",5\n,6\n',
            "| Name | Size |\n|---|---|\n| Lind, Anna | 5 |\n|  | 6 |",
        ),
        ("a.csv", "Ort;Zahl\r\nKöln;1,5\r\n".encode("cp1252"), "| Ort | Zahl |\n|---|---|\n| Köln | 1,5 |"),
        ("a.csv", b"sep=|\na|b\n1|2\n", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("a.tsv", b"a\tb\n\tx|y\n", "| a | b |\n|---|---|\n|  | x\\|y |"),
        ("a.csv", b'a,b\n"two\nlines",x\n', "| a | b |\n|---|---|\n| two lines | x |"),
        ("a.csv", b"1,2\n3,4\n", "| 1 | 2 |\n| 3 | 4 |"),
        ("a.csv", b'a,b\n"5,6\n7,8\n', '| a | b |\n|---|---|\n| "5 | 6 |\n| 7 | 8 |'),
        ("a.csv", b"just\nlines\n", "just\nlines"),
    ],
)
def test_tables_of_text(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    assert written(tmp_path / name, data).pages == (text,)


def test_records_are_cited_by_their_numbers(tmp_path: Path) -> None:
    table = written(tmp_path / "a.csv", "Name,Size\n" + "".join(f"name {n},{n}\n" for n in range(1, 401)))
    assert table.layout[0].label.startswith("records 1-") and table.layout[-1].label.endswith("-400")
    assert all(page.startswith("| Name | Size |\n|---|---|\n") for page in table.pages)
    lines = written(
        tmp_path / "a.jsonl", "".join(f'{{"n": {n}, "t": "{"x" * 100}"}}\n\n' for n in range(1, 101))
    )
    assert lines.layout[0].label.startswith("records 1-") and lines.layout[-1].label.endswith("-100")
    assert sum(page.count('"n"') for page in lines.pages) == 100


def test_json_as_it_stands_or_with_lines_put_in(tmp_path: Path) -> None:
    tidy = '{\n  "price": 1.50,\n  "price": 2e3\n}'
    assert written(tmp_path / "a.json", tidy).pages == (tidy,)
    values = {"name": 'Größe 😀 " \\u00e9', "list": [1, [], {"x": None}], "long": "x " * 300}
    extracted = written(tmp_path / "b.json", json.dumps(values))
    assert json.loads(extracted.pages[0]) == values | {"name": 'Größe 😀 " \\u00e9', "long": "x " * 300}
    assert extracted.pages[0].split("\n")[1] == '  "name": "Größe 😀 \\" \\\\u00e9",'
    deep = written(tmp_path / "c.json", "[" * 100_000 + "1" + "]" * 100_000)
    assert "".join(deep.pages).count("[") == 100_000


def test_lines_are_cited_as_an_editor_counts_them(tmp_path: Path) -> None:
    lines = [f"line {number}" if number % 7 else "" for number in range(1, 1_001)]
    for name, kind in (("a.py", "code"), ("a.log", "paragraph")):
        extracted = written(tmp_path / name, "\r\n".join(lines))
        for page in extracted.layout:
            first, last = (int(number) for number in page.label.removeprefix("lines ").split("-"))
            assert page.text.startswith(f"line {first}\n") and page.text.endswith(f"line {last}")
            assert {block.kind for block in page.blocks} == {kind}
    indented = written(tmp_path / "b.py", "def f():\n\treturn [\n        1]\n")
    assert indented.pages == ("def f():\n\treturn [\n        1]",) and indented.layout[0].label == "lines 1-3"
    assert written(tmp_path / "c.txt", "x" * 9_000).layout[2].label == "line 1"


def test_an_encoding_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("имя;вес\nОля;5\n".encode("koi8-r"))
    assert extract(tmp_path / "a.csv").encoding == "KOI8-R"
    chosen = extract(tmp_path / "a.csv", encoding="cp1251")
    assert chosen.encoding == "cp1251" and "имя" not in chosen.pages[0]
    assert "'klingon' is no encoding" in refusal(tmp_path / "a.csv", encoding="klingon")


@pytest.mark.parametrize(
    "name", ["a.txt", "a.md", "a.html", "a.csv", "a.org", "a.rst", "a.eml", "a.rtf", "a.json"]
)
def test_long_runs_of_spaces_take_no_time(tmp_path: Path, name: str) -> None:
    head = {"a.rtf": "{\\rtf1 ", "a.eml": "Subject: x\n\n", "a.org": "* ", "a.html": "<pre>"}.get(name, "")
    (tmp_path / name).write_text(head + "word," + " " * 400_000 + "last" + "\t" * 400_000 + ".\n")
    extracted = extract(tmp_path / name, limits=Limits(max_seconds=30))
    assert "".join(extracted.pages).rstrip(" .|\t").endswith("last")


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.md", "a.html", "a.csv", "a.json", "a.jsonl", "a.org", "a.rst", "a.eml", "a.py", "a.rtf"],
)
def test_the_limit_on_characters_holds_for_every_kind(tmp_path: Path, name: str) -> None:
    head = {"a.rtf": "{\\rtf1 ", "a.eml": "Subject: x\n\n", "a.csv": "a,b\n"}.get(name, "")
    (tmp_path / name).write_text(head + "word, and another one.\n" * 1_000)
    assert "limit of 10,000, reached on page" in refusal(
        tmp_path / name, limits=Limits(max_characters=10_000)
    )


def test_a_book_with_a_chapter_that_is_no_text(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4000)
    chapters: Any = {"one": chapter("<p>Words.</p>"), "two": noise}
    extracted = extract(book(tmp_path / "a.epub", chapters))
    assert extracted.pages == ("Words.",)
    assert extracted.warnings == ("1 of the chapters hold something else than text and are left out.",)


def test_headings_alone_end_no_page_however_many_they_are() -> None:
    pager = Pager(Limits())
    for number in range(20_000):  # each looked at all before it once: seconds
        pager.heading(f"Part {number}", 1)
    pager.add("paragraph", "words")
    pager.heading("Next", 1)
    assert [len(page.blocks) for page in pager.finish()] == [20_000, 2]


def test_marked_up_text_nested_without_end_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.rst").write_text("".join(f"{'  ' * depth}* x\n\n" for depth in range(400)))
    assert "nested too deeply" in refusal(tmp_path / "a.rst")


@pytest.mark.parametrize("run", ["{" * 10_000, " " * 200_000, "-`" * 20_000])
def test_marked_up_text_with_a_run_of_signs_is_shown_by_its_lines(tmp_path: Path, run: str) -> None:
    extracted = written(tmp_path / "a.rst", f"Pump\n====\n\nIt holds{run} water.\n")
    assert extracted.unit == "lines" and extracted.pages[-1].endswith("water.")
