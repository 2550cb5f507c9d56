"""What the tests of office documents share: archives of parts written by hand, and the blocks that are read."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from app.documents import Extracted

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def pack(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def word(
    path: Path, body: str, parts: dict[str, str] | None = None, relations: str = "", space: str = W
) -> Path:
    """A Word file with this body; parts: other files of its folder `word`, each with a relation of its name."""
    parts = parts or {}
    own = "".join(f'<Relationship Id="{name}" Type="{TYPES}/{name}" Target="{name}.xml"/>' for name in parts)
    head = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    main = f'<Relationship Id="a" Type="{TYPES}/officeDocument" Target="word/document.xml"/>'
    return pack(
        path,
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f"{head}{main}</Relationships>",
            "word/_rels/document.xml.rels": f"{head}{own}{relations}</Relationships>",
            "word/document.xml": f"<w:document {space} {R}><w:body>{body}</w:body></w:document>",
            **{f"word/{name}.xml": text for name, text in parts.items()},
        },
    )


def p(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(text)}</w:tc>"


def table(*rows: tuple[str, ...]) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(cells)}</w:tr>" for cells in rows) + "</w:tbl>"


def blocks(extracted: Extracted) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for page in extracted.layout for block in page.blocks]
