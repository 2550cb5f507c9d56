"""What a document is once it has been read: pages, blocks of text in reading order, and where each character stands.

The readers produce these, the store keeps them, and whoever cites or marks a passage looks places up in them. All
places are in points (1/72 inch) from the top left corner of the page as it is shown, x to the right, y downwards.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from app.sentences import from_json, to_json

BlockKind = Literal[
    "paragraph",
    "heading",
    "list_item",
    "code",
    "table_row",
    "caption",
    "footnote",
    "header",  # running head: known, and left out of the page's text
    "footer",  # running foot or page number: likewise
    "form",  # what somebody filled in: "Name: Anna Lind"
    "comment",  # a note or a text box that somebody put on the page
]
Origin = Literal["text", "recognised"]  # recognised: by OCR, so it may be wrong
Unit = Literal["page", "chapter", "slide", "sheet", "section", "message", "lines"]
Box = tuple[float, float, float, float]  # left, top, right, bottom

BLOCK_KINDS: frozenset[str] = frozenset(get_args(BlockKind))
LEFT_OUT: frozenset[str] = frozenset(("header", "footer"))  # kinds that are not part of a page's text
_CLOSE = frozenset(
    ("table_row", "list_item", "code", "form")
)  # of these two in a row stand on lines of their own


@dataclass(frozen=True)
class Line:
    """One printed line of a block: its characters are `text[start : start + len(extents) // 2]` of the block.

    box: of the whole line. extents: where each character begins and ends along the line, two numbers a character
    (left and right; in vertical writing top and bottom). A character that is not printed (a space at a wrap) has an
    empty extent.
    """

    start: int
    box: Box
    extents: tuple[float, ...]
    vertical: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.extents) // 2

    def part(self, start: int, end: int) -> Box | None:
        """The box around the characters start … end - 1 of the block; None where none of them is on this line."""
        first, last = max(start, self.start) - self.start, min(end, self.end) - self.start
        if first >= last:
            return None
        places = self.extents[2 * first : 2 * last]
        low, high = min(places), max(places)
        left, top, right, bottom = self.box
        return (left, low, right, high) if self.vertical else (low, top, high, bottom)


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, row of a table and so on.

    level: of a heading (1 is the highest) or of a list item (1 is the outermost), else 0. continues: the text goes on
    in the first block of the same kind on the next page. box and lines are empty where a format has no pages.
    """

    kind: BlockKind
    text: str
    level: int = 0
    box: Box | None = None
    lines: tuple[Line, ...] = ()
    origin: Origin = "text"
    continues: bool = False

    def boxes(self, start: int, end: int) -> list[Box]:
        """Where the characters start … end - 1 stand: a box for each line that has some of them."""
        return [part for line in self.lines if (part := line.part(start, end)) is not None]


@dataclass(frozen=True)
class Page:
    """One page, or what a format has instead (a chapter, a slide, a sheet, some lines).

    number: from 1. label: what is printed on it ("iv", "A-3"), or how it is cited where the unit is no page ("slide 4",
    "lines 1-80"); "" where it is the number. width, height: in points as shown, 0 where there is no picture of it.
    warnings: sentences about what could not be read right.
    """

    number: int
    blocks: tuple[Block, ...] = ()
    label: str = ""
    width: float = 0.0
    height: float = 0.0
    warnings: tuple[str, ...] = ()

    @cached_property
    def text(self) -> str:
        """The blocks' texts in reading order, less running heads and feet; "" where there is nothing to read."""
        return "".join(self._pieces)

    @cached_property
    def starts(self) -> tuple[int | None, ...]:
        """Where each block begins in `text`; None for those that are left out."""
        starts: list[int | None] = []
        length = 0
        pieces = iter(self._pieces)
        first = True
        for block in self.blocks:
            if not _is_read(block):
                starts.append(None)
                continue
            if not first:
                length += len(next(pieces))
            starts.append(length)
            length += len(next(pieces))
            first = False
        return tuple(starts)

    @cached_property
    def _pieces(self) -> tuple[str, ...]:
        """Texts and what stands between them, in turns."""
        pieces: list[str] = []
        previous: Block | None = None
        for block in filter(_is_read, self.blocks):
            if previous is not None:
                together = previous.kind == block.kind and block.kind in _CLOSE
                pieces.append("\n" if together else "\n\n")
            pieces.append(block.text)
            previous = block
        return tuple(pieces)

    def spans(self, start: int, end: int) -> Iterator[tuple[Block, int, int]]:
        """The blocks that text[start:end] touches, each with the part of its own text."""
        for block, begin in zip(self.blocks, self.starts, strict=True):
            if begin is not None and begin < end and start < begin + len(block.text):
                yield block, max(start - begin, 0), min(end - begin, len(block.text))

    def boxes(self, start: int, end: int) -> list[Box]:
        """Where text[start:end] stands on the page."""
        return [box for block, first, last in self.spans(start, end) for box in block.boxes(first, last)]


