"""Pages of a PDF as text, through pypdf. Used in the child process only: nothing here can be trusted to
end."""

from __future__ import annotations

import io
import logging
import math
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from app.documents.faults import Fault
from app.documents.model import Block, Page
from app.documents.readers import Parsed, Refused, Request
from app.documents.readers.pdf.reflow import Line, reflow

# pypdf does not promise which errors a damaged file ends in. MemoryError is not among these: it has a
# sentence of its own.
PARSER_ERRORS = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_LETTER_WIDTH = 0.6  # of the letters' height; most fonts are narrower, so a gap that is found is there
_MONOSPACED = re.compile(r"courier|mono|nimbusmon|consol|typewriter|fixed|menlo|cmtt|\bsftt", re.IGNORECASE)
_CELL_GAP = 2.0  # of the letters' height; no space between words is as wide


def read(data: bytes, request: Request) -> Parsed:
    """The pages of a PDF, one by one.

    A page whose content cannot be read counts as one without text (""), unless no page can be read. Raises
    Refused, also while the texts are taken.
    """
    max_pages = request.limits.max_pages
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns about every oddity of a damaged file
    _check_complete(data)
    try:
        reader = PdfReader(io.BytesIO(data))
        count = _declared_pages(reader)
        if count <= max_pages:
            count = len(reader.pages)
    except (DependencyError, *PARSER_ERRORS) as error:
        _refuse(error)
    if count == 0:
        raise Refused(Fault.NO_PAGES)
    if count > max_pages:
        raise Refused(Fault.TOO_MANY_PAGES, count)
    return Parsed(
        count,
        (
            Page(number, (Block("paragraph", text),) if text else ())
            for number, text in enumerate(_texts(reader, count), start=1)
        ),
    )


def _texts(reader: PdfReader, count: int) -> Iterator[str]:
    failures: list[Exception] = []
    for number in range(count):
        try:
            page = reader.pages[number]
        except (DependencyError, *PARSER_ERRORS) as error:
            _refuse(error)
        try:
            yield page_text(page)
        except (LimitReachedError, RecursionError) as error:
            _refuse(error)
        except (DependencyError, *PARSER_ERRORS) as error:
            if isinstance(error, DependencyError) and reader.is_encrypted:
                _refuse(error)
            failures.append(error)
            if len(failures) == count:
                _refuse(failures[0])
            yield ""


def page_text(page: PageObject) -> str:
    """The text of one page in the order in which the file draws it, with wraps undone."""
    collector = _LineCollector()
    text = page.extract_text(visitor_text=collector)
    lines = collector.finish()
    if collector.text == text:
        return reflow(lines)
    return reflow([Line(line) for line in text.split("\n")])  # the positions are not those of this text


@dataclass
class _Open:
    """The line that is being put together."""

    text: str = ""
    x: float | None = None
    y: float | None = None
    size: float | None = None
    end: float = math.inf  # where the last piece ends at most, in points
    longest: int = 0  # characters of the longest piece
    has_cells: bool = False
    monospaced: bool = False


class _LineCollector:
    """Receives pieces of text with their positions from pypdf and puts lines together."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._pieces: list[str] = []
        self._open = _Open()

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def __call__(self, text: str, cm: list[float], tm: list[float], font: Any, font_size: float) -> None:
        self._pieces.append(text)
        first, *rest = text.split("\n")
        self._add(first, cm, tm, font, font_size)
        for part in rest:
            self._close()
            self._add(part, cm, tm, font, font_size)

    def finish(self) -> list[Line]:
        self._close()
        return self.lines

    def _add(self, text: str, cm: list[float], tm: list[float], font: Any, font_size: float) -> None:
        line = self._open
        position = _position(cm, tm, font_size) if text.strip() else None
        if position is not None:
            x, y, size = position
            if line.x is None:
                line.x = x
            if line.text.strip() and x - line.end > _CELL_GAP * size:
                line.has_cells = True
                line.text = line.text.rstrip() + "  "
            line.end = x + _LETTER_WIDTH * size * len(text)
            # The longest piece stands for the line: a bullet or a footnote mark has a height of its own.
            if len(text) > line.longest:
                line.longest, line.y, line.size = len(text), y, size
                line.monospaced = _is_monospaced(font)
        line.text += text

    def _close(self) -> None:
        line = self._open
        self.lines.append(Line(line.text, line.x, line.y, line.size, line.has_cells, line.monospaced))
        self._open = _Open()


def _is_monospaced(font: Any) -> bool:
    name = font.get("/BaseFont") if isinstance(font, dict) else None
    return isinstance(name, str) and _MONOSPACED.search(name) is not None


def _position(cm: list[float], tm: list[float], font_size: float) -> tuple[float, float, float] | None:
    """Where upright text starts and how high its letters are, in points; None for turned text."""
    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    across = tm[0] * cm[0] + tm[1] * cm[2], tm[0] * cm[1] + tm[1] * cm[3]
    up = tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3]
    size = abs(font_size) * math.hypot(*up)
    upright = across[0] > 0 and abs(across[1]) < 0.1 * across[0]
    return (x, y, size) if upright and size > 0 and math.isfinite(x + y + size) else None


def _check_complete(data: bytes) -> None:
    """A file that was cut off has no end mark; one laid out for the web has an early one too, but tells its
    length."""
    length = re.search(rb"/L\s+(\d{1,18})\b", data[:1024]) if b"/Linearized" in data[:1024] else None
    if b" obj" not in data:
        raise Refused(Fault.DAMAGED)
    if b"%%EOF" not in data or (length is not None and int(length.group(1)) > len(data)):
        raise Refused(Fault.TRUNCATED)


def _declared_pages(reader: PdfReader) -> int:
    """How many pages the file says it has: known at once, where counting ten thousand takes seconds."""
    declared = reader.trailer["/Root"]["/Pages"].get("/Count")  # type: ignore[index]
    return declared if isinstance(declared, int) else 0


def _refuse(error: Exception) -> NoReturn:
    if isinstance(error, FileNotDecryptedError):
        raise Refused(Fault.ENCRYPTED) from error
    if isinstance(error, DependencyError):
        raise Refused(Fault.CIPHER_MISSING) from error
    if isinstance(error, RecursionError) or isinstance(error.__context__, RecursionError):
        raise Refused(Fault.TOO_DEEP) from error
    if isinstance(error, LimitReachedError):
        words = re.sub(
            r"[.!]\s+", ", ", " ".join(str(error).split())
        )  # the sentence is one, whatever pypdf says
        raise Refused(Fault.PARSER_LIMIT, detail=words[:150].rstrip(".! ")) from error
    raise Refused(Fault.DAMAGED) from error
