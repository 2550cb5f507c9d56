"""What the program said was done, line by line, in a file beside its data: what must be there after a kill."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Journal:
    """Lines `{"begin": n, "what": …}` and `{"end": n, "what": …, …}`; what has only begun may be there or not."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._lock = threading.Lock()
        self._number = int.from_bytes(os.urandom(6), "big")

    @contextmanager
    def doing(self, what: str, **known: Any) -> Iterator[dict[str, Any]]:
        """Note that something begins and, with what the block puts into the dictionary, that it has ended."""
        with self._lock:
            self._number += 1
            number = self._number
        self._write({"begin": number, "what": what, **known})
        result = dict(known)
        yield result
        self._write({"end": number, "what": what, **result})

    def _write(self, line: dict[str, Any]) -> None:
        os.write(
            self._file, json.dumps(line).encode() + b"\n"
        )  # in one piece, and a kill takes back no write


def read_journal(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What has ended, in order, and what has only begun."""
    ended, begun = [], {}
    for text in path.read_text().splitlines() if path.exists() else ():
        line = json.loads(text)
        if "begin" in line:
            begun[line["begin"]] = line
        else:
            del begun[line["end"]]
            ended.append(line)
    return ended, list(begun.values())
