"""Form values and comments among the blocks of a page, where they stand.

A value stands beside or in a printed line ("Name: ______  Date: ______"): it becomes part of that line, at the place
where its box is. What has no line beside it becomes a block of its own, next to the block that is nearest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.documents.model import Block, BlockKind, Box, Line

_FAR = 250.0  # points between a label's end and its field at most
_FILLER = frozenset("_.…‥·-–—")  # what forms print where something is to be filled in
_FEW_FILLERS = 3
_LABEL_ENDS = (":", "：", "?")
_LEADERS = (".", "…", "_")


@dataclass(frozen=True)
class Extra:
    """Something to be put among the blocks of a page. block: of kind "form" or "comment", with its box. label: what to
    call a value where nothing is printed beside it. tick: a box to be ticked, whose label may stand after it."""

    block: Block
    label: str = ""
    tick: bool = False


def insert_at_place(blocks: Sequence[Block], extra: Sequence[Extra]) -> list[Block]:
    """The blocks with what `extra` holds at its place: values in the line they stand in, whose block becomes one of
    kind "form"; comments and other values after the nearest block, or before it where they stand above it."""
    result = list(blocks)
    alone: list[Extra] = []
    filled: dict[int, set[int]] = {}  # lines of blocks, by their numbers
    values = [item for item in extra if item.block.kind == "form" and item.block.box is not None]
    # From right to left, so that the places of those still to come stay as they are.
    for item in sorted(values, key=lambda item: -_box(item)[0]):
        place = _line_of(result, item)
        if place is None:
            alone.append(item)
            continue
        number, line = place
        result[number] = _with_value(result[number], line, item)
        filled.setdefault(number, set()).add(line)
    alone += [item for item in extra if item not in values]
    parted = [
        part for number, block in enumerate(result) for part in _parted(block, filled.get(number, set()))
    ]
    return _beside(parted, alone)


# -- values in their lines ---------------------------------------------------------------------------------------------


def _line_of(blocks: Sequence[Block], item: Extra) -> tuple[int, int] | None:
    """The number of the block, and of its line, that a value stands in; None where there is none."""
    best: tuple[float, int, int] | None = None
    for number, block in enumerate(blocks):
        if block.kind in ("header", "footer", "comment"):
            continue
        for place, line in enumerate(block.lines):
            distance = _along(line, item)
            if distance is not None and (best is None or distance < best[0]):
                best = (distance, number, place)
    return best[1:] if best is not None else None


def _along(line: Line, item: Extra) -> float | None:
    """How far the value is from what is printed on the line; None where the line is not its own."""
    if line.vertical or not line.extents:
        return None
    left, top, right, bottom = _box(item)
    line_left, line_top, line_right, line_bottom = line.box
    middle = (line_top + line_bottom) / 2
    # A tall field (several lines of text) belongs to the label beside its first line.
    if not (top - 2 <= middle <= min(bottom, top + 3 * (line_bottom - line_top)) + 2):
        return None
    before = [end for end in line.extents[1::2] if end <= left + 2]
    after = [start for start in line.extents[::2] if start >= right - 2]
    inside = line_left <= left and right <= line_right
    gap = left - max(before) if before else math.inf
    if item.tick and after:
        gap = min(gap, min(after) - right)
    if not before and not (item.tick and after):
        return None
    return 0.0 if inside else gap if gap <= _FAR else None


def _with_value(block: Block, place: int, item: Extra) -> Block:
    """The block with the value in its line `place`, in place of what was printed there to be filled in."""
    line = block.lines[place]
    left, _, right, _ = box = _box(item)
    starts, ends = line.extents[::2], line.extents[1::2]
    at = sum(1 for end in ends if end <= left + 2)
    value = item.block.text
    until = at
    if item.tick and _label_follows(block.text[line.start : line.end], starts, at, left, right):
        value = f"[{value}]"
    else:
        while (
            until < len(starts)
            and starts[until] < right - 2
            and block.text[line.start + until] in _FILLER | {" "}
        ):
            until += 1
        while (
            at > 0
            and block.text[line.start + at - 1] in _FILLER | {" "}
            and _few_fillers_end(block.text[line.start : line.start + at])
        ):
            at -= 1
    before, after = block.text[: line.start + at], block.text[line.start + until :]
    if at and before and not before[-1].isspace():
        value = " " + value
    if after and not after[0].isspace() and block.text[line.start + until : line.end]:
        value += " "
    added = len(value) - (until - at)
    extents = (*line.extents[: 2 * at], *((box[0], box[2]) * len(value)), *line.extents[2 * until :])
    filled = Line(line.start, _around(line.box, box), extents)
    lines = [
        *block.lines[:place],
        filled,
        *(replace(later, start=later.start + added) for later in block.lines[place + 1 :]),
    ]
    kind = block.kind if block.kind == "table_row" else "form"
    around = _around(block.box, box) if block.box is not None else None
    return replace(block, kind=kind, text=before + value + after, lines=tuple(lines), box=around)


def _few_fillers_end(text: str) -> bool:
    """Whether `text` ends in a row of signs that are there to be written over."""
    row = text[len(text.rstrip("".join(_FILLER) + " ")) :].replace(" ", "")
    return len(row) >= _FEW_FILLERS or text.endswith(" ")


def _label_follows(text: str, starts: Sequence[float], at: int, left: float, right: float) -> bool:
    """Whether what a box to be ticked means is printed after it, not before it."""
    words = text[:at].rstrip()
    if at >= len(starts) or not text[at:].strip():
        return False
    if not words:
        return True
    return not words.endswith(_LABEL_ENDS + _LEADERS) and starts[at] - right < 2 * (right - left)


def _parted(block: Block, filled: set[int]) -> list[Block]:
    """A block with values in it as one block a line, where each line is a label with or without a value, not wrapped
    prose: it ends in a value, or in the sign that labels end in."""
    if block.kind != "form" or len(block.lines) < 2:
        return [block]
    pieces: list[Block] = []
    for number, line in enumerate(block.lines):
        end = block.lines[number + 1].start if number + 1 < len(block.lines) else len(block.text)
        text = block.text[line.start : end].rstrip()
        if number not in filled and not text.endswith(_LABEL_ENDS):
            return [block]
        lines = (Line(0, line.box, line.extents[: 2 * len(text)], line.vertical),)
        kind: BlockKind = "form" if number in filled else "paragraph"
        pieces.append(Block(kind, text, box=line.box, lines=lines, origin=block.origin))
    return pieces


# -- what stands alone -------------------------------------------------------------------------------------------------


def _beside(blocks: Sequence[Block], alone: Sequence[Extra]) -> list[Block]:
    """Each of `alone` next to the block that is nearest; several at one place in their own order from top to bottom,
    those of the same height in the order of the file (replies follow what they answer)."""
    before: dict[int, list[Block]] = {}
    after: dict[int, list[Block]] = {}
    for item in sorted(alone, key=lambda item: _box(item)[1] if item.block.box is not None else math.inf):
        block = item.block
        if item.label and block.kind == "form":
            shift = len(item.label) + 2
            lines = tuple(
                replace(line, start=0, extents=line.extents[:2] * (shift + len(block.text)))
                for line in block.lines
            )
            block = replace(block, text=f"{item.label}: {block.text}", lines=lines)
        number, above = _nearest(blocks, block.box)
        (before if above else after).setdefault(number, []).append(block)
    result = list(after.get(-1, ()))
    for number, block in enumerate(blocks):
        result += [*before.get(number, ()), block, *after.get(number, ())]
    return result


def _nearest(blocks: Sequence[Block], box: Box | None) -> tuple[int, bool]:
    """The number of the block nearest to `box` (-1: there is none), and whether `box` is above it."""
    best = (math.inf, len(blocks) - 1)
    above = False
    if box is None:
        return len(blocks) - 1, False
    for number, block in enumerate(blocks):
        for place in [line.box for line in block.lines] or ([block.box] if block.box is not None else []):
            distance = _distance(place, box)
            if distance < best[0]:
                best = (distance, number)
                first = block.box if block.box is not None else place
                above = box[3] <= first[1] + 1
    return best[1], above


def _distance(one: Box, other: Box) -> float:
    """Between two boxes, 0 where they touch. A step across counts less than one down: a note in the margin is about
    the line beside it."""
    across = max(one[0] - other[2], other[0] - one[2], 0.0)
    down = max(one[1] - other[3], other[1] - one[3], 0.0)
    return math.hypot(across / 10, down) if down == 0 else across + down


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _box(item: Extra) -> Box:
    assert item.block.box is not None
    return item.block.box
