"""What all chats of a process share."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.conversation.device import Device
from app.conversation.errors import ChatError
from app.conversation.events import ReadingEstimate, Waiting
from app.conversation.lookup import Lookup
from app.conversation.pages import Segment
from app.conversation.prompt import PromptLayout, TextEncoder
from app.conversation.room import check_memory
from app.conversation.settings import ChatSettings, MemoryKind
from app.conversation.snapshots import ReadingSnapshots, describe
from app.conversation.tokens import TokenisedDocuments
from app.sentences import Sentence
from app.store import Rates, Store, StoreError, TextId

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM, Cache
    from app.conversation.snapshots import Reading
    from app.store import Document

log = logging.getLogger(__name__)
_RATE_WEIGHT = 0.3  # of the newest measurement in the running mean
_MEASURED_TEXT = "Each page is read once, from the first to the last. " * 32
_MEASURED_TOKENS = 128
_JUDGING_PARAMETERS = 300_000_000  # about two seconds on two cores
_LOOK_AROUND = 0.1  # seconds between two looks at a stop flag while waiting


class ReadingRates:
    """How fast this model reads with each kind of memory, kept from start to start."""

    def __init__(self, stored: Rates, prefix: str) -> None:
        self._stored = stored
        self._prefix = prefix
        self._lock = threading.Lock()
        self._rates: dict[MemoryKind, float | None] = {}

    def get(self, kind: MemoryKind) -> float | None:
        """Tokens a second, a running mean; None where nothing has been read yet."""
        with self._lock:
            if kind not in self._rates:
                self._rates[kind] = self._stored.get(f"{self._prefix} {kind}")
            return self._rates[kind]

    def add(self, kind: MemoryKind, tokens: int, seconds: float) -> None:
        """Take a measured chunk into the mean."""
        before, rate = self.get(kind), tokens / max(seconds, 1e-6)
        with self._lock:
            self._rates[kind] = rate if before is None else before + _RATE_WEIGHT * (rate - before)

    def store(self, kind: MemoryKind) -> None:
        """Keep the mean for later starts."""
        rate = self.get(kind)
        if rate is not None:
            try:
                self._stored.save(f"{self._prefix} {kind}", rate)
            except StoreError as error:  # the next start estimates without it
                log.warning("%s", error)


class Resources:
    """The model with its device, the tokenised documents and what is kept on disk."""

    def __init__(
        self,
        model: AHNForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        store: Store,
        snapshots: ReadingSnapshots,
        turns_folder: Path,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.store = store
        self.snapshots = snapshots
        self.turns_folder = turns_folder
        self.device = Device()
        self.encoder = TextEncoder(tokenizer)
        self.tokens = TokenisedDocuments(store.documents, self.encoder)
        self.rates = ReadingRates(
            store.rates, f"{model.identity['model']} {model.identity['dtype']} {model.device.type}"
        )
        self.lookup = Lookup(model, self.encoder, store)
        self._layouts: dict[str, PromptLayout] = {}
        self._layout_lock = threading.Lock()

    @property
    def max_positions(self) -> int:
        """The length the model was trained for."""
        return self.model.config.max_position_embeddings

    def layout(self, system_prompt: str) -> PromptLayout:
        """The prompt's layout for this system prompt."""
        with self._layout_lock:
            if system_prompt not in self._layouts:
                self._layouts[system_prompt] = PromptLayout.from_tokenizer(
                    self.tokenizer, self.encoder, system_prompt
                )
            return self._layouts[system_prompt]

    def count_tokens(self, text: str) -> int:
        """The tokens of a text."""
        return len(self.encoder.encode(text))

    @property
    def judges(self) -> bool:
        """Whether the model chooses quotes: on a processor a large one would take too long for that. Decided by its
        size, so that a question asked twice gets the same quotes."""
        return self.model.device.type != "cpu" or self.model.num_parameters <= _JUDGING_PARAMETERS

    def make_cache(self, settings: ChatSettings) -> Cache:
        """An empty cache as the settings want it. Raises ChatError where there is no memory for it."""
        check_memory(self, settings, 0, Sentence("A cache with these settings"))
        return self.model.make_cache(
            settings.memory, attention_sinks=settings.attention_sinks, sliding_window=settings.sliding_window
        )

    def cache_nbytes(self, settings: ChatSettings, tokens: int) -> int:
        """The bytes a cache will take after this many tokens."""
        return self.model.cache_nbytes(
            settings.memory, settings.attention_sinks, settings.sliding_window, tokens
        )

    def document(self, document_id: str) -> Document:
        """A document of the library that can be read. Raises ChatError where it is gone or has no text."""
        try:
            document = self.store.documents.get(document_id)
        except StoreError as error:
            raise ChatError(str(error)) from error
        if not document.characters:
            raise ChatError(
                Sentence(
                    "{name} has no text on any of its {count:,} pages, so there is nothing to "
                    "read; run it through text recognition (OCR) and add it again.",
                    name=document.name,
                    count=document.page_count,
                )
            )
        return document

    def note_use(self, document_id: str) -> None:
        """Note that a document is read now; a full disk does not keep it from being read."""
        try:
            self.store.documents.touch(document_id)
        except StoreError as error:
            log.warning("%s", error)

    def reading_key(self, settings: ChatSettings, segments: Sequence[Segment]) -> str:
        """What a kept reading is known by: all that its cache depends on, but how far the last run has got."""
        parts = {
            "model": self.model.identity,
            "tokenizer": self.encoder.fingerprint,
            "memory": settings.memory,
            "attention_sinks": settings.attention_sinks,
            "sliding_window": settings.sliding_window,
            "opening": self.layout(settings.system_prompt).opening,
            "segments": describe(segments),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]

    def keep(self, settings: ChatSettings, reading: Reading, cache: Cache) -> None:
        """Keep a reading on disk, unless one of its documents was deleted meanwhile. Raises OSError."""
        key = self.reading_key(settings, reading.segments)
        if self._has_all(reading):
            self.snapshots.save(key, reading, cache)
            if not self._has_all(reading):  # deleted while it was being written
                self.snapshots.forget(key)

    def _has_all(self, reading: Reading) -> bool:
        try:
            return all(self.store.documents.has(segment.document_id) for segment in reading.segments)
        except StoreError as error:  # what was read is worth keeping all the same
            log.warning("%s", error)
            return True

    def kept_tokens(self, settings: ChatSettings, texts: Sequence[TextId]) -> int:
        """How many of the documents' tokens need not be read, because a reading of them is kept on disk."""
        wanted = [Segment(document_id, 0, None, 0, 0, revision) for document_id, revision in texts]
        for count in range(len(wanted), 0, -1):
            reading = self.snapshots.find(self.reading_key(settings, wanted[:count]))
            if reading is not None:
                return sum(segment.done - segment.start for segment in reading.segments)
        return 0

    def estimate(
        self, settings: ChatSettings, texts: Sequence[TextId], tokens: int, exact: bool
    ) -> ReadingEstimate:
        """What reading documents of so many tokens costs at the measured speed, less what is kept on disk."""
        to_read, in_cache = max(tokens - self.kept_tokens(settings, texts), 0), tokens
        rate = self.rates.get(settings.memory)
        seconds = 0.0 if not to_read else None if rate is None else to_read / rate
        return ReadingEstimate(to_read, exact, rate, seconds, self.cache_nbytes(settings, in_cache))

    def measure_reading(self, settings: ChatSettings) -> None:
        """Read for a second something of no matter, so that the first estimate has a speed to go by.

        Does nothing where the speed is known, or where the device is busy: then it soon will be.
        """
        from ahn_core import prefill

        if self.rates.get(settings.memory) is not None:
            return
        ticket = self.device.ticket_if_free()
        if ticket is None:
            return
        with ticket:
            # A smaller window holds these tokens as well.
            window = min(settings.sliding_window, 2 * _MEASURED_TOKENS)
            cache = self.make_cache(replace(settings, sliding_window=window))
            ids = self.encoder.encode(_MEASURED_TEXT)[:_MEASURED_TOKENS]
            for _ in range(2):  # the first time, memory is touched and kernels are made
                began = time.perf_counter()
                for _ in prefill(self.model, ids, cache, chunk_size=len(ids)):
                    pass
                seconds = time.perf_counter() - began
        self.rates.add(settings.memory, len(ids), seconds)

    @contextmanager
    def device_unless(
        self, should_stop: Callable[[], bool], emit: Callable[[Waiting], None] = lambda event: None
    ) -> Iterator[bool]:
        """Wait for the device and hold it in the `with` block, which gets True; False, without it, once
        `should_stop` is true. `emit` is told of the wait about ten times a second."""
        began = time.monotonic()
        with self.device.ticket() as ticket:
            mine = ticket.wait(timeout=0)
            while not mine and not should_stop():
                emit(Waiting(time.monotonic() - began, ticket.place))
                mine = ticket.wait(timeout=_LOOK_AROUND)
            yield mine and not should_stop()
