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
from app.store.errors import StoreClosed, StoreError, UnknownDocument
from app.store.files import tighten
from app.store.originals import Originals
from app.store.passages import passages_nbytes
from app.store.presets import Presets
from app.store.rates import Rates
from app.store.readings import Readings
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
        self.database = Database(data_dir / "store.sqlite3", MIGRATIONS)
        old_files.retire(data_dir)
        tighten(data_dir)
        self.originals = Originals(data_dir / "originals")
        self.readings = Readings(data_dir / "snapshots")
        self.documents = Documents(self.database, self.originals, self.readings)
        self.documents.count_also("passages", passages_nbytes)
        self.chats = Chats(self.database)
        self.presets = Presets(self.database)
        self.rates = Rates(self.database)
        try:
            self.documents.finish_removals()
        except BaseException:
            self.database.close()
            raise

    def nbytes(self) -> dict[str, int]:
        """What everything takes on the disk: "originals", "text" (the store's file with all indexes) and "readings"."""
        file = self.database.path
        text = sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*"))
        return {"originals": self.originals.total(), "text": text, "readings": self.readings.total()}

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
