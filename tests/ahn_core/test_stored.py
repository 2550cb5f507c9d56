"""Tensors read out of safetensors files."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from ahn_core.stored import open_tensors


def stored(path: Path) -> dict[str, torch.Tensor]:
    """A file of several kinds and shapes of tensors, with `a: b` in its metadata."""
    tensors = {
        f"{kind}.{shape}": torch.randn(shape).to(kind)
        for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16)
        for shape in ((), (3,), (2, 300), (4, 0, 5))
    }
    save_file(tensors, path, metadata={"a": "b"})
    return tensors


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    tensors = stored(tmp_path / "a.safetensors")
    with open_tensors(tmp_path / "a.safetensors") as file:
        assert file.metadata == {"a": "b"}
        assert {name: place.shape for name, place in file.places.items()} == {
            name: tuple(tensor.shape) for name, tensor in tensors.items()
        }
        for name, tensor in tensors.items():
            read = file.read(name)
            assert read.dtype == tensor.dtype
            assert torch.equal(read, tensor)


def test_nothing_stays_in_the_process(tmp_path: Path) -> None:
    tensors = stored(tmp_path / "a.safetensors")

    def read_all() -> None:
        with open_tensors(tmp_path / "a.safetensors") as file:
            for name in file.places:
                file.read(name)

    read_all()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        read_all()
    gc.collect()
    assert sys.getallocatedblocks() - before < 50 * len(tensors)  # the library leaves two for each tensor


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"whole": torch.arange(3), "real": torch.zeros(3)}, path)
    with open_tensors(path) as file:
        for name in ("whole", "absent"):
            with pytest.raises(ValueError, match=name):
                file.read(name)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SafetensorError), open_tensors(path):
        pass


def test_a_file_that_is_cut_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"real": torch.zeros(100_000)}, path)
    with open_tensors(path) as file:
        with path.open("rb+") as other:
            other.truncate(1000)
        with pytest.raises(ValueError, match="ends within real"):
            file.read("real")
