"""HTML as blocks: what a browser shows of it without running anything, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from app.documents.faults import Fault
from app.documents.model import Block, BlockKind
from app.documents.readers import Refused
from app.documents.readers.archive import Element
from app.documents.readers.inline import link, list_item, lowered, marker, picture, raised
from app.documents.readers.tables import Grid, table_blocks

_NEVER = frozenset((
    "script", "style", "template", "noscript", "head", "iframe", "object", "embed", "applet", "video", "audio",
    "canvas", "map", "datalist", "rp", "annotation", "annotation-xml", "defs", "metadata", "desc", "colgroup",
    "progress", "meter",
))  # fmt: skip
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "search",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "caption", "ul", "svg", "text",
    "textarea",
))  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SIMPLE_SELECTOR = re.compile(r"[.#][\w-]+")
_MEDIA = re.compile(r"@[\w-]+[^{};]*\{(?:[^{}]|\{[^{}]*\})*\}")
_NOTES = re.compile(r"(?:^|\s)(?:footnotes?|endnotes?|rearnotes?|doc-footnotes?|doc-endnotes?)(?:\s|$)")
_WRAP = re.compile(r"(?<! ) *\n *")
_XML_HEAD = re.compile(r"\s*<\?xml[^>]*\?>")


def parse_html(text: str) -> Element:
    """The root element of a web page, however broken. Raises Refused for one that has nothing at all."""
    # huge_tree lifts the limit on depth from 256 to 2,048; there are no entities to blow up in HTML.
    data = (
        text[head.end() if (head := _XML_HEAD.match(text)) else 0 :]
        .replace("\0", "")
        .encode("utf-8", "replace")
    )
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(Fault.NO_TEXT) from error
    if root is None:
        raise Refused(Fault.NO_TEXT)
    return root


def title_of(root: Element) -> str:
    """The words of the title element."""
    for element in root.iter():
        if _tag(element) == "title":
            return " ".join("".join(element.itertext()).split())
        if _tag(element) == "body":
            break
    return ""


def blocks_of(root: Element, on_anchor: Callable[[str], None] | None = None) -> list[Block]:
    """The blocks below `root`. on_anchor: told each id as it is passed (where a table of contents leads to)."""
    return _Walk(root, on_anchor).run()


@dataclass
class _List:
    ordered: bool
    style: str = "1"
    number: int = 0


@dataclass
class _Cell:
    """A table that is open, and the text of the cell that is."""

    grid: Grid = field(default_factory=Grid)
    header: bool = True
    blocks: list[Block] = field(default_factory=list)


@dataclass
class _Inline:
    """An element inside a line that changes its own text when it ends."""

    element: Element
    start: int
    change: Callable[[str], str]


class _Walk:
    """One pass over the tree, without recursion: a hostile page is nested as deep as it likes."""

    def __init__(self, root: Element, on_anchor: Callable[[str], None] | None) -> None:
        self._root = root
        self._on_anchor = on_anchor
        self._hidden = _hidden_names(root)
        self._blocks: list[Block] = []
        self._text: list[str] = []
        self._kinds: list[tuple[Element, BlockKind, int]] = []  # what the text belongs to, the innermost last
        self._lists: list[_List] = []
        self._mark = ""
        self._in_item = False
        self._pre = 0
        self._inline: list[_Inline] = []
        self._tables: list[_Cell] = []

    def run(self) -> list[Block]:
        walk = etree.iterwalk(self._root, events=("start", "end"))
        skipped: Element | None = None
        for event, element in walk:
            tag = _tag(element)
            if event == "start":
                if not tag or self._is_left_out(element, tag):
                    walk.skip_subtree()
                    skipped = element
                    continue
                self._start(element, tag)
                self._say(element.text)
            else:
                if element is not skipped:
                    self._end(element, tag)
                if element is not self._root:
                    self._say(element.tail)
        self._flush()
        return self._blocks

    # -- what is left out ----------------------------------------------------------------------------------------

    def _is_left_out(self, element: Element, tag: str) -> bool:
        if tag in _NEVER or (tag == "dialog" and element.get("open") is None):
            return True
        if tag == "title" and element.getparent() is not None and element is not self._root:
            return True
        attributes = element.attrib
        if (
            "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or attributes.get("type") == "hidden"
        ):
            return True
        if "style" in attributes and _HIDDEN_STYLE.search(attributes["style"]):
            return True
        if attributes.get("role") == "doc-backlink" or "footnote-back" in attributes.get("class", ""):
            return True
        if self._hidden:
            names = {f".{name}" for name in attributes.get("class", "").split()} | {
                f"#{attributes.get('id', '')}"
            }
            return bool(names & self._hidden)
        return False

    # -- elements ------------------------------------------------------------------------------------------------

    def _start(self, element: Element, tag: str) -> None:
        if self._on_anchor is not None and (name := element.get("id") or element.get("name")):
            self._on_anchor(name)
        if tag in _BLOCKS:
            self._flush()
            self._start_block(element, tag)
            return
        match tag:
            case "br":
                self._text.append("\n")
            case "img" | "image":
                self._picture(element)
            case "a":
                if _is_note_reference(element):
                    self._change(element, lambda text: f"[{text.strip(' []')}]" if text.strip() else "")
                elif element.get("href"):
                    address = element.get("href")
                    self._change(element, lambda text: link(text, address))
            case "sup":
                noted = any(_tag(one) == "a" for one in (*element.iter(), *element.iterancestors()))
                self._change(element, (lambda text: f"[{text.strip(' []')}]") if noted else raised)
            case "sub":
                self._change(element, lowered)
            case "rt":
                self._change(element, lambda text: f"({text})" if text.strip() else "")
            case "q":
                self._change(element, lambda text: f"“{text}”")
            case "input":
                self._input(element)

    def _start_block(self, element: Element, tag: str) -> None:
        if tag in _LISTS:
            number = element.get("start", "1")
            start = int(number) if re.fullmatch(r"-?\d{1,6}", number) else 1
            self._lists.append(_List(tag == "ol", element.get("type") or "1", start - 1))
        elif tag == "li":
            self._start_item(element)
        elif tag == "pre" or tag == "textarea":
            self._pre += 1
        elif tag == "table":
            if _is_layout(element):
                return
            self._tables.append(_Cell())
        elif tag == "tr" and self._in_table():
            self._tables[-1].grid.start_row()
        kind = self._kind_of(element, tag)
        if kind is not None:
            self._kinds.append((element, *kind))

    def _start_item(self, element: Element) -> None:
        if not self._lists:
            self._lists.append(_List(False))
        owner = self._lists[-1]
        value = element.get("value", "")
        owner.number = int(value) if re.fullmatch(r"-?\d{1,6}", value) else owner.number + 1
        number = marker(owner.number, owner.style if owner.style in ("1", "a", "A", "i", "I") else "1")
        self._mark = f"{number}." if owner.ordered else "-"

    def _kind_of(self, element: Element, tag: str) -> tuple[BlockKind, int] | None:
        role = _roles(element)
        if tag in _HEADINGS:
            return "heading", _HEADINGS[tag]
        if element.get("role") == "heading":
            level = element.get("aria-level", "2")
            return "heading", int(level) if level in "123456" else 2
        if _NOTES.search(role):
            return "footnote", 0
        match tag:
            case "li":
                return (
                    ("footnote", 0)
                    if self._kinds and self._kinds[-1][1] == "footnote"
                    else ("list_item", len(self._lists))
                )
            case "pre":
                return "code", 0
            case "figcaption" | "caption":
                return "caption", 0
            case "nav":
                return "header", 0
            case "textarea":
                return "form", 0
        return None

    def _end(self, element: Element, tag: str) -> None:
        if self._inline and self._inline[-1].element is element:
            ended = self._inline.pop()
            whole = "".join(self._text[ended.start :])
            self._text[ended.start :] = [ended.change(whole)]
        if tag in ("td", "th") and self._in_table():
            self._end_cell(element)
            self._pop_kind(element)
            return
        if tag not in _BLOCKS:
            return
        self._flush()
        self._pop_kind(element)
        if tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._mark = ""
        elif tag in ("pre", "textarea"):
            self._pre -= 1
        elif tag == "tr" and self._in_table():
            self._tables[-1].grid.end_row()
        elif tag == "table" and self._in_table() and not _is_layout(element):
            table = self._tables.pop()
            self._blocks += [*table.blocks, *table_blocks(table.grid.rows)]

    def _pop_kind(self, element: Element) -> None:
        if self._kinds and self._kinds[-1][0] is element:
            self._kinds.pop()

    def _end_cell(self, element: Element) -> None:
        text = "".join(self._text)
        self._text.clear()
        spans = [element.get(name, "1").strip() for name in ("colspan", "rowspan")]
        columns, rows = (int(span) if re.fullmatch(r"\d{1,4}", span) else 1 for span in spans)
        self._tables[-1].grid.add(text, columns, rows)

    def _in_table(self) -> bool:
        return bool(self._tables)

    # -- text ----------------------------------------------------------------------------------------------------

    def _say(self, text: str | None) -> None:
        if text:
            self._text.append(text if self._pre else re.sub(r"[ \t\r\n\f]+", " ", text))

    def _change(self, element: Element, change: Callable[[str], str]) -> None:
        self._inline.append(_Inline(element, len(self._text), change))

    def _picture(self, element: Element) -> None:
        alt = element.get("alt")
        tiny = {element.get("width"), element.get("height")} & {"0", "1", "2"}
        if alt is not None and not alt.strip() or tiny:
            return  # says of itself that it is decoration
        self._text.append(picture(alt))

    def _input(self, element: Element) -> None:
        value, kind = element.get("value", ""), element.get("type", "text")
        if value and kind in ("text", "email", "tel", "number", "url", "search", "date"):
            self._text.append(f" {value} ")

    def _flush(self) -> None:
        """The text so far is a block; inside a cell it goes on as the same cell."""
        if self._tables and self._kinds and self._kinds[-1][1] == "caption":
            caption = " ".join("".join(self._text).split())
            self._tables[-1].blocks += [Block("caption", caption)] if caption else []
            self._text.clear()
            return
        if self._tables:
            if self._text and self._text[-1] != " ":
                self._text.append(" ")
            return
        text = "".join(self._text)
        self._text.clear()
        for inline in self._inline:  # a link around several blocks: what is said of it starts anew in each
            inline.start = 0
        if not text.strip():
            return
        _, kind, level = self._kinds[-1] if self._kinds else (None, "paragraph", 0)
        if kind == "heading":
            text = " ".join(text.split())
        elif not self._pre:
            text = _WRAP.sub("\n", re.sub("[ \xa0]{2,}", " ", text)).strip()
        else:
            text = text.removeprefix("\n")
        if kind == "list_item":
            text, self._mark = list_item(text, self._mark or " ", level), ""
        elif kind == "footnote" and self._mark:
            text, self._mark = f"[{self._mark.rstrip('.')}] {text}", ""
        self._blocks.append(Block(kind, text, level))  # type: ignore[arg-type]


def _tag(element: Element) -> str:
    """The element's name without a namespace; "" for a comment, an instruction or an entity."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _roles(element: Element) -> str:
    """What an element says that it is: its classes, its role and, in books, its type."""
    kinds = (element.get(name, "") for name in ("class", "role", "{http://www.idpf.org/2007/ops}type"))
    return " ".join(kinds)


