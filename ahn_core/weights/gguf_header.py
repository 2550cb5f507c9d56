"""The header of a GGUF file: its metadata, and where each tensor lies. No tensor is read here.

The layout is ggml's (docs/gguf.md of the ggml project), versions 2 and 3, little-endian: magic, version, counts, then
typed key-value pairs, then the table of tensors, then their data, aligned.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from .errors import LoadError

_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_MOST_DIMENSIONS = 4


@dataclass(frozen=True)
class StoredTensor:
    """`shape` in torch's order; `start` in bytes from the file's beginning; `kind` is ggml's number of its format."""

    file: Path
    kind: int
    shape: tuple[int, ...]
    start: int

    @property
    def block(self) -> tuple[int, int]:
        """Values and bytes of a block of this format. Raises LoadError for one the gguf package does not know."""
        import gguf

        try:
            return gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(self.kind)]
        except (KeyError, ValueError) as error:
            raise LoadError(
                f"{self.file} has tensors of ggml type {self.kind}, which this program cannot unpack: get the model "
                "in another quantization, as Q4_K_M or Q8_0."
            ) from error

    @property
    def nbytes(self) -> int:
        values, size = self.block
        return prod(self.shape) // values * size


@dataclass(frozen=True)
class GGUFHeader:
    """`metadata` by key: numbers, strings and lists; lists of strings only as far as they were asked for, else None."""

    file: Path
    metadata: dict[str, Any]
    tensors: dict[str, StoredTensor]


def read_header(file: Path, *, lists: tuple[str, ...] = ()) -> GGUFHeader:
    """Parse a header. `lists` are the keys whose lists of strings (a vocabulary, say) are wanted.

    Raises LoadError where it is no GGUF file, cut short, or of a version this program does not know.
    """
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Parser(file, data).header(lists)
    except (struct.error, UnicodeDecodeError, OverflowError, MemoryError, ValueError) as error:
        if isinstance(error, LoadError):
            raise
        raise LoadError(
            f"{file} cannot be read as GGUF (its header is damaged or cut short), so the model cannot be loaded: "
            "download it again."
        ) from error


class _Parser:
    def __init__(self, file: Path, data: mmap.mmap) -> None:
        self._file, self._data, self._at = file, data, 0

    def header(self, lists: tuple[str, ...]) -> GGUFHeader:
        if self._data[:4] != b"GGUF":
            raise LoadError(
                f"{self._file} cannot be read as GGUF (it does not begin like one), so the model cannot be loaded: "
                "check the file."
            )
        self._at = 4
        version, tensors, pairs = self._numbers("IQQ")
        if version not in _VERSIONS:
            raise LoadError(
                f"{self._file} cannot be read as GGUF (version {version}, big-endian or too old), so the model cannot "
                "be loaded: get it as version 3, little-endian."
            )
        metadata: dict[str, Any] = {}
        for _ in range(pairs):
            key = self._string()
            (kind,) = self._numbers("I")
            metadata[key] = self._value(kind, key in lists)
        table = [self._tensor() for _ in range(tensors)]
        alignment = int(metadata.get("general.alignment", 32))
        begin = -(-self._at // alignment) * alignment
        placed = {
            name: StoredTensor(self._file, kind, shape, begin + offset) for name, kind, shape, offset in table
        }
        for name, tensor in placed.items():
            if tensor.start + tensor.nbytes > len(self._data):
                raise LoadError(
                    f"{self._file} ends before its tensor {name}, so the model is incomplete: download it again."
                )
        return GGUFHeader(self._file, metadata, placed)

    def _tensor(self) -> tuple[str, int, tuple[int, ...], int]:
        name = self._string()
        (dimensions,) = self._numbers("I")
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"{name} has {dimensions} dimensions")
        shape = self._numbers(f"{dimensions}Q")
        kind, offset = self._numbers("IQ")
        return name, kind, tuple(reversed(shape)), offset

    def _numbers(self, layout: str) -> tuple[Any, ...]:
        numbers = struct.unpack_from(f"<{layout}", self._data, self._at)
        self._at += struct.calcsize(f"<{layout}")
        return numbers

    def _string(self) -> str:
        (length,) = self._numbers("Q")
        start, self._at = self._at, self._at + length
        if self._at > len(self._data):
            raise ValueError("a string is longer than the file")
        return self._data[start : self._at].decode("utf-8", errors="replace")

    def _value(self, kind: int, wanted: bool) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._numbers(self._format(kind))[0]
        kind, count = self._numbers("IQ")
        if kind == _STRING:
            return self._strings(count, wanted)
        if kind == _ARRAY:
            return [self._value(_ARRAY, wanted) for _ in range(count)]
        return list(self._numbers(f"{count}{self._format(kind)}"))

    def _strings(self, count: int, wanted: bool) -> list[str] | None:
        if wanted:
            return [self._string() for _ in range(count)]
        data, at, length = self._data, self._at, struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + length(data, at)[0]
        self._at = at
        return None

    @staticmethod
    def _format(kind: int) -> str:
        if kind not in _NUMBERS:
            raise ValueError(f"{kind} is no type of a value")
        return _NUMBERS[kind]
