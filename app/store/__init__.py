"""What the app keeps: documents with their files, chats, and how fast it has read.

    with Store(data_dir) as store:
        document = store.documents.add(extracted, Path("manual.pdf"))
        store.documents.pages(document.id)[140]         # the text of page 141
        store.documents.layout(document.id, [141])      # the same page with its blocks and their places
        store.chats.list("pump"), store.rates.get("model ahn"), store.originals.path(document.sha256)

In the data folder: `store.sqlite3` (and what SQLite puts beside it), `originals/`, and `snapshots/`, whose readings
`app.conversation` writes and a document's deletion takes away.

Another module over the same file takes the `Database`, adds its tables in a `Migration` of its own
(`app.store.schema`), refers to `texts (document_id, revision) ON DELETE CASCADE` for what it derives from a text (an
FTS index is kept in step by triggers on the table it indexes, which cascades fire too), and tells
`Documents.count_also` what that takes.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from app.store import old_files
from app.store.chats import Chats, ChatSummary, StoredChat, StoredTurn
from app.store.database import Database
from app.store.document_rows import Document, DocumentUsage, PageHit, PageNote, TextId, Unreadable
from app.store.documents import Documents
from app.store.errors import StoreClosed, StoreError, UnknownDocument, sentence
from app.store.files import tighten
from app.store.originals import Originals
from app.store.passages import passages_nbytes
from app.store.presets import Presets
from app.store.rates import Rates
from app.store.readings import Readings
from app.store.running import Running, nbytes_of
from app.store.schema import MIGRATIONS

__all__ = [
    "ChatSummary",
    "Chats",
    "Database",
    "Document",
    "DocumentUsage",
    "Documents",
    "PageHit",
    "PageNote",
    "Presets",
    "Rates",
    "Store",
    "StoreClosed",
    "StoreError",
    "StoredChat",
    "StoredTurn",
    "TextId",
    "UnknownDocument",
    "Unreadable",
]


class Store:
    """Everything in one data folder, which is made if there is none. Any thread may use it.

    Raises StoreError where the store's file cannot be used: it is left as it is.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir
        self.running: Running | None = None
        self.database = Database(data_dir / "store.sqlite3", MIGRATIONS)
        try:
            with self.database.alone():
                old_files.retire(data_dir)
                self.running = Running(data_dir)
                self.running.sweep(data_dir / "turns", data_dir / "snapshots")
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise StoreError(sentence(self.database.path, error, 0)) from error
            raise
        tighten(data_dir)
        self.originals = Originals(data_dir / "originals")
        self.readings = Readings(data_dir / "snapshots")
        self.documents = Documents(self.database, self.originals, self.readings)
        self.documents.count_also("passages", passages_nbytes)
        self.chats = Chats(self.database)
        self.presets = Presets(self.database)
        self.rates = Rates(self.database)
        self.turns = data_dir / "turns"
        try:
            self.documents.finish_removals()
        except BaseException:
            self.close()
            raise

    def nbytes(self) -> dict[str, int]:
        """What everything takes on the disk: "originals", "text" (the store's file with all indexes), "readings", and
        "turns" where there are any: what open chats have put aside."""
        file = self.database.path
        text = sum(map(nbytes_of, file.parent.glob(f"{file.name}*")))
        taken = {"originals": self.originals.total(), "text": text, "readings": self.readings.total()}
        turns = nbytes_of(self.turns)
        return {**taken, "turns": turns} if turns else taken

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self.database.close()
        if self.running is not None:
            self.running.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
