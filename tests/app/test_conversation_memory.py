"""What a conversation takes in memory and on disk, counted through the garbage collector."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from ahn_core import Cache
from app.conversation import room
from app.conversation.events import AnswerFinished, CompareEvent, PaneFinished, ReadPhase
from app.documents import Extracted
from app.store import StoreError
from tests.app.chatting import SETTINGS, World, finish, pages, start_answer, wait_until

WIDE = replace(SETTINGS, sliding_window=448, max_new_tokens=6)
_TENSORS = (
    torch.Tensor,
    torch.nn.Parameter,
)  # by type: asking everything for its class wakes deprecated names


@pytest.fixture(autouse=True, scope="module")
def _nothing_older_counts() -> None:
    """The garbage collector looks at what comes from here on alone, and so in a moment."""
    gc.collect()
    gc.freeze()


def alive(known: Iterable[int] = ()) -> tuple[int, int]:
    """How many caches there are, and the bytes of all tensors but those `known` by the address of their memory."""
    gc.collect()
    known, caches, storages = set(known), 0, {}
    for thing in gc.get_objects():
        if type(thing) is Cache:
            caches += 1
        elif type(thing) in _TENSORS and thing.device.type == "cpu":
            storages[thing.untyped_storage().data_ptr()] = thing.untyped_storage().nbytes()
    return caches, sum(nbytes for place, nbytes in storages.items() if place not in known)


def places() -> set[int]:
    gc.collect()
    return {thing.untyped_storage().data_ptr() for thing in gc.get_objects() if type(thing) in _TENSORS}


def test_one_cache_and_its_tails_live_after_twenty_turns(world: World) -> None:
    known = places()
    caches_before, _ = alive()
    chat = world.chat(world.document(texts=pages(8)), settings=WIDE)
    one = chat.stats().nbytes
    for number in range(20):
        turn = finish(chat.ask(f"{number}?"))
    wait_until(
        lambda: chat.held().nbytes <= 1.3 * one
    )  # the oldest tails go to disk when the answer is there
    held = chat.held()
    caches, nbytes = alive(known)
    assert caches - caches_before == 1
    assert held.cache_nbytes == one
    assert nbytes <= 1.1 * held.nbytes + 200_000, "tables of positions and the like"
    assert (
        0
        < held.disk_nbytes
        == sum(path.stat().st_size for path in (world.folder / "turns").rglob("*.safetensors"))
    )
    assert one < turn.figures.held_nbytes <= 2 * one
    world.engine.close_chat(chat.id)
    assert alive()[0] == caches_before
    assert not list((world.folder / "turns").rglob("*.safetensors"))


def test_one_cache_lives_while_an_answer_is_written_after_quotes(world: World) -> None:
    caches_before, _ = alive()
    chat = world.chat(world.document(texts=pages(8)), settings=replace(WIDE, recall=True))
    finish(chat.ask("What must not be opened?"))
    events = start_answer(chat, "What must the pump?")
    assert alive()[0] - caches_before == 1
    assert isinstance(list(events)[-1], AnswerFinished)


def test_one_cache_more_lives_while_memories_are_compared(world: World) -> None:
    document = world.document(texts=pages(8))
    chat = world.chat(document, settings=WIDE)
    finish(chat.ask("Why?"))
    caches_before, _ = alive()
    most = 0
    for event in world.engine.compare([document], "Why?", WIDE):
        if isinstance(event, CompareEvent) and isinstance(event.event, PaneFinished):
            most = max(most, alive()[0])
    assert most - caches_before <= 1


def test_a_lost_tail_costs_another_reading_and_no_word(world: World) -> None:
    chat = world.chat(world.document(texts=pages(8)), settings=WIDE)
    one = chat.stats().nbytes
    answers = [finish(chat.ask(f"{number}?")).answer for number in range(6)]
    wait_until(lambda: chat.held().nbytes <= 1.3 * one)
    for path in (world.folder / "turns").rglob("*.safetensors"):
        path.write_bytes(b"damaged")
    assert finish(chat.regenerate(0)).answer == answers[0]
    assert [turn.question for turn in chat.turns] == ["0?"]


def test_what_does_not_fit_in_memory_is_refused_before_it_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_memory", lambda device: 300 * 2**20)
    document = world.document(texts=pages(8))
    full = replace(SETTINGS, memory="full", sliding_window=16)
    monkeypatch.setattr(
        world.counting.model, "cache_nbytes", lambda kind, *sizes: 10**9 if kind == "full" else 1000
    )
    chat = world.engine.new_chat(full)
    chat.add_document(document)
    wait_until(lambda: not chat.reading)
    (state,) = chat.documents
    assert state.phase is ReadPhase.FAILED
    assert state.message.startswith("manual.txt with its 2,4") and state.message.endswith(
        "of memory, and 0.05 GB can be had, so nothing was read; close other programs, or choose AHN or window memory "
        "in Settings."
    )
    assert world.counting.fed == []
    chat.update_settings(SETTINGS)
    wait_until(lambda: not chat.reading)
    assert chat.documents[0].phase is ReadPhase.DONE


def test_a_reading_without_room_on_the_disk_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    document = Extracted.of_texts("manual.txt", "txt", "ab" * 32, pages(2))
    with pytest.raises(StoreError, match=r"manual\.txt takes about 0\.0 MB .* of the 1\.0 MB that are free"):
        world.library.add(document)
    assert world.library.list() == []
    monkeypatch.undo()
    document_id = world.document()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    chat = world.chat(document_id)
    assert "could not be kept on disk (it takes 0.00 GiB, and of the 0.00 GiB" in chat.documents[0].message
    assert list((world.folder / "snapshots").iterdir()) == []
