"""The letters of a Word paragraph: runs, links, fields, notes and changes, as the page shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.documents.readers.archive import Element
from app.documents.readers.docx_lists import Styles
from app.documents.readers.inline import link, lowered, picture, raised
from app.documents.readers.ooxml import (
    Relation,
    attribute,
    child,
    formula,
    is_on,
    local,
    shown_children,
    value,
    whole,
)

PAGE_END = "\f"  # where a page ends, in the text of a paragraph
_ADDRESS = re.compile(r'^\s*HYPERLINK\s+"([^"]+)"')
_AROUND = frozenset(
    [
        "ins",
        "moveTo",
        "smartTag",
        "sdt",
        "sdtContent",
        "customXml",
        "fldSimple",
        "bdo",
        "dir",
        "r",
        "ruby",
        "rubyBase",
        "hyperlink",
    ]
)
_HYPHENS = {"noBreakHyphen": "-", "softHyphen": "", "tab": "\t", "ptab": "\t", "cr": "\n"}


@dataclass
class Paragraph:
    """What one paragraph holds. notes: (kind, id) of the foot- and endnotes it refers to; boxes: the contents of text
    boxes that are anchored in it."""

    text: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)


@dataclass
class _Field:
    start: int
    code: str = ""
    shows: bool = False  # whether what follows is its result


class Letters:
    """Reads paragraphs. Counts notes as it meets them, and knows afterwards what it has left out.

    printed_pages: page ends are taken from where Word last printed them, else from breaks that somebody put in.
    """

    def __init__(self, styles: Styles, relations: dict[str, Relation], *, printed_pages: bool) -> None:
        self.deleted = False
        self.hidden = False
        self._styles = styles
        self._relations = relations
        self._printed = printed_pages
        self._numbers: dict[tuple[str, str], str] = {}

    def number(self, kind: str, note: str) -> str:
        """The number of a footnote (1, 2, …) or an endnote (i, ii, …)."""
        from app.documents.readers.inline import marker

        if (kind, note) not in self._numbers:
            count = 1 + sum(1 for one, _ in self._numbers if one == kind)
            self._numbers[kind, note] = marker(count, "i" if kind == "endnote" else "1")
        return self._numbers[kind, note]

    def read(self, paragraph: Element) -> Paragraph:
        """The paragraph's text and what hangs on it."""
        return _Reading(self, self._styles, self._relations, self._printed).run(paragraph)


class _Reading:
    def __init__(self, owner: Letters, styles: Styles, relations: dict[str, Relation], printed: bool) -> None:
        self._owner = owner
        self._styles = styles
        self._relations = relations
        self._printed = printed
        self._parts: list[str] = []
        self._fields: list[_Field] = []
        self._found = Paragraph()

    def run(self, paragraph: Element) -> Paragraph:
        self._inside(paragraph)
        self._found.text = "".join(self._parts)
        return self._found

    def _inside(self, element: Element) -> None:
        for one in shown_children(element):
            self._one(one)

    def _one(self, element: Element) -> None:
        name = local(element)
        match name:
            case "r":
                self._run(element)
            case "hyperlink":
                self._hyperlink(element)
            case "del" | "moveFrom":
                self._owner.deleted = True
            case "oMath" | "oMathPara":
                self._say(formula(element))
            case "rt":
                self._changed(element, lambda text: f"({text})")
            case _ if name in _AROUND:
                self._inside(element)

    def _run(self, run: Element) -> None:
        properties = child(run, "rPr")
        if properties is not None:
            if is_on(properties, "vanish") or self._styles.is_hidden(value(properties, "rStyle")):
                self._owner.hidden = self._owner.hidden or child(run, "t") is not None
                return
            place = value(properties, "vertAlign")
            if place in ("superscript", "subscript") and child(run, "t") is not None:
                change = raised if place == "superscript" else lowered
                start = len(self._parts)
                self._letters(run)
                self._parts[start:] = [change("".join(self._parts[start:]))]
                return
        self._letters(run)

    def _letters(self, run: Element) -> None:
        for one in shown_children(run):
            name = local(one)
            match name:
                case "t":
                    self._say(one.text or "")
                case "br":
                    kind = attribute(one, "type")
                    self._say(
                        "\n"
                        if kind not in ("page", "column")
                        else PAGE_END
                        if kind == "page" and not self._printed
                        else ""
                    )
                case "lastRenderedPageBreak":
                    self._say(PAGE_END if self._printed else "")
                case "sym":
                    self._say(_symbol(attribute(one, "char")))
                case "footnoteReference" | "endnoteReference":
                    kind, note = name.removesuffix("Reference"), attribute(one, "id")
                    self._found.notes.append((kind, note))
                    self._say(f"[{self._owner.number(kind, note)}]")
                case "commentReference":
                    self._found.comments.append(attribute(one, "id"))
                case "fldChar":
                    self._field(one)
                case "instrText":
                    if self._fields:
                        self._fields[-1].code += one.text or ""
                case "drawing" | "pict" | "object":
                    self._drawing(one)
                case "delText":
                    self._owner.deleted = True
                case "ruby":
                    self._inside(one)
                case _ if name in _HYPHENS:
                    self._say(_HYPHENS[name])

    def _say(self, text: str) -> None:
        if not self._fields or all(one.shows for one in self._fields):
            self._parts.append(text)

    def _changed(self, element: Element, change: object) -> None:
        start = len(self._parts)
        self._inside(element)
        text = "".join(self._parts[start:])
        self._parts[start:] = [change(text)] if text and callable(change) else []

    def _hyperlink(self, element: Element) -> None:
        relation = self._relations.get(attribute(element, "id"))
        address = relation.target if relation is not None and relation.external else ""
        self._changed(element, lambda text: link(text, address))

    def _field(self, element: Element) -> None:
        match attribute(element, "fldCharType"):
            case "begin":
                self._fields.append(_Field(len(self._parts)))
                box = child(element, "ffData", "checkBox")
                if box is not None:
                    on = is_on(box, "checked") if child(box, "checked") is not None else is_on(box, "default")
                    self._parts.append("☒" if on else "☐")
            case "separate" if self._fields:
                self._fields[-1].shows = True
                self._fields[-1].start = len(self._parts)
            case "end" if self._fields:
                ended = self._fields.pop()
                address = _ADDRESS.match(ended.code)
                if address and ended.shows:
                    self._parts[ended.start :] = [link("".join(self._parts[ended.start :]), address[1])]

    def _drawing(self, element: Element) -> None:
        boxes = list(_outermost(element, "txbxContent"))
        self._found.boxes += boxes
        if boxes:
            return
        properties = next(element.iter("{*}docPr"), None)
        words = attribute(properties, "descr") or attribute(next(element.iter("{*}shape"), None), "alt")
        if local(element) != "object" or words:
            self._say(picture(words))


def _outermost(element: Element, name: str) -> Iterator[Element]:
    """Elements of this name, none inside another; of alternatives the first choice."""
    for one in shown_children(element):
        if local(one) == name:
            yield one
        else:
            yield from _outermost(one, name)


def _symbol(code: str) -> str:
    """A letter of a symbol font, which clean knows where it has a meaning."""
    number = whole(str(int(code, 16))) if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code) else 0
    return chr(number) if number else ""
