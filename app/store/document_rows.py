"""Documents as values, and as the rows that keep them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NamedTuple, cast, get_args

from app.documents import EXTRACTOR_VERSION, Extracted, Kind, OutlineEntry, Unit
from app.sentences import Sentence, from_json, to_json
from app.store.layout import pack_blocks

SELECT_DOCUMENT = (
    "SELECT id, sha256, name, kind, nbytes, texts.revision, documents.revision, added_at, last_used_at, "
    "extractor_version, unit, encoding, warnings, page_count, characters, pages_without_text "
    "FROM documents JOIN texts ON document_id = id"
)


class TextId(NamedTuple):
    """One text of a document: revision 1 was taken out first. What is derived from a text is known by this."""

    document_id: str
    revision: int = 1

    @property
    def key(self) -> str:
        """The id alone for the first text, as readings were known by before there were others."""
        return self.document_id if self.revision == 1 else f"{self.document_id}@{self.revision}"


@dataclass(frozen=True)
class Document:
    """A document in the library, as of one revision of its text.

    characters: of all pages together; pages_without_text: numbers from 1; nbytes: of the file, None where it was not
    kept; unit, encoding, warnings: see `Extracted`; added_at, last_used_at: UTC; latest_revision: what `revision` is
    for a new chat.
    """

    id: str
    name: str
    kind: Kind
    page_count: int
    characters: int
    pages_without_text: tuple[int, ...]
    added_at: datetime
    sha256: str = ""
    unit: Unit = "page"
    encoding: str = ""
    warnings: tuple[str, ...] = ()
    nbytes: int | None = None
    extractor_version: int = EXTRACTOR_VERSION
    revision: int = 1
    latest_revision: int = 1
    last_used_at: datetime | None = None

    @property
    def text(self) -> TextId:
        """What readings, passages and indexes of this text are known by."""
        return TextId(self.id, self.revision)

    @property
    def can_be_read_again(self) -> bool:
        """Whether its file is kept and was last read by an older extractor, so that a better text may be had."""
        return self.nbytes is not None and self.extractor_version < EXTRACTOR_VERSION


DocumentList = list[Document]  # inside `Documents`, `list` is a method


@dataclass(frozen=True)
class Unreadable:
    """A row that is damaged. id and name as far as they are known; reason: what is wrong with it."""

    id: str
    name: str
    reason: str


class PageNote(NamedTuple):
    """What is told of a page beside its text: its number (from 1), its label, and sentences about what went wrong."""

    number: int
    label: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class DocumentUsage:
    """What a document takes: bytes by kind ("original", "text", "readings", ...), and the chats that have it, each by
    id and title, last used first."""

    nbytes: dict[str, int]
    chats: tuple[tuple[str, str], ...]

    @property
    def total(self) -> int:
        return sum(self.nbytes.values())


@dataclass(frozen=True)
class PageHit:
    """A page with what was searched for; snippet: the words around it, on one line."""

    document_id: str
    name: str
    page: int
    label: str
    snippet: str


def document_from_row(row: tuple[Any, ...]) -> Document | Unreadable:
    """The document of a row that SELECT_DOCUMENT gives; Unreadable where it does not make one."""
    (
        document_id, sha256, name, kind, nbytes, revision, latest_revision, added_at, last_used_at,
        extractor_version, unit, encoding, warnings, page_count, characters, pages_without_text,
    ) = row  # fmt: skip
    try:
        if unit not in get_args(Unit):
            raise ValueError(Sentence("the unit {unit} is not known", unit=repr(unit)))
        return Document(
            id=document_id,
            name=name,
            kind=cast(Kind, str(kind)),
            page_count=int(page_count),
            characters=int(characters),
            pages_without_text=tuple(int(number) for number in json.loads(pages_without_text)),
            added_at=_time(added_at),
            sha256=sha256,
            unit=unit,
            encoding=encoding,
            warnings=tuple(from_json(warning) for warning in json.loads(warnings)),
            nbytes=None if nbytes is None else int(nbytes),
            extractor_version=int(extractor_version),
            revision=int(revision),
            latest_revision=int(latest_revision),
            last_used_at=_time(last_used_at),
        )
    except (ValueError, TypeError, OverflowError, OSError) as error:
        return Unreadable(str(document_id), str(name), str(error))


def text_row(extracted: Extracted, extractor_version: int) -> tuple[object, ...]:
    """The row of `texts` after its document and revision."""
    return (
        extractor_version,
        extracted.unit,
        extracted.encoding,
        json.dumps([[entry.title, entry.page, entry.level] for entry in extracted.outline]),
        json.dumps([to_json(warning) for warning in extracted.warnings]),
        len(extracted.layout),
        sum(map(len, extracted.pages)),
        json.dumps(extracted.pages_without_text),
        time.time(),
    )


def page_rows(extracted: Extracted) -> list[tuple[object, ...]]:
    """The rows of `pages` after their document and revision."""
    return [
        (
            page.number,
            page.text,
            page.label,
            page.width,
            page.height,
            json.dumps([to_json(warning) for warning in page.warnings]),
            pack_blocks(page),
        )
        for page in extracted.layout
    ]


def warnings_from_json(warnings: str) -> tuple[str, ...]:
    """A page's warnings; none where they are damaged, for the text stands without them."""
    try:
        return tuple(from_json(warning) for warning in json.loads(warnings))
    except (ValueError, TypeError):
        return ()


def outline_from_json(outline: str) -> tuple[OutlineEntry, ...]:
    """The table of contents; empty where it is damaged, for the text stands without it."""
    try:
        return tuple(
            OutlineEntry(str(title), int(page), int(level)) for title, page, level in json.loads(outline)
        )
    except (ValueError, TypeError):
        return ()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
