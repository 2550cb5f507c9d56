"""Whether a PDF may have layers, by its bytes alone: reading them takes pypdf, which few files need."""

from __future__ import annotations

import re
import zlib

_SIGN = b"/OCProperties"
_OBJECT_STREAM = re.compile(rb"/ObjStm\b[^>]*?(?:<<[^>]*>>[^>]*?)?>>\s*stream\r?\n")
_MOST_BYTES = 4_000_000  # of one stream, unpacked
_MOST_IN_ALL = 60_000_000


def may_have_layers(data: bytes) -> bool:
    """False only where no layer is named: in the bytes, or in the streams that hold compressed objects."""
    if _SIGN in data:
        return True
    named = data.count(b"/ObjStm")
    if not named:
        return False
    if b"/Encrypt" in data:
        return True  # the streams cannot be looked into
    found = in_all = 0
    view = memoryview(data)  # slices of it are not copied
    for match in _OBJECT_STREAM.finditer(data):
        found += 1
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(view[match.end() :], _MOST_BYTES)
        except zlib.error:
            return True  # packed in another way
        in_all += len(text)
        if _SIGN in text or not unpacker.eof or in_all > _MOST_IN_ALL:
            return True
    return found != named
