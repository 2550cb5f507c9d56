"""Text recognition (OCR) of pages without a right text layer, page by page in a child process with limits.

    pages = recognise("scan.pdf", [3, 4, 5], on_page=lambda page, done, total: print(done, total))
    pages[3].text                                     # its blocks have origin "recognised"

It takes the extra `ahn-chat[ocr]`: rapidocr with its models (PP-OCRv6, Apache-2.0), which works offline and reads
languages in Latin letters, Chinese and Japanese; not Cyrillic, Greek, Arabic, Hebrew, Korean or Indian ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec

from app.documents.faults import DocumentError, ExtractionCancelled, Limits
from app.documents.helper import Helper, HelperError, HelperStopped, read_document
from app.documents.model import Page, page_from_json
from app.documents.source import display_name
from app.installation import added_by
from app.sentences import Sentence

MISSING = Sentence(
    "Text recognition is not installed: run “{command}” (about 120 MB) and try again.",
    command=added_by("ocr"),
)
NOTHING_FOUND = Sentence("Text recognition found nothing on this page.")
_START_SECONDS = 60.0
_PAGE_SECONDS = 120.0
_MAX_MEMORY_BYTES = 6 * 1024**3  # of address space, of which the models and a page use about a quarter
_MOST_THREADS = 4
_DEFAULT_LIMITS = Limits()

OnPage = Callable[[Page, int, int], None]


def is_available() -> bool:
    """Whether the extra is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def recognise(
    source: str | os.PathLike[str] | bytes,
    numbers: Sequence[int],
    on_page: OnPage | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    name: str = "",
    limits: Limits = _DEFAULT_LIMITS,
) -> dict[int, Page]:
    """Recognise the pages `numbers` (from 1) of a PDF, given by its path or bytes.

    on_page: called from this thread after each page with the page, how many are done, and how many there are to do.
    A page that cannot be recognised comes without blocks, with a warning that says why. Raises DocumentError: the extra
    is missing, the document cannot be opened, the child broke down; ExtractionCancelled once `should_stop` says so.
    Pages that `on_page` was given are good whatever comes after.
    """
    if not is_available():
        raise DocumentError(MISSING)
    shown = name or (
        Sentence("The document") if isinstance(source, bytes) else display_name(os.fspath(source))
    )
    pages: dict[int, Page] = {}
    try:
        options = {
            "limits": asdict(limits),
            "threads": max(1, min(_MOST_THREADS, os.cpu_count() or 1)),
            "max_memory_bytes": _MAX_MEMORY_BYTES,
            "processor_seconds": _PAGE_SECONDS * _MOST_THREADS * (len(numbers) + 1),
        }
        document = read_document(source, limits)
        with Helper(
            "app.documents.ocr_worker", document, options, max_seconds=_START_SECONDS, should_stop=should_stop
        ) as helper:
            for done, number in enumerate(numbers, start=1):
                pages[number] = _page(helper, number, should_stop)
                if on_page is not None:
                    on_page(pages[number], done, len(numbers))
    except HelperStopped as error:
        raise ExtractionCancelled(
            Sentence("Text recognition of {name} was cancelled.", name=shown)
        ) from error
    except HelperError as error:
        raise DocumentError(
            Sentence("{name} cannot be recognised, because {reason}.", name=shown, reason=error.reason)
        ) from error
    return pages


def _page(helper: Helper, number: int, should_stop: Callable[[], bool] | None) -> Page:
    try:
        answer = helper.ask({"page": number}, max_seconds=_PAGE_SECONDS, should_stop=should_stop)
    except HelperStopped:
        raise
    except HelperError as error:
        if helper.ended:
            raise
        return Page(number, warnings=(Sentence("Text recognition failed: {reason}.", reason=error.reason),))
    try:
        page = page_from_json(json.loads(answer)["page"])
    except (ValueError, KeyError, TypeError) as error:
        raise HelperError(Sentence("the program that recognises it broke down")) from error
    if page.number != number:
        raise HelperError(Sentence("the program that recognises it broke down"))
    return page
