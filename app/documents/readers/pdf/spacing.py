"""Where one word ends and the next begins, and where a line is cut: by the gaps between letters.

Many files have no spaces at all, only gaps; others have spaces that are not seen, or set every letter apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.documents.readers.pdf.font_calls import Floats

# All of the larger of the two letters' sizes.
_WORD_GAP = 0.1  # as wide at least between two words; kerning and tracking of normal text stay below
_CURSIVE_GAP = 0.16  # between Arabic letters that do not join, and in Hebrew, which is set wider
_TOUCHING = 0.03  # letters of one word, where they touch
_TOUCHING_SHARE, _TOUCHING_LEAST = 0.7, 10  # of a line's gaps, and how many there must be to tell
_CURSIVE_TOUCHING_GAP = 0.105  # between words on a line nearly all of whose letters touch
_LONGEST_WORDS = 12  # letters, on the average: a line that has longer ones is set close
_CURSIVE_CLOSE_GAP = 0.07  # between words on a line that is set close
_DRAWN_GAP = 0.02  # a space that is drawn counts from here on: text may go back over it
_IDEOGRAPH_GAP = 0.4  # between two Chinese or Japanese letters, which lines set apart to fill their width
_HANGUL_GAP = (
    0.22  # before a Korean syllable: these are as wide as Chinese letters, but their words are set apart
)
_CUT = 1.0  # parts columns and cells
_CUT_DRAWN = 1.8  # the same where a space is drawn: lines that are filled have wide ones
_CUT_JUMP = 0.5  # the same where the next letter was not drawn next
_TRACKED_SHARE = 0.5  # of a line's gaps that are as wide as between words, where its letters are set apart
_TRACKED_MOST = 0.6  # wider apart they are a row of single letters
_TRACKED_LEAST = 4  # letters of such a line
_EVEN = 4  # steps of the same width in a row, where letters are drawn in even steps
_BACK = -0.3  # text that begins again over what stands there already
_JUMP = 4  # letters drawn in between


def word_gaps(
    gaps: Floats,
    pitches: Floats,
    drawn: NDArray[np.bool_],
    ideographs: NDArray[np.bool_],
    letters: NDArray[np.bool_],
    digits: NDArray[np.bool_],
    cursive: NDArray[np.bool_],
    hangul: NDArray[np.bool_],
    jumps: NDArray[np.int64],
    line_starts: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Before which letters a space stands, and before which the line is cut.

    Of each letter and the one before it on its line, in sizes: gaps (from the end of one to the start of the other),
    pitches (from start to start); drawn: whether a space is drawn between them; ideographs, letters, digits, cursive
    (of Arabic or Hebrew): whether both are, digits being letters too; hangul: whether the second is; jumps: how much
    later it was drawn. line_starts: the first letter of each line; what stands in its row is not looked at.
    """
    first = np.zeros(len(gaps), np.bool_)
    first[line_starts] = True
    square = np.where(hangul, _HANGUL_GAP, _IDEOGRAPH_GAP)
    letters_gap = np.where(cursive, _cursive_gaps(gaps, cursive & ~drawn, line_starts), _WORD_GAP)
    wide = gaps > np.where(ideographs, square, letters_gap)
    even = _evenly_set(gaps, pitches, first)
    spaces = (wide & ~even) | (drawn & (gaps > _DRAWN_GAP))
    base = np.zeros(len(gaps))
    _tracking(gaps, letters & ~drawn & ~first, digits, wide, line_starts, spaces, base)
    limit = np.where(drawn, _CUT_DRAWN, _CUT)
    limit = np.where(np.abs(jumps - 1) > _JUMP, _CUT_JUMP, limit)
    cuts = (pitches < _BACK) | (gaps > limit + 2 * base) & ~(even & (gaps < _CUT_DRAWN))
    return spaces & ~first, cuts | first


def _cursive_gaps(gaps: Floats, within: NDArray[np.bool_], line_starts: NDArray[np.int64]) -> Floats:
    """How wide a gap between Arabic or Hebrew letters parts words, for each letter: less on lines nearly all of whose
    letters touch, and words of which are set close. within: gaps between two such letters without a drawn space."""
    limits = np.full(len(gaps), _CURSIVE_GAP)
    if not within.any():
        return limits
    touching = np.add.reduceat((within & (gaps < _TOUCHING)).astype(np.int64), line_starts)
    counts = np.add.reduceat(within.astype(np.int64), line_starts)
    parted = np.add.reduceat((within & (gaps > _CURSIVE_GAP)).astype(np.int64), line_starts)
    touch = (touching >= _TOUCHING_SHARE * counts) & (counts >= _TOUCHING_LEAST)
    letters_of_line = np.diff(np.append(line_starts, len(gaps)))
    limits[np.repeat(touch, letters_of_line)] = _CURSIVE_TOUCHING_GAP
    limits[np.repeat(touch & (parted * _LONGEST_WORDS < counts), letters_of_line)] = _CURSIVE_CLOSE_GAP
    return limits


def _evenly_set(gaps: Floats, pitches: Floats, first: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which letters stand as far from the one before as their neighbours do from theirs, although they are not equally
    wide: text of proportional type that is drawn in even steps."""
    even = np.zeros(len(pitches), np.bool_)
    last = len(pitches) - _EVEN + 1
    if last < 1:
        return even
    shown = np.where(first, np.nan, pitches)
    pitch_rows = np.lib.stride_tricks.sliding_window_view(shown, _EVEN)
    gap_rows = np.lib.stride_tricks.sliding_window_view(gaps, _EVEN)
    set_apart = np.count_nonzero(np.abs(gap_rows) > 0.03, axis=1) >= _EVEN - 1
    found = (np.ptp(pitch_rows, 1) < 0.0015) & (np.ptp(gap_rows, 1) > 0.05) & set_apart
    for step in range(_EVEN):
        even[step : step + last] |= found
    return even


def _tracking(
    gaps: Floats,
    within: NDArray[np.bool_],
    digits: NDArray[np.bool_],
    wide: NDArray[np.bool_],
    line_starts: NDArray[np.int64],
    spaces: NDArray[np.bool_],
    base: Floats,
) -> None:
    """Looks again at lines whose letters are set apart, as in some headings: there only what is wider than the usual
    gap parts words. within: gaps between two letters without a drawn space. Changes `spaces` and `base` (the usual gap)
    of these lines."""
    if not len(line_starts):
        return
    counts = np.add.reduceat(within.astype(np.int64), line_starts)
    apart = np.add.reduceat((wide & within).astype(np.int64), line_starts)
    ends = np.append(line_starts[1:], len(gaps))
    for line in np.flatnonzero((apart > _TRACKED_SHARE * counts) & (counts >= _TRACKED_LEAST)).tolist():
        rows = slice(line_starts[line] + 1, ends[line])
        usual = float(np.percentile(gaps[rows][within[rows]], 30))
        if digits[rows][within[rows]].all():  # a row of numbers
            continue
        if not _WORD_GAP * 0.8 <= usual < _TRACKED_MOST:
            continue
        base[rows] = usual
        narrow = within[rows] & (gaps[rows] <= 1.5 * usual + 0.08)
        spaces[rows] &= ~narrow
