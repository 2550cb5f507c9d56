"""The file itself: opened once, checked to be a plain file within the limits, and hashed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import select
import stat
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import BinaryIO

from app.documents.faults import DocumentError, Fault, Limits, document_error
from app.documents.kinds import HEAD_BYTES, SUPPORTED_SUFFIXES, TAIL_BYTES, Kind, detect_kind
from app.sentences import Sentence

__all__ = ["SUPPORTED_SUFFIXES", "Kind", "Source", "display_name", "open_source"]

_MAX_NAME = 120
_BLOCK = 1024 * 1024
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Source:
    """An open file that has passed the checks. `file` stands at its beginning; sha256 is hexadecimal."""

    file: BinaryIO
    kind: Kind
    sha256: str


@contextmanager
def open_source(
    path: str | PathLike[str],
    name: str,
    limits: Limits,
    should_stop: Callable[[], bool],
    *,
    follow: bool = False,
) -> Iterator[Source]:
    """Open the file at `path` and close it at the end. `name` is what sentences call it and where the suffix
    is taken from.

    Everything is read from the one descriptor, so a file that is exchanged meanwhile cannot slip past the
    checks. follow: a symbolic link is followed and a pipe read to its end, as somebody who types a path expects; a
    path that came by itself is to be a plain file.
    """
    with _open_file(path, name, limits, should_stop, follow) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise document_error(Fault.EMPTY, name, limits)
        if size > limits.max_bytes:
            raise document_error(Fault.TOO_LARGE, name, limits, value=size)
        kind = detect_kind(*_ends(file, size), name, limits)
        file.seek(0)
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            if should_stop():
                raise document_error(Fault.CANCELLED, name, limits)
            digest.update(block)
        file.seek(0)
        yield Source(file, kind, digest.hexdigest())


def _ends(file: BinaryIO, size: int) -> tuple[bytes, bytes]:
    """The first bytes of a file, and its last where it is an archive, which lists its parts there."""
    head = file.read(HEAD_BYTES)
    if not head.startswith(b"PK"):
        return head, b""
    file.seek(max(0, size - TAIL_BYTES))
    return head, file.read(TAIL_BYTES)


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


def _open_file(
    path: str | PathLike[str], name: str, limits: Limits, should_stop: Callable[[], bool], follow: bool
) -> BinaryIO:
    """The file at `path`, unbuffered: the child inherits the position of the descriptor, which must be where `seek`
    says."""
    check = partial(_check_kind, name=name, limits=limits, pipes=follow)
    # O_NOFOLLOW refuses a link and O_NONBLOCK returns from a pipe nobody writes to; Windows has neither, nor
    # such pipes.
    flags = os.O_RDONLY
    for flag in (
        ("O_CLOEXEC", "O_BINARY") if follow else ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
    ):
        flags |= getattr(os, flag, 0)
    try:
        check(
            os.stat(path) if follow else os.lstat(path)
        )  # before opening: opening a device can have effects
        descriptor = os.open(path, flags)
    except OSError as error:
        raise _open_error(error, name, limits) from error
    except ValueError as error:  # a NUL character in the path
        if isinstance(error, DocumentError):
            raise
        raise document_error(Fault.NOT_FOUND, name, limits) from error
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        status = os.fstat(descriptor)  # and after: it may have been exchanged in between
        check(status)
        return file if stat.S_ISREG(status.st_mode) else _spool(file, name, limits, should_stop)
    except DocumentError:
        file.close()
        raise


def _spool(pipe: BinaryIO, name: str, limits: Limits, should_stop: Callable[[], bool]) -> BinaryIO:
    """What comes out of `pipe` until its end, as a file that nobody else sees."""
    spooled = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (the caller closes it)
    size = 0
    with pipe:
        while block := _next(pipe, should_stop):
            size += len(block)
            if size > limits.max_bytes:
                spooled.close()
                raise document_error(Fault.TOO_LARGE, name, limits, value=size)
            spooled.write(block)
    if should_stop():
        spooled.close()
        raise document_error(Fault.CANCELLED, name, limits)
    spooled.seek(0)
    return spooled


def _next(pipe: BinaryIO, should_stop: Callable[[], bool]) -> bytes:
    """The next bytes of `pipe`, b"" at its end or when it is to stop."""
    while not select.select([pipe], [], [], _POLL_SECONDS)[0]:
        if should_stop():
            return b""
    return b"" if should_stop() else pipe.read(_BLOCK)


def _open_error(error: OSError, name: str, limits: Limits) -> DocumentError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return document_error(Fault.NOT_FOUND, name, limits)
    if error.errno == errno.ELOOP:
        return document_error(Fault.SYMBOLIC_LINK, name, limits)
    return document_error(Fault.NOT_READABLE, name, limits, detail=os.strerror(error.errno or 0).lower())


def _check_kind(status: os.stat_result, name: str, limits: Limits, pipes: bool) -> None:
    """Refuse what is no plain file, or no pipe or terminal where `pipes` are read as well."""
    mode = status.st_mode
    if stat.S_ISREG(mode) or (pipes and (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)) and os.name != "nt"):
        return
    if stat.S_ISLNK(mode):
        raise document_error(Fault.SYMBOLIC_LINK, name, limits)
    what = Sentence("a folder") if stat.S_ISDIR(mode) else Sentence("a pipe, socket or device")
    raise document_error(Fault.NOT_A_FILE, name, limits, detail=what)
