"""Running heads, running feet and page numbers: what the edges of pages near each other have in common.

A line counts as one where its words, with any number for a number, stand at the same edge of several pages
close to each other, or where it has the number of the page. A table's head that comes back on every page does
neither count: its cells have others below them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from app.documents.readers.pdf.layout.stretches import Stretch

Side = Literal["header", "footer"]

_OUTER_ROWS = 3  # on either side may be furniture
_NEAR = 6  # pages on either side are looked at
_OFTEN = 3  # pages have it
_TITLE = 1.15  # of the body's size
_EDGE = 0.2  # of the height: no running head stands further in
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})$", re.IGNORECASE)
_NUMBER = re.compile(
    r"^\W*(?:(?:page|seite|p\.|s\.)\s*)?(\d{1,4}|[ivxlcIVXLC]{1,7})(?!\w)|(?<!\w)(\d{1,4}|[ivxlc]{1,7})\W*$"
)
_BETWEEN_DASHES = re.compile(
    r"[-–—]\s?(?:#|[ivxlc]{1,7})\s?[-–—]$"
)  # "- 3 -": a page number, seen once or often
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


@dataclass(frozen=True)
class Candidate:
    """A row at a page's edge. key: its words without numbers. offsets: its numbers less the page's index. y:
    from the edge. heads: cells of a table stand under it, or a title that it belongs to. gap: to the next row
    inwards, of the size."""

    side: Side
    row: tuple[Stretch, ...]
    key: str
    offsets: tuple[int, ...]
    y: float
    heads: bool
    gap: float
    near: bool


def candidates(found: Sequence[list[Stretch]], index: int, height: float) -> list[Candidate]:
    """The rows at a page's edges, from the outside inwards, those at the top first. index: of the page, from
    0."""
    result: list[Candidate] = []
    gap = _paragraph_gap(found)
    for at in range(min(_OUTER_ROWS, len(found))):
        if found[at][0].top > _EDGE * height:
            break
        result.append(_candidate("header", found, at, at + 1, index, height, gap))
    for at in range(len(found) - 1, max(len(found) - 1 - _OUTER_ROWS, -1), -1):
        if found[at][0].bottom < (1 - _EDGE) * height:
            break
        result.append(_candidate("footer", found, at, at - 1, index, height, gap))
    return result


def _candidate(
    side: Side, found: Sequence[list[Stretch]], at: int, inwards: int, index: int, height: float, usual: float
) -> Candidate:
    row = found[at]
    text = " ".join(stretch.text for stretch in row)
    numbers = [
        number
        for stretch in (row if len(row) < 3 else (row[0], row[-1]))
        for number in _numbers(stretch.text)
    ]
    next_row = found[inwards] if 0 <= inwards < len(found) else []
    cells = len(row) > 1 and sum(any(abs(a.left - b.left) < 2 for b in next_row) for a in row) > 1
    title = (
        bool(next_row)
        and next_row[0].size > 1.2 * row[0].size
        and abs(next_row[0].top - row[0].bottom) < 2 * row[0].size
    )
    key = _DIGITS.sub("#", text.lower())
    if _ROMAN.match(key) and len(key) < 8:
        key = "#"
    gap = abs(next_row[0].baseline - row[0].baseline) / row[0].size if next_row else 9.0
    y = row[0].baseline if side == "header" else height - row[0].baseline
    near = bool(next_row) and abs(next_row[0].baseline - row[0].baseline) < 1.1 * usual
    offsets = tuple({number - index for number in numbers})
    return Candidate(side, tuple(row), key, offsets, y, cells or title, gap, near)


def _paragraph_gap(found: Sequence[list[Stretch]]) -> float:
    """How far paragraphs of the page stand apart, in points; 0 where none do."""
    distances = sorted(b[0].baseline - a[0].baseline for a, b in pairwise(found))
    if len(distances) < 4:
        return 0.0
    pitch = distances[len(distances) // 2]
    wide = [distance for distance in distances if distance > 1.3 * pitch]
    return wide[len(wide) // 2] if len(wide) > 1 else 0.0


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for match in _NUMBER.finditer(text):
        digits = match.group(1) or match.group(2)
        value = int(digits) if digits.isdecimal() else _roman(digits)
        if value is not None:
            found.append(value)
    return found


def _roman(text: str) -> int | None:
    if not _ROMAN.match(text):
        return None
    values = [_ROMAN_DIGITS[letter] for letter in text.lower()]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


class Furniture:
    """What has been seen at the edges of pages so far; pages are added in order, some ahead of those asked
    for."""

    def __init__(self) -> None:
        self._texts: dict[tuple[Side, str], list[tuple[int, float]]] = defaultdict(list)
        self._offsets: dict[tuple[Side, int], list[tuple[int, float]]] = defaultdict(list)
        self._places: dict[tuple[Side, int], list[int]] = defaultdict(list)
        self._pages = 0

    def add(self, index: int, found: Sequence[Candidate]) -> None:
        """Take in the edges of a page."""
        self._pages = max(self._pages, index + 1)
        for candidate in found:
            _remember(self._texts[candidate.side, candidate.key], index, candidate.y)
            for offset in candidate.offsets:
                _remember(self._offsets[candidate.side, offset], index, candidate.y)

    def find(self, index: int, found: Sequence[Candidate], body: float) -> list[Candidate]:
        """Those of a page's edges that are running heads, feet or page numbers. body: the size of the text:
        larger lines are titles."""
        result: list[Candidate] = []
        often = _OFTEN if self._pages > 4 else 2
        open_sides: set[Side] = {"header", "footer"}
        for candidate in found:
            if candidate.side not in open_sides:
                continue
            if candidate.row[0].size > _TITLE * body:
                open_sides.discard(candidate.side)
                continue
            numbered = any(
                self._near(self._offsets[candidate.side, offset], index, candidate.y) >= often
                for offset in candidate.offsets
            )
            key = candidate.key
            words = len(key) < 150 and key != "#" and any(letter.isalpha() for letter in key)
            repeated = words and self._near(self._texts[candidate.side, key], index, candidate.y) >= often
            if candidate.near and words and "#" in key:
                numbered = repeated = False  # "Chapter 7" above its text, where each page is one
            place = self._places[candidate.side, round(candidate.y)]
            at_place = (
                candidate.gap > 1.6 and sum(abs(other - index) <= 2 * _NEAR for other in place) >= _OFTEN
            )
            alone = len(candidate.row) == 1 and candidate.gap > 1.6 and _BETWEEN_DASHES.match(key) is not None
            if (numbered or repeated or at_place or alone) and not (candidate.heads and not numbered):
                result.append(candidate)
                if numbered or repeated:
                    place.append(index)
                    del place[:-12]
            else:
                open_sides.discard(candidate.side)  # what stands further in belongs to the text
        return result

    @staticmethod
    def _near(pages: list[tuple[int, float]], index: int, y: float) -> int:
        return sum(abs(page - index) <= _NEAR and abs(other - y) < 4 for page, other in pages)


def _remember(pages: list[tuple[int, float]], index: int, y: float) -> None:
    """Pages that lie far behind are forgotten."""
    pages.append((index, y))
    if len(pages) > 200:
        del pages[:60]
