"""Tables that rules show: grids, and rows between level rules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.documents.model import Box
from app.documents.readers.pdf.layout.columns import columns
from app.documents.readers.pdf.layout.rows import rows
from app.documents.readers.pdf.layout.stretches import Stretch, union
from app.documents.readers.pdf.layout.tables import (
    Table,
    column_edges,
    distinct,
    filled_rows,
    holds_text,
    is_no_table,
)

_TOUCH = 3.0  # points between rules that meet
_MANY_ON_PAGE = 800  # are a drawing
_MANY_RULES = 24  # above each other, of one table or several


@dataclass
class Rules:
    """The rules of a page in a frame: level ones and upright ones, those in one line made one."""

    level: list[Box]
    upright: list[Box]


def sort_rules(boxes: Sequence[Box]) -> Rules:
    """Level and upright rules among thin boxes; what is neither is left out."""
    level = [box for box in boxes if box[3] - box[1] <= 3 and box[2] - box[0] >= 8]
    upright = [box for box in boxes if box[2] - box[0] <= 3 and box[3] - box[1] >= 6]
    level = _in_one_line(level)
    turned = _in_one_line([(box[1], box[0], box[3], box[2]) for box in upright])
    if len(level) + len(turned) > _MANY_ON_PAGE:
        return Rules([], [])
    return Rules(level, [(box[1], box[0], box[3], box[2]) for box in turned])


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


def ruled_tables(lines: list[Stretch], rules: Rules) -> tuple[list[Table], list[Stretch]]:
    """Tables that rules show, and the lines that are in none of them."""
    tables: list[Table] = []
    for level, upright in _clusters(rules):
        zone = union([*level, *upright])
        inside = [line for line in lines if _is_inside(line, zone)]
        if len(inside) < 4:
            continue
        grid = _grid(inside, level, upright, zone)
        around = (
            inside if upright else [line for line in lines if _is_inside(line, _with_outer_rows(zone, level))]
        )
        for table in [grid] if grid else _between_level_rules(around, level):
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
    places = distinct([(rule[0] + rule[2]) / 2 for rule in upright if rule[3] - rule[1] >= 0.2 * height])
    inner = [x for x in places if zone[0] + 4 < x < zone[2] - 4]
    if not inner:
        return None
    edges = [zone[0] - 5, *inner, zone[2] + 5]
    found = filled_rows(
        rows(lines), edges, [rule[1] for rule in level if rule[2] - rule[0] >= 0.5 * (zone[2] - zone[0])]
    )
    filled = sum(1 for row in found for cell in row if cell)
    if len(found) < 2 or filled < 4 or sum(1 for row in found if sum(map(bool, row)) > 1) < 2:
        return None
    return Table(found, zone, True)


def _between_level_rules(lines: list[Stretch], level: list[Box]) -> list[Table]:
    """Tables with rules above and below, perhaps between their rows, and none between their columns. The
    rules of two tables may be of one width, with text between them."""
    ys = distinct([rule[1] for rule in level])[:_MANY_RULES]
    tables: list[Table] = []
    start = 0
    while start < len(ys) - 1:
        for end in range(len(ys) - 1, start, -1):
            inside = [line for line in lines if ys[start] - 1 < (line.top + line.bottom) / 2 < ys[end] + 1]
            table = _between(inside, ys[start : end + 1])
            if table is not None:
                table = _with_rows_outside(lines, inside, ys[start : end + 1]) or table
                tables.append(table)
                start = end
                break
        start += 1
    return tables


def _between(lines: list[Stretch], ys: list[float]) -> Table | None:
    if len(lines) < 4 or (len(ys) < 4 and len(columns(lines)) > 1):
        return None  # perhaps a page in two columns between the rules of its head and its foot
    found = rows(lines)
    if sum(len(row) > 1 for row in found) < max(2, 0.4 * len(found)) or is_no_table(found):
        return None
    edges = column_edges(found)
    if len(edges) < 3 or holds_text(found, edges):
        return None
    # Few rules are those around the head; they part no rows.
    table = filled_rows(found, edges, ys if len(ys) >= 5 else [])
    box = union([(line.left, line.top, line.right, line.bottom) for line in lines])
    return Table(table, (box[0], ys[0], box[2], ys[-1]), True) if len(table) >= 2 else None


def _pitch(ys: Sequence[float]) -> float:
    """How far the rules between the rows of a table are apart; 0 where there are few, or they are not even."""
    gaps = [second - first for first, second in pairwise(ys)]
    return sum(gaps) / len(gaps) if len(gaps) >= 3 and max(gaps) <= 1.5 * min(gaps) else 0.0


def _with_outer_rows(zone: Box, level: Sequence[Box]) -> Box:
    """The zone with room for a row above its first rule and one below its last."""
    pitch = _pitch(distinct([rule[1] for rule in level])[:_MANY_RULES])
    return zone[0], zone[1] - 1.2 * pitch, zone[2], zone[3] + 1.2 * pitch


def _with_rows_outside(lines: Sequence[Stretch], inside: list[Stretch], ys: Sequence[float]) -> Table | None:
    """The table with the row above its first rule and the one below its last, where rules stand between rows alone and
    those two have cells in its columns; None where neither has."""
    pitch = _pitch(ys)
    if not pitch:
        return None
    edges = column_edges(rows(inside))
    borders = list(ys)
    cells = list(inside)
    for first, last in ((ys[0] - 1.2 * pitch, ys[0]), (ys[-1], ys[-1] + 1.2 * pitch)):
        found = [line for line in lines if first < (line.top + line.bottom) / 2 < last and line not in inside]
        places = {_column_of(line, edges) for line in found}
        if len(found) >= 2 and len(places) == len(found) and None not in places:
            borders = sorted([*borders, first if first < ys[0] else last])
            cells += found
    return _between(cells, borders) if len(borders) > len(ys) else None


def _column_of(line: Stretch, edges: Sequence[float]) -> int | None:
    """The column that a line stands in, None where it goes over a border between two; the outer ones are open, as a
    head is often wider than what stands below it."""
    column = bisect_right(edges[1:-1], line.left + 2)
    return column if column == len(edges) - 2 or line.right <= edges[column + 1] + 2 else None
