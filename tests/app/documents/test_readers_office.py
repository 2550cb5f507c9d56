"""Word, PowerPoint, Excel and OpenDocument files: what the last version shows, and nothing that is hidden."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from pptx import Presentation
from pptx.util import Inches

from app.documents import Extracted, Limits, extract
from app.documents.readers.number_formats import shown
from tests.app.documents_support import nothing_left_running, refusal  # noqa: F401  (a fixture that is always used)

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def pack(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def word(
    path: Path, body: str, parts: dict[str, str] | None = None, relations: str = "", space: str = W
) -> Path:
    """A Word file with this body; parts: other files of its folder `word`, each with a relation of its name."""
    parts = parts or {}
    own = "".join(f'<Relationship Id="{name}" Type="{TYPES}/{name}" Target="{name}.xml"/>' for name in parts)
    head = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    main = f'<Relationship Id="a" Type="{TYPES}/officeDocument" Target="word/document.xml"/>'
    return pack(
        path,
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f"{head}{main}</Relationships>",
            "word/_rels/document.xml.rels": f"{head}{own}{relations}</Relationships>",
            "word/document.xml": f"<w:document {space} {R}><w:body>{body}</w:body></w:document>",
            **{f"word/{name}.xml": text for name, text in parts.items()},
        },
    )


def p(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(text)}</w:tc>"


def table(*rows: tuple[str, ...]) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(cells)}</w:tr>" for cells in rows) + "</w:tbl>"


def blocks(extracted: Extracted) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for page in extracted.layout for block in page.blocks]


# Word


def test_changes_comments_and_notes(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>The tank holds </w:t></w:r><w:del><w:r><w:delText>30</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>35</w:t></w:r></w:ins><w:r><w:t> bar</w:t></w:r>"
        "<w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
        "<w:commentRangeStart w:id='0'/><w:r><w:t>.</w:t></w:r><w:r><w:commentReference w:id='0'/></w:r></w:p>"
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>One </w:t></w:r></w:p>" + p("sentence.")
    )
    parts = {
        "footnotes": f"<w:footnotes {W}><w:footnote w:id='2'>{p('At sea level.')}</w:footnote></w:footnotes>",
        "comments": f"<w:comments {W}><w:comment w:id='0' w:author='Anna'>{p('Sure?')}</w:comment></w:comments>",
    }
    extracted = extract(word(tmp_path / "a.docx", body, parts))
    assert blocks(extracted) == [
        ("paragraph", "The tank holds 35 bar[1]."),
        ("footnote", "[1] At sea level."),
        ("comment", "Anna: Sure?"),
        ("paragraph", "One sentence."),
    ]
    assert [sentence.split(" is left out")[0] for sentence in extracted.warnings] == [
        "Text that was deleted with tracked changes",
        "Text that is formatted as hidden",
    ]


def test_numbers_stand_before_headings_and_items(tmp_path: Path) -> None:
    def level(place: int, kind: str, text: str) -> str:
        return f"<w:lvl w:ilvl='{place}'><w:numFmt w:val='{kind}'/><w:lvlText w:val='{text}'/></w:lvl>"

    numbering = (
        f"<w:numbering {W}><w:abstractNum "
        f"w:abstractNumId='7'>{level(0, 'decimal', '§ %1')}{level(1, 'lowerLetter', '(%2)')}"
        f"{level(2, 'upperRoman', '%1.%2.%3')}</w:abstractNum>"
        f"<w:abstractNum w:abstractNumId='8'>{level(0, 'bullet', 'x')}"
        "</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='7'/></w:num>"
        "<w:num w:numId='2'><w:abstractNumId w:val='8'/></w:num></w:numbering>"
    )
    styles = (
        f"<w:styles {W}><w:style w:type='paragraph' w:styleId='berschrift1'><w:name w:val='heading 1'/>"
        "<w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style></w:styles>"
    )

    def item(text: str, number: int, place: int) -> str:
        return p(text, f"<w:numPr><w:ilvl w:val='{place}'/><w:numId w:val='{number}'/></w:numPr>")

    body = (
        p("Duties", "<w:pStyle w:val='berschrift1'/>") + item("first", 1, 1) + item("second", 1, 1) + item("deep", 1, 2)
        + p("Rights", "<w:pStyle w:val='berschrift1'/>") + item("again", 1, 1) + item("bullet", 2, 0)
    )  # fmt: skip
    extracted = extract(word(tmp_path / "a.docx", body, {"numbering": numbering, "styles": styles}))
    assert blocks(extracted) == [
        ("heading", "§ 1 Duties"),
        ("list_item", "  (a) first"),
        ("list_item", "  (b) second"),
        ("list_item", "    1.b.I deep"),
        ("heading", "§ 2 Rights"),
        ("list_item", "  (a) again"),
        ("list_item", "- bullet"),
    ]
    assert [entry.title for entry in extracted.outline] == ["§ 1 Duties", "§ 2 Rights"]


def test_links_fields_boxes_pictures_and_tables(tmp_path: Path) -> None:
    link = f'<Relationship Id="L" Type="{TYPES}/hyperlink" Target="https://example.org/x" TargetMode="External"/>'
    box = (
        "<w:r><mc:AlternateContent "
        "xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'><mc:Choice>"
        f"<w:drawing><w:txbxContent>{p('In a box.')}</w:txbxContent>"
        f"</w:drawing></mc:Choice><mc:Fallback><w:pict>"
        f"<w:txbxContent>{p('In a box.')}</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    field = (
        "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText> PAGE </w:instrText></w:r>"
        "<w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>7"
        "</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r>"
    )
    body = (
        f"<w:p><w:hyperlink r:id='L'><w:r><w:t>here</w:t></w:r>"
        f"</w:hyperlink><w:r><w:t>, page </w:t></w:r>{field}{box}</w:p>"
        "<w:p><w:r><w:t>m</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>2</w:t></w:r>"
        "<w:r><w:drawing><wp:docPr xmlns:wp='x' descr='A pump'/></w:drawing></w:r></w:p>"
        + table(
            (cell("Part"), cell("Size", "<w:gridSpan w:val='2'/>")),
            (cell("Valve", "<w:vMerge w:val='restart'/>"), cell(""), cell("5")),
            (cell("", "<w:vMerge/>"), cell("6"), cell("a|b")),
        )
    )
    extracted = extract(word(tmp_path / "a.docx", body, relations=link))
    assert blocks(extracted) == [
        ("paragraph", "[here](https://example.org/x), page 7"),
        ("paragraph", "In a box."),
        ("paragraph", "m²[picture: A pump]"),
        ("table_row", "| Part | Size |  |\n|---|---|---|"),
        ("table_row", "| Valve |  | 5 |"),
        ("table_row", "| Valve | 6 | a\\|b |"),
    ]


def test_printed_pages_are_kept(tmp_path: Path) -> None:
    body = "".join(
        f"<w:p><w:r>{'<w:lastRenderedPageBreak/>' if page else ''}"
        f"<w:t>Page {page + 1} begins. </w:t></w:r></w:p>{p('More.')}"
        for page in range(3)
    )
    extracted = extract(word(tmp_path / "a.docx", body))
    assert extracted.unit == "page" and [page.number for page in extracted.layout] == [1, 2, 3]
    assert extracted.pages[2] == "Page 3 begins.\n\nMore." and extracted.layout[2].label == ""


def test_a_strict_document_and_one_under_another_name(tmp_path: Path) -> None:
    strict = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
    assert extract(word(tmp_path / "a.zip", p("Strict words."), space=strict)).pages == ("Strict words.",)


def test_a_document_by_python_docx(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Manual", 0)
    document.add_heading("Pump", 1)
    document.add_paragraph("First", style="List Number")
    document.add_paragraph("dot", style="List Bullet")
    document.sections[0].header.paragraphs[0].text = "Running head"
    document.save(str(tmp_path / "a.docx"))
    extracted = extract(tmp_path / "a.docx")
    assert blocks(extracted) == [
        ("header", "Running head"),
        ("heading", "Manual"),
        ("heading", "Pump"),
        ("list_item", "1. First"),
        ("list_item", "- dot"),
    ]
    assert "Running head" not in extracted.pages[0]


def test_long_sections_are_cut_and_called_by_their_headings(tmp_path: Path) -> None:
    document = docx.Document()
    for chapter in ("Pump", "Valve"):
        document.add_heading(chapter, 1)
        document.add_heading("Care", 2)
        for _ in range(30):
            document.add_paragraph(
                "The keeper winds the clockwork every four hours and writes the time down. " * 3
            )
    document.save(str(tmp_path / "a.docx"))
    extracted = extract(tmp_path / "a.docx")
    labels = [page.label for page in extracted.layout]
    assert labels[:2] == ["Pump > Care", "Pump > Care (2)"] and "Valve > Care" in labels
    assert all(len(page) < 4_500 for page in extracted.pages)
    assert [(entry.title, entry.level) for entry in extracted.outline] == [
        ("Pump", 1), ("Care", 2), ("Valve", 1), ("Care", 2),
    ]  # fmt: skip


# PowerPoint


def test_slides(tmp_path: Path) -> None:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Oil"
    frame = slide.placeholders[1].text_frame
    frame.text = "Lamp oil"
    below = frame.add_paragraph()
    below.text, below.level = "colza", 1
    slide.notes_slide.notes_text_frame.text = "Speak slowly."
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(6), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 1).text = "Name", "Litres", "40"
    hidden = presentation.slides.add_slide(presentation.slide_layouts[5])
    hidden.shapes.title.text = "Hidden"
    hidden._element.set("show", "0")
    last = presentation.slides.add_slide(presentation.slide_layouts[6])
    for words, left, top in (("right", 5, 1), ("left", 1, 1), ("below", 1, 4)):
        last.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = words
    presentation.save(str(tmp_path / "a.pptx"))

    extracted = extract(tmp_path / "a.pptx")

    assert extracted.unit == "slide" and [page.label for page in extracted.layout] == ["slide 1", "slide 3"]
    assert [(block.kind, block.text) for block in extracted.layout[0].blocks] == [
        ("heading", "Oil"),
        ("list_item", "- Lamp oil"),
        ("list_item", "  - colza"),
        ("table_row", "| Name | Litres |\n|---|---|"),
        ("table_row", "|  | 40 |"),
        ("comment", "Notes: Speak slowly."),
    ]
    assert extracted.pages[1] == "left\n\nright\n\nbelow"
    assert extracted.warnings == ("Hidden slide 2 left out.",)


# Excel


def test_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Oil"
    sheet.append(["Report of the year"])
    sheet.append([])
    sheet.append(["Name", "Date", "Share", "Secret", "Price"])
    sheet.append(["Anna", dt.datetime(2024, 3, 5), 0.125, "x", 1234.5])
    sheet.append([None, dt.datetime(2024, 12, 31), 1, "y", -2])
    sheet.append(["Ben"])
    sheet["B4"].number_format, sheet["B5"].number_format = "dd/mm/yyyy", "d mmm yyyy"
    sheet["C4"].number_format, sheet["C5"].number_format = "0.0%", "0%"
    sheet["E4"].number_format = sheet["E5"].number_format = '#,##0.00 "€";[Red](#,##0.00)'
    sheet.merge_cells("A4:A5")
    sheet.row_dimensions[6].hidden = True
    sheet.column_dimensions["D"].hidden = True
    book.create_sheet("Plans").sheet_state = "hidden"
    book["Plans"].append(["nobody may see"])
    book.create_sheet("Sums").append(["=1+1", "word"])
    book.save(tmp_path / "a.xlsx")

    extracted = extract(tmp_path / "a.xlsx")

    assert extracted.unit == "sheet" and [page.label for page in extracted.layout] == [
        "Oil, rows 1-5",
        "Sums, row 1",
    ]
    assert extracted.pages[0].split("\n") == [
        "| Report of the year |  |  |  |",
        "| Name | Date | Share | Price |",
        "|---|---|---|---|",
        "| Anna | 05/03/2024 | 12.5% | 1,234.50 € |",
        "| Anna | 31 Dec 2024 | 100% | (2.00) |",
    ]
    assert [entry.title for entry in extracted.outline] == ["Oil", "Sums"]
    assert [sentence.partition(":")[0] for sentence in extracted.warnings] == [
        "Hidden sheets are left out",
        "1 hidden row is left out.",
        "1 formula has no stored value and is left out",
    ]


def test_styles_that_openpyxl_refuses_cost_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Day", "Share"])
    book.active.append([dt.datetime(2024, 3, 5), 0.5])
    book.active["A2"].number_format, book.active["B2"].number_format = "dd.mm.yyyy", "0%"
    book.save(tmp_path / "a.xlsx")
    source = zipfile.ZipFile(tmp_path / "a.xlsx")
    parts = {name: source.read(name) for name in source.namelist()}
    styles = parts["xl/styles.xml"].replace(
        b"<fonts", b"<fonts><font><color rgb='12345G7'/></font></fonts><fonts"
    )
    assert styles != parts["xl/styles.xml"]
    parts["xl/styles.xml"] = styles
    with pytest.raises(ValueError, match="invalid XML"):
        openpyxl.load_workbook(pack(tmp_path / "b.xlsx", parts))
    assert extract(tmp_path / "b.xlsx").pages == ("| Day | Share |\n|---|---|\n| 05.03.2024 | 50% |",)


def test_an_archive_in_which_no_part_is_a_workbook_is_refused(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    source = zipfile.ZipFile(tmp_path / "a.xlsx")
    parts = {name: source.read(name) for name in source.namelist()}
    types = parts["[Content_Types].xml"].replace(b"sheet.main+xml", b"sheet.nain+xml")
    assert types != parts["[Content_Types].xml"]
    parts["[Content_Types].xml"] = types
    assert "its list of sheets cannot be read" in refusal(pack(tmp_path / "b.xlsx", parts))


def test_a_long_sheet_has_its_header_on_every_page(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Log")
    sheet.append(["Time", "Keeper", "Oil"])
    for row in range(2, 502):
        sheet.append([f"{row}:00", "Anna Lind", row / 2])
    book.save(tmp_path / "a.xlsx")
    extracted = extract(tmp_path / "a.xlsx")
    assert len(extracted.layout) > 3
    assert all(page.startswith("| Time | Keeper | Oil |\n|---|---|---|\n") for page in extracted.pages)
    assert extracted.layout[1].label.startswith("Log, rows ")
    rows = [line for page in extracted.pages for line in page.split("\n")[2:]]
    assert rows == [f"| {row}:00 | Anna Lind | {f'{row / 2:g}'} |" for row in range(2, 502)]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e-7, "General", "1E-07"),
        (12345678901, "General", "12345678901"),
        (True, "General", "TRUE"),
        (3, "0.00", "3.00"),
        (2.5, "0", "3"),
        (1234567, "#,##0", "1,234,567"),
        (0.5, "#.##", ".5"),
        (12, "0000", "0012"),
        (1500000, '0.0,,"M"', "1.5M"),
        (0.256, "0.0%", "25.6%"),
        (12345, "0.00E+00", "1.23E+04"),
        (5, "[$€-407] #,##0.00", "€ 5.00"),
        (-5, "$#,##0.00_);($#,##0.00)", "($5.00)"),
        (0, '0;-0;"none"', "none"),
        (0.5, "# ?/?", "0.5"),
        (7, '"No. "0', "No. 7"),
        ("text", "@", "text"),
        (dt.datetime(2024, 3, 5, 14, 7, 9), "yyyy-mm-dd hh:mm:ss", "2024-03-05 14:07:09"),
        (dt.datetime(2024, 3, 5, 14, 7), "h:mm AM/PM", "2:07 PM"),
        (dt.datetime(2024, 3, 5), "dddd, mmmm d, yyyy", "Tuesday, March 5, 2024"),
        (dt.datetime(2024, 3, 5), "[$-F800]dddd", "Tuesday"),
        (dt.datetime(2024, 3, 5), "m/d/yy", "3/5/24"),
        (dt.time(9, 5), "hh:mm", "09:05"),
        (dt.datetime(2024, 3, 5), "General", "2024-03-05"),
        (dt.timedelta(hours=30, minutes=5), "[h]:mm", "30:05:00"),
    ],
)
def test_number_formats(value: Any, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


# OpenDocument

ODF = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = "".join(
    f' xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "text", "table", "style", "presentation")
)
SPACES += f' xmlns:draw="{ODF}drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def opened(path: Path, kind: str, body: str, styles: str = "") -> Extracted:
    names = {"text": "text", "spreadsheet": "spreadsheet", "presentation": "presentation"}
    content = (
        f"<office:document-content{SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{names[kind]}"
    return extract(pack(path, {"mimetype": mimetype, "content.xml": content}))


def test_an_open_document_text(tmp_path: Path) -> None:
    styles = (
        "<text:list-style style:name='L'><text:list-level-style-number "
        "text:level='1' style:num-format='a' style:num-suffix=')'/>"
        "</text:list-style><style:style style:name='T9'>"
        "<style:text-properties text:display='none'/></style:style>"
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion>"
        "<text:p>gone</text:p></text:deletion></text:changed-region>"
        "</text:tracked-changes><text:h text:outline-level='2'>Pump</text:h>"
        "<text:p>The<text:s text:c='2'/>tank<text:span "
        "text:style-name='T9'>no</text:span><text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>At sea.</text:p></text:note-body></text:note>"
        "<office:annotation><dc:creator>Anna</dc:creator><text:p>Sure?</text:p></office:annotation>.</text:p>"
        "<text:list text:style-name='L'><text:list-item><text:p>one</text:p></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
    )
    extracted = opened(tmp_path / "a.odt", "text", body, styles)
    assert blocks(extracted) == [
        ("heading", "Pump"),
        ("paragraph", "The  tank[1]."),
        ("footnote", "[1] At sea."),
        ("comment", "Anna: Sure?"),
        ("list_item", "a) one"),
        ("list_item", "b) two"),
    ]
    assert len(extracted.warnings) == 2


def test_printed_pages_of_an_open_document_are_kept(tmp_path: Path) -> None:
    row = "<table:table-row><table:table-cell><text:p>{}</text:p></table:table-cell></table:table-row>"
    end = "<text:soft-page-break/>"
    body = (
        f"<text:p>One {end}two</text:p>{end}<text:p>three</text:p>"
        f"<table:table>{row.format('a')}{row.format('b')}{end}{row.format('c')}</table:table>"
    )
    extracted = opened(tmp_path / "a.odt", "text", body)
    assert extracted.unit == "page"
    assert extracted.pages == ("One", "two", "three\n\n| a |\n|---|\n| b |", "| c |")


def test_an_open_document_spreadsheet(tmp_path: Path) -> None:
    def cell(text: str, more: str = "") -> str:
        return f"<table:table-cell {more}>{f'<text:p>{text}</text:p>' if text else ''}</table:table-cell>"

    body = (
        "<table:table table:name='Öl'><table:table-row>" + cell("Name") + cell("Preis") + "</table:table-row>"
        "<table:table-row>" + cell("Anna", "table:number-rows-spanned='2'") + cell("1,50 €") + "</table:table-row>"
        "<table:table-row><table:covered-table-cell/>" + cell("2,50 €") + "</table:table-row>"
        "<table:table-row table:visibility='collapse'>" + cell("hidden") + "</table:table-row>"
        "<table:table-row table:number-rows-repeated='1048000'>" + cell("", "table:number-columns-repeated='1024'")
        + "</table:table-row></table:table><table:table table:name='H' table:style-name='ta2'><table:table-row>"
        + cell("secret") + "</table:table-row></table:table>"
    )  # fmt: skip
    styles = "<style:style style:name='ta2'><style:table-properties table:display='false'/></style:style>"
    extracted = opened(tmp_path / "a.ods", "spreadsheet", body, styles)
    assert extracted.pages == ("| Name | Preis |\n|---|---|\n| Anna | 1,50 € |\n| Anna | 2,50 € |",)
    assert extracted.layout[0].label == "Öl, rows 1-3"
    assert extracted.warnings == ("Hidden sheets are left out: H.", "1 hidden row is left out.")


def test_an_open_document_presentation(tmp_path: Path) -> None:
    body = (
        "<draw:page draw:name='p1'><draw:frame><draw:text-box>"
        "<text:p>Below</text:p></draw:text-box></draw:frame>"
        "<draw:frame presentation:class='title'><draw:text-box>"
        "<text:p>Title</text:p></draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>Slowly.</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
    )
    extracted = opened(tmp_path / "a.odp", "presentation", body)
    assert blocks(extracted) == [("heading", "Title"), ("paragraph", "Below"), ("comment", "Notes: Slowly.")]
    assert extracted.layout[0].label == "slide 1"


# Hostile and damaged archives


@pytest.mark.parametrize("name", ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"])
def test_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        main = f'<Relationship Id="a" Type="{TYPES}/officeDocument" Target="{name}"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="p">{main}</Relationships>')
        with archive.open(name, "w") as part:
            for _ in range(60):
                part.write(b" " * 1_000_000)
    assert "unpacks to far more than a document holds" in refusal(path)


LAUGHS = "<!DOCTYPE w:document [<!ENTITY a 'ha ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 20}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_entities_are_not_put_in(tmp_path: Path) -> None:
    def body(words: str) -> str:
        return f"<w:document {W}><w:body>{p('before')}{p(words)}{p('after')}</w:body></w:document>"

    path = word(tmp_path / "a.docx", "")
    parts = {name: zipfile.ZipFile(path).read(name) for name in zipfile.ZipFile(path).namelist()}
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    outside = f"<!DOCTYPE w:document [<!ENTITY x SYSTEM 'file://{secret}'>]>"
    parts["word/document.xml"] = (outside + body("&x;")).encode()
    assert extract(pack(path, parts)).pages == ("before\n\nafter",)
    parts["word/document.xml"] = f"{LAUGHS}]>{body('&i;')}".encode()
    assert "not well formed" in refusal(pack(path, parts), limits=Limits(max_seconds=20))
    book = openpyxl.Workbook()
    book.active.append(["words"])
    book.save(tmp_path / "a.xlsx")
    source = zipfile.ZipFile(tmp_path / "a.xlsx")
    sheets = {name: source.read(name) for name in source.namelist()}
    sheets["xl/worksheets/sheet1.xml"] = LAUGHS.encode() + b"]>" + sheets["xl/worksheets/sheet1.xml"]
    assert "declares entities" in refusal(pack(tmp_path / "b.xlsx", sheets))


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
def test_a_damaged_archive_is_one_sentence(tmp_path: Path, kind: str) -> None:
    if kind == "docx":
        docx.Document().save(str(tmp_path / "a.docx"))
    elif kind == "xlsx":
        openpyxl.Workbook().save(tmp_path / "a.xlsx")
    else:
        Presentation().save(str(tmp_path / "a.pptx"))
    path = tmp_path / f"a.{kind}"
    assert "there is no text in it" in refusal(path)  # whole, and empty
    data = bytearray(path.read_bytes())
    for place in range(60, len(data) - 4000, 97):
        data[place] ^= 0xFF
    path.write_bytes(data)
    assert "damaged" in refusal(path)


def test_nothing_is_written_and_no_path_leads_out(tmp_path: Path) -> None:
    path = word(tmp_path / "a.docx", p("words"), relations=(
        f'<Relationship Id="s" Type="{TYPES}/styles" Target="../../../../etc/passwd"/>'
        f'<Relationship Id="n" Type="{TYPES}/numbering" Target="file:///etc/passwd" TargetMode="External"/>'
    ))  # fmt: skip
    before = sorted(tmp_path.rglob("*"))
    assert extract(path).pages == ("words",)
    assert sorted(tmp_path.rglob("*")) == before


def test_tables_nested_deeply_end_in_text_or_a_sentence(tmp_path: Path) -> None:
    for depth in (20, 2_000):
        body = "<w:tbl><w:tr><w:tc>" * depth + p("deep") + "</w:tc></w:tr></w:tbl>" * depth
        path = word(tmp_path / f"{depth}.docx", body)
        if depth == 20:
            assert extract(path).pages == ("deep",)
        else:
            assert "not well formed" in refusal(path)
