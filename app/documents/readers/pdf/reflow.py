"""From the lines of a printed page back to paragraphs.

A PDF knows where each line stands, not why it ends. A line end was only a wrap if the next line's first word
would not have fitted; then it becomes a space, and a word broken by a hyphen is joined. Line ends of
headings, lists, tables and verse stay. Distances tell paragraphs apart.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.documents.text import clean, tidy_lines

_NARROWEST_COLUMN = 30  # characters; short lines in a row are a list or an address rather than wrapped prose
_WRAP_SHARE = 0.75  # of the longest line around: with ragged margins few lines are fuller
_PARAGRAPH_GAP = 1.4  # of the usual distance between lines
_NEIGHBOURS = 4  # lines on either side that tell how long a full line is

_LIST_ITEM = re.compile(r"(?:[•▪◦‣·∙*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s")
_BROKEN_WORD = re.compile(r"([^\W\d_]+)[-\u2010]$")
_HYPHENATED = re.compile(r"[^\W\d_]+[-\u2010][^\W\d_]+")
_ROW_SPACES = re.compile(r"\S {2,}(?=\S)|\t")
_LEADERS = re.compile(r"(?:\. ?){5,}\s*\d+$")
_NUMBER = re.compile(r"(?:^|(?<=\s))[-+(]?[\d.,]*\d[%)]?(?=\s|$)")
_SPACES = re.compile(r"\s{2,}|\t")
# A word broken after one of these had its hyphen already.
# fmt: off
_COMPOUND_STARTS = frozenset((
    "all", "anti", "co", "counter", "cross", "ex", "far", "half", "high", "ill", "like", "long", "low", "mid",
    "multi", "non", "off", "on", "post", "pre", "pro", "self", "semi", "short", "so", "sub", "well", "two", "three",
    "four", "five", "six", "seven", "eight", "nine", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy",
    "eighty", "ninety",
))
# fmt: on


@dataclass(frozen=True)
class Line:
    """One printed line. Position of its start and height of its letters in points, y upwards; None if not
    known."""

    text: str
    x: float | None = None
    y: float | None = None
    size: float | None = None
    has_cells: bool = False  # wide empty spaces part it: a row of a table
    monospaced: bool = False  # code or a form: its line ends are meant


def reflow(lines: Sequence[Line]) -> str:
    """The text of a page: wraps become spaces, paragraphs are parted by a blank line, other line ends
    stay."""
    kept = [
        replace(line, text=text, has_cells=line.has_cells or _is_row(text))
        for line in lines
        if (text := _tidy_spaces(clean(line.text + "\n")))
    ]
    hyphenated = {
        match.group().lower()
        for line in kept
        if "-" in line.text or "\u2010" in line.text
        for match in _HYPHENATED.finditer(line.text)
    }
    pitch = _usual_distance(kept)
    output: list[str] = []
    for index, line in enumerate(kept):
        if index == 0:
            output.append(line.text)
            continue
        previous = kept[index - 1]
        around = kept[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS]
        full = max(len(other.text) for other in around if _same_size(other, line))
        border = _border(previous, line, pitch, full)
        if border == " " and (broken := _broken_word(previous.text)):
            border = ""
            if not _keeps_hyphen(broken, line.text, hyphenated):
                output[-1] = output[-1][:-1]
        output += [border, line.text]
    return tidy_lines("".join(output))


def _border(previous: Line, line: Line, pitch: float, full: int) -> str:
    """What stands between two lines: a blank line, a line end, or a space."""
    if not _same_size(previous, line):
        return "\n\n"
    broken = _broken_word(previous.text) is not None and line.text[0].islower()
    unfinished = broken or (not _ends_sentence(previous.text) and line.text[0].islower())
    distance = _distance(previous, line)
    if distance is not None:
        if distance > _PARAGRAPH_GAP * pitch:
            return "\n\n"
        if distance < -0.5 * pitch:  # upwards: the next column
            return " " if unfinished and full >= _NARROWEST_COLUMN else "\n\n"
    if previous.monospaced and line.monospaced:
        return "\n"
    if previous.has_cells or line.has_cells or _LIST_ITEM.match(line.text):
        return "\n"
    if broken:
        return " "
    first_word = line.text.split(" ", 1)[0]
    if full < _NARROWEST_COLUMN or len(previous.text) + 1 + len(first_word) < _WRAP_SHARE * full:
        return "\n"
    indented = (
        previous.x is not None
        and line.x is not None
        and line.size is not None
        and line.x > previous.x + 0.8 * line.size
    )
    return "\n" if indented and _ends_sentence(previous.text) else " "


def _broken_word(text: str) -> str | None:
    """The first part of the word that a hyphen breaks at the end of the line."""
    match = _BROKEN_WORD.search(text) if text.endswith(("-", "\u2010")) else None
    return match.group(1) if match else None


def _ends_sentence(text: str) -> bool:
    return text.rstrip("\"'»”’)]").endswith((".", "!", "?", ":", "…", "。", "！", "？"))


def _keeps_hyphen(start: str, rest: str, hyphenated: set[str]) -> bool:
    """Whether a word broken after `start` is written with the hyphen ("well-known") or without
    ("light-house")."""
    match = re.match(r"[^\W\d_]+", rest)
    if match is None or not rest[0].islower():
        return True
    return start.lower() in _COMPOUND_STARTS or f"{start}-{match.group()}".lower() in hyphenated


def _is_row(text: str) -> bool:
    """Whether a line looks like a row of a table: wide spaces, leaders, or mostly numbers."""
    if len(_ROW_SPACES.findall(text)) >= 2:
        return True
    if not text[-1:].isdigit() and sum(map(text.count, "0123456789")) < 2:  # most lines of prose
        return False
    words = len(text.split())
    return _LEADERS.search(text) is not None or (words >= 3 and 2 * len(_NUMBER.findall(text)) >= words)


def _tidy_spaces(text: str) -> str:
    """Single spaces in prose; in rows of a table the columns stay apart by two."""
    text = text.replace("\n", " ").strip()
    return _SPACES.sub("  " if _is_row(text) else " ", text)


def _usual_distance(lines: Sequence[Line]) -> float:
    """Median distance of lines that follow one another, in points; from the height of the letters where there
    are few."""
    distances = [distance for distance in _distances(lines) if distance > 0]
    sizes = [line.size for line in lines if line.size]
    guess = 1.3 * statistics.median(sizes) if sizes else 14.0
    return min(statistics.median(distances), 2.5 * guess) if len(distances) >= 4 else guess


def _distances(lines: Sequence[Line]) -> Iterator[float]:
    for previous, line in pairwise(lines):
        distance = _distance(previous, line)
        if distance is not None:
            yield distance


def _distance(previous: Line, line: Line) -> float | None:
    return None if previous.y is None or line.y is None else previous.y - line.y


def _same_size(one: Line, other: Line) -> bool:
    if not one.size or not other.size:
        return True
    return abs(one.size - other.size) <= 0.15 * max(one.size, other.size)
