"""What somebody has put on a page: values of form fields, and comments, each with its place.

PDFium knows both (fields by their kind, comments by their subtype) a hundred times as fast as they can be had
otherwise, which matters in manuals with tens of thousands of links, which are annotations too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw as pdfium_c

from app.documents.model import Block, Box, Line
from app.documents.readers.pdf.frame import Frame
from app.documents.readers.pdf.insertion import Extra
from app.documents.readers.pdf.pdfium_strings import read_string
from app.documents.text import clean, tidy_lines

_MOST = 20_000  # annotations of one page
_OUT_OF_SIGHT = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # flag of a text field

_MARKUP = frozenset(  # comments on a stretch of text
    (
        pdfium_c.FPDF_ANNOT_HIGHLIGHT,
        pdfium_c.FPDF_ANNOT_UNDERLINE,
        pdfium_c.FPDF_ANNOT_SQUIGGLY,
        pdfium_c.FPDF_ANNOT_STRIKEOUT,
    )
)
_COMMENTS = _MARKUP | {
    pdfium_c.FPDF_ANNOT_TEXT,
    pdfium_c.FPDF_ANNOT_FREETEXT,
    pdfium_c.FPDF_ANNOT_LINE,
    pdfium_c.FPDF_ANNOT_SQUARE,
    pdfium_c.FPDF_ANNOT_CIRCLE,
    pdfium_c.FPDF_ANNOT_POLYGON,
    pdfium_c.FPDF_ANNOT_POLYLINE,
    pdfium_c.FPDF_ANNOT_STAMP,
    pdfium_c.FPDF_ANNOT_CARET,
    pdfium_c.FPDF_ANNOT_INK,
    pdfium_c.FPDF_ANNOT_FILEATTACHMENT,
}
_QUOTED = 80  # characters of the text that a comment is on


def page_marks(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> list[Extra]:
    """The form values and comments of `page`, in the order of the file, replies after what they answer.

    Left out are hidden ones, empty fields, buttons and passwords. Values need `document.init_forms()` called before.
    """
    frame = Frame.of(page)
    found: list[Extra] = []
    for annotation, subtype in _annotations(page):
        if subtype == pdfium_c.FPDF_ANNOT_WIDGET:
            extra = _field(document.formenv, annotation, frame)
        elif subtype in _COMMENTS:
            extra = _comment(page, annotation, subtype, frame)
        else:
            continue
        if extra is not None:
            found.append(extra)
    return found


def attached_to_page(page: pdfium.PdfPage) -> list[str]:
    """Names of the files that are attached to a place on `page`."""
    names = []
    for annotation, subtype in _annotations(page):
        if subtype == pdfium_c.FPDF_ANNOT_FILEATTACHMENT:
            attachment = pdfium_c.FPDFAnnot_GetFileAttachment(annotation)
            if attachment:
                names.append(read_string(pdfium_c.FPDFAttachment_GetName, attachment))
    return names


def _annotations(page: pdfium.PdfPage) -> Iterator[tuple[Any, int]]:
    for place in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), _MOST)):
        with _closing(pdfium_c.FPDFPage_GetAnnot(page, place)) as annotation:
            if annotation and not pdfium_c.FPDFAnnot_GetFlags(annotation) & _OUT_OF_SIGHT:
                yield annotation, pdfium_c.FPDFAnnot_GetSubtype(annotation)


@contextmanager
def _closing(annotation: Any) -> Iterator[Any]:
    try:
        yield annotation
    finally:
        if annotation:
            pdfium_c.FPDFPage_CloseAnnot(annotation)


# -- form fields -------------------------------------------------------------------------------------------------------


def _field(formenv: Any, annotation: Any, frame: Frame) -> Extra | None:
    box = _box(annotation, frame)
    if box is None:
        return None
    kind = pdfium_c.FPDFAnnot_GetFormFieldType(formenv, annotation) if formenv else -1
    tick = kind in (pdfium_c.FPDF_FORMFIELD_CHECKBOX, pdfium_c.FPDF_FORMFIELD_RADIOBUTTON)
    text = _value(formenv, annotation, kind)
    if not text:
        return None
    label = ""
    if formenv:
        label = _tidy(read_string(pdfium_c.FPDFAnnot_GetFormFieldAlternateName, formenv, annotation))
        label = label or _readable(read_string(pdfium_c.FPDFAnnot_GetFormFieldName, formenv, annotation))
    return Extra(_placed("form", text, box), label.rstrip(": "), tick)


def _value(formenv: Any, annotation: Any, kind: int) -> str:
    match kind:
        case pdfium_c.FPDF_FORMFIELD_CHECKBOX | pdfium_c.FPDF_FORMFIELD_RADIOBUTTON:
            return "Yes" if pdfium_c.FPDFAnnot_IsChecked(formenv, annotation) else "No"
        case pdfium_c.FPDF_FORMFIELD_PUSHBUTTON:
            return ""
        case pdfium_c.FPDF_FORMFIELD_SIGNATURE:
            return "signed" if pdfium_c.FPDFAnnot_HasKey(annotation, b"V") else ""
        case pdfium_c.FPDF_FORMFIELD_COMBOBOX | pdfium_c.FPDF_FORMFIELD_LISTBOX:
            chosen = [
                read_string(pdfium_c.FPDFAnnot_GetOptionLabel, formenv, annotation, option)
                for option in range(pdfium_c.FPDFAnnot_GetOptionCount(formenv, annotation))
                if pdfium_c.FPDFAnnot_IsOptionSelected(formenv, annotation, option)
            ]
            if any(chosen):
                return _tidy(", ".join(filter(None, chosen)))
            return _tidy(read_string(pdfium_c.FPDFAnnot_GetFormFieldValue, formenv, annotation))
        case pdfium_c.FPDF_FORMFIELD_TEXTFIELD:
            if pdfium_c.FPDFAnnot_GetFormFieldFlags(formenv, annotation) & _PASSWORD:
                return ""
            return _tidy(read_string(pdfium_c.FPDFAnnot_GetFormFieldValue, formenv, annotation))
    # A field that the document's form does not list, though the page shows it.
    if read_string(pdfium_c.FPDFAnnot_GetStringValue, annotation, b"FT") in ("Tx", "Ch"):
        return _tidy(read_string(pdfium_c.FPDFAnnot_GetStringValue, annotation, b"V"))
    return ""


def _readable(name: str) -> str:
    """The last part of a field's name where it is words; "" for the likes of "topmostSubform[0].f1_01[0]"."""
    words = name.rsplit(".", 1)[-1].replace("_", " ").strip()
    letters = sum(character.isalpha() for character in words)
    return words if letters >= 3 and letters + words.count(" ") == len(words) else ""


