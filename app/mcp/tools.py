"""What the MCP server can do, apart from the protocol: add a document, search, show a page, answer a question.

All but answering needs the store alone, so the model is loaded at the first question and not before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from app.api.conversations import Conversations, Exchange, Lease
from app.documents import DocumentError, extract
from app.store import Document, Store, StoreError, UnknownDocument

if TYPE_CHECKING:
    from app.conversation import Engine, EventStream
    from app.conversation.events import ChatEvent

MOST_CHOSEN = 3  # documents that a question without names is asked of
_CONVERSATIONS, _MEMORY_BYTES = 2, 2**30
_SHORTEST_ID = 4


class ToolFault(Exception):
    """A call that cannot be served: one sentence for whoever called."""


@dataclass(frozen=True)
class Place:
    """A place that a search found. page: its number, from 1; label: how the document itself calls it."""

    document: str
    document_id: str
    page: int
    label: str
    text: str


@dataclass(frozen=True)
class PageText:
    """One page. pages: how many the document has."""

    document: str
    document_id: str
    page: int
    label: str
    pages: int
    text: str


class LibraryTools:
    """The tools over one store. A context manager that closes it, and the model where it was loaded."""

    def __init__(self, store: Store, load: Callable[[], Engine]) -> None:
        """`load` makes the engine, once, in the thread of the first question."""
        self._store, self._load = store, load
        self._engine: Engine | None = None
        self._loading = threading.Lock()
        self._conversations = Conversations(_CONVERSATIONS, _MEMORY_BYTES)

    def __enter__(self) -> LibraryTools:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._conversations.close()
        if self._engine is not None:
            self._engine.close()
        self._store.close()

    def documents(self) -> list[Document]:
        """The documents of the library, the one added last first."""
        return self._store.documents.list()

    def add(self, path: str) -> Document:
        """Read a file of this computer into the library. Raises ToolFault."""
        file = Path(path).expanduser()
        try:
            extracted = extract(file, follow=True)
            return self._store.documents.add(extracted, file if file.is_file() else None)
        except (DocumentError, StoreError, OSError) as error:
            raise ToolFault(str(error)) from error

    def search(self, query: str, names: Sequence[str], limit: int) -> list[Place]:
        """Places for words, in these documents or in all, best first. Raises ToolFault."""
        from app.recall import index_document, search

        if limit < 1:
            raise ToolFault(f"A limit of {limit} shows no place; give at least 1.")
        wanted = [self.find(name) for name in names] if names else self.documents()
        known = {document.id: document.name for document in wanted}
        try:
            for document_id in known:
                index_document(self._store, document_id)
            with self._store.database.reading() as connection:
                hits = search(connection, query, list(known), limit)
        except StoreError as error:
            raise ToolFault(str(error)) from error
        return [
            Place(known[hit.document_id], hit.document_id, hit.page, hit.label, " ".join(hit.text.split()))
            for hit in hits
        ]

    def page(self, name: str, number: int) -> PageText:
        """The text of one page. Raises ToolFault."""
        document = self.find(name)
        if not 1 <= number <= document.page_count:
            raise ToolFault(
                f"{document.name} has {document.page_count:,} pages, and {number:,} is none of them; choose one it has."
            )
        try:
            (page,) = self._store.documents.layout(document.id, [number])
        except StoreError as error:
            raise ToolFault(str(error)) from error
        label = page.label or str(number)
        return PageText(document.name, document.id, number, label, document.page_count, page.text)

    def find(self, name: str) -> Document:
        """The document with this id, beginning of an id, or name. Raises ToolFault where there is none, or several."""
        documents = self.documents()
        found = [one for one in documents if name in (one.id, one.name)] or [
            one for one in documents if len(name) >= _SHORTEST_ID and one.id.startswith(name.lower())
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise ToolFault(f"{len(found)} documents go by {name!r}; name one by its document_id.")
        raise ToolFault(
            f"There is no document {name!r} in the library; list_documents tells which there are."
        )

    # -- questions ---------------------------------------------------------------------------------------------------

    def engine(self) -> Engine:
        """The engine, loaded where it was not. Raises ToolFault where that fails."""
        from ahn_core import ConfigError, LoadError
        from ahn_core.zoo import ZooError

        with self._loading:
            if self._engine is None:
                try:
                    self._engine = self._load()
                except (ConfigError, LoadError, ZooError, StoreError) as error:
                    raise ToolFault(str(error)) from error
            return self._engine

    def ask(
        self, question: str, names: Sequence[str], read_first: bool
    ) -> tuple[Lease, EventStream[ChatEvent]]:
        """Begin an answer from these documents, or from those that the question's words are found in best.

        read_first: wait until the model has read them; else answer at once from what was looked up. The lease is to be
        given back (`give_back`) when the stream has ended. Raises ToolFault.
        """
        from app.conversation import ChatError

        documents = [self.find(name) for name in names] if names else self._chosen(question)
        engine = self.engine()
        exchange = Exchange(question, question, tuple(document.id for document in documents))
        settings = engine.default_settings()
        try:
            lease = self._conversations.take(engine, replace(settings, recall=True), [exchange])
        except (ChatError, StoreError) as error:
            raise ToolFault(str(error)) from error
        try:
            if lease.chat.turns:
                lease.chat.clear()
            return lease, lease.chat.ask(question, now=not read_first)
        except ChatError as error:
            self.give_back(lease)
            raise ToolFault(str(error)) from error

    def give_back(self, lease: Lease) -> None:
        """The answer has ended; the documents that were read stay read for the next question."""
        assert self._engine is not None, "a lease comes from an engine"
        self._conversations.give_back(self._engine, lease, None)

    def _chosen(self, question: str) -> list[Document]:
        """The documents that a question's words lead to, best first. Raises ToolFault where they lead nowhere."""
        from app.recall import index_document, recall

        documents = self.documents()
        try:
            for document in documents:
                index_document(self._store, document.id)
            with self._store.database.reading() as connection:
                found = recall(connection, question, documents=[document.text for document in documents])
        except StoreError as error:
            raise ToolFault(str(error)) from error
        chosen = list(dict.fromkeys(passage.document_id for passage in found.passages))[:MOST_CHOSEN]
        if not chosen:
            raise ToolFault(
                "No document of the library has the words of the question, so nothing was asked; name documents, or "
                "add one with add_document."
            )
        try:
            return [self._store.documents.get(document_id) for document_id in chosen]
        except UnknownDocument as error:
            raise ToolFault(str(error)) from error
