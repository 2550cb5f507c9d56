"""Word files: what the last version shows, and nothing that is hidden."""

from __future__ import annotations

from pathlib import Path

import docx

from app.documents import extract
from tests.app.documents.office import TYPES, W, blocks, cell, p, table, word
from tests.app.documents_support import nothing_left_running  # noqa: F401  (a fixture that is always used)


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
