"""Taking the text out of a document again: by a newer extractor, in another encoding, or by text recognition (OCR).

Each runs in a thread of its own with progress, may be cancelled, and ends in a new revision of the document's text;
what fails changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conversation import ChatError
from app.documents import DocumentError, Extracted, ExtractionCancelled, Page, extract, recognition
from app.store import StoreError
from app.ui import import_line
from app.ui.reader import refresh
from app.ui.views.extras import Doing, Retake
from app.ui.words.documents import DOCUMENTS

if TYPE_CHECKING:
    from app.conversation import Chat, Engine
    from app.store import Document, Documents
    from app.ui.session import Tab

log = logging.getLogger(__name__)
Take = Callable[["Documents", "Document", Callable[[], bool], Callable[[int, int], None]], Extracted]


def read_again(encoding: str = "") -> Take:
    """Take the text out of the kept file, as `encoding` where that is given."""

    def take(
        documents: Documents,
        document: Document,
        stop: Callable[[], bool],
        on_page: Callable[[int, int], None],
    ) -> Extracted:
        path = _original(documents, document)
        name = (
            document.name if document.name.lower().endswith(path.suffix) else document.name + path.suffix
        )  # its ending says what kind of text it is
        return extract(path, name=name, encoding=encoding, should_stop=stop, on_page=on_page)

    return take


def recognise(
    documents: Documents, document: Document, stop: Callable[[], bool], on_page: Callable[[int, int], None]
) -> Extracted:
    """Recognise the pages that have no text layer or a wrong one; the others stay as they are."""
    from app.documents.readers.pdf.health import document_warnings, warning_code  # brings pypdfium2 with it

    path, numbers = _original(documents, document), pages_to_recognise(documents, document)
    found = recognition.recognise(
        path, numbers, lambda page, done, total: on_page(done, total), stop, name=document.name
    )
    layout = tuple(_recognised(page, found.get(page.number)) for page in documents.layout(document.id))
    if not any(page.text for page in layout):
        raise DocumentError(DOCUMENTS().nothing_recognised.format(name=document.name))
    sentences = [sentence for sentence in document.warnings if not warning_code(sentence)]
    sentences += document_warnings({page.number: page.warnings for page in layout})
    return Extracted(
        name=document.name,
        kind=document.kind,
        sha256=document.sha256,
        layout=layout,
        unit=document.unit,
        encoding=document.encoding,
        outline=documents.outline(document.id),
        warnings=tuple(sentences),
    )


def pages_to_recognise(documents: Documents, document: Document) -> list[int]:
    """The numbers of the pages that text recognition is offered for."""
    if document.kind != "pdf" or document.nbytes is None:
        return []
    from app.documents.readers.pdf.health import wants_recognition

    wanted = {note.number for note in documents.page_notes(document.id) if wants_recognition(note.warnings)}
    return sorted(wanted)


def _original(documents: Documents, document: Document) -> Path:
    path = documents.original(document.id)
    if path is None:
        raise DocumentError(DOCUMENTS().file_not_kept.format(name=document.name))
    return path


def _recognised(page: Page, found: Page | None) -> Page:
    """The page with what was recognised in place of its text; where nothing was, with a sentence that says so."""
    if found is None:
        return page
    if not found.text:
        told = found.warnings or (recognition.NOTHING_FOUND,)
        return replace(page, warnings=told)
    return replace(found, label=page.label)


@dataclass
class Retaking:
    """One document whose text is being taken out again."""

    document_id: str
    doing: Doing
    done: int = 0
    total: int = 0

    def __post_init__(self) -> None:
        self.cancelled = threading.Event()
        self.finished = threading.Event()

    def state(self) -> Retake:
        return Retake(self.doing, self.done, self.total)

    def count(self, done: int, total: int) -> None:
        self.done, self.total = done, total


class Retakings:
    """Those of all tabs: one a document at a time. The actions that begin and end them."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._running: dict[str, Retaking] = {}
        self._lock = threading.Lock()

    def acts(self) -> dict[str, Callable[[Tab, dict[str, Any]], None]]:
        """The handlers by the action that they are of."""
        return {
            "take-newer": self._take_newer,
            "choose-encoding": lambda tab, data: setattr(tab, "choosing_encoding", data["documentId"]),
            "keep-encoding": lambda tab, data: setattr(tab, "choosing_encoding", ""),
            "set-encoding": self._set_encoding,
            "recognise": self._recognise,
            "cancel-retake": lambda tab, data: self.cancel(data["documentId"]),
        }

    def states(self) -> dict[str, Retake]:
        """What is going on, by document."""
        with self._lock:
            return {document_id: running.state() for document_id, running in self._running.items()}

    def cancel(self, document_id: str) -> None:
        """Have it end soon; the document stays as it is."""
        with self._lock:
            running = self._running.get(document_id)
        if running is not None:
            running.cancelled.set()

    def wait(self, document_id: str, timeout: float) -> bool:
        """Wait for what goes on with a document; True when nothing does."""
        with self._lock:
            running = self._running.get(document_id)
        return running is None or running.finished.wait(timeout)

    def _take_newer(self, tab: Tab, data: dict[str, Any]) -> None:
        """Go on with a better text: the one that is there, else one taken out now."""
        document_id = data["documentId"]
        if tab.chat is not None and document_id in tab.chat.newer_texts():
            tab.chat.take_newer_text(document_id)
            return
        self._start(tab, document_id, "reading again", read_again())

    def _set_encoding(self, tab: Tab, data: dict[str, Any]) -> None:
        encoding = data["encoding"]
        if encoding not in DOCUMENTS().encoding:
            raise ChatError(DOCUMENTS().encoding_not_offered.format(encoding=repr(encoding[:40])))
        tab.choosing_encoding = ""
        self._start(tab, data["documentId"], "reading again", read_again(encoding))

    def _recognise(self, tab: Tab, data: dict[str, Any]) -> None:
        if not recognition.is_available():
            raise ChatError(recognition.MISSING)
        self._start(tab, data["documentId"], "recognising", recognise, add=bool(data.get("add")))
        if "importId" in data:  # the file's card, which has offered it
            import_line.dismiss(tab, data)

    def _start(self, tab: Tab, document_id: str, doing: Doing, take: Take, *, add: bool = False) -> None:
        engine = self._engine()
        document = engine.store.documents.get(document_id)
        # The chat stays open until its text is there, also without the tab.
        chat = engine.view_chat(tab.chat.id) if tab.chat is not None else None
        retaking = Retaking(document_id, doing)
        with self._lock:
            busy = document_id in self._running
            if not busy:
                self._running[document_id] = retaking
        if busy:
            if chat is not None:
                engine.leave_chat(chat)
            raise ChatError(DOCUMENTS().taken_out_already.format(name=document.name))
        threading.Thread(
            target=copy_context().run,  # in the tab's language
            args=(self._run, tab, engine, chat, document, retaking, take, add),
            name="retake",
            daemon=True,
        ).start()

    def _run(
        self,
        tab: Tab,
        engine: Engine,
        chat: Chat | None,
        document: Document,
        retaking: Retaking,
        take: Take,
        add: bool,
    ) -> None:
        documents = engine.store.documents
        try:
            extracted = take(documents, document, retaking.cancelled.is_set, retaking.count)
            if not retaking.cancelled.is_set():
                documents.replace(document.id, extracted)
                tab.tell(DOCUMENTS().taken_out_again.format(name=document.name))
                if tab.reader is not None and tab.reader.document.id == document.id:
                    refresh(tab, documents)
                if chat is not None:
                    _go_on_with(chat, document, add)
        except ExtractionCancelled:
            tab.tell(DOCUMENTS().stays_as_it_was.format(name=document.name))
        except (ValueError, StoreError) as error:  # DocumentError and ChatError are ValueErrors
            tab.warn(str(error))
        except Exception:
            log.exception("The text of a document could not be taken out again.")
            tab.warn(DOCUMENTS().retake_error)
        finally:
            with self._lock:
                self._running.pop(document.id, None)
            if chat is not None:
                with suppress(ChatError):
                    engine.leave_chat(chat)
            tab.lists_due = 0.0
            retaking.finished.set()
            tab.wake()


def _go_on_with(chat: Chat, document: Document, add: bool) -> None:
    if document.id in chat.newer_texts():
        chat.take_newer_text(document.id)  # while it answers it says so, and the card goes on offering it
    elif add:
        chat.add_document(document.id)
