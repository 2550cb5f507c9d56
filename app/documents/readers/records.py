"""JSON and JSON Lines: as they stand where people wrote them, with line breaks put in where a program left them out.

Nothing is parsed into values: numbers keep every figure, keys their order and their doubles, and no nesting is too
deep.
"""

from __future__ import annotations

import re

from app.documents.faults import Fault
from app.documents.model import Block, Page
from app.documents.readers import Parsed, Refused, Request, decoded
from app.documents.readers.plain import line_pages
from app.documents.text import PAGE_CHARACTERS, clean, split_pages, tidy_lines

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+|"', re.DOTALL)
_ESCAPED = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\\\")
_LONG_LINE = 500  # characters: no person wrote such a line
_MAX_INDENT = 20  # levels


def read(data: bytes, request: Request) -> Parsed:
    """The lines of a JSON text, or the records of JSON Lines. Raises Refused where there is no text."""
    text = decoded(data, request)
    words = text.text.replace("\r\n", "\n").replace("\r", "\n")
    if request.kind == "jsonl":
        pages = _record_pages(words, request)
    else:
        longest = max(map(len, words.split("\n")), default=0)
        minified = longest > _LONG_LINE and words.lstrip()[:1] in ("{", "[")
        pages = line_pages(_letters(_laid_out(words) if minified else words), "code")
    if not pages:
        raise Refused(Fault.NO_TEXT)
    return Parsed(len(pages), iter(pages), unit="lines", encoding=text.encoding)


def _record_pages(text: str, request: Request) -> list[Page]:
    """Whole records to a page, counted as lines that are not empty."""
    pages: list[Page] = []
    blocks: list[Block] = []
    size = first = characters = 0

    def close(last: int) -> None:
        nonlocal blocks, size
        if blocks:
            label = f"record {first}" if first == last else f"records {first}-{last}"
            pages.append(Page(len(pages) + 1, tuple(blocks), label))
        blocks, size = [], 0

    number = 0
    for line in text.split("\n"):
        record = tidy_lines(clean(_letters(line)))
        if not record.strip():
            continue
        if size and size + len(record) > PAGE_CHARACTERS:
            close(number)
        number += 1
        pieces = list(split_pages(record))
        characters += len(record)
        if characters > request.limits.max_characters:
            raise Refused(Fault.TOO_MANY_CHARACTERS, len(pages) + 1)
        for place, piece in enumerate(pieces):
            first = first if size else number
            blocks.append(Block("code", piece, continues=place < len(pieces) - 1))
            size += len(piece)
            if place < len(pieces) - 1:
                close(number)
    close(number)
    return pages


def _laid_out(text: str) -> str:
    """JSON with a line for each value and two spaces a level."""
    out: list[str] = []
    level = 0
    previous = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        line_end = "\n" + "  " * min(level, _MAX_INDENT)
        if token in ("}", "]"):
            level = max(level - 1, 0)
            line_end = "\n" + "  " * min(level, _MAX_INDENT)
            out.append(token if previous in ("{", "[") else line_end + token)
        elif token in (",", ":"):
            out.append(token)
        else:
            if previous in ("{", "[", ","):
                out.append(line_end)
            elif previous == ":":
                out.append(" ")
            elif previous:
                out.append("\n")  # values one after the other
            out.append(token)
            if token in ("{", "["):
                level += 1
        previous = token
    return "".join(out)


def _letters(text: str) -> str:
    """Letters that are spelt as numbers (\\u00e9), as the letters that they are."""
    if "\\u" not in text:
        return text

    def spell(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        units = bytes.fromhex(match[1].replace("\\u", ""))
        letters = units.decode("utf-16-be", "replace")
        return letters if all(letter >= " " and letter not in '"\\' for letter in letters) else match[0]

    return _ESCAPED.sub(spell, text)
