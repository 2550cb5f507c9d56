"""Tables that white space alone shows: it runs down between their cells."""

from __future__ import annotations

from app.documents.readers.pdf.layout.stretches import Stretch, union
from app.documents.readers.pdf.layout.tables import (
    NARROWEST_GAP,
    Table,
    column_edges,
    filled_rows,
    holds_text,
    is_no_table,
)

_MANY_ROWS = 40  # that are no table are not looked at again from their second row on
_FAR = 2.4  # of the size: rows further apart belong to two tables


def unruled_tables(found: list[list[Stretch]]) -> list[tuple[int, int, Table]]:
    """Tables among the rows of a column, each with its first row and the one after its last."""
    tables: list[tuple[int, int, Table]] = []
    index = done = 0
    while index < len(found):
        if len(found[index]) < 2:
            index += 1
            continue
        end = _run(found, index)
        model = max(found[index:end], key=len)
        start = index
        while start > done and _is_near(found[start - 1], found[start]):
            before = found[start - 1]
            parts = _cut(before[0], model) if len(before) == 1 else before if _fits(before, model) else []
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
            index = done = end
        else:
            index = end if end - index > _MANY_ROWS else index + 1
    return tables


def _fits(row: list[Stretch], model: list[Stretch]) -> bool:
    """Whether all cells of a row begin or end where cells of a full row do."""
    return all(
        any(abs(cell.left - other.left) < 1.5 or abs(cell.right - other.right) < 1.5 for other in model)
        for cell in row
    )


def _is_near(row: list[Stretch], following: list[Stretch]) -> bool:
    return following[0].baseline - row[0].baseline < _FAR * following[0].size


def _stands_alone(found: list[list[Stretch]], start: int, end: int) -> bool:
    """Whether the rows next to these are further away than they are from each other, as in text they are
    not."""
    distance = 1.2 * (found[end - 1][0].baseline - found[start][0].baseline) / max(1, end - start - 1)
    above = start == 0 or found[start][0].baseline - found[start - 1][0].baseline > distance
    return above and (end == len(found) or found[end][0].baseline - found[end - 1][0].baseline > distance)


def _cut(stretch: Stretch, model: list[Stretch]) -> list[Stretch]:
    """A stretch in parts where it holds several cells that stand closer than others of their columns; []
    where it is one cell. model: a row with all its cells: in two columns only, a word of a line begins under
    a cell too often by chance."""
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
        left = [gap for gap in (_less(gap, row) for gap in gaps) if gap[1] - gap[0] >= NARROWEST_GAP * size]
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
    if several < 2 or several < 0.4 * len(found) or is_no_table(found):
        return None
    edges = column_edges(found)
    if len(edges) < 3 or holds_text(found, edges):
        return None
    if len(edges) == 3 and (several < 3 or _is_definitions(found, edges[1])):
        return None
    cells = [cell for row in found for cell in row]
    if sum(len(cell.text) for cell in cells) > 45 * len(cells):
        return None
    table = filled_rows(found, edges, [])
    return (
        Table(table, union([(c.left, c.top, c.right, c.bottom) for c in cells])) if len(table) >= 2 else None
    )


def _is_definitions(found: list[list[Stretch]], edge: float) -> bool:
    """Whether the right one of two columns is wrapped text: a list of terms with what they mean."""
    right = [cell for row in found for cell in row if cell.left >= edge - 1]
    if not right:
        return False
    words = sum(cell.text.count(" ") + 1 for cell in right)
    return words > 4 * len(right)
