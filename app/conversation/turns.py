"""The turns of a conversation in its one cache, and the way back through them, so that an answer can be given again.

A cache reads the documents and then turn after turn. Before each turn it is marked, and what the turn overwrites is
kept as a tail (`ahn_core.tails`), a fraction of the cache where a turn is shorter than the window. To answer a turn
again, or to read on in the documents, the cache is rewound from mark to mark. The newest tails stay in memory, older
ones go to disk; over a limit of bytes two become one, which only costs the replaying of a turn's text.
"""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.store.files import free_bytes, make_private, make_private_folder

if TYPE_CHECKING:
    from ahn_core import Cache
    from ahn_core.tails import Tail

log = logging.getLogger(__name__)
MEMORY_SHARE = 0.3  # of the cache's bytes, which tails may take in memory; the newest always stays
DISK_BYTES = 2 * 2**30
_SPARE_DISK = 2**30  # that is left free on the disk


@dataclass(frozen=True)
class Head:
    """A cache that has read the documents and the first `turns` turns of a chat.

    `documents_length` is how many tokens the documents take. `pending` are the tokens due before the next question's.
    """

    cache: Cache
    turns: int
    documents_length: int
    pending: tuple[int, ...]


@dataclass(frozen=True)
class Held:
    """What a chat's reading and turns take now, in bytes: the cache, its tails in memory and those on disk."""

    cache_nbytes: int
    tails: int
    tails_nbytes: int
    disk_nbytes: int

    @property
    def nbytes(self) -> int:
        """All that is in memory."""
        return self.cache_nbytes + self.tails_nbytes


class TailLost(Exception):
    """What leads back is not on the disk any more, or the chat was closed: the cache is not to be used."""


@dataclass
class _Mark:
    """Where a turn began: how many turns the cache had read, and what leads back there, in memory or on disk."""

    turns: int
    pending: tuple[int, ...]
    length: int
    tail: Tail | None
    path: Path | None = None
    disk_nbytes: int = 0


