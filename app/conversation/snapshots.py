"""Readings on disk: a document read once is not read again, by another chat or after a restart.

A reading is two files: `<key>-<length>.safetensors`, the cache, and `<key>.json`, which says how far it got and names
the first. The JSON is replaced last and in one step, so a crash at any moment leaves the previous reading or the new
one. The key stands for the model, its memory, the system prompt and what was read before; see `Reader`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.conversation.pages import Segment
from app.sentences import Sentence
from app.store.files import free_bytes, make_private, make_private_folder

if TYPE_CHECKING:
    from ahn_core import Cache

_FORMAT = 1
SPARE_DISK = 256 * 2**20  # that a reading leaves free on the disk
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """What a cache has read: the runs of documents in it, and where their pages begin (see `DocumentTokens`)."""

    segments: tuple[Segment, ...]
    page_starts: dict[str, np.ndarray]
    length: int  # tokens in the cache


class ReadingSnapshots:
    """The readings in one folder, at most `budget_bytes` of them, and one that is larger by itself where the disk has
    room; the least recently used go first."""

    def __init__(self, folder: Path, budget_bytes: int, *, writer: str = "") -> None:
        """`writer` is the name of this process in the names of unfinished files (`app.store.running`)."""
        self._folder = folder
        self._budget = budget_bytes
        self._writer = writer or str(os.getpid())
        self._lock = threading.RLock()  # over the folder's contents
        make_private_folder(folder)

    def find(self, key: str) -> Reading | None:
        """The reading kept under this key, without its cache; None where there is none, or only a damaged one."""
        try:
            values = json.loads((self._folder / f"{key}.json").read_text("utf-8"))
            if values["format"] != _FORMAT:
                raise ValueError(f"format {values['format']!r} is not {_FORMAT}")
            return Reading(
                segments=tuple(Segment(**segment) for segment in values["segments"]),
                page_starts={
                    name: np.asarray(starts, np.int64) for name, starts in values["page_starts"].items()
                },
                length=int(values["length"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _report(key, error)
            return None

    def load(self, key: str, reading: Reading, cache: Cache) -> bool:
        """Fill a cache with what was kept; False, and a line in the log, where it is damaged or foreign.

        The cache is as it was after False.
        """
        try:
            cache.load(self._cache_path(key, reading.length), length=reading.length)
        except (
            OSError,
            ValueError,
            KeyError,
            RuntimeError,
        ) as error:  # the last two: missing or misshapen tensors
            _report(key, error)
            self._forget_useless(key, reading)
            return False
        try:
            os.utime(self._folder / f"{key}.json")
        except OSError as error:  # the order of use is a convenience
            log.info("The use of the reading %s is not noted: %s", key, error)
        return True

    def save(self, key: str, reading: Reading, cache: Cache) -> bool:
        """Keep a cache, which must not change meanwhile; False where the one kept under this key has read as much.

        Others are deleted first where there is no room for all. Raises OSError where the disk is not writable or has no
        room for this one; then nothing is written and no other deleted.
        """
        with self._lock:
            kept = self.find(key)
            if (
                kept is not None
                and kept.length >= reading.length
                and self._cache_path(key, kept.length).exists()
            ):
                return False
            self._make_room(key, cache.saved_nbytes)
            cache_path = self._cache_path(key, reading.length)
            partial = self._folder / f"{key}.{self._writer}.partial"
            try:
                _save_cache(cache, partial)
                make_private(partial)
                os.replace(partial, cache_path)
                partial.write_text(_to_json(reading), "utf-8")
                make_private(partial)
                _flush(partial)
                os.replace(partial, self._folder / f"{key}.json")
            finally:
                partial.unlink(missing_ok=True)
            for path in self._folder.glob(f"{key}-*.safetensors"):
                if path != cache_path:
                    _delete(path)
        return True

    def forget(self, key: str) -> None:
        """Delete the reading kept under this key, if there is one."""
        with self._lock:
            self._forget(key)

    def _cache_path(self, key: str, length: int) -> Path:
        return self._folder / f"{key}-{length}.safetensors"

    def _forget_useless(self, key: str, reading: Reading) -> None:
        with self._lock:
            current = self.find(key)
            if (
                current is None or current.length == reading.length
            ):  # else a better one has been kept meanwhile
                self._forget(key)

    def _forget(self, key: str) -> None:
        _delete(self._folder / f"{key}.json")
        for path in self._folder.glob(f"{key}-*.safetensors"):
            _delete(path)

    def _make_room(self, key: str, nbytes: int) -> None:
        """Delete others, the least recently used first, until this one fits budget and disk; raises OSError where it
        cannot fit the disk."""
        entries = []
        known: set[Path] = set()
        for path in self._folder.glob("*.json"):
            files = [path, *self._folder.glob(f"{path.stem}-*.safetensors")]
            known.update(files)
            if path.stem != key:
                stats = [file.stat() for file in files]
                entries.append((stats[0].st_mtime, path.stem, sum(stat.st_size for stat in stats)))
        for path in self._folder.glob("*.safetensors"):
            if path not in known and not path.name.startswith(f"{key}-"):
                _delete(path)  # its JSON never came: the program ended in between
        total, free = sum(size for _, _, size in entries), free_bytes(self._folder)
        lacking = nbytes + SPARE_DISK - free
        if lacking > total:
            raise OSError(
                Sentence(
                    "it takes {size:.2f} GiB, and of the {free:.2f} GiB that are free {spare:.2f} GiB stay "
                    "free",
                    size=nbytes / 2**30,
                    free=free / 2**30,
                    spare=SPARE_DISK / 2**30,
                )
            )
        over = total - self._budget + (nbytes if nbytes <= self._budget else 0)
        for _, other, size in sorted(entries):
            if over <= 0 and lacking <= 0:
                break
            self._forget(other)
            over, lacking = over - size, lacking - size


def _report(key: str, reason: object) -> None:
    log.warning("The kept reading %s is not used, and its documents are read again: %s", key, reason)


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # open in another process, on Windows: the next trim takes it
        log.info("%s is not deleted yet: %s", path, error)


def _save_cache(cache: Cache, path: Path) -> None:
    from safetensors import SafetensorError

    try:
        cache.save(path)
    except SafetensorError as error:  # what safetensors makes of a full disk
        raise OSError(Sentence("the reading could not be written: {error}", error=str(error))) from error
    _flush(path)


def _flush(path: Path) -> None:
    """Make sure a file's contents are on the disk before a name points to it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _to_json(reading: Reading) -> str:
    return json.dumps(
        {
            "format": _FORMAT,
            "length": reading.length,
            "segments": [asdict(segment) for segment in reading.segments],
            "page_starts": {name: starts.tolist() for name, starts in reading.page_starts.items()},
        }
    )


def describe(segments: Sequence[Segment]) -> list[list[str | int | None]]:
    """The part of a key that stands for what was read: closed runs in full, the last one by where it begins."""
    closed: list[list[str | int | None]] = [
        [segment.text.key, segment.start, segment.end] for segment in segments[:-1]
    ]
    return [*closed, [segments[-1].text.key, segments[-1].start, None]]
