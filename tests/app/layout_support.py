"""Pages for tests of the layout, put together by hand: every letter half as wide as its size."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from app.documents.model import Block
from app.documents.readers.pdf.fragments import Font, Fragment, PageFragments
from app.documents.readers.pdf.layout import lay_out

PLAIN, BOLD, CODE = 0, 1, 2
WIDTH, HEIGHT = 600.0, 800.0


class Sheet:
    """A page to be written on. Places in points; y is the baseline's."""

    def __init__(self, width: float = WIDTH, height: float = HEIGHT) -> None:
        fonts = [Font("Serif"), Font("Serif-Bold", bold=True), Font("Typewriter", monospaced=True)]
        self.page = PageFragments(width, height, fonts)

    def put(
        self,
        text: str,
        x: float,
        y: float,
        size: float = 10.0,
        font: int = PLAIN,
        raised: int = 0,
        wide: float = 0.5,
    ) -> Sheet:
        """One fragment that begins at x. wide: of a letter, of the size."""
        step = wide * size
        places = array("d", (x + step * (index + end) for index in range(len(text)) for end in (0, 1)))
        box = (x, y - 0.8 * size, x + step * len(text), y + 0.2 * size)
        self.page.fragments.append(Fragment(text, places, box, y, size, font, raised=raised))
        return self

    def lines(
        self,
        texts: Sequence[str],
        x: float,
        y: float,
        size: float = 10.0,
        font: int = PLAIN,
        pitch: float = 12.0,
    ) -> Sheet:
        """Lines below each other; leading spaces indent."""
        for number, text in enumerate(texts):
            if text.strip():
                indent = len(text) - len(text.lstrip())
                self.put(text.strip(), x + 0.5 * size * indent, y + number * pitch, size, font)
        return self

    def row(self, cells: Sequence[str], xs: Sequence[float], y: float, size: float = 10.0) -> Sheet:
        """Cells beside each other; "" is an empty one."""
        for cell, x in zip(cells, xs, strict=True):
            if cell:
                self.put(cell, x, y, size)
        return self

    def rule(self, left: float, top: float, right: float, bottom: float) -> Sheet:
        self.page.rules.append((left, top, right, bottom))
        return self

    def turned(self, text: str, x: float, y: float, angle: int = 270, size: float = 10.0) -> Sheet:
        """Text that runs up (270) or down (90) from y, its baseline at x."""
        step = 0.5 * size * (-1 if angle == 270 else 1)
        places = array(
            "d", (value for i in range(len(text)) for value in sorted((y + step * i, y + step * (i + 1))))
        )
        far = y + step * len(text)
        box = (x - 0.8 * size, min(y, far), x + 0.2 * size, max(y, far))
        self.page.fragments.append(Fragment(text, places, box, x, size, angle=angle))
        return self

    def down(self, text: str, x: float, y: float, size: float = 10.0) -> Sheet:
        """A column of vertical writing."""
        places = array("d", (y + size * (index + end) for index in range(len(text)) for end in (0, 1)))
        box = (x, y, x + size, y + size * len(text))
        self.page.fragments.append(Fragment(text, places, box, x + size / 2, size, direction="down"))
        return self

    def right_to_left(self, text: str, right: float, y: float, size: float = 10.0) -> Sheet:
        """Text in logical order that begins at its right end."""
        step = 0.5 * size
        places = array(
            "d", (value for i in range(len(text)) for value in (right - step * (i + 1), right - step * i))
        )
        box = (right - step * len(text), y - 0.8 * size, right, y + 0.2 * size)
        self.page.fragments.append(Fragment(text, places, box, y, size, direction="rtl"))
        return self

    def blocks(self) -> tuple[Block, ...]:
        """The blocks of a document that has this page alone."""
        (blocks,) = lay_out([self.page])
        return blocks


def texts(blocks: Sequence[Block], *kinds: str) -> list[str]:
    """The texts of the blocks, or of those of some kinds."""
    return [block.text for block in blocks if not kinds or block.kind in kinds]


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most that many letters, as a typesetter would fill them."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > columns:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines
