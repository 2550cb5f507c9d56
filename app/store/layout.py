"""Pages as rows: their blocks, with the place of every character, as compressed JSON.

Along a line each character begins about where the one before it ends, and a font has few widths, so places are stored
as differences: the same page takes a fraction of the bytes then.
"""

from __future__ import annotations

import json
import zlib
from itertools import accumulate, pairwise
from typing import Any

from app.documents.model import Block, Page, block_from_json, block_to_json
from app.sentences import Sentence, from_json

_UNREADABLE = Sentence(
    "The layout of this page could not be read from the store, so it is shown as plain text."
)
_LEVEL = 6


def pack_blocks(page: Page) -> bytes | None:
    """The blocks of a page; None where they are one paragraph without places, which `unpack_page` makes of the text."""
    if page.blocks == _one_paragraph(page.text):
        return None
    values = [block_to_json(block) for block in page.blocks]
    for block in values:
        for line in block.get("lines", ()):
            line[3] = _differences(line[3])
    return zlib.compress(json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode(), _LEVEL)


def unpack_page(
    number: int, text: str, label: str, width: float, height: float, warnings: str, blocks: bytes | None
) -> Page:
    """The page of a row. Where blocks or warnings are damaged, the text stands as one paragraph, with a warning."""
    try:
        sentences = tuple(from_json(warning) for warning in json.loads(warnings))
        unpacked = _one_paragraph(text) if blocks is None else _unpack(blocks)
        page = Page(number, unpacked, label, width, height, sentences)
        if page.text != text:
            raise ValueError("the blocks are of another text")
        return page
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, zlib.error):
        return Page(number, _one_paragraph(text), str(label), 0.0, 0.0, (_UNREADABLE,))


def _one_paragraph(text: str) -> tuple[Block, ...]:
    return (Block("paragraph", text),) if text else ()


def _unpack(blocks: bytes) -> tuple[Block, ...]:
    values: list[dict[str, Any]] = json.loads(zlib.decompress(blocks))
    for block in values:
        for line in block.get("lines", ()):
            line[3] = list(accumulate(line[3]))
    return tuple(block_from_json(block) for block in values)


def _differences(places: list[int]) -> list[int]:
    return [*places[:1], *(second - first for first, second in pairwise(places))]
