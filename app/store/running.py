"""Which processes work in a data folder, so that what a killed one left is told from what is in use.

Each has a file in `running/`, locked for as long as it lives: the system takes the lock away with the process, however
that ends. What a process writes for a while (`turns/`, files called `*.partial`) carries its name.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import filelock

from app.store.files import make_private, make_private_folder

log = logging.getLogger(__name__)
_NAME = re.compile(r"\d+-[0-9a-f]{8}")
_WRITER = re.compile(r"\.(\d+-[0-9a-f]{8}|\d+)\.partial")
_ABANDONED_SECONDS = 24 * 3600.0  # after which a file that names no process is one that nobody works on


class Running:
    """This process among those that work in a data folder; one for each store that is open."""

    def __init__(self, data_dir: Path) -> None:
        """Raises OSError."""
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._folder = data_dir / "running"
        make_private_folder(self._folder)
        path = self._folder / f"{self.name}.lock"
        self._lock = filelock.FileLock(path, mode=0o600)
        self._lock.acquire()
        make_private(path)

    def close(self) -> None:
        """Work there no more. Closing twice does no harm."""
        self._lock.release()
        with suppress(OSError):
            (self._folder / f"{self.name}.lock").unlink(missing_ok=True)

    def ended(self, name: str) -> bool:
        """Whether the process of this name works there no more."""
        path = self._folder / f"{name}.lock"
        if name == self.name or not path.exists():
            return name != self.name
        lock = filelock.FileLock(path, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            return False
        lock.release()
        return True

    def sweep(self, turns: Path, *folders: Path) -> int:
        """Delete what ended processes left: their folders in `turns`, their partial files in `folders`, their locks.

        Returns how many bytes that freed. What cannot be deleted is left to the next start.
        """
        freed = 0
        for path in _listed(turns):
            if not _NAME.fullmatch(path.name) or self.ended(path.name):  # others are an earlier version's
                freed += nbytes_of(path)
                shutil.rmtree(path, ignore_errors=True)
        for folder in folders:
            for path in _listed(folder):
                found = _WRITER.search(path.name)
                if path.name.endswith(".partial") and self._abandoned(path, found[1] if found else ""):
                    freed += nbytes_of(path)
                    with suppress(OSError):
                        path.unlink(missing_ok=True)
        for path in _listed(self._folder):
            if path.suffix == ".lock" and self.ended(path.stem):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        if freed:
            log.info("%d bytes that an ended process had left were deleted.", freed)
        return freed

    def _abandoned(self, path: Path, writer: str) -> bool:
        if _NAME.fullmatch(writer):
            return self.ended(writer)
        if (
            writer
            and os.name == "posix"
            and not Path(f"/proc/{writer}").exists()
            and Path("/proc/self").exists()
        ):
            return True  # an earlier version's, which named its process by the number alone
        try:
            return time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
        except OSError:
            return False


def nbytes_of(path: Path) -> int:
    """The bytes of a file, or of all files in a folder; 0 where there is none."""
    try:
        if not path.is_dir():
            return path.stat().st_size
    except OSError:
        return 0
    return sum(map(nbytes_of, _listed(path)))


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return
