"""What a PDF tells about itself beside what its pages show: its table of contents, the labels of its pages, and what
else it holds that is not read.

PDFium reads it all out of the document that is open already; measured on manuals of 700 and 2,400 pages that is a
hundred times as fast as walking the same with pypdf (outline 0.04 s for 1.5 s, annotations 0.15 s for 5.6 s).
"""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2 as pdfium
from pypdfium2 import raw as pdfium_c

from app.documents.model import OutlineEntry
from app.documents.readers.pdf.pdfium_strings import read_string
from app.documents.text import clean
from app.sentences import Sentence

_DEEPEST_OUTLINE = 30
_MOST_ENTRIES = 50_000
_LONGEST_TITLE = 500
_NAMED = 5  # attachments


def outline(document: pdfium.PdfDocument) -> list[OutlineEntry]:
    """The table of contents. An entry that leads nowhere is left out, unless there are entries below it: then it leads
    where the first of these does. Loops and what is nested deeper than 30 are left out."""
    entries: list[OutlineEntry] = []
    waiting: list[tuple[str, int]] = []  # entries without a page, whose first child is to come
    for title, page, level in _bookmarks(document):
        waiting = [entry for entry in waiting if entry[1] < level]
        if page == 0:
            waiting.append((title, level))
            continue
        entries += [OutlineEntry(above, page, above_level) for above, above_level in waiting]
        waiting = []
        entries.append(OutlineEntry(title, page, level))
    return entries


def page_label(document: pdfium.PdfDocument, index: int) -> str:
    """What is printed on the page `index` (from 0), "iv" or "A-3"; "" where it is the page's number, or not known."""
    label = clean(read_string(pdfium_c.FPDF_GetPageLabel, document, index)).strip()
    return "" if label == str(index + 1) else label[:200]


def document_notes(document: pdfium.PdfDocument, attached_to_pages: list[str] | None = None) -> list[str]:
    """Sentences about what the file holds and was not read: attachments, a form in XML.

    attached_to_pages: names found on the pages (`marks.attached_to_page`).
    """
    notes: list[str] = []
    if pdfium_c.FPDF_GetFormType(document) == pdfium_c.FORMTYPE_XFA_FULL:
        notes.append(
            Sentence(
                "The file holds an XFA form, whose fields and values were not read; open it in the program "
                "that made it and print it to a PDF."
            )
        )
    names = [clean(name).strip() for name in (*_attachments(document), *(attached_to_pages or ()))]
    known = list(dict.fromkeys(filter(None, names)))
    count = len(known) + names.count("")
    if count:
        notes.append(_not_read(count, known))
    return notes


def _not_read(count: int, known: list[str]) -> str:
    """A sentence about attached files; `known`: the names of those that have one."""
    names = ", ".join(name[:100] for name in known[:_NAMED])
    if count > _NAMED and names:
        names = Sentence("{names} and {more:,} more", names=names, more=count - _NAMED)
    if count == 1:
        return (
            Sentence("The file also holds 1 attached file, which was not read: {name}.", name=names)
            if names
            else Sentence("The file also holds 1 attached file, which was not read.")
        )
    return (
        Sentence(
            "The file also holds {count:,} attached files, which were not read: {names}.",
            count=count,
            names=names,
        )
        if names
        else Sentence("The file also holds {count:,} attached files, which were not read.", count=count)
    )


def _bookmarks(document: pdfium.PdfDocument) -> Iterator[tuple[str, int, int]]:
    """Title, page (from 1; 0 where it leads to none) and level (from 1) of each entry."""
    count = len(document)
    for number, bookmark in enumerate(document.get_toc(max_depth=_DEEPEST_OUTLINE)):
        if number >= _MOST_ENTRIES:
            return
        title = " ".join(clean(bookmark.get_title()).split())[:_LONGEST_TITLE]
        destination = bookmark.get_dest()
        index = destination.get_index() if destination is not None else None
        page = index + 1 if index is not None and 0 <= index < count else 0
        if title:
            yield title, page, bookmark.level + 1


def _attachments(document: pdfium.PdfDocument) -> list[str]:
    names = []
    for place in range(min(pdfium_c.FPDFDoc_GetAttachmentCount(document), 1000)):
        attachment = pdfium_c.FPDFDoc_GetAttachment(document, place)
        if attachment:
            names.append(read_string(pdfium_c.FPDFAttachment_GetName, attachment))
    return names
