"""The reader beside the chat: which page of which document a tab shows, what is marked on it, what is searched for.

Buttons that open it carry `data-action="open-page"`, `data-document`, `data-page` (from 1) and, where a passage is to
be marked, `data-start` and `data-end`: its place in the page's text, of the revision `data-revision` where that is
not the latest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.conversation import ChatError
from app.documents import Page
from app.store import Document, Documents, PageNote, UnknownDocument
from app.ui.searching import MOST_IN_ONE, Place, find_in_pages
from app.ui.views import markup as m
from app.ui.views import reader as view
from app.ui.words.reader import READER

if TYPE_CHECKING:
    from app.conversation import Engine
    from app.ui.session import Tab

MODES = ("picture", "text", "both")
Act = Callable[["Tab", dict[str, Any]], None]


@dataclass(frozen=True)
class ReaderState:
    """What the reader of a tab shows. marked: [start, end) of the page's text; None where nothing is.

    current: which of the places found; -1 where none is. seen: counts what was asked for, so that the page knows when
    to go to the marked passage.
    """

    document: Document
    notes: tuple[PageNote, ...]
    page: Page
    marked: tuple[int, int] | None = None
    query: str = ""
    found: tuple[Place, ...] = ()
    current: int = -1
    mode: str = "picture"
    seen: int = 0
    drawn: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def has_picture(self) -> bool:
        """Whether the page can be shown as it was printed: of PDFs whose file is kept."""
        return self.document.kind == "pdf" and self.document.nbytes is not None

    def parts(self) -> dict[str, str]:
        """The drawn parts, made once for each state."""
        if not self.drawn:
            self.drawn["reader-title"] = view.title(self.document, self.page)
            self.drawn["reader-page"] = view.page(
                self.document, self.page, self._marks(), self.mode if self.has_picture else "text"
            )
        return self.drawn

    def told(self) -> dict[str, Any]:
        """What the page's script has to know."""
        return {
            "document": self.document.id,
            "name": self.document.name,
            "page": self.page.number,
            "pages": self.document.page_count,
            **view.page_box(self.document, self.page),
            "mode": self.mode if self.has_picture else "text",
            "picture": self.has_picture,
            "query": self.query,
            "found": len(self.found),
            "more": len(self.found) == MOST_IN_ONE,
            "current": self.current,
            "seen": self.seen,
        }

    def _marks(self) -> list[view.Mark]:
        marks = [
            view.Mark(place.start, place.end, "found current" if number == self.current else "found")
            for number, place in enumerate(self.found)
            if place.page == self.page.number
        ]
        if self.marked is not None:
            marks.append(view.Mark(*self.marked, "passage"))
        return marks


