"""Letters that PDFium does not tell: it has no Unicode for their codes, or leaves their text object out of the page's
text. The page's content is read again with pypdf, text object by text object; few pages need that."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pypdf import PdfReader
from pypdf.generic import ContentStream, TextStringObject

from app.documents.readers.pdf.encodings import Encoding
from app.documents.readers.pdf.engine import Characters, OpenPage, text_object
from app.documents.readers.pdf.font_calls import font_facts
from app.documents.readers.pdf.page_objects import TEXT
from app.documents.readers.pdf.private_codes import PrivateCodes
from app.documents.readers.pdf.tex import is_mathematical, tex_text

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_SHOWING = frozenset((b"Tj", b"TJ", b"'", b'"'))
_DEEPEST = 8  # forms within forms
_MOST_OBJECTS = 20_000
_SAME_PLACE = 0.3  # of the size
_TRIES = 20  # pages that are read again in vain before no more are


@dataclass
class Shown:
    """What one operator shows. replaced: what it stands for by its author (ActualText); "" after the first object of a
    span, None where nothing is said."""

    data: bytes
    encoding: Encoding | None
    replaced: str | None


class LostText:
    """Looks up lost letters of one document."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader: PdfReader | None = None
        self._encodings: dict[int, Encoding] = {}
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
        """What the page's text objects show, in order; none where pypdf cannot read it."""
        from app.documents.pdf_opening import parser_errors

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        try:
            if self._reader is None:
                self._reader = PdfReader(io.BytesIO(self._data))
            page = self._reader.pages[index]
            content = page.get_contents()
            if content is None:
                return []
            found: list[Shown] = []
            for said in self._walk(content, page.get("/Resources"), 0):
                found.append(said)
                if len(found) > _MOST_OBJECTS:
                    return []
            return found
        except parser_errors():
            return []

    def _walk(self, content: ContentStream, resources: Any, depth: int) -> Iterator[Shown]:
        resources = _plain(resources) or {}
        fonts, forms = _plain(resources.get("/Font")) or {}, _plain(resources.get("/XObject")) or {}
        encoding: Encoding | None = None
        saved: list[Encoding | None] = []
        spans: list[str | None] = []
        for operands, operator in content.operations:
            if operator == b"Tf" and operands:
                encoding = self._encoding(fonts.get(operands[0]))
            elif operator == b"q":
                saved.append(encoding)
            elif operator == b"Q" and saved:
                encoding = saved.pop()
            elif operator == b"BDC":
                spans.append(_actual_text(operands, resources))
            elif operator == b"BMC":
                spans.append(None)
            elif operator == b"EMC" and spans:
                spans.pop()
            elif operator in _SHOWING:
                data = _bytes(operands)
                if data:
                    place = next((at for at, text in enumerate(spans) if text is not None), None)
                    yield Shown(data, encoding, None if place is None else spans[place])
                    if place is not None:
                        spans[place] = ""
            elif operator == b"Do" and operands and depth < _DEEPEST:
                form = _plain(forms.get(operands[0]))
                if form is not None and form.get("/Subtype") == "/Form":
                    inner = ContentStream(form, self._reader)
                    yield from self._walk(inner, form.get("/Resources", resources), depth + 1)

    def _encoding(self, font: Any) -> Encoding | None:
        font = _plain(font)
        if font is None:
            return None
        return self._encodings.setdefault(id(font), Encoding(font))


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


def _actual_text(operands: Any, resources: Any) -> str | None:
    if len(operands) < 2:
        return None
    properties = _plain(operands[1])
    if isinstance(properties, str):
        properties = _plain((_plain(resources.get("/Properties")) or {}).get(properties))
    if not isinstance(properties, dict) or "/ActualText" not in properties:
        return None
    text = _plain(properties["/ActualText"])
    if isinstance(text, bytes):
        text = text.decode("utf-16-be" if text[:2] == b"\xfe\xff" else "latin-1", "replace")
    return str(text).lstrip("\ufeff")


def _bytes(operands: Any) -> bytes:
    """The codes that an operator shows."""
    data = b""
    for operand in operands:
        for item in operand if isinstance(operand, list) else [operand]:
            if isinstance(item, TextStringObject):
                data += item.original_bytes
            elif isinstance(item, bytes):
                data += bytes(item)
    return data


def _plain(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value
