"""Why a PDF in which PDFium finds nothing has no text: PDFium passes over in silence what nests too deeply, unpacks
without end or is damaged. pypdf says why, and is asked only about files of which nothing was read."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from app.documents.faults import Fault
from app.documents.pdf_opening import parser_errors
from app.documents.readers import Refused

_LOOKED_AT = 5  # pages


def why_nothing(data: bytes) -> Refused | None:
    """What stops a reader within the first pages; None where they are whole and simply show no text."""
    from pypdf import PdfReader
    from pypdf.errors import LimitReachedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    failures: tuple[type[Exception], ...] = (RecursionError, *parser_errors())
    try:
        reader = PdfReader(io.BytesIO(data))
        for number in range(min(len(reader.pages), _LOOKED_AT)):
            page = reader.pages[number]
            page.get_inherited("/Resources", None)
            content = page.get("/Contents")
            for part in _parts(content):
                part.get_data()
    except LimitReachedError as error:
        return Refused(Fault.PARSER_LIMIT, detail=_first_sentence(error))
    except failures as error:
        if any(isinstance(cause, RecursionError) for cause in _causes(error)):
            return Refused(Fault.TOO_DEEP)
        return Refused(Fault.DAMAGED)
    return None


def _parts(content: Any) -> Iterator[Any]:
    """The streams of a page."""
    content = content.get_object() if content is not None else None
    for part in content if isinstance(content, list) else [content]:
        stream = part.get_object() if part is not None else None
        if hasattr(stream, "get_data"):
            yield stream


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text.partition(". ")[0].rstrip(".")[:200]
