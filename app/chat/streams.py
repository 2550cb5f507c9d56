"""Events of work that runs in its own thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

Event = TypeVar("Event")


class EventStream(Iterator[Event], Generic[Event]):
    """Iterate for the events of work that has already begun in a thread of its own.

    A slow or vanished listener holds nothing up. `stop()` asks the work to end (the remaining events still come);
    `close()`, leaving a `with` block or dropping the stream does so too and forgets the events.
    """

    def __next__(self) -> Event:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
