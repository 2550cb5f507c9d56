"""reStructuredText as it is meant to be seen, read by docutils with all that reaches out of the text switched off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.documents.faults import Fault
from app.documents.model import BlockKind
from app.documents.readers import Parsed, Refused, Request, decoded
from app.documents.readers.inline import link, list_item, lowered, marker, picture, raised
from app.documents.readers.paging import Pager
from app.documents.readers.plain import line_pages
from app.documents.readers.tables import Grid, table_blocks

if TYPE_CHECKING:
    from docutils import nodes

_LONGEST = 1_000_000  # characters that docutils reads within seconds; a longer text is shown by its lines
# One to four signs over and over: docutils looks through such a run once for each place in it, and again for each.
_RUN = re.compile(r"([^\w\n]{1,4})\1{1000}")
_SETTINGS = {
    "file_insertion_enabled": False,  # include, csv-table and raw files
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 5,
    "input_encoding": "unicode",
    "syntax_highlight": "none",
    "smart_quotes": False,
    "line_length_limit": 10_000_000,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "warning_stream": False,
}
_STYLES = {"arabic": "1", "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}


def read(data: bytes, request: Request) -> Parsed:
    """The sections of a text. Raises Refused where there is no text."""
    text = decoded(data, request)
    if len(text.text) > _LONGEST or _RUN.search(text.text):
        pages = line_pages(text.text, "paragraph")
        if not pages:
            raise Refused(Fault.NO_TEXT)
        return Parsed(len(pages), iter(pages), unit="lines", encoding=text.encoding)
    from docutils.core import publish_doctree

    document = publish_doctree(text.text.replace("\0", ""), settings_overrides=_SETTINGS)
    pager = Pager(request.limits)
    _Walk(pager).inside(document, 0)
    pages = pager.finish()
    return Parsed(
        len(pages), iter(pages), unit="section", encoding=text.encoding, outline=lambda: pager.outline
    )


class _Walk:
    """Goes down the sections and lists of a document, which docutils does not let nest without end."""

    def __init__(self, pager: Pager) -> None:
        self._pager = pager
        self._level = 0  # of the lists that are open
        self._mark = ""

    def inside(self, parent: nodes.Element, depth: int) -> None:
        for node in parent.children:
            self._one(node, depth)

    def _one(self, node: Any, depth: int) -> None:
        match node.tagname:
            case "section":
                self.inside(node, depth + 1)
            case "title":
                self._pager.heading(_text(node), max(depth, 1))
            case "subtitle" | "rubric":
                self._pager.heading(_text(node), depth + 1)
            case (
                "paragraph" | "attribution" | "term" | "field_name" | "line" | "classifier" | "option_string"
            ):
                self._put("paragraph", _text(node))
            case "literal_block" | "doctest_block" | "math_block":
                self._put("code", node.astext())
            case "caption" | "legend":
                self._put("caption", _text(node))
            case "line_block":
                self._put(
                    "paragraph", "\n".join(_text(line) for line in node.findall() if line.tagname == "line")
                )
            case "bullet_list" | "enumerated_list":
                self._list(node, depth)
            case "table":
                self._table(node)
            case "image":
                self._put("paragraph", picture(node.get("alt")))
            case "footnote" | "citation":
                label = node.children[0].astext() if node.children else ""
                words = " ".join(_text(one) for one in node.children[1:])
                self._pager.add("footnote", f"[{label}] {words}")
            case "field" | "option_list_item":
                self._put("paragraph", ": ".join(" ".join(_text(one).split()) for one in node.children))
            case (
                "comment"
                | "system_message"
                | "target"
                | "substitution_definition"
                | "pending"
                | "raw"
                | "meta"
            ):
                pass
            case _ if hasattr(node, "children") and node.children:
                self.inside(node, depth)

    def _list(self, node: Any, depth: int) -> None:
        self._level += 1
        number = int(node.get("start", 1))
        style = _STYLES.get(node.get("enumtype", ""), "1")
        for place, item in enumerate(node.children):
            ordered = node.tagname == "enumerated_list"
            figure = f"{node.get('prefix', '')}{marker(number + place, style)}{node.get('suffix', '.')}"
            self._mark = figure if ordered else "-"
            self.inside(item, depth)
        self._level -= 1

    def _put(self, kind: BlockKind, text: str) -> None:
        if self._level and kind == "paragraph":
            self._pager.add("list_item", list_item(text, self._mark or " ", self._level), self._level)
            self._mark = ""
        else:
            self._pager.add(kind, text)

    def _table(self, node: Any) -> None:
        grid = Grid()
        for part in node.children:
            if part.tagname == "title":
                self._pager.add("caption", _text(part))
        for row in node.findall():
            if row.tagname == "row":
                grid.start_row()
                for entry in row.children:
                    words = " ".join(_text(one) for one in entry.children)
                    grid.add(words, int(entry.get("morecols", 0)) + 1, int(entry.get("morerows", 0)) + 1)
                grid.end_row()
        self._pager.add_all(table_blocks(grid.rows))


def _text(node: Any) -> str:
    """The words of a node, with links and notes."""
    if node.tagname == "#text":
        return str(node.astext()).replace("\n", " ")
    if node.tagname == "image":
        return picture(node.get("alt"))
    if node.tagname in ("system_message", "target", "problematic") and node.tagname != "problematic":
        return ""
    words = "".join(_text(one) for one in node.children)
    match node.tagname:
        case "reference":
            return link(words, node.get("refuri"))
        case "footnote_reference" | "citation_reference":
            return f"[{words}]"
        case "superscript":
            return raised(words)
        case "subscript":
            return lowered(words)
    return words
