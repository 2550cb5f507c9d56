"""From a page of a PDF to its letters: fragments of lines with the place of every character."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import pairwise
from typing import Literal

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from app.documents.readers.pdf import bidi, letters
from app.documents.readers.pdf.engine import Characters, Floats, OpenPage
from app.documents.readers.pdf.fonts import FontBook
from app.documents.readers.pdf.fragments import Font, Fragment, PageFragments
from app.documents.readers.pdf.graphics import graphics
from app.documents.readers.pdf.placing import Placed, is_ideographic, place
from app.documents.readers.pdf.spacing import word_gaps
from app.documents.readers.pdf.visibility import unseen

_HYPHENS = (0x02, 0xFFFE)  # what PDFium makes of a hyphen at the end of a line
_SPACES = np.array(
    [0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x3000], np.uint32
)
_ACCENTS = np.array([ord(accent) for accent in letters.COMBINING], np.uint32)
_PLAIN = np.array([letters.is_plain(code) for code in range(0x10000)])
_RIGHT_TO_LEFT = np.zeros(0x10000, np.bool_)
for _first, _last in ((0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFE)):
    _RIGHT_TO_LEFT[_first : _last + 1] = True
_MARKS = np.zeros(0x10000, np.bool_)
for _first, _last in ((0x0300, 0x036F), (0x0591, 0x05BD), (0x064B, 0x0655), (0x20D0, 0x20F0)):
    _MARKS[_first : _last + 1] = True


class Document:
    """A PDF as PDFium has it open, with what was found out about its fonts."""

    def __init__(self, data: bytes, password: str | None = None) -> None:
        """Raises pypdfium2.PdfiumError where PDFium cannot read the file."""
        self.pdfium = pypdfium2.PdfDocument(data, password=password)
        self.fonts = FontBook()

    def __len__(self) -> int:
        return len(self.pdfium)

    def close(self) -> None:
        self.pdfium.close()


def page_fragments(document: Document, page_index: int) -> PageFragments:
    """What the page shows. Raises ValueError where PDFium cannot load it."""
    with OpenPage(document.pdfium, page_index) as page:
        result = PageFragments(page.width, page.height)
        result.rules, result.pictures = graphics(page)
        characters = page.characters()
        characters.codes[np.isin(characters.codes, _HYPHENS) & ~characters.unmapped] = ord("-")
        if len(characters):
            hidden = unseen(page, characters, result.pictures)
            result.invisible = int(np.count_nonzero(hidden & ~np.isin(characters.codes, _SPACES)))
            characters = _kept(characters, ~hidden)
        if len(characters):
            _add_fragments(document, characters, result)
    return result


def _kept(characters: Characters, keep: NDArray[np.bool_]) -> Characters:
    if keep.all():
        return characters
    return Characters(
        characters.codes[keep],
        characters.boxes[keep],
        characters.origins[keep],
        characters.runs[keep],
        characters.unmapped[keep],
        characters.objects,
    )


def _add_fragments(document: Document, characters: Characters, result: PageFragments) -> None:
    placed = place(characters)
    letters_of = _Letters(characters, placed)
    letters_of.join_accents()
    result.unmapped = letters_of.unmapped()
    fonts: dict[int, int] = {}
    known: dict[Font, int] = {}
    for run in characters.objects:
        if run.font not in fonts:
            fonts[run.font] = known.setdefault(document.fonts.font(run.font), len(known))
    result.fonts = list(known)
    run_fonts = np.array([fonts[run.font] for run in characters.objects])
    result.fragments = letters_of.fragments(run_fonts)


class _Letters:
    """The letters of a page while they are being put in order."""

    def __init__(self, characters: Characters, placed: Placed) -> None:
        self.characters = characters
        self.placed = placed
        self.codes = characters.codes.copy()
        self.codes[(self.codes >= 0xD800) & (self.codes < 0xE000) | (self.codes > 0x10FFFF)] = 0xFFFD
        self.keys = placed.starts.copy()  # what the letters of a line are sorted by
        self.dropped = np.zeros(len(characters), np.bool_)
        self._low = np.minimum(self.codes, 0xFFFF)
        self._attach_marks()

    def unmapped(self) -> int:
        private = (self.codes >= 0xE000) & (self.codes <= 0xF8FF) | (self.codes == 0xFFFD)
        known = np.isin(self.codes, np.array([ord(char) for char in letters.PRIVATE], np.uint32))
        return int(np.count_nonzero(self.characters.unmapped | private & ~known))

    def _attach_marks(self) -> None:
        """Gives combining marks the place of the letter under them, so that sorting keeps them behind it."""
        for mark in np.flatnonzero(_MARKS[self._low]).tolist():
            base = self._under(mark)
            if base is not None:
                self.keys[mark] = self.keys[base] + 0.001
                self.placed.starts[mark] = self.placed.ends[mark] = self.placed.ends[base]

    def join_accents(self) -> None:
        """Accents that are drawn over a letter and come before or after it become one with it."""
        for accent in np.flatnonzero(np.isin(self.codes, _ACCENTS)).tolist():
            base = self._under(accent)
            if base is None:
                continue
            whole = letters.accented(chr(self.codes[base]), chr(self.codes[accent]))
            if whole:
                self.codes[base] = self._low[base] = ord(whole)
                self.dropped[accent] = True

    def _under(self, mark: int) -> int | None:
        """The letter that a mark stands over: drawn just before or after it, and around its middle."""
        starts, ends = self.placed.starts, self.placed.ends
        middle = (starts[mark] + ends[mark]) / 2
        best, distance = None, np.inf
        for other in (mark + 1, mark - 1, mark + 2, mark - 2):
            if not 0 <= other < len(self.codes) or self.dropped[other] or _MARKS[self._low[other]]:
                continue
            run, own = self.characters.runs[other], self.characters.runs[mark]
            size = self.placed.sizes[run]
            if abs(self.placed.levels[run] - self.placed.levels[own]) > 0.6 * size:
                continue
            if (
                starts[other] - 0.05 * size <= middle <= ends[other] + 0.05 * size
                and ends[other] > starts[other]
            ):
                away = abs((starts[other] + ends[other]) / 2 - middle)
                if away < distance and chr(self.codes[other]).isalpha():
                    best, distance = other, away
        return best

    def fragments(self, run_fonts: NDArray[np.int64]) -> list[Fragment]:
        """All fragments, in the order in which the page draws them."""
        runs = self.characters.runs
        lines = self.placed.lines[runs]
        order = np.lexsort((self.keys, lines))
        is_space = np.isin(self.codes, _SPACES)
        passed = np.cumsum(is_space[order])
        shown = ~is_space[order] & ~self.dropped[order]
        order, passed = order[shown], passed[shown]
        if not len(order):
            return []
        keep = ~self._struck_twice(order, lines)
        order, passed = order[keep], passed[keep]
        runs, lines = runs[order], lines[order]
        starts, ends, sizes = self.placed.starts[order], self.placed.ends[order], self.placed.sizes[runs]
        first = np.append(True, lines[1:] != lines[:-1])
        before = np.maximum(np.arange(len(order)) - 1, 0)
        scale = np.maximum(sizes, sizes[before])
        gaps = (starts - ends[before]) / scale
        pitches = (starts - starts[before]) / scale
        square = is_ideographic(self.codes[order])
        spaces, cuts = word_gaps(
            gaps,
            pitches,
            passed > passed[before],
            square & square[before],
            order - order[before] - (passed - passed[before]),
            np.flatnonzero(first),
        )
        raised = self.placed.raised[runs]
        parts = cuts | (raised != raised[before])
        return self._cut(order, spaces & ~cuts, parts, run_fonts)

    def _struck_twice(self, order: NDArray[np.int64], lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which letters are drawn a second time over themselves, to look bold or to cast a shadow."""
        starts, ends = self.placed.starts[order], self.placed.ends[order]
        runs = self.characters.runs[order]
        sizes = self.placed.sizes[runs]
        twice = np.zeros(len(order), np.bool_)
        for back in (1, 2):
            here, there = slice(back, None), slice(None, -back)
            moved = np.abs(starts[here] - starts[there])
            twice[here] |= (
                (self.codes[order[here]] == self.codes[order[there]])
                & (lines[order[here]] == lines[order[there]])
                & (runs[here] != runs[there])
                & (moved < 0.5 * (ends[here] - starts[here]))
                & (moved < 0.2 * sizes[here])
                & ~twice[there]
            )
        return twice

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
        lead = spaces[
            parts
        ]  # a fragment's own first letter: the space before it belongs to the fragment before
        text = np.insert(codes, at, 0x20)
        extents = np.stack((np.insert(starts, at, ends[at - 1]), np.insert(ends, at, starts[at])), 1)
        placed_at = np.flatnonzero(parts) + np.cumsum(spaces)[parts]
        begins = placed_at - 0 * lead
        limits = np.append(begins, len(text))
        glyph_limits = np.append(np.flatnonzero(parts), len(order)).tolist()
        special = np.insert(~_PLAIN[np.minimum(codes, 0xFFFF)] | _MARKS[np.minimum(codes, 0xFFFF)], at, False)
        turned_back = np.insert(_RIGHT_TO_LEFT[np.minimum(codes, 0xFFFF)], at, False)
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
                piece, places, direction = _put_right(piece, places, direction, bool(backwards[number]))
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


