"""Tables: rows of cells between edges that rules or white space show.

A table is rows of cells, a cell is its printed lines; an empty cell is an empty list, so that every number
stands under its heading. Code, contents pages and definition lists have gaps in their lines as well, and are
no tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app.documents.model import Box
from app.documents.readers.pdf.layout.stretches import Stretch

Cell = list[Stretch]
LEADERS = re.compile(r"(?:[.·…_] ?){4,}")
_MANY_ROWS = 200  # enough to know a table's columns by
NARROWEST_GAP = 0.45  # of the size, between two columns of a table


@dataclass
class Table:
    """rows: of as many cells each. box: in the frame. ruled: lines are drawn between its rows or columns."""

    rows: list[list[Cell]]
    box: Box
    ruled: bool = False


def is_no_table(found: Sequence[list[Stretch]]) -> bool:
    """Whether the rows are code or lines of a table of contents."""
    cells = [cell for row in found for cell in row]
    code = sum(all(cell.monospaced for cell in row) for row in found)
    leaders = sum(LEADERS.search(cell.text) is not None for cell in cells)
    return (
        code > 0.6 * len(found) or leaders > 0.3 * len(found) or sum(numbered_code(found)) > 0.6 * len(found)
    )


def numbered_code(found: Sequence[list[Stretch]]) -> list[bool]:
    """Which rows are lines of a listing whose lines are numbered, empty ones included."""
    numbers = [int(row[0].text) if row[0].text.isdecimal() and len(row[0].text) < 6 else -9 for row in found]
    result = [False] * len(found)
    start = 0
    while start < len(found):
        end = start + 1
        while end < len(found) and numbers[start] >= 0 and numbers[end] == numbers[end - 1] + 1:
            end += 1
        texts = [row[1:] for row in found[start:end] if len(row) > 1]
        code = sum(all(cell.monospaced for cell in cells) for cells in texts)
        if end - start >= 3 and texts and code > 0.6 * len(texts):
            result[start:end] = [True] * (end - start)
        start = end
    return result


def column_edges(found: list[list[Stretch]]) -> list[float]:
    """Where the columns' borders are, the outer ones included."""
    cells = [cell for row in found for cell in row]
    size = median([cell.size for cell in cells])
    few = found[:_MANY_ROWS]
    spans = sorted(
        (cell.left, cell.right)
        for row in found
        for cell in row
        if not (len(row) < 3 and _spans(cell, row, few))
    )
    if not spans:
        return []
    edges = [spans[0][0] - 5]
    reach = spans[0][1]
    lefts = [left for left, _ in spans]
    for left, right in spans[1:]:
        # Where most rows have a cell that begins at one place, the longest cell before it may come close.
        aligned = left - reach >= 0.1 * size and sum(abs(left - other) < 1.5 for other in lefts) >= 0.6 * len(
            found
        )
        if left - reach >= NARROWEST_GAP * size or (aligned and len(found) > 2):
            edges.append((left + reach) / 2)
        reach = max(reach, right)
    return [*edges, reach + 5]


def _spans(cell: Stretch, row: list[Stretch], found: list[list[Stretch]]) -> bool:
    """Whether it goes over several cells of another row."""
    return any(
        sum(other.left < cell.right - 1 and other.right > cell.left + 1 for other in others) > 1
        for others in found
        if others is not row
    )


def holds_text(found: list[list[Stretch]], edges: list[float]) -> bool:
    """Whether more than one line runs across the columns: text between two tables."""
    width = 0.7 * (edges[-1] - edges[0])
    return sum(len(row) == 1 and row[0].right - row[0].left > width for row in found) > 1


def distinct(places: list[float]) -> list[float]:
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > 4:
            kept.append(place)
    return kept


def filled_rows(found: list[list[Stretch]], edges: list[float], level: list[float]) -> list[list[Cell]]:
    """The cells between the edges. Lines between two level rules are one row where there are such rules."""
    count = len(edges) - 1
    table: list[list[Cell]] = []
    previous: list[list[Stretch]] = []
    by_rules = len(distinct(level)) > 2
    last = 0.0
    pitch = _pitch(found)
    for row in found:
        cells: list[list[Stretch]] = [[] for _ in range(count)]
        for stretch in row:
            cells[_column(stretch, edges)].append(stretch)
        middle = row[0].baseline - 0.3 * row[0].size
        if by_rules:
            goes_on = bool(table) and not any(last < y < middle for y in level)
            goes_on = goes_on and (len(table) == 1 or not _begins_anew(previous, cells, edges))
        else:
            goes_on = bool(table) and _goes_on(previous, cells, edges, row[0].baseline - last, pitch)
        if goes_on:
            for cell, more in zip(table[-1], cells, strict=True):
                cell.extend(more)
        else:
            table.append(cells)
        previous = cells
        last = middle if by_rules else row[0].baseline
    used = [index for index in range(count) if any(row[index] for row in table)]
    return [[row[index] for index in used] for row in table]


def _column(stretch: Stretch, edges: list[float]) -> int:
    """The column in which it begins; by its middle where it begins about on a border."""
    for index in range(len(edges) - 2):
        border = edges[index + 1]
        if stretch.left < border - 2 or (
            stretch.left < border and (stretch.left + stretch.right) / 2 < border
        ):
            return index
    return len(edges) - 2


def _begins_anew(before: list[Cell], cells: list[Cell], edges: list[float]) -> bool:
    """Whether a line within two rules is a row of its own: several cells, for all of which the line above had room."""
    filled = [index for index, cell in enumerate(cells) if cell]
    if len(filled) < 2 or not any(before[index] for index in filled):
        return False
    for index in filled:
        if before[index]:
            first = cells[index][0]
            above = before[index][-1]
            room = edges[index + 1] - above.right
            if room < first.first_word_width() + first.size or first.text[:1].islower():
                return False
            if abs(first.size - above.size) > 0.1 * above.size:
                return False  # a remark under what it belongs to
    return True


def _pitch(found: list[list[Stretch]]) -> tuple[float, float]:
    """The least and the greatest usual distance of rows."""
    distances = sorted(b[0].baseline - a[0].baseline for a, b in zip(found, found[1:], strict=False))
    return (distances[0], distances[(6 * len(distances)) // 10]) if distances else (0.0, 0.0)


def _goes_on(
    before: list[Cell], cells: list[Cell], edges: list[float], distance: float, pitch: tuple[float, float]
) -> bool:
    """Whether a line holds more of the cells of the line before it, rather than a row of its own."""
    spread = pitch[1] > 1.25 * pitch[0]
    if spread and distance > (pitch[0] + pitch[1]) / 2:
        return False
    if cells[0] and not spread:
        return False
    for index, cell in enumerate(cells):
        if not cell:
            continue
        if not before[index]:
            return False
        room = edges[index + 1] - before[index][-1].right
        words = before[index][-1].text.count(" ") + 1
        if not spread and (words < 2 or room > cell[0].first_word_width() + 2 * cell[0].size):
            return False
        if spread and index == 0 and room > cell[0].first_word_width() + 2 * cell[0].size:
            return False
    return True
