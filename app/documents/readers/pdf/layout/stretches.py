"""Stretches of printed lines in an upright frame, in which all writing runs from left to right and downwards.

Turned writing, vertical writing and writing from right to left become alike in such a frame, so that lines,
columns, tables and paragraphs need to know one case only. Each character keeps its place on the page as
shown."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from app.documents.model import Box
from app.documents.readers.pdf.fragments import Fragment, PageFragments

if TYPE_CHECKING:
    from app.documents.readers.pdf.layout.tables import Table

# Chinese and Japanese, which put no space between words; Korean does.
_IDEOGRAPHS = re.compile(
    "[\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]"
)
SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
HAS_SUPERSCRIPT = frozenset("0123456789+-−=()n")

TOUCHING = 0.12  # of the size: a smaller gap parts no words
WITHIN_LINE = 0.5  # of the size: a smaller gap parts no cells or columns


@dataclass(frozen=True)
class Frame:
    """Where a direction of writing stands in the upright frame: x = along * place + start, and so on."""

    name: str
    vertical: bool  # the writing runs along the page's height
    x_sign: int
    x_start: float
    y_sign: int
    y_start: float

    def box(self, box: Box) -> Box:
        """A box on the page, or from it, in the frame."""
        left, top, right, bottom = (box[1], box[0], box[3], box[2]) if self.vertical else box
        x0, x1 = self.x_sign * left + self.x_start, self.x_sign * right + self.x_start
        y0, y1 = self.y_sign * top + self.y_start, self.y_sign * bottom + self.y_start
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def frame_of(name: str, width: float, height: float) -> Frame:
    """The frame of "ltr", "rtl", "down" or of an angle ("90", "180", "270") on a page of that size."""
    match name:
        case "rtl":
            return Frame(name, False, -1, width, 1, 0.0)
        case "down" | "90":
            return Frame(name, True, 1, 0.0, -1, width)
        case "180":
            return Frame(name, False, -1, width, -1, height)
        case "270":
            return Frame(name, True, -1, height, 1, 0.0)
        case _:
            return Frame(name, False, 1, 0.0, 1, 0.0)


class Stretch:
    """Some characters on one baseline.

    text, extents (two numbers a character) and box as on the page; left, top, right, bottom, baseline in the
    frame. size: of most of the letters. bold: all of it is. monospaced: nearly all of it is. raised: it begins
    with a superscript.
    """

    __slots__ = (
        "text",
        "extents",
        "box",
        "frame",
        "left",
        "top",
        "right",
        "bottom",
        "baseline",
        "size",
        "bold",
        "italic",
        "monospaced",
        "raised",
        "table",
    )

    def __init__(
        self,
        text: str,
        extents: array[float],
        box: Box,
        frame: Frame,
        framed: Box,
        baseline: float,
        size: float,
        bold: bool = False,
        italic: bool = False,
        monospaced: bool = False,
        raised: int = 0,
    ) -> None:
        self.text = text
        self.extents = extents
        self.box = box
        self.frame = frame
        self.left, self.top, self.right, self.bottom = framed
        self.baseline = baseline
        self.size = size
        self.bold = bold
        self.italic = italic
        self.monospaced = monospaced
        self.raised = raised
        self.table: Table | None = None  # what it stands for, where it is none of text

    def place(self, index: int) -> tuple[float, float]:
        """Where a character begins and ends in the frame."""
        sign, start = self.frame.x_sign, self.frame.x_start
        first, last = sign * self.extents[2 * index] + start, sign * self.extents[2 * index + 1] + start
        return (first, last) if first <= last else (last, first)

    def first_word_width(self) -> float:
        """How wide the first word is, in points; a character of Chinese or Japanese is a word."""
        if is_ideograph(self.text[:1]):
            end = 1
        else:
            end = self.text.find(" ")
            if end <= 0:
                return self.right - self.left
        first, last = self.place(0), self.place(end - 1)
        return max(first[1], last[1]) - min(first[0], last[0])

    def part(self, start: int, end: int) -> Stretch:
        """The characters start … end - 1, less spaces at the ends; there must be a letter among them."""
        while self.text[start] == " ":
            start += 1
        while self.text[end - 1] == " ":
            end -= 1
        extents = self.extents[2 * start : 2 * end]
        low, high = min(extents), max(extents)
        box = (
            (self.box[0], low, self.box[2], high)
            if self.frame.vertical
            else (low, self.box[1], high, self.box[3])
        )
        return Stretch(
            self.text[start:end],
            extents,
            box,
            self.frame,
            self.frame.box(box),
            self.baseline,
            self.size,
            self.bold,
            self.italic,
            self.monospaced,
            self.raised if start == 0 else 0,
        )


def is_ideograph(character: str) -> bool:
    """Whether it is written in Chinese or Japanese, where a line's end parts no words."""
    return character > "\u2e7f" and _IDEOGRAPHS.match(character) is not None


