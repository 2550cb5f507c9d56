"""Readings on disk, and copies of a conversation's cache."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ahn_core import prefill
from app.conversation.pages import Segment
from app.conversation.snapshots import Reading, ReadingSnapshots
from app.conversation.turns import Head, TurnCaches
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


def test_a_reading_over_the_budget_is_not_kept(tmp_path: Path) -> None:
    snapshots = ReadingSnapshots(tmp_path, 1000)
    assert not snapshots.save("key", reading(40), read(40))
    assert list(tmp_path.iterdir()) == []


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


# -- copies of a conversation's cache ----------------------------------------------------------------------------------


def kept(tmp_path: Path, count: int, **limits: int) -> TurnCaches:
    caches = TurnCaches(tmp_path / "turns", new_cache, **limits)
    for turns in range(count):
        caches.keep(Head(read(30 + turns), turns, 30, (1, 2)))
    caches.spill()
    return caches


def test_the_last_copies_stay_in_memory_and_older_ones_come_back_from_disk(tmp_path: Path) -> None:
    caches = kept(tmp_path, 5, in_memory=2)
    assert sorted(path.stem for path in (tmp_path / "turns").iterdir()) == ["0", "1", "2"]
    for turns in range(5):
        head = caches.restore(turns, 30)
        assert (head.turns, head.pending) == (turns, (1, 2))
        assert torch.equal(next_logits(head.cache), next_logits(read(30 + turns)))


def test_a_copy_is_not_changed_by_going_on_from_it(tmp_path: Path) -> None:
    caches = kept(tmp_path, 2)
    before = next_logits(caches.restore(1, 30).cache)
    head = caches.restore(1, 30)
    for _ in prefill(MODEL, [9, 9, 9], head.cache):
        pass
    assert torch.equal(next_logits(caches.restore(1, 30).cache), before)


def test_memory_and_disk_are_bounded(tmp_path: Path) -> None:
    nbytes = read(40).nbytes
    caches = kept(tmp_path, 6, in_memory=5, memory_bytes=int(2.5 * nbytes), disk_bytes=int(2.5 * nbytes))
    assert len(list((tmp_path / "turns").iterdir())) == 2
    assert caches.restore(1, 30) is None  # dropped: its turns are replayed
    assert caches.restore(2, 30).turns == 2


def test_without_the_exact_copy_the_nearest_earlier_one_serves(tmp_path: Path) -> None:
    caches = kept(tmp_path, 3)
    assert caches.restore(7, 30).turns == 2
    assert caches.restore(7, 31) is None  # more of the documents has been read since
    caches.forget_from(1)
    assert caches.restore(7, 30).turns == 0
    caches.forget_other(31)
    assert caches.restore(7, 30) is None


def test_a_copy_lost_on_disk_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caches = kept(tmp_path, 4, in_memory=1)
    (tmp_path / "turns" / "2.safetensors").write_bytes(b"damaged")
    assert caches.restore(2, 30).turns == 1
    assert "its turns are replayed" in caplog.text


def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    caches = kept(tmp_path, 4, in_memory=1)
    caches.close()
    caches.keep(Head(read(30), 0, 30, ()))
    caches.spill()
    assert not (tmp_path / "turns").exists()
    assert caches.restore(3, 30) is None