def _most(runs: NDArray[np.int64], run_fonts: NDArray[np.int64]) -> tuple[int, int]:
    """The run and the font that most of the letters have."""
    if runs[0] == runs[-1]:
        return int(runs[0]), int(run_fonts[runs[0]])
    run = Counter(runs.tolist()).most_common(1)[0][0]
    return run, Counter(run_fonts[runs].tolist()).most_common(1)[0][0]


def _put_right(
    text: str, extents: Floats, direction: Literal["ltr", "rtl", "down"], backwards: bool
) -> tuple[str, Floats, Literal["ltr", "rtl", "down"]]:
    """The text in logical order with plain letters, and the extents that go with it."""
    texts = [letters.plain(char) for char in text]
    if backwards:
        direction = bidi.base_direction(texts)
        order = bidi.logical_order(texts, direction)
        texts = bidi.mirrored([texts[place] for place in order])
        extents = extents[order]
    texts = letters.with_marks(texts)
    rows: list[tuple[float, float]] = []
    for piece, (start, end) in zip(texts, extents.tolist(), strict=True):
        step = (end - start) / max(1, len(piece))
        rows += [(start + step * index, start + step * (index + 1)) for index in range(len(piece))]
    return "".join(texts), np.array(rows).reshape(-1, 2), direction


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
