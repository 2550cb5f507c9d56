"""A workbook whose style sheet openpyxl refuses, with a style sheet of its number formats alone in its place.

Programs write styles that break the rules (a colour of seven figures, a fill without a kind), and Excel opens them all
the same; what matters here are the formats of numbers and dates.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import quoteattr

from app.documents.readers import Refused
from app.documents.readers.archive import Archive, Element, parse_xml
from app.documents.readers.ooxml import attribute, whole

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_EMPTY = (
    "<fonts count='1'><font/></fonts><fills count='1'><fill><patternFill/></fill></fills>"
    "<borders count='1'><border/></borders><cellStyleXfs count='1'><xf/></cellStyleXfs>"
)


def with_plain_styles(data: bytes, archive: Archive) -> bytes:
    """The workbook with no styles but number formats, and no names of ranges, which may be wrong as well."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as copy:
        for name in archive.names():
            if name.endswith("/"):
                continue
            part = archive.read(name)
            if name.endswith("styles.xml"):
                part = _plain(part)
            elif name.endswith("workbook.xml"):
                part = _without_names(part)
            copy.writestr(name, part)
    return packed.getvalue()


def _plain(part: bytes) -> bytes:
    try:
        root: Element | None = parse_xml(part, recover=True)
    except Refused:
        root = None
    formats = [] if root is None else root.findall("{*}numFmts/{*}numFmt")
    cells = [] if root is None else root.findall("{*}cellXfs/{*}xf")
    known = "".join(
        f"<numFmt numFmtId='{whole(attribute(one, 'numFmtId'))}' formatCode={quoteattr(attribute(one, 'formatCode'))}/>"
        for one in formats
    )
    ids = [max(whole(attribute(one, "numFmtId")), 0) for one in cells] or [0]
    used = "".join(f"<xf numFmtId='{number}' fontId='0' fillId='0' borderId='0' xfId='0'/>" for number in ids)
    sheet = (
        f"<styleSheet xmlns='{_MAIN}'><numFmts count='{len(formats)}'>{known}</numFmts>{_EMPTY}"
        f"<cellXfs count='{len(ids)}'>{used}</cellXfs></styleSheet>"
    )
    return sheet.encode()


def _without_names(part: bytes) -> bytes:
    from lxml import etree

    root = parse_xml(part)
    for element in root.findall("{*}definedNames"):
        root.remove(element)
    return bytes(etree.tostring(root))
