"""A block while it is being put together: its printed lines and what stands between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from app.documents.model import BlockKind
from app.documents.readers.pdf.layout.stretches import Stretch
from app.documents.readers.pdf.layout.tables import Cell

_CLOSING = "\"'»”’)]}〉》」』】*"
_ENDS = (".", "!", "?", ":", "…", "。", "！", "？", ";", "؟", "।", "۔")

GAP = 1.3  # of the usual distance of lines: what is further away is another block


class Style(Protocol):
    """What the paragraphs need to know of the whole document."""

    @property
    def body(self) -> float: ...

    @property
    def is_monospaced(self) -> bool: ...

    def pitch(self, size: float) -> float: ...


@dataclass
class Draft:
    """borders: what stands before each line: "" before the first, " " at a wrap (which becomes nothing
    between ideographs, and may take a hyphen with it), "\\n" where the line's end is meant (more of them for
    blank lines). indents: spaces before each line of code. cells: of a table's row, instead of lines. full:
    how far the last line could have gone on, in the frame."""

    kind: BlockKind
    lines: list[Stretch] = field(default_factory=list)
    borders: list[str] = field(default_factory=list)
    indents: list[int] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    header: bool = False  # a table's first row
    level: int = 0
    full: float = 0.0
    left: float = 0.0  # where its column begins
    continues: bool = False

    def add(self, line: Stretch, border: str) -> None:
        """One more line, with what stands before it."""
        self.lines.append(line)
        self.borders.append(border if len(self.lines) > 1 else "")

    @property
    def size(self) -> float:
        """The size of most of the letters."""
        return max(self.lines, key=lambda line: len(line.text)).size if self.lines else 0.0

    @property
    def is_bold(self) -> bool:
        return all(line.bold for line in self.lines)

    @property
    def start(self) -> str:
        """How the text begins: its first line."""
        return self.lines[0].text

    @property
    def length(self) -> int:
        return sum(len(line.text) for line in self.lines)


def ends_sentence(text: str) -> bool:
    """Whether a line may be the last one of its paragraph."""
    return text.rstrip(_CLOSING + " ").endswith(_ENDS)


def goes_on_in(first: Draft, second: Draft) -> bool:
    """Whether the text of a block goes on in one that stands in another column or on another page."""
    if second.kind not in ("paragraph", first.kind) or first.kind not in (
        "paragraph",
        "list_item",
        "footnote",
    ):
        return False
    if second.kind == "list_item" or "\n" in first.borders[-1:] or not first.lines or not second.lines:
        return False
    last, following = first.lines[-1], second.lines[0]
    if abs(last.size - following.size) > 0.08 * last.size or last.bold != following.bold:
        return False
    if ends_sentence(last.text):
        return False
    room = first.full - last.right
    wraps = room < following.first_word_width() + 0.6 * last.size
    start = following.text[0]
    if start.islower():
        return wraps or room < 0.5 * (first.full - first.left)
    return wraps and following.left - second.left < 0.5 * last.size
