"""From the lines of one column to paragraphs, list items and code.

A line's end was only a wrap if the next line's first word would not have fitted. Distance, indentation, size
and marks of lists tell blocks apart; where most lines of a block could have taken the next word, as in verse
and addresses, the line ends are meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.documents.readers.pdf.layout.code import code_drafts, code_lines
from app.documents.readers.pdf.layout.drafts import GAP, Draft, Style, ends_sentence
from app.documents.readers.pdf.layout.hyphens import HYPHENS
from app.documents.readers.pdf.layout.stretches import Stretch, is_ideograph, joined
from app.documents.readers.pdf.layout.tables import LEADERS, numbered_code

_BULLET = re.compile(r"([•▪◦‣·∙*⁃–—§○●■□❏➢➤✓\uf0b7\uf0a7\x80-\x9f-]|o(?= ))\s*(?=\S)")
_NUMBER = re.compile(r"([\[(]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)\]])\s+(?=\S)")
_DASHES = frozenset("-–—*o·")
_INDENT = 0.7  # of the size: less is no indentation
_RAGGED = 0.15  # of the line: so much room may be left at a wrap where lines are not filled
_VERSE = 0.6  # share of line ends that are meant


def paragraphs(rows: Sequence[list[Stretch]], left: float, right: float, style: Style) -> list[Draft]:
    """The blocks of one column, whose edges are given, in order."""
    drafts: list[Draft] = []
    lines = [joined(row) for row in rows]
    numbered = numbered_code(rows)
    is_code = [a or b for a, b in zip(code_lines(lines, right, style), numbered, strict=True)]
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and is_code[end] == is_code[start]:
            end += 1
        if is_code[start]:
            drafts += code_drafts(rows[start:end], lines[start:end], style)
        else:
            drafts += _Builder(rows[start:end], lines[start:end], left, right, style).drafts()
        start = end
    return drafts


class _Builder:
    """Puts the lines of a column's text together."""

    def __init__(
        self, rows: Sequence[list[Stretch]], lines: list[Stretch], left: float, right: float, style: Style
    ) -> None:
        self._rows = rows
        self._lines = lines
        self._left = left
        self._right = right
        self._style = style
        self._edges = self._right_edges()
        self._ragged = self._is_ragged()
        self._items: list[tuple[float, str]] = []  # lists that are open: where the mark stands, and its kind

    def drafts(self) -> list[Draft]:
        found: list[Draft] = []
        text_left = 0.0  # where the text of the open block's lines begins, after a list's mark
        for index, line in enumerate(self._lines):
            mark = self._mark(index)
            border = "\n\n"
            if found and mark is None:
                border = self._border(found[-1], index, text_left)
            if border == "\n\n" or not found:
                if mark is not None:
                    found.append(Draft("list_item", left=self._left, level=self._list_level(line, mark[0])))
                    text_left = mark[1]
                else:
                    found.append(Draft("paragraph", left=self._left))
                    text_left = line.left
                    if self._items and line.left < self._items[0][0] - 1:
                        self._items.clear()
            found[-1].add(line, border)
            found[-1].full = self._edges[index]
        for draft in found:
            self._keep_verse(draft)
        return found

    def _right_edges(self) -> list[float]:
        """How far each line could have gone: to the longest line around it, or to the column's edge."""
        edges: list[float] = []
        lines, width = self._lines, self._right - self._left
        starts = [row[-1].left if len(row) == 2 else row[0].left for row in self._rows]
        for index, line in enumerate(lines):
            near = [
                other.right
                for other, start in zip(
                    lines[max(0, index - 4) : index + 5], starts[max(0, index - 4) :], strict=False
                )
                if abs(start - starts[index]) < 2.5 * line.size
                and abs(other.size - line.size) < 0.1 * line.size
            ]
            edge = max(near)
            narrow = edge - self._left < 0.6 * width
            edges.append(self._right if narrow or len(near) < 3 else edge)
        return edges

    def _mark(self, index: int) -> tuple[str, float] | None:
        """The mark of a list that the line begins with: its kind, and where the text after it begins."""
        line = self._lines[index]
        match = _BULLET.match(line.text) or _NUMBER.match(line.text)
        if match is None:
            return self._term(index)
        sign = match.group(1)
        if sign in _DASHES and line.text[len(sign) : len(sign) + 1] != " ":
            return None
        kind = "1" if sign.strip("[]().").isdigit() else sign[-1] if len(sign) > 1 else sign
        text_left = line.place(match.end())[0]
        if index == 0:
            return kind, text_left
        before = self._lines[index - 1]
        far = line.baseline - before.baseline > GAP * self._style.pitch(line.size)
        known = any(abs(left - line.left) < line.size and kind == other for left, other in self._items)
        if far or known or abs(before.left - line.left) > 0.5 * line.size:
            return kind, text_left
        following = self._lines[index + 1] if index + 1 < len(self._lines) else None
        hangs = (
            following is not None
            and abs(following.left - text_left) < 0.5 * line.size
            and text_left > line.left
        )
        wrapped = self._wraps(index) and not ends_sentence(before.text)
        initial = sign[0].isalpha() and sign[0].isupper() and sign.endswith(".")
        return (kind, text_left) if hangs or not (wrapped or initial) else None

    def _term(self, index: int) -> tuple[str, float] | None:
        """Whether the line begins with a term that is explained: where the explanation begins, others begin
        too."""
        row = self._rows[index]
        if len(row) != 2 or row[0].right - row[0].left > 0.4 * (self._right - self._left):
            return None
        x = row[1].left
        for other in (*self._rows[max(0, index - 6) : index], *self._rows[index + 1 : index + 7]):
            if abs(other[-1].left - x) < 2 and len(other) < 3:
                return "term", x
        return None

    def _list_level(self, line: Stretch, kind: str) -> int:
        while self._items and self._items[-1][0] > line.left + 0.5 * line.size:
            self._items.pop()
        if not self._items or self._items[-1][0] < line.left - 0.5 * line.size:
            self._items.append((line.left, kind))
        else:
            self._items[-1] = (line.left, kind)
        return len(self._items)

    def _border(self, draft: Draft, index: int, text_left: float) -> str:
        """What parts a line from the one before it: a block's border, a meant line end, or a wrap."""
        before, line = self._lines[index - 1], self._lines[index]
        size = min(before.size, line.size)
        distance = line.baseline - before.baseline
        if max(before.size, line.size) > 1.12 * size:
            return "\n\n"
        if distance > GAP * self._style.pitch(size) and distance > GAP * self._nearest(index):
            return "\n\n"
        if LEADERS.search(before.text):
            return "\n"
        if LEADERS.search(line.text):  # the second line of a long title, or the next title
            hangs = line.left > before.left + 0.5 * size or line.text[0].islower()
            return " " if hangs or self._breaks_word(index) else "\n"
        wraps = self._wraps(index) or self._breaks_word(index)
        if before.bold != line.bold and not (wraps and line.text[:1].islower()):
            return "\n\n"
        ended = ends_sentence(before.text)
        shift = line.left - before.left
        item = draft.kind == "list_item"
        hanging = text_left if item else before.left
        if item and len(draft.lines) == 1:
            shift = line.left - text_left
            hangs_far = text_left - before.left > 3 * size
            if line.left <= before.left + 0.3 * size and (not wraps or ended or hangs_far):
                return "\n\n"
            if shift < 0 or (not ended and line.text[:1].islower()):
                shift = 0.0
        if shift > _INDENT * size and not self._is_centred(before, line):
            first = len(draft.lines) == 1 and not item
            if not (first and wraps and not ended) and (
                ended or not wraps or abs(before.left - hanging) > size
            ):
                return "\n\n"
            if not first:
                return "\n\n"
        # Back from the indentation of a first line the paragraph goes on; otherwise something else begins.
        back = shift < -_INDENT * size and not self._is_centred(before, line)
        if back and (len(draft.lines) > 1 or (not wraps and ended)):
            return "\n\n"
        if wraps:
            return " "
        if ended:
            return "\n\n"
        if line.text[:1].islower() and self._room(index) < 0.5 * (self._edges[index - 1] - before.left):
            return " "
        return "\n"

    def _nearest(self, index: int) -> float:
        """The least distance to a neighbour: with wide leading all of them are far."""
        lines = self._lines
        around = [
            b.baseline - a.baseline
            for a, b in zip(
                lines[max(0, index - 3) : index + 3], lines[max(0, index - 2) : index + 4], strict=False
            )
            if abs(a.size - b.size) < 0.1 * a.size
        ]
        usual = sorted(around)[len(around) // 3] if around else 0.0
        return usual if len(around) >= 4 and usual < 2.4 * lines[index].size else 0.0

    def _room(self, index: int) -> float:
        return self._edges[index - 1] - self._lines[index - 1].right

    def _wraps(self, index: int) -> bool:
        """Whether the first word of a line would not have fitted into the one before."""
        line = self._lines[index]
        slack = 1.2 if is_ideograph(line.text[:1]) else 0.45
        least = line.first_word_width() + slack * line.size
        if self._ragged and not self._is_like_verse(index):
            # Not all writers of lines fill them: some count letters, some keep words together.
            least += _RAGGED * min(self._edges[index - 1] - self._left, 60 * line.size)
        return self._room(index) < least

    def _is_ragged(self) -> bool:
        """Whether the lines end at different places, so that how much room is left says less."""
        wide = [
            line.right for line in self._lines if line.right - self._left > 0.6 * (self._right - self._left)
        ]
        if len(wide) < 3:
            return False
        edge = max(wide)
        return sum(edge - right < 1.5 for right in wide) < 0.4 * len(wide)

    def _is_like_verse(self, index: int) -> bool:
        """Whether all lines around begin with a capital letter."""
        around = self._lines[max(0, index - 3) : index + 3]
        return len(around) > 3 and all(line.text[0].isupper() for line in around)

    def _breaks_word(self, index: int) -> bool:
        before, line = self._lines[index - 1].text, self._lines[index].text
        return before[-1] in HYPHENS and before[-2:-1].isalnum() and line[0].isalnum()

    def _is_centred(self, before: Stretch, line: Stretch) -> bool:
        middle = (before.left + before.right) / 2
        return (
            abs(middle - (line.left + line.right) / 2) < 0.1 * line.size + 1
            and before.left - self._left > line.size
        )

    def _keep_verse(self, draft: Draft) -> None:
        """Keeps all line ends of a block where most of them are meant."""
        inner = draft.borders[1:]
        meant = inner.count("\n")
        if meant >= 2 and meant >= _VERSE * len(inner):
            draft.borders[1:] = ["\n"] * len(inner)
        elif meant and draft.kind == "list_item" and meant < 0.5 * len(inner):
            draft.borders[1:] = [" " if border == "\n" and len(inner) > 3 else border for border in inner]
