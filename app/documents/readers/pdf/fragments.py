"""What one page of a PDF shows, before anybody has made sense of it: fragments of lines, rules and pictures.

A fragment is a run of characters on one baseline with no gap in it that is wide enough to part columns or cells. The
letters are right already (Unicode, spaces between words, logical order, each letter once, nothing that cannot be seen);
which fragments make a line, a column, a table or a paragraph is for the layout to find out.

All places are in points from the top left corner of the page as shown, y downwards (see `app.documents.model`).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Literal

from app.documents.model import Box


@dataclass(frozen=True)
class Font:
    """monospaced: by its widths, not by its name."""

    name: str
    monospaced: bool = False
    bold: bool = False
    italic: bool = False


@dataclass
class Fragment:
    """text: in logical order, with single spaces. extents: two numbers a character, where it begins and ends along the
    direction of writing (x, or y for `angle` 90 and 270 and for "down"). baseline: where the letters stand (y, or x).
    size: of the font, in points as shown. font: index into `PageFragments.fonts`, of most of the characters. angle: by
    how much the writing is turned clockwise, in degrees. raised: +1 for a superscript, -1 for a subscript of the
    fragment before."""

    text: str
    extents: array[float]
    box: Box
    baseline: float
    size: float
    font: int = 0
    direction: Literal["ltr", "rtl", "down"] = "ltr"
    angle: int = 0
    raised: int = 0


@dataclass
class PageFragments:
    """fragments: in the order in which the page draws them. rules: thin lines and edges that are drawn. pictures:
    where pictures stand. unmapped: how many letters have no known meaning; invisible: how many were left out because
    nobody can see them (render mode 3, outside of the page, covered, a layer that is off)."""

    width: float
    height: float
    fonts: list[Font] = field(default_factory=list)
    fragments: list[Fragment] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    unmapped: int = 0
    invisible: int = 0