def stretches_by_frame(page: PageFragments) -> list[list[Stretch]]:
    """The page's fragments as stretches, apart for each direction of writing, the one with most letters
    first."""
    rtl = sum(len(f.text) for f in page.fragments if f.direction == "rtl" and not f.angle)
    ltr = sum(len(f.text) for f in page.fragments if f.direction == "ltr" and not f.angle)
    upright = "rtl" if rtl > ltr else "ltr"
    frames: dict[str, Frame] = {}
    groups: dict[str, list[Stretch]] = defaultdict(list)
    parent: Stretch | None = None
    for fragment in page.fragments:
        if not fragment.text.strip():
            continue
        name = "down" if fragment.direction == "down" else str(fragment.angle) if fragment.angle else upright
        if name not in frames:
            frames[name] = frame_of(name, page.width, page.height)
        stretch = _stretch(fragment, page, frames[name])
        if fragment.raised and parent is not None and parent.frame is stretch.frame:
            gap = stretch.left - parent.right
            if -0.5 * parent.size < gap < WITHIN_LINE * parent.size:
                stretch.baseline = parent.baseline
        if not fragment.raised:
            parent = stretch
        groups[name].append(stretch)
    return sorted(groups.values(), key=lambda group: -sum(len(stretch.text) for stretch in group))


def _stretch(fragment: Fragment, page: PageFragments, frame: Frame) -> Stretch:
    text = fragment.text
    if fragment.raised > 0 and HAS_SUPERSCRIPT.issuperset(text):
        text = text.translate(SUPERSCRIPTS)  # 10⁵ must not read as 105, nor 2024¹ as 20241
    font = page.fonts[fragment.font] if fragment.font < len(page.fonts) else None
    # Along y, the frame's sign of the baseline is that of its y.
    baseline = frame.y_sign * fragment.baseline + frame.y_start
    return Stretch(
        text,
        fragment.extents,
        fragment.box,
        frame,
        frame.box(fragment.box),
        baseline,
        fragment.size or 1.0,
        font is not None and font.bold,
        font is not None and font.italic,
        font is not None and font.monospaced and _has_one_width(fragment),
        fragment.raised,
    )


def _has_one_width(fragment: Fragment) -> bool:
    """Whether all letters of a fragment are as far apart: its font is that of most of them only."""
    starts = fragment.extents[::2]
    steps = [abs(after - before) for before, after in pairwise(starts)]
    if len(steps) < 6:
        return True
    step = sorted(steps)[len(steps) // 2] or 1.0
    return sum(abs(other / step - round(other / step)) < 0.06 for other in steps) >= 0.85 * len(steps)


def joined(parts: Sequence[Stretch]) -> Stretch:
    """One stretch of several on a line, in the order of the frame, with the spaces that gaps stand for."""
    if len(parts) == 1:
        return parts[0]
    text = parts[0].text
    extents = array("d", parts[0].extents)
    end = parts[0]
    for part in parts[1:]:
        gap = part.left - end.right
        if needs_space(text[-1], part.text[0], gap / max(end.size, part.size)):
            text += " "
            place = extents[-1]
            extents.extend((place, place))
        text += part.text
        extents.extend(part.extents)
        end = part
    longest = max(parts, key=lambda part: len(part.text))
    letters = [part for part in parts if not part.raised] or parts
    return Stretch(
        text,
        extents,
        union([part.box for part in parts]),
        parts[0].frame,
        union([(part.left, part.top, part.right, part.bottom) for part in parts]),
        longest.baseline,
        longest.size,
        all(part.bold for part in letters),
        all(part.italic for part in letters),
        # An arrow that shows a wrap, or a sign that the font has not, does not matter.
        sum(len(part.text) for part in letters if part.monospaced)
        >= 0.9 * sum(len(part.text) for part in letters),
        parts[0].raised,
    )


def needs_space(before: str, after: str, gap: float) -> bool:
    """Whether a gap between two letters, in units of the size, is a space."""
    if before == " " or after == " " or gap < TOUCHING:
        return False
    return not (gap < WITHIN_LINE and is_ideograph(before) and is_ideograph(after))


def union(boxes: Sequence[Box]) -> Box:
    """The box around all of them."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
