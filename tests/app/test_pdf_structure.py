"""What a PDF tells beside what its pages show: outline, labels, attachments, form values, comments."""

from __future__ import annotations

from pathlib import Path

import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle

from app.documents.model import OutlineEntry
from app.documents.readers.pdf.insertion import Extra
from app.documents.readers.pdf.marks import attached_to_page, page_marks
from app.documents.readers.pdf.structure import document_notes, outline, page_label
from tests import pdf_extras, pdfs


def _open(data: bytes) -> pdfium.PdfDocument:
    document = pdfium.PdfDocument(data)
    document.init_forms()
    return document


def _marks(data: bytes) -> list[Extra]:
    document = _open(data)
    return page_marks(document, document[0])


def _texts(data: bytes) -> list[str]:
    return [extra.block.text for extra in _marks(data)]


# -- outline and labels ------------------------------------------------------------------------------------------------


def test_an_outline_with_its_levels_and_pages() -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for title, level in (("One", 0), ("One and a half", 1), ("Two", 0)):
        pdf.add_page()
        pdf.start_section(title, level)
    assert outline(_open(bytes(pdf.output()))) == [
        OutlineEntry("One", 1, 1),
        OutlineEntry("One and a half", 2, 2),
        OutlineEntry("Two", 3, 1),
    ]


def test_named_destinations_lead_to_pages_and_broken_ones_are_skipped(tmp_path: Path) -> None:
    entry = b"<< /Title (%s) /Dest %s /Parent 6 0 R %s >>"
    data = pdf_extras.one_page(
        tmp_path,
        b"",
        [
            b"<< /Type /Outlines /First 7 0 R /Last 10 0 R /Count 4 >>",
            entry % (b"By name", b"(there)", b"/Next 8 0 R"),
            entry % (b"To nowhere", b"(missing)", b"/Next 9 0 R"),
            entry % (b"To no page", b"[77 0 R /Fit]", b"/Next 10 0 R"),
            b"<< /Title (By action) /A << /S /GoTo /D (there) >> /Parent 6 0 R >>",
        ],
        catalog=b"/Outlines 6 0 R /Names << /Dests << /Names [(there) [3 0 R /XYZ 0 800 0]] >> >>",
    )
    assert outline(_open(data)) == [OutlineEntry("By name", 1), OutlineEntry("By action", 1)]


def test_a_part_without_a_page_of_its_own_leads_to_its_first_chapter(tmp_path: Path) -> None:
    data = pdf_extras.one_page(
        tmp_path,
        b"",
        [
            b"<< /Type /Outlines /First 7 0 R >>",
            b"<< /Title (Part I) /Parent 6 0 R /First 8 0 R >>",
            b"<< /Title (Chapter 1) /Parent 7 0 R /Dest [3 0 R /Fit] >>",
        ],
        catalog=b"/Outlines 6 0 R",
    )
    assert outline(_open(data)) == [OutlineEntry("Part I", 1, 1), OutlineEntry("Chapter 1", 1, 2)]


def test_an_outline_that_bites_its_tail_or_has_no_bottom_ends(tmp_path: Path) -> None:
    looping = pdf_extras.one_page(
        tmp_path,
        b"",
        [
            b"<< /Type /Outlines /First 7 0 R >>",
            b"<< /Title (First) /Dest [3 0 R /Fit] /Parent 6 0 R /Next 8 0 R >>",
            b"<< /Title (Second) /Dest [3 0 R /Fit] /Parent 6 0 R /Next 7 0 R /First 7 0 R >>",
        ],
        catalog=b"/Outlines 6 0 R",
    )
    assert [entry.title for entry in outline(_open(looping))] == ["First", "Second"]
    deep = outline(_open(pdfs.deep_outline_pdf(tmp_path / "deep.pdf").read_bytes()))
    assert [entry.level for entry in deep] == list(range(1, len(deep) + 1)) and 10 < len(deep) < 100


def test_page_labels(tmp_path: Path) -> None:
    writer = PdfWriter()
    for _ in range(5):
        writer.add_blank_page(200, 200)
    writer.set_page_label(0, 1, style=PageLabelStyle.LOWERCASE_ROMAN, start=4)
    writer.set_page_label(2, 4, prefix="A-", style=PageLabelStyle.DECIMAL)
    writer.write(tmp_path / "labels.pdf")
    document = pdfium.PdfDocument(tmp_path / "labels.pdf")
    assert [page_label(document, index) for index in range(5)] == ["iv", "v", "A-1", "A-2", "A-3"]
    without = pdfium.PdfDocument(pdfs.make_pdf(tmp_path / "without.pdf", ["a", "b"]))
    assert [page_label(without, index) for index in range(2)] == ["", ""]


