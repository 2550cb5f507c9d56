"""PowerPoint and Excel files, and archives of any office that are hostile or damaged."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from pptx import Presentation
from pptx.util import Inches

from app.documents import Limits, extract
from app.documents.readers.number_formats import shown
from tests.app.documents.office import TYPES, W, p, pack, word
from tests.app.documents_support import nothing_left_running, refusal  # noqa: F401  (a fixture that is always used)

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
