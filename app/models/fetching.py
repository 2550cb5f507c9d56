"""Downloads in the background, one after the other, with what a page shows of each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.models.downloads import Progress
from app.models.errors import DownloadCancelled, ModelError
from app.sentences import Sentence

log = logging.getLogger(__name__)
Step = Callable[[Callable[[Progress], None]], None]  # fetches one part, telling its progress
_UNEXPECTED = Sentence("The download ended because of an error in AHN Chat; the terminal shows it.")


@dataclass(frozen=True)
class Fetch:
    """How one download stands. `progress` None: it waits in line. `error`: one sentence, why it ended."""

    name: str
    running: bool = True
    progress: Progress | None = None
    error: str = ""


class Fetching:
    """A line of downloads by name, in a thread that ends with the last one. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetches: dict[str, Fetch] = {}
        self._line: list[tuple[str, Sequence[Part]]] = []
        self._current: tuple[str, Part] | None = None
        self._cancelled: set[str] = set()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition(self._lock)

    def states(self) -> dict[str, Fetch]:
        """Every download that runs, waits or has failed, by its name."""
        with self._lock:
            return dict(self._fetches)

    def start(self, name: str, parts: Sequence[Part]) -> None:
        """Put a download in line; nothing happens where it is there already."""
        with self._lock:
            if name in self._fetches and self._fetches[name].running:
                return
            self._cancelled.discard(name)
            self._fetches[name] = Fetch(name)
            self._line.append((name, parts))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="fetch-models", daemon=True)
                self._thread.start()

    def cancel(self, name: str) -> None:
        """End a download, or take it out of the line; what has arrived is kept."""
        with self._lock:
            self._cancelled.add(name)
            if self._current is not None and self._current[0] == name:
                self._current[1].cancel()
            elif name in self._fetches:
                self._line = [entry for entry in self._line if entry[0] != name]
                self._fetches.pop(name)

    def forget(self, name: str) -> None:
        """Say no more of a download that has ended."""
        with self._lock:
            if name in self._fetches and not self._fetches[name].running:
                del self._fetches[name]

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is fetched; True when that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._thread is None, timeout)

    def close(self) -> None:
        """Cancel everything and wait for the thread a moment."""
        for name in self.states():
            self.cancel(name)
        self.wait(5)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._line:
                    self._thread = None
                    self._changed.notify_all()
                    return
                name, parts = self._line.pop(0)
            error = self._fetch(name, parts)
            with self._lock:
                self._current = None
                if error:
                    self._fetches[name] = Fetch(name, running=False, error=error)
                else:
                    self._fetches.pop(name, None)

    def _fetch(self, name: str, parts: Sequence[Part]) -> str:
        """Fetch every part; returns why that ended early, "" where it did not or somebody wanted it."""
        try:
            for part in parts:
                with self._lock:
                    if name in self._cancelled:
                        return ""
                    self._current = (name, part)
                part.run(lambda progress: self._tell(name, progress))
        except DownloadCancelled:
            return ""
        except ModelError as error:
            return str(error)
        except Exception:
            log.exception("A download ended in an error.")
            return _UNEXPECTED
        return ""

    def _tell(self, name: str, progress: Progress) -> None:
        with self._lock:
            if name in self._fetches:
                self._fetches[name] = replace(self._fetches[name], progress=progress)


@dataclass(frozen=True)
class Part:
    """One repository of a download: what fetches it, and what ends that."""

    run: Step
    cancel: Callable[[], None]
