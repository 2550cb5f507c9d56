"""From what a page shows to blocks in reading order."""

from app.documents.readers.pdf.layout.document import Layout, lay_out

__all__ = ["Layout", "lay_out"]