# -- what is not read --------------------------------------------------------------------------------------------------


def test_attachments_are_named(tmp_path: Path) -> None:
    path = pdfs.make_pdf(tmp_path / "a.pdf", ["A cover."])
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.add_attachment("a.xlsx", b"1")
    assert _notes(writer, path) == ["The file also holds 1 attached file, which was not read: a.xlsx."]
    writer.add_attachment("b.txt", b"2")
    assert _notes(writer, path) == [
        "The file also holds 2 attached files, which were not read: a.xlsx, b.txt."
    ]
    for number in range(6):
        writer.add_attachment(f"c{number}.txt", b"3")
    assert _notes(writer, path)[0].endswith("c2.txt and 3 more.")


def _notes(writer: PdfWriter, path: Path) -> list[str]:
    writer.write(path)
    return document_notes(pdfium.PdfDocument(path))


def test_a_file_attached_to_a_place_on_a_page_is_named_too(tmp_path: Path) -> None:
    data = pdf_extras.one_page(
        tmp_path,
        b"",
        [
            b"<< /Type /Annot /Subtype /FileAttachment /Rect [10 10 30 30] /FS 7 0 R >>",
            b"<< /Type /Filespec /F (data.csv) /UF (data.csv) /EF << /F 8 0 R >> >>",
            pdf_extras.stream(b"1,2", b"/Type /EmbeddedFile"),
        ],
        page=b"/Annots [6 0 R]",
    )
    document = _open(data)
    names = attached_to_page(document[0])
    assert document_notes(document, names) == [
        "The file also holds 1 attached file, which was not read: data.csv."
    ]


def test_an_xfa_form_is_named_as_not_read(tmp_path: Path) -> None:
    catalog = b"/NeedsRendering true /AcroForm << /Fields [] /XFA [(template) 6 0 R] >>"
    data = pdf_extras.one_page(tmp_path, b"", [pdf_extras.stream(b"<template/>")], catalog=catalog)
    assert document_notes(pdfium.PdfDocument(data))[0].startswith("The file holds an XFA form, whose fields")


# -- form fields -------------------------------------------------------------------------------------------------------


def test_values_of_all_kinds_of_fields(tmp_path: Path) -> None:
    fields = [
        b"/FT /Tx /T (name) /V (Anna Lind) /Rect [150 775 350 791]",
        b"/FT /Tx /T (note) /Ff 4096 /V (two\rlines) /Rect [150 700 350 740]",
        b"/FT /Btn /T (ok) /TU (Approved) /V /On /AS /On /Rect [150 680 160 690] /AP << /N << /On 4 0 R >> >>",
        b"/FT /Btn /T (no) /TU (Refused) /AS /Off /Rect [150 660 160 670] /AP << /N << /On 4 0 R >> >>",
        b"/FT /Ch /T (size) /Ff 131072 /Opt [[(s) (Small)] [(l) (Large)]] /V (l) /Rect [150 640 250 655]",
        b"/FT /Ch /T (colours) /Ff 2097152 /Opt [(red) (green) (blue)] /V [(red) (blue)] /Rect [150 590 250 630]",
    ]
    marks = _marks(pdf_extras.form(tmp_path, fields, b""))
    assert [mark.block.text for mark in marks] == [
        "Anna Lind",
        "two\nlines",
        "Yes",
        "No",
        "Large",
        "red, blue",
    ]
    assert [mark.label for mark in marks] == ["name", "note", "Approved", "Refused", "size", "colours"]
    assert [mark.tick for mark in marks] == [False, False, True, True, False, False]
    assert {mark.block.kind for mark in marks} == {"form"}
    assert marks[0].block.box == pytest.approx((150, 51, 350, 67))
    assert marks[0].block.boxes(0, 4) == [pytest.approx((150, 51, 350, 67))]


