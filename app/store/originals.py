"""The files people added, as they were: `originals/ab/abcdef….pdf`, known by the SHA-256 of their bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.sentences import Sentence
from app.store.errors import StoreError
from app.store.files import make_private_folder

_BLOCK = 1024 * 1024
_SUFFIX = re.compile(r"\.[a-z0-9]{1,16}")
_PARTIAL = ".partial"
_ABANDONED_SECONDS = 24 * 3600.0  # after which a copy that was never finished is one that nobody works on


@dataclass(frozen=True)
class Staged:
    """A checked copy under a passing name; `Originals.place` gives it its own."""

    copy: Path
    target: Path
    nbytes: int


class Originals:
    """The files in one folder. Any thread and process may call any method; every file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._forget_abandoned()

    def keep(self, path: Path, sha256: str, suffix: str) -> Path:
        """Copy the file at `path` and return where the copy is; it stays where it is if it is kept already.

        Raises StoreError where its bytes are not those of `sha256`, or where it cannot be read or copied.
        """
        kept = self.path(sha256)
        if kept is not None:
            return kept
        staged = self.stage(path, sha256, suffix)
        try:
            return self.place(staged)
        finally:
            self.discard(staged)

    def stage(self, path: Path, sha256: str, suffix: str) -> Staged:
        """Copy the file and check the copy, which nobody finds before `place`. Raises as `keep` does."""
        suffix = suffix.lower()
        target = self._place_of(sha256) / (sha256 + (suffix if _SUFFIX.fullmatch(suffix) else ""))
        copy: Path | None = None
        try:
            make_private_folder(self._folder)
            make_private_folder(target.parent)
            digest, nbytes = hashlib.sha256(), 0
            descriptor, name = tempfile.mkstemp(_PARTIAL, dir=self._folder)  # 0600 by itself
            copy = Path(name)
            with os.fdopen(descriptor, "wb") as file, path.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    file.write(block)
                    nbytes += len(block)
                file.flush()
                os.fsync(file.fileno())
            if digest.hexdigest() != sha256:
                raise StoreError(
                    Sentence(
                        "The file {name} changed while it was being added, so it was not kept; add it again.",
                        name=path.name,
                    )
                )
            staged = Staged(copy, target, nbytes)
            copy = None
            return staged
        except OSError as error:
            raise StoreError(_sentence(path, self._folder, error)) from error
        finally:
            if copy is not None:
                copy.unlink(missing_ok=True)

    def place(self, staged: Staged) -> Path:
        """Give a checked copy its name, in one step."""
        try:
            os.replace(staged.copy, staged.target)
        except OSError as error:
            raise StoreError(_sentence(staged.target, self._folder, error)) from error
        return staged.target

    def discard(self, staged: Staged) -> None:
        """Delete a copy that was not placed."""
        with suppress(OSError):  # a day later it is deleted as an abandoned one
            staged.copy.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path | None:
        """The kept file; None where there is none."""
        found = sorted(self._place_of(sha256).glob(f"{_digits(sha256)}*"))
        return found[0] if found else None

    def nbytes(self, sha256: str) -> int:
        """Its size; 0 where there is none."""
        path = self.path(sha256)
        return 0 if path is None else path.stat().st_size

    def total(self) -> int:
        """The bytes of all kept files."""
        return sum(path.stat().st_size for path in self._folder.glob("??/*"))

    def delete(self, sha256: str) -> int:
        """Delete the kept file, if there is one, and return how many bytes that freed. Raises StoreError."""
        freed = 0
        for path in sorted(self._place_of(sha256).glob(f"{_digits(sha256)}*")):
            try:
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    Sentence(
                        "The file {path} could not be deleted ({reason}), so it is still on the disk; it "
                        "is tried again at the next start.",
                        path=str(path),
                        reason=error.strerror or str(error),
                    )
                ) from error
        with suppress(OSError):  # others are in it
            self._place_of(sha256).rmdir()
        return freed

    def _place_of(self, sha256: str) -> Path:
        return self._folder / _digits(sha256)[:2]

    def _forget_abandoned(self) -> None:
        for path in self._folder.glob(f"*{_PARTIAL}"):
            with suppress(OSError):  # another start tries again
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()


def _digits(sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256 in 64 hexadecimal digits")
    return sha256


def _sentence(path: Path, folder: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return Sentence(
            "The disk with {folder} is full, so {name} was not kept; free some space and add it again.",
            folder=str(folder),
            name=path.name,
        )
    return Sentence(
        "The file {name} could not be copied to {folder} ({reason}), so it was not kept; check that both "
        "may be read and written, and add it again.",
        name=path.name,
        folder=str(folder),
        reason=error.strerror or str(error),
    )
