"""Damaged files are read where that can be; what was cut off says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.documents.faults import Fault
from app.documents.pdf_opening import Opened, open_document
from app.documents.readers import Refused
from tests import pdfs


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    return pdfs.make_pdf(tmp_path / "whole.pdf", ["First page.", "Second page."]).read_bytes()


def _texts(opened: Opened) -> list[str]:
    return [page.get_textpage().get_text_range().strip() for page in opened.document]


def _fault(data: bytes) -> Fault:
    with pytest.raises(Refused) as caught:
        open_document(data)
    return caught.value.fault


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data.replace(b"%%EOF", b""),
        lambda data: data.rstrip()[:-2],
        lambda data: data.rstrip() + b"\0" * 5000,
        lambda data: b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + data,
        lambda data: b"\n" * 3000 + data,
        lambda data: data + b"<html>an error page</html>" * 20,
        lambda data: re.sub(rb"startxref\s+\d+", b"startxref\n7", data),
        lambda data: re.sub(rb"\n\d{10} 00000 n", b"\n0000000099 00000 n", data),
        lambda data: re.sub(rb"/Length \d+", b"/Length 3", data),
        lambda data: re.sub(rb"/Length \d+", b"/Length 99999", data),
        lambda data: data.replace(b"%PDF-1.3", b"%PDF-9.x"),
    ],
    ids=[
        "no end mark",
        "half an end mark",
        "zeros behind",
        "a header before",
        "much before",
        "junk behind",
        "wrong place of the table",
        "wrong table",
        "short lengths",
        "long lengths",
        "odd version",
    ],
)
def test_damage_that_does_no_harm(whole: bytes, harm: object) -> None:
    damaged = harm(whole)  # type: ignore[operator]
    assert damaged != whole
    opened = open_document(damaged)
    assert _texts(opened) == ["First page.", "Second page."]
    assert opened.warnings == []


def test_a_file_that_lost_its_table_is_read_with_a_warning(whole: bytes) -> None:
    opened = open_document(whole[: whole.rindex(b"startxref")])
    assert _texts(opened) == ["First page.", "Second page."]
    assert opened.warnings == [
        "The end of the file is missing: all 2 pages could be read, but check against a complete copy."
    ]


def test_a_change_that_was_cut_off_leaves_the_earlier_state(whole: bytes) -> None:
    opened = open_document(whole + b"\n99 0 obj\n<< /Type /Page /Contents 4 0 R >>" + b"\n% more" * 1000)
    assert _texts(opened) == ["First page.", "Second page."]
    assert opened.warnings == [
        "The last change to the file is cut off: an earlier state of the document was read; get a complete copy."
    ]


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.7])
def test_a_file_cut_in_the_middle_says_so(tmp_path: Path, kept: float) -> None:
    assert _fault(pdfs.truncated_pdf(tmp_path / "cut.pdf", kept).read_bytes()) is Fault.TRUNCATED


def test_a_file_laid_out_for_the_web_that_is_shorter_than_it_says(whole: bytes) -> None:
    linearised = whole.replace(
        b"%PDF-1.3\n", b"%%PDF-1.3\n9 0 obj\n<< /Linearized 1 /L %d >>\nendobj\n" % 90_000
    )
    assert _fault(linearised[: linearised.rindex(b"xref") - 10]) is Fault.TRUNCATED
    assert _texts(open_document(linearised)) == ["First page.", "Second page."]  # its end is there


def test_a_page_whose_content_was_cut_off_is_missing(tmp_path: Path) -> None:
    # The page is declared before what it shows, so that its text would be empty.
    data = pdfs.write_objects(
        tmp_path / "order.pdf",
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            b"<< /Length 2000 >>\nstream\n" + b"BT 0 0 Td ET " * 100 + b"\nendstream",
        ],
    ).read_bytes()
    assert _fault(data[: data.rindex(b"BT")]) is Fault.TRUNCATED


def test_other_refusals(tmp_path: Path) -> None:
    assert _fault(pdfs.encrypted_pdf(tmp_path / "locked.pdf").read_bytes()) is Fault.ENCRYPTED
    assert _fault(pdfs.zero_page_pdf(tmp_path / "none.pdf").read_bytes()) is Fault.NO_PAGES
    assert _fault(b"%PDF-1.7\nnothing but words\n%%EOF") is Fault.DAMAGED
    many = pdfs.many_pages_pdf(tmp_path / "many.pdf", 30).read_bytes()
    with pytest.raises(Refused) as caught:
        open_document(many, max_pages=29)
    assert (caught.value.fault, caught.value.value) == (Fault.TOO_MANY_PAGES, 30)


@pytest.mark.parametrize("make", [pdfs.aes_pdf, lambda path: pdfs.encrypted_pdf(path, "")])
def test_files_locked_with_an_empty_password_open(tmp_path: Path, make: object) -> None:
    path = make(tmp_path / "open.pdf")  # type: ignore[operator]
    assert _texts(open_document(path.read_bytes())) == ["A secret."]
