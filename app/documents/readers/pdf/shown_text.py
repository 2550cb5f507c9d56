"""What the text objects of a page show, by its content, which pypdf reads: slowly, so of few pages."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ContentStream, TextStringObject

from app.documents.pdf_opening import parser_errors
from app.documents.readers.pdf.encodings import Encoding

_SHOWING = frozenset((b"Tj", b"TJ", b"'", b'"'))
_DEEPEST = 8  # forms within forms
_MOST_OBJECTS = 20_000
_LONGEST_CONTENT = 1_000_000  # bytes of a page and of the forms on it, which take about a second


@dataclass
class Shown:
    """What one operator shows. replaced: what it stands for by its author (ActualText); "" after the first object of a
    span, None where nothing is said."""

    data: bytes
    encoding: Encoding | None
    replaced: str | None


class ShownText:
    """The pages of one document. seconds: of processor time that they have taken."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader: PdfReader | None = None
        self._encodings: dict[int, Encoding] = {}
        self._left = 0  # bytes of content that the page may still have
        self.seconds = 0.0

    def of_page(self, index: int) -> list[Shown]:
        """What the text objects of the page (from 0) show, in order; none where pypdf cannot read it, or it is long."""
        began = time.process_time()
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        self._left = _LONGEST_CONTENT
        try:
            if self._reader is None:
                self._reader = PdfReader(io.BytesIO(self._data))
            page = self._reader.pages[index]
            content = page.get_contents()
            found: list[Shown] = []
            if content is None:
                return found
            for said in self._walk(content, page.get("/Resources"), 0):
                found.append(said)
                if len(found) > _MOST_OBJECTS:
                    return []
            return found if self._left >= 0 else []
        except parser_errors():
            return []
        finally:
            self.seconds += time.process_time() - began

    def _walk(self, content: ContentStream, resources: Any, depth: int) -> Iterator[Shown]:
        self._left -= len(content.get_data())
        if self._left < 0:
            return
        resources = _plain(resources) or {}
        fonts, forms = _plain(resources.get("/Font")) or {}, _plain(resources.get("/XObject")) or {}
        encoding: Encoding | None = None
        saved: list[Encoding | None] = []
        spans: list[str | None] = []
        for operands, operator in content.operations:
            if operator == b"Tf" and operands:
                encoding = self._encoding(fonts.get(operands[0]))
            elif operator == b"q":
                saved.append(encoding)
            elif operator == b"Q" and saved:
                encoding = saved.pop()
            elif operator == b"BDC":
                spans.append(_actual_text(operands, resources))
            elif operator == b"BMC":
                spans.append(None)
            elif operator == b"EMC" and spans:
                spans.pop()
            elif operator in _SHOWING:
                data = _bytes(operands)
                if data:
                    place = next((at for at, text in enumerate(spans) if text is not None), None)
                    yield Shown(data, encoding, None if place is None else spans[place])
                    if place is not None:
                        spans[place] = ""
            elif operator == b"Do" and operands and depth < _DEEPEST:
                form = _plain(forms.get(operands[0]))
                if form is not None and form.get("/Subtype") == "/Form":
                    inner = ContentStream(form, self._reader)
                    yield from self._walk(inner, form.get("/Resources", resources), depth + 1)

    def _encoding(self, font: Any) -> Encoding | None:
        font = _plain(font)
        if font is None:
            return None
        return self._encodings.setdefault(id(font), Encoding(font))


def _actual_text(operands: Any, resources: Any) -> str | None:
    if len(operands) < 2:
        return None
    properties = _plain(operands[1])
    if isinstance(properties, str):
        properties = _plain((_plain(resources.get("/Properties")) or {}).get(properties))
    if not isinstance(properties, dict) or "/ActualText" not in properties:
        return None
    text = _plain(properties["/ActualText"])
    if isinstance(text, bytes):
        text = text.decode("utf-16-be" if text[:2] == b"\xfe\xff" else "latin-1", "replace")
    return str(text).lstrip("\ufeff")


def _bytes(operands: Any) -> bytes:
    """The codes that an operator shows."""
    data = b""
    for operand in operands:
        for item in operand if isinstance(operand, list) else [operand]:
            if isinstance(item, TextStringObject):
                data += item.original_bytes
            elif isinstance(item, bytes):
                data += bytes(item)
    return data


def _plain(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value
