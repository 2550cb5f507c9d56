"""Users who ask, stop, answer again, edit, take back, close and come back, each in a chat of its own, all at once.

Every token that is fed is written down by cache. At the end each chat's cache has read its own document and its own
turns and nothing else, and each answer is what the model says after just that.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from weakref import WeakKeyDictionary

import psutil
import torch

from ahn_core import Cache, SamplingSettings
from app.acceleration import keep_freed_memory
from app.conversation import Chat
from app.conversation.events import AnswerFinished, AnswerToken, ChatEvent, TurnState
from tests.app.chatting import SETTINGS, World, finish, pages, wait_until

GREEDY = replace(SETTINGS, sampling=SamplingSettings(temperature=0.0), max_new_tokens=16)
NEAR = 1e-3  # of a logit, by which computing in other pieces may differ
PARTS = 5  # of the time
MOST_TURNS = 6
MOST_VERSIONS = (
    40  # of a chat's turns, then a new chat takes its place: what is open is as much late as early
)
PATIENCE = 120.0  # seconds


@dataclass
class Report:
    """What was done, what was checked, and what was wrong (`faults`; nothing is meant)."""

    done: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)  # MB, after each fifth of the time, no chat being open
    threads: tuple[int, int] = (0, 0)  # before and after all
    files: tuple[int, int] = (0, 0)


class Recorder:
    """Every token that a cache has read, by cache."""

    def __init__(self, world: World) -> None:
        self.read: WeakKeyDictionary[Cache, list[int]] = WeakKeyDictionary()
        self.documents: dict[
            int, list[int]
        ] = {}  # of the documents, by the length that a reading of them has
        model, feed = world.counting.model, world.counting.model.read

        def recording(input_ids: torch.Tensor, cache: Cache) -> torch.Tensor:
            self.of(cache).extend(input_ids[0].tolist())
            return feed(input_ids, cache)

        model.read = recording  # type: ignore[method-assign]

    def of(self, cache: Cache) -> list[int]:
        """What the cache has read and still has; unknown tokens are -1."""
        ids, length = self.read.setdefault(cache, []), cache.get_seq_length()
        del ids[length:]
        ids.extend([-1] * (length - len(ids)))  # it came from disk
        return ids


def settle(chat: Chat) -> None:
    """Wait until a chat has read all; many others compute meanwhile."""
    wait_until(lambda: not chat.reading, PATIENCE)
    chat.join(PATIENCE)


class User:
    """One person with one chat, in a thread."""

    def __init__(self, world: World, recorder: Recorder, number: int, seed: int, report: Report) -> None:
        self.word = f"user{number:02}"
        self._world, self._recorder, self._report = world, recorder, report
        self._chance = random.Random(seed * 1000 + number)
        text = tuple(f"{self.word} {page}" for page in pages(2, characters=250, seed=number))
        self._document = world.document(f"{self.word}.txt", text)
        self._begin()
        self._documents = list(recorder.of(self._cache()))

    def _begin(self) -> None:
        """A new chat with the user's document."""
        self.chat = self._world.engine.new_chat(GREEDY)
        self.chat.add_document(self._document)
        self.id = self.chat.id
        self._versions = 0
        settle(self.chat)

    def _cache(self) -> Cache:
        cache = self.chat._state.reader.cache
        assert cache is not None
        return cache

    def run(self, until: float) -> None:
        while time.monotonic() < until:
            try:
                self._once()
            except Exception as error:  # noqa: BLE001 - what is looked for
                self._report.faults.append(f"{self.word}: {type(error).__name__}: {error}")
                return

    def _once(self) -> None:
        chance, turns = self._chance, len(self.chat.turns)
        choices = ["ask"] if turns < MOST_TURNS else []
        if turns:
            choices += ["answer again", "edit", "take back", "another version", "close"]
        kind = chance.choice(choices)
        if self._versions >= MOST_VERSIONS:
            kind = "begin anew"
        self._report.done[kind] += 1
        match kind:
            case "ask":
                self._follow(self.chat.ask(self._question()))
            case "answer again":
                self._follow(self.chat.regenerate(chance.randrange(turns)))
            case "edit":
                self._follow(self.chat.edit(chance.randrange(turns), self._question()))
            case "take back":
                self.chat.undo(chance.randrange(turns))
            case "another version":
                place = chance.randrange(turns)
                self.chat.choose_version(place, chance.randrange(self.chat.versions[place].count) + 1)
            case "close":
                if chance.random() < 0.5:  # in the middle of an answer
                    self.chat.ask(self._question()).close()
                self.close()
                self.chat = self._world.engine.chat(self.id)
                settle(self.chat)
            case "begin anew":
                self.close()
                self._world.engine.delete_chat(self.id)
                self._begin()

    def _question(self) -> str:
        return f"{self.word} asks {self._chance.randrange(1000)}?"

    def _follow(self, events: object) -> None:
        """To the end, or to a token at which it is stopped."""
        self._versions += 1
        stop_at = self._chance.choice((None, None, None, 0, 1, 5))
        last: ChatEvent | None = None
        for event in events:  # type: ignore[attr-defined]
            last = event
            if stop_at == 0 or (isinstance(event, AnswerToken) and event.tokens == stop_at):
                self.chat.stop()
                self._report.done["stop"] += 1
                stop_at = None
        if not isinstance(last, AnswerFinished) and type(last).__name__ != "AnswerCancelled":
            self._report.faults.append(f"{self.word}: an answer ended with {last}")

    def close(self) -> None:
        """Close the chat and wait until nothing of it is computed any more."""
        chat = self.chat
        self._world.engine.close_chat(chat.id)
        if not chat.join(PATIENCE):
            self._report.faults.append(f"{self.word}: a thread is left")

    def check(self) -> None:
        """Ask a last question, and hold all that the cache has read against the transcript and the model."""
        finish(self.chat.ask(self._question()))
        state, report = self.chat._state, self._report
        known = list(self._recorder.of(self._cache()))
        start = len(self._documents)
        if any(token >= 0 and token != mine for token, mine in zip(known, self._documents, strict=False)):
            report.faults.append(f"{self.word}: another document")
        known[:start] = self._documents
        text = self._world.tokenizer.decode([token for token in known if token >= 0])
        foreign = [
            word
            for word in text.replace("\n", " ").split()
            if word.startswith("user") and word[:6] != self.word
        ]
        if foreign or -1 in known:
            report.faults.append(f"{self.word}: it has read {foreign or 'what nobody knows'}")
        place = start
        for past in state.past:
            answer = list(past.token_ids or ())
            if past.turn.state is TurnState.FAILED and not past.turn.answer:
                continue  # closed before its first token: the model never sees it
            asked = self._world.tokenizer.encode(past.turn.question, add_special_tokens=False)
            found = _find(known, [*asked], place)
            if found < 0:
                report.faults.append(f"{self.word}: {past.turn.question} was not read in its place")
                return
            if not answer:
                continue
            place = _find(known, answer, found + len(asked))
            if place < 0:
                report.faults.append(
                    f"{self.word}: the answer to {past.turn.question} was not read in its place"
                )
                return
            if past.turn.state is TurnState.DONE:
                self._check_answer(known, place, answer)
            place += len(answer)
            report.checked["turns"] += 1

    def _check_answer(self, known: list[int], place: int, answer: list[int]) -> None:
        model = self._world.counting.model
        cache = model.make_cache(
            "ahn", attention_sinks=GREEDY.attention_sinks, sliding_window=GREEDY.sliding_window
        )
        ids = torch.tensor([known[: place + len(answer) - 1]])
        with torch.inference_mode():
            logits = model(ids, past_key_values=cache, logits_to_keep=len(answer)).logits[0]  # [n, V]
        chosen = logits[range(len(answer)), answer]
        if bool((logits.max(-1).values - chosen > NEAR).any()):
            self._report.faults.append(f"{self.word}: an answer is not its own chat's")
        self._report.checked["answers"] += 1


