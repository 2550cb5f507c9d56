"""Styles and numbers of a Word document: which paragraph is a heading, and what number stands before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from app.documents.readers.archive import Element
from app.documents.readers.inline import marker
from app.documents.readers.ooxml import attribute, child, is_on, value, whole

_FORMATS = {
    "decimal": "1", "decimalZero": "1", "lowerLetter": "a", "upperLetter": "A", "lowerRoman": "i", "upperRoman": "I",
}  # fmt: skip
_CODE_NAMES = frozenset(
    ("source code", "html preformatted", "code", "plain text", "macro", "preformatted text")
)
_HEADING_NAME = re.compile(r"heading ([1-9])")
_MAX_BASES = 20  # styles may be built upon each other in a circle


@dataclass(frozen=True)
class Style:
    """name: in English and small letters, as Word stores it in every language."""

    name: str
    base: str
    properties: Element | None
    hidden: bool = False


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: Element | None) -> None:
        self._styles: dict[str, Style] = {}
        self._default = ""
        for element in [] if root is None else root.iterfind("{*}style"):
            name = attribute(element, "styleId")
            self._styles[name] = Style(
                value(element, "name").lower(),
                value(element, "basedOn"),
                child(element, "pPr"),
                is_on(element, "rPr", "vanish"),
            )
            if attribute(element, "default") == "1" and attribute(element, "type") == "paragraph":
                self._default = name

    def chain(self, name: str) -> list[Style]:
        """A style and those that it is built upon."""
        found: list[Style] = []
        name = name or self._default
        while name in self._styles and len(found) < _MAX_BASES:
            found.append(self._styles[name])
            name = found[-1].base
        return found

    def is_hidden(self, name: str) -> bool:
        """Whether letters in this style are not shown."""
        return name in self._styles and self._styles[name].hidden

    def level(self, paragraph: Element | None, chain: list[Style]) -> int:
        """The level of a heading, from 1; 0 for a paragraph that is none."""
        outline = value(paragraph, "outlineLvl")
        for style in chain:
            if match := _HEADING_NAME.fullmatch(style.name):
                return int(match[1])
            if style.name == "title":
                return 1
            outline = outline or value(style.properties, "outlineLvl")
        number = whole(outline, 9)
        return number + 1 if 0 <= number < 9 else 0

    @staticmethod
    def is_code(chain: list[Style]) -> bool:
        return any(style.name in _CODE_NAMES for style in chain)

    @staticmethod
    def is_caption(chain: list[Style]) -> bool:
        return any(style.name in ("caption", "image caption", "table caption") for style in chain)


@dataclass(frozen=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = "%1."
    legal: bool = False  # all numbers in figures


@dataclass
class _Scheme:
    """The levels of a list, and the last number at each."""

    levels: dict[int, _Level] = field(default_factory=dict)
    link: str = ""
    numbers: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts the paragraphs of lists, as Word does when it shows them."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._root = root
        self._styles = styles
        self._restarted: set[tuple[str, int]] = set()

    def mark(self, paragraph: Element | None, chain: list[Style]) -> tuple[str, int] | None:
        """What stands before a paragraph ("2.1", "-") and its level from 0; None where it is in no list."""
        number, level = value(paragraph, "numPr", "numId"), value(paragraph, "numPr", "ilvl")
        for style in chain:
            number = number or value(style.properties, "numPr", "numId")
            level = level or value(style.properties, "numPr", "ilvl")
        if not number or number == "0" or number not in self._lists:
            return None
        place = max(0, min(whole(level), 8))
        scheme, overrides = self._lists[number]
        return self._next(number, scheme, overrides, place), place

    def _next(self, number: str, scheme: _Scheme, overrides: dict[int, int], place: int) -> str:
        level = scheme.levels.get(place, _Level())
        if place in overrides and (number, place) not in self._restarted:
            self._restarted.add((number, place))
            scheme.numbers[place] = overrides[place]
        else:
            scheme.numbers[place] = scheme.numbers.get(place, level.start - 1) + 1
        for deeper in [one for one in scheme.numbers if one > place]:
            del scheme.numbers[deeper]
        if level.format == "bullet":
            return "-" if level.text.strip() else ""
        if level.format == "none":
            return ""

        def figure(match: re.Match[str]) -> str:
            other = int(match[1]) - 1
            of = scheme.levels.get(other, _Level())
            style = "1" if level.legal else _FORMATS.get(of.format, "1")
            return marker(scheme.numbers.get(other, of.start), style)

        return re.sub(r"%([1-9])", figure, level.text).strip()

    @cached_property
    def _lists(self) -> dict[str, tuple[_Scheme, dict[int, int]]]:
        """Each list by its id: its levels, and where it starts them anew."""
        if self._root is None:
            return {}
        schemes: dict[str, _Scheme] = {}
        for element in self._root.iterfind("{*}abstractNum"):
            scheme = _Scheme(link=value(element, "numStyleLink"))
            for level in element.iterfind("{*}lvl"):
                scheme.levels[whole(attribute(level, "ilvl"))] = _level(level)
            schemes[attribute(element, "abstractNumId")] = scheme
        lists: dict[str, tuple[_Scheme, dict[int, int]]] = {}
        for element in self._root.iterfind("{*}num"):
            scheme = schemes.get(value(element, "abstractNumId"), _Scheme())
            overrides = {
                whole(attribute(one, "ilvl")): whole(value(one, "startOverride"), 1)
                for one in element.iterfind("{*}lvlOverride")
                if child(one, "startOverride") is not None
            }
            lists[attribute(element, "numId")] = scheme, overrides
        for scheme in schemes.values():  # a list may take its levels from a style
            for style in self._styles.chain(scheme.link) if scheme.link and not scheme.levels else ():
                other = value(style.properties, "numPr", "numId")
                if other in lists:
                    scheme.levels = lists[other][0].levels
        return lists


def _level(element: Element) -> _Level:
    return _Level(
        whole(value(element, "start"), 1),
        value(element, "numFmt") or "decimal",
        value(element, "lvlText"),
        is_on(element, "isLgl"),
    )
