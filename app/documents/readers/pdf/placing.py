"""Which way text runs, and which pieces of it stand on one line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.documents.readers.pdf.engine import Characters
from app.documents.readers.pdf.font_calls import Floats

SAME_BASELINE = 0.15  # of the smaller size: how far apart the baselines of one line may be
_RIGHT_ANGLES = 3.0  # degrees: text turned by less off a right angle counts as turned by that
_BEARING = 0.12  # of the size: how much wider a letter is than its ink, at most
_NARROWEST = 0.55  # of a letter's box: a width that is less is that of another letter
_SMALL = 0.86  # of the size of what it stands beside: a superscript or subscript
_RAISED_LEAST, _RAISED_MOST, _LOWERED_MOST = 0.08, 0.75, 0.4  # of the larger size
_SUNK = (
    0.15,
    0.35,
)  # of the size: how far a letter of full size may stand lower within its word, as in TeX's name
_BESIDE = (-0.35, 0.45)  # of the larger size: how far from what it belongs to it may stand
_COLUMN_STEP = (0.7, 1.8)  # of the size: from one letter to the next in a column drawn letter by letter


@dataclass
class Placed:
    """Where characters stand along their line and which line that is.

    starts, ends: along the direction of writing; of upright text x. Each run (text object) has: levels (across: its
    baseline; of upright text y), angles (degrees clockwise), down (written from top to bottom), lines (number of its
    line), raised (+1, -1 or 0).
    """

    starts: Floats
    ends: Floats
    levels: Floats
    sizes: Floats
    angles: NDArray[np.int64]
    down: NDArray[np.bool_]
    lines: NDArray[np.int64]
    raised: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


def place(characters: Characters) -> Placed:
    """Directions, extents, baselines and lines of the page's text; `characters` has at least one."""
    runs = characters.objects
    count = len(characters)
    numbers = np.arange(count)
    firsts = np.full(len(runs), count)
    lasts = np.full(len(runs), -1)
    np.minimum.at(firsts, characters.runs, numbers)
    np.maximum.at(lasts, characters.runs, numbers)
    sizes = np.maximum([run.size for run in runs], 0.5)
    angles = np.array([_rounded(run.angle) for run in runs])
    down = _written_down(characters, firsts, lasts, sizes, angles)
    radians: Floats = np.radians(np.where(down, 90, angles).astype(np.float64))
    cosines = np.cos(radians).round(9)
    sines = np.sin(radians).round(9)
    starts, ends = _extents(characters, cosines[characters.runs], sines[characters.runs], sizes, angles, down)
    held = np.minimum(firsts, count - 1)
    x, y = characters.origins[held].T
    middle = (characters.boxes[held, 0] + characters.boxes[held, 2]) / 2
    levels = np.where(down, -middle, -x * sines + y * cosines)
    placed = Placed(
        starts,
        ends,
        levels,
        sizes,
        angles,
        down,
        np.zeros(len(runs), np.int64),
        np.zeros(len(runs), np.int64),
        firsts,
        lasts,
    )
    _find_lines(placed)
    return placed


def _rounded(angle: float) -> int:
    nearest = round(angle / 90) * 90
    return nearest % 360 if abs(angle - nearest) < _RIGHT_ANGLES else round(angle) % 360


