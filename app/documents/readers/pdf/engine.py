"""A page as PDFium has it: its characters in bulk, with the text objects that they belong to.

PDFium is not thread-safe and reads hostile files, so this runs in the parser's child process only. Characters and
objects come back in the coordinates of the page as shown: points from its top left corner, y downwards.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as raw
from numpy.typing import NDArray

from app.documents.readers.pdf.font_calls import Floats, advances_of, kinds_of, share_a_glyph
from app.documents.readers.pdf.page_objects import Affine, PageObject, object_matrix, page_objects
from app.documents.readers.pdf.quick_calls import INT, POINTER, UINT, quick, row_addresses, run_all

_STEP = 4  # characters

_get_text = quick(raw.FPDFText_GetText, INT, POINTER, INT, INT, POINTER)
_unicode = quick(raw.FPDFText_GetUnicode, UINT, POINTER, INT)
_loose_box = quick(raw.FPDFText_GetLooseCharBox, INT, POINTER, INT, POINTER)
_origin = quick(raw.FPDFText_GetCharOrigin, INT, POINTER, INT, POINTER, POINTER)
_text_object = quick(raw.FPDFText_GetTextObject, POINTER, POINTER, INT)
_map_error = quick(raw.FPDFText_HasUnicodeMapError, INT, POINTER, INT)
_char_matrix = quick(raw.FPDFText_GetMatrix, INT, POINTER, INT, POINTER)
_char_size = quick(raw.FPDFText_GetFontSize, ctypes.c_double, POINTER, INT)
_render_mode = quick(raw.FPDFTextObj_GetTextRenderMode, INT, POINTER)
_object_font = quick(raw.FPDFTextObj_GetFont, POINTER, POINTER)
_object_size = quick(raw.FPDFTextObj_GetFontSize, INT, POINTER, POINTER)


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
        self.address: int = ctypes.cast(self.page.raw, POINTER).value or 0
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
            self._text_address = ctypes.cast(self._text, POINTER).value or 0
        text = self._text_address
        count = raw.FPDFText_CountChars(self._text) if text else 0
        every = range(max(0, count))
        addresses = self._owners(len(every))
        codes = self._codes(len(every))
        boxes, origins = np.zeros((len(every), 4), np.float32), np.zeros((len(every), 2))
        run_all(map(_loose_box, repeat(text), every, row_addresses(boxes)))
        run_all(map(_origin, repeat(text), every, row_addresses(origins), row_addresses(origins, 8)))
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
        advances = advances_of(codes, runs, objects)
        places = self._shown(boxes[drawn])
        advances[share_a_glyph(shown)] = 0.0
        advances[share_a_glyph(shown, places)] = -1.0
        return Characters(codes, places, shown, advances, runs, unmapped, objects)

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
        _, samples, kinds = kinds_of(codes, runs, objects)
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
        run_all(map(_char_matrix, repeat(text), firsts, row_addresses(matrices)))
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
        return page_objects(self.address, self.to_shown)


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
