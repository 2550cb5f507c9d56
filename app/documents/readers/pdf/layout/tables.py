"""Tables: by the rules that are drawn, or by the white space that runs down between cells.

A table is rows of cells, a cell is its printed lines; an empty cell is an empty list, so that every number stays under
its heading. Code, contents pages and definition lists have gaps in their lines as well, and are no tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app.documents.model import Box
from app.documents.readers.pdf.layout.columns import columns
from app.documents.readers.pdf.layout.stretches import Stretch, rows, union

Cell = list[Stretch]
LEADERS = re.compile(r"(?:[.·…_] ?){4,}")

_TOUCH = 3.0  # points between rules that meet
_FAR = 2.4  # of the size: rows further apart belong to two tables
_MANY_RULES = 24  # above each other, of one table or several
_NARROWEST_GAP = 0.45  # of the size, between two columns of a table


@dataclass
class Table:
    """rows: of as many cells each. box: in the frame. ruled: lines are drawn between its rows or columns."""

    rows: list[list[Cell]]
    box: Box
    ruled: bool = False


@dataclass
class Rules:
    """The rules of a page in a frame: level ones and upright ones, those in one line made one."""

    level: list[Box]
    upright: list[Box]


def sort_rules(boxes: Sequence[Box]) -> Rules:
    """Level and upright rules among thin boxes; what is neither is left out."""
    level = [box for box in boxes if box[3] - box[1] <= 3 and box[2] - box[0] >= 8]
    upright = [box for box in boxes if box[2] - box[0] <= 3 and box[3] - box[1] >= 6]
    if len(level) + len(upright) > 4000:  # a drawing
        return Rules([], [])
    turned = _in_one_line([(box[1], box[0], box[3], box[2]) for box in upright])
    return Rules(_in_one_line(level), [(box[1], box[0], box[3], box[2]) for box in turned])


def _in_one_line(boxes: list[Box]) -> list[Box]:
    """Level boxes, those that touch end to end or lie on one another made one."""
    merged: list[Box] = []
    for box in sorted(boxes, key=lambda item: (round((item[1] + item[3]) / 2), item[0])):
        if merged:
            last = merged[-1]
            if abs(last[1] + last[3] - box[1] - box[3]) <= 3 and box[0] <= last[2] + _TOUCH:
                merged[-1] = union((last, box))
                continue
        merged.append(box)
    return merged


# -- by rules ----------------------------------------------------------------------------------------------------------


def ruled_tables(lines: list[Stretch], rules: Rules) -> tuple[list[Table], list[Stretch]]:
    """Tables that rules show, and the lines that are in none of them."""
    tables: list[Table] = []
    for level, upright in _clusters(rules):
        zone = union([*level, *upright])
        inside = [line for line in lines if _is_inside(line, zone)]
        if len(inside) < 4:
            continue
        grid = _grid(inside, level, upright, zone)
        for table in [grid] if grid else _between_level_rules(inside, level):
            tables.append(table)
            taken = {id(stretch) for row in table.rows for cell in row for stretch in cell}
            lines = [line for line in lines if id(line) not in taken]
    return tables, lines


def _clusters(rules: Rules) -> list[tuple[list[Box], list[Box]]]:
    """Rules that meet, and level ones of one width above each other that meet no others."""
    found: list[tuple[list[Box], list[Box]]] = []
    spans = [(box, True) for box in rules.level] + [(box, False) for box in rules.upright]
    for box, is_level in sorted(spans, key=lambda item: item[0][1]):
        homes = [cluster for cluster in found if _meets(box, cluster[0]) or _meets(box, cluster[1])]
        home = homes[0] if homes else ([], [])
        for other in homes[1:]:  # the rule joins them
            home[0].extend(other[0])
            home[1].extend(other[1])
        joined = set(map(id, homes[1:]))
        found = [cluster for cluster in found if id(cluster) not in joined]
        if not homes:
            found.append(home)
        home[0 if is_level else 1].append(box)
    grids = [cluster for cluster in found if cluster[1] and len(cluster[0]) >= 2]
    stacks: dict[tuple[int, int], list[Box]] = {}
    for level, upright in found:
        if not upright:
            for rule in level:
                key = next(
                    (key for key in stacks if abs(key[0] - rule[0]) < 3 and abs(key[1] - rule[2]) < 3),
                    (round(rule[0]), round(rule[2])),
                )
                stacks.setdefault(key, []).append(rule)
    return grids + [(level, []) for level in stacks.values() if len(level) >= 2]


def _meets(box: Box, others: list[Box]) -> bool:
    left, top, right, bottom = box[0] - _TOUCH, box[1] - _TOUCH, box[2] + _TOUCH, box[3] + _TOUCH
    return any(
        other[0] <= right and other[2] >= left and other[1] <= bottom and other[3] >= top
        for other in reversed(others)
    )


def _is_inside(line: Stretch, zone: Box) -> bool:
    middle = (line.top + line.bottom) / 2
    return zone[1] - 1 <= middle <= zone[3] + 1 and zone[0] - 4 <= line.left and line.right <= zone[2] + 4


def _grid(lines: list[Stretch], level: list[Box], upright: list[Box], zone: Box) -> Table | None:
    """The table of a grid; None where no upright rule stands between cells."""
    height = zone[3] - zone[1]
    places = _distinct([(rule[0] + rule[2]) / 2 for rule in upright if rule[3] - rule[1] >= 0.2 * height])
    inner = [x for x in places if zone[0] + 4 < x < zone[2] - 4]
    if not inner:
        return None
    edges = [zone[0] - 5, *inner, zone[2] + 5]
    found = _filled(
        rows(lines), edges, [rule[1] for rule in level if rule[2] - rule[0] >= 0.5 * (zone[2] - zone[0])]
    )
    filled = sum(1 for row in found for cell in row if cell)
    if len(found) < 2 or filled < 4 or sum(1 for row in found if sum(map(bool, row)) > 1) < 2:
        return None
    return Table(found, zone, True)


def _between_level_rules(lines: list[Stretch], level: list[Box]) -> list[Table]:
    """Tables with rules above and below, perhaps between their rows, and none between their columns. The rules of two
    tables may be of one width, with text between them."""
    ys = _distinct([rule[1] for rule in level])[:_MANY_RULES]
    tables: list[Table] = []
    start = 0
    while start < len(ys) - 1:
        for end in range(len(ys) - 1, start, -1):
            inside = [line for line in lines if ys[start] - 1 < (line.top + line.bottom) / 2 < ys[end] + 1]
            table = _between(inside, ys[start : end + 1])
            if table is not None:
                tables.append(table)
                start = end
                break
        start += 1
    return tables


def _between(lines: list[Stretch], ys: list[float]) -> Table | None:
    if len(lines) < 4 or (len(ys) < 4 and len(columns(lines)) > 1):
        return None  # perhaps a page in two columns between the rules of its head and its foot
    found = rows(lines)
    if sum(len(row) > 1 for row in found) < max(2, 0.4 * len(found)) or _is_other(found):
        return None
    edges = _edges(found)
    if len(edges) < 3 or _holds_text(found, edges):
        return None
    # Few rules are those around the head; they part no rows.
    table = _filled(found, edges, ys if len(ys) >= 5 else [])
    box = union([(line.left, line.top, line.right, line.bottom) for line in lines])
    return Table(table, (box[0], ys[0], box[2], ys[-1]), True) if len(table) >= 2 else None


def _holds_text(found: list[list[Stretch]], edges: list[float]) -> bool:
    """Whether more than one line runs across the columns: text between two tables."""
    width = 0.7 * (edges[-1] - edges[0])
    return sum(len(row) == 1 and row[0].right - row[0].left > width for row in found) > 1


def _distinct(places: list[float]) -> list[float]:
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > 4:
            kept.append(place)
    return kept


# -- by white space ----------------------------------------------------------------------------------------------------


def unruled_tables(found: list[list[Stretch]]) -> list[tuple[int, int, Table]]:
    """Tables among the rows of a column, each with its first row and the one after its last."""
    tables: list[tuple[int, int, Table]] = []
    index = 0
    while index < len(found):
        if len(found[index]) < 2:
            index += 1
            continue
        end = _run(found, index)
        model = max(found[index:end], key=len)
        start = index
        while start and len(found[start - 1]) == 1 and _is_near(found[start - 1], found[start]):
            parts = _cut(found[start - 1][0], model)
            if not parts:
                break
            start -= 1
            found[start] = parts
        for number in range(index, end):
            if len(found[number]) < len(model):
                found[number] = [part for cell in found[number] for part in _cut(cell, model) or [cell]]
        table = _unruled(found[start:end])
        if table is not None and (end - start > 2 or _stands_alone(found, start, end)):
            tables.append((start, end, table))
            index = end
        else:
            index += 1
    return tables


def _is_near(row: list[Stretch], following: list[Stretch]) -> bool:
    return following[0].baseline - row[0].baseline < _FAR * following[0].size


def _stands_alone(found: list[list[Stretch]], start: int, end: int) -> bool:
    """Whether the rows next to these are further away than they are from each other, as in text they are not."""
    distance = 1.2 * (found[end - 1][0].baseline - found[start][0].baseline) / max(1, end - start - 1)
    above = start == 0 or found[start][0].baseline - found[start - 1][0].baseline > distance
    return above and (end == len(found) or found[end][0].baseline - found[end - 1][0].baseline > distance)


def _cut(stretch: Stretch, model: list[Stretch]) -> list[Stretch]:
    """A stretch in parts where it holds several cells that stand closer than others of their columns; [] where it is one
    cell. model: a row with all its cells: in two columns only, a word of a line begins under a cell too often by chance.
    """
    text = stretch.text
    spaces = [index for index, letter in enumerate(text) if letter == " "]
    inner = [cell for cell in model if stretch.left + 1.5 < cell.left < stretch.right]
    if not spaces or not inner or (len(model) < 3 and not stretch.bold):
        return []
    if stretch.bold and len(spaces) == len(model) - 1 and len(model) > 2:
        cuts = spaces  # a head, whose words are centred
    else:
        starts = {index: stretch.place(index + 1)[0] for index in spaces}
        cuts = [
            index
            for cell in inner
            if (index := next((i for i in spaces if abs(starts[i] - cell.left) < 1.5), None)) is not None
        ]
        if len(cuts) < len(inner):
            return []
    edges = [-1, *cuts, len(text)]
    return [stretch.part(first + 1, last) for first, last in zip(edges, edges[1:], strict=False)]


def _run(found: list[list[Stretch]], start: int) -> int:
    """The row after the last one that keeps the white space between cells that the first one has."""
    gaps = [(a.right, b.left) for a, b in zip(found[start], found[start][1:], strict=False)]
    second = found[start][1].left
    model = found[start]
    end = start + 1
    for index in range(start + 1, len(found)):
        row, before = found[index], found[index - 1]
        size = row[0].size
        if row[0].baseline - before[0].baseline > _FAR * max(size, before[0].size):
            break
        if abs(size - found[start][0].size) > 0.3 * size:
            break
        left = [gap for gap in (_less(gap, row) for gap in gaps) if gap[1] - gap[0] >= _NARROWEST_GAP * size]
        if not left:
            parts = [part for cell in row for part in _cut(cell, model) or [cell]]
            if len(parts) == len(row):
                break
            row, left = parts, gaps
        if len(row) > len(model):
            model = row
        if len(row) > 1:
            gaps = left
            second = min(second, row[1].left)
            end = index + 1
        elif row[0].left >= second - size or index + 1 < len(found):
            gaps = left
            if row[0].left >= second - size:
                end = index + 1
    return end


def _less(gap: tuple[float, float], row: list[Stretch]) -> tuple[float, float]:
    """What the row leaves of the gap."""
    low, high = gap
    for cell in row:
        if cell.left < high and cell.right > low:
            if cell.left <= low and cell.right >= high:
                return 0.0, 0.0
            if cell.left - low > high - cell.right:
                high = cell.left
            else:
                low = cell.right
    return low, high


def _unruled(found: list[list[Stretch]]) -> Table | None:
    several = sum(len(row) > 1 for row in found)
    if several < 2 or several < 0.4 * len(found) or _is_other(found):
        return None
    edges = _edges(found)
    if len(edges) < 3 or _holds_text(found, edges):
        return None
    if len(edges) == 3 and (several < 3 or _is_definitions(found, edges[1])):
        return None
    cells = [cell for row in found for cell in row]
    if sum(len(cell.text) for cell in cells) > 45 * len(cells):
        return None
    table = _filled(found, edges, [])
    return (
        Table(table, union([(c.left, c.top, c.right, c.bottom) for c in cells])) if len(table) >= 2 else None
    )


def _is_other(found: Sequence[list[Stretch]]) -> bool:
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


def _is_definitions(found: list[list[Stretch]], edge: float) -> bool:
    """Whether the right one of two columns is wrapped text: a list of terms with what they mean."""
    right = [cell for row in found for cell in row if cell.left >= edge - 1]
    if not right:
        return False
    words = sum(cell.text.count(" ") + 1 for cell in right)
    return words > 4 * len(right)


def _edges(found: list[list[Stretch]]) -> list[float]:
    """Where the columns' borders are, the outer ones included."""
    cells = [cell for row in found for cell in row]
    size = median([cell.size for cell in cells])
    spans = sorted(
        (cell.left, cell.right)
        for row in found
        for cell in row
        if not (len(row) < 3 and _spans(cell, row, found))
    )
    if not spans:
        return []
    edges = [spans[0][0] - 5]
    reach = spans[0][1]
    for left, right in spans[1:]:
        if left - reach >= _NARROWEST_GAP * size:
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


# -- rows of cells -----------------------------------------------------------------------------------------------------


def _filled(found: list[list[Stretch]], edges: list[float], level: list[float]) -> list[list[Cell]]:
    """The cells between the edges. Lines between two level rules are one row where there are such rules."""
    count = len(edges) - 1
    table: list[list[Cell]] = []
    previous: list[list[Stretch]] = []
    by_rules = len(_distinct(level)) > 2
    last = 0.0
    pitch = _pitch(found)
    for row in found:
        cells: list[list[Stretch]] = [[] for _ in range(count)]
        for stretch in row:
            cells[_column(stretch, edges)].append(stretch)
        middle = row[0].baseline - 0.3 * row[0].size
        if by_rules:
            goes_on = bool(table) and not any(last < y < middle for y in level)
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
