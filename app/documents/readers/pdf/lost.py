"""Letters that PDFium does not tell: it has no Unicode for their codes, or leaves their text object out of the page's
text. The page's content is read again with pypdf, text object by text object; few pages need that."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from app.documents.readers.pdf.engine import Characters, OpenPage, text_object
from app.documents.readers.pdf.font_calls import font_facts
from app.documents.readers.pdf.page_objects import TEXT
from app.documents.readers.pdf.private_codes import PrivateCodes
from app.documents.readers.pdf.tex import is_mathematical, tex_text

if TYPE_CHECKING:
    from app.documents.readers.pdf.shown_text import Shown, ShownText

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_SAME_PLACE = 0.3  # of the size
_MOST_SECONDS = 10.0  # of processor time that a document's pages may take to be read again
_TRIES = 20  # pages that are read again in vain before no more are


class LostText:
    """Looks up lost letters of one document."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._source: ShownText | None = None
        self._in_vain = 0
        self._given_up: set[tuple[str, int]] = set()  # fonts and codes

    def find(
        self, page: OpenPage, index: int, characters: Characters, private: PrivateCodes, spoken: Set[int]
    ) -> Characters:
        """The characters with those that were lost. spoken: addresses of text objects whose letters are known."""
        characters, unknown = self._known(characters, private)
        known = {run.address for run in characters.objects}
        drawn = [thing for thing in page.objects if thing.kind == TEXT]
        known |= spoken
        missing = [thing for thing in drawn if thing.active and thing.address not in known]
        if (missing or unknown) and self._in_vain < _TRIES:
            shown = self._shown(index)
            before = len(characters) - np.count_nonzero(characters.unmapped)
            if len(shown) == len(drawn):
                says = {thing.address: said for thing, said in zip(drawn, shown, strict=True)}
                characters = _mapped(characters, says, private)
                if missing:
                    characters = _with_missing(characters, page, says, private, spoken)
            after = len(characters) - np.count_nonzero(characters.unmapped)
            self._in_vain = self._in_vain + 1 if after <= before else 0
            self._given_up |= {pair for pair, places in unknown.items() if characters.unmapped[places].any()}
        _mark_meaningless(characters)
        return characters

    def _known(
        self, characters: Characters, private: PrivateCodes
    ) -> tuple[Characters, dict[tuple[str, int], list[int]]]:
        """The characters with the signs of TeX's fonts, and the places of codes that have not been looked up yet, by
        their fonts."""
        unknown: dict[tuple[str, int], list[int]] = {}
        for place in np.flatnonzero(characters.unmapped).tolist():
            pair = _font_name(characters, place), int(characters.codes[place])
            text = tex_text(*pair)
            if text is not None:
                characters.codes[place], characters.unmapped[place] = private.code(text), False
            elif pair not in self._given_up:
                unknown.setdefault(pair, []).append(place)
        return characters, unknown

    def _shown(self, index: int) -> list[Shown]:
        """What the page's text objects show, in order; none where pypdf cannot read it, or took long enough already."""
        from app.documents.readers.pdf.shown_text import ShownText  # pypdf takes a fifth of a second to load

        if self._source is None:
            self._source = ShownText(self._data)
        if self._source.seconds > _MOST_SECONDS:
            return []
        return self._source.of_page(index)


