"""Opening files and telling their kinds: by content first, strictly for uploads, as a shell would for typed paths."""

from __future__ import annotations

import io
import itertools
import os
import threading
import zipfile
from pathlib import Path

import pytest

from app.documents import SUPPORTED_SUFFIXES, DocumentError, Limits, expand_paths, extract, natural_key
from app.documents.kinds import detect_kind
from tests.app.documents_support import nothing_left_running, refusal  # noqa: F401  (a fixture that is always used)


def archive(*names: str, mimetype: str = "") -> bytes:
    """A zip archive of empty parts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        if mimetype:
            packed.writestr("mimetype", mimetype)
        for name in names:
            packed.writestr(name, "")
    return data.getvalue()


OPEN = "application/vnd.oasis.opendocument."


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (archive("[Content_Types].xml", "word/document.xml"), "report.zip", "docx"),
        (archive("[Content_Types].xml", "word/document2.xml"), "report", "docx"),
        (archive("xl/workbook.xml"), "a.docx", "xlsx"),
        (archive("ppt/presentation.xml"), "a.pptx", "pptx"),
        (archive(mimetype=f"{OPEN}text"), "a.docx", "odt"),
        (archive(mimetype=f"{OPEN}spreadsheet"), "a", "ods"),
        (archive(mimetype=f"{OPEN}presentation"), "a", "odp"),
        (archive(mimetype="application/epub+zip"), "book.zip", "epub"),
        (archive("META-INF/container.xml"), "book.epub", "epub"),
        (b"{\\rtf1\\ansi Hello}", "old.doc", "rtf"),
        (b"%PDF-1.7\n", "a.txt", "pdf"),
        (b"<!DOCTYPE html><p>x", "a", "html"),
        (b"\xef\xbb\xbf<!-- saved --><html>", "a.xls", "html"),
        (b"<!-- x -->\n" * 60 + b"<html>", "a.htm", "html"),
        (b"<!---->" * 580, "a.txt", "txt"),  # in no time
        (b"<html>", "a.php", "code"),  # a listing, whatever it begins with
        (b"<html>", "a.md", "md"),
        (b"From: a@b.c\nTo: d@e.f\nSubject: x\n\nHello", "message", "eml"),
        (b"From: the desk of Anna\nTo whom it may concern", "letter.txt", "txt"),
        (b"a,b\n1,2\n", "a.csv", "csv"),
        (b"a\tb\n", "a.TSV", "csv"),
        (b"{}", "a.json", "json"),
        (b"{}", "a.jsonl", "jsonl"),
        (b"# x", "a.markdown", "md"),
        (b"x", "a.rst", "rst"),
        (b"x", "a.org", "org"),
        (b"def f(): pass", "a.py", "code"),
        (b"words", "a.log", "txt"),
        (b"words", "a.unheard-of", "txt"),
        (b"words", "README", "txt"),
        ("words\n".encode("utf-16-le") * 4, "a.txt", "txt"),
    ],
)
def test_kinds(data: bytes, name: str, kind: str) -> None:
    assert detect_kind(data[:4096], data, name, Limits()) == kind


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (archive("notes/word/document.xml"), "a.docx", "it is a zip archive; unpack it"),
        (archive("xl/workbook.bin"), "a.xlsb", "save it as .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.ppt", "save it as .pptx"),
        (b"PK\x03\x04", "a.pdf", "its name says PDF and its content is a zip archive"),
        (b"SQLite format 3\0", "a.txt", "an SQLite database"),
    ],
)
def test_kinds_that_cannot_be_read(data: bytes, name: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        detect_kind(data, data, name, Limits())


def test_every_supported_suffix_has_a_reader() -> None:
    from app.documents.kinds import _KIND_OF_SUFFIX
    from app.documents.readers import load_reader

    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in SUPPORTED_SUFFIXES)
    for kind in set(_KIND_OF_SUFFIX.values()):
        assert callable(load_reader(kind))


# Links and pipes


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such links and pipes")
def test_a_typed_path_may_be_a_link_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("words")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    (tmp_path / "link-to-folder").symlink_to(tmp_path)
    assert extract(tmp_path / "link.txt", follow=True).pages == ("words",)
    assert "symbolic link" in refusal(tmp_path / "link.txt")
    assert "a folder" in refusal(tmp_path / "link-to-folder", follow=True)
    assert "empty" in refusal(Path(os.devnull), follow=True)

    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("from a pipe " * 20_000,))
    writer.start()
    extracted = extract(pipe, follow=True)
    writer.join()
    assert "".join(extracted.pages).count("from a pipe") == 20_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_has_the_limits_of_a_file_and_can_be_cancelled(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"words " * 100)
    with pytest.raises(DocumentError, match="the limit is 100 bytes"):
        extract(f"/dev/fd/{read}", follow=True, limits=Limits(max_bytes=100))
    asked = itertools.count()
    with pytest.raises(DocumentError, match="cancelled"):  # nobody writes any more, and nobody closes it
        extract(f"/dev/fd/{read}", follow=True, should_stop=lambda: next(asked) > 3)
    os.close(write)
    os.close(read)


# Folders


def test_folders_stand_for_their_documents_in_the_order_of_counting(tmp_path: Path) -> None:
    for name in (
        "file10.txt",
        "file2.txt",
        "File1.pdf",
        "b/x.md",
        "b/10/y.txt",
        ".hidden.txt",
        ".git/z.txt",
        "a.exe",
        "~$c.docx",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")
    if os.name != "nt":
        (tmp_path / "b" / "circle").symlink_to(tmp_path)
        (tmp_path / "b" / "link.txt").symlink_to(tmp_path / "file2.txt")
    found = [path.relative_to(tmp_path).as_posix() for path in expand_paths([tmp_path])]
    links = ["b/link.txt"] if os.name != "nt" else []
    assert found == ["b/10/y.txt", *links, "b/x.md", "File1.pdf", "file2.txt", "file10.txt"]
    named = tmp_path / "a.exe"
    assert expand_paths([named, tmp_path / "b" / "10"]) == [named, tmp_path / "b" / "10" / "y.txt"]


def test_natural_order() -> None:
    names = ["Chapter 10", "chapter 9", "chapter 9b", "Kapitel 1", "Übersicht", "1", "02", "10"]
    assert sorted(names, key=natural_key) == [
        "1",
        "02",
        "10",
        "chapter 9",
        "chapter 9b",
        "Chapter 10",
        "Kapitel 1",
        "Übersicht",
    ]
