"""Reading order: columns down the page, the left one first, between what goes across them.

Two columns are told from two columns of a table by how their lines go on: in text they wrap, in a table each
stands by itself beside its neighbour. The order in which the page draws does not matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app.documents.model import Box
from app.documents.readers.pdf.layout.rows import rows
from app.documents.readers.pdf.layout.stretches import Stretch, is_ideograph

_GUTTER = 0.75  # of the size: nothing narrower parts columns
_MANY_GUTTERS = 24  # tried at most on one page
_SORTED = 0.6  # of the rows, where names stand in order across columns
_FEW, _SHORT = 5, 30  # lines, characters
_LONG = 15  # rows: columns of short lines, as in an index
_DEEPEST = 12  # columns within columns
_MARKER = re.compile(
    r"(?:[•▪◦‣·∙*–—§○●■□➢✓-]|[\[(]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)\]]|\d+(?:\.\d+)*\.?)$"
)


@dataclass
class _Split:
    """Where a gutter parts some lines: which stand above, left of, right of and below it."""

    above: list[Stretch]
    left: list[Stretch]
    right: list[Stretch]
    below: list[Stretch]


def columns(lines: Sequence[Stretch], rules: Sequence[Box] = ()) -> list[list[Stretch]]:
    """The lines in groups that are read one after the other, each of one column. rules: level ones, in the
    frame."""
    return [group for group in _columns(sorted(lines, key=lambda line: line.top), rules, 0) if group]


def _columns(lines: list[Stretch], rules: Sequence[Box], depth: int) -> list[list[Stretch]]:
    if len(lines) < 4 or depth > _DEEPEST:
        return [lines]
    split = _best_split(lines, rules)
    if split is None:
        return [lines]
    parts = (split.above, split.left, split.right, split.below)
    return [group for part in parts for group in _columns(part, rules, depth + 1)]


def _best_split(lines: list[Stretch], rules: Sequence[Box]) -> _Split | None:
    best: _Split | None = None
    span = min(line.left for line in lines), max(line.right for line in lines)
    most = 0
    for x in _gutters(lines):
        for split in _runs(lines, x):
            weight = sum(len(line.text) for line in split.left) + sum(len(line.text) for line in split.right)
            if weight > most and _reads_downwards(split.left, split.right, x, rules, span):
                best, most = split, weight
    return best


def _gutters(lines: list[Stretch]) -> list[float]:
    """Where a column may begin: left ends of lines that have another one beside them on the left."""
    found: dict[int, int] = {}
    for index, line in enumerate(lines):
        bottom = line.bottom - 0.3 * (line.bottom - line.top)
        for other in lines[index + 1 :]:
            if other.top >= bottom:
                break
            first, second = (line, other) if line.left <= other.left else (other, line)
            if second.left - first.right >= _GUTTER * min(first.size, second.size) and not _is_marker(
                first, second
            ):
                found[round(second.left)] = found.get(round(second.left), 0) + 1
    if not found:
        return []
    places: list[tuple[int, float]] = []
    last = -100.0
    for x in sorted(found):
        if x - last <= 3:
            places[-1] = (places[-1][0] + found[x], places[-1][1])
        else:
            places.append((found[x], float(x)))
        last = x
    places.sort(reverse=True)
    return [x for _, x in places[:_MANY_GUTTERS]]


def _is_marker(first: Stretch, second: Stretch) -> bool:
    """Whether it is the bullet or the number of what stands right of it."""
    return (
        len(first.text) < 8
        and second.left - first.right < 4 * second.size
        and _MARKER.match(first.text) is not None
    )


def _runs(lines: list[Stretch], x: float) -> list[_Split]:
    """The stretches of the page in which no line crosses x, and which have lines on both sides of it."""
    splits: list[_Split] = []
    start = 0
    count = len(lines)
    edge = x - 1.5
    while start < count:
        if lines[start].left < edge and lines[start].right > x + 0.5:
            start += 1
            continue
        end = start
        left: list[Stretch] = []
        right: list[Stretch] = []
        while end < count:
            line = lines[end]
            if line.left >= edge:
                right.append(line)
            elif line.right <= x + 0.5:
                left.append(line)
            else:
                break
            end += 1
        if len(left) >= 2 and len(right) >= 2:
            begin = start + _leading(lines, start, end, right)
            left = left[begin - start :]
            if len(left) >= 2:
                splits.append(_Split(lines[:begin], left, right, lines[end:]))
        start = end + 1
    return splits


def _leading(lines: list[Stretch], start: int, end: int, right: list[Stretch]) -> int:
    """How many lines at the beginning still belong to the text above: the last line of its paragraph."""
    top = right[0].top
    if start == 0 or start + 1 >= end or lines[start].bottom > top or lines[start] is right[0]:
        return 0
    above, first, second = lines[start - 1], lines[start], lines[start + 1]
    near = first.baseline - above.baseline
    return (
        1
        if near < 0.9 * (second.baseline - first.baseline) and abs(first.left - above.left) < 3 * first.size
        else 0
    )


def _reads_downwards(
    left: list[Stretch], right: list[Stretch], x: float, rules: Sequence[Box], span: tuple[float, float]
) -> bool:
    """Whether the left side is read before the right one, rather than row by row."""
    top = max(min(line.top for line in left), min(line.top for line in right))
    bottom = min(max(line.bottom for line in left), max(line.bottom for line in right))
    if bottom - top < 1.5 * left[0].size:
        return False  # one above the other
    size = median([line.size for line in left] + [line.size for line in right])
    edge = max(line.right for line in left)
    gutter = min(line.left for line in right) - edge
    if gutter < _GUTTER * size:
        return False
    for rule in rules:
        if top - size < rule[1] < bottom + size and rule[0] < edge - size and rule[2] > x + size:
            return False  # a table's
    # What stands beside nothing says nothing.
    left_rows = rows([line for line in left if line.bottom > top and line.top < bottom])
    right_rows = rows([line for line in right if line.bottom > top and line.top < bottom])
    if len(left_rows) < 2 or len(right_rows) < 2:
        return False
    aligned = _aligned(left_rows, right_rows, size)
    if aligned > 0.8 and all(line.monospaced for line in (*left, *right)):
        return False  # what a program has printed in columns
    left_flows, right_flows = _flows(left_rows), _flows(right_rows)
    if left_flows and right_flows:
        # Some short lines beside as many others are terms and what they mean.
        few = max(len(left_rows), len(right_rows)) < _FEW and aligned > 0.9
        return not few or max(len(line.text) for line in (*left, *right)) > _SHORT
    if left_flows or right_flows:
        return aligned < 0.5
    least = min(len(left_rows), len(right_rows))
    if aligned < (0.65 if least >= 6 else 0.25) and least >= 3:
        return True
    return least >= _LONG and _is_even(left, right, x, span) and not _is_sorted_across(left_rows, right_rows)


def _is_even(left: list[Stretch], right: list[Stretch], x: float, span: tuple[float, float]) -> bool:
    """Whether the gutter is where it parts a page into columns of one width, and words stand on both
    sides."""
    share = (x - span[0]) / (span[1] - span[0])
    further = right if share < 0.45 else left if share > 0.55 else []  # where the other columns are
    if not any(abs(share - place) < 0.06 for place in (1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4)):
        return False
    if further and sum(len(row) > 1 for row in rows(further)) < 0.6 * len(rows(further)):
        return False
    words = [sum(line.text[:1].isalpha() for line in side) for side in (left, right)]
    return words[0] > 0.6 * len(left) and words[1] > 0.6 * len(right)


def _is_sorted_across(left_rows: list[list[Stretch]], right_rows: list[list[Stretch]]) -> bool:
    """Whether names are in alphabetical order row by row, by their first or their last words."""
    rows_beside = list(zip(left_rows, left_rows[1:], right_rows, strict=False))
    for word in (0, -1):
        sorted_rows = 0
        for above, below, right in rows_beside:
            first, between, last = (
                line.text.casefold().split()[word] for line in (above[-1], right[0], below[0])
            )
            sorted_rows += first <= between <= last and first[0] <= last[0]
        if sorted_rows > _SORTED * len(rows_beside):
            return True
    return False


def _flows(found: list[list[Stretch]]) -> bool:
    """Whether the lines wrap: they have several words, and the next line's first word would seldom have
    fitted."""
    edge = max(line[-1].right for line in found)
    words = wraps = pairs = 0
    for index, row in enumerate(found):
        words += sum(_words(line.text) for line in row)
        if index + 1 < len(found):
            following = found[index + 1][0]
            size = following.size
            if following.baseline - row[0].baseline > 2.2 * size:
                continue
            pairs += 1
            room = edge - row[-1].right
            wraps += room < following.first_word_width() + 0.6 * size
    return words >= 2.6 * len(found) and pairs > 0 and wraps >= 0.5 * pairs


def _words(text: str) -> int:
    return len(text) // 3 if is_ideograph(text[len(text) // 2]) else text.count(" ") + 1


def _aligned(left: list[list[Stretch]], right: list[list[Stretch]], size: float) -> float:
    """The share of lines of the shorter side that stand on a baseline of the other."""
    shorter, longer = sorted((left, right), key=len)
    places = [row[0].baseline for row in longer]
    near = sum(any(abs(row[0].baseline - place) < 0.2 * size for place in places) for row in shorter)
    return near / len(shorter)
