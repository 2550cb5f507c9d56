"""Rows of spreadsheets and of delimited text as pages: about 3,000 characters each, cited by sheet and rows, each with
the header row at its top, as a person sees it who has frozen it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.documents.faults import Fault, Limits
from app.documents.model import Block, OutlineEntry, Page
from app.documents.readers import Refused
from app.documents.readers.tables import cell_text, last_filled, row_line, rule
from app.documents.text import PAGE_CHARACTERS, clean, split_pages

_HEADER_WITHIN = 10  # rows: below a title and a date, but not in the middle of the figures
_LONGEST_HEADER = 600  # characters; a longer one would fill the pages
_NUMBER = re.compile(r"[\s\d.,:/%+\-€$£¥()'’]*")


def _cell(text: str) -> str:
    if not text or (text.isascii() and text.isalnum()):
        return text  # most cells: ten times as fast
    return cell_text(clean(text))


class SheetPager:
    """Takes tables one after the other. Raises Refused where the limit on characters is passed."""

    def __init__(self, limits: Limits) -> None:
        self.pages: list[Page] = []
        self.outline: list[OutlineEntry] = []
        self._limits = limits
        self._characters = 0
        self._name = ""
        self._word = "rows"
        self._offset = 0
        self._header: list[str] | None = None
        self._rows: list[tuple[int, list[str]]] = []
        self._size = 0

    def add(self, rows: Iterable[tuple[int, Sequence[str]]], name: str = "", word: str = "rows") -> None:
        """Add a table. rows: their numbers, from 1, and cells. name: of the sheet. word: what a row is called;
        "records" are counted from the one after the header."""
        self._name, self._word, self._offset = name, word, 0
        self._header = None
        first_page = len(self.pages) + 1
        seen = 0
        for number, row in rows:
            cells = [_cell(cell) for cell in row]
            filled = sum(1 for cell in cells if cell)
            if not filled:
                continue
            seen += 1
            if self._header is None and seen <= _HEADER_WITHIN and filled > 1:
                self._take_header(number, cells)
            self._put(number, cells)
        self._close()
        if name and len(self.pages) >= first_page:
            self.outline.append(OutlineEntry(name, first_page, 1))

    def finish(self) -> list[Page]:
        """The pages. Raises Refused where no cell has anything in it."""
        if not self.pages:
            raise Refused(Fault.NO_TEXT)
        return self.pages

    def _take_header(self, number: int, cells: list[str]) -> None:
        """The first row of more than one cell, where these are words."""
        if any(_NUMBER.fullmatch(cell) for cell in cells if cell):
            self._header = []  # there is none, and none will come
            return
        self._header = cells
        self._offset = number if self._word == "records" else 0

    def _put(self, number: int, cells: list[str]) -> None:
        size = sum(map(len, cells)) + 3 * last_filled(cells)
        if self._rows and self._size + size > PAGE_CHARACTERS:
            self._close()
            if self._header and self._header is not cells and sum(map(len, self._header)) <= _LONGEST_HEADER:
                self._rows.append((0, self._header))
        if size > PAGE_CHARACTERS + PAGE_CHARACTERS // 2:
            self._put_long(number, cells)
            return
        self._rows.append((number, cells))
        self._size += size

    def _put_long(self, number: int, cells: list[str]) -> None:
        """A row that is a page or more by itself: whole letters in some cell."""
        pieces = list(split_pages(row_line(cells, last_filled(cells))))
        for place, piece in enumerate(pieces):
            block = Block("table_row", piece, continues=place < len(pieces) - 1)
            self._emit((block,), number, number)
        self._rows, self._size = [], 0

    def _close(self) -> None:
        rows, self._rows, self._size = self._rows, [], 0
        numbers = [number for number, _ in rows if number]
        if not numbers:
            return
        width = max(last_filled(cells) for _, cells in rows)
        blocks = []
        for _, cells in rows:
            line = row_line(cells, width)
            if cells is self._header and len(rows) > 1:
                line += "\n" + rule(width)
            blocks.append(Block("table_row", line))
        self._emit(tuple(blocks), numbers[0], numbers[-1])

    def _emit(self, blocks: tuple[Block, ...], first: int, last: int) -> None:
        self._characters += sum(len(block.text) for block in blocks)
        number = len(self.pages) + 1
        if self._characters > self._limits.max_characters:
            raise Refused(Fault.TOO_MANY_CHARACTERS, number)
        first, last = max(first - self._offset, 1), max(last - self._offset, 1)
        word = self._word.removesuffix("s")
        label = f"{word} {first}" if first == last else f"{self._word} {first}-{last}"
        self.pages.append(Page(number, blocks, f"{self._name}, {label}" if self._name else label))
