"""The library: documents, what was taken out of them page by page, and their original files.

A document is known by the hash of its bytes. When its text is taken out again, by a better extractor, it gets another
revision of the text under the same id; the earlier one stays for as long as a chat was answered from it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.documents import EXTRACTOR_VERSION, Extracted, OutlineEntry, Page
from app.sentences import Sentence
from app.store import old_files
from app.store.database import Database
from app.store.document_rows import (
    SELECT_DOCUMENT,
    Document,
    DocumentList,
    DocumentUsage,
    PageHit,
    PageNote,
    TextId,
    Unreadable,
    document_from_row,
    outline_from_json,
    page_rows,
    text_row,
    warnings_from_json,
)
from app.store.errors import StoreError, UnknownDocument, unknown_document
from app.store.files import free_bytes
from app.store.layout import unpack_page
from app.store.originals import Originals, Staged
from app.store.readings import Readings

log = logging.getLogger(__name__)
_ID_LENGTH = 32  # hexadecimal digits: 128 bits of the hash, which nobody can make collide
_SPARE_DISK = 32 * 2**20  # bytes that an added document leaves free, for what is said about it
_TEXT_GROWTH = 4  # of a text, by its rows, its index and SQLite's journal
_SNIPPET = 60  # characters on each side of what was searched for
# Texts that no chat reads any more and no new one will. Passages and indexes over them go by their foreign keys.
_DELETE_UNUSED_TEXTS = """
DELETE FROM texts WHERE revision < (SELECT revision FROM documents WHERE id = texts.document_id) AND NOT EXISTS (
    SELECT 1 FROM chat_documents AS used
    WHERE used.document_id = texts.document_id AND used.revision = texts.revision
)
"""
Measure = Callable[[sqlite3.Connection, str], int]  # the bytes that something derived from a document takes


class Documents:
    """Every method is one transaction, may be called from any thread, and raises StoreError where it fails.

    What is added is committed before `add` returns, so a crash loses nothing.
    """

    def __init__(self, database: Database, originals: Originals, readings: Readings) -> None:
        self._database = database
        self._originals = originals
        self._readings = readings
        self._measures: dict[str, Measure] = {}

    # -- putting in ----------------------------------------------------------------------------------------------------

    def add(self, extracted: Extracted, original: Path | None = None) -> Document:
        """Put a document in, with its file where that is given, and return it.

        Where its bytes are here already, the document that is here gets this name, the file if it had none, and the
        text where that was taken out by an older extractor.
        """
        document_id, now = extracted.sha256[:_ID_LENGTH], time.time()
        rows = page_rows(extracted)  # before the transaction: nobody else can write meanwhile
        self._check_room(extracted, rows, original)
        staged = self._stage(original, extracted) if original is not None else None
        try:
            with self._database.writing() as connection:
                found = connection.execute(
                    "SELECT extractor_version FROM documents JOIN texts ON document_id = id AND "
                    "texts.revision = documents.revision WHERE id = ?",
                    (document_id,),
                ).fetchone()
                if found is None:
                    connection.execute(
                        "INSERT INTO documents VALUES (?, ?, ?, ?, NULL, 1, ?, ?)",
                        (document_id, extracted.sha256, extracted.name, extracted.kind, now, now),
                    )
                    _insert_text(connection, TextId(document_id, 1), extracted, rows)
                else:
                    connection.execute(
                        "UPDATE documents SET name = ? WHERE id = ?", (extracted.name, document_id)
                    )
                    if found[0] < EXTRACTOR_VERSION:
                        _replace_text(connection, document_id, extracted, rows)
                connection.execute("DELETE FROM removals WHERE document_id = ?", (document_id,))
                if staged is not None:
                    self._originals.place(staged)
                    connection.execute(
                        "UPDATE documents SET nbytes = ? WHERE id = ?", (staged.nbytes, document_id)
                    )
                return self.get(document_id)
        finally:
            if staged is not None:
                self._originals.discard(staged)

    def replace(self, document_id: str, extracted: Extracted) -> Document:
        """Put in the text of the same file taken out again: new chats read this one from now on."""
        rows = page_rows(extracted)
        with self._database.writing() as connection:
            document = self.get(document_id)
            if document.sha256 != extracted.sha256:
                raise StoreError(
                    Sentence(
                        "The text of {name} was taken out of another file than {other}, so nothing was "
                        "changed; add it as a document of its own.",
                        name=extracted.name,
                        other=document.name,
                    )
                )
            _replace_text(connection, document_id, extracted, rows)
            return self.get(document_id)

    def rename(self, document_id: str, name: str) -> Document:
        """Give a document another name."""
        name = " ".join(name.split())
        if not name:
            raise StoreError(
                Sentence(
                    "The name is empty, so the document could not be found by it; type at least one "
                    "character."
                )
            )
        with self._database.writing() as connection:
            if not connection.execute(
                "UPDATE documents SET name = ? WHERE id = ?", (name, document_id)
            ).rowcount:
                raise unknown_document(document_id)
            return self.get(document_id)

    def touch(self, document_id: str) -> None:
        """Note that a document is used now; nothing where there is none."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE documents SET last_used_at = ? WHERE id = ?", (time.time(), document_id)
            )

    # -- looking at ----------------------------------------------------------------------------------------------------

    def get(self, document_id: str, revision: int | None = None) -> Document:
        """The document as of a revision of its text, by default the latest. Raises UnknownDocument."""
        with self._database.reading() as connection:
            row = connection.execute(
                f"{SELECT_DOCUMENT} WHERE id = ? AND texts.revision = coalesce(?, documents.revision)",
                (document_id, revision),
            ).fetchone()
        if row is None:
            raise unknown_document(document_id)
        document = document_from_row(row)
        if isinstance(document, Unreadable):
            raise StoreError(
                Sentence(
                    "The document {name} cannot be read from the store ({reason}), so it is not used; "
                    "add its file again.",
                    name=document.name,
                    reason=document.reason,
                )
            )
        return document

    def has(self, document_id: str) -> bool:
        """Whether there is such a document."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT 1 FROM documents WHERE id = ?", (document_id,)).fetchone()
        return row is not None

    def list(self) -> DocumentList:
        """All documents that can be read, the one added last first."""
        return [row for row in self._all() if isinstance(row, Document)]

    def unreadable(self) -> Sequence[Unreadable]:
        """The documents whose rows are damaged; `pages` still gives their text."""
        return [row for row in self._all() if isinstance(row, Unreadable)]

    def pages(self, document_id: str, revision: int | None = None) -> tuple[str, ...]:
        """The text of each page, page 1 first, of the latest revision or of another one. Raises UnknownDocument."""
        with self._database.reading() as connection:
            text = _text_id(connection, document_id, revision)
            rows = connection.execute(
                "SELECT text FROM pages WHERE document_id = ? AND revision = ? ORDER BY number", text
            )
            return tuple(text for (text,) in rows)

    def layout(
        self, document_id: str, numbers: Sequence[int] | None = None, revision: int | None = None
    ) -> tuple[Page, ...]:
        """The pages with blocks and places, all or those of these numbers, in their order. Raises UnknownDocument."""
        wanted = None if numbers is None else set(numbers)
        with self._database.reading() as connection:
            text = _text_id(connection, document_id, revision)
            first, last = (0, 2**62) if not wanted else (min(wanted), max(wanted))
            rows = connection.execute(
                "SELECT number, text, label, width, height, warnings, blocks FROM pages "
                "WHERE document_id = ? AND revision = ? AND number BETWEEN ? AND ? ORDER BY number",
                (*text, first, last),
            )
            return tuple(unpack_page(*row) for row in rows if wanted is None or row[0] in wanted)

    def page_notes(self, document_id: str, revision: int | None = None) -> tuple[PageNote, ...]:
        """Labels and warnings of all pages, without their texts: cheap also for thousands. Raises UnknownDocument."""
        with self._database.reading() as connection:
            text = _text_id(connection, document_id, revision)
            rows = connection.execute(
                "SELECT number, label, warnings FROM pages WHERE document_id = ? AND revision = ? ORDER BY number",
                text,
            )
            return tuple(
                PageNote(number, str(label), warnings_from_json(told)) for number, label, told in rows
            )

    def outline(self, document_id: str, revision: int | None = None) -> tuple[OutlineEntry, ...]:
        """The table of contents. Raises UnknownDocument."""
        with self._database.reading() as connection:
            text = _text_id(connection, document_id, revision)
            (outline,) = connection.execute(
                "SELECT outline FROM texts WHERE document_id = ? AND revision = ?", text
            ).fetchone()
        return outline_from_json(outline)

    def original(self, document_id: str) -> Path | None:
        """The file as it was added; None where it was not kept. Raises UnknownDocument."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT sha256 FROM documents WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise unknown_document(document_id)
        return self._originals.path(row[0])

    def search(self, words: str, limit: int = 20) -> Sequence[PageHit]:
        """The first pages that contain `words` as they stand, in either case, the document added last first."""
        wanted = " ".join(words.split()).casefold()
        hits: list[PageHit] = []
        if not wanted:
            return hits
        with self._database.reading() as connection:
            for document_id, name, number, label, text in connection.execute(
                "SELECT id, name, number, label, text FROM documents JOIN pages ON document_id = id "
                "AND pages.revision = documents.revision ORDER BY added_at DESC, documents.rowid DESC, number"
            ):
                line = " ".join(text.split())
                place = line.casefold().find(wanted)
                if place >= 0:
                    start, end = max(place - _SNIPPET, 0), place + len(wanted) + _SNIPPET
                    snippet = ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
                    hits.append(PageHit(document_id, name, number, label, snippet))
                    if len(hits) == limit:
                        break
        return hits

    # -- taking out ----------------------------------------------------------------------------------------------------

    def count_also(self, kind: str, measure: Measure) -> None:
        """Have `usage` count what another module derives from documents: `measure(connection, id)` gives its bytes."""
        self._measures[kind] = measure

    def usage(self, document_id: str) -> DocumentUsage:
        """What a document takes on the disk, by kind, and which chats have it. Raises UnknownDocument."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT sha256 FROM documents WHERE id = ?", (document_id,)).fetchone()
            if row is None:
                raise unknown_document(document_id)
            (text,) = connection.execute(
                "SELECT coalesce(sum(length(CAST(text AS BLOB)) + coalesce(length(blocks), 0)), 0) FROM pages "
                "WHERE document_id = ?",
                (document_id,),
            ).fetchone()
            derived = {kind: measure(connection, document_id) for kind, measure in self._measures.items()}
            chats = connection.execute(
                "SELECT chats.id, title FROM chat_documents JOIN chats ON chats.id = chat_id WHERE document_id = ? "
                "ORDER BY updated_at DESC",
                (document_id,),
            ).fetchall()
        nbytes = {
            "original": self._originals.nbytes(row[0]),
            "text": text,
            **derived,
            "readings": self._readings.nbytes(document_id),
        }
        return DocumentUsage(nbytes, tuple((str(chat), str(title)) for chat, title in chats))

    def delete(self, document_id: str) -> DocumentUsage:
        """Take a document out with its file, its text, what was derived from it and every reading with it in them.

        Returns what that freed. Chats that had it keep their transcripts. Raises UnknownDocument.
        """
        with self._database.writing() as connection:
            usage = self.usage(document_id)
            # Files are deleted after the rows; this line lets the next start do what a crash in between prevents.
            connection.execute(
                "INSERT OR REPLACE INTO removals SELECT id, sha256 FROM documents WHERE id = ?",
                (document_id,),
            )
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        self.finish_removals()
        self._database.shrink()
        return usage

    def finish_removals(self) -> None:
        """Delete the files of documents whose rows are gone. Raises StoreError where one stays, until the next try."""
        with self._database.reading() as connection:
            if connection.execute("SELECT 1 FROM removals").fetchone() is None:
                return
        with self._database.writing() as connection:  # nobody adds one of them again meanwhile
            for document_id, sha256 in connection.execute(
                "SELECT document_id, sha256 FROM removals"
            ).fetchall():
                try:
                    self._originals.delete(sha256)
                    self._readings.delete(document_id)
                    old_files.forget_document(self._database.path.parent, document_id)
                except (OSError, sqlite3.Error) as error:
                    raise StoreError(
                        Sentence(
                            "Something of a deleted document is still on the disk ({reason}); it is tried "
                            "again at the next start.",
                            reason=str(error),
                        )
                    ) from error
                connection.execute("DELETE FROM removals WHERE document_id = ?", (document_id,))

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _all(self) -> Sequence[Document | Unreadable]:
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{SELECT_DOCUMENT} WHERE texts.revision = documents.revision "
                "ORDER BY added_at DESC, documents.rowid DESC"
            ).fetchall()
        return [document_from_row(row) for row in rows]

    def _check_room(
        self, extracted: Extracted, rows: Sequence[tuple[object, ...]], original: Path | None
    ) -> None:
        """Raise StoreError where the document would not fit on the disk: found out before anything is written."""
        text = sum(len(value) for row in rows for value in row if isinstance(value, str | bytes))
        needed = _TEXT_GROWTH * text
        try:
            if original is not None and self._originals.path(extracted.sha256) is None:
                needed += original.stat().st_size
            free = free_bytes(self._database.path.parent)
        except OSError:
            return  # whoever copies it finds out, and says so
        if needed + _SPARE_DISK > free:
            raise StoreError(
                Sentence(
                    "{name} takes about {needed:,.1f} MB in the library, and of the {free:,.1f} MB "
                    "that are free on the disk {spare:,.0f} MB stay free, so it was not added; free some "
                    "space, for example under “Library”, and add it again.",
                    name=extracted.name,
                    needed=needed / 1e6,
                    free=free / 1e6,
                    spare=_SPARE_DISK / 1e6,
                )
            )

    def _stage(self, original: Path, extracted: Extracted) -> Staged | None:
        if self._originals.path(extracted.sha256) is not None:
            return None
        suffix = os.path.splitext(extracted.name)[1] or f".{extracted.kind}"
        return self._originals.stage(original, extracted.sha256, suffix)


def delete_unused_texts(connection: sqlite3.Connection) -> None:
    """Delete earlier texts that no chat uses any more; inside a transaction that took a chat off one."""
    connection.execute(_DELETE_UNUSED_TEXTS)


def _text_id(connection: sqlite3.Connection, document_id: str, revision: int | None) -> TextId:
    row = connection.execute(
        "SELECT texts.document_id, texts.revision FROM texts JOIN documents ON id = document_id "
        "WHERE id = ? AND texts.revision = coalesce(?, documents.revision)",
        (document_id, revision),
    ).fetchone()
    if row is None:
        raise unknown_document(document_id)
    return TextId(*row)


def _insert_text(
    connection: sqlite3.Connection, text: TextId, extracted: Extracted, pages: Sequence[tuple[object, ...]]
) -> None:
    values = text_row(extracted, EXTRACTOR_VERSION)
    connection.execute(f"INSERT INTO texts VALUES (?, ?{', ?' * len(values)})", (*text, *values))
    connection.executemany(
        "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ((*text, *page) for page in pages)
    )


def _replace_text(
    connection: sqlite3.Connection,
    document_id: str,
    extracted: Extracted,
    pages: Sequence[tuple[object, ...]],
) -> None:
    connection.execute("UPDATE documents SET revision = revision + 1 WHERE id = ?", (document_id,))
    (revision,) = connection.execute("SELECT revision FROM documents WHERE id = ?", (document_id,)).fetchone()
    _insert_text(connection, TextId(document_id, revision), extracted, pages)
    delete_unused_texts(connection)


__all__ = [
    "Document",
    "DocumentUsage",
    "Documents",
    "PageHit",
    "TextId",
    "UnknownDocument",
    "Unreadable",
    "delete_unused_texts",
]
