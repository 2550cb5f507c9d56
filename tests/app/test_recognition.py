"""Text recognition: lines to blocks, and a page that was printed as a picture comes back as text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from fpdf import FPDF

from app.documents import DocumentError, ExtractionCancelled, Page, recognition
from app.documents.recognised_lines import RecognisedLine, blocks_of
from app.installation import added_by

needs_ocr = pytest.mark.skipif(
    not recognition.is_available(), reason="the extra [ocr] (280 MB) is not installed"
)

_SENTENCES = "The pressure of the boiler must not exceed 40 bar. Close valve 17 before you open the lid."


def _scan(path: Path, text: str, pages: int = 1) -> Path:
    """A PDF whose pages are pictures of `text`."""
    printed = FPDF()
    printed.add_page()
    printed.set_font("Helvetica", size=13)
    printed.multi_cell(120, 8, text)
    bitmap = pdfium.PdfDocument(bytes(printed.output()))[0].render(scale=2)
    picture = io.BytesIO()
    bitmap.to_pil().save(picture, "PNG")
    scan = FPDF()
    for _ in range(pages):
        scan.add_page()
        scan.image(picture, x=0, y=0, w=210)
    scan.output(str(path))
    return path


@needs_ocr
def test_a_picture_of_text_becomes_text_with_its_places(tmp_path: Path) -> None:
    seen: list[tuple[int, int, int]] = []
    pages = recognition.recognise(
        _scan(tmp_path / "scan.pdf", _SENTENCES, 2),
        [2, 7],
        on_page=lambda page, done, total: seen.append((page.number, done, total)),
    )
    assert list(pages) == [2, 7] and seen == [(2, 1, 2), (7, 2, 2)]
    assert pages[7] == Page(7, warnings=("Text recognition failed: there is no page 7 among its 2.",))
    page = pages[2]
    assert page.text == _SENTENCES
    assert {block.origin for block in page.blocks} == {"recognised"}
    assert (round(page.width), round(page.height)) == (595, 842)
    (box,) = page.boxes(page.text.index("40 bar"), page.text.index("40 bar") + 6)
    assert 28 < box[0] < box[2] < 370 and 28 < box[1] < box[3] < 80


@needs_ocr
def test_recognition_can_be_cancelled_and_leaves_what_was_done(tmp_path: Path) -> None:
    seen: list[Page] = []
    with pytest.raises(ExtractionCancelled):
        recognition.recognise(
            _scan(tmp_path / "scan.pdf", "Words.", 3),
            [1, 2, 3],
            on_page=lambda page, done, total: seen.append(page),
            should_stop=lambda: len(seen) == 1,
        )
    assert [page.text for page in seen] == ["Words."]


def test_without_the_extra_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition, "is_available", lambda: False)
    with pytest.raises(DocumentError, match=re.escape(added_by("ocr"))):
        recognition.recognise(tmp_path / "scan.pdf", [1])


def _lines(*lines: tuple[float, float, float, str]) -> list[RecognisedLine]:
    """Each at left, top, right; ten points high."""
    return [RecognisedLine(text, (left, top, right, top + 10)) for left, top, right, text in lines]


def test_lines_become_paragraphs_and_words_are_joined() -> None:
    blocks = blocks_of(
        _lines(
            (50, 50, 300, "A line that goes on with a long-"),
            (50, 63, 300, "est word and then another line"),
            (50, 76, 120, "that ends."),
            (50, 105, 300, "A second paragraph."),
        )
    )
    assert [block.text for block in blocks] == [
        "A line that goes on with a longest word and then another line that ends.",
        "A second paragraph.",
    ]
    for block in blocks:
        assert block.boxes(0, 1)[0][0] == 50


def test_columns_one_after_the_other_below_a_title() -> None:
    title = RecognisedLine("A title", (50, 20, 400, 40))
    left = _lines((50, 80, 200, "left one"), (50, 93, 200, "left two"))
    right = _lines((250, 80, 400, "right one"), (250, 93, 400, "right two"))
    mixed = [title, left[0], right[0], left[1], right[1]]
    assert [(block.kind, block.text) for block in blocks_of(mixed)] == [
        ("heading", "A title"),
        ("paragraph", "left one left two"),
        ("paragraph", "right one right two"),
    ]


def test_pieces_of_one_line_and_chinese_without_spaces() -> None:
    pieces = _lines((120, 51, 200, "Anna Lind"), (50, 50, 100, "Name:"))
    assert [block.text for block in blocks_of(pieces)] == ["Name: Anna Lind"]
    chinese = _lines(
        (50, 50, 150, "人人生而自由，在尊"), (50, 63, 150, "严和权利上一律平"), (50, 76, 80, "等。")
    )
    assert [block.text for block in blocks_of(chinese)] == ["人人生而自由，在尊严和权利上一律平等。"]
    assert blocks_of([]) == () and blocks_of(_lines((0, 0, 9, " "))) == ()
