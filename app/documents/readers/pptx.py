"""PowerPoint presentations: a page a slide, its title first, then shapes from top to bottom, then speaker notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.documents.model import BlockKind
from app.documents.readers import Parsed, Request
from app.documents.readers.archive import Archive, Element
from app.documents.readers.inline import link, list_item, picture
from app.documents.readers.ooxml import (
    Relation,
    attribute,
    child,
    formula,
    local,
    main_part,
    relations,
    shown_children,
    whole,
)
from app.documents.readers.paging import Pager
from app.documents.readers.tables import Grid, table_blocks
from app.sentences import Sentence

_TITLES = frozenset(("title", "ctrTitle"))
_RUNNING: dict[str, BlockKind] = {"ftr": "footer", "sldNum": "footer", "dt": "footer", "hdr": "header"}


def read(data: bytes, request: Request) -> Parsed:
    """The slides that are shown. Raises Refused for a damaged file or one without text."""
    archive = Archive(data)
    main = main_part(archive)
    links = relations(archive, main)
    pager = Pager(request.limits, by_headings=False)
    hidden: list[int] = []
    for number, entry in enumerate(archive.read_xml(main).iterfind("{*}sldIdLst/{*}sldId"), start=1):
        relation = links.get(_relation_id(entry))
        if relation is None or relation.target not in archive:
            continue
        slide = archive.read_xml(relation.target)
        if attribute(slide, "show", "1") in ("0", "false"):
            hidden.append(number)
            continue
        pager.start(f"slide {number}", keep_empty=True)
        _Slide(archive, relation.target, pager).read(slide)
    pages = pager.finish()
    return Parsed(
        len(pages),
        iter(pages),
        unit="slide",
        outline=lambda: pager.outline,
        warnings=lambda: hidden_slides(hidden),
    )


def hidden_slides(numbers: list[int]) -> list[str]:
    """A sentence about slides that a show leaves out."""
    from app.documents.faults import format_page_ranges

    if not numbers:
        return []
    if len(numbers) == 1:
        return [Sentence("Hidden slide {number} left out.", number=numbers[0])]
    return [Sentence("Hidden slides {numbers} left out.", numbers=format_page_ranges(numbers))]


@dataclass
class _Shape:
    element: Element
    top: int
    left: int
    title: bool


class _Slide:
    def __init__(self, archive: Archive, part: str, pager: Pager) -> None:
        self._archive = archive
        self._part = part
        self._pager = pager
        self._links = relations(archive, part)

    def read(self, slide: Element) -> None:
        tree = child(slide, "cSld", "spTree")
        if tree is not None:
            for shape in _in_order(tree):
                self._shape(shape)
        for relation in self._links.values():
            if relation.kind == "notesSlide" and relation.target in self._archive:
                self._notes(relation)
            elif relation.kind == "comments" and relation.target in self._archive:
                self._comments(relation)

    def _shape(self, shape: _Shape) -> None:
        element = shape.element
        match local(element):
            case "sp" | "cxnSp":
                body = child(element, "txBody")
                if body is None:
                    return
                if shape.title:
                    self._pager.heading(" ".join(text for text, _ in self._paragraphs(body)), 1)
                    return
                place = child(element, "nvSpPr", "nvPr", "ph")
                kind = _RUNNING.get(attribute(place, "type"))
                listed = place is not None and attribute(place, "type") in ("", "body", "obj")
                for text, level in self._paragraphs(body, listed=listed):
                    if kind:
                        self._pager.add(kind, text)
                    elif level:
                        self._pager.add("list_item", list_item(text, "-", level), level)
                    else:
                        self._pager.add("paragraph", text)
            case "graphicFrame":
                self._frame(element)
            case "pic":
                words = attribute(child(element, "nvPicPr", "cNvPr"), "descr")
                if words and not words.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".emf", ".svg")):
                    self._pager.add("paragraph", picture(words))
                else:
                    self._pager.add("paragraph", picture(""))

    def _frame(self, frame: Element) -> None:
        table = next(frame.iter("{*}tbl"), None)
        if table is not None:
            grid = Grid()
            for row in table.iterfind("{*}tr"):
                grid.start_row()
                for cell in row.iterfind("{*}tc"):
                    if attribute(cell, "vMerge") in ("1", "true") or attribute(cell, "hMerge") in (
                        "1",
                        "true",
                    ):
                        continue
                    body = child(cell, "txBody")
                    text = " ".join(text for text, _ in self._paragraphs(body)) if body is not None else ""
                    spans = [whole(attribute(cell, name, "1"), 1) for name in ("gridSpan", "rowSpan")]
                    grid.add(text, *spans)
                grid.end_row()
            self._pager.add_all(table_blocks(grid.rows))
            return
        for element in frame.iter("{*}chart", "{*}relIds"):
            for key in ("id", "dm"):
                relation = self._links.get(attribute(element, key))
                if relation is not None and relation.target in self._archive:
                    self._drawn(self._archive.read_xml(relation.target))

    def _drawn(self, root: Element) -> None:
        """The words of a chart or a diagram, each once."""
        texts: list[str] = []
        for element in root.iter("{*}p", "{*}v"):
            if local(element) == "p":
                text = "".join(one.text or "" for one in element.iter("{*}t"))
            else:  # the names of a chart's series and categories, not its numbers
                text = (
                    (element.text or "")
                    if any(local(up) == "strCache" for up in element.iterancestors())
                    else ""
                )
            if text.strip() and text not in texts:
                texts.append(text)
        for text in texts:
            self._pager.add("paragraph", text)

    def _paragraphs(self, body: Element, *, listed: bool = False) -> Iterator[tuple[str, int]]:
        """Each paragraph of a text body and its level in a list, 0 where it is in none. listed: paragraphs are items
        unless they say otherwise, as in the main text of a layout."""
        for paragraph in body.iterfind("{*}p"):
            text = self._letters(paragraph)
            if text.strip():
                properties = child(paragraph, "pPr")
                depth = max(0, min(whole(attribute(properties, "lvl", "0")), 8))
                marked = child(properties, "buChar") is not None or child(properties, "buAutoNum") is not None
                marked = marked or (listed and child(properties, "buNone") is None)
                yield text, depth + 1 if marked or depth else 0

    def _letters(self, paragraph: Element) -> str:
        parts: list[str] = []
        for one in shown_children(paragraph):
            match local(one):
                case "r" | "fld":
                    text = "".join(t.text or "" for t in one.iterfind("{*}t"))
                    click = child(one, "rPr", "hlinkClick")
                    relation = self._links.get(_relation_id(click)) if click is not None else None
                    parts.append(link(text, relation.target if relation and relation.external else ""))
                case "br":
                    parts.append("\n")
                case "m":
                    parts.append(formula(one))
        return "".join(parts)

    def _notes(self, relation: Relation) -> None:
        """What the speaker wrote below the slide."""
        tree = child(self._archive.read_xml(relation.target), "cSld", "spTree")
        for shape in [] if tree is None else tree.iterfind("{*}sp"):
            if attribute(child(shape, "nvSpPr", "nvPr", "ph"), "type") == "body":
                body = child(shape, "txBody")
                texts = [text for text, _ in self._paragraphs(body)] if body is not None else []
                if texts:
                    self._pager.add("comment", "Notes: " + "\n".join(texts))

    def _comments(self, relation: Relation) -> None:
        for comment in self._archive.read_xml(relation.target).iter("{*}cm"):
            text = "".join(one.text or "" for one in comment.iter("{*}text", "{*}t"))
            if text.strip():
                self._pager.add("comment", text)


def _in_order(tree: Element) -> list[_Shape]:
    """The shapes as they are read: the title, then from top to bottom in bands, from left to right within one."""
    shapes = list(_shapes(tree, 0, 0))
    band = 200_000  # units of 1/914,400 inch: shapes that begin at nearly the same height stand beside each other
    return sorted(shapes, key=lambda shape: (not shape.title, shape.top // band, shape.left))


def _shapes(tree: Element, top: int, left: int) -> Iterator[_Shape]:
    for element in shown_children(tree):
        name = local(element)
        if name == "grpSp":
            inner_top, inner_left = _offset(child(element, "grpSpPr", "xfrm"), (top, left))
            yield from (
                _Shape(one.element, inner_top, inner_left, one.title) for one in _shapes(element, 0, 0)
            )
        elif name in ("sp", "cxnSp", "graphicFrame", "pic"):
            properties = next((one for one in element if local(one).startswith("nv")), None)
            if attribute(child(properties, "cNvPr"), "hidden") in ("1", "true"):
                continue
            transform = child(element, "xfrm") if name == "graphicFrame" else child(element, "spPr", "xfrm")
            place = child(properties, "nvPr", "ph")
            # A placeholder without a place has that of its layout: where the index says, after the title.
            default = (top + 1 + whole(attribute(place, "idx", "0")), left)
            y, x = _offset(transform, default)
            yield _Shape(element, y, x, attribute(place, "type") in _TITLES)


def _offset(transform: Element | None, default: tuple[int, int]) -> tuple[int, int]:
    offset = child(transform, "off")
    if offset is None:
        return default
    return tuple(
        int(attribute(offset, name, "0") or 0) if attribute(offset, name, "0").lstrip("-").isdecimal() else 0
        for name in "yx"
    )  # type: ignore[return-value]


def _relation_id(element: Element) -> str:
    """The id of a relation: unlike the plain `id` of an entry it is in a namespace."""
    for key, value in element.attrib.items():
        if str(key).endswith("}id"):
            return str(value)
    return ""
