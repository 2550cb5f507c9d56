"""Hebrew and Arabic letters that are one glyph, or one span with an ActualText: lam and alef, a letter and its vowel
signs. PDFium gives each of them a part of the glyph's box, or all of it, in an order that depends on what stands
around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.documents.readers.pdf.engine import Characters
from app.documents.readers.pdf.font_calls import Floats
from app.documents.readers.pdf.placing import Placed

_LAM = 0x0644
_ALEFS = (0x0622, 0x0623, 0x0625, 0x0627)
_STEP = 1e-5  # between the keys of letters of one glyph, in points
_STEP_BACK = 0.6  # of the size: how far a letter may reach back over the one before it
_OVER = 0.5  # of the narrower letter: how much of it must be over the other
_REACH = 0.3  # of the size: how far a letter may go on to the right of its vowel sign


def put_clusters_in_order(
    codes: NDArray[np.uint32],
    right_to_left: NDArray[np.bool_],
    marks: NDArray[np.bool_],
    characters: Characters,
    placed: Placed,
    keys: Floats,
) -> None:
    """Gives the letters of each cluster one place, and `keys` (what the letters of a line are sorted by, from left to
    right) that put the first of them furthest right."""
    found = np.flatnonzero(right_to_left)
    if len(found) < 2:
        return
    runs, (x, y) = characters.runs[found], characters.origins[found].T
    order = np.lexsort((found, y, x, runs))
    same = (
        (runs[order][1:] == runs[order][:-1])
        & (x[order][1:] == x[order][:-1])
        & (y[order][1:] == y[order][:-1])
    )
    if not same.any():
        return
    sorted_starts = np.sort(placed.starts)
    begins = np.flatnonzero(np.append(True, ~same))
    for group in np.split(found[order], begins[1:]):
        if len(group) > 1:
            _place(group.tolist(), codes, marks, placed, characters, keys, sorted_starts)


def keep_drawn_order(
    letters: NDArray[np.bool_], characters: Characters, placed: Placed, keys: Floats
) -> None:
    """Letters that reach over the one before them, as in stacked Arabic type, keep their turn: changes their `keys`.
    letters: which are of Hebrew or Arabic and no vowel signs."""
    pairs = np.flatnonzero(letters[1:] & letters[:-1])
    if not len(pairs):
        return
    lines, sizes = placed.lines[characters.runs], placed.sizes[characters.runs]
    pairs = pairs[lines[pairs + 1] == lines[pairs]]
    steps = keys[pairs + 1] - keys[pairs]
    near = np.abs(steps) < _STEP_BACK * sizes[pairs]
    starts, ends = placed.starts, placed.ends
    shared = np.minimum(ends[pairs], ends[pairs + 1]) - np.maximum(starts[pairs], starts[pairs + 1])
    near &= shared > _OVER * np.minimum((ends - starts)[pairs], (ends - starts)[pairs + 1])
    leftwards: dict[int, bool] = {}
    for line in np.unique(lines[pairs]).tolist():
        leftwards[line] = bool(np.mean(steps[lines[pairs] == line] < 0) > 0.5)
    for pair, step, is_near in zip(pairs.tolist(), steps.tolist(), near.tolist(), strict=True):
        left = leftwards[int(lines[pair])]
        if is_near and step != 0 and (step < 0) != left:
            keys[pair + 1] = keys[pair] + (-_STEP if left else _STEP)


def _place(
    members: list[int],
    codes: NDArray[np.uint32],
    marks: NDArray[np.bool_],
    placed: Placed,
    characters: Characters,
    keys: Floats,
    starts: Floats,
) -> None:
    logical = _in_reading_order(members, codes, marks, characters)
    left = min(float(placed.starts[members].min()), float(characters.origins[members[0], 0]))
    right = float(placed.ends[members].max())
    if marks[members].any():
        # The box may be that of the sign alone: the letter reaches as far as the next one.
        following = np.searchsorted(starts, right + 1e-6)
        reach = right + _REACH * float(placed.sizes[characters.runs[members[0]]])
        if following < len(starts) and starts[following] <= reach:
            right = float(starts[following])
    for number, member in enumerate(reversed(logical)):
        keys[member] = left + _STEP * (number + 1)
        placed.starts[member], placed.ends[member] = left, right


def _in_reading_order(
    members: list[int], codes: NDArray[np.uint32], marks: NDArray[np.bool_], characters: Characters
) -> list[int]:
    """From right to left, vowel signs after the first letter."""
    logical = sorted(members, key=lambda place: (-characters.boxes[place, 0], place))
    bases = [place for place in logical if not marks[place]]
    if not bases:
        return logical
    lead = logical.index(bases[0])
    logical = [bases[0], *logical[:lead], *logical[lead + 1 :]]
    if len(bases) == 2 and codes[bases[0]] in _ALEFS and codes[bases[1]] == _LAM:
        first, second = logical.index(bases[0]), logical.index(bases[1])
        logical[first], logical[second] = logical[second], logical[first]
    return logical
