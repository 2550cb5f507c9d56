"""`ahn-chat eval index`: how long a text takes to be made searchable, how large its index is, how long a search takes.

Pages are taken from the documents that are named, one after the other and again from the first, until a text has as
many as are wanted. Seconds are of the processor, so that they say the same on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from app.evaluation.files import files_of
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine
from app.recall import fulltext, index_document, recall, search
from app.store import Store

if TYPE_CHECKING:
    from app.documents import Page

PAGES = (10, 114, 261, 1151)
_SEARCHES = 50  # of two words each, drawn evenly over the text
_BUDGET = 1600  # tokens of passages


@dataclass(frozen=True)
class Measured:
    """What one text took. Bytes are what the store grew by with the index, beside the text itself."""

    pages: int
    characters: int
    passages: int
    seconds_indexing: float
    index_bytes: int
    median_search_ms: float
    most_search_ms: float
    median_recall_ms: float
    most_recall_ms: float


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat eval index`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat eval index",
        description="Measure how long a text takes to be made searchable, the size of its index, and searches in it.",
        allow_abbrev=False,
    )
    result.add_argument("measure", choices=("index",), help=argparse.SUPPRESS)
    result.add_argument("documents", nargs="+", metavar="PATH", help="files, or folders of files")
    result.add_argument(
        "--pages",
        nargs="+",
        type=int,
        default=list(PAGES),
        metavar="N",
        help=f"lengths of the texts, in pages (default {' '.join(map(str, PAGES))})",
    )
    result.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return result


def main(argv: Sequence[str]) -> int:
    """Measure; returns the exit status. Raises OptionError, CommandFailed: one sentence."""
    arguments = parser().parse_args(argv)
    if min(arguments.pages) < 1:
        raise OptionError(
            f"A text of {min(arguments.pages)} pages cannot be searched: give --pages at least 1."
        )
    progress = ProgressLine(sys.stderr)
    with ExitStack() as stack:
        stack.callback(progress.clear)
        pages = _pages(files_of(arguments.documents), progress)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahn-chat-index-")))
        rows = []
        for count in arguments.pages:
            progress(f"Indexing {count:,} pages")
            rows.append(measure(scratch / str(count), list(islice(cycle(pages), count))))
    print(json.dumps([asdict(row) for row in rows], indent=1) if arguments.json else table(rows))
    return 0


def _pages(files: Sequence[Path], progress: ProgressLine) -> list[Page]:
    """The pages of the files that have text."""
    from app.documents import DocumentError, extract

    pages: list[Page] = []
    for file in files:
        progress(f"Reading {file.name}")
        try:
            pages += [page for page in extract(file).layout if page.text.strip()]
        except DocumentError as error:
            progress.note(f"Left out: {error}")
    if not pages:
        raise CommandFailed("None of the documents has text, so there is nothing to search in: name others.")
    return pages


def measure(folder: Path, pages: Sequence[Page]) -> Measured:
    """Index a text of these pages in a store of its own in `folder`, and search in it."""
    from app.documents import Extracted

    numbered = tuple(replace(page, number=number, label="") for number, page in enumerate(pages, 1))
    digest = hashlib.sha256("\f".join(page.text for page in numbered).encode()).hexdigest()
    with Store(folder) as store:
        document = store.documents.add(Extracted(f"{len(numbered)}-pages.txt", "txt", digest, numbered))
        before = _size(store)
        began = time.process_time()
        passages = index_document(store, document.id)
        seconds = time.process_time() - began
        size = _size(store) - before
        searches, recalls = [], []
        with store.database.reading() as connection:
            words = fulltext.vocabulary(connection, fulltext.keys_of(connection, [document.id]))
            for query in _queries(words):
                began = time.process_time()
                search(connection, query, [document.id])
                searches.append(1000 * (time.process_time() - began))
                began = time.process_time()
                recall(connection, f"What about the {query}?", (), [document.id], _BUDGET)
                recalls.append(1000 * (time.process_time() - began))
    return Measured(
        len(numbered),
        sum(len(page.text) for page in numbered),
        passages,
        round(seconds, 3),
        size,
        round(statistics.median(searches), 1),
        round(max(searches), 1),
        round(statistics.median(recalls), 1),
        round(max(recalls), 1),
    )


def _size(store: Store) -> int:
    """Bytes of the store's pages that are in use."""
    with store.database.reading() as connection:
        used = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        ]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    return int((used[0] - used[1]) * size)


def _queries(words: Sequence[str]) -> Iterator[str]:
    """Pairs of words of the text, from its whole vocabulary."""
    step = max(len(words) // _SEARCHES, 1)
    for at in range(0, len(words), step):
        yield f"{words[at]} {words[(at + len(words) // 2) % len(words)]}"


def table(rows: Sequence[Measured]) -> str:
    """The figures for people."""
    lines = [
        f"{'pages':>7}{'passages':>10}{'indexed in':>12}{'index':>10}{'search':>18}{'recall by words':>20}",
    ]
    for row in rows:
        search_ms = f"{row.median_search_ms:.0f} ms (most {row.most_search_ms:.0f})"
        recall_ms = f"{row.median_recall_ms:.0f} ms (most {row.most_recall_ms:.0f})"
        lines.append(
            f"{row.pages:>7,}{row.passages:>10,}{row.seconds_indexing:>10.2f} s{row.index_bytes / 1e6:>7.1f} MB"
            f"{search_ms:>18}{recall_ms:>20}"
        )
    return "\n".join(lines)
