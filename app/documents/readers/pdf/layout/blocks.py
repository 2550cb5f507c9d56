"""From drafts to blocks: the text, and the place of each of its characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.documents.model import Block, Line
from app.documents.readers.pdf.layout.drafts import Draft
from app.documents.readers.pdf.layout.hyphens import HYPHENS, Vocabulary
from app.documents.readers.pdf.layout.stretches import Stretch, is_ideograph, union
from app.documents.readers.pdf.layout.tables import LEADERS, Cell

_BROKEN = re.compile(r"[^\W_]$")


class _Text:
    """A block's text while it grows, with its lines."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.length = 0
        self.lines: list[Line] = []

    def __str__(self) -> str:
        return "".join(self._pieces)

    def insert(self, text: str) -> None:
        """Characters that are not printed and belong to no line: a line's end, a border between cells."""
        self._pieces.append(text)
        self.length += len(text)

    def print(self, stretch: Stretch, text: str, extents: Sequence[float]) -> None:
        """Characters of a printed line, two extents for each."""
        self.lines.append(Line(self.length, stretch.box, tuple(extents), stretch.frame.vertical))
        self.insert(text)


def block_of(draft: Draft, vocabulary: Vocabulary) -> Block:
    """The block of a draft."""
    text = _Text()
    if draft.cells:
        _write_row(text, draft, vocabulary)
    else:
        _write_lines(text, draft.lines, draft.borders, draft.indents, vocabulary)
    boxes = [line.box for line in text.lines]
    return Block(
        draft.kind,
        str(text),
        draft.level,
        union(boxes) if boxes else None,
        tuple(text.lines),
        continues=draft.continues,
    )


def _write_lines(
    text: _Text,
    lines: Sequence[Stretch],
    borders: Sequence[str],
    indents: Sequence[int],
    vocabulary: Vocabulary,
) -> None:
    for index, line in enumerate(lines):
        written: str = line.text
        extents: Sequence[float] = line.extents
        if indents:
            text.insert(" " * indents[index])
        elif "..." in written or ". ." in written:
            written, extents = _without_leaders(line)
        space = ""
        if index + 1 < len(lines):
            following, border = lines[index + 1].text, borders[index + 1]
            if border == " ":
                space, dropped = _wrap(written, following, vocabulary)
                if dropped:
                    written, extents = written[:-1], extents[:-2]
            else:
                space = border
        text.print(line, written, extents)
        if space:
            text.insert(space)


def _wrap(before: str, after: str, vocabulary: Vocabulary) -> tuple[str, bool]:
    """What stands between two lines of a paragraph, and whether the hyphen at the first one's end goes."""
    end = before[-1]
    if end in HYPHENS and len(before) > 1 and _BROKEN.search(before[-2]):
        if vocabulary.drops_hyphen(before, after):
            return "", True
        return (" " if vocabulary.keeps_space(before, after) else ""), False
    if (is_ideograph(end) and is_ideograph(after[0])) or (_is_unspaced(end) and _is_unspaced(after[0])):
        return "", False
    if end == "/" or _is_address_part(before, after):
        return "", False
    return " ", False


def _is_unspaced(letter: str) -> bool:
    """Whether it is Thai, Lao, Burmese or Khmer, whose words have no space between them."""
    return "\u0e00" <= letter <= "\u0eff" or "\u1000" <= letter <= "\u109f" or "\u1780" <= letter <= "\u17ff"


def _is_address_part(before: str, after: str) -> bool:
    """Whether a line's end breaks the address of a page."""
    word = before[before.rfind(" ") + 1 :]
    return "://" in word and not word.endswith((".", ",", ")", ">", ";")) and "/" in after.split(" ", 1)[0]


def _without_leaders(line: Stretch) -> tuple[str, Sequence[float]]:
    """A line of a contents page with one ellipsis in place of its dots; it stands where they do."""
    match = LEADERS.search(line.text)
    if match is None:
        return line.text, line.extents
    start, end = match.start(), match.end()
    before, after = line.text[:start].rstrip(), line.text[end:].lstrip(" .")
    dots = line.extents[2 * start : 2 * end]
    low, high = min(dots), max(dots)
    extents = line.extents[: 2 * len(before)]
    extents.extend((low, low, low, high, high, high))
    if after:
        extents.extend(line.extents[-2 * len(after) :])
        return f"{before} … {after}", extents
    return f"{before} …", extents[:-2]


def _write_row(text: _Text, draft: Draft, vocabulary: Vocabulary) -> None:
    text.insert("|")
    for cell in draft.cells:
        text.insert(" ")
        _write_cell(text, cell, vocabulary)
        text.insert(" |")
    if draft.header:
        text.insert("\n|" + "---|" * len(draft.cells))


def _write_cell(text: _Text, cell: Cell, vocabulary: Vocabulary) -> None:
    for index, line in enumerate(cell):
        written: str = line.text
        extents: Sequence[float] = line.extents
        space = ""
        if index + 1 < len(cell):
            following = cell[index + 1]
            beside = following.baseline - line.baseline < 0.3 * line.size
            space, dropped = (" ", False) if beside else _wrap(written, following.text, vocabulary)
            if dropped:
                written, extents = written[:-1], extents[:-2]
        if "|" in written:
            written, extents = _escaped(written, extents)
        text.print(line, written, extents)
        text.insert(space)


def _escaped(written: str, extents: Sequence[float]) -> tuple[str, Sequence[float]]:
    """Bars with a backslash before them, which takes no place."""
    places: list[float] = []
    for index, letter in enumerate(written):
        if letter == "|":
            places += (extents[2 * index], extents[2 * index])
        places += extents[2 * index : 2 * index + 2]
    return written.replace("|", "\\|"), places
