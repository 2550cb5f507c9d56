"""Which letters nobody can see.

Text outside of the page and text that paints nothing are known at once. Whether something else hides text, or whether
it is white on white, is found out by drawing the page with and without it, where there is reason to suspect it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.documents.model import Box
from app.documents.readers.pdf.engine import Characters, OpenPage
from app.documents.readers.pdf.page_objects import (
    IMAGE,
    PATH,
    SHADING,
    TEXT,
    PageObject,
    fill_color,
    path_style,
    set_active,
)

_UNPAINTED = 3  # render mode
_SCAN_SHARE = 0.5  # of its invisible letters that stand on pictures, where a page is a scan that was read
_LARGE_PICTURE = 0.5  # of the page: a scan, which may be laid over the text that was read from it
_WHITE = 250  # each of red, green and blue at least
_LEAST_AREA = 12.0  # square points: smaller things hide no word
_MOST_COVERS = 200  # things on a page that may hide text: more are a drawing
_SCALE = 2.0  # pixels a point
_MOST_PIXELS = 4_000_000
_CHANGE = 6  # of 255: how much darker or lighter a pixel is, where a letter is seen


def unseen(page: OpenPage, characters: Characters, pictures: list[Box]) -> NDArray[np.bool_]:
    """Whether each character is out of sight. The text layer of a scan counts as seen: the scan shows it."""
    x = (characters.boxes[:, 0] + characters.boxes[:, 2]) / 2
    y = (characters.boxes[:, 1] + characters.boxes[:, 3]) / 2
    left, right = (
        characters.boxes[:, 0],
        characters.boxes[:, 2],
    )  # a letter at the edge of the page is seen in part
    hidden = (right <= 0) | (left >= page.width) | (y < 0) | (y > page.height)
    unpainted = np.array([run.mode == _UNPAINTED for run in characters.objects])[characters.runs]
    if unpainted.any():
        scanned = np.zeros(len(characters), np.bool_)
        for x0, y0, x1, y1 in pictures:
            scanned |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        on_scan = np.count_nonzero(unpainted & scanned) > _SCAN_SHARE * np.count_nonzero(unpainted)
        hidden |= unpainted & ~scanned if on_scan else unpainted
    suspects = _suspects(page, characters, x, y) & ~hidden & ~unpainted
    if suspects.any():
        hidden |= _without_trace(page, characters, suspects)
    return hidden


def _suspects(
    page: OpenPage, characters: Characters, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Letters with something opaque drawn over them later, and white letters with nothing drawn under them before."""
    suspects = np.zeros(len(characters), np.bool_)
    areas = [
        thing
        for thing in page.objects
        if thing.active and thing.kind in (IMAGE, PATH, SHADING) and _area(thing.box) >= _LEAST_AREA
    ]
    white = np.array([_is_white(run.address) for run in characters.objects])
    if (not areas and not white.any()) or len(areas) > _MOST_COVERS:
        return suspects
    numbers = {thing.address: thing.number for thing in page.objects if thing.kind == TEXT}
    drawn = np.array([numbers.get(run.address, 0) for run in characters.objects])[characters.runs]
    on_white = white[characters.runs]
    first = int(drawn.min())
    for thing in areas:
        if thing.number < first and not on_white.any():
            continue
        left, top, right, bottom = thing.box
        within = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        if not within.any():
            continue
        on_white &= ~(within & (drawn > thing.number))
        if thing.number > first and _may_hide(thing, page):
            suspects |= within & (drawn < thing.number)
    return suspects | on_white


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _is_white(address: int) -> bool:
    color = fill_color(address)
    return color is not None and min(color[:3]) >= _WHITE


def _may_hide(thing: PageObject, page: OpenPage) -> bool:
    if thing.kind == PATH:
        return path_style(thing.address)[0]
    return thing.kind == SHADING or _area(thing.box) < _LARGE_PICTURE * page.width * page.height


def _without_trace(page: OpenPage, characters: Characters, suspects: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the suspected letters make no difference to the picture of the page."""
    scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(1.0, page.width * page.height)))
    with_text = _picture(page, scale)
    addresses = [characters.objects[run].address for run in np.unique(characters.runs[suspects]).tolist()]
    for address in addresses:
        set_active(address, False)
    changed = np.abs(with_text - _picture(page, scale)) > _CHANGE
    for address in addresses:
        set_active(address, True)
    hidden = np.zeros(len(characters), np.bool_)
    for place in np.flatnonzero(suspects).tolist():
        left, top, right, bottom = characters.boxes[place] * scale
        rows = slice(max(0, math.floor(top)), math.ceil(bottom) + 1)
        columns = slice(max(0, math.floor(left)), math.ceil(right) + 1)
        hidden[place] = not changed[rows, columns].any()
    return hidden


def _picture(page: OpenPage, scale: float) -> NDArray[np.int16]:
    """The page in shades of grey (height × width)."""
    bitmap = page.page.render(scale=scale, grayscale=True, may_draw_forms=False, draw_annots=False)
    picture: NDArray[np.int16] = bitmap.to_numpy().astype(np.int16)
    bitmap.close()
    return picture.reshape(picture.shape[0], picture.shape[1])
