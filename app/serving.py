"""A port to listen on, and waiting until somebody ends the program: what every server of the app does."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

PORTS_TRIED = 100
WILDCARD_HOSTS = frozenset({"0.0.0.0", "::", ""})
# What ends the program while it waits, and leaves it the time to keep what was read; the second one ends it at once.
ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def origin_of(host: str, port: int, scheme: str = "http") -> str:
    """Scheme, host and port to reach a server under that listens on `host`."""
    host = "127.0.0.1" if host in WILDCARD_HOSTS else host
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def until_told(server: threading.Thread, begin: Callable[[], None]) -> int:
    """Call `begin` and wait until the server's thread ends, or a signal tells to end. From the main thread.

    Returns the number of the signal, 0 where the server ended by itself.
    """
    told: list[int] = []
    end = threading.Event()

    def tell(number: int, frame: object) -> None:
        told.append(number)
        end.set()
        signal.signal(number, before[number] or signal.SIG_DFL)  # the second one ends the program at once

    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    for number in ENDING_SIGNALS:
        signal.signal(number, tell)
    try:
        begin()
        # Not by joining the thread: a join that a signal's exception interrupts takes the thread for ended, up to
        # Python 3.12, and what it works with would be closed under its hands.
        while not end.wait(0.5) and server.is_alive():
            pass
        return told[0] if told else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def own_names() -> frozenset[str]:
    """The names other machines may know this one by."""
    name = socket.gethostname().lower()
    return frozenset({name, f"{name}.local", socket.getfqdn().lower()})


def listen(host: str, port: int, *, fixed: bool) -> socket.socket:
    """A listening socket on `port` or, unless `fixed`, the next free one. Raises OSError where there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = port if fixed or port == 0 else min(port + PORTS_TRIED, 65_535)
    for candidate in range(port, last + 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
        except OSError:
            listener.close()
            if candidate == last:
                raise
        else:
            return listener
    raise AssertionError("the loop returns or raises")