# -- comments ----------------------------------------------------------------------------------------------------------


def _comment(page: pdfium.PdfPage, annotation: Any, subtype: int, frame: Frame) -> Extra | None:
    text = _tidy(read_string(pdfium_c.FPDFAnnot_GetStringValue, annotation, b"Contents"))
    if not text or pdfium_c.FPDFAnnot_HasKey(annotation, b"StateModel"):  # "accepted", "marked" and the like
        return None
    box = _box(annotation, frame)
    with _closing(pdfium_c.FPDFAnnot_GetLinkedAnnot(annotation, b"IRT")) as answered:
        if answered:
            if pdfium_c.FPDFAnnot_GetFlags(answered) & _OUT_OF_SIGHT:
                return None
            box = _box(answered, frame) or box
        if box is None:
            return None
        if subtype == pdfium_c.FPDF_ANNOT_FREETEXT and not answered:  # it stands on the page as it is
            return Extra(_placed("comment", text, box))
        author = _tidy(read_string(pdfium_c.FPDFAnnot_GetStringValue, annotation, b"T"))
        what = "Reply" if answered else "Comment"
        about = "" if answered or subtype not in _MARKUP else _words_under(page, annotation)
    by = f" by {author}" if author else ""
    return Extra(_placed("comment", f"[{what}{by}{about}] {text}", box))


def _words_under(page: pdfium.PdfPage, annotation: Any) -> str:
    """The words that are highlighted, underlined or struck out: ` on "35 bar"`."""
    quads = pdfium_c.FS_QUADPOINTSF()
    words = []
    text_page = page.get_textpage()
    try:
        for place in range(min(pdfium_c.FPDFAnnot_CountAttachmentPoints(annotation), 20)):
            if pdfium_c.FPDFAnnot_GetAttachmentPoints(annotation, place, quads):
                x, y = (quads.x1, quads.x2, quads.x3, quads.x4), (quads.y1, quads.y2, quads.y3, quads.y4)
                words.append(text_page.get_text_bounded(min(x), min(y), max(x), max(y), errors="replace"))
    finally:
        text_page.close()
    text = " ".join(clean(" ".join(words)).split())
    if not text:
        return ""
    return f" on “{text[:_QUOTED].rstrip()}…”" if len(text) > _QUOTED else f" on “{text}”"


# -- both --------------------------------------------------------------------------------------------------------------


def _box(annotation: Any, frame: Frame) -> Box | None:
    place = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFAnnot_GetRect(annotation, place):
        return None
    x, y = sorted((place.left, place.right)), sorted((place.bottom, place.top))
    return frame.box(x[0], y[0], x[1], y[1])


def _tidy(text: str) -> str:
    return tidy_lines(clean(text)).strip()


def _placed(kind: Any, text: str, box: Box) -> Block:
    """A block each of whose characters stands in the whole of `box`: where exactly is not known."""
    return Block(kind, text, box=box, lines=(Line(0, box, (box[0], box[2]) * len(text)),))
