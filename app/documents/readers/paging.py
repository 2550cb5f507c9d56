"""Blocks put into pages, for formats that have none of their own: a page ends at a heading or a given border, and at
about 3,000 characters, and is called by the headings that it lies under."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.documents.faults import Fault, Limits
from app.documents.model import Block, BlockKind, OutlineEntry, Page
from app.documents.readers import Refused
from app.documents.text import PAGE_CHARACTERS, clean, split_pages, tidy_lines

_LEAST = PAGE_CHARACTERS // 3  # a heading ends no page shorter than this, or a page would be a line
_LEAST_BEFORE_PART = 300  # nor the highest one shorter than this
_MAX_LABEL = 120
_MAX_TITLE = 300

Path = tuple[str, ...]


@dataclass
class _Open:
    """The page that is being filled. paths: of headings, one for each section that it has text of; label: where it was
    given one; keep: also when nothing comes; told: there is more in it than headings."""

    label: str = ""
    keep: bool = False
    told: bool = False
    blocks: list[Block] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    size: int = 0


class Pager:
    """Takes blocks in reading order; `pages` and `outline` are complete after `finish`.

    by_headings: pages end at headings and at about 3,000 characters. Without it they end only where `start` begins the
    next (a slide, a printed page), however long they get.
    Raises Refused where the limit on characters is passed.
    """

    def __init__(self, limits: Limits, *, by_headings: bool = True) -> None:
        self.pages: list[Page] = []
        self.outline: list[OutlineEntry] = []
        self.warnings: list[str] = []
        self._limits = limits
        self._by_headings = by_headings
        self._characters = 0
        self._base: Path = ()
        self._path: list[tuple[int, str]] = []
        self._page = _Open()
        self._labels: dict[str, int] = {}

    def start(self, label: str = "", *, title: str = "", level: int = 1, keep_empty: bool = False) -> None:
        """Begin a page. label: what it is called, whatever headings come. title: a line of the outline. keep_empty: it
        counts as a page also when nothing comes."""
        self._close()
        self._page = _Open(label=label, keep=keep_empty)
        if title:
            self._enter(title, level)

    def start_part(self, title: str) -> None:
        """Begin a part (a chapter) on a page of its own: headings from here on lie under it."""
        self.start()
        self._path = []
        self._base = (_title(title),) if title else ()

    def list_part(self, title: str) -> None:
        """Put a part that has no heading of its own into the outline."""
        self.outline.append(OutlineEntry(_title(title), len(self.pages) + 1, 1))

    def heading(self, text: str, level: int, *, listed: bool = True) -> None:
        """Add a heading. listed: it goes into the outline as well."""
        text = tidy_lines(clean(text))
        if not text.strip():
            return
        if (
            self._by_headings
            and self._page.told
            and self._page.size >= (_LEAST_BEFORE_PART if level == 1 else _LEAST)
        ):
            self.start()
        self._enter(text, level, listed=listed)
        self._put(Block("heading", text, level))

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Add a block; nothing where the text is only white space."""
        text = tidy_lines(clean(text))
        if not text.strip():
            return
        if not self._by_headings:
            self._put(Block(kind, text, level))
            return
        if self._page.size and self._page.size + len(text) > PAGE_CHARACTERS + PAGE_CHARACTERS // 2:
            self.start()
        pieces = list(split_pages(text))
        for place, piece in enumerate(pieces):
            if place or self._page.size >= PAGE_CHARACTERS:
                self.start()
            self._put(Block(kind, piece, level, continues=place < len(pieces) - 1))

    def add_all(self, blocks: Iterable[Block]) -> None:
        """Add blocks that a reader has put together, headings among them."""
        for block in blocks:
            if block.kind == "heading":
                self.heading(block.text, block.level)
            else:
                self.add(block.kind, block.text, block.level)

    def finish(self) -> list[Page]:
        """The pages. Raises Refused where there is no text in any."""
        self._close()
        if not any(page.text for page in self.pages):
            raise Refused(Fault.NO_TEXT)
        return self.pages

    def _enter(self, title: str, level: int, *, listed: bool = True) -> None:
        title = _title(title)
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        if self._base and not self._path and title == self._base[-1]:
            self._base = ()  # the chapter begins with its own title
        self._path.append((level, title))
        if listed:
            self.outline.append(OutlineEntry(title, len(self.pages) + 1, level))

    def _put(self, block: Block) -> None:
        self._characters += len(block.text)
        if self._characters > self._limits.max_characters:
            raise Refused(Fault.TOO_MANY_CHARACTERS, len(self.pages) + 1)
        path = (*self._base, *(title for _, title in self._path))
        if block.kind != "heading":
            self._page.told = True
            if not self._page.paths or self._page.paths[-1] != path:
                self._page.paths.append(path)
        self._page.blocks.append(block)
        self._page.size += len(block.text)

    def _close(self) -> None:
        page, number = self._page, len(self.pages) + 1
        self._page = _Open()
        if not page.blocks and not page.keep:
            return
        label = page.label or (self._label(page) if self._by_headings else "")
        self.pages.append(Page(number, tuple(page.blocks), label))

    def _label(self, page: _Open) -> str:
        paths = page.paths or [(*self._base, *(title for _, title in self._path))]
        first, last = paths[0], paths[-1]
        common = 0
        while common < min(map(len, paths)) and len({path[common] for path in paths}) == 1:
            common += 1
        label = " > ".join(first[:common])
        if common < len(first) and common < len(last):
            label = " > ".join((*first[:common], f"{first[common]} – {last[common]}"))
        label = label if len(label) <= _MAX_LABEL else "… " + label[2 - _MAX_LABEL :]
        count = self._labels[label] = self._labels.get(label, 0) + 1
        return f"{label} ({count})" if label and count > 1 else label


def _title(text: str) -> str:
    return " ".join(text.split())[:_MAX_TITLE]
