"""Which letters nobody can see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.documents.model import Box
from app.documents.readers.pdf.engine import Characters, OpenPage

_SCAN_SHARE = 0.5  # of its invisible letters that stand on pictures, where a page is a scan that was read


def unseen(page: OpenPage, characters: Characters, pictures: list[Box]) -> NDArray[np.bool_]:
    """Whether each character is out of sight: outside of the page, or not painted, unless it is the text of a scan."""
    x = (characters.boxes[:, 0] + characters.boxes[:, 2]) / 2
    y = (characters.boxes[:, 1] + characters.boxes[:, 3]) / 2
    hidden = (x < 0) | (x > page.width) | (y < 0) | (y > page.height)
    unpainted = np.array([run.mode == 3 for run in characters.objects])[characters.runs]
    if unpainted.any():
        scanned = np.zeros(len(characters), np.bool_)
        for left, top, right, bottom in pictures:
            scanned |= (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        on_scan = np.count_nonzero(unpainted & scanned) > _SCAN_SHARE * np.count_nonzero(unpainted)
        hidden |= unpainted & ~scanned if on_scan else unpainted
    return hidden
