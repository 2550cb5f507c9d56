"""The readers: each takes the bytes of one kind of file and gives its pages. They run in the child process only.

A reader is a function `read(data, request)` in a module of its own, loaded when a file of its kind has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from app.documents.encodings import BinaryContent, Decoded, UnknownEncoding, decode
from app.documents.faults import Fault, Limits
from app.documents.model import OutlineEntry, Page, Unit
from app.documents.text import PAGE_CHARACTERS

_MODULES = {
    "pdf": "app.documents.readers.pdf",
    "docx": "app.documents.readers.docx",
    "odt": "app.documents.readers.odf",
    "ods": "app.documents.readers.odf",
    "odp": "app.documents.readers.odf",
    "pptx": "app.documents.readers.pptx",
    "xlsx": "app.documents.readers.xlsx",
    "epub": "app.documents.readers.epub",
    "rtf": "app.documents.readers.rtf",
    "html": "app.documents.readers.html",
    "eml": "app.documents.readers.mail",
    "csv": "app.documents.readers.delimited",
    "json": "app.documents.readers.records",
    "jsonl": "app.documents.readers.records",
    "md": "app.documents.readers.markdown",
    "rst": "app.documents.readers.rst",
    "org": "app.documents.readers.org",
    "code": "app.documents.readers.plain",
    "txt": "app.documents.readers.plain",
}


@dataclass(frozen=True)
class Request:
    """What is to be read. suffix: of the file's name, in lower case, with its dot; encoding: what the bytes of a text
    are to be taken for, "" to find out."""

    kind: str
    suffix: str
    limits: Limits
    encoding: str = ""


def _nothing() -> Sequence[str]:
    return ()


def _no_outline() -> Sequence[OutlineEntry]:
    return ()


@dataclass(frozen=True)
class Parsed:
    """A document that is being read. count: how many pages there will be; encoding: what the bytes were taken for where
    that had to be guessed. outline and warnings are asked for after the last page."""

    count: int
    pages: Iterator[Page]
    unit: Unit = "page"
    encoding: str = ""
    outline: Callable[[], Sequence[OutlineEntry]] = field(default=_no_outline)
    warnings: Callable[[], Sequence[str]] = field(default=_nothing)


class Refused(Exception):
    """The document is refused: `fault`, with the number or the words that go into its sentence."""

    def __init__(self, fault: Fault, value: int = 0, detail: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.value = value
        self.detail = detail


def decoded(data: bytes, request: Request, declared: str = "") -> Decoded:
    """The text of `data`, by the encoding that was asked for, or found out (see `encodings.decode`). Raises Refused
    where it is none, or has more characters than any cleaning could save."""
    try:
        text = decode(data, request.encoding, declared)
    except BinaryContent as error:
        raise Refused(Fault.BINARY, detail=str(error)) from error
    except UnknownEncoding as error:
        raise Refused(Fault.UNKNOWN_ENCODING, detail=str(error)) from error
    limit = request.limits.max_characters
    if len(text.text) > 2 * limit:
        raise Refused(Fault.TOO_MANY_CHARACTERS, 1 + limit // PAGE_CHARACTERS)
    return text


Reader = Callable[[bytes, Request], Parsed]


def load_reader(kind: str) -> Reader:
    """The reader of this kind of file, with all that it imports."""
    return import_module(_MODULES[kind]).read
