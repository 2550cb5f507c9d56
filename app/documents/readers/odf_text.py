"""OpenDocument paragraphs, lists and tables as blocks; the same for texts, slides and sheets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.documents.model import BlockKind
from app.documents.readers.archive import Element
from app.documents.readers.inline import link, list_item, lowered, marker, picture, raised
from app.documents.readers.paging import Pager
from app.documents.readers.tables import MAX_COLUMNS, Grid, table_blocks

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
_SKIPPED = frozenset(
    [
        "tracked-changes",
        "sequence-decls",
        "variable-decls",
        "user-field-decls",
        "forms",
        "annotation-end",
        "bookmark",
        "bookmark-start",
        "bookmark-end",
        "reference-mark-start",
        "reference-mark-end",
        "change",
        "change-start",
        "change-end",
        "hidden-text",
        "hidden-paragraph",
        "toc-mark",
        "alphabetical-index-mark",
        "soft-page-break",
        "ruby-text",
    ]
)
_SPACE = re.compile(r"[ \t\r\n]+")
_MAX_REPEATED = 1_000  # cells or rows that are there once in the file and many times in the table
_MAX_BASES = 20
_PAGE_END = "\f"  # in the text of a paragraph
_CODE = frozenset(("preformatted text", "source code", "code"))
_CAPTIONS = frozenset(
    ("caption", "illustration", "table caption", "figure caption", "figurecaption", "tablecaption")
)


def local(element: Element) -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def get(element: Element | None, name: str) -> str:
    """An attribute by its usual prefix: "text:style-name"; "" where it is missing."""
    if element is None:
        return ""
    prefix, _, word = name.partition(":")
    space = {
        "xlink": "http://www.w3.org/1999/xlink",
        "svg": f"{_NS}svg-compatible:1.0",
        "fo": f"{_NS}xsl-fo-compatible:1.0",
        "draw": f"{_NS}drawing:1.0",
    }.get(prefix, f"{_NS}{prefix}:1.0")
    return str(element.get(f"{{{space}}}{word}", ""))


def repeated(element: Element, name: str, most: int = _MAX_REPEATED) -> int:
    """How often an element counts."""
    times = get(element, name)
    return max(1, min(int(times), most)) if times.isdecimal() and len(times) < 10 else 1


@dataclass
class Styles:
    """What is known of styles by their names. lists: the level formats of each list style."""

    parents: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    position: dict[str, int] = field(default_factory=dict)  # 1 above the line, -1 below
    lists: dict[str, dict[int, tuple[str, str, str, int, int]]] = field(default_factory=dict)
    of_paragraphs: dict[str, str] = field(default_factory=dict)  # the list style of a paragraph style
    outline: dict[int, tuple[str, str, str, int, int]] = field(default_factory=dict)

    def take(self, root: Element) -> None:
        """Add the styles below `root`."""
        for style in root.iter("{*}style"):
            name = get(style, "style:name")
            self.parents[name] = get(style, "style:parent-style-name")
            if get(style, "style:list-style-name"):
                self.of_paragraphs[name] = get(style, "style:list-style-name")
            for properties in style.iterfind("{*}text-properties"):
                if get(properties, "text:display") == "none":
                    self.hidden.add(name)
                place = get(properties, "style:text-position")
                if place.startswith(("super", "sub")):
                    self.position[name] = 1 if place.startswith("super") else -1
        for style in root.iter("{*}list-style"):
            self.lists[get(style, "style:name")] = _levels(style)
        for style in root.iter("{*}outline-style"):
            self.outline = _levels(style)

    def names(self, name: str) -> list[str]:
        """A style and those that it is built upon, as people name them."""
        found: list[str] = []
        while name and len(found) < _MAX_BASES:
            found.append(name.replace("_20_", " ").lower())
            name = self.parents.get(name, "")
        return found


def _levels(style: Element) -> dict[int, tuple[str, str, str, int, int]]:
    """Of each level of a list: its kind of number ("" none, "-" a bullet), what stands before and after it, how many
    levels it shows, and where it starts."""
    levels = {}
    for element in style:
        level = repeated(element, "text:level", 20)
        number = (
            get(element, "style:num-format")
            if "number" in local(element) or "outline" in local(element)
            else "-"
        )
        levels[level] = (
            number,
            get(element, "style:num-prefix"),
            get(element, "style:num-suffix"),
            repeated(element, "text:display-levels", 10),
            repeated(element, "text:start-value", 1_000_000),
        )
    return levels


class Flow:
    """Walks text and puts it into pages."""

    def __init__(self, styles: Styles, pager: Pager, *, printed_pages: bool = False) -> None:
        self.hidden = False
        self._styles = styles
        self._pager = pager
        self._printed = printed_pages
        self._hanging: list[tuple[str, str]] = []  # notes and comments of the paragraph: kind and text
        self._boxes: list[Element] = []
        self._lists: list[tuple[str, dict[int, int]]] = []
        self._counts: dict[str, dict[int, int]] = {}
        self._headings: dict[int, int] = {}
        self._mark = ""

    def blocks(self, parent: Element) -> None:
        """Add what is below `parent`."""
        for element in parent:
            name = local(element)
            match name:
                case "h":
                    self._heading(element)
                case "p":
                    self._paragraph(element)
                case "list":
                    self._list(element)
                case "table":
                    self._table(element)
                case "soft-page-break":
                    if self._printed:
                        self._pager.start(keep_empty=True)
                case "frame" | "g" | "custom-shape" | "rect" | "text-box" | "line" | "a" | "ellipse":
                    self.blocks_of_shape(element)
                case _ if name not in _SKIPPED and len(element):
                    if get(element, "text:display") != "none":
                        self.blocks(element)

    def cell_text(self, cell: Element) -> str:
        """All the text of a cell on one line; its comments hang on until `after`."""
        texts = []
        for element in cell:
            match local(element):
                case "p" | "h":
                    texts.append(self._letters(element))
                case "list":
                    texts += [self._letters(one) for one in element.iter("{*}p")]
                case "annotation":
                    self._hanging.append(("comment", _comment(element)))
        return " ".join(texts).replace(_PAGE_END, " ")

    def after(self) -> None:
        """Add the notes, comments and text boxes of what came last."""
        boxes, self._boxes = self._boxes, []
        hanging, self._hanging = self._hanging, []
        for box in boxes:
            self.blocks(box)
        for kind, text in hanging:
            self._pager.add("comment" if kind == "comment" else "footnote", text)

    # -- paragraphs ----------------------------------------------------------------------------------------------

    def _heading(self, element: Element) -> None:
        level = repeated(element, "text:outline-level", 10)
        text = self._letters(element)
        if text.strip() and get(element, "text:is-list-header") != "true":
            number = self._number(self._styles.outline, self._headings, level)
            text = f"{number} {text}" if number not in ("", "-") else text
        self._put("heading", text, level)
        self.after()

    def _paragraph(self, element: Element) -> None:
        style = get(element, "text:style-name")
        if style in self._styles.hidden:
            self.hidden = True
            return
        names = set(self._styles.names(style))
        text = self._letters(element)
        if "title" in names:
            self._put("heading", text, 1)
        elif self._lists:
            level = len(self._lists)
            self._put("list_item", list_item(text, self._mark or " ", level), level)
            self._mark = ""
        else:
            self._put("code" if names & _CODE else "caption" if names & _CAPTIONS else "paragraph", text)
        self.after()

    def _put(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Add a block, cut where its page ends."""
        for place, piece in enumerate(text.split(_PAGE_END)):
            if place:
                self._pager.start(keep_empty=True)
            if kind == "heading":
                self._pager.heading(piece, level)
            else:
                self._pager.add(kind, piece, level)

    def _list(self, element: Element) -> None:
        style = get(element, "text:style-name") or (self._lists[-1][0] if self._lists else "")
        known = (
            self._counts.setdefault(style, {}) if get(element, "text:continue-numbering") == "true" else {}
        )
        numbers = self._lists[-1][1] if self._lists else known
        self._counts[style] = numbers
        self._lists.append((style, numbers))
        level = len(self._lists)
        numbers.pop(level, None) if level > 1 else None
        for item in element:
            if local(item) not in ("list-item", "list-header"):
                continue
            first = next((one for one in item.iter("{*}p", "{*}h")), None)
            own = self._styles.of_paragraphs.get(get(first, "text:style-name"), "")
            formats = self._styles.lists.get(style) or self._styles.lists.get(own) or {}
            holds_text = any(local(one) in ("p", "h") for one in item)
            if local(item) == "list-item" and holds_text:
                self._mark = self._number(formats, numbers, level, get(item, "text:start-value")) or "-"
            self.blocks(item)
        self._lists.pop()

    def _number(
        self,
        formats: dict[int, tuple[str, str, str, int, int]],
        numbers: dict[int, int],
        level: int,
        start: str = "",
    ) -> str:
        kind, before, after, shown, first = formats.get(level, ("-", "", "", 1, 1))
        numbers[level] = (
            int(start) if start.isdecimal() and len(start) < 8 else numbers.get(level, first - 1) + 1
        )
        for deeper in [one for one in numbers if one > level]:
            del numbers[deeper]
        if kind in ("", "-"):
            return kind
        parts = []
        for one in range(max(1, level - shown + 1), level + 1):
            style = formats.get(one, (kind, "", "", 1, 1))[0]
            if style not in ("", "-"):
                parts.append(marker(numbers.get(one, 1), style if style in "1aAiI" else "1"))
        return before + ".".join(parts) + after

    # -- letters -------------------------------------------------------------------------------------------------

    def _letters(self, element: Element) -> str:
        parts: list[str] = []
        self._inside(element, parts)
        return "".join(parts)

    def _inside(self, element: Element, parts: list[str]) -> None:
        parts.append(_spaced(element.text))
        for one in element:
            self._one(one, parts)
            parts.append(_spaced(one.tail))

    def _one(self, one: Element, parts: list[str]) -> None:
        name = local(one)
        match name:
            case "s":
                parts.append(" " * repeated(one, "text:c"))
            case "soft-page-break":
                parts.append(_PAGE_END if self._printed else "")
            case "tab":
                parts.append("\t")
            case "line-break":
                parts.append("\n")
            case "a":
                parts.append(link(self._letters(one), get(one, "xlink:href")))
            case "span":
                style = get(one, "text:style-name")
                if style in self._styles.hidden:
                    self.hidden = True
                    return
                place = self._styles.position.get(style, 0)
                text = self._letters(one)
                parts.append(raised(text) if place > 0 else lowered(text) if place < 0 else text)
            case "note":
                citation = (
                    "".join(one.find("{*}note-citation").itertext())
                    if one.find("{*}note-citation") is not None
                    else ""
                )
                body = one.find("{*}note-body")
                parts.append(f"[{citation}]")
                words = " ".join(self._letters(p) for p in body.iter("{*}p")) if body is not None else ""
                self._hanging.append(("footnote", f"[{citation}] {words}"))
            case "annotation":
                self._hanging.append(("comment", _comment(one)))
            case "ruby":
                base, above = one.find("{*}ruby-base"), one.find("{*}ruby-text")
                parts.append(self._letters(base) if base is not None else "")
                parts.append(
                    f"({self._letters(above)})"
                    if above is not None and len("".join(above.itertext()))
                    else ""
                )
            case "frame" | "custom-shape" | "g":
                self._frame(one, parts)
            case _ if name not in _SKIPPED:
                self._inside(one, parts)

    def _frame(self, frame: Element, parts: list[str]) -> None:
        if any(local(one) == "p" for one in frame.iter()):
            self._boxes.append(frame)
            return
        words = frame.find("{*}desc")
        words = words if words is not None else frame.find("{*}title")
        if frame.find("{*}image") is not None or words is not None:
            parts.append(picture("".join(words.itertext()) if words is not None else ""))

    def blocks_of_shape(self, element: Element) -> None:
        """Add the text of a shape, or a mark for a picture."""
        if any(local(one) in ("p", "h", "table") for one in element.iter()):
            self.blocks(element)
            return
        parts: list[str] = []
        self._frame(element, parts)
        self._pager.add("paragraph", "".join(parts))

    # -- tables --------------------------------------------------------------------------------------------------

    def _table(self, table: Element) -> None:
        cells = list(table.iter("{*}table-cell"))
        nested = any(local(up) == "table-cell" for up in table.iterancestors())
        if len(cells) < 2 or (not nested and table.find(".//{*}table-cell//{*}table") is not None):
            for cell in cells:
                if next((up for up in cell.iterancestors() if local(up) == "table"), None) is table:
                    self.blocks(cell)
            return
        grid = Grid()
        for row in table.iter("{*}table-row", "{*}soft-page-break"):
            if local(row) == "soft-page-break":
                if self._printed:  # the next row stands on the next page
                    self._pager.add_all(table_blocks(grid.rows))
                    self._pager.start(keep_empty=True)
                    grid.rows = []
                continue
            for _ in range(repeated(row, "table:number-rows-repeated", 100)):
                grid.start_row()
                for cell in row.iterfind("{*}table-cell"):
                    self._cell(cell, grid)
                grid.end_row()
        self._pager.add_all(table_blocks(grid.rows))
        self.after()

    def _cell(self, cell: Element, grid: Grid) -> None:
        text = self.cell_text(cell)
        columns = repeated(cell, "table:number-columns-spanned")
        rows = repeated(cell, "table:number-rows-spanned")
        times = repeated(cell, "table:number-columns-repeated", MAX_COLUMNS if text else 100)
        for _ in range(times if columns == 1 else 1):
            grid.add(text, columns, rows)


def _spaced(text: str | None) -> str:
    """Text as XML of this kind means it: any white space is one space."""
    return _SPACE.sub(" ", text) if text else ""


def _comment(element: Element) -> str:
    author = "".join(one.text or "" for one in element.iter("{*}creator"))
    words = " ".join("".join(one.itertext()) for one in element.iter("{*}p"))
    return f"{author}: {words}" if author else words
