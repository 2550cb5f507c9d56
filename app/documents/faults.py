"""What can be wrong with a document, the limits it must keep, and the one sentence that tells the user."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, fields

from app.installation import added_by
from app.sentences import Sentence

_MIB = 1024 * 1024


class DocumentError(ValueError):
    """A document cannot be used. The message is one sentence for the user: value, limit, consequence,
    remedy. `fault` is the kind of it, where it is one of the kinds."""

    fault: Fault | None = None


class ExtractionCancelled(DocumentError):
    """The caller asked to stop."""


@dataclass(frozen=True)
class Limits:
    """What one document may cost. max_pages is for PDFs; of other kinds only the characters are counted.

    max_memory_bytes limits the address space of the child process, where the platform enforces that (Linux
    does). Elsewhere what limits memory is weaker: the parser's own limits on decompressed streams, the size
    of the file, and the time.
    """

    max_bytes: int = 200 * _MIB
    max_pages: int = 5_000
    max_characters: int = 50_000_000
    max_seconds: float = 120.0
    max_memory_bytes: int = 2048 * _MIB

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value <= 0:
                raise ValueError(
                    f"{field.name} is {value}, but must be more than 0; leave it out for the default."
                )


class Fault(str, enum.Enum):
    """Why a document is refused. The values travel between the child process and its parent."""

    CANCELLED = "cancelled"
    NOT_FOUND = "not found"
    NOT_READABLE = "not readable"
    SYMBOLIC_LINK = "symbolic link"
    NOT_A_FILE = "not a file"
    EMPTY = "empty"
    TOO_LARGE = "too large"
    OTHER_KIND = "other kind"
    NOT_A_PDF = "not a PDF"
    BINARY = "binary"
    UNKNOWN_ENCODING = "unknown encoding"
    BROKEN = "broken"
    UNPACKS = "unpacks"
    NO_TEXT = "no text"
    NO_TEXT_LAYER = "no text layer"
    ENCRYPTED = "encrypted"
    CIPHER_MISSING = "cipher missing"
    TRUNCATED = "truncated"
    NO_PAGES = "no pages"
    TOO_MANY_PAGES = "too many pages"
    TOO_MANY_CHARACTERS = "too many characters"
    TOO_MUCH_MEMORY = "too much memory"
    TOO_MUCH_TIME = "too much time"
    TOO_DEEP = "too deep"
    PARSER_LIMIT = "parser limit"
    DAMAGED = "damaged"
    CRASHED = "crashed"
    NOT_STARTED = "not started"


def document_error(
    fault: Fault, name: str, limits: Limits, *, value: int = 0, detail: str = ""
) -> DocumentError:
    """The error for `fault`. `value` is the number that broke a limit (or a count of pages, or an exit status);
    `detail` is what a file really is, or what a library said."""
    kind = ExtractionCancelled if fault is Fault.CANCELLED else DocumentError
    error = kind(
        _over_limit(fault, name, limits, value)
        or Sentence(
            "{name} was not added, because {reason}.", name=name, reason=_reason(fault, value, detail)
        )
    )
    error.fault = fault
    return error


def _over_limit(fault: Fault, name: str, limits: Limits, value: int) -> str:
    """The sentence about a limit that is broken; "" if it was none."""
    match fault:
        case Fault.TOO_LARGE:
            return Sentence(
                "{name} has {size} and the limit is {limit}, so it was not added; split it into smaller "
                "files and add those.",
                name=name,
                size=_size(value),
                limit=_size(limits.max_bytes),
            )
        case Fault.TOO_MANY_PAGES:
            return Sentence(
                "{name} has {pages:,} pages and the limit is {limit:,}, so it was not added; split it into "
                "smaller files and add those.",
                name=name,
                pages=value,
                limit=limits.max_pages,
            )
        case Fault.TOO_MANY_CHARACTERS:
            return Sentence(
                "{name} has more characters of text than the limit of {limit:,}, reached on page {page:,}, "
                "so it was not added; split it into smaller files and add those.",
                name=name,
                limit=limits.max_characters,
                page=value,
            )
        case Fault.TOO_MUCH_MEMORY:
            return Sentence(
                "{name} needs more memory to be read than the limit of {limit}, so it was not added; split "
                "it into smaller files and add those.",
                name=name,
                limit=_size(limits.max_memory_bytes),
            )
        case Fault.TOO_MUCH_TIME:
            return Sentence(
                "{name} takes longer to be read than the limit of {limit:g} seconds, so it was not added; "
                "split it into smaller files and add those.",
                name=name,
                limit=limits.max_seconds,
            )
    return ""


def _reason(fault: Fault, value: int, detail: str) -> str:
    """Why, and what to do about it."""
    reprint = Sentence("open it in a PDF viewer and print it to a new PDF")
    resave = Sentence("open it in the program that it comes from and save it again, or get a new copy")
    pages = Sentence("its only page") if value == 1 else Sentence("pages 1-{last}", last=value)
    return {
        Fault.CANCELLED: Sentence("that was cancelled; add it again to start over"),
        Fault.NOT_FOUND: Sentence("there is no such file; check the name and the folder"),
        Fault.NOT_READABLE: Sentence(
            "it cannot be opened ({detail}); check that you may read the file", detail=detail
        ),
        Fault.SYMBOLIC_LINK: Sentence("it is a symbolic link; add the file that it points to"),
        Fault.NOT_A_FILE: Sentence("it is {detail} and not a file; choose a single document", detail=detail),
        Fault.EMPTY: Sentence("the file is empty (0 bytes); get a complete copy"),
        Fault.OTHER_KIND: Sentence("it is {detail}", detail=detail),
        Fault.NOT_A_PDF: Sentence(
            "its name says PDF and its content is {detail}; get the real PDF, or rename the file",
            detail=detail,
        ),
        Fault.BINARY: Sentence(
            "its content is {detail} and not text; save or export it as PDF or plain text", detail=detail
        ),
        Fault.UNKNOWN_ENCODING: Sentence(
            "'{detail}' is no encoding of text that is known here; choose another, such as UTF-8 or "
            "Windows-1252",
            detail=detail,
        ),
        Fault.BROKEN: Sentence(
            "it is damaged and no text can be got out of it ({detail}); {remedy}",
            detail=detail,
            remedy=resave,
        ),
        Fault.UNPACKS: Sentence(
            "it unpacks to far more than a document holds ({detail}), so nothing of it is read; {remedy}",
            detail=detail,
            remedy=resave,
        ),
        Fault.NO_TEXT: Sentence(
            "there is no text in it, nothing but white space or pictures; check that it is the right file"
        ),
        Fault.NO_TEXT_LAYER: Sentence(
            "there is no text layer on {pages}: it is probably a scan; text recognition (OCR) reads it once "
            "“{command}” has been run, or run ocrmypdf on it and add the result",
            pages=pages,
            command=added_by("ocr"),
        ),
        Fault.ENCRYPTED: Sentence(
            "it is encrypted and needs a password; save a copy without the password and add that"
        ),
        Fault.CIPHER_MISSING: Sentence(
            "it is encrypted with AES, which needs the Python package 'cryptography'; install that package, "
            "or save a copy without encryption"
        ),
        Fault.TRUNCATED: Sentence("it ends before its last part: it was cut off; get a complete copy"),
        Fault.NO_PAGES: Sentence("the PDF has 0 pages; get a complete copy"),
        Fault.TOO_DEEP: Sentence("its parts are nested too deeply to be followed; {remedy}", remedy=reprint),
        Fault.PARSER_LIMIT: Sentence(
            "it asks for more work than one file may ({detail}); {remedy}", detail=detail, remedy=reprint
        ),
        Fault.DAMAGED: Sentence(
            "the PDF is damaged and no text can be got out of it; {remedy}, or get a new copy", remedy=reprint
        ),
        Fault.NOT_STARTED: Sentence(
            "the program that reads it could not be started ({detail}); close some programs, try again",
            detail=detail,
        ),
        Fault.CRASHED: Sentence(
            "the program that reads it broke down on it (exit status {status}); {remedy}",
            status=value,
            remedy=resave,
        ),
    }[fault]


def format_page_ranges(pages: Iterable[int]) -> str:
    """Page numbers as a reader writes them: (1, 2, 3, 7) becomes "1-3, 7". Order and repetition do not
    matter."""
    ranges: list[list[int]] = []
    for page in sorted(set(pages)):
        if ranges and page == ranges[-1][1] + 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)


def _size(count: int) -> str:
    if count >= 1024 * _MIB:
        return Sentence("{count:.4g} GB", count=count / (1024 * _MIB))
    if count >= _MIB:
        return Sentence("{count:.4g} MB", count=count / _MIB)
    if count >= 1024:
        return Sentence("{count:.4g} kB", count=count / 1024)
    return Sentence("{count} bytes", count=count)
