"""The file itself: opened once, checked to be a plain file within the limits, hashed, and told apart by its
content."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import BinaryIO, Literal

from app.documents.faults import DocumentError, Fault, Limits, document_error

Kind = Literal["pdf", "txt", "md"]

_KIND_OF_SUFFIX: dict[str, Kind] = {".pdf": "pdf", ".txt": "txt", ".md": "md"}
SUPPORTED_SUFFIXES = tuple(_KIND_OF_SUFFIX)

_MAX_NAME = 120
_BLOCK = 1024 * 1024
_HEAD = 4096

# How files that people mistake for documents begin. HTML is text, but a PDF that begins so is a web page
# saved by mistake.
_SIGNATURES = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"PK\x03\x04", "a zip archive (Word, EPUB and OpenDocument files are such archives)"),
    (b"\xd0\xcf\x11\xe0", "an old Microsoft Office file"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%!PS", "a PostScript file"),
)
_HTML = re.compile(rb"\s*<(?:!doctype html|html|head|body)", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """An open file that has passed the checks. `file` stands at its beginning; sha256 is hexadecimal."""

    file: BinaryIO
    kind: Kind
    sha256: str


@contextmanager
def open_source(
    path: str | PathLike[str], name: str, limits: Limits, should_stop: Callable[[], bool]
) -> Iterator[Source]:
    """Open the file at `path` and close it at the end. `name` is what sentences call it and where the suffix
    is taken from.

    Everything is read from the one descriptor, so a file that is exchanged meanwhile cannot slip past the
    checks.
    """
    with _open_plain_file(path, name, limits) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise document_error(Fault.EMPTY, name, limits)
        if size > limits.max_bytes:
            raise document_error(Fault.TOO_LARGE, name, limits, value=size)
        kind = detect_kind(file.read(_HEAD), name, limits)
        file.seek(0)
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            if should_stop():
                raise document_error(Fault.CANCELLED, name, limits)
            digest.update(block)
        file.seek(0)
        yield Source(file, kind, digest.hexdigest())


def detect_kind(head: bytes, name: str, limits: Limits) -> Kind:
    """What a file is, from its first bytes (`head`) and, among kinds of text, from the suffix of `name`."""
    suffix = os.path.splitext(name)[1].lower()
    # Readers accept a PDF whose header comes late; in a file of another name that is text which speaks about
    # PDFs.
    if head.lstrip(b"\xef\xbb\xbf\r\n\t \0").startswith(b"%PDF-") or (
        suffix == ".pdf" and b"%PDF-" in head[:1024]
    ):
        return "pdf"
    content = _describe(head)
    if suffix == ".pdf":
        raise document_error(Fault.NOT_A_PDF, name, limits, detail=content or "plain text")
    if suffix not in _KIND_OF_SUFFIX:
        reason = (
            f"its content is {content}"
            if content
            else f"its name ends in {suffix}"
            if suffix
            else "its name has no ending"
        )
        raise document_error(Fault.WRONG_SUFFIX, name, limits, detail=reason)
    if content and not _HTML.match(head):
        raise document_error(Fault.BINARY, name, limits, detail=content)
    return _KIND_OF_SUFFIX[suffix]


def display_name(path: str) -> str:
    """A file name that is safe to show: no folders, no control characters, no marks that turn the direction
    of writing (which can make "exe.pdf" out of "fdp.exe"), at most 120 characters with the suffix kept."""
    name = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    name = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in name)
    name = unicodedata.normalize("NFC", name)
    name = "".join(" " if character.isspace() else character for character in name)
    name = "".join(character for character in name if unicodedata.category(character) not in ("Cc", "Cf"))
    name = re.sub(" +", " ", name).strip(" ")
    if len(name) > _MAX_NAME:
        stem, suffix = os.path.splitext(name)
        suffix = suffix[:16]
        name = stem[: _MAX_NAME - len(suffix) - 1].rstrip() + "…" + suffix
    return name if name.strip(".") else "document"


def _describe(head: bytes) -> str:
    """What the bytes look like, in words; "" for text."""
    for signature, description in _SIGNATURES:
        # Letters alone may begin a sentence ("MZ is the mark of ...").
        if head.startswith(signature) and (b"\0" in head or not signature.isalnum()):
            return description
    if _HTML.match(head):
        return "a web page (HTML)"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ""
    return "binary data" if b"\0" in head else ""


def _open_plain_file(path: str | PathLike[str], name: str, limits: Limits) -> BinaryIO:
    # O_NOFOLLOW refuses a link and O_NONBLOCK returns from a pipe nobody writes to; Windows has neither, nor
    # such pipes.
    flags = os.O_RDONLY
    for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, flag, 0)
    try:
        _check_plain(os.lstat(path), name, limits)  # before opening: opening a device can have effects
        descriptor = os.open(path, flags)
    except OSError as error:
        raise _open_error(error, name, limits) from error
    except ValueError as error:  # a NUL character in the path
        if isinstance(error, DocumentError):
            raise
        raise document_error(Fault.NOT_FOUND, name, limits) from error
    # Unbuffered: the child inherits the position of the descriptor, which must be where `seek` says.
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        _check_plain(os.fstat(descriptor), name, limits)  # and after: it may have been exchanged in between
    except DocumentError:
        file.close()
        raise
    return file


def _open_error(error: OSError, name: str, limits: Limits) -> DocumentError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return document_error(Fault.NOT_FOUND, name, limits)
    if error.errno == errno.ELOOP:
        return document_error(Fault.SYMBOLIC_LINK, name, limits)
    return document_error(Fault.NOT_READABLE, name, limits, detail=os.strerror(error.errno or 0).lower())


def _check_plain(status: os.stat_result, name: str, limits: Limits) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISLNK(status.st_mode):
        raise document_error(Fault.SYMBOLIC_LINK, name, limits)
    what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
    raise document_error(Fault.NOT_A_FILE, name, limits, detail=what)
