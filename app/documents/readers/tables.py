"""Tables as lines of Markdown: `| a |  | c |`, one line a row, empty cells kept, no cell with a line of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.documents.model import Block

MAX_COLUMNS = 16_384  # what a spreadsheet has; also keeps a wrong colspan from filling memory
_MAX_SPAN = 1_000

Rows = Sequence[Sequence[str]]


@dataclass
class Grid:
    """A table that is being read cell by cell, left to right and row by row.

    A cell that reaches over several rows is repeated in each of them, as a row is cited by itself; one that reaches
    over several columns stands in the first.
    """

    rows: list[list[str]] = field(default_factory=list)
    _below: dict[int, tuple[str, int]] = field(
        default_factory=dict
    )  # column: text, rows that it still reaches into

    def start_row(self) -> None:
        self.rows.append([])

    def add(self, text: str, columns: int = 1, rows: int = 1) -> None:
        """The next cell of the row."""
        if not self.rows:
            self.start_row()
        row = self.rows[-1]
        self._fill(row)
        columns = max(1, min(columns, _MAX_SPAN, MAX_COLUMNS - len(row)))
        for place in range(columns):
            if rows > 1:
                self._below[len(row)] = (text if place == 0 else "", rows - 1)
            row.append(text if place == 0 else "")

    def end_row(self) -> None:
        if self.rows:
            self._fill(self.rows[-1])

    def _fill(self, row: list[str]) -> None:
        while len(row) in self._below:
            column = len(row)
            text, left = self._below.pop(column)
            if left > 1:
                self._below[column] = (text, left - 1)
            row.append(text)


def table_blocks(rows: Rows, *, header: bool = True) -> list[Block]:
    """A block for each row that has text, the first with the line below that makes it the header.

    All rows get the columns of the longest, less columns that are empty at the right end of all.
    """
    cells = [[cell_text(cell) for cell in row] for row in rows]
    width = max((last_filled(row) for row in cells), default=0)
    kept = [row for row in cells if any(row)]
    blocks = []
    for place, row in enumerate(kept):
        line = row_line(row, width)
        if place == 0 and header and len(kept) > 1:
            line += "\n" + rule(width)
        blocks.append(Block("table_row", line))
    return blocks


def row_line(cells: Sequence[str], width: int) -> str:
    """One line; cells that miss are empty."""
    padded = [*cells[:width], *[""] * (width - len(cells))]
    return "|" + "".join(f" {cell} |" for cell in padded)


def rule(width: int) -> str:
    """The line below a header."""
    return "|" + "---|" * width


def cell_text(text: str) -> str:
    """`text` on one line, its bars marked as no borders."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def last_filled(row: Sequence[str]) -> int:
    """How many cells there are up to the last that has text."""
    return max((place for place, cell in enumerate(row, start=1) if cell), default=0)
