"""Strings out of PDFium's C functions, which ask twice: first for the length, then for the text."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from pypdfium2 import raw as pdfium_c

_LONGEST = 1_000_000  # bytes; a longer one is no text that somebody wrote

_WIDE = ctypes.POINTER(pdfium_c.FPDF_WCHAR)


def read_string(getter: Callable[..., int], *arguments: Any) -> str:
    """What `getter(*arguments, buffer, size)`, which returns the size in bytes, says in UTF-16."""
    size = getter(*arguments, None, 0)
    if not 2 < size <= _LONGEST:
        return ""
    buffer = ctypes.create_string_buffer(size)
    getter(*arguments, ctypes.cast(buffer, _WIDE), size)
    return _decode(buffer.raw)


def read_sized_string(getter: Callable[..., int], *arguments: Any) -> str:
    """Likewise for `getter(*arguments, buffer, size, pointer to the size used)`."""
    used = ctypes.c_ulong()
    if not getter(*arguments, None, 0, used) or not 2 < used.value <= _LONGEST:
        return ""
    buffer = ctypes.create_string_buffer(used.value)
    getter(*arguments, ctypes.cast(buffer, _WIDE), used.value, used)
    return _decode(buffer.raw)


def _decode(data: bytes) -> str:
    return data.decode("utf-16-le", "replace").split("\0", 1)[0]
