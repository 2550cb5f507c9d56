"""Pages of a PDF as pictures, drawn in a child process with limits.

with PagePictures("manual.pdf") as pictures:
    png = pictures.picture(7, width=900)

page_picture("manual.pdf", 7, width=900)          # for one picture alone
"""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import asdict

from app.documents.faults import DocumentError, ExtractionCancelled, Limits
from app.documents.helper import Helper, HelperError, HelperStopped, read_document
from app.documents.source import display_name
from app.sentences import Sentence

Source = str | os.PathLike[str] | bytes

MAX_PIXELS = 12_000_000  # A4 at 300 dots an inch has 8.7 million
_START_SECONDS = 20.0
_DRAW_SECONDS = 20.0
_PROCESSOR_SECONDS = 600.0  # of one child, for all its pictures
_DEFAULT_LIMITS = Limits()


class PagePictures:
    """The pictures of one document's pages. Its child process starts with the first picture, is started again if it
    broke down, and ends on `close`. Threads may share it; they wait for one another.

    source: a path or the bytes of the file. name: what sentences call it.
    """

    def __init__(self, source: Source, *, name: str = "", limits: Limits = _DEFAULT_LIMITS) -> None:
        self.name = name or ("The document" if isinstance(source, bytes) else display_name(os.fspath(source)))
        self._source = source
        self._limits = limits
        self._lock = threading.Lock()
        self._helper: Helper | None = None
        self._closed = threading.Event()

    def picture(
        self,
        number: int,
        *,
        width: int | None = None,
        scale: float = 1.5,
        should_stop: Callable[[], bool] | None = None,
    ) -> bytes:
        """The page `number` (from 1) as a PNG, `width` pixels wide or with `scale` pixels a point, less where it would
        have more than `MAX_PIXELS`.

        Raises DocumentError: one sentence; ExtractionCancelled once `should_stop` says so.
        """
        if (width is not None and width < 1) or not 0 < scale < float("inf"):
            raise ValueError(f"a picture of width {width} and scale {scale}")
        request = {"page": number, "scale": scale} if width is None else {"page": number, "width": width}
        with self._lock:
            try:
                return self._started(should_stop).ask(
                    request, max_seconds=_DRAW_SECONDS, should_stop=should_stop
                )
            except HelperStopped as error:
                self._drop()
                raise ExtractionCancelled(
                    Sentence("Page {page:,} of {name} was not drawn: cancelled.", page=number, name=self.name)
                ) from error
            except HelperError as error:
                if self._helper is not None and self._helper.ended:
                    self._drop()
                raise DocumentError(
                    Sentence(
                        "Page {page:,} of {name} cannot be shown, because {reason}.",
                        page=number,
                        name=self.name,
                        reason=error.reason,
                    )
                ) from error

    def close(self) -> None:
        """End the child process, also while it draws."""
        self._closed.set()
        helper = self._helper
        if helper is not None:
            helper.close()

    def __enter__(self) -> PagePictures:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self, should_stop: Callable[[], bool] | None) -> Helper:
        if self._closed.is_set():
            raise HelperError(Sentence("it was closed"))
        if self._helper is None:
            self._helper = Helper(
                "app.documents.picture_worker",
                read_document(self._source, self._limits),
                {
                    "limits": asdict(self._limits),
                    "max_pixels": MAX_PIXELS,
                    "processor_seconds": _PROCESSOR_SECONDS,
                },
                max_seconds=_START_SECONDS,
                should_stop=should_stop,
            )
            if self._closed.is_set():  # while it was starting
                self._helper.close()
                raise HelperError(Sentence("it was closed"))
        return self._helper

    def _drop(self) -> None:
        if self._helper is not None:
            self._helper.close()
            self._helper = None


def page_picture(
    source: Source,
    number: int,
    *,
    width: int | None = None,
    scale: float = 1.5,
    name: str = "",
    limits: Limits = _DEFAULT_LIMITS,
    should_stop: Callable[[], bool] | None = None,
) -> bytes:
    """One page as a PNG, as `PagePictures.picture`; nothing is left running."""
    with PagePictures(source, name=name, limits=limits) as pictures:
        return pictures.picture(number, width=width, scale=scale, should_stop=should_stop)


class PictureShelf:
    """`PagePictures` of the documents that were looked at last: at most `most_open` child processes that wait, each of
    which ends when nobody has asked for any picture for `idle_seconds`."""

    def __init__(self, most_open: int = 2, idle_seconds: float = 120.0) -> None:
        self._most_open = most_open
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._open: OrderedDict[str, PagePictures] = OrderedDict()  # the one asked for last comes last
        self._asked: Counter[str] = Counter()  # how many requests are under way
        self._timer: threading.Timer | None = None

    def picture(
        self,
        key: str,
        source: Source,
        number: int,
        *,
        width: int,
        name: str = "",
        should_stop: Callable[[], bool] | None = None,
    ) -> bytes:
        """A page's picture (see `PagePictures.picture`). key: what the document is known by, its hash for example; its
        source is read where the document is not open."""
        with self._lock:
            pictures = self._open.pop(key, None) or PagePictures(source, name=name)
            self._open[key] = pictures
            self._asked[key] += 1
            self._stop_timer()
        try:
            return pictures.picture(number, width=width, should_stop=should_stop)
        finally:
            with self._lock:
                self._asked[key] -= 1
                waiting = [other for other in self._open if not self._asked[other]]
                too_many = [
                    self._open.pop(other) for other in waiting[: max(len(self._open) - self._most_open, 0)]
                ]
                if not +self._asked:
                    self._start_timer()
            for other in too_many:
                other.close()

    def close(self) -> None:
        """End all child processes, also those that draw."""
        with self._lock:
            self._stop_timer()
            pictures = list(self._open.values())
            self._open.clear()
        for one in pictures:
            one.close()

    def _close_idle(self) -> None:
        with self._lock:
            pictures = [] if +self._asked else list(self._open.values())
            if pictures:
                self._open.clear()
        for one in pictures:
            one.close()

    def _start_timer(self) -> None:
        self._timer = threading.Timer(self._idle_seconds, self._close_idle)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
