"""Events of work that runs in its own thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

Event = TypeVar("Event")


class _End:
    """The last entry of a stream: how the work ended."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


class EventStream(Iterator[Event], Generic[Event]):
    """Iterate for the events of work that has already begun in a thread of its own.

    A slow or vanished listener holds nothing up. `stop()` asks the work to end (the remaining events still come);
    `close()`, leaving a `with` block or dropping the stream does so too and forgets the events. An exception of the
    work is raised where its events end.
    """

    def __init__(
        self,
        work: Callable[[Callable[[Event], None], threading.Event], None],
        name: str,
        stop: threading.Event | None = None,
    ) -> None:
        """Start `work(emit, stop)` in a thread called `name`; it has to end soon after `stop` is set."""
        self._stop = stop or threading.Event()
        self._events: queue.SimpleQueue[Event | _End] = queue.SimpleQueue()
        self._ended = False
        # The thread knows the queue and the flag alone: a stream that is dropped can be collected, and stops.
        self.thread = threading.Thread(
            target=_run, args=(work, self._events, self._stop), name=name, daemon=True
        )
        self.thread.start()

    def __next__(self) -> Event:
        if self._ended:
            raise StopIteration
        event = self._events.get()
        if isinstance(event, _End):
            self._ended = True
            if event.error is not None:
                raise event.error
            raise StopIteration
        return event

    def stop(self) -> None:
        """Ask the work to end within one token or one chunk."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and forget the events still to come."""
        self._stop.set()
        self._ended = True

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the work's thread, at most `timeout` seconds; True when it has ended."""
        self.thread.join(timeout)
        return not self.thread.is_alive()

    def __enter__(self) -> EventStream[Event]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self._stop.set()


def _run(
    work: Callable[[Callable[[Event], None], threading.Event], None],
    events: queue.SimpleQueue[Event | _End],
    stop: threading.Event,
) -> None:
    error: Exception | None = None
    try:
        work(events.put, stop)
    except Exception as raised:  # noqa: BLE001 - outermost level of this thread: whoever watches is told
        error = raised
    events.put(_End(error))
