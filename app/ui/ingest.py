"""From an uploaded file to a document of the library, outside the event loop and under the reader's control."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.documents import DocumentError, extract, recognition
from app.store import StoreError
from app.ui.views import markup as m
from app.ui.views.documents import ImportState
from app.ui.words.documents import DOCUMENTS

if TYPE_CHECKING:
    from app.store import Document, Documents

log = logging.getLogger(__name__)


class UploadFolder:
    """The one folder uploads arrive in. A path the page names is taken only if it is a file below this folder.

    Taking a file moves it away, so each upload can be used once, by whoever sent it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def take(self, path: str) -> Path:
        """Move the upload at `path` into a folder of its own and return where it is now.

        Raises DocumentError where `path` is not an upload; the sentence does not tell whether such a file exists.
        """
        candidate = Path(path)
        below = candidate.is_absolute() and candidate.resolve().is_relative_to(self.folder)
        if not below or candidate.is_symlink() or not candidate.is_file():
            raise DocumentError(DOCUMENTS().not_uploaded_here)
        private = Path(tempfile.mkdtemp(prefix="taken-", dir=self.folder))
        return Path(shutil.move(candidate, private / candidate.name))

    def new_folder(self) -> Path:
        """A folder below this one for a file of the app's own, which is then taken like any other."""
        return Path(tempfile.mkdtemp(prefix="own-", dir=self.folder))

    def refuse(self, path: str) -> None:
        """Delete an upload that nobody will take."""
        with contextlib.suppress(DocumentError):
            self.discard(self.take(path))

    def discard(self, taken: Path) -> None:
        """Delete a file that `take` returned."""
        shutil.rmtree(taken.parent, ignore_errors=True)


class Import:
    """One file on its way into the library (see `import_line`); `state` may be polled from any thread."""

    def __init__(
        self,
        upload: str,
        name: str,
        uploads: UploadFolder,
        documents: Documents,
        done: Callable[[Document], Callable[[], object]],
        at_end: Callable[[], object] = lambda: None,
    ) -> None:
        """`done` is called by `run` with the document, and what it returns when the file's card may go:
        it gives the document one. A DocumentError or ChatError of either is shown. `at_end` is called last, however
        it went."""
        self.id = uuid.uuid4().hex
        self.name = name
        self._upload, self._uploads, self._documents, self._done = upload, uploads, documents, done
        self._at_end = at_end
        self._pages = (0, 0)  # done, of all
        self._cancelled = threading.Event()
        self._error = ""
        self._handed_over = False
        self._begun = False
        self._scan_id = ""
        self.finished = False

    @classmethod
    def refused(cls, name: str, sentence: str, uploads: UploadFolder, documents: Documents) -> Import:
        """An upload that never arrived: a card with its sentence."""
        refused = cls("", name, uploads, documents, lambda _: lambda: None)
        refused._error = sentence
        refused.finished = True
        return refused

    @property
    def state(self) -> ImportState:
        return ImportState(self.id, self.name, *self._pages, self._error, self.waiting, self._scan_id)

    @property
    def has_card(self) -> bool:
        """False from the moment its document has a card of its own: one file never shows as two."""
        return not self._handed_over or bool(self._error)

    @property
    def running(self) -> bool:
        return not self.finished

    @property
    def waiting(self) -> bool:
        return not self._begun and not self.finished

    def begin(self) -> None:
        """It is this one's turn: `run` follows."""
        self._begun = True

    def cancel(self) -> None:
        """Have the extraction end soon; nothing is added. One that still waits lets go of its file at once."""
        self._cancelled.set()
        if self.waiting:
            self.finished = True
            self._uploads.refuse(self._upload)
            self._at_end()

    def run(self) -> None:
        """Take the text out and hand the document over; returns when that is done, or has failed with a sentence."""
        try:
            document = self._extract()
            if document.characters == 0:
                self._scan_id = document.id
                count = document.page_count
                scan = DOCUMENTS().scan_one_page if count == 1 else DOCUMENTS().scan
                self._error = scan.format(name=document.name, n=m.count(count))
            elif not self._cancelled.is_set():
                hand_over = self._done(document)
                self._handed_over = True
                hand_over()
        except (ValueError, StoreError) as error:  # DocumentError and ChatError are ValueErrors
            self._error = str(error)
        except Exception:
            log.exception("Adding an uploaded file failed.")
            self._error = DOCUMENTS().import_error
        finally:
            self.finished = True
            self._at_end()

    def _extract(self) -> Document:
        taken = self._uploads.take(self._upload)
        may_be_scan = self.name.lower().endswith(".pdf") and recognition.is_available()
        try:
            extracted = extract(
                taken,
                name=self.name,
                need_text=not may_be_scan,
                should_stop=self._cancelled.is_set,
                on_page=self._count,
            )
            return self._documents.add(extracted, taken)
        finally:
            self._uploads.discard(taken)

    def _count(self, done: int, total: int) -> None:
        self._pages = (done, total)
