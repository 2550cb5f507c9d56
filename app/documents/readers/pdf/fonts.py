"""The fonts of a document: whether they are bold, italic or monospaced."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app.documents.readers.pdf.font_calls import ITALIC_FLAG, Floats, font_facts, glyph_width
from app.documents.readers.pdf.fragments import Font

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|cmssbx|sfbx|sfsx|nimbus.*-medi|-medi$", re.IGNORECASE)
_ITALIC = re.compile(r"ital|obliq|slant|kursiv|cmti|cmsl|sfti|sfsl", re.IGNORECASE)
_NARROW, _WIDE = "il.,;:'!|fjtIr1", "mwMWOGQ%@&ND"
_BOLD_FLAG = 1 << 18
_BOLD_WEIGHT = 650
_TOLERANCE, _EXCEPTIONS = 0.06, 0.2
_SQUARE = (
    0.02 * 900
)  # thousandths: as wide as high, which is the width that Chinese and Japanese fonts give to all


class FontBook:
    """Remembers what was found out about a font: PDFium loads it anew for every page."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[str, int, int], Font] = {}

    def font(self, address: int, advances: Callable[[], Floats] | None = None) -> Font:
        """The font that PDFium has at this address now. advances: how wide the letters are that the page has of it, in
        sizes; they tell when a font only seems monospaced, because it has one width for letters that are not there."""
        if not address:
            return Font("")
        found = self._known(address)
        if found.monospaced and advances is not None and _differ(advances()):
            found = self._fonts[font_facts(address)] = replace(found, monospaced=False)
        return found

    def _known(self, address: int) -> Font:
        facts = font_facts(address)
        if facts not in self._fonts:
            name, flags, weight = facts
            plain = _SUBSET.sub("", name)
            self._fonts[facts] = Font(
                name=plain,
                monospaced=_is_monospaced(address),
                bold=bool(flags & _BOLD_FLAG) or weight >= _BOLD_WEIGHT or _BOLD.search(plain) is not None,
                italic=bool(flags & ITALIC_FLAG) or _ITALIC.search(plain) is not None,
            )
        return self._fonts[facts]


def _differ(advances: Floats) -> bool:
    """Whether letters are not all equally wide; a few may reach out of their width."""
    usual = np.median(advances) if len(advances) else 0.0
    return bool(np.mean(np.abs(advances - usual) > _TOLERANCE * usual) > _EXCEPTIONS) if usual > 0 else False


def _is_monospaced(address: int) -> bool:
    """Whether narrow letters are as wide as wide ones. A subset has widths for the letters that are used only."""
    narrow = [width for letter in _NARROW if (width := glyph_width(address, letter)) > 0]
    wide = [width for letter in _WIDE if (width := glyph_width(address, letter)) > 0]
    widths = narrow + wide
    return bool(narrow) and bool(wide) and max(widths) - min(widths) < 0.02 * max(widths) < _SQUARE
