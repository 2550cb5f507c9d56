"""What a child process does to itself before it looks at a document: limits, and an end when nobody waits for it."""

from __future__ import annotations

import math
import os
import threading
import time


def limit_resources(max_memory_bytes: int, max_seconds: float) -> None:
    """Limit this process's address space and processor time, and have it write no file. Nothing happens where the
    platform has no such limits (Windows)."""
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(max_seconds)
    wanted = [
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),  # no file can grow; pipes are not files
        (resource.RLIMIT_CPU, seconds, seconds + 1),
    ]
    if hasattr(resource, "RLIMIT_AS"):
        wanted.append((resource.RLIMIT_AS, max_memory_bytes, max_memory_bytes))
    for kind, soft, hard in wanted:
        _, ceiling = resource.getrlimit(kind)
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        try:
            resource.setrlimit(kind, (soft, hard))
        except ValueError:  # macOS refuses limits on the address space below what is in use
            continue


def end_with(parent: int, max_seconds: float) -> None:
    """End this process when its parent has gone (Windows does not tell), or after `max_seconds`: a thread watches."""
    threading.Thread(target=_watch, args=(parent, time.monotonic() + max_seconds), daemon=True).start()


def _watch(parent: int, deadline: float) -> None:
    while time.monotonic() < deadline and (os.name == "nt" or os.getppid() == parent):
        time.sleep(0.25)
    os._exit(3)
