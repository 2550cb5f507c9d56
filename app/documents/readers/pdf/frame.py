"""Where a place in a PDF's own space is on the page as shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw as pdfium_c

from app.documents.model import Box


@dataclass(frozen=True)
class Frame:
    """The part of a page's space that is shown (left … top, y upwards, in points), and how often it is turned by 90
    degrees clockwise to be shown."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int = 0

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> Frame:
        """The frame of a page that is open in PDFium."""
        box = pdfium_c.FS_RECTF()
        if not pdfium_c.FPDF_GetPageBoundingBox(page, box):
            width, height = page.get_size()
            return cls(0.0, 0.0, width, height)
        return cls(box.left, box.bottom, box.right, box.top, pdfium_c.FPDFPage_GetRotation(page) % 4)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """From the page's space to points from the top left corner as shown, y downwards."""
        match self.turns:
            case 0:
                return x - self.left, self.top - y
            case 1:
                return y - self.bottom, x - self.left
            case 2:
                return self.right - x, y - self.bottom
        return self.top - y, self.right - x

    def box(self, left: float, bottom: float, right: float, top: float) -> Box | None:
        """A rectangle of the page's space, as shown; None where it is none or nothing of it is on the page."""
        if not all(map(math.isfinite, (left, bottom, right, top))):
            return None
        (x1, y1), (x2, y2) = self.point(left, bottom), self.point(right, top)
        width, height = self.right - self.left, self.top - self.bottom
        if self.turns % 2:
            width, height = height, width
        box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        return box if box[2] > 0 and box[3] > 0 and box[0] < width and box[1] < height else None
