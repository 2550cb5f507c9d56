"""From the order in which letters stand on the page to the order in which they are read.

The characters of a line come from left to right as they are seen; Hebrew and Arabic are read from right to left, and
the numbers and Latin words among them from left to right again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

_STRONG_LEFT, _STRONG_RIGHT, _NUMBER, _NEUTRAL, _MARK = "L", "R", "N", "-", "M"
_JOINERS = ".,:/-٫٬−"  # within a number, between two digits
_PARTING = "-−"  # after Arabic letters these part two numbers, which then stand from right to left (Unicode's rule W4)
_ATTACHED = "%‰+#$€£¥₪°٪"  # before or after a number, and part of it


@lru_cache(maxsize=4096)
def _kind(text: str) -> str:
    for char in text:
        way = unicodedata.bidirectional(char)
        if way == "L":
            return _STRONG_LEFT
        if way in ("R", "AL"):
            return _STRONG_RIGHT
        if way in ("EN", "AN"):
            return _NUMBER
    return _MARK if text and all(unicodedata.bidirectional(char) == "NSM" for char in text) else _NEUTRAL


def _is_arabic(text: str) -> bool:
    return any(unicodedata.bidirectional(char) == "AL" for char in text)


def base_direction(texts: Sequence[str]) -> Literal["ltr", "rtl"]:
    """The way in which a line is read: that of most of its letters."""
    kinds = [_kind(text) for text in texts]
    return "rtl" if kinds.count(_STRONG_RIGHT) >= max(1, kinds.count(_STRONG_LEFT)) else "ltr"


def logical_order(texts: Sequence[str], direction: Literal["ltr", "rtl"]) -> list[int]:
    """The places (into `texts`, which go from left to right) in the order in which they are read."""
    levels = _levels([_kind(text) for text in texts], texts, direction)
    order = list(range(len(texts)))
    # As in the Unicode algorithm's last rule, which is its own inverse: from the highest level down, runs are turned.
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            if end > start:
                order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return order


def _levels(kinds: list[str], texts: Sequence[str], direction: Literal["ltr", "rtl"]) -> list[int]:
    """The level of each place: even is read from left to right. Worked out on the visual order, where numbers and
    words stand as they do in the logical order."""
    base = 1 if direction == "rtl" else 0
    strong = _numbers_joined(kinds, texts)
    count = len(strong)
    levels = [base] * count
    index = 0
    while index < count:
        kind = strong[index]
        if kind == _NEUTRAL:
            end = index
            while end < count and strong[end] == _NEUTRAL:
                end += 1
            before = _side(strong, index - 1, -1, base)
            after = _side(strong, end, 1, base)
            level = _level(before, base) if before == after else base
            levels[index:end] = [level] * (end - index)
            index = end
        else:
            levels[index] = _level(kind, base, in_right=base == 1 or _is_within_right(strong, index))
            index += 1
    return levels


def _numbers_joined(kinds: list[str], texts: Sequence[str]) -> list[str]:
    """The kinds, with separators inside of numbers and signs beside them counted as part of the number."""
    joined = list(kinds)
    arabic = any(_is_arabic(text) for text in texts)
    for index, kind in enumerate(kinds):
        if kind != _NEUTRAL:
            continue
        before = kinds[index - 1] if index else _NEUTRAL
        after = kinds[index + 1] if index + 1 < len(kinds) else _NEUTRAL
        if (
            texts[index] in _JOINERS
            and not (arabic and texts[index] in _PARTING)
            and before == after == _NUMBER
            or texts[index] in _ATTACHED
            and _NUMBER in (before, after)
        ):
            joined[index] = _NUMBER
    for index, kind in enumerate(joined):
        if kind == _MARK:
            following = next((other for other in kinds[index + 1 :] if other != _MARK), _NEUTRAL)
            before = joined[index - 1] if index else _NEUTRAL
            joined[index] = _STRONG_RIGHT if following == _STRONG_RIGHT else before
    return joined


def _side(kinds: list[str], index: int, step: int, base: int) -> str:
    """Which way neutrals see at one of their sides. A number in a line that is read from right to left is for its
    neighbours like a letter of that line, unless a Latin word stands on its other side."""
    if not 0 <= index < len(kinds):
        return _STRONG_RIGHT if base else _STRONG_LEFT
    kind = kinds[index]
    if kind != _NUMBER:
        return kind
    beyond = index
    while 0 <= beyond < len(kinds) and kinds[beyond] in (_NUMBER, _NEUTRAL):
        beyond += step
    if 0 <= beyond < len(kinds):
        return kinds[beyond] if kinds[beyond] == _STRONG_LEFT and base == 0 else _STRONG_RIGHT
    return _STRONG_RIGHT if base else _STRONG_LEFT


def _is_within_right(kinds: list[str], index: int) -> bool:
    """Whether a number in a line that is read from left to right belongs to a stretch of Hebrew or Arabic."""
    sides = []
    for step in (-1, 1):
        place = index
        while 0 <= place < len(kinds) and kinds[place] in (_NUMBER, _NEUTRAL):
            place += step
        sides.append(kinds[place] if 0 <= place < len(kinds) else _STRONG_LEFT)
    return sides == [_STRONG_RIGHT, _STRONG_RIGHT]


def _level(kind: str, base: int, *, in_right: bool = False) -> int:
    if kind == _STRONG_RIGHT:
        return 1
    if kind == _NUMBER and not in_right:
        return base if base == 0 else 2
    return 2 if base or (kind == _NUMBER and in_right) else 0


def mirrored(texts: list[str]) -> list[str]:
    """The texts of a line in logical order, with brackets that open and close in turns where they are not in pairs.
    Whether a bracket was mirrored already depends on who wrote the file, and on where it stands."""
    result = list(texts)
    for opening, closing in ("()", "[]", "{}"):
        places = [place for place, text in enumerate(texts) if text in (opening, closing)]
        if len(places) % 2 or _are_pairs([texts[place] for place in places], opening):
            continue
        for number, place in enumerate(places):
            result[place] = closing if number % 2 else opening
    return result


def _are_pairs(brackets: list[str], opening: str) -> bool:
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket == opening else -1
        if depth < 0:
            return False
    return depth == 0
