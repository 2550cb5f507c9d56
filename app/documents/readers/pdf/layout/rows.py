"""Which stretches stand on one line, small raised and lowered marks included."""

from __future__ import annotations

from collections.abc import Sequence

from app.documents.model import Box
from app.documents.readers.pdf.layout.stretches import (
    HAS_SUPERSCRIPT,
    SUPERSCRIPTS,
    WITHIN_LINE,
    Stretch,
    joined,
)

_SAME_BASELINE = 0.2  # of the size


def rows(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Stretches that share a baseline, each row from left to right, the rows downwards."""
    found: list[list[Stretch]] = []
    baseline = size = 0.0
    for stretch in sorted(stretches, key=lambda item: item.baseline):
        if found and stretch.baseline - baseline <= _SAME_BASELINE * max(size, stretch.size):
            found[-1].append(stretch)
            if stretch.size > size:
                size = stretch.size
        else:
            found.append([stretch])
            baseline, size = stretch.baseline, stretch.size
    for row in found:
        if len(row) > 1:
            row.sort(key=lambda item: item.left)
    return _with_small_marks(found)


def _with_small_marks(found: list[list[Stretch]]) -> list[list[Stretch]]:
    """Marks that stand higher or lower than the line they belong to, put into it."""
    if len(found) < 2:
        return found
    kept = list(found)
    for index, row in enumerate(found):
        for mark in list(row):
            if len(mark.text) > 6:
                continue
            for near in (index + 1, index - 1):
                if not 0 <= near < len(found):
                    continue
                host = next((other for other in found[near] if _is_mark_of(mark, other)), None)
                if host is None:
                    continue
                row.remove(mark)
                mark.baseline = host.baseline
                if not mark.raised:
                    mark.raised = 1 if near > index else -1
                    if mark.raised > 0 and HAS_SUPERSCRIPT.issuperset(mark.text):
                        mark.text = mark.text.translate(SUPERSCRIPTS)
                found[near].append(mark)
                found[near].sort(key=lambda item: item.left)
                break
    return [row for row in kept if row]


def _is_mark_of(mark: Stretch, line: Stretch) -> bool:
    if mark.size > 0.85 * line.size or mark.bottom <= line.top or mark.top >= line.bottom:
        return False
    overlap = min(mark.bottom, line.bottom) - max(mark.top, line.top)
    if overlap < 0.4 * (mark.bottom - mark.top):
        return False
    reach = 0.4 * line.size
    return -reach < mark.left - line.right < reach or -reach < line.left - mark.right < reach


def lines_of(stretches: Sequence[Stretch], separators: Sequence[Box] = ()) -> list[Stretch]:
    """Stretches joined across gaps that part neither cells nor columns. separators: upright rules in the
    frame."""
    if separators:
        stretches = _split_at(stretches, separators)
    lines: list[Stretch] = []
    for row in rows(stretches):
        if len(row) == 1:
            lines.append(row[0])
            continue
        run = [row[0]]
        for stretch in row[1:]:
            gap = stretch.left - run[-1].right
            if gap < WITHIN_LINE * max(stretch.size, run[-1].size) and not _parted(
                run[-1], stretch, separators
            ):
                run.append(stretch)
            else:
                lines.append(joined(run))
                run = [stretch]
        lines.append(joined(run))
    return lines


def _parted(left: Stretch, right: Stretch, separators: Sequence[Box]) -> bool:
    return any(
        (left.right - 1 <= rule[0] or _runs_over(left, right, rule))
        and rule[2] <= right.left + 1
        and rule[1] < left.baseline < rule[3] + left.size
        for rule in separators
    )


def _runs_over(left: Stretch, right: Stretch, rule: Box) -> bool:
    """Whether text that is too long for its cell runs into the next one, whose text begins at the rule."""
    return left.left < rule[0] < left.right and right.left - rule[2] < right.size


def _split_at(stretches: Sequence[Stretch], separators: Sequence[Box]) -> list[Stretch]:
    """Stretches cut where an upright rule goes through a space in them."""
    parts: list[Stretch] = []
    for stretch in stretches:
        middle = (stretch.top + stretch.bottom) / 2
        cuts = sorted(
            x
            for rule in separators
            if rule[1] <= middle <= rule[3]
            and stretch.left + 1 < (x := (rule[0] + rule[2]) / 2) < stretch.right - 1
        )
        start = 0
        for x in cuts:
            end = next((i for i in range(start, len(stretch.text)) if stretch.place(i)[0] >= x - 0.5), None)
            if end is None or not stretch.text[start:end].strip() or not stretch.text[end:].strip():
                continue
            begin, finish = stretch.place(end - 1)
            if finish > x + 0.5 and stretch.text[end - 1] != " ":
                continue  # the rule goes through a letter: it is struck out or underlined, not parted
            parts.append(stretch.part(start, end))
            start = end
        parts.append(stretch.part(start, len(stretch.text)) if start else stretch)
    return parts
