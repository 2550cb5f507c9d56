"""What the store refuses, as exceptions whose message is one sentence for the user."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from app.sentences import Sentence


class StoreError(RuntimeError):
    """What is kept cannot be read or written; the message says what, why, what that means and what to do."""


class StoreClosed(StoreError):
    """The store was closed, so nothing can be read from it or kept in it."""


class UnknownDocument(StoreError):
    """There is no document with that id (any more)."""


def sentence(path: Path, error: sqlite3.Error | OSError, wait_seconds: float) -> str:
    """An error of SQLite or of the file system, as one sentence about the store's file."""
    reason, store = str(error), str(path)
    if "not a database" in reason or "malformed" in reason:
        return Sentence(
            "The store {store} is damaged ({reason}), so it cannot be used and was left as it is; restore "
            "it from a backup, or move it away to start with an empty one.",
            store=store,
            reason=reason,
        )
    if "locked" in reason:
        return Sentence(
            "The store {store} has been in use by another program for {seconds:g} seconds, so nothing was "
            "changed; close the other program and try again.",
            store=store,
            seconds=wait_seconds,
        )
    if "is full" in reason or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return Sentence(
            "The disk with the store {store} is full, so nothing was added; free some space and try again.",
            store=store,
        )
    return Sentence(
        "The store {store} cannot be used ({reason}), so nothing was changed; check that you may read and "
        "write this file and its folder.",
        store=store,
        reason=reason,
    )


def unknown_document(document_id: str) -> UnknownDocument:
    return UnknownDocument(
        Sentence(
            "There is no document {document} in the library, perhaps because it was deleted; add the file "
            "again.",
            document=document_id,
        )
    )
