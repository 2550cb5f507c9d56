"""Reading documents into a cache: in order, in chunks, with progress, to be paused and gone on with at any time.

A `Reader` owns one cache. It holds the opening of the prompt (system message and the beginning of the user's turn),
then the documents in the order they were read, each under its name. Where a document is paused and another one read
meanwhile, its rest follows later under its name again: nothing that was read is ever taken back.

Every few seconds, when paused and when a document is done, the cache goes to disk (`ReadingSnapshots`). Before
anything is read the reader looks there for the longest reading that begins what it has to read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversation.entries import Entry, Speed, read_state
from app.conversation.errors import ChatClosedError, ChatError
from app.conversation.events import ReadPhase, ReadState
from app.conversation.line import Line
from app.conversation.live import LiveStats
from app.conversation.pages import Segment
from app.conversation.resources import Resources
from app.conversation.room import check_fits
from app.conversation.settings import ChatSettings
from app.conversation.snapshots import Reading
from app.conversation.turns import TurnTails
from app.sentences import Sentence
from app.store import StoreError

if TYPE_CHECKING:
    from ahn_core import Cache
    from app.conversation.tokens import DocumentTokens

LONGEST_CHUNK = 512
SHORTEST_CHUNK = 64
_CHUNK_SECONDS = 2.0  # about how long a pause, or another chat's answer, waits for a chunk on a slow machine
_SAVE_SECONDS = 30.0
_SAVE_SHARE = 0.05  # of the time at most goes into keeping what was read
_NOT_KEPT = Sentence(
    "What had been read of it is no longer on the disk, so reading on begins with the first page."
)
log = logging.getLogger(__name__)


class Reader:
    """Reads documents into one cache. The methods may be called from any thread; those that say so need the device."""

    def __init__(
        self,
        resources: Resources,
        settings: ChatSettings,
        live: LiveStats,
        on_change: Callable[[], None],
        turns: TurnTails | None = None,
    ) -> None:
        """`on_change` is called, in any thread, whenever a document's state has changed: at least once a chunk.

        `turns` are those of the chat, which are read into the same cache and taken out before a document is read on.
        """
        self.settings = settings
        self.layout = resources.layout(settings.system_prompt)
        self._resources = resources
        self._live = live
        self._on_change = on_change
        self.line = Line(on_change)  # the documents
        self.turns = turns or TurnTails(None)
        # Held while the cache is being kept on disk, and while an answer is written into it.
        self.still = threading.RLock()
        # Over the line and everything below but the cache's contents, which the device guards.
        self._lock = self.line.lock
        self._plan: list[Segment] = []  # what the cache has read, or had in an earlier run of the program
        self._cache: Cache | None = None
        self._speed = Speed()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._saved_at = time.monotonic()
        self._save_seconds = 0.0

    # -- what there is to read ---------------------------------------------------------------------------------------

    def remember(self, plan: Sequence[Segment]) -> None:
        """Take the plan of an earlier run, so that its reading is found on disk; before anything is read."""
        with self._lock:
            self._plan = list(plan)

    def plan(self) -> list[Segment]:
        """The runs of documents in the cache (copies)."""
        with self._lock:
            return [replace(segment) for segment in self._plan]

    def exchange(self, fresh: Entry) -> bool:
        """Have another text of a document read instead, where it waits and nothing of it has been read; True then.

        The entry stays the same object: the thread that reads may have taken it out of the line just now.
        """
        with self._lock:
            entry = self.line.entry(fresh.id)
            if entry.phase is not ReadPhase.QUEUED or self._planned(fresh.id):
                return False
            entry.revision, entry.page_count = fresh.revision, fresh.page_count
            entry.pages_without_text = fresh.pages_without_text
            entry.estimated_tokens = fresh.estimated_tokens
            entry.page_starts = None
            return True

    def start(self) -> None:
        """Read in the background, in a thread that ends when there is nothing left to read."""
        with self._lock:
            work = self.line.next() is not None or (self._plan and self._cache is None)
            if self._thread is None and work and not self._stop.is_set():
                self._thread = threading.Thread(target=self._work, name="reader", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop reading within one chunk, keep what was read on disk and free the cache; returns at once."""
        self._stop.set()
        with self._lock:
            if self._thread is None:
                self._set_cache(None)

    def join(self, timeout: float) -> bool:
        """Wait for the background thread to end, at most `timeout` seconds; True when it has."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    # -- where it stands ---------------------------------------------------------------------------------------------

    @property
    def cache(self) -> Cache | None:
        """The cache; None before anything was read. Only the holder of the device may look into its tensors."""
        return self._cache

    @property
    def active(self) -> ReadState | None:
        """The document being read, or first in line; None where nothing is left to read."""
        return next((state for state in self.states() if state.active), None)

    def states(self) -> list[ReadState]:
        """Where each document stands."""
        with self._lock:
            rate = self._speed.rate() or self._resources.rates.get(self.settings.memory)
            total = sum(entry.total for entry in self.line.all)
            nbytes = self._resources.cache_nbytes(self.settings, total + len(self.layout.opening))
            return [read_state(entry, self._done(entry.id), rate, nbytes) for entry in self.line.all]

    def length(self) -> int:
        """Tokens of the documents in the cache."""
        return self.turns.documents_length

    def _done(self, document_id: str) -> int:
        return 0 if self._cache is None else self._planned(document_id)

    def _planned(self, document_id: str) -> int:
        return max((segment.done for segment in self._plan if segment.document_id == document_id), default=0)

    # -- reading -----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            self.run(self._stop.is_set)
            with self._lock:
                if self._stop.is_set():
                    self._set_cache(None)
                elif self.line.next() is not None:
                    continue
                self._thread = None
                return

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Read what is in line, in this thread, until it is all read or `should_stop` is true.

        A document that cannot be read is marked so, and the next one read.
        """
        self._bring_back(should_stop)
        while not should_stop():
            entry = self.line.next()
            if entry is None:
                self._bring_back(should_stop)  # where the last one failed
                return

            def interrupted(entry: Entry = entry) -> bool:
                return should_stop() or entry.phase is ReadPhase.PAUSED

            try:
                self._read(entry, interrupted)
            except ChatError as error:  # found before the cache was touched
                self.line.fail(entry, str(error))
            except Exception as error:  # outermost level of this thread: whoever watches is told
                log.exception("Reading %s failed", entry.name)
                self._drop_cache()
                self.line.fail(
                    entry,
                    Sentence(
                        "Reading {name} ended at token {done:,} of {total:,} by an error ({kind}: {error}); "
                        "resume it to try again from what was kept on disk.",
                        name=entry.name,
                        done=self._planned(entry.id),
                        total=entry.total,
                        kind=type(error).__name__,
                        error=str(error),
                    ),
                )

    def _bring_back(self, should_stop: Callable[[], bool]) -> None:
        """Show what an earlier run of the program has read, also where nothing is in line."""
        if not self._plan or self._cache is not None:
            return
        try:
            with self._resources.device_unless(should_stop) as mine:
                if mine:
                    self.prepare()
        except ChatClosedError:
            return
        except ChatError as error:
            self._lose_plan(str(error))
        except Exception as error:  # outermost level of this thread: whoever watches is told
            log.exception("A kept reading could not be brought back")
            self._lose_plan(
                Sentence(
                    "What was read of it could not be brought back ({kind}: {error}), so answers know "
                    "nothing of it; resume it to try again.",
                    kind=type(error).__name__,
                    error=str(error),
                )
            )

    def _lose_plan(self, message: str) -> None:
        """Forget an earlier run's plan. Documents in line meet the error again, and say so; the others say so here."""
        with self._lock:
            planned, self._plan = self._plan, []
            lost = self._paused_without_reading(planned)
        for entry in lost:
            self.line.fail(entry, message)

    def _paused_without_reading(self, before: Sequence[Segment]) -> list[Entry]:
        """The paused documents that were in the plan `before` and are no longer. Needs the lock."""
        ids = {segment.document_id for segment in before} - {segment.document_id for segment in self._plan}
        return [entry for entry in self.line.all if entry.phase is ReadPhase.PAUSED and entry.id in ids]

    def prepare(self) -> Cache:
        """The cache, made or brought back from disk where there was none. Needs the device."""
        from ahn_core import prefill

        if self._stop.is_set():
            raise ChatClosedError(
                Sentence("This chat is closed, so nothing can be read in it; open it again.")
            )
        if self._cache is None:
            with self._lock:
                before, wanted = self._plan, self._plan + self._unplanned()
            for count in range(len(wanted), 0, -1):
                if self._restore(wanted[:count]):
                    break
            else:
                cache = self._resources.make_cache(self.settings)
                if self.layout.opening:
                    for _ in prefill(self._resources.model, list(self.layout.opening), cache):
                        pass
                with self._lock:
                    self._plan = []
                    self._set_cache(cache)
            with self._lock:
                for entry in self._paused_without_reading(before):
                    entry.message = _NOT_KEPT
            self._on_change()
        assert self._cache is not None
        return self._cache

    def begin_again(self) -> None:
        """Drop the cache: it is brought back from disk, or read anew, when it is wanted next."""
        self._drop_cache()
        self.start()

    def _set_cache(self, cache: Cache | None) -> None:
        self._cache = cache
        self.turns.attach(cache)

    def _unplanned(self) -> list[Segment]:
        planned = {segment.document_id for segment in self._plan}
        return [
            Segment(entry.id, 0, None, 0, 0, entry.revision)
            for entry in self.line.all
            if entry.id not in planned and entry.phase is ReadPhase.QUEUED
        ]

    def _restore(self, wanted: Sequence[Segment]) -> bool:
        """Take the cache that has read `wanted`, its last run as far as any chat got, from disk. Needs the device."""
        snapshots, key = self._resources.snapshots, self._resources.reading_key(self.settings, wanted)
        reading = snapshots.find(key)
        if reading is None or len(reading.segments) != len(wanted):
            return False
        # Into the cache that is here, where there is one: two would take twice the memory.
        cache = self._cache or self._resources.make_cache(self.settings)
        if not snapshots.load(key, reading, cache):
            return False
        with self._lock:
            self._set_cache(cache)
            self._plan = [replace(segment) for segment in reading.segments]
            for entry in self.line.all:
                if entry.id in reading.page_starts:
                    entry.page_starts = reading.page_starts[entry.id]
                    if self._planned(entry.id) >= entry.total:
                        entry.phase = ReadPhase.DONE
        return True

    def _read(self, entry: Entry, should_stop: Callable[[], bool]) -> None:
        device_unless = self._resources.device_unless
        self._check_fits(entry)
        with device_unless(should_stop) as mine:
            if not mine:
                return
            self._documents_cache()
            if entry.phase is not ReadPhase.DONE and not self._continues(entry):
                # Another chat may have read this document after the same ones.
                rest = Segment(entry.id, self._done(entry.id), None, 0, 0, entry.revision)
                self._restore([*self._closed_plan(), rest])
        if entry.phase is ReadPhase.DONE:
            self._on_change()
            return
        tokens = self._count(entry, should_stop)
        if tokens is None:
            return
        self._check_fits(entry)  # once more, now that the tokens are counted
        with device_unless(should_stop) as mine:
            if not mine:
                return
            segment = self._begin(entry)
        self.line.set_phase(entry, ReadPhase.READING)
        self._saved_at = time.monotonic()
        while segment.done < len(tokens.ids):
            with device_unless(should_stop) as mine:
                if not mine:
                    break
                self._read_chunk(entry, segment, tokens)
            if time.monotonic() - self._saved_at > max(_SAVE_SECONDS, self._save_seconds / _SAVE_SHARE):
                self._save(entry)
        with self.still:  # no answer begins before this is kept
            if segment.done >= len(tokens.ids):
                self.line.set_phase(entry, ReadPhase.DONE)
                self._resources.rates.store(self.settings.memory)
            elif entry.phase is ReadPhase.READING:
                # Stopped, not paused: it goes on when the chat is opened again.
                self.line.set_phase(entry, ReadPhase.QUEUED)
            self._save(entry)
        self._on_change()

    def _count(self, entry: Entry, should_stop: Callable[[], bool]) -> DocumentTokens | None:
        self.line.set_phase(entry, ReadPhase.COUNTING)

        def on_page(done: int) -> None:
            entry.pages_counted = done

        try:
            tokens = self._resources.tokens.get(entry.text, on_page, should_stop)
        except StoreError as error:
            raise ChatError(
                Sentence("{name} cannot be read: {reason}", name=entry.name, reason=str(error))
            ) from error
        if tokens is None:
            if entry.phase is ReadPhase.COUNTING:
                self.line.set_phase(entry, ReadPhase.QUEUED)
            return None
        with self._lock:
            entry.page_starts = tokens.page_starts
        return tokens

    def _check_fits(self, entry: Entry) -> None:
        held = 0 if self._cache is None else self._cache.nbytes
        tokens = self.length() + entry.total - self._done(entry.id)
        check_fits(self._resources, self.settings, entry, tokens, held)

    def _continues(self, entry: Entry) -> bool:
        return bool(self._plan) and self._plan[-1].document_id == entry.id

    def _closed_plan(self) -> list[Segment]:
        """The plan with its last run broken off where it stands."""
        return [
            replace(segment, end=segment.done) if self._is_open(segment) else segment
            for segment in self._plan
        ]

    def _is_open(self, segment: Segment) -> bool:
        entry = next((entry for entry in self.line.all if entry.id == segment.document_id), None)
        complete = entry is not None and entry.page_starts is not None and segment.done >= entry.total
        return segment.end is None and not complete

    def _documents_cache(self) -> Cache:
        """The cache with documents alone in it. Needs the device."""
        cache = self.prepare()
        self.turns.to_documents()
        return cache

    def _begin(self, entry: Entry) -> Segment:
        """The run to read on: the last one, or a new one under the document's name. Needs the device."""
        from ahn_core import prefill

        if self._continues(entry):
            return self._plan[-1]
        cache, start = self._documents_cache(), self._done(entry.id)
        heading = f"Document “{entry.name}”{', continued' if start else ''}:\n\n"
        # Reading the heading commits to it: from here on the earlier documents end where they stand.
        for _ in prefill(self._resources.model, self._resources.encoder.encode(heading), cache):
            pass
        segment = Segment(entry.id, start, None, cache.get_seq_length(), start, entry.revision)
        with self._lock:
            self._plan = [*self._closed_plan(), segment]
        return segment

    def _read_chunk(self, entry: Entry, segment: Segment, tokens: DocumentTokens) -> None:
        from ahn_core import prefill

        cache = self._documents_cache()
        ids = tokens.ids[segment.done : segment.done + self._chunk_size()].tolist()
        began = time.perf_counter()
        for _ in prefill(self._resources.model, ids, cache, chunk_size=len(ids)):
            pass
        seconds = time.perf_counter() - began
        with self._lock:
            segment.done += len(ids)
            self._speed.chunks.append((len(ids), seconds))
            if entry.phase is ReadPhase.QUEUED:  # paused and resumed before this chunk ended
                entry.phase = ReadPhase.READING
        self._resources.rates.add(self.settings.memory, len(ids), seconds)
        self._live.publish(cache)
        self._on_change()

    def _chunk_size(self) -> int:
        rate = self._speed.rate()
        if rate is None:
            return LONGEST_CHUNK
        multiple = round(rate * _CHUNK_SECONDS) // SHORTEST_CHUNK * SHORTEST_CHUNK
        longest = max(LONGEST_CHUNK, self._resources.model.ops.reading_chunk)
        return min(max(multiple, SHORTEST_CHUNK), longest)

    def _drop_cache(self) -> None:
        """Forget a cache in which a chunk may be half read: it is brought back from disk, or read anew."""
        with self._lock:
            self._set_cache(None)
            self.line.read_again()

    # -- keeping it --------------------------------------------------------------------------------------------------

    def _save(self, entry: Entry) -> None:
        """Keep the reading on disk. The device is free meanwhile: only this thread changes the cache, and an answer
        waits."""
        with self.still:
            if self.turns.holds_turns:  # it was asked about what had been read
                with self._resources.device_unless(lambda: False):
                    self.turns.to_documents()
            with self._lock:
                cache, plan = self._cache, self.plan()
                starts = {e.id: e.page_starts for e in self.line.all if e.page_starts is not None}
            if cache is None or not plan:
                return
            began = time.monotonic()
            read = {segment.document_id for segment in plan}
            pages = {name: starts[name] for name in read if name in starts}
            reading = Reading(tuple(plan), pages, cache.get_seq_length())
            message = ""
            try:
                self._resources.keep(self.settings, reading, cache)
            except OSError as error:
                log.warning("What was read of %s is not kept: %s", entry.name, error)
                message = Sentence(
                    "What was read of {name} could not be kept on disk ({error}), so it will be read again "
                    "after a restart; free some disk space.",
                    name=entry.name,
                    error=str(error),
                )
            with self._lock:
                entry.message = message
            self._saved_at = time.monotonic()
            self._save_seconds = self._saved_at - began
