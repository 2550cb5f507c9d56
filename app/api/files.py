"""The library as the files of the protocol, and documents that come inside a message."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from app.api.client import LEFT
from app.api.errors import ApiError
from app.documents import DocumentError, ExtractionCancelled, Limits, extract
from app.store import StoreError, UnknownDocument
from app.store.files import make_private

if TYPE_CHECKING:
    from app.api.requests import FileReference
    from app.conversation import Engine
    from app.store import Document

PREFIX = "file-"
log = logging.getLogger(__name__)
_SUFFIXES = {
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/html": ".html",
    "text/csv": ".csv",
    "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def file_values(document: Document) -> dict[str, Any]:
    """A document as the protocol's file."""
    return {
        "id": PREFIX + document.id,
        "object": "file",
        "bytes": document.nbytes if document.nbytes is not None else document.characters,
        "created_at": int(document.added_at.timestamp()),
        "filename": document.name,
        "purpose": "user_data",
        "status": "processed",
        "ahn": {
            "pages": document.page_count,
            "characters": document.characters,
            "pages_without_text": list(document.pages_without_text),
            "warnings": list(document.warnings),
        },
    }


def document_of(engine: Engine, file_id: str) -> Document:
    """The document with a file's id. Raises ApiError."""
    try:
        return engine.store.documents.get(file_id.removeprefix(PREFIX))
    except UnknownDocument as error:
        raise ApiError(
            404,
            f"There is no file {file_id!r} in the library, so nothing was done; GET /v1/files lists those there are.",
            code="file_not_found",
        ) from error
    except StoreError as error:
        raise ApiError(422, str(error)) from error


def add_file(
    engine: Engine, path: Path, name: str, most_bytes: int, should_stop: Callable[[], bool]
) -> Document:
    """Put a file into the library. Raises ApiError where it cannot be read; one sentence says why."""
    try:
        extracted = extract(path, name=name, limits=Limits(max_bytes=most_bytes), should_stop=should_stop)
        return engine.store.documents.add(extracted, path)
    except ExtractionCancelled as error:
        raise ApiError(LEFT, str(error)) from error
    except DocumentError as error:
        raise ApiError(400, str(error), code="file_not_readable") from error
    except (StoreError, OSError) as error:
        raise ApiError(507, f"{name} could not be kept ({error}); free some disk space.") from error


def inline_content(file: FileReference) -> tuple[str, bytes]:
    """Name and bytes of a file that came inside a message. Raises ApiError where it is not in base64."""
    data, media = file.file_data or "", ""
    encoded = True
    if data.startswith("data:"):
        head, comma, data = data[5:].partition(",")
        media, *marks = head.split(";")
        encoded = "base64" in marks
        if not comma:
            raise _not_encoded("there is no comma in the data URL")
    try:
        content = base64.b64decode(data, validate=True) if encoded else unquote_to_bytes(data)
    except (binascii.Error, ValueError) as error:
        raise _not_encoded(str(error)) from error
    return file.filename or f"document{_SUFFIXES.get(media.lower(), '')}", content


def _not_encoded(reason: str) -> ApiError:
    return ApiError(
        400,
        f"file_data is neither a data URL nor base64 ({reason}), so nothing was read; encode the file's bytes.",
        code="invalid_value",
        param="messages",
    )


class InlineDocuments:
    """The documents that came inside messages: kept in the library, at most `most` of them, so that a request that
    brings one again reads nothing. The least recently used go first; those of a chat of the page stay, as they are its.
    """

    def __init__(self, folder: Path, most: int, most_bytes: int) -> None:
        """`folder` gets `api-documents.json`, their ids, the last used one last."""
        self._path = folder / "api-documents.json"
        self._most, self._most_bytes = most, most_bytes
        self._lock = threading.Lock()
        self._ids = self._load()

    def add(
        self,
        engine: Engine,
        name: str,
        content: bytes,
        should_stop: Callable[[], bool],
        used: Callable[[str], bool],
    ) -> Document:
        """Put a file's bytes into the library, and take out what is too much; `used` says what must stay.

        Raises ApiError.
        """
        import hashlib

        from app.documents import EXTRACTOR_VERSION

        digest = hashlib.sha256(content).hexdigest()
        documents = engine.store.documents
        known = next((one for one in documents.list() if one.sha256 == digest), None)
        if known is None or known.extractor_version < EXTRACTOR_VERSION:
            with tempfile.TemporaryDirectory(prefix="ahn-chat-", ignore_cleanup_errors=True) as folder:
                path = Path(folder) / "document"
                path.write_bytes(content)
                document = add_file(engine, path, name, self._most_bytes, should_stop)
            if known is None:
                self._note(document.id)
        else:
            document = known
            self._note(document.id, new=False)
        self._trim(engine, lambda document_id: document_id == document.id or used(document_id))
        return document

    def forget(self, document_id: str) -> None:
        """It was deleted."""
        with self._lock:
            if document_id in self._ids:
                self._ids.remove(document_id)
                self._save()

    def _note(self, document_id: str, new: bool = True) -> None:
        with self._lock:
            if document_id in self._ids:
                self._ids.remove(document_id)
            elif not new:  # somebody's own
                return
            self._ids.append(document_id)
            self._save()

    def _trim(self, engine: Engine, used: Callable[[str], bool]) -> None:
        with self._lock:
            for document_id in list(self._ids):
                if len(self._ids) <= self._most:
                    return
                if used(document_id):
                    continue
                try:
                    if not engine.store.documents.usage(document_id).chats:
                        engine.delete_document(document_id)
                except UnknownDocument:
                    pass
                except (StoreError, ValueError) as error:  # busy, or the disk: the next one tries again
                    log.warning("A document that came inside a message is not deleted yet: %s", error)
                    continue
                self._ids.remove(document_id)
                self._save()

    def _load(self) -> list[str]:
        try:
            values = json.loads(self._path.read_text("utf-8"))
            return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read (%s): its documents stay in the library.", self._path, error)
            return []

    def _save(self) -> None:
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}.partial")
        try:
            partial.write_text(json.dumps(self._ids), "utf-8")
            make_private(partial)
            os.replace(partial, self._path)
        except OSError as error:  # they stay in the library
            log.warning("%s is not written: %s", self._path, error)
