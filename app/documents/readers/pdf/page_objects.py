"""What a page draws besides letters: paths, pictures and forms with what is in them, and where all of it stands."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2.raw as raw

from app.documents.model import Box
from app.documents.readers.pdf.quick_calls import INT, POINTER, quick

TEXT, PATH, IMAGE, SHADING, FORM = 1, 2, 3, 4, 5  # kinds of page objects
_MAX_OBJECTS = 50_000  # of one page that are looked at: a map may be drawn with more
_MAX_DEPTH = 8  # of forms within forms
_MOVE, _LINE = 2, 0  # kinds of segments

_count_objects = quick(raw.FPDFPage_CountObjects, INT, POINTER)
_get_object = quick(raw.FPDFPage_GetObject, POINTER, POINTER, INT)
_count_form_objects = quick(raw.FPDFFormObj_CountObjects, INT, POINTER)
_get_form_object = quick(raw.FPDFFormObj_GetObject, POINTER, POINTER, ctypes.c_ulong)
_is_active = quick(raw.FPDFPageObj_GetIsActive, INT, POINTER, POINTER)
_set_active = quick(raw.FPDFPageObj_SetIsActive, INT, POINTER, INT)
_kind = quick(raw.FPDFPageObj_GetType, INT, POINTER)
_bounds = quick(raw.FPDFPageObj_GetBounds, INT, POINTER, *[POINTER] * 4)
_object_matrix = quick(raw.FPDFPageObj_GetMatrix, INT, POINTER, POINTER)
_fill_color = quick(raw.FPDFPageObj_GetFillColor, INT, POINTER, *[POINTER] * 4)
_draw_mode = quick(raw.FPDFPath_GetDrawMode, INT, POINTER, POINTER, POINTER)
_count_segments = quick(raw.FPDFPath_CountSegments, INT, POINTER)
_get_segment = quick(raw.FPDFPath_GetPathSegment, POINTER, POINTER, INT)
_segment_point = quick(raw.FPDFPathSegment_GetPoint, INT, POINTER, POINTER, POINTER)
_segment_type = quick(raw.FPDFPathSegment_GetType, INT, POINTER)
_segment_close = quick(raw.FPDFPathSegment_GetClose, INT, POINTER)


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


def page_objects(page: int, to_shown: Affine) -> list[PageObject]:
    """Everything that a page (its address) draws, in order, with what is inside of forms. Text has no box."""
    return list(_walk(page, _count_objects, _get_object, to_shown, 0, [0]))


def _walk(
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
            yield from _walk(address, _count_form_objects, _get_form_object, inner, depth + 1, counted, shown)


def object_bounds(address: int) -> Box:
    """Left, bottom, right and top of the ink of an object in the space it is drawn in; zeros where it has none."""
    sides = (ctypes.c_float * 4)()
    start = ctypes.addressof(sides)
    if not _bounds(address, start, start + 4, start + 8, start + 12):
        return 0.0, 0.0, 0.0, 0.0
    left, bottom, right, top = sides
    return left, bottom, right, top


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
