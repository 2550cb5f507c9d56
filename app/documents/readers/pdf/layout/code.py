"""Code: lines whose letters are all of one width, with their indentation, their gaps and their blank
lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from app.documents.readers.pdf.layout.drafts import GAP, Draft, Style
from app.documents.readers.pdf.layout.stretches import Stretch, is_ideograph, joined

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")
_LARGE_CODE = 1.18  # of the body's size: what is larger is a heading about code


def code_lines(lines: list[Stretch], right: float, style: Style) -> list[bool]:
    """Which lines are code: those that are monospaced as a whole, and no part of a paragraph that wraps into
    them."""
    if style.is_monospaced:
        return [False] * len(lines)
    code = [
        line.monospaced and line.size < _LARGE_CODE * style.body and _may_becode_drafts(line.text)
        for line in lines
    ]
    for index in range(1, len(lines)):
        if not code[index] or code[index - 1]:
            continue
        before, line = lines[index - 1], lines[index]
        near = line.baseline - before.baseline < GAP * style.pitch(before.size)
        wraps = right - before.right < line.first_word_width() + 0.5 * before.size
        if (
            near
            and wraps
            and abs(line.left - before.left) < 0.5 * line.size
            and not before.text.endswith(":")
        ):
            code[index] = False
    return code


def _may_becode_drafts(text: str) -> bool:
    """Not an item of a list, and no script in which letters of one width mean nothing."""
    return text[0] not in "•–—▪◦" and (text.isascii() or not _RIGHT_TO_LEFT.search(text))


def code_drafts(rows: Sequence[list[Stretch]], lines: list[Stretch], style: Style) -> list[Draft]:
    width = median([_letter_width(row[-1]) for row in rows])
    left = min(line.left for line in lines)
    distances = [b.baseline - a.baseline for a, b in zip(lines, lines[1:], strict=False)]
    pitch = min([d for d in distances if d > 0.8 * lines[0].size], default=style.pitch(lines[0].size))
    pitch = min(pitch, 1.7 * lines[0].size)
    drafts: list[Draft] = []
    for index, row in enumerate(rows):
        line = _code_line(row, width)
        distance = distances[index - 1] / pitch if index else 9.0
        far = not index or distance > 3.6 or abs(rows[index - 1][-1].size - row[-1].size) > 0.15 * line.size
        if far and index and distance <= 3.6 and (_is_number(row) or _is_number(rows[index - 1])):
            far = False  # of an empty line, which is small
        if far:
            drafts.append(Draft("code", left=left))
        blank = 0 if far else max(0, round(distance - 0.15) - 1)
        drafts[-1].add(line, "\n" * (1 + min(blank, 2)))
        drafts[-1].indents.append(max(0, round((line.left - left) / width)))
    for draft in drafts:
        least = min(draft.indents)
        draft.indents = [indent - least for indent in draft.indents]
    return drafts


def _is_number(row: list[Stretch]) -> bool:
    return len(row) == 1 and row[0].text.isdecimal()


def _letter_width(line: Stretch) -> float:
    return (line.right - line.left) / max(
        1, sum(2 if is_ideograph(letter) else 1 for letter in line.text)
    ) or 1.0


def _code_line(row: list[Stretch], width: float) -> Stretch:
    """A line of code with as many spaces in its gaps as they are wide."""
    line = joined(row)
    if len(row) == 1:
        return line
    text, extents = row[0].text, row[0].extents[:]
    for before, part in zip(row, row[1:], strict=False):
        spaces = max(0, round((part.left - before.right) / width))
        place = extents[-1]
        text += " " * spaces + part.text
        extents.extend([place] * (2 * spaces))
        extents.extend(part.extents)
    line.text, line.extents = text, extents
    return line