@dataclass(frozen=True)
class OutlineEntry:
    """A line of a document's table of contents. level: 1 is the highest; page: its number, from 1."""

    title: str
    page: int
    level: int = 1


def heading_path(outline: Sequence[OutlineEntry], page: int) -> tuple[str, ...]:
    """The titles that a page lies under, the highest first, by the outline alone (which knows pages, not places)."""
    path: list[OutlineEntry] = []
    for entry in outline[: bisect.bisect_right([entry.page for entry in outline], page)]:
        while path and path[-1].level >= entry.level:
            path.pop()
        path.append(entry)
    return tuple(entry.title for entry in path)


def _is_read(block: Block) -> bool:
    return block.kind not in LEFT_OUT and bool(block.text)


# -- as JSON -----------------------------------------------------------------------------------------------------------
# Between the child process and its parent, and in the store. Places are kept in tenths of a point.


def block_to_json(block: Block) -> dict[str, Any]:
    """Plain values that `block_from_json` takes back, places rounded to a tenth of a point."""
    values: dict[str, Any] = {"kind": block.kind, "text": block.text}
    if block.level:
        values["level"] = block.level
    if block.box is not None:
        values["box"] = _tenths(block.box)
    if block.lines:
        values["lines"] = [
            [line.start, int(line.vertical), _tenths(line.box), _tenths(line.extents)] for line in block.lines
        ]
    if block.origin != "text":
        values["origin"] = block.origin
    if block.continues:
        values["continues"] = True
    return values


def block_from_json(values: dict[str, Any]) -> Block:
    """The block that `block_to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    kind, text, origin = values["kind"], values["text"], values.get("origin", "text")
    if kind not in BLOCK_KINDS or origin not in get_args(Origin) or not isinstance(text, str):
        raise ValueError(f"a block of kind {kind!r} and origin {origin!r}")
    lines = tuple(
        Line(int(start), _box(box), tuple(float(place) / 10 for place in extents), bool(vertical))
        for start, vertical, box, extents in values.get("lines", ())
    )
    if any(line.start < 0 or line.end > len(text) or len(line.extents) % 2 for line in lines):
        raise ValueError("a line has characters that its block has not")
    box = _box(values["box"]) if "box" in values else None
    return Block(kind, text, int(values.get("level", 0)), box, lines, origin, bool(values.get("continues")))


def page_to_json(page: Page) -> dict[str, Any]:
    """Plain values that `page_from_json` takes back."""
    return {
        "number": page.number,
        "label": page.label,
        "width": page.width,
        "height": page.height,
        "blocks": [block_to_json(block) for block in page.blocks],
        "warnings": [to_json(warning) for warning in page.warnings],
    }


def page_from_json(values: dict[str, Any]) -> Page:
    """The page that `page_to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    return Page(
        number=int(values["number"]),
        blocks=tuple(block_from_json(block) for block in values["blocks"]),
        label=str(values["label"])[:200],
        width=float(values["width"]),
        height=float(values["height"]),
        warnings=tuple(from_json(warning) for warning in values["warnings"][:1000]),
    )


def _tenths(places: Sequence[float]) -> list[int]:
    return [round(10 * place) for place in places]


def _box(values: Sequence[float]) -> Box:
    left, top, right, bottom = (float(value) / 10 for value in values)
    return left, top, right, bottom