class TurnTails:
    """The turns in one chat's cache. May be used from any thread; what says so needs the device."""

    def __init__(self, folder: Path | None, *, disk_bytes: int = DISK_BYTES) -> None:
        """`folder` gets the tails that do not stay in memory, at most `disk_bytes` of them; None: all stay."""
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._lock = threading.RLock()
        self._cache: Cache | None = None
        self._marks: list[_Mark] = []
        self._turns = 0
        self._sound = 0  # of the turns in the cache, those that the chat still has
        self._pending: tuple[int, ...] = ()
        self._within = False  # a turn has been begun and not ended
        self._files = 0
        self._closed = False

    def attach(self, cache: Cache | None) -> None:
        """Take a cache that has read documents alone."""
        with self._lock:
            self._forget_marks()
            self._cache = cache

    @property
    def documents_length(self) -> int:
        """The tokens of the documents in the cache."""
        with self._lock:
            if self._cache is None:
                return 0
            return self._marks[0].length if self._marks else self._cache.get_seq_length()

    @property
    def holds_turns(self) -> bool:
        """Whether the cache has read more than documents."""
        return bool(self._marks)

    def held(self) -> Held:
        """What all this takes. Waits for nobody: the page asks for it."""
        cache, marks = self._cache, list(self._marks)
        tails = [tail.nbytes for mark in marks if (tail := mark.tail) is not None]
        nbytes = 0 if cache is None else cache.nbytes
        return Held(nbytes, len(marks), sum(tails), sum(mark.disk_nbytes for mark in marks))

    def head(self) -> Head:
        """Where the cache stands. Raises TailLost."""
        with self._lock:
            return Head(self._open_cache(), self._turns, self.documents_length, self._pending)

    def rewind(self, turns: int) -> Head:
        """Go back to where the cache had read that many turns, or fewer. Needs the device.

        Raises TailLost; the cache is then to be made anew.
        """
        with self._lock:
            cache, wanted = self._open_cache(), min(turns, self._sound)
            if self._within or self._turns > wanted:
                while self._marks:
                    mark = self._marks[-1]
                    cache.rewind(self._in_memory(mark))
                    self._turns, self._pending, self._within = mark.turns, mark.pending, False
                    if mark.turns <= wanted:
                        break
                    self._marks.pop()
            self._sound = self._turns
            return self.head()

    def to_documents(self) -> None:
        """Take all turns out, so that more documents can be read. Needs the device. Raises TailLost."""
        with self._lock:
            if self._marks:
                self._sound = 0
                self.rewind(0)
                self.attach(self._cache)

    def begin_turn(self) -> None:
        """Mark where the cache stands: a turn begins. Needs the device. Raises TailLost."""
        with self._lock:
            cache = self._open_cache()
            if not self._marks or self._marks[-1].turns != self._turns:
                length = cache.get_seq_length()
                self._marks.append(_Mark(self._turns, self._pending, length, cache.mark()))
            self._within = True

    def end_turn(self, head: Head) -> None:
        """Note that the cache is now at this head, some turns further."""
        with self._lock:
            self._turns, self._pending, self._within = head.turns, head.pending, False
            self._sound = head.turns

    def forget_from(self, turns: int) -> None:
        """Of the turns in the cache the chat has `turns - 1` at most; the others go when it is rewound next.

        Waits for nobody; called while no turn is within.
        """
        self._sound = min(self._sound, max(turns - 1, 0))

    def settle(self) -> None:
        """Move what exceeds the limit of memory to disk, the oldest first; call it while nobody waits for an answer."""
        with self._lock:
            if self._cache is None or self._folder is None or self._closed:
                return
            self._spill()
            while len(self._marks) > 2 and self._over_limit():
                self._join_oldest()
                self._spill()

    def _spill(self) -> None:
        assert self._cache is not None
        room = self._cache.nbytes * MEMORY_SHARE
        for place, mark in reversed(list(enumerate(self._marks))):
            if mark.tail is None:
                continue
            room -= mark.tail.nbytes
            if room < 0 and place < len(self._marks) - 1:
                self._move_to_disk(mark, mark.tail)

    def close(self) -> None:
        """Drop everything, in memory and on disk, and take no more."""
        with self._lock:
            self._closed = True
            self._forget_marks()
            self._cache = None
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _open_cache(self) -> Cache:
        if self._cache is None:
            raise TailLost("the cache was given up")
        return self._cache

    def _forget_marks(self) -> None:
        for mark in self._marks:
            if mark.path is not None:
                mark.path.unlink(missing_ok=True)
        self._marks.clear()
        if self._cache is not None:
            self._cache.unmark()
        self._turns, self._sound, self._within, self._pending = 0, 0, False, ()

    def _over_limit(self) -> bool:
        """Whether some older tail is in memory for want of room on the disk."""
        assert self._cache is not None
        older = sum(mark.tail.nbytes for mark in self._marks[:-1] if mark.tail is not None)
        return older > self._cache.nbytes * MEMORY_SHARE

    def _join_oldest(self) -> None:
        """Let one tail lead over the two oldest turns, which takes at most a window's rows."""
        assert self._cache is not None
        first, second = self._marks[0], self._marks[1]
        try:
            tail, later = self._in_memory(first), self._in_memory(second)
        except TailLost:  # found again, and said, when it is wanted
            del self._marks[1]
            return
        tail.take_over(later, self._cache.layout)
        del self._marks[1]
        self._move_to_disk(first, tail)

    def _move_to_disk(self, mark: _Mark, tail: Tail) -> None:
        """Where there is room: nothing is written that would be over the limit."""
        from safetensors import SafetensorError

        assert self._folder is not None
        if sum(one.disk_nbytes for one in self._marks) + tail.nbytes > self._disk_bytes:
            return
        path = self._folder / f"{self._files}.safetensors"
        try:
            for folder in (self._folder.parents[1], self._folder.parent, self._folder):
                make_private_folder(folder)  # of all processes, of this one, of this chat
            if free_bytes(self._folder) < tail.nbytes + _SPARE_DISK:
                return
            self._files += 1
            tail.save(path)
            make_private(path)
            mark.disk_nbytes = path.stat().st_size
        except (OSError, SafetensorError) as error:
            log.warning("What leads back through a conversation stays in memory (%s).", error)
            path.unlink(missing_ok=True)
            return
        mark.tail, mark.path = None, path

    def _in_memory(self, mark: _Mark) -> Tail:
        if mark.tail is None:
            from ahn_core.tails import Tail

            assert mark.path is not None
            try:
                mark.tail = Tail.load(mark.path, self._open_cache().device)
            except (OSError, ValueError, KeyError, RuntimeError) as error:
                log.warning("What leads back through a conversation is lost, it is read again: %s", error)
                raise TailLost(str(error)) from error
            mark.path.unlink(missing_ok=True)
            mark.path, mark.disk_nbytes = None, 0
        return mark.tail