def _extents(
    characters: Characters,
    cosines: Floats,
    sines: Floats,
    run_sizes: Floats,
    run_angles: NDArray[np.int64],
    run_down: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Where each character begins and ends along its direction."""
    left, top, right, bottom = characters.boxes.T
    along = np.stack(
        (
            left * cosines + top * sines,
            right * cosines + bottom * sines,
            left * cosines + bottom * sines,
            right * cosines + top * sines,
        )
    )
    low, high = along.min(0), along.max(0)
    origin = characters.origins[:, 0] * cosines + characters.origins[:, 1] * sines
    sizes = run_sizes[characters.runs]
    down = run_down[characters.runs]
    # A letter's box may begin before its origin, as in slanted type; a piece of a ligature begins well after it.
    starts = np.where(~down & (np.abs(low - origin) < 0.25 * sizes), origin, low)
    known = ~down & (characters.advances > _NARROWEST * (high - starts))
    known &= characters.advances > 0
    high = np.where(known, np.minimum(high, starts + characters.advances), high)
    ink = np.flatnonzero(characters.advances < 0)
    if len(ink):
        next_starts = np.append(starts[1:], np.inf)[ink]
        bearing = high[ink] + _BEARING * sizes[ink]
        high[ink] = np.where(
            next_starts > starts[ink], np.maximum(high[ink], np.minimum(bearing, next_starts)), high[ink]
        )
    turned = run_angles[characters.runs] % 90 != 0
    if turned.any():
        # The box around a turned letter is wider than the letter; its advance a and height b solve
        # width = a |cos| + b |sin|, height = a |sin| + b |cos|.
        cos, sin = np.abs(cosines), np.abs(sines)
        width, height = right - left, bottom - top
        difference = cos**2 - sin**2
        solvable = np.abs(difference) > 0.3
        advance = np.where(
            solvable,
            (width * cos - height * sin) / np.where(solvable, difference, 1.0),
            0.5 * sizes,
        )
        starts = np.where(turned, origin, starts)
        high = np.where(turned, origin + np.clip(advance, 0.05 * sizes, 1.5 * sizes), high)
    return starts, np.maximum(high, starts)


def _written_down(
    characters: Characters,
    firsts: NDArray[np.int64],
    lasts: NDArray[np.int64],
    sizes: Floats,
    angles: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Which runs are written from top to bottom: by their own letters, or as a column of letters drawn one by one."""
    down = np.zeros(len(sizes), np.bool_)
    held = lasts > firsts
    first, last = firsts[held], lasts[held]
    step = characters.origins[np.minimum(first + 1, last)] - characters.origins[first]
    sure = (np.abs(step[:, 0]) < 0.1 * sizes[held]) & (step[:, 1] > 0.3 * sizes[held])
    down[held] = sure & (angles[held] == 0)
    middles = (characters.boxes[:, 0] + characters.boxes[:, 2]) / 2
    alone = (lasts == firsts) & (angles == 0)
    codes = np.where(alone, characters.codes[np.minimum(firsts, len(characters) - 1)], 0)
    alone &= is_ideographic(codes)
    chain: list[int] = []
    for run in [*np.flatnonzero(alone).tolist(), -1]:
        if chain and run >= 0 and run == chain[-1] + 1:
            before, here = firsts[chain[-1]], firsts[run]
            size = sizes[run]
            dx = abs(middles[here] - middles[before])
            dy = characters.origins[here, 1] - characters.origins[before, 1]
            if dx < 0.5 * size and _COLUMN_STEP[0] * size < dy < _COLUMN_STEP[1] * size:
                chain.append(run)
                continue
        if len(chain) > 2:
            down[chain] = True
        chain = [run]
    return down


def is_ideographic(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which characters are of the scripts that are written without spaces, in squares: Chinese, Japanese, Hangul."""
    return (
        (codes >= 0x2E80) & (codes <= 0x9FFF)
        | (codes >= 0xAC00) & (codes <= 0xD7A3)
        | (codes >= 0xF900) & (codes <= 0xFAFF)
        | (codes >= 0xFE30) & (codes <= 0xFE4F)
        | (codes >= 0xFF00) & (codes <= 0xFFEF)
        | (codes >= 0x20000) & (codes <= 0x3FFFF)
    )


def is_hangul(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which characters are syllables of Korean, which is written in squares, but with spaces."""
    return (codes >= 0xAC00) & (codes <= 0xD7A3)


def _find_lines(placed: Placed) -> None:
    """Numbers the lines, superscripts and subscripts among what they belong to."""
    held = np.flatnonzero(placed.lasts >= 0)
    hosts = _hosts(placed, held)
    levels = placed.levels.copy()
    for run, host in hosts.items():
        levels[run] = placed.levels[host]
        if placed.sizes[run] <= _SMALL * placed.sizes[host]:
            placed.raised[run] = 1 if placed.levels[run] < placed.levels[host] else -1
    order = held[np.lexsort((levels[held], placed.angles[held], placed.down[held]))]
    line = -1
    key: tuple[int, bool] | None = None
    level = size = 0.0
    angles, down, sizes = placed.angles.tolist(), placed.down.tolist(), placed.sizes.tolist()
    for run in order.tolist():
        here = (angles[run], down[run])
        reach = SAME_BASELINE * min(size, sizes[hosts.get(run, run)])
        if here != key or levels[run] - level > reach:
            line += 1
            key, level, size = here, float(levels[run]), sizes[run]
        placed.lines[run] = line


def _hosts(placed: Placed, held: NDArray[np.int64]) -> dict[int, int]:
    """Small raised or lowered text and the run that it belongs to: beside it, and drawn just before or after it."""
    sizes, levels = placed.sizes.tolist(), placed.levels.tolist()
    angles, down = placed.angles.tolist(), placed.down.tolist()
    starts = placed.starts[np.maximum(placed.firsts, 0).clip(max=len(placed.starts) - 1)].tolist()
    ends = placed.ends[placed.lasts].tolist()
    hosts: dict[int, int] = {}
    runs = held.tolist()
    counts = (placed.lasts - placed.firsts + 1).tolist()
    for position, run in enumerate(runs):
        for other_position, side in ((position - 1, 1), (position + 1, -1)):
            if not 0 <= other_position < len(runs):
                continue
            other = runs[other_position]
            host = hosts.get(other, other) if side == 1 else other
            size = sizes[host]
            if angles[host] != angles[run] or down[host] != down[run] or sizes[run] > _SMALL * size:
                continue
            off = (levels[host] - levels[run]) / size
            gap = (starts[run] - ends[other] if side == 1 else starts[other] - ends[run]) / size
            is_off = _RAISED_LEAST < off < _RAISED_MOST or -_LOWERED_MOST < off < -_RAISED_LEAST
            if is_off and _BESIDE[0] < gap < _BESIDE[1] and math.isfinite(off):
                hosts[run] = host
                break
        if run not in hosts and counts[run] <= 2 and 0 < position < len(runs) - 1:
            before, after = runs[position - 1], runs[position + 1]
            host, size = hosts.get(before, before), sizes[run]
            same = angles[before] == angles[run] == angles[after] and not (down[before] or down[run])
            same = (
                same
                and abs(sizes[host] - size) < 0.03 * size
                and abs(levels[host] - levels[after]) < 0.03 * size
            )
            off = (levels[run] - levels[host]) / size
            gaps = (starts[run] - ends[before]) / size, (starts[after] - ends[run]) / size
            if same and _SUNK[0] < off < _SUNK[1] and -0.3 < gaps[0] < 0.2 and -0.3 < gaps[1] < 1.0:
                hosts[run] = host
    return hosts
