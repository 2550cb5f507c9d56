"""A page that cannot be made out costs itself alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import app.documents.readers.pdf as reader
from app.documents.faults import Limits
from app.documents.model import Page
from app.documents.readers import Request
from app.documents.readers.pdf.layout import document as layout
from app.documents.readers.pdf.plain import PLAIN
from tests import pdfs

TEXTS = ["The first page of three.", "The second page.\n\nIts second paragraph.", "The third page of three."]


def pages_of(path: Path) -> list[Page]:
    parsed = reader.read(path.read_bytes(), Request("pdf", ".pdf", Limits(), ""))
    return list(parsed.pages)


def failing(original: Callable[..., Any], on_call: int) -> Callable[..., Any]:
    """The function, which fails once as on a page that nobody foresaw."""
    calls = iter(range(1, 1000))

    def call(*arguments: Any, **named: Any) -> Any:
        if next(calls) == on_call:
            raise IndexError("list index out of range")
        return original(*arguments, **named)

    return call


@pytest.mark.parametrize(
    ("module", "name"),
    [(layout, "lines_of"), (layout, "columns"), (layout, "block_of"), (reader, "fragments_of")],
)
def test_a_page_whose_letters_or_layout_fail_is_read_as_plain_lines(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    module: Any,
    name: str,
) -> None:
    path = pdfs.make_pdf(tmp_path / "three.pdf", TEXTS)
    monkeypatch.setattr(module, name, failing(getattr(module, name), 2))

    pages = pages_of(path)

    assert [page.number for page in pages] == [1, 2, 3]
    assert [" ".join(page.text.split()) for page in pages] == [" ".join(text.split()) for text in TEXTS]
    assert [page.warnings for page in pages] == [(), (PLAIN,), ()]
    assert "page 2" in caplog.text and "IndexError" in caplog.text


def test_a_page_that_cannot_even_be_read_as_lines_is_one_without_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pdfs.make_pdf(tmp_path / "three.pdf", TEXTS)
    monkeypatch.setattr(reader, "fragments_of", failing(reader.fragments_of, 2))
    monkeypatch.setattr(reader, "plain_text_blocks", lambda *_: ())

    pages = pages_of(path)

    assert [bool(page.text) for page in pages] == [True, False, True]
    assert pages[1].warnings == (reader.UNREADABLE,)