def test_what_nobody_can_see_or_nobody_filled_in_is_left_out(tmp_path: Path) -> None:
    fields = [
        b"/FT /Tx /T (empty) /Rect [150 775 350 791]",
        b"/FT /Tx /T (hidden) /V (hidden) /F 2 /Rect [150 755 350 771]",
        b"/FT /Tx /T (unseen) /V (unseen) /F 32 /Rect [150 735 350 751]",
        b"/FT /Tx /T (password) /Ff 8192 /V (secret) /Rect [150 715 350 731]",
        b"/FT /Btn /T (button) /Ff 65536 /MK << /CA (Send) >> /Rect [150 695 350 711]",
        b"/FT /Tx /T (off) /V (off the page) /Rect [150 -95 350 -81]",
    ]
    assert _marks(pdf_extras.form(tmp_path, fields, b"")) == []


def test_a_field_of_a_page_that_the_form_does_not_list_is_read(tmp_path: Path) -> None:
    widget = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (lost) /V (still here) /Rect [150 775 350 791] >>"
    assert _texts(pdf_extras.annotated(tmp_path, [widget], b"")) == ["still here"]


@pytest.mark.parametrize(
    ("turn", "box"),
    [
        (0, (100, 42, 300, 92)),
        (90, (750, 100, 800, 300)),
        (180, (295, 750, 495, 800)),
        (270, (42, 295, 92, 495)),
    ],
)
def test_places_are_those_of_the_page_as_shown(tmp_path: Path, turn: int, box: tuple[float, ...]) -> None:
    note = b"<< /Type /Annot /Subtype /FreeText /Contents (here) /Rect [100 750 300 800] >>"
    data = pdf_extras.annotated(tmp_path, [note], b"", page=b"/Rotate %d" % turn)
    (mark,) = _marks(data)
    assert mark.block.box == pytest.approx(box)


def test_places_begin_at_the_crop_box(tmp_path: Path) -> None:
    note = b"<< /Type /Annot /Subtype /FreeText /Contents (here) /Rect [100 650 300 700] >>"
    data = pdf_extras.annotated(tmp_path, [note], b"", page=b"/CropBox [50 50 545 792]")
    assert _marks(data)[0].block.box == pytest.approx((50, 92, 250, 142))


# -- comments ----------------------------------------------------------------------------------------------------------


def test_text_boxes_stand_as_they_are_and_notes_are_marked(tmp_path: Path) -> None:
    annotations = [
        b"<< /Type /Annot /Subtype /FreeText /Contents (Corrected: 35 bar) /Rect [200 775 400 791] >>",
        b"<< /Type /Annot /Subtype /Text /T (Bert) /Contents (Ask the supplier.) /Rect [20 775 40 791] >>",
        b"<< /Type /Annot /Subtype /Text /T (Anna) /IRT 7 0 R /Contents (I did.) /Rect [20 675 40 691] >>",
        b"<< /Type /Annot /Subtype /Text /IRT 7 0 R /StateModel (Review) /State (Accepted) /Contents (Accepted set by"
        b" Anna) /Rect [20 775 40 791] >>",
        b"<< /Type /Annot /Subtype /Popup /Parent 7 0 R /Contents (Ask the supplier.) /Rect [20 700 90 770] >>",
        b"<< /Type /Annot /Subtype /Text /F 2 /Contents (Hidden.) /Rect [20 775 40 791] >>",
        b"<< /Type /Annot /Subtype /Link /Contents (A link.) /Rect [20 775 40 791] >>",
        b"<< /Type /Annot /Subtype /Text /Contents ( ) /Rect [20 775 40 791] >>",
    ]
    marks = _marks(pdf_extras.annotated(tmp_path, annotations, b""))
    assert [mark.block.text for mark in marks] == [
        "Corrected: 35 bar",
        "[Comment by Bert] Ask the supplier.",
        "[Reply by Anna] I did.",
    ]
    assert {mark.block.kind for mark in marks} == {"comment"}
    assert marks[2].block.box == marks[1].block.box  # a reply stands where what it answers does


def test_a_comment_on_marked_words_quotes_them(tmp_path: Path) -> None:
    highlight = (
        b"<< /Type /Annot /Subtype /Highlight /Contents (Is that so?) /Rect [48 776 155 792]"
        b" /QuadPoints [48 792 155 792 48 776 155 776] >>"
    )
    bare = highlight.replace(b"/Contents (Is that so?)", b"")
    content = pdf_extras.lines((50, 780, "The limit is 40 bar."), (50, 760, "Another line."))
    data = pdf_extras.annotated(tmp_path, [highlight, bare], content)
    assert _texts(data) == ["[Comment on “The limit is 40 bar.”] Is that so?"]
