"""The files that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def files_of(named: Sequence[str]) -> list[Path]:
    """The files, and those of folders that were named, in the order of their names."""
    files: list[Path] = []
    for path in map(Path, named):
        files += sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    return files
