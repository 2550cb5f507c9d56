"""The files that paths on a command line stand for: those of a folder in the order in which people count."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.documents.kinds import SUPPORTED_SUFFIXES

_DIGITS = re.compile(r"(\d+)")


def expand_paths(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Each path, and in place of a folder all files in it and below that have a suffix of a document.

    Hidden files and folders are left out, and so are links to folders (which may lead in a circle). Raises OSError
    for a folder that cannot be listed.
    """
    return [file for path in paths for file in _expand(Path(path))]


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """What to sort names by: file2 before file10, and no difference between small letters and capitals."""
    parts = _DIGITS.split(unicodedata.normalize("NFKD", name).casefold())
    return tuple(
        (0, int(part), part) if place % 2 else (1, 0, part) for place, part in enumerate(parts) if part
    )


def _expand(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir(), key=lambda entry: natural_key(entry.name)):
        if entry.name.startswith((".", "~$")):  # "~$": what Office keeps while a file is open
            continue
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _expand(entry)
        elif entry.suffix.lower() in SUPPORTED_SUFFIXES and entry.is_file():
            yield entry
