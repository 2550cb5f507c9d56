"""Copies of a conversation's cache, one before each question, so that an answer can be given again.

The last few stay in memory, older ones go to disk, and past a limit of bytes they are dropped: a copy only saves the
time of replaying the turns' text over the documents' cache, which is always there.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.store.files import make_private, make_private_folder

if TYPE_CHECKING:
    from ahn_core import Cache

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """A cache that has read the documents and the first `turns` turns of a chat.

    `documents_length` is the length of the documents' cache it continues: once that has grown, the head is out of date.
    `pending` are the tokens due before the next question's.
    """

    cache: Cache
    turns: int
    documents_length: int
    pending: tuple[int, ...]

    def clone(self) -> Head:
        """A copy with a cache of its own."""
        return replace(self, cache=self.cache.clone())


@dataclass(frozen=True)
class _OnDisk:
    path: Path
    nbytes: int
    turns: int
    documents_length: int
    pending: tuple[int, ...]


class TurnCaches:
    """The copies of one chat. May be used from any thread."""

    def __init__(
        self,
        folder: Path,
        make_cache: Callable[[], Cache],
        *,
        in_memory: int = 2,
        memory_bytes: int = 2**30,
        disk_bytes: int = 2 * 2**30,
    ) -> None:
        """At most `in_memory` copies and `memory_bytes` stay in memory, but always one.

        `make_cache` makes an empty cache of the chat's kind.
        """
        self._folder = folder
        self._make_cache = make_cache
        self._in_memory = in_memory
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._lock = threading.RLock()
        self._heads: dict[int, Head | _OnDisk] = {}
        self._closed = False

    def keep(self, head: Head) -> None:
        """Take over a head, which its caller must not feed any more."""
        with self._lock:
            if not self._closed:
                self._forget(head.turns)
                self._heads[head.turns] = head

    def has(self, turns: int) -> bool:
        """True where a copy with exactly so many turns is kept."""
        with self._lock:
            return turns in self._heads

    def restore(self, turns: int, documents_length: int) -> Head | None:
        """A copy of the kept head with the most turns, at most `turns`, over documents of that length; None without."""
        with self._lock:
            for count in sorted((count for count in self._heads if count <= turns), reverse=True):
                kept = self._heads[count]
                if kept.documents_length != documents_length:
                    continue
                head = kept.clone() if isinstance(kept, Head) else self._load(kept)
                if head is not None:
                    return head
        return None

    def forget_from(self, turns: int) -> None:
        """Drop the copies that have read `turns` turns or more."""
        with self._lock:
            for count in [count for count in self._heads if count >= turns]:
                self._forget(count)

    def forget_other(self, documents_length: int) -> None:
        """Drop the copies over documents of another length."""
        with self._lock:
            for count in [
                count for count, kept in self._heads.items() if kept.documents_length != documents_length
            ]:
                self._forget(count)

    def spill(self) -> None:
        """Move what exceeds the limits to disk, the oldest first; call it while nobody waits for the device."""
        with self._lock:
            room, count = self._memory_bytes, self._in_memory
            heads = sorted(
                (kept for kept in self._heads.values() if isinstance(kept, Head)),
                key=lambda head: -head.turns,
            )
            for index, head in enumerate(heads):
                room, count = room - head.cache.nbytes, count - 1
                if index and (room < 0 or count < 0):
                    self._move_to_disk(head)
            room = self._disk_bytes
            for stored in sorted(
                (kept for kept in self._heads.values() if isinstance(kept, _OnDisk)),
                key=lambda stored: -stored.turns,
            ):
                room -= stored.nbytes
                if room < 0:
                    self._forget(stored.turns)

    def close(self) -> None:
        """Drop all copies, in memory and on disk, and take no more."""
        with self._lock:
            self._closed = True
            self._heads.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _move_to_disk(self, head: Head) -> None:
        from safetensors import SafetensorError

        path = self._folder / f"{head.turns}.safetensors"
        try:
            make_private_folder(self._folder.parent)
            make_private_folder(self._folder)
            head.cache.save(path)
            make_private(path)
            nbytes = path.stat().st_size
        except (OSError, SafetensorError) as error:
            log.warning(
                "The copy of a conversation is not kept on disk (%s); its turns can still be replayed.", error
            )
            self._forget(head.turns)
            return
        self._heads[head.turns] = _OnDisk(path, nbytes, head.turns, head.documents_length, head.pending)

    def _load(self, stored: _OnDisk) -> Head | None:
        cache = self._make_cache()
        try:
            cache.load(stored.path)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            log.warning(
                "The copy of a conversation at %s is not used, its turns are replayed: %s", stored.path, error
            )
            self._forget(stored.turns)
            return None
        return Head(cache, stored.turns, stored.documents_length, stored.pending)

    def _forget(self, turns: int) -> None:
        kept = self._heads.pop(turns, None)
        if isinstance(kept, _OnDisk):
            kept.path.unlink(missing_ok=True)
