"""Documents: good files give their text, every bad file gives one sentence, and no process stays behind."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.documents import (
    DocumentError,
    Extracted,
    Limits,
    display_name,
    extract,
    format_page_ranges,
)
from tests import pdfs
from tests.app.documents_support import nothing_left_running, refusal  # noqa: F401  (a fixture that is always used)

PROJECT = Path(__file__).resolve().parents[3]
SAMPLE = PROJECT / "assets" / "sample" / "lighthouse-keepers-handbook.pdf"


# Good files


def test_every_page_of_a_long_pdf_comes_out_word_for_word(tmp_path: Path) -> None:
    path = pdfs.long_pdf(tmp_path / "manual.pdf", 114)
    seen: list[tuple[int, int]] = []

    extracted = extract(path, on_page=lambda done, total: seen.append((done, total)))

    assert extracted.pages == tuple(
        pdfs.long_pages(114)
    )  # paragraphs too; the wraps of the printed lines are gone
    assert extracted.name == "manual.pdf" and extracted.kind == "pdf"
    assert extracted.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert extracted.pages_without_text == ()
    assert seen == [(number, 114) for number in range(1, 115)]


def test_pages_without_a_text_layer_are_told_by_number(tmp_path: Path) -> None:
    path = pdfs.scanned_pdf(tmp_path / "half-scanned.pdf", ["One", None, None, "Four", None])

    extracted = extract(path)

    assert extracted.pages == ("One", "", "", "Four", "")
    assert format_page_ranges(extracted.pages_without_text) == "2-3, 5"


def test_a_damaged_page_counts_as_one_without_text(tmp_path: Path) -> None:
    path = pdfs.make_pdf(tmp_path / "dented.pdf", ["First", "Second", "Third"])
    data = path.read_bytes()
    second = data.split(b"endstream")[1].rpartition(b"stream\n")[2]
    path.write_bytes(data.replace(second, b"\xff" * len(second)))

    assert extract(path).pages == ("First", "", "Third")


def test_a_pdf_encrypted_without_a_password_can_be_read(tmp_path: Path) -> None:
    assert extract(pdfs.encrypted_pdf(tmp_path / "no-printing.pdf", user_password="")).pages == ("A secret.",)


def test_aes_wants_a_package_and_says_so(tmp_path: Path) -> None:
    path = pdfs.aes_pdf(tmp_path / "aes.pdf")
    if find_spec("cryptography") or find_spec("Crypto"):
        assert extract(path).pages == ("A secret.",)
    else:
        assert "needs the Python package 'cryptography'" in refusal(path)


def test_an_outline_nested_5000_deep_does_not_matter(tmp_path: Path) -> None:
    assert extract(pdfs.deep_outline_pdf(tmp_path / "deep.pdf")).pages == ("words below a deep outline",)


def test_ligatures_are_spelt_out_and_what_is_not_text_is_removed(tmp_path: Path) -> None:
    glyphs = ["o", "ﬃ", "ce", "\0", "\ud800", "\x07", " ", "日本", "😀", "\ufeff", "é"]
    assert extract(pdfs.unicode_pdf(tmp_path / "uni.pdf", glyphs)).pages == ("office 日本😀é",)


def test_the_sample_is_a_short_readable_manual() -> None:
    extracted = extract(SAMPLE)
    assert SAMPLE.stat().st_size < 150_000
    assert len(extracted.pages) == 10 and not extracted.pages_without_text
    assert "lit for the first time on the evening of 3 November 1871" in extracted.pages[0]
    words = " ".join(extracted.pages).split()
    source = (PROJECT / "tests" / "sample" / "handbook.md").read_text(encoding="utf-8")
    assert set(source.replace("|", " ").replace("*", "").replace("#", "").split()) <= set(
        words
    )  # it is up to date


def test_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"# Title\r\n\r\n| a | b |\r\n|---|---|\r\n    code  \r\n\r\n\r\n\r\nEnd")

    extracted = extract(path)

    assert (extracted.kind, extracted.unit) == ("txt", "lines")
    assert extracted.pages == ("# Title\n\n| a | b |\n|---|---|\n    code\n\nEnd",)
    assert extracted.layout[0].label == "lines 1-9"


def test_long_text_is_cut_into_pages_at_paragraphs(tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {number}. " + "word " * 60 for number in range(100)]
    (tmp_path / "long.txt").write_text("\n\n".join(paragraphs))

    pages = extract(tmp_path / "long.txt").pages

    assert "\n\n".join(pages) == "\n\n".join(paragraph.strip() for paragraph in paragraphs)
    assert all(2_500 < len(page) < 3_500 for page in pages[:-1])


def test_a_pdf_is_known_by_its_content(tmp_path: Path) -> None:
    pdfs.make_pdf(tmp_path / "really-a-pdf.txt", ["Hello"])
    extracted = extract(tmp_path / "really-a-pdf.txt")
    assert (extracted.kind, extracted.pages) == ("pdf", ("Hello",))


def test_two_extractions_at_the_same_time(tmp_path: Path) -> None:
    paths = [
        pdfs.make_pdf(tmp_path / f"{name}.pdf", [f"{name} {page}" for page in range(30)]) for name in "ab"
    ]
    results: dict[str, Extracted] = {}
    threads = [threading.Thread(target=lambda p=path: results.update({p.name: extract(p)})) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[f"{name}.pdf"].pages for name in "ab"] == [
        tuple(f"{name} {page}" for page in range(30)) for name in "ab"
    ]


# Bad files


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pdfs.encrypted_pdf, "needs a password"),
        (pdfs.truncated_pdf, "cut off"),
        (pdfs.zero_page_pdf, "0 pages"),
        (pdfs.many_pages_pdf, "has 10,000 pages and the limit is 5,000"),
        (pdfs.deep_page_tree_pdf, "asks for more work than one file may"),
        (pdfs.deep_objects_pdf, "nested too deeply"),
        (pdfs.looping_page_tree_pdf, "damaged"),
        (pdfs.flate_bomb_pdf, "asks for more work than one file may"),
        (pdfs.random_bytes_pdf, "damaged"),
        (lambda path: pdfs.scanned_pdf(path, [None] * 12), "no text layer on pages 1-12"),
        (lambda path: pdfs.scanned_pdf(path, [None]), "no text layer on its only page"),
    ],
)
def test_a_bad_pdf_is_one_sentence(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    assert words in refusal(make(tmp_path / "bad.pdf"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "empty (0 bytes)"),
        ("a.pdf", b"", "empty (0 bytes)"),
        ("a.txt", b" \n\t \n", "nothing but white space"),
        ("a.txt", b"MZ\x90\0\x03", "a Windows program"),
        ("a.txt", b"words" + b"\0\1\2" * 9, "binary data"),
        (
            "a.txt",
            b"w" * 5000 + b"\0\1\2" * 99,
            "binary data",
        ),  # beyond the first bytes, which decide the kind
        ("a.txt", b"\x01\x02\x03 words", "binary data"),
        ("a.pdf", b"MZ\x90\0\x03", "a Windows program"),
        ("a.pdf", b"PK\x03\x04 word/document.xml", "zip archive"),
        ("a.pdf", b"<!DOCTYPE html><p>Please log in", "a web page"),
        ("a.pdf", b"Just words.", "plain text"),
        ("a.docx", b"PK\x03\x04 word/document.xml", "unpack it"),
        (
            "a.doc",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99,
            "old Word file (.doc); open it in Word or LibreOffice",
        ),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "save it as .xlsx"),
        ("a", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "with a password"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        ("a.tar", b"name.txt" + b"\0" * 249 + b"ustar", "a tar archive"),
    ],
)
def test_other_content_is_refused_by_what_it_is(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert words in refusal(tmp_path / name)


def test_what_is_not_a_plain_file_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real.txt"
    real.write_text("words")
    assert "no such file" in refusal(tmp_path / "missing.txt")
    assert "no such file" in refusal(real / "below-a-file.txt")
    with pytest.raises(DocumentError, match="no such file"):
        extract("a\0b.txt")
    assert "a folder" in refusal(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
        assert "a pipe" in refusal(tmp_path / "pipe.txt")  # and does not wait for a writer
        assert "a pipe, socket or device" in refusal(Path(os.devnull))
    (tmp_path / "link.txt").symlink_to(real)
    assert "symbolic link" in refusal(tmp_path / "link.txt")
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        real.chmod(0)
        assert "permission denied" in refusal(real)


def test_a_link_put_in_after_the_check_is_refused(tmp_path: Path) -> None:
    if not hasattr(os, "O_NOFOLLOW"):
        pytest.skip("this platform cannot open a file without following a link")
    (tmp_path / "real.txt").write_text("words")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    status = os.lstat(tmp_path / "real.txt")
    with mock.patch("app.documents.source.os.lstat", return_value=status):
        assert "symbolic link" in refusal(tmp_path / "link.txt")


# Limits


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(max_bytes=2048), "kB and the limit is 2 kB"),
        (Limits(max_pages=19), "has 20 pages and the limit is 19"),
        (Limits(max_characters=5_000), "limit of 5,000, reached on page 2"),
        (Limits(max_seconds=0.05), "limit of 0.05 seconds"),
    ],
)
def test_limits_of_a_pdf(tmp_path: Path, limits: Limits, words: str) -> None:
    assert words in refusal(pdfs.long_pdf(tmp_path / "manual.pdf", 20), limits=limits)


def test_limits_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("words and words\n" * 1000)
    assert "limit of 5,000, reached on page 2" in refusal(path, limits=Limits(max_characters=5_000))
    assert "limit of 10,000, reached on page 4" in refusal(path, limits=Limits(max_characters=10_000))
    assert (
        len(extract(path, limits=Limits(max_pages=1)).pages) > 1
    )  # its pages are ours, and no limit applies


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a limit on the address space")
def test_limit_on_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"many words " * 2_000_000)
    assert "limit of 160 MB" in refusal(path, limits=Limits(max_memory_bytes=160 * 1024 * 1024))


def test_a_page_that_takes_for_ever_is_ended_by_the_time_limit(tmp_path: Path) -> None:
    path = pdfs.endless_text_pdf(tmp_path / "endless.pdf")
    started = time.monotonic()
    assert "limit of 1 seconds" in refusal(path, limits=Limits(max_seconds=1))
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "field", ["max_bytes", "max_pages", "max_characters", "max_seconds", "max_memory_bytes"]
)
def test_limits_must_be_positive(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is 0"):
        Limits(**{field: 0})


# Any bytes


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_gives_text_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    whole = pdfs.make_pdf(tmp_path / "any.pdf", pdfs.long_pages(2)).read_bytes()
    damaged = bytearray(whole[: data.draw(st.integers(9, len(whole)), label="keep")])
    for _ in range(data.draw(st.integers(0, 20), label="changes")):
        damaged[data.draw(st.integers(9, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "any.pdf"
    path.write_bytes(damaged)
    try:
        extracted = extract(path, limits=Limits(max_seconds=10))
    except DocumentError as error:
        assert str(error).startswith("any.pdf ") and "\n" not in str(error)
    else:
        assert all("\0" not in page for page in extracted.pages) and any(extracted.pages)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(min_size=1, max_size=5_000), suffix=st.sampled_from([".pdf", ".txt"]))
def test_any_bytes_give_text_or_one_sentence(tmp_path: Path, noise: bytes, suffix: str) -> None:
    path = tmp_path / f"noise{suffix}"
    path.write_bytes(b"%PDF-1.4\n" + noise if suffix == ".pdf" else noise)
    try:
        extracted = extract(path, limits=Limits(max_seconds=10))
    except DocumentError as error:
        assert str(error).startswith(path.name) and "\n" not in str(error)
    else:
        assert any(extracted.pages)


# Names and numbers


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("a\x00b\r\nc\x1b[31m.pdf", "ab c[31m.pdf"),
        ("safe\u202efdp.exe", "safefdp.exe"),
        ("  my \t  file .txt ", "my file .txt"),
        ("e\u0301te\u0301.md", "été.md"),
        ("bad\udcff.txt", "bad\ufffd.txt"),
        ("日本語.pdf", "日本語.pdf"),
        ("", "document"),
        ("..", "document"),
        ("/", "document"),
        ("n" * 300 + ".pdf", "n" * 115 + "….pdf"),
    ],
)
def test_names_are_made_safe_to_show(given_name: str, shown: str) -> None:
    assert display_name(given_name) == shown


@settings(max_examples=50)
@given(st.text())
def test_any_name_is_short_and_without_controls(name: str) -> None:
    shown = display_name(name)
    assert 0 < len(shown) <= 120 and not set(shown) & set("/\\\0\n\r\t\x1b\u202e")
    assert display_name(shown) == shown


def test_the_name_of_an_upload_is_used_instead_of_the_path(tmp_path: Path) -> None:
    (tmp_path / "f81d4fae").write_text("words")
    assert extract(tmp_path / "f81d4fae", name="../notes.txt").name == "notes.txt"


@pytest.mark.parametrize(
    ("pages", "text"),
    [((), ""), ((1,), "1"), ((1, 2, 3, 7), "1-3, 7"), ((9, 7, 8, 3, 3, 1), "1, 3, 7-9"), ((4, 5), "4-5")],
)
def test_page_ranges(pages: tuple[int, ...], text: str) -> None:
    assert format_page_ranges(pages) == text


def test_a_scan_is_returned_where_its_text_is_not_needed(tmp_path: Path) -> None:
    extracted = extract(pdfs.scanned_pdf(tmp_path / "scan.pdf", [None, None]), need_text=False)
    assert extracted.pages == ("", "") and extracted.pages_without_text == (1, 2)
