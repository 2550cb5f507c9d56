"""The layout of a whole document: pages go in one by one, and come out as blocks once enough has been seen.

Which lines run over all pages, how large the text is, and which words have a hyphen can be told from the
document only. So a page waits until some more have been seen: few at first, so that the first page comes
soon, more later."""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.documents.model import Block, OutlineEntry
from app.documents.readers.pdf.fragments import PageFragments
from app.documents.readers.pdf.layout.blocks import block_of
from app.documents.readers.pdf.layout.columns import columns
from app.documents.readers.pdf.layout.drafts import Draft, goes_on_in
from app.documents.readers.pdf.layout.furniture import Candidate, Furniture, candidates
from app.documents.readers.pdf.layout.hyphens import HYPHENS, Vocabulary
from app.documents.readers.pdf.layout.kinds import find_captions, find_footnotes, find_headings, plain_title
from app.documents.readers.pdf.layout.paragraphs import paragraphs
from app.documents.readers.pdf.layout.rows import lines_of, rows
from app.documents.readers.pdf.layout.ruled import Rules, ruled_tables, sort_rules
from app.documents.readers.pdf.layout.stretches import Stretch, joined, stretches_by_frame
from app.documents.readers.pdf.layout.style import DocumentStyle
from app.documents.readers.pdf.layout.tables import Table
from app.documents.readers.pdf.layout.unruled import unruled_tables
from app.documents.readers.pdf.plain import PAGE_ERRORS, plain_blocks

_LOG = logging.getLogger(__name__)
_FIRST_LOOK_AHEAD = 8  # pages
_LOOK_AHEAD = 48  # pages, which it grows to


def lay_out(
    pages: Iterable[PageFragments], outline: Sequence[OutlineEntry] = ()
) -> Iterator[tuple[Block, ...]]:
    """The blocks of each page in reading order. Reads ahead by some dozens of pages and keeps no more than
    these."""
    layout = Layout(outline)
    for page in pages:
        yield from layout.add(page)
    yield from layout.finish()


@dataclass
class _Group:
    """What runs in one direction on a page, in its frame."""

    lines: list[Stretch]
    rules: Rules
    height: float


@dataclass
class _Seen:
    """A page that waits. fragments: what it shows, in case its layout fails."""

    index: int
    fragments: PageFragments
    groups: list[_Group]
    edges: list[Candidate]


@dataclass
class _Open:
    """A page that is laid out, until it is known how the next one begins. failed: without drafts, as its layout
    failed."""

    index: int
    fragments: PageFragments
    drafts: list[Draft]
    failed: bool = False


