"""Lines and pictures of a page: what tables are ruled with, and what a scan consists of."""

from __future__ import annotations

from app.documents.model import Box
from app.documents.readers.pdf.engine import OpenPage
from app.documents.readers.pdf.page_objects import IMAGE, PATH, PageObject, path_segments, path_style

_THIN = 2.0  # points: a line, not an area
_SHORT = 4.0  # points: shorter ones are dots and parts of drawings
_MAX_SEGMENTS = 400  # of a path that is looked into: more are a drawing


def graphics(page: OpenPage) -> tuple[list[Box], list[Box]]:
    """Thin lines and edges of frames, and where pictures stand, cut to the page."""
    rules: list[Box] = []
    pictures: list[Box] = []
    for thing in page.objects:
        if not thing.active:
            continue
        if thing.kind == IMAGE:
            pictures.append(thing.box)
        elif thing.kind == PATH:
            rules += _rules(thing)
    size = (page.width, page.height)
    return _cut(rules, size), _cut(pictures, size)


def _rules(path: PageObject) -> list[Box]:
    left, top, right, bottom = path.box
    width, height = right - left, bottom - top
    if min(width, height) <= _THIN:
        return [path.box] if max(width, height) >= _SHORT else []
    filled, stroked = path_style(path.address)
    if not stroked:
        return []
    rules = []
    for x0, y0, x1, y1 in path_segments(path, _MAX_SEGMENTS):
        if min(abs(x1 - x0), abs(y1 - y0)) <= _THIN / 2 and max(abs(x1 - x0), abs(y1 - y0)) >= _SHORT:
            rules.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return rules


def _cut(boxes: list[Box], size: tuple[float, float]) -> list[Box]:
    width, height = size
    cut = [
        (max(0.0, left), max(0.0, top), min(width, right), min(height, bottom))
        for left, top, right, bottom in boxes
    ]
    return [box for box in cut if box[0] <= box[2] and box[1] <= box[3]]
