"""Readings on disk, and copies of a conversation's cache."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ahn_core import prefill
from app.conversation.pages import Segment
from app.conversation.snapshots import SPARE_DISK, Reading, ReadingSnapshots
from app.conversation.turns import Head, TailLost, TurnTails
from tests.tiny import tiny_model

MODEL = tiny_model()


def new_cache(sinks: int = 4, window: int = 16):
    return MODEL.make_cache("ahn", attention_sinks=sinks, sliding_window=window)


def read(count: int):
    """A cache that has read so many tokens."""
    cache = new_cache()
    for _ in prefill(MODEL, [token % 250 for token in range(count)], cache):
        pass
    return cache


def next_logits(cache) -> torch.Tensor:
    with torch.no_grad():
        return MODEL(torch.tensor([[7]]), past_key_values=cache.clone()).logits


def reading(count: int) -> Reading:
    return Reading((Segment("doc", 0, None, 0, count),), {"doc": np.array([0, 20, 40])}, count)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_kept_reading_comes_back_as_it_was(tmp_path: Path) -> None:
    snapshots, cache = ReadingSnapshots(tmp_path, 2**30), read(40)
    assert snapshots.save("key", reading(40), cache)
    found = snapshots.find("key")
    assert found is not None
    assert (found.segments, found.length) == (reading(40).segments, 40)
    assert found.page_starts["doc"].tolist() == [0, 20, 40]
    back = new_cache()
    assert snapshots.load("key", found, back)
    assert torch.equal(next_logits(back), next_logits(cache))
    assert snapshots.find("other key") is None


def test_the_longer_reading_is_kept_and_the_shorter_deleted(tmp_path: Path) -> None:
    snapshots = ReadingSnapshots(tmp_path, 2**30)
    assert snapshots.save("key", reading(20), read(20))
    assert snapshots.save("key", reading(40), read(40))
    assert not snapshots.save("key", reading(30), read(30))  # of another chat that is behind
    assert snapshots.find("key").length == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key-40.safetensors", "key.json"]


def test_the_least_recently_used_readings_go_first(tmp_path: Path) -> None:
    ReadingSnapshots(tmp_path / "one", 2**30).save("a", reading(40), read(40))
    one = size(tmp_path / "one")
    snapshots = ReadingSnapshots(tmp_path / "all", int(2.5 * one))
    for age, key in ((300, "a"), (200, "b")):
        snapshots.save(key, reading(40), read(40))
        os.utime(tmp_path / "all" / f"{key}.json", (os.stat(tmp_path).st_mtime - age,) * 2)
    snapshots.load("a", snapshots.find("a"), new_cache())  # used just now
    snapshots.save("c", reading(40), read(40))
    assert snapshots.find("b") is None
    assert snapshots.find("a") is not None
    assert snapshots.find("c") is not None
    assert size(tmp_path / "all") <= 2.5 * one


def test_a_reading_over_the_budget_is_kept_where_the_disk_has_room(tmp_path: Path) -> None:
    small = read(40).saved_nbytes
    snapshots = ReadingSnapshots(tmp_path, int(1.5 * small))
    snapshots.save("small", reading(40), read(40))
    snapshots._budget = small // 2
    assert snapshots.save("large", reading(40), read(40))
    assert snapshots.find("large") is not None and snapshots.find("small") is None
    assert snapshots.save("large too", reading(40), read(40))
    assert snapshots.find("large") is None, "one at most is over the budget"


def test_a_reading_that_the_disk_has_no_room_for_is_told_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = ReadingSnapshots(tmp_path, 2**30)
    snapshots.save("a", reading(40), read(40))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(
        OSError, match=r"it takes 0\.00 GiB, and of the 0\.00 GiB that are free 0\.25 GiB stay free"
    ):
        snapshots.save("b", reading(40), read(40))
    assert sorted(tmp_path.iterdir()) == before


def test_an_older_reading_goes_where_the_disk_has_no_room_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = ReadingSnapshots(tmp_path, 2**30)
    snapshots.save("a", reading(40), read(40))
    free = SPARE_DISK + read(40).saved_nbytes - 100
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    assert snapshots.save("b", reading(40), read(40))
    assert snapshots.find("a") is None and snapshots.find("b") is not None


@pytest.mark.parametrize("harm", ["cut", "garbage", "missing", "foreign", "other length"])
def test_a_damaged_or_foreign_reading_is_ignored_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    snapshots = ReadingSnapshots(tmp_path, 2**30)
    snapshots.save("key", reading(40), read(40))
    path = tmp_path / "key-40.safetensors"
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif harm == "garbage":
        path.write_bytes(os.urandom(3000))
    elif harm == "missing":
        path.unlink()
    elif harm == "other length":
        read(30).save(path)
    cache = new_cache(sinks=5) if harm == "foreign" else new_cache()
    with caplog.at_level(logging.WARNING):
        assert not snapshots.load("key", snapshots.find("key"), cache)
    assert "is not used, and its documents are read again" in caplog.text
    assert snapshots.find("key") is None  # so that the next reading is kept
    assert snapshots.save("key", reading(20), read(20))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_damaged_description_is_ignored(tmp_path: Path, text: str) -> None:
    snapshots = ReadingSnapshots(tmp_path, 2**30)
    snapshots.save("key", reading(40), read(40))
    (tmp_path / "key.json").write_text(text)
    assert snapshots.find("key") is None
    assert snapshots.save("key", reading(20), read(20))
    assert snapshots.find("key").length == 20


def test_a_crash_between_the_two_files_leaves_the_earlier_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = ReadingSnapshots(tmp_path, 2**30)
    snapshots.save("key", reading(20), read(20))

    def crash(*_: object) -> None:
        raise OSError("the power is gone")

    monkeypatch.setattr(json, "dumps", crash)
    with pytest.raises(OSError, match="power"):
        snapshots.save("key", reading(40), read(40))
    monkeypatch.undo()
    found = snapshots.find("key")
    assert found.length == 20
    assert snapshots.load("key", found, new_cache())


# -- the way back through the turns -----------------------------------------------------------------------------------


def talk(tmp_path: Path, count: int, **limits: int) -> tuple[TurnTails, list[torch.Tensor]]:
    """Turns of three tokens over a document of 60, and what came next before each and after the last."""
    tails, cache = TurnTails(tmp_path / "turns", **limits), read(60)
    tails.attach(cache)
    wanted = [next_logits(cache)]
    for turns in range(count):
        tails.begin_turn()
        for _ in prefill(MODEL, [turns, turns + 1, turns + 2], cache):
            pass
        tails.end_turn(Head(cache, turns + 1, 60, (turns,)))
        wanted.append(next_logits(cache))
    return tails, wanted


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "turns").glob("*"))


@pytest.mark.parametrize("spilled", [False, True])
def test_a_conversation_goes_back_turn_by_turn(tmp_path: Path, spilled: bool) -> None:
    tails, wanted = talk(tmp_path, 5)
    if spilled:
        tails.settle()
        assert len(files(tmp_path)) == 4, "the newest stays in memory"
        assert tails.held().tails_nbytes < tails.held().disk_nbytes
    for turns in (5, 4, 2, 0):
        head = tails.rewind(turns)
        assert (head.turns, head.documents_length) == (turns, 60)
        assert head.pending == ((turns - 1,) if turns else ())
        assert torch.equal(next_logits(head.cache), wanted[turns])
    assert files(tmp_path) == []


def test_a_turn_that_was_not_ended_is_taken_out(tmp_path: Path) -> None:
    tails, wanted = talk(tmp_path, 2)
    tails.begin_turn()
    for _ in prefill(MODEL, [9, 9, 9], tails.head().cache):
        pass
    assert torch.equal(next_logits(tails.rewind(2).cache), wanted[2])
    tails.forget_from(2)  # the second turn is another one now
    assert tails.rewind(2).turns == 1
    tails.to_documents()
    assert not tails.holds_turns and torch.equal(next_logits(tails.head().cache), wanted[0])


def test_over_the_limit_of_the_disk_nothing_is_written_and_tails_become_one(tmp_path: Path) -> None:
    one = talk(tmp_path, 1)[0].held().tails_nbytes
    tails, wanted = talk(tmp_path, 8, disk_bytes=int(2.8 * one))
    tails.settle()
    held = tails.held()
    assert held.disk_nbytes == sum(path.stat().st_size for path in files(tmp_path)) <= 2.9 * one
    assert 3 <= held.tails < 8 and held.nbytes <= 2 * held.cache_nbytes
    assert torch.equal(next_logits(tails.rewind(7).cache), wanted[7])
    between = tails.rewind(4)
    assert between.turns < 4, "its turns are replayed"
    assert torch.equal(next_logits(between.cache), wanted[between.turns])
    assert torch.equal(next_logits(tails.rewind(0).cache), wanted[0])


def test_a_full_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    tails, wanted = talk(tmp_path, 4)
    tails.settle()
    assert files(tmp_path) == []
    assert torch.equal(next_logits(tails.rewind(0).cache), wanted[0])


def test_a_tail_lost_on_disk_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tails, _ = talk(tmp_path, 4)
    tails.settle()
    files(tmp_path)[-1].write_bytes(b"damaged")
    with pytest.raises(TailLost):
        tails.rewind(0)
    assert "it is read again" in caplog.text


def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    tails, _ = talk(tmp_path, 4)
    tails.settle()
    tails.close()
    tails.settle()
    assert not (tmp_path / "turns").exists()
    with pytest.raises(TailLost):
        tails.rewind(0)