class Layout:
    """Takes pages in order and gives their blocks.

    A page whose layout fails costs itself alone: its lines are given as they are, and its index is in `failed`.
    """

    def __init__(self, outline: Sequence[OutlineEntry] = ()) -> None:
        self._style = DocumentStyle()
        self._vocabulary = Vocabulary()
        self._furniture = Furniture()
        self._titles: dict[int, dict[str, int]] = defaultdict(dict)
        for entry in outline:
            self._titles[entry.page].setdefault(plain_title(entry.title), entry.level)
        self._waiting: deque[_Seen] = deque()
        self._open: _Open | None = None
        self._count = 0
        self._given = 0
        self.failed: set[int] = set()  # pages (from 0) of which plain lines were given

    def add(self, page: PageFragments) -> Iterator[tuple[Block, ...]]:
        """Takes the next page; gives the blocks of those that have waited long enough."""
        self._waiting.append(self._see(page))
        # Two go in for one that comes out until the look-ahead is as long as it is to be.
        while len(self._waiting) > min(_LOOK_AHEAD, _FIRST_LOOK_AHEAD + self._given):
            yield from self._next()

    def finish(self) -> Iterator[tuple[Block, ...]]:
        """The blocks of the pages that still wait."""
        while self._waiting:
            yield from self._next()
        if self._open is not None:
            yield self._blocks(self._open)
            self._open = None

    def _see(self, page: PageFragments) -> _Seen:
        """The lines of a page; the document's view takes them in."""
        groups: list[_Group] = []
        edges: list[Candidate] = []
        index = self._count
        self._count += 1
        try:
            self._learn(page, index, groups, edges)
        except PAGE_ERRORS:
            self._fail(index)
            groups, edges = [], []
        self._furniture.add(index, edges)
        return _Seen(index, page, groups, edges)

    def _learn(self, page: PageFragments, index: int, groups: list[_Group], edges: list[Candidate]) -> None:
        for stretches in stretches_by_frame(page):
            frame = stretches[0].frame
            rules = sort_rules([frame.box(rule) for rule in page.rules])
            lines = lines_of(stretches, rules.upright)
            height = page.width if frame.vertical else page.height
            found = rows(lines)
            edges += candidates(found, index, height)
            if not groups:
                self._style.learn(found)
                self._vocabulary.learn(line.text for line in lines)
            groups.append(_Group(lines, rules, height))

    def _next(self) -> Iterator[tuple[Block, ...]]:
        page = self._waiting.popleft()
        self._given += 1
        following = _Open(page.index, page.fragments, [], page.index in self.failed)
        if not following.failed:
            try:
                following.drafts = self._drafts(page)
            except PAGE_ERRORS:
                self._fail(page.index)
                following.failed = True
        if self._open is not None:
            self._join_pages(self._open.drafts, following.drafts)
            yield self._blocks(self._open)
        self._open = following

    def _blocks(self, page: _Open) -> tuple[Block, ...]:
        if not page.failed:
            try:
                return tuple(block_of(draft, self._vocabulary) for draft in page.drafts)
            except PAGE_ERRORS:
                self._fail(page.index)
        return plain_blocks(page.fragments)

    def _fail(self, index: int) -> None:
        """To be called where an error is handled, which is logged."""
        self.failed.add(index)
        _LOG.warning(
            "The layout of page %d failed; its lines are taken as they are.", index + 1, exc_info=True
        )

    # -- one page
    # ------------------------------------------------------------------------------------------------------

    def _drafts(self, page: _Seen) -> list[Draft]:
        furniture = self._furniture.find(page.index, page.edges, self._style.body)
        taken = {id(stretch) for candidate in furniture for stretch in candidate.row}
        heads = [_furniture_draft(candidate) for candidate in furniture if candidate.side == "header"]
        feet = [
            _furniture_draft(candidate) for candidate in reversed(furniture) if candidate.side == "footer"
        ]
        text: list[Draft] = []
        notes: list[Draft] = []
        titles = self._titles.get(page.index + 1, {})
        for group in page.groups:
            found = self._columns([line for line in group.lines if id(line) not in taken], group.rules)
            for column in found:
                find_captions(column)
                find_footnotes(column, self._style.body, group.rules.level)
                notes += [draft for draft in column if draft.kind == "footnote"]
            bodies = [[draft for draft in column if draft.kind != "footnote"] for column in found]
            find_headings(
                [draft for body in bodies for draft in body],
                self._style.body,
                self._style.heading_sizes,
                titles,
            )
            text += _joined_columns(bodies)
        return [*heads, *text, *notes, *feet]

    def _columns(self, lines: list[Stretch], rules: Rules) -> list[list[Draft]]:
        """The drafts of each column of a group, in reading order."""
        tables, rest = ruled_tables(lines, rules)
        for table in tables:
            rest.append(_stand_in(table))
        return [self._column(column) for column in columns(rest, rules.level)]

    def _column(self, lines: list[Stretch]) -> list[Draft]:
        left = min(line.left for line in lines)
        longest = max(
            len(line.text) for line in lines
        )  # what is short may stand anywhere, as a number in the margin
        right = max(line.right for line in lines if 2 * len(line.text) >= longest)
        drafts: list[Draft] = []
        rest = [line for line in lines if line.table is None]
        for stand_in in sorted((line for line in lines if line.table is not None), key=lambda line: line.top):
            middle = (stand_in.top + stand_in.bottom) / 2
            drafts += self._text([line for line in rest if line.baseline < middle], left, right)
            rest = [line for line in rest if line.baseline >= middle]
            assert stand_in.table is not None
            drafts += _table_drafts(stand_in.table)
        return drafts + self._text(rest, left, right)

    def _text(self, lines: list[Stretch], left: float, right: float) -> list[Draft]:
        found = rows(lines)
        drafts: list[Draft] = []
        start = 0
        for first, end, table in unruled_tables(found):
            drafts += paragraphs(found[start:first], left, right, self._style)
            drafts += _table_drafts(table)
            start = end
        return drafts + paragraphs(found[start:], left, right, self._style)

    def _join_pages(self, page: list[Draft], following: list[Draft]) -> None:
        """Finds out whether the text goes on; a word that the page's end breaks is put on the first page."""
        last = next(
            (draft for draft in reversed(page) if draft.kind not in ("header", "footer", "footnote")), None
        )
        first = next((draft for draft in following if draft.kind not in ("header", "footer")), None)
        if last is None or first is None:
            return
        if last.cells:
            if len(last.cells) == len(first.cells) and first.header:
                last.continues = True
                head = next((draft for draft in reversed(page) if draft.header), None)
                # Only a head that is printed again is one.
                first.header = head is not None and _cell_texts(head) == _cell_texts(first)
            return
        if not goes_on_in(last, first):
            return
        last.continues = True
        before, after = last.lines[-1], first.lines[0]
        if (
            before.text[-1] in HYPHENS
            and " " in after.text
            and self._vocabulary.drops_hyphen(before.text, after.text)
        ):
            rest, _, _ = after.text.partition(" ")
            place = before.extents[-3:-2].tolist() * 2
            before.text = before.text[:-1] + rest
            before.extents = before.extents[:-2]
            before.extents.extend(place * len(rest))
            first.lines[0] = after.part(len(rest), len(after.text))


def _stand_in(table: Table) -> Stretch:
    """What holds a table's place among lines."""
    first = next(cell[0] for row in table.rows for cell in row if cell)
    stretch = Stretch("|", first.extents[:2], first.box, first.frame, table.box, table.box[3], first.size)
    stretch.table = table
    return stretch


def _table_drafts(table: Table) -> list[Draft]:
    return [
        Draft("table_row", [line for cell in row for line in cell], cells=row, header=index == 0)
        for index, row in enumerate(table.rows)
    ]


def _cell_texts(draft: Draft) -> list[list[str]]:
    return [[line.text for line in cell] for cell in draft.cells]


def _furniture_draft(candidate: Candidate) -> Draft:
    draft = Draft(candidate.side)
    draft.add(joined(candidate.row), "")
    return draft


def _joined_columns(found: list[list[Draft]]) -> list[Draft]:
    """The drafts of all columns, paragraphs that a column's end breaks made one."""
    drafts: list[Draft] = []
    for column in found:
        if drafts and column and goes_on_in(drafts[-1], column[0]):
            for line, border in zip(column[0].lines, [" ", *column[0].borders[1:]], strict=True):
                drafts[-1].add(line, border)
            drafts[-1].full = column[0].full
            drafts[-1].left = column[0].left
            column = column[1:]
        drafts += column
    return drafts
