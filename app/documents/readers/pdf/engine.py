"""What PDFium says about a page, fetched in bulk: one call a character is all that the time allows.

PDFium is not thread-safe and reads hostile files, so this runs in the parser's child process only. Characters and
objects come back as arrays in the coordinates of the page as shown: points from its top left corner, y downwards.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as raw
from numpy.typing import NDArray

from app.documents.model import Box

Floats = NDArray[np.float64]

TEXT, PATH, IMAGE, SHADING, FORM = 1, 2, 3, 4, 5  # kinds of page objects
_INVISIBLE_MODES = frozenset((3, 7))  # text that paints nothing: only its outline is used, or not even that
_MAX_OBJECTS = 50_000  # of one page that are looked at: a map may be drawn with more
_MAX_DEPTH = 8  # of forms within forms
_STEP = 4  # characters
_POINTER, _INT, _UINT = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint


def _quick(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    """The function with plain addresses in place of typed pointers, called without letting go of the interpreter's
    lock: a fifth of a microsecond a call instead of one."""
    address = ctypes.cast(function, _POINTER).value
    assert address is not None
    return ctypes.PYFUNCTYPE(result, *arguments)(address)


_get_text = _quick(raw.FPDFText_GetText, _INT, _POINTER, _INT, _INT, _POINTER)
_unicode = _quick(raw.FPDFText_GetUnicode, _UINT, _POINTER, _INT)
_loose_box = _quick(raw.FPDFText_GetLooseCharBox, _INT, _POINTER, _INT, _POINTER)
_origin = _quick(raw.FPDFText_GetCharOrigin, _INT, _POINTER, _INT, _POINTER, _POINTER)
_text_object = _quick(raw.FPDFText_GetTextObject, _POINTER, _POINTER, _INT)
_map_error = _quick(raw.FPDFText_HasUnicodeMapError, _INT, _POINTER, _INT)
_char_matrix = _quick(raw.FPDFText_GetMatrix, _INT, _POINTER, _INT, _POINTER)
_char_size = _quick(raw.FPDFText_GetFontSize, ctypes.c_double, _POINTER, _INT)
_render_mode = _quick(raw.FPDFTextObj_GetTextRenderMode, _INT, _POINTER)
_object_font = _quick(raw.FPDFTextObj_GetFont, _POINTER, _POINTER)
_count_objects = _quick(raw.FPDFPage_CountObjects, _INT, _POINTER)
_get_object = _quick(raw.FPDFPage_GetObject, _POINTER, _POINTER, _INT)
_count_form_objects = _quick(raw.FPDFFormObj_CountObjects, _INT, _POINTER)
_get_form_object = _quick(raw.FPDFFormObj_GetObject, _POINTER, _POINTER, ctypes.c_ulong)
_is_active = _quick(raw.FPDFPageObj_GetIsActive, _INT, _POINTER, _POINTER)
_set_active = _quick(raw.FPDFPageObj_SetIsActive, _INT, _POINTER, _INT)
_kind = _quick(raw.FPDFPageObj_GetType, _INT, _POINTER)
_bounds = _quick(raw.FPDFPageObj_GetBounds, _INT, _POINTER, *[_POINTER] * 4)
_object_matrix = _quick(raw.FPDFPageObj_GetMatrix, _INT, _POINTER, _POINTER)
_count_marks = _quick(raw.FPDFPageObj_CountMarks, _INT, _POINTER)
_fill_color = _quick(raw.FPDFPageObj_GetFillColor, _INT, _POINTER, *[_POINTER] * 4)
_is_embedded = _quick(raw.FPDFFont_GetIsEmbedded, _INT, _POINTER)
_font_flags = _quick(raw.FPDFFont_GetFlags, _INT, _POINTER)
_font_weight = _quick(raw.FPDFFont_GetWeight, _INT, _POINTER)
_glyph_width = _quick(raw.FPDFFont_GetGlyphWidth, _INT, _POINTER, ctypes.c_uint32, ctypes.c_float, _POINTER)
_font_name = _quick(raw.FPDFFont_GetBaseFontName, ctypes.c_size_t, _POINTER, _POINTER, ctypes.c_size_t)


@dataclass(frozen=True)
class Affine:
    """x' = a x + c y + e, y' = b x + d y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, other: Affine) -> Affine:
        """This first, the other after it."""
        return Affine(
            self.a * other.a + self.b * other.c,
            self.a * other.b + self.b * other.d,
            self.c * other.a + self.d * other.c,
            self.c * other.b + self.d * other.d,
            self.e * other.a + self.f * other.c + other.e,
            self.e * other.b + self.f * other.d + other.f,
        )

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """The box around a rectangle's image."""
        xs = [self.a * x + self.c * y + self.e for x in (left, right) for y in (bottom, top)]
        ys = [self.b * x + self.d * y + self.f for x in (left, right) for y in (bottom, top)]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class PageObject:
    """One thing that the page draws. address: PDFium's, while the page is open. box: as shown. depth: 0 for what the
    page draws itself, else how many forms it is in; number: its place in the order of drawing; active: not on a layer
    that was switched off."""

    address: int
    kind: int
    box: Box
    number: int
    to_page: Affine
    depth: int = 0
    active: bool = True


