"""Reading single tensors out of safetensors files.

The library checks a file's header and length. The tensors are read here: each one that the library reads leaves two
numbers, 64 bytes, in the process for ever (versions 0.5.3 to 0.8.0), and a chat reads hundreds each time it is opened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import torch
from torch import Tensor

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


@dataclass(frozen=True)
class Stored:
    """Where a tensor lies: `start` in bytes from the file's beginning; `dtype` as safetensors calls it, "BF16" say."""

    file: Path
    start: int
    nbytes: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class OpenTensors:
    """An open safetensors file: what its header says, and its tensors one at a time."""

    path: Path
    metadata: Mapping[str, str]
    places: Mapping[str, Stored]
    file: BufferedReader

    def read(self, name: str) -> Tensor:
        """A tensor, on the processor. Raises ValueError where it is not there or of no kind that is read here."""
        place = self.places.get(name)
        if place is None or place.dtype not in DTYPES:
            raise ValueError(f"{self.path} has no {name} that can be read.")
        try:
            return read_rows(self.file, place, 0, None)
        except EOFError as error:  # it was cut since it was opened
            raise ValueError(f"{self.path} ends within {name}.") from error


@contextmanager
def open_tensors(path: str | os.PathLike[str]) -> Iterator[OpenTensors]:
    """The tensors of a file. Raises OSError, or safetensors.SafetensorError for a damaged one."""
    from safetensors import safe_open

    with safe_open(path, framework="pt", device="cpu"):  # checks header, offsets and the file's length
        pass
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        metadata = header.pop("__metadata__", {})
        places = {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            shape = tuple(entry["shape"])
            places[name] = Stored(Path(path), 8 + length + start, end - start, entry["dtype"], shape)
        yield OpenTensors(Path(path), metadata, places, file)


def read_rows(file: BufferedReader, place: Stored, start: int, stop: int | None) -> Tensor:
    """Rows `start` … `stop - 1` of a tensor, or with None all of it. Raises EOFError where the file ends before."""
    dtype = DTYPES[place.dtype]
    shape = place.shape if stop is None else (stop - start, *place.shape[1:])
    row = torch.Size(place.shape[1:]).numel() * dtype.itemsize
    data = torch.empty(torch.Size(shape).numel() * dtype.itemsize, dtype=torch.uint8)
    file.seek(place.start + start * row)
    if file.readinto(data.numpy().data) != data.numel():
        raise EOFError
    return data.view(dtype).view(shape)
