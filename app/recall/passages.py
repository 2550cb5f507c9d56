"""A document's pages cut into passages: what is searched, recalled and quoted from.

A passage is 80 to 200 words that end where a sentence ends. It knows its pages, the place of every character in the
pages' texts, and the headings it stands under. A new section begins a new passage where that leaves none too short;
rows of a table are never cut, and every passage of a table knows its first row; code is kept whole where it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from app.documents.model import Block, OutlineEntry, Page, heading_path
from app.recall.sentences import split_sentences
from app.recall.words import count_words
from app.store import TextId

LEAST_WORDS, MOST_WORDS = 80, 200
_GOOD_WORDS = 120  # from here on the end of a paragraph is a good place to cut
_SECTION_WORDS = 50  # a section that is shorter is joined with what follows it

PassageKind = Literal["prose", "table", "code"]


@dataclass(frozen=True)
class Piece:
    """A stretch of a page: passage.text[at : at + end - start] is that page's text[start:end]. page: from 1."""

    page: int
    start: int
    end: int
    at: int


@dataclass(frozen=True)
class Passage:
    """A stretch of a document.

    id: in the store, 0 before it is there; number: its place among the document's, from 0. text: its pieces, with a
    line end between two that do not follow each other in the text. labels: how its first and last page are cited.
    headings: the titles it stands under, the highest first; for a table also `header`, its first row, where that is not
    in the text. count: how many passages it was put together from. revision: of the document's text.
    """

    document_id: str
    number: int
    text: str
    pieces: tuple[Piece, ...]
    labels: tuple[str, str]
    headings: tuple[str, ...] = ()
    kind: PassageKind = "prose"
    header: str = ""
    id: int = 0
    count: int = 1
    revision: int = 1

    @property
    def text_id(self) -> TextId:
        """The text it is of."""
        return TextId(self.document_id, self.revision)

    @property
    def first_page(self) -> int:
        return self.pieces[0].page

    @property
    def last_page(self) -> int:
        return self.pieces[-1].page

    @property
    def label(self) -> str:
        """How it is cited: "141", or "141-142" where it stands on both."""
        first, last = self.labels
        return first if first == last else f"{first}-{last}"

    @property
    def words(self) -> int:
        return count_words(self.text)

    def followed_by(self, following: Passage) -> Passage:
        """This passage and the one after it as one."""
        offset = len(self.text) + 1
        moved = tuple(replace(piece, at=piece.at + offset) for piece in following.pieces)
        return replace(
            self,
            text=f"{self.text}\n{following.text}",
            pieces=self.pieces + moved,
            labels=(self.labels[0], following.labels[1]),
            count=self.count + following.count,
        )

    def places(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Where text[start:end] stands: (page, start, end) in that page's text, in order."""
        places = []
        for piece in self.pieces:
            first = max(start, piece.at)
            last = min(end, piece.at + piece.end - piece.start)
            if first < last:
                places.append((piece.page, piece.start + first - piece.at, piece.start + last - piece.at))
        return places


@dataclass
class _Unit:
    """What is never cut: a sentence, a row, a heading, some lines of code. places: (page, start, end)."""

    places: list[tuple[int, int, int]]
    words: int
    kind: PassageKind = "prose"
    heading: int = 0  # its level
    title: str = ""
    ends_paragraph: bool = False
    begins: bool = False  # a table or code, which begins a passage where the one before is long enough
    header: str = ""


@dataclass
class _Paragraph:
    """Text of one kind that may go on over a page break. text: its pieces with a space between two pages."""

    kind: PassageKind
    pieces: list[tuple[int, int, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    level: int = 0
    joins: bool = False  # the block says that it goes on


def cut_passages(
    document_id: str, pages: Sequence[Page], outline: Sequence[OutlineEntry] = ()
) -> Iterator[Passage]:
    """The passages of a document in order. Every word of the pages' texts is in one of them."""
    texts = {page.number: page.text for page in pages}
    labels = {page.number: page.label or str(page.number) for page in pages}
    has_headings = any(block.kind == "heading" for page in pages for block in page.blocks)
    units = _units(_join(_paragraphs(pages, guess=not has_headings)), texts)
    path: list[tuple[int, str]] = []
    for number, group in enumerate(_groups(units)):
        for unit in group:
            if unit.heading:
                if unit is not group[0] and path and _words_before(group, unit) >= 20:
                    break  # what comes first decides; a heading in the middle stands in the text anyway
                path = [entry for entry in path if entry[0] < unit.heading] + [(unit.heading, unit.title)]
            elif unit.words:
                break
        place = group[0].places[0][0]
        titles = tuple(title for _, title in path) if path else heading_path(outline, place)
        yield _passage(document_id, number, group, texts, labels, titles)
        for unit in group:
            if unit.heading:
                path = [entry for entry in path if entry[0] < unit.heading] + [(unit.heading, unit.title)]


def _words_before(group: Sequence[_Unit], unit: _Unit) -> int:
    total = 0
    for other in group:
        if other is unit:
            break
        total += other.words
    return total


def _passage(
    document_id: str,
    number: int,
    group: Sequence[_Unit],
    texts: dict[int, str],
    labels: dict[int, str],
    titles: tuple[str, ...],
) -> Passage:
    pieces: list[Piece] = []
    text = ""
    for page, start, end in (place for unit in group for place in unit.places):
        if pieces and pieces[-1].page == page and not texts[page][pieces[-1].end : start].strip():
            last = pieces.pop()  # with the white space between
            text += texts[page][last.end : end]
            pieces.append(Piece(page, last.start, end, last.at))
            continue
        if pieces:
            text += "\n"
        pieces.append(Piece(page, start, end, len(text)))
        text += texts[page][start:end]
    words: dict[PassageKind, int] = {"prose": 0, "table": 0, "code": 0}
    for unit in group:
        words[unit.kind] += unit.words
    kind = max(words, key=lambda one: words[one])
    header = next((unit.header for unit in group if unit.header), "")
    return Passage(
        document_id,
        number,
        text,
        tuple(pieces),
        (labels[pieces[0].page], labels[pieces[-1].page]),
        titles,
        kind,
        "" if header and header in text else header,
    )


# -- blocks to paragraphs ----------------------------------------------------------------------------------------------

_BLANK = re.compile(r"\n[ \t]*\n")
_NUMBERED = re.compile(
    r"(?:(?:chapter|part|section|appendix|kapitel|chapitre)\s+[\dIVXA-Z]+\b|\d{1,2}(?:\.\d{1,3}){0,4}\.?\s+\S)",
    re.I,
)
_MARKDOWN = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_UNDERLINE = re.compile(r"([=\-~^\"'*+#])\1{2,}$")
_UNFINISHED = re.compile(r"[\w,;(–—-]$")


def _paragraphs(pages: Sequence[Page], *, guess: bool) -> Iterator[_Paragraph]:
    """The blocks that are read, cut at blank lines. `guess`: nothing is known of headings, so lines that look like
    some are taken for them."""
    for page in pages:
        for block, start in zip(page.blocks, page.starts, strict=True):
            if start is None:
                continue
            kind: PassageKind = (
                "table" if block.kind == "table_row" else "code" if block.kind == "code" else "prose"
            )
            if kind == "code":
                yield _Paragraph(kind, [(page.number, start, start + len(block.text))], [block.text])
                continue
            at = 0
            for match in (*_BLANK.finditer(block.text), None):
                end = match.start() if match else len(block.text)
                piece = block.text[at:end]
                if piece.strip():
                    level = max(block.level, 1) if block.kind == "heading" else 0
                    if guess and kind == "prose":
                        level = _guessed_level(piece)
                    place = (page.number, start + at, start + end)
                    joins = block.continues and match is None
                    yield _Paragraph(kind, [place], [piece], level, joins)
                at = match.end() if match else end


def _guessed_level(text: str) -> int:
    """The level of what looks like a heading in a text that says nothing about them; 0: it is none."""
    lines = text.strip().splitlines()
    if len(lines) == 2 and len(lines[0]) <= 90 and _UNDERLINE.fullmatch(lines[1].strip()):
        return 1 if lines[1].strip()[0] in "=#*" else 2
    if len(lines) != 1 or len(lines[0]) > 90:
        return 0
    line = lines[0].strip()
    if match := _MARKDOWN.match(line):
        return len(match[1])
    if line[-1] in ".,;:!?" or not _NUMBERED.match(line) or not any(sign.isalpha() for sign in line):
        return 0
    return 1 + line.split()[0].rstrip(".").count(".")


def _join(paragraphs: Iterable[_Paragraph]) -> Iterator[_Paragraph]:
    """A paragraph that a page break has cut in two becomes one again."""
    previous: _Paragraph | None = None
    for paragraph in paragraphs:
        if previous is not None and _goes_on(previous, paragraph):
            previous.pieces += paragraph.pieces
            previous.texts += paragraph.texts
            previous.joins = paragraph.joins
            continue
        if previous is not None:
            yield previous
        previous = paragraph
    if previous is not None:
        yield previous


def _goes_on(first: _Paragraph, second: _Paragraph) -> bool:
    if first.kind != "prose" or second.kind != "prose" or first.level or second.level:
        return False
    if first.pieces[-1][0] == second.pieces[0][0]:
        return False
    if first.joins:
        return True
    start = second.texts[0].lstrip()[:1]
    return bool(_UNFINISHED.search(first.texts[-1].rstrip())) and start.islower()


# -- paragraphs to units -----------------------------------------------------------------------------------------------


def _units(paragraphs: Iterable[_Paragraph], texts: dict[int, str]) -> Iterator[_Unit]:
    header, after_row = "", False
    for paragraph in paragraphs:
        text = " ".join(paragraph.texts)
        if paragraph.kind == "table":
            if not after_row:
                header = text
            unit = _Unit(list(paragraph.pieces), count_words(text), "table", begins=not after_row)
            unit.header = header
            unit.ends_paragraph = True
            after_row = True
            yield from _split_long(unit, texts)
            continue
        after_row = False
        if paragraph.level:
            title = re.sub(r"\s+", " ", _UNDERLINE.sub("", text.strip().splitlines()[0]).strip("# ")).strip()
            yield _Unit(list(paragraph.pieces), count_words(text), heading=paragraph.level, title=title)
            continue
        if paragraph.kind == "code":
            unit = _Unit(list(paragraph.pieces), count_words(text), "code", begins=True, ends_paragraph=True)
            yield from _split_long(unit, texts)
            continue
        spans = split_sentences(text)
        before = 0
        for index, (start, end) in enumerate(spans):
            # The mark of a list item, or whatever else stands before a sentence, goes with it.
            start, before = before + len(text[before:start]) - len(text[before:start].lstrip()), end
            if index == len(spans) - 1:
                end = len(text.rstrip())
            unit = _Unit(_places(paragraph, start, end), count_words(text[start:end]))
            unit.ends_paragraph = index == len(spans) - 1
            yield from _split_long(unit, texts)


def _places(paragraph: _Paragraph, start: int, end: int) -> list[tuple[int, int, int]]:
    """Where " ".join(paragraph.texts)[start:end] stands."""
    places, offset = [], 0
    for (page, first, _), text in zip(paragraph.pieces, paragraph.texts, strict=True):
        low, high = max(start - offset, 0), min(end - offset, len(text))
        if low < high:
            places.append((page, first + low, first + high))
        offset += len(text) + 1
    return places


def _split_long(unit: _Unit, texts: dict[int, str]) -> Iterator[_Unit]:
    """The unit; one that is longer than a passage in parts, at line ends where there are some, else between words."""
    if unit.words <= MOST_WORDS:
        yield unit
        return
    parts: list[_Unit] = []
    for page, start, end in unit.places:
        for first, last in _parts(texts[page][start:end]):
            words = count_words(texts[page][start + first : start + last])
            place = (page, start + first, start + last)
            parts.append(_Unit([place], words, unit.kind, header=unit.header))
    parts[0].begins, parts[-1].ends_paragraph = unit.begins, unit.ends_paragraph
    yield from parts


def _parts(text: str) -> Iterator[tuple[int, int]]:
    start, words = 0, 0
    pattern = (
        r"\n+|$" if text.count("\n") * 40 > len(text) / 5 else r"\s+|$|(?<=[^\x00-\u0dff])(?=[^\x00-\u0dff])"
    )
    position = 0
    for match in re.finditer(pattern, text):
        words += max(count_words(text[position : match.start()]), 1)
        position = match.end()
        if words >= _GOOD_WORDS or position >= len(text):
            if text[start : match.start()].strip():
                yield start, match.start()
            start, words = match.end(), 0


# -- units to passages -------------------------------------------------------------------------------------------------


def _groups(units: Iterable[_Unit]) -> Iterator[list[_Unit]]:
    """Units put together to passages: at most MOST_WORDS, at least LEAST_WORDS where the section has them."""
    group: list[_Unit] = []
    words = 0
    for unit in units:
        only_headings = all(other.heading for other in group)
        if group and not only_headings and _cut_before(group, words, unit):
            kept: list[_Unit] = []
            while group[-1].heading:  # a heading goes with what it stands over
                kept.insert(0, group.pop())
            yield group
            group, words = kept, sum(other.words for other in kept)
        group.append(unit)
        words += unit.words
    if group:
        yield group


def _cut_before(group: Sequence[_Unit], words: int, unit: _Unit) -> bool:
    if words + unit.words > MOST_WORDS:
        return True
    if unit.heading:
        return words >= _SECTION_WORDS
    if unit.begins and words >= LEAST_WORDS:
        return True
    return words >= _GOOD_WORDS and group[-1].ends_paragraph


__all__ = ["LEAST_WORDS", "MOST_WORDS", "Block", "Passage", "PassageKind", "Piece", "cut_passages"]