class ReaderActions:
    """What is done in the reader. `engine` gives the engine, or raises ChatError where it is still being loaded."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine

    def acts(self) -> dict[str, Act]:
        """The handlers by the action that they are of."""
        inside = {
            "reader-turn": self._turn,
            "reader-go": self._go,
            "reader-mode": self._mode,
            "reader-find": self._find,
            "reader-hit": self._hit,
        }
        return {
            "open-page": self._open,
            "close-reader": lambda tab, data: setattr(tab, "reader", None),
            **{name: self._of_a_text_that_is_there(act) for name, act in inside.items()},
        }

    def _of_a_text_that_is_there(self, act: Act) -> Act:
        """Go on with the document's text as it is now where the one shown has gone: taken out again, or deleted."""

        def run(tab: Tab, data: dict[str, Any]) -> None:
            try:
                act(tab, data)
            except UnknownDocument:
                refresh(tab, self._engine().store.documents)
                if tab.reader is None:
                    raise
                act(tab, data)

        return run

    def _open(self, tab: Tab, data: dict[str, Any]) -> None:
        documents = self._engine().store.documents
        start, end = _number(data, "start", -1), _number(data, "end", -1)
        revision = _number(data, "revision", 0) or None
        try:
            document = documents.get(data["document"], revision)
        except UnknownDocument:
            if revision is None:
                raise
            # That text is gone since: the page is shown as it is read now, without a mark that may be wrong.
            document, start, end = documents.get(data["document"]), -1, -1
        before = tab.reader
        state = ReaderState(
            document,
            documents.page_notes(document.id, document.revision),
            _page(documents, document, _number(data, "page", 1)),
            (start, end) if 0 <= start < end else None,
            mode=before.mode if before is not None else "picture",
            seen=1 if before is None else before.seen + 1,
        )
        if before is not None and before.document == document and before.query:
            state = replace(state, query=before.query, found=before.found, drawn={})
        tab.reader = state

    def _turn(self, tab: Tab, data: dict[str, Any]) -> None:
        """To the next page, or with `by` -1 to the one before; nothing at either end."""
        state = self._state(tab)
        number = state.page.number + (-1 if data.get("by") == "-1" else 1)
        if 1 <= number <= state.document.page_count:
            self._show(tab, number)

    def _go(self, tab: Tab, data: dict[str, Any]) -> None:
        """To the page that was typed: by its label, else by its number."""
        state = self._state(tab)
        typed = data["value"].strip().removeprefix("p.").strip()
        labels = {note.label.casefold(): note.number for note in reversed(state.notes) if note.label}
        number = labels.get(typed.casefold())
        if number is None and typed.isdecimal():
            number = int(typed)
        if number is None:
            raise ChatError(READER().no_page_called.format(name=state.document.name, typed=typed[:40]))
        self._show(tab, number)

    def _mode(self, tab: Tab, data: dict[str, Any]) -> None:
        if data["mode"] in MODES:
            state = self._state(tab)
            tab.reader = replace(state, mode=data["mode"], seen=state.seen + 1, drawn={})

    def _find(self, tab: Tab, data: dict[str, Any]) -> None:
        """Search the document; shows the first place from this page on."""
        state = self._state(tab)
        query = data["value"][:200]
        if " ".join(query.split()) == " ".join(state.query.split()):
            return
        pages = self._engine().store.documents.pages(state.document.id, state.document.revision)
        found = tuple(find_in_pages(pages, query))
        tab.reader = replace(state, query=query, found=found, current=-1, drawn={})
        if found:
            later = (number for number, place in enumerate(found) if place.page >= state.page.number)
            self._show_found(tab, next(later, 0))

    def _hit(self, tab: Tab, data: dict[str, Any]) -> None:
        """To the next place found, or with `by` -1 to the one before, round and round."""
        state = self._state(tab)
        if state.found:
            by = -1 if data.get("by") == "-1" else 1
            start = state.current if state.current >= 0 or by > 0 else 0
            self._show_found(tab, (start + by) % len(state.found))

    def _show_found(self, tab: Tab, current: int) -> None:
        state = self._state(tab)
        tab.reader = replace(state, current=current, drawn={})
        self._show(tab, state.found[current].page, keep_mark=state.found[current].page == state.page.number)

    def _show(self, tab: Tab, number: int, *, keep_mark: bool = False) -> None:
        state = self._state(tab)
        documents = self._engine().store.documents
        page = state.page if number == state.page.number else _page(documents, state.document, number)
        marked = state.marked if keep_mark else None
        tab.reader = replace(state, page=page, marked=marked, seen=state.seen + 1, drawn={})

    def _state(self, tab: Tab) -> ReaderState:
        if tab.reader is None:
            raise ChatError(READER().none_open)
        return tab.reader


def refresh(tab: Tab, documents: Documents) -> None:
    """Show the document that is open as it is read now; close the reader where there is none any more."""
    state = tab.reader
    if state is None:
        return
    try:
        document = documents.get(state.document.id)
        notes = documents.page_notes(document.id, document.revision)
        page = _page(documents, document, min(state.page.number, document.page_count))
    except UnknownDocument:
        tab.reader = None
        return
    found = tuple(find_in_pages(documents.pages(document.id, document.revision), state.query))
    tab.reader = replace(
        state, document=document, notes=notes, page=page, marked=None, found=found, current=-1, drawn={}
    )


def _page(documents: Documents, document: Document, number: int) -> Page:
    pages = documents.layout(document.id, [number], document.revision)
    if not pages:
        total, n = m.count(document.page_count), m.count(number)
        raise ChatError(READER().no_such_page.format(name=document.name, total=total, n=n))
    return pages[0]


def _number(data: dict[str, Any], name: str, default: int) -> int:
    """A whole number the page sent, of at most nine digits; `default` where it sent none, or something else."""
    value = str(data.get(name, ""))
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else default
