"""Rows of tables in words: "Flour: 45 kilograms; Kept in: store", in place of what stands between pipes."""

from __future__ import annotations

import re

_SEPARATOR = re.compile(r"\|?[\s:|-]*-{2,}[\s:|-]*\|?")
_PIPE = re.compile(r"(?<!\\)\|")


def is_row(line: str) -> bool:
    """Whether a line is a row of a table, or the line below a table's header."""
    line = line.strip()
    return len(line) > 1 and line.startswith("|") and line.endswith("|")


def is_separator(line: str) -> bool:
    """Whether a line is what stands below a table's header."""
    return is_row(line) and _SEPARATOR.fullmatch(line.strip()) is not None


def header_before(text: str, start: int) -> str:
    """The header of the table that text[start:] is in the midst of; "" where it has none in `text`."""
    lines = text[:start].rstrip().split("\n")
    for at in range(len(lines) - 1, -1, -1):
        if not is_row(lines[at]):
            return ""
        if at and is_separator(lines[at]) and is_row(lines[at - 1]):
            return lines[at - 1]
    return ""


def rows_in_words(text: str, header: str = "") -> str:
    """Rows of a table as people say them, on one line: "column: value; column: value", and a full stop between rows.

    header: of the table, which may stand in `text` too and is said only where there is no other row. "" where `text`
    is no rows, or not rows alone.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or not all(map(_in_cells, lines)):
        return ""
    below = next((at for at, line in enumerate(lines) if is_separator(line)), 0)
    if below:
        header = lines[below - 1]
    rows = [
        line for at, line in enumerate(lines) if not is_separator(line) and (not below or at != below - 1)
    ]
    names = _cells(next((line for line in header.split("\n") if is_row(line)), ""))
    if not rows:
        return ", ".join(name for name in names if name)
    return " ".join(said for row in rows if (said := _said(_cells(row), names)))


def _in_cells(line: str) -> bool:
    """Whether a line is a row, or one that a sentence's end has cut before its last pipe."""
    return is_row(line) or (line.startswith("|") and len(_PIPE.findall(line)) > 1)


def _said(cells: list[str], names: list[str]) -> str:
    parts = []
    for at, cell in enumerate(cells):
        name = names[at].rstrip(":") if at < len(names) else ""
        if cell:
            parts.append(f"{name}: {cell}" if name and name != cell else cell)
    said = "; ".join(parts)
    return said if said.endswith((".", "!", "?", "…")) or not said else f"{said}."


def _cells(row: str) -> list[str]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return [" ".join(cell.replace("\\|", "|").split()) for cell in _PIPE.split(inner)] if inner else []
