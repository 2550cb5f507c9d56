"""OpenDocument texts, presentations and spreadsheets (LibreOffice's own formats)."""

from __future__ import annotations

from collections.abc import Iterator

from app.documents.faults import Fault
from app.documents.model import Unit
from app.documents.readers import Parsed, Refused, Request
from app.documents.readers.archive import Archive, Element
from app.documents.readers.odf_text import Flow, Styles, get, local, repeated
from app.documents.readers.paging import Pager
from app.documents.readers.pptx import hidden_slides
from app.documents.readers.sheets import SheetPager
from app.documents.readers.xlsx import left_out
from app.sentences import Sentence

_HIDDEN_ROWS = ("collapse", "filter")
_MOST_ON_A_PAGE = 8_000  # characters; with more between the page ends these are not of this version
_MAX_EMPTY = 100  # cells repeated at the end of a row are the rest of the sheet


def read(data: bytes, request: Request) -> Parsed:
    """The document's pages by its kind. Raises Refused for a damaged or an encrypted one."""
    archive = Archive(data)
    if "META-INF/manifest.xml" in archive and b":encryption-data" in archive.read("META-INF/manifest.xml"):
        raise Refused(Fault.ENCRYPTED)
    try:
        root = archive.read_xml("content.xml")
    except KeyError as error:
        raise Refused(Fault.BROKEN, detail=Sentence("its main part is missing")) from error
    styles = Styles()
    if "styles.xml" in archive:
        styles.take(archive.read_xml("styles.xml"))
    styles.take(root)
    body = next(root.iter("{*}body"), None)
    for part in [] if body is None else body:
        match local(part):
            case "text":
                return _text(part, styles, request)
            case "presentation" | "drawing":
                return _slides(part, styles, request)
            case "spreadsheet":
                return _sheets(root, part, styles, request)
    raise Refused(Fault.BROKEN, detail=Sentence("its main part is empty"))


def _text(part: Element, styles: Styles, request: Request) -> Parsed:
    ends = sum(1 for _ in part.iter("{*}soft-page-break"))
    letters = sum(len(element.text or "") + len(element.tail or "") for element in part.iter())
    printed = ends > 0 and letters < _MOST_ON_A_PAGE * (ends + 1)
    pager = Pager(request.limits, by_headings=not printed)
    if printed:
        pager.start(keep_empty=True)
    flow = Flow(styles, pager, printed_pages=printed)
    flow.blocks(part)
    deleted = next(part.iter("{*}deletion"), None) is not None
    pages = pager.finish()

    def warnings() -> list[str]:
        found: list[str] = []
        if deleted:
            found.append(
                Sentence("Text that was deleted with tracked changes is left out; what was inserted is read.")
            )
        if flow.hidden:
            found.append(Sentence("Text that is formatted as hidden is left out."))
        return found

    unit: Unit = "page" if printed else "section"
    return Parsed(len(pages), iter(pages), unit=unit, outline=lambda: pager.outline, warnings=warnings)


def _slides(part: Element, styles: Styles, request: Request) -> Parsed:
    pager = Pager(request.limits, by_headings=False)
    hidden: list[int] = []
    invisible = {
        get(style, "style:name")
        for style in part.getroottree().getroot().iter("{*}style")
        if any(get(one, "presentation:visibility") == "hidden" for one in style)
    }
    for number, slide in enumerate(part.iterfind("{*}page"), start=1):
        if get(slide, "draw:style-name") in invisible:
            hidden.append(number)
            continue
        pager.start(f"slide {number}", keep_empty=True)
        shapes = [shape for shape in slide if local(shape) != "notes"]
        titles = [shape for shape in shapes if get(shape, "presentation:class") == "title"]
        for shape in titles:
            words = " ".join("".join(one.itertext()) for one in shape.iter("{*}p", "{*}h"))
            pager.heading(words, 1)
        flow = Flow(styles, pager)
        for shape in shapes:
            if shape not in titles:
                flow.blocks_of_shape(shape)
        for notes in slide.iterfind("{*}notes"):
            words = "\n".join(
                "".join(one.itertext()) for one in notes.iter("{*}p") if "".join(one.itertext()).strip()
            )
            if words:
                pager.add("comment", f"Notes: {words}")
    pages = pager.finish()
    return Parsed(
        len(pages),
        iter(pages),
        unit="slide",
        outline=lambda: pager.outline,
        warnings=lambda: hidden_slides(hidden),
    )


def _sheets(root: Element, part: Element, styles: Styles, request: Request) -> Parsed:
    invisible = {
        get(style, "style:name")
        for style in root.iter("{*}style")
        if any(get(one, "table:display") == "false" for one in style.iterfind("{*}table-properties"))
    }
    pager = SheetPager(request.limits)
    hidden: list[str] = []
    counts = [0]
    for table in part.iterfind("{*}table"):
        name = get(table, "table:name")
        if get(table, "table:style-name") in invisible:
            hidden.append(name)
        else:
            pager.add(_rows(table, styles, request, counts), name)
    pages = pager.finish()
    return Parsed(
        len(pages),
        iter(pages),
        unit="sheet",
        outline=lambda: pager.outline,
        warnings=lambda: left_out(hidden, counts[0]),
    )


def _rows(
    table: Element, styles: Styles, request: Request, hidden: list[int]
) -> Iterator[tuple[int, list[str]]]:
    """The rows that are shown and hold anything, with their numbers. hidden: counts the others."""
    flow = Flow(styles, Pager(request.limits))
    number = 0
    below: dict[int, tuple[str, int]] = {}  # column: text of a merged cell, and the last row that it reaches
    for row in table.iter("{*}table-row"):
        cells: list[str] = []
        for cell in row:
            times = repeated(cell, "table:number-columns-repeated", 20_000)
            text = flow.cell_text(cell) if local(cell) == "table-cell" else ""
            spanned = repeated(cell, "table:number-rows-spanned")
            if text and spanned > 1:
                below[len(cells)] = text, number + spanned
            if local(cell) == "covered-table-cell" and len(cells) in below and below[len(cells)][1] > number:
                text = below[len(cells)][0]
            if not text and times > _MAX_EMPTY and cell is row[-1]:
                break
            cells += [text] * times
        times = repeated(row, "table:number-rows-repeated", 2_000_000)
        if get(row, "table:visibility") in _HIDDEN_ROWS:
            hidden[0] += times if any(cells) else 0
        elif any(cells):
            for place in range(min(times, 10_000)):
                yield number + place + 1, cells
        number += times
