"""Progress of a command on standard error."""

from __future__ import annotations

import time
from typing import TextIO


class ProgressLine:
    """Progress: on a terminal one line that is rewritten, elsewhere a line for each step and one every few seconds."""

    SECONDS_BETWEEN_LINES = 5.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._dirty = False
        self._step = ""
        self._next_line = 0.0

    def __call__(self, sentence: str, fraction: float | None = None) -> None:
        if self._rewrites:
            percent = "" if fraction is None else f" ({fraction:.0%})"
            self._stream.write(f"\r\x1b[K{sentence}{percent}")
            self._stream.flush()
            self._dirty = True
            return
        step, now = sentence.partition(":")[0], time.monotonic()
        if step != self._step or now >= self._next_line:
            self._step, self._next_line = step, now + self.SECONDS_BETWEEN_LINES
            print(sentence, file=self._stream, flush=True)

    def note(self, sentence: str) -> None:
        """A line that stays."""
        self.clear()
        print(sentence, file=self._stream, flush=True)

    def clear(self) -> None:
        """Leave the terminal's line empty for what comes next."""
        if self._dirty:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._dirty = False
