"""From a page of a PDF to its letters: fragments of lines with the place of every character."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from typing import Literal

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from app.documents.readers.pdf import bidi, letters
from app.documents.readers.pdf.clusters import keep_drawn_order, put_clusters_in_order
from app.documents.readers.pdf.engine import Characters, OpenPage
from app.documents.readers.pdf.font_calls import Floats
from app.documents.readers.pdf.fonts import FontBook
from app.documents.readers.pdf.fragments import Font, Fragment, PageFragments
from app.documents.readers.pdf.graphics import graphics
from app.documents.readers.pdf.lost import LostText
from app.documents.readers.pdf.placing import Placed, is_hangul, is_ideographic, place
from app.documents.readers.pdf.private_codes import FIRST_PRIVATE, PrivateCodes
from app.documents.readers.pdf.spacing import word_gaps
from app.documents.readers.pdf.spans import with_span_texts
from app.documents.readers.pdf.visibility import unseen

_HYPHENS = (0x02, 0xFFFE)  # what PDFium makes of a hyphen at the end of a line


def _table(codes: Iterable[int]) -> NDArray[np.bool_]:
    """Which of the codes below 0x10000 are among these."""
    table = np.zeros(0x10000, np.bool_)
    table[list(codes)] = True
    return table


_SPACES = _table([0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x3000])
_ACCENTS = _table(map(ord, letters.COMBINING))
_KNOWN_PRIVATE = _table(map(ord, letters.PRIVATE))
_CIRCLES = _table([0x25CB, 0x25EF])
_PLAIN = ~_table(letters.special_codes())
_LETTERS = np.fromiter(map(str.isalnum, map(chr, range(0x10000))), np.bool_, 0x10000)
_DIGITS = np.fromiter(map(str.isdecimal, map(chr, range(0x10000))), np.bool_, 0x10000)
_RIGHT_TO_LEFT = np.zeros(0x10000, np.bool_)
for _first, _last in ((0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFE)):
    _RIGHT_TO_LEFT[_first : _last + 1] = True
_RIGHT_TO_LEFT[ord(letters.NON_JOINER)] = True  # it stands where letters meet, and may be drawn in any order
_MARKS = np.zeros(0x10000, np.bool_)
for _first, _last in ((0x0300, 0x036F), (0x20D0, 0x20F0)):
    _MARKS[_first : _last + 1] = True
_MARKS[0x0590:0x0900] = [unicodedata.category(chr(code)) == "Mn" for code in range(0x0590, 0x0900)]


_STRUCK = 0.5  # of a text object's letters, where it is drawn a second time
_BACK = 0.3  # of the size: how far text may go back within a stretch
_STRETCH = 1.5  # of the size: the widest gap within a stretch


class Document:
    """A PDF that PDFium has open, with what was found out about its fonts."""

    def __init__(self, pdfium: pypdfium2.PdfDocument, data: bytes) -> None:
        """data: what `pdfium` was opened with."""
        self.pdfium = pdfium
        self.fonts = FontBook()
        self.lost = LostText(data)

    @classmethod
    def of(cls, data: bytes) -> Document:
        """Raises pypdfium2.PdfiumError where PDFium cannot read the file."""
        return cls(pypdfium2.PdfDocument(data), data)

    def __len__(self) -> int:
        return len(self.pdfium)


def page_fragments(document: Document, index: int) -> PageFragments:
    """What the page `index` (from 0) shows. Raises pypdfium2.PdfiumError where PDFium cannot load it."""
    with OpenPage(document.pdfium, index) as page:
        return fragments_of(document, page, index)


def fragments_of(document: Document, page: OpenPage, index: int) -> PageFragments:
    """What a page that is open shows, less what was made inactive in it."""
    result = PageFragments(page.width, page.height)
    result.rules, result.pictures = graphics(page)
    private = PrivateCodes()
    characters, spoken = with_span_texts(page, page.characters(), private)
    characters = document.lost.find(page, index, characters, private, spoken)
    hyphens = (characters.codes == _HYPHENS[0]) | (characters.codes == _HYPHENS[1])
    characters.codes[hyphens & ~characters.unmapped] = ord("-")
    if len(characters):
        hidden = unseen(page, characters, result.pictures)
        result.invisible = int(np.count_nonzero(hidden & ~_SPACES[np.minimum(characters.codes, 0xFFFF)]))
        characters = _kept(characters, ~hidden)
    if len(characters):
        _add_fragments(document, characters, private.texts, result)
    return result


def _kept(characters: Characters, keep: NDArray[np.bool_]) -> Characters:
    if keep.all():
        return characters
    return Characters(
        characters.codes[keep],
        characters.boxes[keep],
        characters.origins[keep],
        characters.advances[keep],
        characters.runs[keep],
        characters.unmapped[keep],
        characters.objects,
    )


def _add_fragments(
    document: Document, characters: Characters, texts: dict[int, str], result: PageFragments
) -> None:
    placed = place(characters)
    letters_of = _Letters(characters, placed, texts)
    letters_of.join_accents()
    letters_of.join_circles()
    result.unmapped = letters_of.unmapped()
    fonts: dict[int, int] = {}
    known: dict[Font, int] = {}
    for run in characters.objects:
        if run.font not in fonts:
            font = document.fonts.font(run.font, partial(letters_of.advances, run.font))
            fonts[run.font] = known.setdefault(font, len(known))
    result.fonts = list(known)
    run_fonts = np.array([fonts[run.font] for run in characters.objects])
    result.fragments = letters_of.fragments(run_fonts)


class _Letters:
    """The letters of a page while they are being put in order."""

    def __init__(self, characters: Characters, placed: Placed, texts: dict[int, str]) -> None:
        """texts: what private codes stand for."""
        self.texts = texts
        self.characters = characters
        self.placed = placed
        self.codes = characters.codes.copy()
        self.dropped = _surrogates_joined(self.codes)
        self.keys = placed.starts.copy()  # what the letters of a line are sorted by
        self._low = np.minimum(self.codes, 0xFFFF)
        for code, text in texts.items():  # a text is of the kind of its first letter
            self._low[self.codes == code] = min(ord(text[:1] or "\uffff"), 0xFFFF)
        put_clusters_in_order(
            self.codes, _RIGHT_TO_LEFT[self._low], _MARKS[self._low], characters, placed, self.keys
        )
        keep_drawn_order(_RIGHT_TO_LEFT[self._low] & ~_MARKS[self._low], characters, placed, self.keys)
        self._attach_marks()

    def advances(self, font: int) -> Floats:
        """How wide the letters and digits of a font are on this page, in sizes."""
        runs = self.characters.runs
        of_font = np.array([run.font == font for run in self.characters.objects])[runs]
        of_font &= _LETTERS[self._low] & ~is_ideographic(self.codes) & (self.placed.ends > self.placed.starts)
        return (self.placed.ends[of_font] - self.placed.starts[of_font]) / self.placed.sizes[runs[of_font]]

    def unmapped(self) -> int:
        private = (self.codes >= 0xE000) & (self.codes <= 0xF8FF) | (self.codes == 0xFFFD)
        return int(np.count_nonzero(self.characters.unmapped | private & ~_KNOWN_PRIVATE[self._low]))

    def _attach_marks(self) -> None:
        """Gives combining marks the place of the letter under them, so that sorting keeps them behind it."""
        alone = _MARKS[self._low] & (self.keys == self.placed.starts)  # not part of a cluster
        for number, mark in enumerate(np.flatnonzero(alone).tolist(), start=1):
            base = self._under(mark)
            if base is None:
                continue
            if _RIGHT_TO_LEFT[self._low[base]]:  # read from the right: what is further left comes later
                self.keys[mark] = self.keys[base] - 0.001 - 1e-7 * number
                self.placed.starts[mark] = self.placed.ends[mark] = self.placed.starts[base]
            else:
                self.keys[mark] = self.keys[base] + 0.001
                self.placed.starts[mark] = self.placed.ends[mark] = self.placed.ends[base]

    def join_accents(self) -> None:
        """Accents that are drawn over a letter and come before or after it become one with it."""
        for accent in np.flatnonzero(_ACCENTS[self._low]).tolist():
            base = self._under(accent)
            if base is None:
                continue
            whole = letters.accented(chr(self.codes[base]), chr(self.codes[accent]))
            if whole:
                self.codes[base] = self._low[base] = ord(whole)
                self.dropped[accent] = True

    def join_circles(self) -> None:
        """A circle drawn around a letter becomes one sign with it: TeX has no other ©."""
        for circle in np.flatnonzero(_CIRCLES[self._low]).tolist():
            for letter in (circle + 1, circle - 1):
                sign = letters.CIRCLED.get(chr(self.codes[letter])) if 0 <= letter < len(self.codes) else None
                inside = sign and self._is_within(letter, circle)
                if sign and inside:
                    self.codes[circle] = self._low[circle] = ord(sign)
                    self.dropped[letter] = True
                    break

    def _is_within(self, inner: int, outer: int) -> bool:
        starts, ends = self.placed.starts, self.placed.ends
        levels = self.placed.levels[self.characters.runs[[inner, outer]]]
        size = self.placed.sizes[self.characters.runs[outer]]
        reaches = starts[outer] < starts[inner] and ends[inner] < ends[outer]
        return bool(reaches and abs(levels[0] - levels[1]) < 0.5 * size)

    def _under(self, mark: int) -> int | None:
        """The letter that a mark stands over, around its middle: drawn just before or after it, or else anywhere."""
        near = np.array([at for at in range(mark - 2, mark + 3) if 0 <= at < len(self.codes) and at != mark])
        base = self._nearest_under(mark, near)
        return base if base is not None else self._nearest_under(mark, np.arange(len(self.codes)))

    def _nearest_under(self, mark: int, others: NDArray[np.int64]) -> int | None:
        if not len(others):
            return None
        starts, ends = self.placed.starts[others], self.placed.ends[others]
        runs, own = self.characters.runs[others], self.characters.runs[mark]
        sizes = self.placed.sizes[runs]
        middle = (self.placed.starts[mark] + self.placed.ends[mark]) / 2
        fits = (
            _LETTERS[self._low[others]] & ~self.dropped[others] & ~_MARKS[self._low[others]] & (ends > starts)
        )
        fits &= (np.abs(middle - (starts + ends) / 2) <= (ends - starts) / 2 + 0.05 * sizes) & (
            others != mark
        )
        fits &= np.abs(self.placed.levels[runs] - self.placed.levels[own]) <= 0.6 * sizes
        fits &= (self.placed.angles[runs] == self.placed.angles[own]) & ~self.placed.down[runs]
        places = np.flatnonzero(fits)
        if not len(places):
            return None
        # Of the letters of one glyph the last one has the mark, which is the one with the least key.
        nearest = np.lexsort((self.keys[others[places]], np.abs((starts + ends)[places] / 2 - middle)))[0]
        return int(others[places[nearest]])

    def fragments(self, run_fonts: NDArray[np.int64]) -> list[Fragment]:
        """All fragments, in the order in which the page draws them."""
        is_space = _SPACES[self._low]
        self.dropped |= self._struck_twice() & ~is_space
        order = self._order()
        passed = np.cumsum(is_space[order])
        shown = ~is_space[order] & ~self.dropped[order]
        order, passed = order[shown], passed[shown]
        if not len(order):
            return []
        runs = self.characters.runs[order]
        lines = self.placed.lines[runs]
        starts, ends, sizes = self.placed.starts[order], self.placed.ends[order], self.placed.sizes[runs]
        first = np.append(True, lines[1:] != lines[:-1])
        before = np.maximum(np.arange(len(order)) - 1, 0)
        scale = np.maximum(sizes, sizes[before])
        gaps = (starts - ends[before]) / scale
        pitches = (starts - starts[before]) / scale
        kinds = self._low[order]
        square = is_ideographic(np.where(self.codes[order] < FIRST_PRIVATE, self.codes[order], kinds))
        turned_back = _RIGHT_TO_LEFT[kinds]
        letter = _LETTERS[kinds] & ~square
        spaces, cuts = word_gaps(
            gaps,
            pitches,
            passed > passed[before],
            square & square[before],
            letter & letter[before],
            _DIGITS[kinds] & _DIGITS[kinds[before]],
            turned_back & turned_back[before],
            is_hangul(self.codes[order]),
            order - order[before] - (passed - passed[before]),
            np.flatnonzero(first),
        )
        raised = self.placed.raised[runs]
        parts = cuts | (raised != raised[before])
        return self._cut(order, spaces & ~cuts, parts, run_fonts)

    def _order(self) -> NDArray[np.int64]:
        """The letters line by line, from where each line starts; what is drawn at a stretch stays together, also where
        something else is drawn over it."""
        runs = self.characters.runs
        lines, sizes = self.placed.lines[runs], self.placed.sizes[runs]
        gaps = self.keys[1:] - self.placed.ends[:-1]
        back = self.keys[:-1] - self.keys[1:]
        apart = (lines[1:] != lines[:-1]) | (back > _BACK * sizes[1:]) | (gaps > _STRETCH * sizes[1:])
        turned_back = _RIGHT_TO_LEFT[self._low]
        apart |= turned_back[1:] | turned_back[:-1]  # drawn in any order
        stretches = np.append(0, np.cumsum(apart))
        begins = np.minimum.reduceat(self.keys, np.append(0, np.flatnonzero(apart) + 1))[stretches]
        return np.lexsort((self.keys, stretches, begins, lines))

    def _struck_twice(self) -> NDArray[np.bool_]:
        """Which letters are drawn a second time over themselves, to look bold or to cast a shadow."""
        runs = self.characters.runs
        starts, lines = self.placed.starts, self.placed.lines[runs]
        order = np.lexsort((starts, lines, self.codes))
        here, there = order[1:], order[:-1]
        moved = starts[here] - starts[there]
        near = (moved < 0.5 * (self.placed.ends[here] - starts[here])) & (
            moved < 0.2 * self.placed.sizes[runs[here]]
        )
        same = (self.codes[here] == self.codes[there]) & (lines[here] == lines[there])
        twice = np.zeros(len(order), np.bool_)
        pairs = near & same & (runs[here] != runs[there])
        twice[np.maximum(here[pairs], there[pairs])] = True
        # Where text runs into other text, some letters of it happen to stand over their likes.
        counts = np.bincount(runs, minlength=len(self.placed.sizes))
        struck = np.bincount(runs, weights=twice, minlength=len(self.placed.sizes))
        return twice & ((struck >= _STRUCK * counts) | (counts < 3))[runs]

    def _cut(
        self,
        order: NDArray[np.int64],
        spaces: NDArray[np.bool_],
        parts: NDArray[np.bool_],
        run_fonts: NDArray[np.int64],
    ) -> list[Fragment]:
        """The fragments that begin at `parts`, with `spaces` put in."""
        codes, starts, ends = self.codes[order], self.placed.starts[order], self.placed.ends[order]
        runs = self.characters.runs[order]
        at = np.flatnonzero(spaces)
        text = np.insert(codes, at, 0x20)
        extents = np.stack((np.insert(starts, at, ends[at - 1]), np.insert(ends, at, starts[at])), 1)
        begins = np.flatnonzero(parts) + np.cumsum(spaces)[parts]  # a space before belongs to the one before
        limits = np.append(begins, len(text))
        glyph_limits = np.append(np.flatnonzero(parts), len(order)).tolist()
        kinds = self._low[order]
        whole_texts = codes >= FIRST_PRIVATE
        special = np.insert(~_PLAIN[np.minimum(codes, 0xFFFF)] | _MARKS[kinds] | whole_texts, at, False)
        turned_back = np.insert(_RIGHT_TO_LEFT[kinds], at, False)
        needs = np.logical_or.reduceat(special, begins) if special.any() else np.zeros(len(begins), np.bool_)
        backwards = (
            np.logical_or.reduceat(turned_back, begins) if turned_back.any() else np.zeros(len(begins), bool)
        )
        whole = text.astype("<u4").tobytes().decode("utf-32-le")
        boxes = self.characters.boxes[order]
        firsts = np.flatnonzero(parts)
        corners = np.concatenate(
            (np.minimum.reduceat(boxes[:, :2], firsts), np.maximum.reduceat(boxes[:, 2:], firsts)), 1
        ).tolist()
        drawn = np.minimum.reduceat(order, firsts)
        found: list[tuple[int, Fragment]] = []
        for number, (begin, end) in enumerate(pairwise(limits.tolist())):
            first, last = glyph_limits[number], glyph_limits[number + 1]
            run, font = _most(runs[first:last], run_fonts)
            piece, places = whole[begin:end], extents[begin:end]
            if piece.endswith(" "):
                piece, places = piece[:-1], places[:-1]
            direction: Literal["ltr", "rtl", "down"] = "down" if self.placed.down[run] else "ltr"
            if needs[number] or backwards[number]:
                piece, places, direction = _put_right(
                    piece, places, direction, bool(backwards[number]), self.texts
                )
            if not piece:
                continue
            angle = int(self.placed.angles[run])
            fragment = Fragment(
                piece,
                array("d", places.ravel().tobytes()),
                tuple(corners[number]),
                float(self.placed.levels[run]),
                float(self.placed.sizes[run]),
                font,
                direction,
                angle,
                int(self.placed.raised[runs[first]]),
            )
            if angle or direction == "down":
                _to_page(fragment)
            found.append((int(drawn[number]), fragment))
        found.sort(key=lambda pair: pair[0])
        return [fragment for _, fragment in found]


def _surrogates_joined(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Makes one code of two halves, in place; which codes are no characters of their own then."""
    none = (codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))
    for at in np.flatnonzero(none).tolist():
        high, low = codes[at], codes[at + 1] if at + 1 < len(codes) else 0
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            codes[at] = 0x10000 + ((int(high) - 0xD800) << 10) + int(low) - 0xDC00
            none[at] = False
    codes[none] = 0xFFFD
    return none


