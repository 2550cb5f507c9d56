"""Documents: the text of a file, page by page, got out of it in a child process with limits.

    extracted = extract("manual.pdf", on_page=lambda done, total: print(done, total))
    extracted.pages[140]                                     # the text of page 141
    format_page_ranges(extracted.pages_without_text)         # "1-3, 7"

Whatever is wrong with a file ends in a `DocumentError` whose message is one sentence for the user; the
process that called is never harmed by a file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
from app.documents.folders import expand_paths, natural_key
from app.documents.model import Block, Line, OutlineEntry, Page, Unit
from app.documents.source import SUPPORTED_SUFFIXES, Kind, display_name, open_source

__all__ = [
    "EXTRACTOR_VERSION",
    "SUPPORTED_SUFFIXES",
    "Block",
    "DocumentError",
    "Extracted",
    "ExtractionCancelled",
    "Kind",
    "Limits",
    "Line",
    "OutlineEntry",
    "Page",
    "Unit",
    "display_name",
    "expand_paths",
    "extract",
    "format_page_ranges",
    "natural_key",
]


EXTRACTOR_VERSION = 3  # raised whenever the same bytes may give another text
_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Extracted:
    """One document, read.

    name: what the user calls it, without folders or control characters; sha256: of the file's bytes, in
    hexadecimal; layout: its pages with blocks, labels and places, page 1 first; unit: what a "page" is of this kind of
    file; encoding: what the bytes of a text were taken for, where that was a guess; outline: its table of contents;
    warnings: sentences about the whole document. What has no pages of its own is cut into some of about 3,000
    characters.
    """

    name: str
    kind: Kind
    sha256: str
    layout: tuple[Page, ...]
    unit: Unit = "page"
    encoding: str = ""
    outline: tuple[OutlineEntry, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def of_texts(cls, name: str, kind: Kind, sha256: str, texts: Sequence[str]) -> Extracted:
        """A document of one paragraph a page."""
        pages = (
            Page(number, (Block("paragraph", text),) if text else ())
            for number, text in enumerate(texts, start=1)
        )
        return cls(name, kind, sha256, tuple(pages))

    @property
    def pages(self) -> tuple[str, ...]:
        """The text of each page, "" where a page has no text layer or one that cannot be read."""
        return tuple(page.text for page in self.layout)

    @property
    def pages_without_text(self) -> tuple[int, ...]:
        """Numbers of the empty pages, from 1: scans, pictures, blank paper."""
        return tuple(number for number, text in enumerate(self.pages, start=1) if not text)


def extract(
    path: str | PathLike[str],
    *,
    name: str | None = None,
    encoding: str = "",
    follow: bool = False,
    limits: Limits = _DEFAULT_LIMITS,
    should_stop: Callable[[], bool] | None = None,
    on_page: Callable[[int, int], None] | None = None,
) -> Extracted:
    """Get the text out of the file at `path`.

    name: what to call the document, if not by the last part of `path` (an upload has a name of its own).
    encoding: what the bytes of a text are to be taken for, a name that Python knows; "" to find out.
    follow: a symbolic link is followed and a pipe read to its end, for a path that somebody typed.
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
    with open_source(path, shown_name, limits, stop, follow=follow) as source:
        received = child.read_pages(
            child.worker_command(source.kind, limits, name=shown_name, encoding=encoding),
            source.file,
            name=shown_name,
            limits=limits,
            deadline=started + limits.max_seconds,
            should_stop=stop,
            on_page=on_page if on_page is not None else _ignore_progress,
        )
    if not any(page.text for page in received.pages):
        raise document_error(Fault.NO_TEXT_LAYER, shown_name, limits, value=len(received.pages))
    return Extracted(
        name=shown_name,
        kind=source.kind,
        sha256=source.sha256,
        layout=tuple(received.pages),
        unit=received.unit,
        encoding=received.encoding,
        outline=received.outline,
        warnings=received.warnings,
    )


def _never() -> bool:
    return False


def _ignore_progress(done: int, total: int) -> None:
    pass
