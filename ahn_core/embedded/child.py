"""A child process that never outlives the call that started it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def run_child(command: list[str], environment: dict[str, str], log: Path, tick: Callable[[], None]) -> int:
    """Run `command` with its output in `log`, calling `tick` while it runs; it never outlives this call."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as child,
    ):
        try:
            while child.poll() is None:
                tick()
                time.sleep(0.1)
        finally:
            if child.poll() is None:
                child.kill()
    return child.returncode