@dataclass
class TextRun:
    """A text object: what one operator shows. size: of the letters, in points as shown; angle: in degrees, clockwise;
    mode: how it is painted; font: address of its font; stretch: how much wider than high it is set."""

    address: int
    size: float
    angle: float
    mode: int
    font: int
    stretch: float = 1.0

    @property
    def is_painted(self) -> bool:
        return self.mode not in _INVISIBLE_MODES


@dataclass
class Characters:
    """The page's characters in PDFium's order, without the spaces and line ends that it makes up.

    codes: Unicode, or the font's code where `unmapped`. boxes: left, top, right, bottom (n × 4); origins: where each
    stands on its baseline (n × 2); advances: how far it moves on, in points as shown, 0 where only its box tells, -1
    where the box is that of the ink; runs: index of its text object in `objects`.
    """

    codes: NDArray[np.uint32]
    boxes: Floats
    origins: Floats
    advances: Floats
    runs: NDArray[np.int64]
    unmapped: NDArray[np.bool_]
    objects: list[TextRun] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.codes)


class OpenPage:
    """A page that PDFium has loaded. Close it: PDFium keeps all its objects until then."""

    def __init__(self, document: pypdfium2.PdfDocument, index: int) -> None:
        """Raises pypdfium2.PdfiumError where PDFium cannot load the page."""
        self.page = document[index]
        self.address: int = ctypes.cast(self.page.raw, _POINTER).value or 0
        self._text: Any = None
        self._text_address = 0
        self.to_shown, self.width, self.height = self._placement()

    def close(self) -> None:
        if self._text:
            raw.FPDFText_ClosePage(self._text)
        self.page.close()

    def __enter__(self) -> OpenPage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _placement(self) -> tuple[Affine, float, float]:
        """What takes the page's own coordinates to those of the page as shown; its width and height."""
        box = raw.FS_RECTF()
        if not raw.FPDF_GetPageBoundingBox(self.page, box):
            box.left, box.bottom, box.right, box.top = 0.0, 0.0, 612.0, 792.0
        left, right = sorted((box.left, box.right))
        bottom, top = sorted((box.bottom, box.top))
        turned = raw.FPDFPage_GetRotation(self.page) % 4
        placement = (
            Affine(1, 0, 0, -1, -left, top),
            Affine(0, 1, 1, 0, -bottom, -left),
            Affine(-1, 0, 0, 1, right, -bottom),
            Affine(0, -1, -1, 0, top, right),
        )[turned]
        width, height = right - left, top - bottom
        return (placement, height, width) if turned % 2 else (placement, width, height)

    def characters(self) -> Characters:
        """All characters with their places, and the objects that they belong to. What has been made inactive before is
        left out."""
        if self._text is None:
            self._text = raw.FPDFText_LoadPage(self.page)
            self._text_address = ctypes.cast(self._text, _POINTER).value or 0
        text = self._text_address
        count = raw.FPDFText_CountChars(self._text) if text else 0
        every = range(max(0, count))
        addresses = self._owners(len(every))
        codes = self._codes(len(every))
        boxes, origins = np.zeros((len(every), 4), np.float32), np.zeros((len(every), 2))
        _run(map(_loose_box, repeat(text), every, _addresses(boxes)))
        _run(map(_origin, repeat(text), every, _addresses(origins), _addresses(origins, 8)))
        flat = (boxes[:, 1] == boxes[:, 3]) & (codes == 0x20)  # spaces that PDFium makes up
        drawn = np.flatnonzero(
            (addresses != 0) & ~flat & np.isfinite(boxes).all(1) & np.isfinite(origins).all(1)
        )
        known, firsts, numbers = np.unique(addresses[drawn], return_index=True, return_inverse=True)
        order = np.argsort(firsts)  # as drawn
        runs = np.argsort(order)[numbers]
        objects = self._runs(known[order].tolist(), drawn[firsts[order]].tolist())
        codes = codes[drawn]
        place = self.to_shown
        x, y = origins[drawn].T
        shown = np.stack((place.a * x + place.c * y + place.e, place.b * x + place.d * y + place.f), 1)
        unmapped = self._unmapped(drawn, codes, runs, objects)
        advances = _advances(codes, runs, objects)
        shared = np.zeros(len(codes) + 1, np.bool_)  # what stands for one glyph, or for what the author says
        shared[1:-1] = (shown[1:] == shown[:-1]).all(1) if len(codes) else False
        shared = shared[1:] | shared[:-1]
        advances[shared] = -1.0
        return Characters(codes, self._shown(boxes[drawn]), shown, advances, runs, unmapped, objects)

    def _owners(self, count: int) -> NDArray[np.uint64]:
        """The text object of each character, 0 for those that PDFium makes up. Only every fourth is asked first:
        between two of the same object there is no other, but for spaces that are made up."""
        text = self._text_address
        owners = np.zeros(count, np.uint64)
        steps = range(0, count, _STEP)
        samples = np.array([owner or 0 for owner in map(_text_object, repeat(text), steps)], np.uint64)
        owners[: len(samples) * _STEP] = np.repeat(samples, _STEP)[:count]
        open_ends = np.append(samples[1:] != samples[:-1], True) | (samples == 0)
        asked = (np.flatnonzero(open_ends)[:, None] * _STEP + np.arange(1, _STEP)).ravel()
        places = asked[asked < count].tolist()
        owners[places] = [owner or 0 for owner in map(_text_object, repeat(text), places)]
        return owners

    def _codes(self, count: int) -> NDArray[np.uint32]:
        """The code of each character, at once where PDFium's text has one unit for each."""
        buffer = np.zeros(count + 1, np.uint16)
        if _get_text(self._text_address, 0, count, buffer.ctypes.data) == count + 1:
            codes = buffer[:count].astype(np.uint32)
            if not ((codes >= 0xD800) & (codes < 0xE000)).any():
                return codes
        return np.fromiter(map(_unicode, repeat(self._text_address), range(count)), np.uint32, count)

    def _unmapped(
        self,
        places: NDArray[np.int64],
        codes: NDArray[np.uint32],
        runs: NDArray[np.int64],
        objects: list[TextRun],
    ) -> NDArray[np.bool_]:
        """Which characters PDFium knows no Unicode for: asked once for every code of every font."""
        if not len(codes):
            return np.zeros(0, np.bool_)
        _, samples, kinds = _kinds(codes, runs, objects)
        asked = map(_map_error, repeat(self._text_address), places[samples].tolist())
        return np.fromiter(asked, np.bool_, len(samples))[kinds]

    def _shown(self, boxes: NDArray[np.float32]) -> Floats:
        """left, top, right, bottom as shown of PDFium's left, top, right, bottom (n × 4), whose y runs upwards."""
        place = self.to_shown
        x, y = boxes[:, 0::2].astype(float), boxes[:, 1::2].astype(float)
        across = place.a * x + place.c * y + place.e
        down = place.b * x + place.d * y + place.f
        return np.stack((across.min(1), down.min(1), across.max(1), down.max(1)), 1)

    def _runs(self, addresses: list[int], firsts: list[int]) -> list[TextRun]:
        """The text objects, told about by their first characters."""
        text = self._text_address
        matrices = np.zeros((len(firsts), 6), np.float32)
        _run(map(_char_matrix, repeat(text), firsts, _addresses(matrices)))
        a, b, c, d = matrices[:, :4].astype(float).T
        place = self.to_shown
        a, b = place.a * a + place.c * b, place.b * a + place.d * b
        c, d = place.a * c + place.c * d, place.b * c + place.d * d
        scales = np.sqrt(np.abs(a * d - b * c))
        sizes = np.abs(np.fromiter(map(_char_size, repeat(text), firsts), float, len(firsts)))
        across = np.hypot(a, b)
        stretches = np.where(scales > 0, across / np.where(scales > 0, scales, 1.0), 1.0)
        sizes *= np.where(scales > 0, scales, across)
        angles = np.degrees(np.arctan2(b, a)) % 360
        modes = map(_render_mode, addresses)
        fonts = (font or 0 for font in map(_object_font, addresses))
        return list(
            map(
                TextRun,
                addresses,
                np.nan_to_num(sizes).tolist(),
                angles.tolist(),
                modes,
                fonts,
                stretches.tolist(),
            )
        )

    @cached_property
    def objects(self) -> list[PageObject]:
        """Everything that the page draws, in order, with what is inside of forms. Text has no box."""
        return list(self._walk(self.address, _count_objects, _get_object, self.to_shown, 0, [0]))

    def _walk(
        self,
        parent: int,
        count_of: Callable[[int], int],
        get: Callable[[int, int], int | None],
        to_page: Affine,
        depth: int,
        counted: list[int],
        active: bool = True,
    ) -> Iterator[PageObject]:
        sides = (ctypes.c_float * 4)()
        start = ctypes.addressof(sides)
        for index in range(count_of(parent)):
            address = get(parent, index)
            if not address or counted[0] >= _MAX_OBJECTS:
                return
            kind = _kind(address)
            counted[0] += 1
            box = (0.0, 0.0, 0.0, 0.0)
            if kind != TEXT and _bounds(address, start, start + 4, start + 8, start + 12):
                box = to_page.box(*sides)
            shown = active and is_active(address)
            yield PageObject(address, kind, box, counted[0], to_page, depth, shown)
            if kind == FORM and depth < _MAX_DEPTH:
                inner = object_matrix(address).then(to_page)
                yield from self._walk(
                    address, _count_form_objects, _get_form_object, inner, depth + 1, counted, shown
                )


