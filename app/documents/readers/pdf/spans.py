"""Letters whose glyphs stand in one span with an ActualText: what the author says that they read.

Browsers write so where a glyph is no letter: syllables of Hindi and Thai, a letter with its vowel signs, ligatures.
PDFium takes such a text once for each glyph that it does not meet right after the one before, and gives it the box of
one of the glyphs. Here the text is taken once, from where the first glyph starts to where the next span does.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict

import numpy as np
import pypdfium2.raw as raw

from app.documents.readers.pdf.engine import Characters, OpenPage, TextRun, text_object
from app.documents.readers.pdf.page_objects import TEXT, PageObject, object_bounds
from app.documents.readers.pdf.private_codes import PrivateCodes
from app.documents.readers.pdf.quick_calls import INT, POINTER, UINT, quick

_count_marks = quick(raw.FPDFPageObj_CountMarks, INT, POINTER)
_get_mark = quick(raw.FPDFPageObj_GetMark, POINTER, POINTER, UINT)
_mark_bytes = quick(
    raw.FPDFPageObjMark_GetParamBlobValue, INT, POINTER, POINTER, POINTER, ctypes.c_ulong, POINTER
)

_KEY = ctypes.create_string_buffer(b"ActualText")
_MOST_OBJECTS = 12  # of a span; a longer one is a word or a line, which PDFium tells right
_MOST_LETTERS = 12
_LEVEL = 0.1  # of the size: how far the next span may stand from the baseline
_REACH = 1.6  # of the size: how far from its last glyph a span may go on


def with_span_texts(
    page: OpenPage, characters: Characters, private: PrivateCodes
) -> tuple[Characters, set[int]]:
    """The characters with one for each short span, and the addresses of the text objects in these spans."""
    drawn = [thing for thing in page.objects if thing.kind == TEXT and thing.active]
    spans = _spans(drawn)
    if not spans:
        return characters, set()
    places: dict[int, list[int]] = defaultdict(list)
    for place, run in enumerate(characters.runs.tolist()):
        places[characters.objects[run].address].append(place)
    codes, boxes, origins = characters.codes.copy(), characters.boxes.copy(), characters.origins.copy()
    advances, unmapped = characters.advances.copy(), characters.unmapped.copy()
    keep = np.ones(len(codes), np.bool_)
    spoken: set[int] = set()
    for text, members in spans:
        objects = [drawn[member] for member in members]
        taken = [place for thing in objects for place in places[thing.address]]
        if not taken:
            continue
        starts = [text_object(thing) for thing in objects]
        size = starts[0][0].size
        if any(not _is_upright(run) or abs(y - starts[0][1][1]) > size for run, (_, y) in starts):
            continue
        baseline = _baseline([y for _, (_, y) in starts], drawn, members)
        left = min(x for _, (x, y) in starts if y == baseline)
        bounds = [thing.to_page.box(*object_bounds(thing.address)) for thing in objects]
        right = max(box[2] for box in bounds)
        if right - left > _MOST_LETTERS * size:
            continue
        following = drawn[members[-1] + 1] if members[-1] + 1 < len(drawn) else None
        right = _end(following, baseline, starts[-1][1][0], right, size)
        first = min(taken)
        keep[taken] = False
        keep[first] = True
        codes[first], unmapped[first], advances[first] = private.code(text), False, 0.0
        top, bottom = min(box[1] for box in bounds), max(box[3] for box in bounds)
        boxes[first], origins[first] = (left, top, max(right, left), bottom), (left, baseline)
        spoken.update(thing.address for thing in objects)
    return (
        Characters(
            codes[keep],
            boxes[keep],
            origins[keep],
            advances[keep],
            characters.runs[keep],
            unmapped[keep],
            characters.objects,
        ),
        spoken,
    )


def _baseline(levels: list[float], drawn: list[PageObject], members: list[int]) -> float:
    """Where the letter stands: vowel signs are drawn higher or lower, and may come first. What stands around tells."""
    for beside in (members[0] - 1, members[-1] + 1):
        if len(set(levels)) > 1 and 0 <= beside < len(drawn):
            level = text_object(drawn[beside])[1][1]
            nearest = min(levels, key=lambda other: abs(other - level))
            if abs(nearest - level) < 0.01:
                return nearest
    return max(levels)


def _is_upright(run: TextRun) -> bool:
    return min(run.angle, 360 - run.angle) < 1


def _end(following: PageObject | None, baseline: float, last: float, ink: float, size: float) -> float:
    """Where the span ends: at the next glyph, if that is the next on its line."""
    if following is not None:
        run, (x, y) = text_object(following)
        if _is_upright(run) and abs(y - baseline) < _LEVEL * size and last < x < last + _REACH * size:
            return x
    return ink


def _spans(drawn: list[PageObject]) -> list[tuple[str, list[int]]]:
    """The texts of short spans and the text objects (places in `drawn`) of each."""
    known: dict[int, str] = {}
    members: dict[int, list[int]] = {}
    for number, thing in enumerate(drawn):
        for place in range(_count_marks(thing.address)):
            mark = _get_mark(thing.address, place)
            if not mark:
                continue
            if mark not in known:
                known[mark] = _actual_text(mark)
            if known[mark]:
                members.setdefault(mark, []).append(number)
                break
    return [
        (known[mark], numbers)
        for mark, numbers in members.items()
        if len(known[mark]) <= _MOST_LETTERS
        and len(numbers) <= _MOST_OBJECTS
        and known[mark].strip("\u00ad ")
    ]


def _actual_text(mark: int) -> str:
    """What the span reads, "" where it says nothing or too much. PDFium's own decoding makes two letters of one."""
    buffer = ctypes.create_string_buffer(2 * _MOST_LETTERS + 2)
    used = ctypes.c_ulong()
    key = ctypes.addressof(_KEY)
    if not _mark_bytes(mark, key, ctypes.addressof(buffer), len(buffer), ctypes.addressof(used)):
        return ""
    data = buffer.raw[: used.value] if used.value <= len(buffer) else b""
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    return data.decode("latin-1") if data.isascii() else ""
