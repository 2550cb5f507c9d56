"""The library's tab: every document of the store, what each takes on the disk, and what can be done with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.conversation import ChatError
from app.documents import recognition
from app.recall import sense
from app.store import Document, DocumentUsage, UnknownDocument
from app.ui.views import library as view
from app.ui.views import markup as m
from app.ui.views.first import extras
from app.ui.words.first import FIRST
from app.ui.words.library import LIBRARY

if TYPE_CHECKING:
    from app.conversation import Engine
    from app.ui.session import Tab

LOOK_SECONDS = 20.0  # between looks at what each document takes, unless the reader did something
SORTS: dict[str, Callable[[view.Row], Any]] = {
    "added": lambda row: -row.document.added_at.timestamp(),
    "name": lambda row: row.document.name.casefold(),
    "used": lambda row: -(row.document.last_used_at or row.document.added_at).timestamp(),
    "size": lambda row: -row.usage.total,
}


@dataclass
class LibraryState:
    """What the library's tab shows. asking, renaming: the document whose row asks for more; freeing: whether all
    readings are about to be deleted."""

    query: str = ""
    sort: str = "added"
    asking: str = ""
    renaming: str = ""
    freeing: bool = False
    usages: dict[str, DocumentUsage] = field(default_factory=dict)
    looked_at: float = float("-inf")  # `time.monotonic` seconds

    def look_again(self) -> None:
        self.looked_at = float("-inf")


class LibraryActions:
    """What is done in the library. `engine` gives the engine, or raises ChatError where it is still being loaded."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine

    def acts(self) -> dict[str, Callable[[Tab, dict[str, Any]], None]]:
        """The handlers by the action that they are of."""
        return {
            "library-shown": self._shown,
            "search-library": lambda tab, data: setattr(_state(tab), "query", data["value"][:200]),
            "sort-library": self._sort,
            "ask-delete-document": lambda tab, data: setattr(_state(tab), "asking", data["documentId"]),
            "keep-document": lambda tab, data: setattr(_state(tab), "asking", ""),
            "delete-document": self._delete,
            "ask-rename-document": lambda tab, data: setattr(_state(tab), "renaming", data["documentId"]),
            "cancel-rename-document": lambda tab, data: setattr(_state(tab), "renaming", ""),
            "rename-document": self._rename,
            "ask-free-space": lambda tab, data: setattr(_state(tab), "freeing", True),
            "keep-readings": lambda tab, data: setattr(_state(tab), "freeing", False),
            "free-space": self._free_space,
        }

    def _shown(self, tab: Tab, data: dict[str, Any]) -> None:
        """The library's tab was opened (`open`), or another one."""
        if not data["open"]:
            tab.library = None
        elif tab.library is None:
            tab.library = LibraryState(
                query=data.get("query", "")[:200], sort=_sort_name(data.get("sort", ""))
            )

    def _sort(self, tab: Tab, data: dict[str, Any]) -> None:
        _state(tab).sort = _sort_name(data["value"])

    def _delete(self, tab: Tab, data: dict[str, Any]) -> None:
        state, document_id = _state(tab), data["documentId"]
        state.asking = ""
        name = next((row.name for row in self._unreadable() if row.id == document_id), "")
        name = name or self._engine().store.documents.get(document_id).name
        freed = self._engine().delete_document(document_id)
        state.look_again()
        if tab.reader is not None and tab.reader.document.id == document_id:
            tab.reader = None
        tab.tell(LIBRARY().deleted.format(name=name, size=m.size(freed.total)))

    def _rename(self, tab: Tab, data: dict[str, Any]) -> None:
        _state(tab).renaming = ""
        self._engine().store.documents.rename(data["documentId"], data["value"][:255])

    def _free_space(self, tab: Tab, data: dict[str, Any]) -> None:
        state = _state(tab)
        state.freeing = False
        try:
            freed = self._engine().store.readings.delete_all()
        except OSError as error:
            told = LIBRARY().readings_not_deleted.format(error=error.strerror or error)
            raise ChatError(told) from error
        state.look_again()
        tab.tell(LIBRARY().readings_deleted.format(size=m.size(freed)))

    def _unreadable(self) -> Any:
        return self._engine().store.documents.unreadable()


def draw_library(tab: Tab, engine: Engine | None) -> str:
    """The library as it is now; "" while its tab is not open."""
    state = tab.library
    if state is None or engine is None:
        return ""
    documents = engine.store.documents
    known = documents.list()
    _look(state, engine, known)
    phases = {one.document_id: one for one in (tab.chat.documents if tab.chat is not None else [])}
    retakes = tab.retakes()
    rows = [
        view.Row(document, state.usages[document.id], phases.get(document.id), retakes.get(document.id))
        for document in known
        if document.id in state.usages and state.query.casefold() in document.name.casefold()
    ]
    rows.sort(key=SORTS[state.sort])
    return view.listing(
        rows,
        [] if state.query else documents.unreadable(),
        engine.store.nbytes(),
        everything=len(known),
        asking=state.asking,
        renaming=state.renaming,
        freeing=state.freeing,
    ) + extras(missing_extras())


def missing_extras() -> dict[str, str]:
    """What could be installed, by the names of the extras: what each gives."""
    w = FIRST()
    offered = {"sense": (sense.is_available, w.sense), "ocr": (recognition.is_available, w.ocr)}
    return {name: words for name, (is_available, words) in offered.items() if not is_available()}


def _look(state: LibraryState, engine: Engine, known: list[Document]) -> None:
    """What each document takes, and which chats have it."""
    now = time.monotonic()
    if now - state.looked_at < LOOK_SECONDS and all(document.id in state.usages for document in known):
        if state.asking in state.usages:  # what is about to be deleted is told as it is now
            state.usages |= _usages(engine, [state.asking])
        return
    state.looked_at = now
    state.usages = _usages(engine, [document.id for document in known])


def _usages(engine: Engine, document_ids: list[str]) -> dict[str, DocumentUsage]:
    usages = {}
    for document_id in document_ids:
        try:
            usages[document_id] = engine.store.documents.usage(document_id)
        except UnknownDocument:  # deleted meanwhile, by another tab
            continue
    return usages


def _sort_name(name: str) -> str:
    return name if name in SORTS else "added"


def _state(tab: Tab) -> LibraryState:
    if tab.library is None:
        tab.library = LibraryState()
    return tab.library
