"""From recognised lines, each with its box, to blocks in reading order."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.model import Block, Box, Line
from app.documents.text import clean

_SAME_LINE = 0.5  # of the smaller height: how far two lines overlap that are pieces of one
_NEW_PARAGRAPH = 0.9  # of the height: a wider space between two lines parts paragraphs
_HEADING = 1.25  # of the usual height
_WIDE_GAP = 2.0  # of the height: it parts columns


@dataclass(frozen=True)
class RecognisedLine:
    """A line as recognised, its place in points from the top left of the page."""

    text: str
    box: Box


def blocks_of(lines: Sequence[RecognisedLine]) -> tuple[Block, ...]:
    """Headings and paragraphs, columns one after the other."""
    cleaned = [RecognisedLine(text, line.box) for line in lines if (text := clean(line.text).strip())]
    if not cleaned:
        return ()
    usual = statistics.median(_height(line) for line in cleaned)
    paragraphs: list[list[RecognisedLine]] = []
    for column in _columns(cleaned):
        for row in _rows(column):
            if paragraphs and _goes_on(paragraphs[-1], row):
                paragraphs[-1].append(row)
            else:
                paragraphs.append([row])
    return tuple(_block(paragraph, usual) for paragraph in paragraphs)


def _columns(lines: Sequence[RecognisedLine]) -> list[list[RecognisedLine]]:
    """The lines cut at white space that runs through: first across the page, then down it, and so on."""
    for axis in (1, 0):
        parts = _cut(lines, axis)
        if len(parts) > 1 and (axis == 1 or all(len(part) > 1 for part in parts)):
            return [column for part in parts for column in _columns(part)]
    return [sorted(lines, key=lambda line: line.box[1])]


def _cut(lines: Sequence[RecognisedLine], axis: int) -> list[list[RecognisedLine]]:
    """Where nothing stands for more than two heights of a line along `axis` (0: across, 1: down)."""
    least = _WIDE_GAP * statistics.median(_height(line) for line in lines)
    parts: list[list[RecognisedLine]] = []
    end = -least
    for line in sorted(lines, key=lambda line: line.box[axis]):
        if not parts or line.box[axis] - end > least * (1 if axis == 1 else 0.5):
            parts.append([])
        parts[-1].append(line)
        end = max(end, line.box[axis + 2])
    return parts


def _rows(lines: Sequence[RecognisedLine]) -> list[RecognisedLine]:
    """Pieces that stand on one line, put together from left to right."""
    rows: list[list[RecognisedLine]] = []
    for line in lines:
        if rows and _overlap(rows[-1][-1], line) > _SAME_LINE * min(_height(line), _height(rows[-1][-1])):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_joined(sorted(row, key=lambda line: line.box[0])) for row in rows]


def _joined(row: Sequence[RecognisedLine]) -> RecognisedLine:
    text = " ".join(line.text for line in row)
    boxes = [line.box for line in row]
    return RecognisedLine(text, _around(boxes))


def _goes_on(paragraph: Sequence[RecognisedLine], line: RecognisedLine) -> bool:
    last = paragraph[-1]
    height = min(_height(last), _height(line))
    gap = line.box[1] - last.box[3]
    alike = max(_height(last), _height(line)) < _HEADING * height
    full = last.box[2] >= max(other.box[2] for other in (*paragraph, line)) - 4 * height
    return -height < gap < _NEW_PARAGRAPH * height and alike and full


def _block(paragraph: Sequence[RecognisedLine], usual: float) -> Block:
    text = ""
    lines: list[Line] = []
    for row in paragraph:
        if text:
            # Chinese and Japanese are written without spaces, and a hyphen at the end of a line may be one of the word.
            if text[-1] in "-\u2010" and row.text[0].islower():
                text = text[:-1]
                last = lines[-1]
                lines[-1] = Line(last.start, last.box, last.extents[:-2])
            elif not (_is_ideographic(text[-1]) and _is_ideographic(row.text[0])):
                text += " "
        lines.append(Line(len(text), row.box, _spread(row)))
        text += row.text
    heading = len(paragraph) <= 2 and min(_height(row) for row in paragraph) > _HEADING * usual
    return Block(
        "heading" if heading else "paragraph",
        text,
        level=1 if heading else 0,
        box=_around([row.box for row in paragraph]),
        lines=tuple(lines),
        origin="recognised",
    )


def _spread(row: RecognisedLine) -> tuple[float, ...]:
    """Where each character stands if all are as wide, those of Chinese and Japanese twice."""
    weights = [2 if _is_ideographic(character) else 1 for character in row.text]
    left, right = row.box[0], row.box[2]
    unit = (right - left) / sum(weights)
    extents: list[float] = []
    for weight in weights:
        extents += (left, left + weight * unit)
        left += weight * unit
    return tuple(extents)


def _is_ideographic(character: str) -> bool:
    return (
        "\u2e80" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uffef"
    )


def _overlap(one: RecognisedLine, other: RecognisedLine) -> float:
    return min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])


def _height(line: RecognisedLine) -> float:
    return max(line.box[3] - line.box[1], 0.1)


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
