"""What a conversation takes in memory and on disk, counted through the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import replace

import torch

from ahn_core import Cache
from app.conversation.events import AnswerFinished, CompareEvent, PaneFinished
from tests.app.chatting import SETTINGS, World, finish, pages, start_answer, wait_until

WIDE = replace(SETTINGS, sliding_window=448, max_new_tokens=6)
_TENSORS = (
    torch.Tensor,
    torch.nn.Parameter,
)  # by type: asking everything for its class wakes deprecated names


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
