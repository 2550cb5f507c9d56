"""Org mode texts: headings, lists, tables, blocks and links, less what is there for Emacs alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.documents.model import Block
from app.documents.readers import Parsed, Request, decoded
from app.documents.readers.inline import link, list_item, picture
from app.documents.readers.paging import Pager
from app.documents.readers.tables import table_blocks

_HEADING = re.compile(r"(\*+)[ \t]+(\S.*)")
_TAGS = re.compile(r":[\w@#%:]+:")
_ITEM = re.compile(r"(\s*)([-+]|\d+[.)]|[a-zA-Z][.)])\s+(?:\[@\d+\]\s*)?(.*)$")
_BEGIN = re.compile(r"\s*#\+begin_(\w+)", re.IGNORECASE)
_KEYWORD = re.compile(r"\s*#\+(\w+)(?:\[[^\]]*\])?:\s*(.*)$")
_DRAWER = re.compile(r"\s*:[\w-]+:\s*$")
_DRAWER_END = re.compile(r"\s*:end:\s*$", re.IGNORECASE)
_NOTE = re.compile(r"\[fn:([\w-]+)\]\s*(.*)$")
_LINK = re.compile(r"\[\[([^\]\[]+)\](?:\[([^\]\[]+)\])?\]")
_REFERENCE = re.compile(r"\[fn:([\w-]+)\]")
_MARKED = re.compile(r"(?<![\w*/_+=~])([*/_+=~])(?=\S)([^\n]{0,300}?\S|\S)\1(?![\w*/_+=~])")
_CODE = frozenset(("src", "example", "verse"))
_PICTURE = re.compile(r"data:|.*\.(?:png|jpe?g|gif|svg|webp)$", re.IGNORECASE)
_LEFT_OUT_BLOCKS = frozenset(("comment", "export"))  # export: marks for another program
_STATES = re.compile(r"^(?:TODO|DONE)\s+")


def read(data: bytes, request: Request) -> Parsed:
    """The sections of a text. Raises Refused where there is no text."""
    text = decoded(data, request)
    pager = Pager(request.limits)
    pager.add_all(blocks(text.text))
    pages = pager.finish()
    return Parsed(
        len(pages), iter(pages), unit="section", encoding=text.encoding, outline=lambda: pager.outline
    )


def blocks(text: str) -> Iterator[Block]:
    """The blocks of an Org text."""
    lines = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    walk = _Walk()
    for line in lines:
        if begin := _BEGIN.match(line):
            yield from walk.end()
            yield from _block(begin[1].lower(), lines)
        elif _DRAWER.match(line) and not _DRAWER_END.match(line):
            yield from walk.end()
            for inside in lines:
                if _DRAWER_END.match(inside):
                    break
        else:
            yield from walk.line(line)
    yield from walk.end()


def _block(name: str, lines: Iterator[str]) -> Iterator[Block]:
    end = re.compile(rf"\s*#\+end_{re.escape(name)}\s*$", re.IGNORECASE)
    inside: list[str] = []
    for line in lines:
        if end.match(line):
            break
        inside.append(line)
    if name in _LEFT_OUT_BLOCKS:
        return
    if name in _CODE:
        yield Block("code", "\n".join(re.sub(r"^,(?=\*|#\+)", "", line) for line in inside))
    else:
        yield from blocks("\n".join(inside))


class _Walk:
    """Lines put together into paragraphs, items and tables."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._item: tuple[str, int] | None = None  # its mark and level
        self._indents: list[int] = []
        self._note = ""
        self._rows: list[list[str]] = []

    def line(self, line: str) -> Iterator[Block]:
        heading = _HEADING.match(line)
        item = _ITEM.match(line)
        note = _NOTE.match(line)
        keyword = _KEYWORD.match(line)
        if heading:
            yield from self.end()
            self._indents.clear()
            yield Block("heading", _title(heading[2]), len(heading[1]))
        elif keyword:
            yield from self.end()
            if keyword[1].lower() == "title":
                yield Block("heading", _inline(keyword[2]), 1)
            elif keyword[1].lower() == "caption":
                yield Block("caption", _inline(keyword[2]))
        elif line.lstrip().startswith("# ") or line.strip() == "#":
            yield from self.end()
        elif line.lstrip().startswith("|"):
            if self._lines:
                yield from self.end()
            if not re.match(r"\s*\|[-+|]+\s*$", line):
                self._rows.append([_inline(cell) for cell in line.strip().strip("|").split("|")])
        elif line.lstrip().startswith(": "):
            yield from self.end()
            yield Block("code", line.lstrip()[2:])
        elif note:
            yield from self.end()
            self._note = note[1]
            self._lines = [note[2]]
        elif item and not (item[2] == "*" and not item[1]):
            yield from self.end()
            self._start_item(len(item[1]), item[2], item[3])
        elif not line.strip():
            yield from self.end()
        else:
            if self._rows:
                yield from self.end()
            self._lines.append(line.strip())

    def _start_item(self, indent: int, mark: str, text: str) -> None:
        while self._indents and self._indents[-1] >= indent:
            self._indents.pop()
        self._indents.append(indent)
        self._item = (mark if mark[0].isalnum() else "-", len(self._indents))
        self._lines = [text.replace(" :: ", ": ")]

    def end(self) -> Iterator[Block]:
        """What has come together so far."""
        if self._rows:
            yield from table_blocks(self._rows)
            self._rows = []
        text = _inline(" ".join(self._lines))
        self._lines = []
        if text.strip():
            if self._note:
                yield Block("footnote", f"[{self._note}] {text}")
            elif self._item:
                yield Block("list_item", list_item(text, *self._item), self._item[1])
            else:
                yield Block("paragraph", text)
        self._note, self._item = "", None


def _title(text: str) -> str:
    """A heading without its state and its tags."""
    words = text.split()
    if len(words) > 1 and _TAGS.fullmatch(words[-1]):
        words.pop()
    return _inline(_STATES.sub("", " ".join(words)))


def _inline(text: str) -> str:
    text = _LINK.sub(_shown_link, text)
    text = _REFERENCE.sub(r"[\1]", text)
    return _MARKED.sub(r"\2", text)


def _shown_link(match: re.Match[str]) -> str:
    address, words = match[1], match[2]
    if _PICTURE.match(address) and (not words or _PICTURE.match(words)):
        return picture("")
    return link(words or address.removeprefix("file:"), address)