def _find(ids: list[int], wanted: list[int], start: int) -> int:
    for place in range(start, len(ids) - len(wanted) + 1):
        if ids[place : place + len(wanted)] == wanted:
            return place
    return -1


def soak(
    folder: Path, chats: int, seconds: float, seed: int, *, tell: Callable[[str], None] = lambda line: None
) -> Report:
    """All users at once for so many seconds; after each fifth all chats are closed and memory is measured."""
    report = Report()
    keep_freed_memory()  # as the program does
    threads, files = threading.active_count(), _files()
    world = World(folder)
    recorder = Recorder(world)
    try:
        users = [User(world, recorder, number, seed, report) for number in range(chats)]
        for part in range(1, PARTS + 1):
            _all_at_once(users, seconds / PARTS)
            report.memory.append(_memory_with_none_open(world, users))
            tell(f"{part} of {PARTS}: {report.memory[-1]:.1f} MB, {report.done.total():,} things done")
            _reopen(world, users)
        for user in users:
            user.check()
    finally:
        world.close()
    report.threads, report.files = (threads, _settled_threads(threads)), (files, _files())
    return report


def _all_at_once(users: list[User], seconds: float) -> None:
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=user.run, args=(until,), name=user.word) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _reopen(world: World, users: list[User]) -> None:
    for user in users:
        user.chat = world.engine.chat(user.id)
        settle(user.chat)


def _memory_with_none_open(world: World, users: list[User]) -> float:
    """MB that the process has, every chat being closed and what the allocator keeps for later given back."""
    for user in users:
        user.close()
        user.chat = None  # type: ignore[assignment]  # with all its turns, of which there are more and more
    world.counting.fed.clear()
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss / 1e6


def _settled_threads(wanted: int) -> int:
    """The threads that are left; those that have just ended are waited for."""
    limit = time.monotonic() + 10
    while threading.active_count() > wanted and time.monotonic() < limit:
        time.sleep(0.01)
    return threading.active_count()


def _files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