def _is_note_reference(link: Element) -> bool:
    return bool({"footnote-ref", "doc-noteref", "noteref"} & set(_roles(link).split()))


def _is_layout(table: Element) -> bool:
    """Whether a table is there to place things on the page: it holds tables, headings or lists, or a single cell."""
    if table.get("role") == "presentation" or table.xpath("boolean(.//*[local-name()='table'])"):
        return True
    inside = " or ".join(f"local-name()='{tag}'" for tag in ("h1", "h2", "h3", "ul", "ol", "pre", "form"))
    return bool(
        table.xpath(f"boolean(.//*[{inside}])")
        or table.xpath("count(.//*[local-name()='td' or local-name()='th']) < 2")
    )


def _hidden_names(root: Element) -> frozenset[str]:
    """Classes and ids that the page's own style sheets hide, on every medium."""
    names: set[str] = set()
    for style in root.iter("style", "{*}style"):
        text = "".join(style.itertext())[:200_000]
        for rule in _MEDIA.sub("", text).split("}"):
            selectors, _, properties = rule.partition("{")
            if _HIDDEN_STYLE.search(properties):
                single = (one.strip() for one in selectors.split(","))
                names.update(one for one in single if _SIMPLE_SELECTOR.fullmatch(one))
    return frozenset(names)
