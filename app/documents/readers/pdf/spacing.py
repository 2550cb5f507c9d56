"""Where one word ends and the next begins, and where a line is cut: by the gaps between letters.

Many files have no spaces at all, only gaps; others have spaces that are not seen, or set every letter apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.documents.readers.pdf.engine import Floats

# All of the larger of the two letters' sizes.
_WORD_GAP = 0.12  # as wide at least between two words; kerning and tracking of normal text stay below
_DRAWN_GAP = 0.02  # a space that is drawn counts from here on: text may go back over it
_IDEOGRAPH_GAP = 0.4  # between two Chinese or Japanese letters, which lines set apart to fill their width
_CUT = 1.0  # parts columns and cells
_CUT_DRAWN = 1.8  # the same where a space is drawn: lines that are filled have wide ones
_CUT_JUMP = 0.5  # the same where the next letter was not drawn next
_TRACKED_SHARE = 0.5  # of a line's gaps that are as wide as between words, where its letters are set apart
_TRACKED_LEAST = 4  # letters of such a line
_JUMP = 4  # letters drawn in between


def word_gaps(
    gaps: Floats,
    pitches: Floats,
    drawn: NDArray[np.bool_],
    ideographs: NDArray[np.bool_],
    jumps: NDArray[np.int64],
    line_starts: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Before which letters a space stands, and before which the line is cut.

    Of each letter and the one before it on its line, in sizes: gaps (from the end of one to the start of the other),
    pitches (from start to start); drawn: whether a space is drawn between them; ideographs: whether both are; jumps:
    how much later it was drawn. line_starts: the first letter of each line; what stands in its row is not looked at.
    """
    first = np.zeros(len(gaps), np.bool_)
    first[line_starts] = True
    wide = gaps > np.where(ideographs, _IDEOGRAPH_GAP, _WORD_GAP)
    even = _evenly_set(pitches, first)
    spaces = (wide & ~even) | (drawn & (gaps > _DRAWN_GAP))
    base = np.zeros(len(gaps))
    _tracking(gaps, drawn, first, wide, line_starts, spaces, base)
    limit = np.where(drawn, _CUT_DRAWN, _CUT)
    limit = np.where(np.abs(jumps - 1) > _JUMP, _CUT_JUMP, limit)
    cuts = (gaps > limit + 2 * base) & ~(even & (gaps < _CUT_DRAWN))
    return spaces & ~first, cuts | first


def _evenly_set(pitches: Floats, first: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which letters stand as far from the one before as their neighbours do from theirs: text of proportional type that
    is drawn in even steps."""
    same = np.zeros(len(pitches), np.bool_)
    same[1:] = (np.abs(pitches[1:] - pitches[:-1]) < 0.015 * pitches[1:]) & ~first[1:] & ~first[:-1]
    even = np.zeros(len(pitches), np.bool_)
    two = same[1:] & same[:-1]  # three pitches in a row
    even[1:] |= two
    even[:-1] |= two
    even[:-2] |= two[1:]
    return even


def _tracking(
    gaps: Floats,
    drawn: NDArray[np.bool_],
    first: NDArray[np.bool_],
    wide: NDArray[np.bool_],
    line_starts: NDArray[np.int64],
    spaces: NDArray[np.bool_],
    base: Floats,
) -> None:
    """Looks again at lines whose letters are set apart, as in some headings: there only what is wider than the usual
    gap parts words. Changes `spaces` and `base` (the usual gap) of these lines."""
    counts = np.diff(np.append(line_starts, len(gaps)))
    apart = np.add.reduceat((wide & ~drawn & ~first & (gaps < 2)).astype(np.int64), line_starts)
    for start, count in zip(
        line_starts[(apart > _TRACKED_SHARE * (counts - 1)) & (counts >= _TRACKED_LEAST)],
        counts[(apart > _TRACKED_SHARE * (counts - 1)) & (counts >= _TRACKED_LEAST)],
        strict=True,
    ):
        rows = slice(start + 1, start + count)
        own = gaps[rows][~drawn[rows]]
        usual = float(np.percentile(own, 30))
        if usual < _WORD_GAP * 0.8:
            continue
        base[rows] = usual
        spaces[rows] = drawn[rows] | (gaps[rows] > 1.5 * usual + 0.08)
