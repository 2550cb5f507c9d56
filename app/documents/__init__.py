"""Documents: the text of a PDF, plain text or Markdown file, page by page, got out of it in a child process
with limits.

    extracted = extract("manual.pdf", on_page=lambda done, total: print(done, total))
    extracted.pages[140]                                     # the text of page 141
    format_page_ranges(extracted.pages_without_text)         # "1-3, 7"

Whatever is wrong with a file ends in a `DocumentError` whose message is one sentence for the user; the
process that called is never harmed by a file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike

from app.documents import child
from app.documents.faults import (
    DocumentError,
    ExtractionCancelled,
    Fault,
    Limits,
    document_error,
    format_page_ranges,
)
from app.documents.source import SUPPORTED_SUFFIXES, Kind, display_name, open_source

__all__ = [
    "SUPPORTED_SUFFIXES",
    "DocumentError",
    "Extracted",
    "ExtractionCancelled",
    "Kind",
    "Limits",
    "display_name",
    "extract",
    "format_page_ranges",
]


_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Extracted:
    """The text of one document.

    name: what the user calls it, without folders or control characters; sha256: of the file's bytes, in
    hexadecimal;
    pages: the text of each page, page 1 first, "" where a page has no text layer or one that cannot be read.
    Text and Markdown files have no pages of their own and are cut into pages of about 3,000 characters.
    """

    name: str
    kind: Kind
    sha256: str
    pages: tuple[str, ...]

    @property
    def pages_without_text(self) -> tuple[int, ...]:
        """Numbers of the empty pages, from 1: scans, pictures, blank paper."""
        return tuple(number for number, text in enumerate(self.pages, start=1) if not text)


def extract(
    path: str | PathLike[str],
    *,
    name: str | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    should_stop: Callable[[], bool] | None = None,
    on_page: Callable[[int, int], None] | None = None,
) -> Extracted:
    """Get the text out of the file at `path`.

    name: what to call the document, if not by the last part of `path` (an upload has a name of its own).
    should_stop: asked about twenty times a second, from the calling thread; once true, the child is killed
    and
        `ExtractionCancelled` raised within a quarter of a second.
    on_page: called from the calling thread after each page with the number of pages done and of all pages.

    A document in which no page has text is refused (a scan wants text recognition first); one in which only
    some pages have none is returned, with their numbers in `pages_without_text`.

    Raises DocumentError: one sentence that says what is wrong, the limit if there is one, and what to do.
    """
    started = time.monotonic()
    shown_name = display_name(str(path) if name is None else name)
    stop = should_stop if should_stop is not None else _never
    with open_source(path, shown_name, limits, stop) as source:
        pages = child.read_pages(
            child.worker_command(source.kind, limits),
            source.file,
            name=shown_name,
            limits=limits,
            deadline=started + limits.max_seconds,
            should_stop=stop,
            on_page=on_page if on_page is not None else _ignore_progress,
        )
    if not any(pages):
        raise document_error(Fault.NO_TEXT_LAYER, shown_name, limits, value=len(pages))
    return Extracted(name=shown_name, kind=source.kind, sha256=source.sha256, pages=pages)


def _never() -> bool:
    return False


def _ignore_progress(done: int, total: int) -> None:
    pass