def _kinds(
    codes: NDArray[np.uint32], runs: NDArray[np.int64], objects: list[TextRun]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each code of each font once, where it first is, and which of these every character is."""
    numbers: dict[int, int] = {}
    fonts = np.array([numbers.setdefault(run.font, len(numbers)) for run in objects], np.int64)
    return np.unique(fonts[runs] << 32 | codes, return_index=True, return_inverse=True)


def _advances(codes: NDArray[np.uint32], runs: NDArray[np.int64], objects: list[TextRun]) -> Floats:
    """How wide letters are by the file, where it has no font: another one stands in for it, whose letters,
    and so their boxes, may be wider. 0 for all others."""
    advances = np.zeros(len(codes))
    absent = {run.font for run in objects if run.font}
    absent = {font for font in absent if not _is_embedded(font)}
    if not absent or not len(codes):
        return advances
    of_absent = np.array([run.font in absent for run in objects])
    _, samples, kinds = _kinds(codes, runs, objects)
    widths = np.array(
        [
            _width(objects[run].font, int(codes[sample])) if of_absent[run] else 0.0
            for sample, run in zip(samples.tolist(), runs[samples].tolist(), strict=True)
        ]
    )
    across = np.array([run.size * run.stretch for run in objects])
    return widths[kinds] * across[runs]


def object_matrix(address: int) -> Affine:
    matrix = (ctypes.c_float * 6)(1, 0, 0, 1, 0, 0)
    _object_matrix(address, ctypes.addressof(matrix))
    return Affine(*matrix)


def is_active(address: int) -> bool:
    """Whether an object is drawn: those of layers that are off were made inactive."""
    active = ctypes.c_int(1)
    _is_active(address, ctypes.addressof(active))
    return bool(active.value)


def set_active(address: int, active: bool) -> None:
    """Whether an object is to be drawn. Nothing is written to the document."""
    _set_active(address, int(active))


def fill_color(address: int) -> tuple[int, int, int, int] | None:
    """Red, green, blue and opacity, 0 to 255 each."""
    values = (ctypes.c_uint * 4)()
    start = ctypes.addressof(values)
    if not _fill_color(address, start, start + 4, start + 8, start + 12):
        return None
    red, green, blue, opacity = values
    return red, green, blue, opacity


def has_marks(address: int) -> bool:
    """Whether the object stands in marked content."""
    return _count_marks(address) > 0


def font_facts(address: int) -> tuple[str, int, int]:
    """Name, flags (PDF 32000-1, table 123) and weight of a font."""
    buffer = ctypes.create_string_buffer(256)
    length = _font_name(address, ctypes.addressof(buffer), len(buffer))
    name = buffer.raw[: max(0, min(length, len(buffer)) - 1)].decode("utf-8", "replace")
    return name, _font_flags(address), _font_weight(address)


def glyph_width(address: int, letter: str) -> float:
    """How wide a font says the letter is, in thousandths of its size; 0 where it has none."""
    return 1000 * _width(address, ord(letter))


def _width(address: int, code: int) -> float:
    """How wide a font says a letter is, in sizes."""
    width = ctypes.c_float()
    return width.value if _glyph_width(address, code, 1.0, ctypes.addressof(width)) else 0.0


def _addresses(array: NDArray[Any], offset: int = 0) -> range:
    """The address of every row."""
    start = array.ctypes.data + offset
    step = array.itemsize * array.shape[1]
    return range(start, start + step * len(array), step)


def _run(calls: Iterable[object]) -> None:
    deque(calls, maxlen=0)


_MOVE, _LINE = 2, 0
_draw_mode = _quick(raw.FPDFPath_GetDrawMode, _INT, _POINTER, _POINTER, _POINTER)
_count_segments = _quick(raw.FPDFPath_CountSegments, _INT, _POINTER)
_get_segment = _quick(raw.FPDFPath_GetPathSegment, _POINTER, _POINTER, _INT)
_segment_point = _quick(raw.FPDFPathSegment_GetPoint, _INT, _POINTER, _POINTER, _POINTER)
_segment_type = _quick(raw.FPDFPathSegment_GetType, _INT, _POINTER)
_segment_close = _quick(raw.FPDFPathSegment_GetClose, _INT, _POINTER)


def path_style(address: int) -> tuple[bool, bool]:
    """Whether a path is filled, and whether it is stroked."""
    values = (ctypes.c_int * 2)()
    start = ctypes.addressof(values)
    _draw_mode(address, start, start + 4)
    return bool(values[0]), bool(values[1])


def path_segments(path: PageObject, most: int) -> list[tuple[float, float, float, float]]:
    """The straight segments of a path as shown, from x, y to x, y; none where there are more than `most`."""
    count = _count_segments(path.address)
    if not 0 < count <= most:
        return []
    place = object_matrix(path.address).then(path.to_page)
    point = (ctypes.c_float * 2)()
    start = ctypes.addressof(point)
    segments: list[tuple[float, float, float, float]] = []
    begin = here = (0.0, 0.0)
    for index in range(count):
        segment = _get_segment(path.address, index)
        if not segment or not _segment_point(segment, start, start + 4):
            break
        x, y = point
        there = place.a * x + place.c * y + place.e, place.b * x + place.d * y + place.f
        kind = _segment_type(segment)
        if kind == _MOVE:
            begin = there
        elif kind == _LINE:
            segments.append((*here, *there))
        here = there
        if _segment_close(segment):
            segments.append((*here, *begin))
            here = begin
    return segments


_object_size = _quick(raw.FPDFTextObj_GetFontSize, _INT, _POINTER, _POINTER)


def text_object(thing: PageObject) -> tuple[TextRun, tuple[float, float]]:
    """A text object that PDFium leaves out of the page's text, and where it begins."""
    own = object_matrix(thing.address).then(thing.to_page)
    size = ctypes.c_float()
    _object_size(thing.address, ctypes.addressof(size))
    across = float(np.hypot(own.a, own.b))
    scale = float(np.sqrt(abs(own.a * own.d - own.b * own.c))) or across
    angle = float(np.degrees(np.arctan2(own.b, own.a))) % 360
    font = _object_font(thing.address) or 0
    mode = _render_mode(thing.address)
    stretch = across / scale if scale else 1.0
    return TextRun(thing.address, abs(size.value) * scale, angle, mode, font, stretch), (own.e, own.f)
