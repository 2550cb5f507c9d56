"""A small world for the chat's tests: a tiny real model that counts what it reads, a library, an engine."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from app.conversation import Chat, ChatSettings, Engine, EventStream
from app.conversation.events import AnswerFinished, AnswerToken, ChatEvent, ReadPhase, Turn
from app.documents import Extracted
from app.store import Documents, Store
from tests.tiny import byte_tokenizer, tiny_model

WORDS = (
    "the",
    "pump",
    "valve",
    "must",
    "not",
    "be",
    "opened",
    "before",
    "pressure",
    "falls",
    "under",
    "two",
    "bar",
)
# The system prompt is short so that only a document's chunks have 64 tokens or more.
SETTINGS = ChatSettings(
    attention_sinks=16, sliding_window=192, system_prompt="Be brief.", max_new_tokens=12, recall=False
)


def pages(count: int, characters: int = 300, seed: int = 0) -> tuple[str, ...]:
    """Pages of about so many characters, which are as many tokens, each different from the next."""
    chance = random.Random(seed)
    texts = []
    for number in range(1, count + 1):
        text = f"Page {number}."
        while len(text) < characters:
            text += " " + chance.choice(WORDS)
        texts.append(text)
    return tuple(texts)


class CountingModel:
    """Notes every run of tokens a model is fed; `before` is called first and may wait or raise."""

    def __init__(self) -> None:
        self.model = tiny_model(eos_token_ids=())
        self.fed: list[list[int]] = []
        self.before: Callable[[list[int]], None] = lambda ids: None
        read = self.model.read

        def counting(input_ids: torch.Tensor, cache: object) -> torch.Tensor:
            ids = input_ids[0].tolist()
            self.before(ids)
            self.fed.append(ids)
            return read(input_ids, cache)

        self.model.read = counting  # type: ignore[method-assign]

    def tokens_fed(self) -> int:
        return sum(map(len, self.fed))


class World:
    """Everything an engine needs, in one folder; `restart` is what a new start of the program sees."""

    def __init__(self, folder: Path, *, snapshot_bytes: int = 2**30) -> None:
        self.folder = folder
        self.counting = CountingModel()
        self.tokenizer = byte_tokenizer()
        self.tokenizer.eos_token = None  # answers are as long as they may be, unless a test says otherwise
        self._snapshot_bytes = snapshot_bytes
        self.linger = 0.0  # seconds; for the next engine
        self.engine = self._engine()

    def _engine(self) -> Engine:
        model = self.counting.model
        store = Store(self.folder)
        return Engine(
            model, self.tokenizer, store, snapshot_bytes=self._snapshot_bytes, linger_seconds=self.linger
        )

    @property
    def library(self) -> Documents:
        return self.engine.store.documents

    def restart(self) -> None:
        self.engine.close()
        self.engine = self._engine()

    def crash_and_start(self) -> None:
        """A new engine over what is on disk now; the old one is left as it is, and closed at the end."""
        self.crashed = self.engine
        self.engine = self._engine()

    def close(self) -> None:
        self.counting.before = lambda ids: None
        self.engine.close()

    def document(self, name: str = "manual.txt", texts: Iterable[str] = pages(8)) -> str:
        texts = tuple(texts)
        digest = hashlib.sha256("\f".join((name, *texts)).encode()).hexdigest()
        return self.library.add(Extracted.of_texts(name, "txt", digest, texts)).id

    def chat(self, *document_ids: str, settings: ChatSettings = SETTINGS) -> Chat:
        """A chat that has read the documents."""
        chat = self.engine.new_chat(settings)
        for document_id in document_ids:
            chat.add_document(document_id)
        rest(chat)
        assert all(state.phase is ReadPhase.DONE for state in chat.documents)
        return chat

    def slow_down(self, seconds: float = 0.02) -> None:
        """Make each chunk of a document take a while."""

        def before(ids: list[int]) -> None:
            if len(ids) >= 64:
                time.sleep(seconds)

        self.counting.before = before


class Gate:
    """Stops the model before a chunk of a document, until told to go on."""

    def __init__(self, world: World, *, after_chunks: int) -> None:
        self._left = after_chunks
        self._open = threading.Event()
        self.reached = threading.Event()
        world.counting.before = self._before

    def _before(self, ids: list[int]) -> None:
        if len(ids) < 64:
            return
        self._left -= 1
        if self._left < 0:
            self.reached.set()
            assert self._open.wait(20), "the gate was never opened"

    def open(self) -> None:
        self._open.set()


def start_answer(chat: Chat, question: str = "Why?") -> EventStream[ChatEvent]:
    """Ask, and return once the first token is there."""
    events = chat.ask(question)
    for event in events:
        if isinstance(event, AnswerToken):
            return events
    raise AssertionError("no token came")


def finish(events: Iterable[ChatEvent]) -> Turn:
    """Follow an answer to its end."""
    last = None
    for event in events:
        last = event
    assert isinstance(last, AnswerFinished), last
    return last.turn


def rest(chat: Chat) -> None:
    """Wait until a chat has nothing left to read and has kept what it read."""
    wait_until(lambda: not chat.reading)
    chat.join(20)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll until the condition holds."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "the condition never came true"
        time.sleep(0.005)
