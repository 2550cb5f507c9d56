"""Coming back to a mark: a cache is again, bit for bit, what it was there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from ahn_core import Cache
from ahn_core.tails import Tail
from tests.tiny import tiny_model

SINKS, WINDOW = 8, 100
CHANCE = random.Random(3)
TEXT = [CHANCE.randrange(250) for _ in range(700)]


def feed(model, cache: Cache, ids: list[int], rng: random.Random) -> None:
    """In pieces of any size, single tokens among them."""
    done = 0
    with torch.inference_mode():
        while done < len(ids):
            count = rng.choice((1, 1, 1, 5, 64, 130))
            piece = torch.tensor([ids[done : done + count]], device=model.device)
            model(piece, past_key_values=cache, logits_to_keep=1)
            done += count


def contents(cache: Cache, path: Path) -> dict[str, object]:
    """All that the cache holds."""
    cache.save(path)
    with safe_open(path, framework="pt") as file:
        return {
            **file.metadata(),
            **{name: file.get_tensor(name).numpy().tobytes() for name in file.offset_keys()},
        }


@pytest.mark.parametrize("kind", ["ahn", "window", "full"])
@pytest.mark.parametrize("sinks", ["capped", "absolute"])
@pytest.mark.parametrize("read", [0, 5, 90, 108, 150, 430])
def test_a_chain_of_marks_leads_back(
    device: torch.device,
    tmp_path: Path,
    kind: Literal["ahn", "window", "full"],
    sinks: Literal["capped", "absolute"],
    read: int,
) -> None:
    model, rng = (
        tiny_model("Mamba2" if read == 150 else "GatedDeltaNet", sink_positions=sinks, device=device),
        random.Random(read),
    )
    cache = model.make_cache(kind, attention_sinks=SINKS, sliding_window=WINDOW)
    feed(model, cache, TEXT[:read], rng)
    wanted, tails = [], []
    for length in (3, 40, 0, 250, 10):
        wanted.append(contents(cache, tmp_path / "a"))
        tails.append(cache.mark())
        feed(model, cache, TEXT[read : read + length], rng)
    for there, tail in zip(reversed(wanted), reversed(tails), strict=True):
        cache.rewind(tail)
        assert contents(cache, tmp_path / "b") == there
        feed(model, cache, TEXT[:70], rng)  # noted in the same tail
        cache.rewind(tail)
        assert contents(cache, tmp_path / "b") == there


@pytest.mark.parametrize("lengths", [(3, 40), (70, 10), (120, 30), (30, 200), (0, 20)])
@pytest.mark.parametrize("read", [30, 90, 300])
def test_two_tails_become_one_and_come_back_from_disk(
    device: torch.device, tmp_path: Path, lengths: tuple[int, int], read: int
) -> None:
    model, rng = tiny_model(device=device), random.Random(1)
    cache = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=WINDOW)
    feed(model, cache, TEXT[:read], rng)
    wanted = contents(cache, tmp_path / "a")
    first = cache.mark()
    feed(model, cache, TEXT[: lengths[0]], rng)
    second = cache.mark()
    feed(model, cache, TEXT[: lengths[1]], rng)
    first.take_over(second, cache.layout)
    first.save(tmp_path / "tail")
    back = Tail.load(tmp_path / "tail", device)
    assert back.nbytes == first.nbytes <= cache.nbytes * 1.2
    cache.rewind(back)
    assert contents(cache, tmp_path / "b") == wanted


def test_a_tail_is_as_large_as_what_was_overwritten(device: torch.device) -> None:
    model, rng = tiny_model(device=device), random.Random(1)
    cache = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=2000)
    feed(model, cache, TEXT[:500], rng)
    tail = cache.mark()
    feed(model, cache, TEXT[:500], rng)
    assert tail.nbytes == 0, "nothing has left the window"
    feed(model, cache, TEXT * 2, rng)
    tail = cache.mark()
    feed(model, cache, TEXT[:100], rng)
    assert 0.05 < tail.nbytes / cache.nbytes < 0.1


def test_a_tail_holds_nothing_after_it_has_led_back(device: torch.device) -> None:
    model, rng = tiny_model(device=device), random.Random(1)
    cache = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=400)
    feed(model, cache, TEXT, rng)
    tail = cache.mark()
    feed(model, cache, TEXT[:300], rng)
    large = tail.nbytes
    cache.rewind(tail)
    assert tail.nbytes == 0
    feed(model, cache, TEXT[:10], rng)
    assert 0 < tail.nbytes < large / 2, "what is read now needs less"


def test_a_call_that_fails_half_way_is_undone(device: torch.device, tmp_path: Path) -> None:
    model, rng = tiny_model(device=device), random.Random(1)
    cache = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=WINDOW)
    feed(model, cache, TEXT[:300], rng)
    wanted = contents(cache, tmp_path / "a")
    tail = cache.mark()
    commit = cache.layers[1].commit

    def fail(*_: object) -> None:
        raise RuntimeError("no more")

    cache.layers[1].commit = fail  # type: ignore[method-assign]  # the first layer has written by then
    with pytest.raises(RuntimeError, match="no more"), torch.inference_mode():
        model(torch.tensor([TEXT[:64]], device=device), past_key_values=cache)
    cache.layers[1].commit = commit  # type: ignore[method-assign]
    cache.rewind(tail)
    assert contents(cache, tmp_path / "b") == wanted


def test_a_copy_notes_nothing_in_the_original_s_tail(device: torch.device) -> None:
    model, rng = tiny_model(device=device), random.Random(1)
    cache = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=WINDOW)
    feed(model, cache, TEXT[:300], rng)
    tail = cache.mark()
    feed(model, cache.clone(), TEXT[:64], rng)
    assert tail.nbytes == 0
    cache.unmark()
    feed(model, cache, TEXT[:64], rng)
    assert tail.nbytes == 0


def test_a_damaged_tail_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tail").write_bytes(b"no tail at all")
    with pytest.raises(ValueError, match="damaged"):
        Tail.load(tmp_path / "tail", torch.device("cpu"))


def test_a_saved_cache_of_other_shapes_changes_nothing(device: torch.device, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    model, rng = tiny_model(device=device), random.Random(1)
    cache = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=WINDOW)
    feed(model, cache, TEXT[:300], rng)
    cache.save(tmp_path / "a")
    with safe_open(tmp_path / "a", framework="pt") as file:
        tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.offset_keys()}
        metadata = file.metadata()
    name = "layers.1.values"
    save_file({**tensors, name: tensors[name][:, :5].clone()}, tmp_path / "b", metadata=metadata)
    other = model.make_cache("ahn", attention_sinks=SINKS, sliding_window=WINDOW)
    feed(model, other, TEXT[:50], rng)
    before = contents(other, tmp_path / "c")
    with pytest.raises(ValueError, match=r"layers\.1\.values is not there"):
        other.load(tmp_path / "b")
    with pytest.raises(ValueError, match="300 tokens in place of 299"):
        other.load(tmp_path / "a", length=299)
    assert contents(other, tmp_path / "d") == before
