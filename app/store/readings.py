"""The readings on disk, as far as the store is concerned: which documents are in them, how large they are.

`app.conversation.snapshots` writes them: `<key>.json` names the documents that were read, `<key>-<length>.safetensors`
is what a model made of them.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

log = logging.getLogger(__name__)


class Readings:
    """The readings in one folder, which need not be there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def nbytes(self, document_id: str) -> int:
        """The bytes of all readings with this document in them."""
        return sum(_size(path) for path in self._with(document_id))

    def delete(self, document_id: str) -> int:
        """Delete all readings with this document in them and return the bytes freed. Raises OSError.

        What else they hold has to be read again when it is wanted.
        """
        freed = 0
        for path in self._with(document_id):
            freed += _size(path)
            path.unlink(missing_ok=True)
        return freed

    def _with(self, document_id: str) -> list[Path]:
        """The files of those readings, descriptions last: a deletion that is cut off is gone on with."""
        caches, descriptions = [], []
        for path in sorted(self._folder.glob("*.json")):
            if document_id in _documents(path):
                descriptions.append(path)
                caches += sorted(self._folder.glob(f"{path.stem}-*.safetensors"))
        return caches + descriptions


def _documents(path: Path) -> set[str]:
    try:
        values = json.loads(path.read_text("utf-8"))
        return {str(segment["document_id"]) for segment in values["segments"]}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, KeyError, TypeError) as error:  # nobody can use it; the next trim takes it
        log.warning("The description of a reading %s cannot be read: %s", path, error)
        return set()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