def _with_missing(
    characters: Characters,
    page: OpenPage,
    says: dict[int, Shown],
    private: PrivateCodes,
    spoken: Set[int],
) -> Characters:
    ends = {run.address: 0 for run in characters.objects}
    for number, run in enumerate(characters.runs.tolist()):
        ends[characters.objects[run].address] = number + 1
    there = _strings(characters)
    at: list[int] = []
    codes: list[int] = []
    boxes: list[tuple[float, float, float, float]] = []
    origins: list[tuple[float, float]] = []
    runs: list[int] = []
    objects = list(characters.objects)
    place = 0
    for thing in page.objects:
        if thing.kind != TEXT or not thing.active:
            continue
        if thing.address in spoken and thing.address not in ends:
            continue
        if thing.address in ends:
            place = ends[thing.address]
            continue
        said = says[thing.address]
        texts = (
            [said.replaced]
            if said.replaced is not None
            else (said.encoding.texts(said.data) if said.encoding else [])
        )
        if not any(text.strip() for text in texts):
            continue
        run, (x, y) = text_object(thing)
        size = run.size
        whole = "".join(texts)
        if any(
            text == whole and abs(x - left) < _SAME_PLACE * size and abs(y - baseline) < _SAME_PLACE * size
            for text, left, baseline in there
        ):
            continue  # struck twice: PDFium keeps one
        steps = (
            [width * size * run.stretch for width in said.encoding.widths(said.data)] if said.encoding else []
        )
        if len(steps) != len(texts):
            steps = [(sum(steps) or size) / len(texts)] * len(texts)
        down = said.encoding is not None and said.encoding.vertical
        left = x
        for position, (text, step) in enumerate(zip(texts, steps, strict=True)):
            right = left + step
            if not text:
                left = right
                continue
            at.append(place)
            codes.append(private.code(text))
            runs.append(len(objects))
            if down:
                top = y + size * position
                boxes.append((x - size / 2, top, x + size / 2, top + size))
                origins.append((x, top))
            else:
                boxes.append((left, y - 0.8 * size, right, y + 0.2 * size))
                origins.append((left, y))
            left = right
        objects.append(run)
    if not at:
        return characters
    return Characters(
        np.insert(characters.codes, at, codes),
        np.insert(characters.boxes, at, boxes, axis=0),
        np.insert(characters.origins, at, origins, axis=0),
        np.insert(characters.advances, at, 0.0),
        np.insert(characters.runs, at, runs),
        np.insert(characters.unmapped, at, False),
        objects,
    )


def _strings(characters: Characters) -> list[tuple[str, float, float]]:
    """The text of each object and where it begins."""
    strings: dict[int, list[int]] = {}
    for place, run in enumerate(characters.runs.tolist()):
        strings.setdefault(run, []).append(place)
    return [
        (
            "".join(chr(code) for code in characters.codes[places].tolist() if code <= 0x10FFFF),
            float(characters.origins[places[0], 0]),
            float(characters.origins[places[0], 1]),
        )
        for places in strings.values()
    ]


def _font_name(characters: Characters, place: int) -> str:
    name = font_facts(characters.objects[int(characters.runs[place])].font)[0]
    return _SUBSET.sub("", name)


def _mark_meaningless(characters: Characters) -> None:
    """Codes that are no letters become U+FFFD. Others stay: many a font without Unicode has the codes of ASCII."""
    for place in np.flatnonzero(characters.unmapped).tolist():
        if characters.codes[place] < 0x20 or is_mathematical(_font_name(characters, place)):
            characters.codes[place] = 0xFFFD


def _mapped(characters: Characters, says: dict[int, Shown], private: PrivateCodes) -> Characters:
    """The characters with letters in place of the codes that their fonts' names or tables tell about."""
    places = np.flatnonzero(characters.unmapped).tolist()
    if not places:
        return characters
    codes, unmapped = characters.codes.copy(), characters.unmapped.copy()
    by_run: dict[int, list[int]] = {}
    for place in places:
        by_run.setdefault(int(characters.runs[place]), []).append(place)
    for number, members in by_run.items():
        said = says.get(characters.objects[number].address)
        if said is None or said.encoding is None:
            continue
        if said.encoding.direct:
            _spread(said.encoding.texts(said.data), members, codes, unmapped, private)
            continue
        for place in members:
            text = said.encoding.text(int(codes[place]))
            if text:
                codes[place], unmapped[place] = private.code(text), False
    return replace(characters, codes=codes, unmapped=unmapped)


def _spread(texts: list[str], places: list[int], codes: Any, unmapped: Any, private: PrivateCodes) -> None:
    """Puts texts on places that PDFium counted otherwise: some have none, or more than one."""
    for number, place in enumerate(places):
        first, last = number * len(texts) // len(places), (number + 1) * len(texts) // len(places)
        codes[place], unmapped[place] = private.code("".join(texts[first:last])), False