def _most(runs: NDArray[np.int64], run_fonts: NDArray[np.int64]) -> tuple[int, int]:
    """The run and the font that most of the letters have."""
    if runs[0] == runs[-1]:
        return int(runs[0]), int(run_fonts[runs[0]])
    run = Counter(runs.tolist()).most_common(1)[0][0]
    return run, Counter(run_fonts[runs].tolist()).most_common(1)[0][0]


def _put_right(
    text: str,
    extents: Floats,
    direction: Literal["ltr", "rtl", "down"],
    backwards: bool,
    known: dict[int, str],
) -> tuple[str, Floats, Literal["ltr", "rtl", "down"]]:
    """The text in logical order with plain letters, and the extents that go with it."""
    texts = ["".join(map(letters.plain, known.get(ord(char), char))) for char in text]
    if backwards:
        direction = bidi.base_direction(texts)
        order = bidi.logical_order(texts, direction)
        texts = bidi.mirrored([texts[place] for place in order])
        extents = extents[order]
    texts = _with_single_spaces(letters.with_non_joiners(letters.with_marks(texts)))
    rows: list[tuple[float, float]] = []
    for piece, (start, end) in zip(texts, extents.tolist(), strict=True):
        step = (end - start) / max(1, len(piece))
        rows += [(start + step * index, start + step * (index + 1)) for index in range(len(piece))]
    return "".join(texts), np.array(rows).reshape(-1, 2), direction


def _with_single_spaces(texts: list[str]) -> list[str]:
    """The texts without spaces at the beginning, at the end or after another, which dropped letters leave behind."""
    kept: list[str] = []
    last = " "
    for text in texts:
        if text == " " and last == " ":
            text = ""
        last = text[-1:] or last
        kept.append(text)
    final = next((place for place in range(len(kept) - 1, -1, -1) if kept[place]), None)
    if final is not None and kept[final] == " ":
        kept[final] = ""
    return kept


def _to_page(fragment: Fragment) -> None:
    """Turned text was measured along its own direction; its places are told along x or y of the page."""
    angle = fragment.angle
    if fragment.direction == "down" or angle == 90:
        fragment.baseline = -fragment.baseline
    elif angle in (180, 270):
        fragment.extents = array("d", [-place for place in fragment.extents])
        if angle == 180:
            fragment.baseline = -fragment.baseline
    else:
        left, _, right, bottom = fragment.box
        places = fragment.extents
        low, high = min(places), max(places)
        scale = (right - left) / (high - low) if high > low else 0.0
        fragment.extents = array("d", [left + (place - low) * scale for place in places])
        fragment.baseline = bottom
