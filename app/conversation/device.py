"""The one device and the line before it.

A model computes for one conversation at a time. Whoever wants it takes a ticket and is served in the order of the
tickets: readers give the device back after every chunk and line up again, so an answer, also one of another chat,
comes in between two chunks; an answer keeps the device to its end.
"""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class Device:
    """A first-come, first-served lock whose waiters know their place in line."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._line: deque[Ticket] = deque()

    def ticket(self) -> Ticket:
        """Join the line. The ticket must be left, whether or not its turn came: use it in a `with` block."""
        ticket = Ticket(self)
        with self._condition:
            self._line.append(ticket)
        return ticket

    def ticket_if_free(self) -> Ticket | None:
        """A ticket that is served at once, or None where somebody is being served or waits."""
        with self._condition:
            if self._line:
                return None
            ticket = Ticket(self)
            self._line.append(ticket)
            return ticket

    def _place(self, ticket: Ticket) -> int:
        with self._condition:
            return self._line.index(ticket)

    def _wait(self, ticket: Ticket, timeout: float | None) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: self._line[0] is ticket, timeout)

    def _leave(self, ticket: Ticket) -> None:
        with self._condition:
            if ticket in self._line:
                self._line.remove(ticket)
                self._condition.notify_all()


class Ticket:
    """A place in the line of a `Device`; leaving the `with` block gives the device, or the place, back."""

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def place(self) -> int:
        """How many are before this one; 0 when the device is its own."""
        return self._device._place(self)

    def wait(self, timeout: float | None = None) -> bool:
        """True as soon as the device is this ticket's; False when `timeout` seconds passed before."""
        return self._device._wait(self, timeout)

    def leave(self) -> None:
        """Give the device, or the place in line, back. May be called twice."""
        self._device._leave(self)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()
