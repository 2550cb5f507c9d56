"""The kernels' functions where another program runs them: what stands for `ctypes.CDLL` in the tests."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import torch

_plain_data_ptr = torch.Tensor.data_ptr
_regions: dict[int, int] = {}  # address and size of every storage a pointer was taken of, the newest last

_tables: dict[int, Any] = {}  # structures and arrays whose address was asked for: others may point at them


def noted_addressof(table: Any) -> int:
    """In the place of `ctypes.addressof`."""
    address = ctypes.addressof(table)
    _tables[address] = table
    return address


def _noted_data_ptr(tensor: torch.Tensor) -> int:
    storage = tensor.untyped_storage()
    address = storage.data_ptr()
    _regions.pop(address, None)
    _regions[address] = storage.nbytes()
    return _plain_data_ptr(tensor)


def note_pointers() -> None:
    """From now on remember which memory each pointer is of."""
    torch.Tensor.data_ptr = _noted_data_ptr  # type: ignore[method-assign]


def region_of(address: int) -> tuple[int, int] | None:
    """Address and size of the storage that holds this address. Of two, one of which has been freed, the newer one."""
    for start in reversed(_regions):
        if start <= address < start + _regions[start]:
            return start, _regions[start]
    return None


class Remote:
    """All functions of the kernels, in a program started with `command`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._teams: list[int] = []  # where they are over there; a handle is a place in this list, plus one

    def __getattr__(self, name: str) -> Function:
        if not name.startswith("ahn_"):
            raise AttributeError(name)
        function = Function(self, name)
        setattr(self, name, function)
        return function

    def call(self, name: str, arguments: Sequence[Any]) -> int:
        sent = _Message()
        described = [sent.argument(a) for a in arguments]
        if name not in ("ahn_team", "ahn_absorbs") and arguments and isinstance(arguments[0], int):
            described[0] = (False, self._teams[arguments[0] - 1])
        pipe, answer = self._process.stdin, self._process.stdout
        assert pipe is not None and answer is not None
        pipe.write(sent.packed(name, described))
        pipe.flush()

        def read(count: int) -> bytes:
            found = answer.read(count)
            if len(found) != count:
                raise RuntimeError(f"{name}: the program ended with {self._process.wait()}")
            return found

        known, result = struct.unpack("<QQ", read(16))
        if not known:
            raise AttributeError(f"this processor has no {name}")
        for address, size in sent.regions:
            back = read(size)
            if address not in sent.structures:  # a structure holds the other side's pointers
                ctypes.memmove(address, back, size)
        if name == "ahn_team":
            self._teams.append(result)
            return len(self._teams)
        return result & 0xFFFFFFFF


class Function:
    """One of them; `restype` and `argtypes` are set as on one of ctypes, and not looked at."""

    restype: object = None
    argtypes: object = None

    def __init__(self, remote: Remote, name: str) -> None:
        self._remote, self._name = remote, name

    def __call__(self, *arguments: Any) -> int:
        return self._remote.call(self._name, arguments)


class _Message:
    """The memory a call touches, and where pointers stand in it."""

    def __init__(self) -> None:
        self.regions: list[tuple[int, int]] = []
        self.structures: set[int] = set()
        self._pointers: list[tuple[int, int]] = []  # region, offset

    def argument(self, value: Any) -> tuple[bool, int]:
        """Whether it is an address, and the number."""
        value = getattr(value, "_obj", value)  # of ctypes.byref
        if isinstance(value, (ctypes.Structure, ctypes.Array)):
            address = ctypes.addressof(value)
            if address not in self.structures:
                self.structures.add(address)
                region = self._add(address, ctypes.sizeof(value))
                for offset in _pointers(type(value), 0):
                    pointer = ctypes.c_uint64.from_address(address + offset).value
                    if pointer:
                        if pointer in _tables:
                            self.argument(_tables[pointer])
                        else:
                            self._memory(pointer)
                        self._pointers.append((region, offset))
            return True, address
        number = int(getattr(value, "value", value) or 0)
        return (True, number) if region_of(number) and self._memory(number) else (False, number)

    def _memory(self, address: int) -> bool:
        found = region_of(address)
        assert found is not None, "a pointer to memory that nobody took a pointer of"
        if found not in self.regions:
            self._add(*found)
        return True

    def _add(self, address: int, size: int) -> int:
        self.regions.append((address, size))
        return len(self.regions) - 1

    def packed(self, name: str, arguments: Sequence[tuple[bool, int]]) -> bytes:
        def number(n: int) -> bytes:
            return struct.pack("<Q", n & 0xFFFFFFFFFFFFFFFF)

        parts = [number(len(name)), name.encode(), number(len(self.regions))]
        for address, size in self.regions:
            parts += [number(address), number(size), ctypes.string_at(address, size)]
        parts.append(number(len(self._pointers)))
        for region, offset in self._pointers:
            parts += [number(region), number(offset)]
        parts.append(number(len(arguments)))
        for is_address, value in arguments:
            parts += [number(int(is_address)), number(value)]
        return b"".join(parts)


def _pointers(kind: Any, at: int) -> Iterator[int]:
    """Offsets of the pointers in a structure or an array."""
    if kind is ctypes.c_void_p:
        yield at
    elif issubclass(kind, ctypes.Array):
        for i in range(kind._length_):
            yield from _pointers(kind._type_, at + i * ctypes.sizeof(kind._type_))
    elif issubclass(kind, ctypes.Structure):
        for name, part in kind._fields_:
            yield from _pointers(part, at + getattr(kind, name).offset)
