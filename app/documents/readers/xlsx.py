"""Excel workbooks: the values that were last worked out, written as their cells show them; hidden sheets, rows and
columns left out."""

from __future__ import annotations

import io
import re
import warnings as python_warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.documents.faults import Fault
from app.documents.readers import Parsed, Refused, Request
from app.documents.readers.archive import Archive
from app.documents.readers.number_formats import shown
from app.documents.readers.sheets import SheetPager
from app.documents.readers.xlsx_styles import with_plain_styles
from app.sentences import Sentence

_TAG = rb"<(?:\w+:)?"
_ROW = re.compile(_TAG + rb"row\b[^>]*>")
_COLUMN = re.compile(_TAG + rb"col\b[^>]*>")
_MERGE = re.compile(_TAG + rb'mergeCell\b[^>]*\bref\s*=\s*"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_NOT_WORKED_OUT = re.compile(
    rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_NUMBERS = {name: re.compile(rb"\b" + name + rb'\s*=\s*"(\d+)"') for name in (b"r", b"min", b"max")}
_HIDDEN = re.compile(rb'\bhidden\s*=\s*"(?:1|true)"')
# What openpyxl ends in where a part is not as it should be; it promises nothing (OSError: no part is a workbook,
# SyntaxError: XML that is none).
_OPENPYXL_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError)
_MAX_MERGED_ROWS = 10_000  # further down a merged cell is not repeated


@dataclass
class _Layout:
    """What openpyxl does not tell while it streams: hidden rows and columns, from 1, and merged cells.

    below: by its top row, the column (from 0) and the last row of each cell that is merged downwards.
    """

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    below: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def read(data: bytes, request: Request) -> Parsed:
    """The sheets of a workbook. Raises Refused for a damaged one, or one without anything in it."""
    archive = Archive(data)
    archive.check_all()
    archive.refuse_entities()
    book = _open(data, archive)
    pager = SheetPager(request.limits)
    hidden: list[str] = []
    rows_left_out = formulas = 0
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            hidden.append(sheet.title)
            continue
        xml = archive.read(sheet._worksheet_path)
        layout = _layout(xml)
        rows_left_out += len(layout.rows)
        formulas += sum(1 for _ in _NOT_WORKED_OUT.finditer(xml))
        try:
            pager.add(_rows(sheet, layout, book.epoch), sheet.title)
        except _OPENPYXL_ERRORS as error:
            raise Refused(
                Fault.BROKEN, detail=Sentence("its sheet {sheet} cannot be read", sheet=sheet.title)
            ) from error
    pages = pager.finish()
    return Parsed(
        len(pages),
        iter(pages),
        unit="sheet",
        outline=lambda: pager.outline,
        warnings=lambda: [*left_out(hidden, rows_left_out), *_not_worked_out(formulas)],
    )


def _open(data: bytes, archive: Archive) -> Any:
    """The workbook, if need be without the styles that openpyxl takes offence at."""
    from openpyxl import load_workbook

    for attempt in (lambda: data, lambda: with_plain_styles(data, archive)):
        try:
            with python_warnings.catch_warnings():
                python_warnings.simplefilter("ignore")  # about charts and extensions that it leaves alone
                return load_workbook(io.BytesIO(attempt()), read_only=True, data_only=True, keep_links=False)
        except _OPENPYXL_ERRORS as error:
            failure = error
    raise Refused(Fault.BROKEN, detail=Sentence("its list of sheets cannot be read")) from failure


def _not_worked_out(formulas: int) -> list[str]:
    if not formulas:
        return []
    if formulas == 1:
        return [
            Sentence(
                "1 formula has no stored value and is left out: open the file in a spreadsheet program and "
                "save it, which works them out."
            )
        ]
    return [
        Sentence(
            "{count:,} formulas have no stored values and are left out: open the file in a spreadsheet "
            "program and save it, which works them out.",
            count=formulas,
        )
    ]


def left_out(sheets: list[str], rows: int) -> list[str]:
    """Sentences about what is hidden."""
    sentences: list[str] = []
    if len(sheets) > 5:
        sentences.append(
            Sentence("Hidden sheets are left out: {names} and others.", names=", ".join(sheets[:5]))
        )
    elif sheets:
        sentences.append(Sentence("Hidden sheets are left out: {names}.", names=", ".join(sheets)))
    if rows == 1:
        sentences.append(Sentence("1 hidden row is left out."))
    elif rows:
        sentences.append(Sentence("{count:,} hidden rows are left out.", count=rows))
    return sentences


def _rows(sheet: Any, layout: _Layout, epoch: Any) -> Iterator[tuple[int, list[str]]]:
    from openpyxl.cell.read_only import EmptyCell

    merged: dict[int, str] = {}  # column: text of the merged cell that reaches down
    ends: dict[int, int] = {}
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [
            ""
            if isinstance(cell, EmptyCell) or cell.value is None
            else shown(cell.value, cell.number_format, epoch)
            for cell in row
        ]
        for column, last in list(ends.items()):
            if number > last:
                del ends[column], merged[column]
            elif column < len(cells) and not cells[column]:
                cells[column] = merged[column]
            elif column >= len(cells):
                cells += [""] * (column - len(cells)) + [merged[column]]
        for column, last in layout.below.get(number, ()):
            if column < len(cells) and cells[column]:
                merged[column], ends[column] = cells[column], last
        if number in layout.rows:
            continue
        if layout.columns:
            cells = [cell for place, cell in enumerate(cells, start=1) if place not in layout.columns]
        yield number, cells


def _layout(data: bytes) -> _Layout:
    """Hidden rows and columns, and cells that are merged downwards, by the sheet's XML."""
    layout = _Layout()
    count = 0
    for match in _ROW.finditer(data):
        count += 1
        number = _NUMBERS[b"r"].search(match[0])
        count = int(number[1]) if number else count
        if _HIDDEN.search(match[0]):
            layout.rows.add(count)
    for match in _COLUMN.finditer(data):
        if _HIDDEN.search(match[0]):
            first, last = (_NUMBERS[name].search(match[0]) for name in (b"min", b"max"))
            if first and last:
                layout.columns.update(range(int(first[1]), min(int(last[1]), 16_384) + 1))
    for match in _MERGE.finditer(data):
        top, bottom = int(match[2]), int(match[4])
        if top < bottom:
            layout.below.setdefault(top, []).append((_column(match[1]), min(bottom, top + _MAX_MERGED_ROWS)))
    return layout


def _column(letters: bytes) -> int:
    """The place of a column from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1
