"""What PDFium says about a font, and how wide the letters of a page are by it."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2.raw as raw
from numpy.typing import NDArray

from app.documents.readers.pdf.quick_calls import INT, POINTER, quick

if TYPE_CHECKING:
    from app.documents.readers.pdf.engine import TextRun

_EASTERN = 0x2E80  # from here on
Floats = NDArray[np.float64]

ITALIC_FLAG = 1 << 6  # of a font (ISO 32000-2, table 121)  # of a font (ISO 32000-2, table 121)

_is_embedded = quick(raw.FPDFFont_GetIsEmbedded, INT, POINTER)
_italic_angle = quick(raw.FPDFFont_GetItalicAngle, INT, POINTER, POINTER)
_font_flags = quick(raw.FPDFFont_GetFlags, INT, POINTER)
_font_weight = quick(raw.FPDFFont_GetWeight, INT, POINTER)
_glyph_width = quick(raw.FPDFFont_GetGlyphWidth, INT, POINTER, ctypes.c_uint32, ctypes.c_float, POINTER)
_font_name = quick(raw.FPDFFont_GetBaseFontName, ctypes.c_size_t, POINTER, POINTER, ctypes.c_size_t)


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


def advances_of(codes: NDArray[np.uint32], runs: NDArray[np.int64], objects: list[TextRun]) -> Floats:
    """How wide letters are by the file, where their boxes are wider: in slanted fonts, and in those that are not in the
    file, so that another one stands in for them. 0 for all others, and for Chinese and Japanese letters: their
    collections have the same letter in several widths, and PDFium tells that of any."""
    advances = np.zeros(len(codes))
    wider = {font for font in {run.font for run in objects} if font and _reaches_out(font)}
    if not wider or not len(codes):
        return advances
    of_wider = np.array([run.font in wider for run in objects])
    _, samples, kinds = kinds_of(codes, runs, objects)
    widths = np.array(
        [
            _width(objects[run].font, int(codes[sample]))
            if of_wider[run] and codes[sample] < _EASTERN
            else 0.0
            for sample, run in zip(samples.tolist(), runs[samples].tolist(), strict=True)
        ]
    )
    across = np.array([run.size * run.stretch for run in objects])
    return widths[kinds] * across[runs]


def _reaches_out(font: int) -> bool:
    if not _is_embedded(font) or _font_flags(font) & ITALIC_FLAG:
        return True
    angle = ctypes.c_int()
    return bool(_italic_angle(font, ctypes.addressof(angle)) and angle.value)


def kinds_of(
    codes: NDArray[np.uint32], runs: NDArray[np.int64], objects: list[TextRun]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each code of each font once, where it first is, and which of these every character is."""
    numbers: dict[int, int] = {}
    fonts = np.array([numbers.setdefault(run.font, len(numbers)) for run in objects], np.int64)
    return np.unique(fonts[runs] << 32 | codes, return_index=True, return_inverse=True)


def share_a_glyph(origins: Floats, boxes: Floats | None = None) -> NDArray[np.bool_]:
    """Which characters stand for one glyph with those beside them; with boxes, those of them that were given parts of
    its box each, which is that of its ink."""
    shared = np.zeros(len(origins) + 1, np.bool_)
    if len(origins):
        shared[1:-1] = (origins[1:] == origins[:-1]).all(1)
        if boxes is not None:
            shared[1:-1] &= (boxes[1:] != boxes[:-1]).any(1)
    return shared[1:] | shared[:-1]
