"""Word documents: the text as the last version shows it (insertions in, deletions out), notes and comments at their
places."""

from __future__ import annotations

from collections.abc import Iterator

from app.documents.model import BlockKind
from app.documents.readers import Parsed, Request
from app.documents.readers.archive import Archive, Element
from app.documents.readers.docx_lists import Numbering, Styles
from app.documents.readers.docx_text import PAGE_END, Letters, Paragraph
from app.documents.readers.inline import list_item
from app.documents.readers.ooxml import (
    attribute,
    child,
    is_on,
    local,
    main_part,
    relations,
    shown_children,
    value,
    whole,
)
from app.documents.readers.paging import Pager
from app.documents.readers.tables import MAX_COLUMNS, table_blocks
from app.sentences import Sentence

_AROUND = frozenset(("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "txbxContent", "body"))
_MOST_ON_A_PAGE = (
    8_000  # characters; a document with more between the page ends was changed since it was printed
)


def read(data: bytes, request: Request) -> Parsed:
    """The pages where Word has noted where they end, else the sections. Raises Refused for a damaged file."""
    return _Document(Archive(data), request).read()


class _Document:
    def __init__(self, archive: Archive, request: Request) -> None:
        self._archive = archive
        self._main = main_part(archive)
        self._relations = relations(archive, self._main)
        self._root = archive.read_xml(self._main)
        printed = _knows_pages(self._root)
        self._pager = Pager(request.limits, by_headings=not printed)
        self._printed = printed
        styles = Styles(self._part("styles"))
        self._styles = styles
        self._numbering = Numbering(self._part("numbering"), styles)
        self._letters = Letters(styles, self._relations, printed_pages=printed)
        self._notes = {kind: _by_id(self._part(f"{kind}s"), kind) for kind in ("footnote", "endnote")}
        self._comments = _by_id(self._part("comments"), "comment")
        self._endnotes: list[str] = []
        self._carried = ""  # text of a paragraph whose end was deleted: the next goes on in it

    def read(self) -> Parsed:
        pager = self._pager
        body = child(self._root, "body")
        if body is not None:
            if self._printed:
                pager.start(keep_empty=True)
            for kind in ("header", "footer"):
                for text in self._running(kind):
                    pager.add("header" if kind == "header" else "footer", text)
            self._flow(body)
        for text in self._endnotes:
            pager.add("footnote", text)
        pages = pager.finish()
        return Parsed(
            len(pages),
            iter(pages),
            unit="page" if self._printed else "section",
            outline=lambda: pager.outline,
            warnings=self._warnings,
        )

    def _warnings(self) -> list[str]:
        warnings: list[str] = []
        if self._letters.deleted:
            warnings.append(
                Sentence("Text that was deleted with tracked changes is left out; what was inserted is read.")
            )
        if self._letters.hidden:
            warnings.append(Sentence("Text that is formatted as hidden is left out."))
        return warnings

    def _part(self, kind: str) -> Element | None:
        for relation in self._relations.values():
            if relation.kind == kind and not relation.external and relation.target in self._archive:
                return self._archive.read_xml(relation.target)
        return None

    def _running(self, kind: str) -> Iterator[str]:
        """The different running heads or feet."""
        seen: set[str] = set()
        for relation in self._relations.values():
            if relation.kind == kind and relation.target in self._archive:
                text = self._plain(self._archive.read_xml(relation.target))
                if text and text not in seen:
                    seen.add(text)
                    yield text

    # -- paragraphs and tables -----------------------------------------------------------------------------------

    def _flow(self, parent: Element) -> None:
        for element in shown_children(parent):
            name = local(element)
            if name == "p":
                self._paragraph(element)
            elif name == "tbl":
                self._table(element)
            elif name in _AROUND:
                self._flow(element)

    def _paragraph(self, element: Element) -> None:
        properties = child(element, "pPr")
        found = self._letters.read(element)
        if child(properties, "rPr", "del") is not None:
            self._carried += found.text
            found.text = ""
        else:
            found.text, self._carried = self._carried + found.text, ""
        chain = self._styles.chain(value(properties, "pStyle"))
        level = self._styles.level(properties, chain)
        listed = self._numbering.mark(properties, chain) if found.text.strip() else None
        kind: BlockKind = "paragraph"
        if level:
            found.text = f"{listed[0]} {found.text}" if listed and listed[0] not in ("", "-") else found.text
            kind = "heading"
        elif listed is not None:
            found.text, level, kind = (
                list_item(found.text, listed[0], listed[1] + 1),
                listed[1] + 1,
                "list_item",
            )
        elif self._styles.is_code(chain):
            kind = "code"
        elif self._styles.is_caption(chain):
            kind = "caption"
        self._put(kind, found.text, level)
        self._hang(found)

    def _put(self, kind: BlockKind, text: str, level: int) -> None:
        """A block, cut where its page ends."""
        pieces = text.split(PAGE_END)
        for place, piece in enumerate(pieces):
            if place:
                self._end_page()
            if kind == "heading":
                self._pager.heading(piece, level)
            else:
                self._pager.add(kind, piece, level)

    def _end_page(self) -> None:
        self._pager.start(keep_empty=self._printed)

    def _hang(self, found: Paragraph) -> None:
        """Text boxes, notes and comments, after the paragraph that they belong to."""
        for box in found.boxes:
            self._flow(box)
        for kind, note in found.notes:
            body = self._notes[kind].get(note)
            text = f"[{self._letters.number(kind, note)}] {self._plain(body)}" if body is not None else ""
            if kind == "endnote":
                self._endnotes.append(text)
            else:
                self._pager.add("footnote", text)
        for comment in found.comments:
            body = self._comments.get(comment)
            if body is not None and (text := self._plain(body)):
                author = attribute(body, "author")
                self._pager.add("comment", f"{author}: {text}" if author else text)

    def _plain(self, parent: Element) -> str:
        """The text below `parent` on one line."""
        texts = (self._letters.read(one).text for one in parent.iter("{*}p"))
        return " ".join(" ".join(texts).split())

    def _table(self, table: Element) -> None:
        if self._is_layout(table):
            for cell in table.iterfind("{*}tr/{*}tc"):
                self._flow(cell)
            return
        rows: list[list[str]] = []
        hanging: list[Paragraph] = []
        above: dict[int, str] = {}
        for row in _rows(table):
            cells, ends = self._row(row, above, hanging)
            if ends:
                self._table_so_far(rows, hanging)
                for _ in range(ends):
                    self._end_page()
                rows, hanging = [], []
            rows.append(cells)
        self._table_so_far(rows, hanging)

    def _table_so_far(self, rows: list[list[str]], hanging: list[Paragraph]) -> None:
        self._pager.add_all(table_blocks(rows))
        for found in hanging:
            self._hang(found)

    def _row(self, row: Element, above: dict[int, str], hanging: list[Paragraph]) -> tuple[list[str], int]:
        """The cells of a row, and how many pages end before it. above: what stood in each column that goes on."""
        before = max(0, min(whole(value(row, "trPr", "gridBefore")), MAX_COLUMNS))
        cells = [""] * before
        ends = 0
        for cell in _cells(row):
            properties = child(cell, "tcPr")
            text, marks = self._cell(cell, hanging)
            ends = max(ends, marks)
            merge = child(properties, "vMerge")
            if merge is not None:
                if attribute(merge, "val") == "restart":
                    above[len(cells)] = text
                else:
                    text = above.get(len(cells), text)
            span = max(1, min(whole(value(properties, "gridSpan"), 1), 1_000, MAX_COLUMNS - len(cells)))
            cells += [text, *[""] * (span - 1)]
        return cells, ends

    def _cell(self, cell: Element, hanging: list[Paragraph]) -> tuple[str, int]:
        texts = []
        for paragraph in cell.iter("{*}p"):
            if next(paragraph.iterancestors("{*}txbxContent"), None) is not None:
                continue
            found = self._letters.read(paragraph)
            properties = child(paragraph, "pPr")
            listed = self._numbering.mark(properties, self._styles.chain(value(properties, "pStyle")))
            texts.append(f"{listed[0]} {found.text}" if listed and found.text.strip() else found.text)
            if found.notes or found.comments or found.boxes:
                hanging.append(found)
        text = " ".join(texts)
        return text.replace(PAGE_END, " "), text.count(PAGE_END)

    def _is_layout(self, table: Element) -> bool:
        """Whether a table is there to place things on the page: it holds a table, a heading or a single cell."""
        cells = table.findall("{*}tr/{*}tc")
        if len(cells) < 2 or table.find(".//{*}tc//{*}tbl") is not None:
            return True
        for properties in table.iterfind(".//{*}pPr"):
            if self._styles.level(properties, self._styles.chain(value(properties, "pStyle"))):
                return True
        return False


def _rows(table: Element) -> Iterator[Element]:
    for element in shown_children(table):
        if local(element) == "tr":
            properties = child(element, "trPr")
            if child(properties, "del") is None and not is_on(properties, "hidden"):
                yield element
        elif local(element) in _AROUND:
            yield from _rows(element)


def _cells(row: Element) -> Iterator[Element]:
    for element in shown_children(row):
        if local(element) == "tc":
            yield element
        elif local(element) in _AROUND:
            yield from _cells(element)


def _by_id(root: Element | None, name: str) -> dict[str, Element]:
    return {} if root is None else {attribute(one, "id"): one for one in root.iterfind(f"{{*}}{name}")}


def _knows_pages(root: Element) -> bool:
    """Whether Word has noted where the pages end, and that may still hold."""
    ends = sum(1 for _ in root.iter("{*}lastRenderedPageBreak"))
    letters = sum(len(text.text or "") for text in root.iter("{*}t"))
    return ends > 0 and letters <= _MOST_ON_A_PAGE * (ends + 1)
