"""The reader: the frame that stays, and the page that is drawn anew whenever another one is shown.

The picture of a page is fetched by `assets/ui/reader.js`, which knows how many pixels it needs; what is marked lies
over it in percentages, so that zooming moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.reader import READER

if TYPE_CHECKING:
    from app.documents import Page
    from app.store import Document

ICON_EARLIER = m.icon("M10 3.5L5.5 8l4.5 4.5")
ICON_LATER = m.icon("M6 3.5L10.5 8 6 12.5")
ICON_UP = m.icon("M3.5 10L8 5.5l4.5 4.5")
ICON_DOWN = m.icon("M3.5 6L8 10.5 12.5 6")
ICON_MINUS = m.icon("M3 8h10")


@dataclass(frozen=True)
class Mark:
    """Marks [start, end) of a page's text in the style of `css`."""

    start: int
    end: int
    css: str


def frame() -> str:
    """What stays while pages come and go. Hidden until a document is open."""
    w = READER()
    buttons = "".join(
        m.button(name, "reader-mode", css="segment", mode=mode).replace(
            "<button ", '<button aria-pressed="false" ', 1
        )
        for mode, name in w.mode.items()
    )
    turning = (
        m.button("", "reader-turn", css="icon-button", icon=ICON_EARLIER, title=w.page_before, by=-1)
        + '<label class="page-box"><span class="num" id="reader-unit"></span>'
        f'<input id="reader-number" data-enter="reader-go" aria-label="{m.text(w.page_to_show)}" autocomplete="off"'
        ' spellcheck="false"></label>'
        '<span class="num" id="reader-of"></span>'
        + m.button("", "reader-turn", css="icon-button", icon=ICON_LATER, title=w.next_page, by=1)
    )
    zoom = m.button("", "reader-zoom", css="icon-button", icon=ICON_MINUS, title=w.smaller, by=-1) + m.button(
        "", "reader-zoom", css="icon-button", icon=m.ICON_PLUS, title=w.larger, by=1
    )
    search = (
        f'<label class="search">{m.ICON_SEARCH}<input id="reader-search" type="search" data-input="reader-find"'
        f' placeholder="{m.text(w.search)}" aria-label="{m.text(w.search)}" autocomplete="off"></label>'
        '<span class="num" id="reader-found" role="status"></span>'
        + m.button("", "reader-hit", css="icon-button", icon=ICON_UP, title=w.place_before, by=-1)
        + m.button("", "reader-hit", css="icon-button", icon=ICON_DOWN, title=w.next_place, by=1)
    )
    close = m.button("", "close-reader", css="icon-button", icon=m.ICON_CLOSE, title=w.close)
    return (
        f'<section id="reader-region" aria-label="{m.text(w.region)}" tabindex="-1">'
        f'<header><div data-part="reader-title" class="title"></div>{close}</header>'
        f'<div class="reader-tools" role="group" aria-label="{m.text(w.pages_and_zoom)}">{turning}'
        f'<span class="zoom">{zoom}</span>'
        f'<span class="segments" role="group" aria-label="{m.text(w.show_as)}">{buttons}</span></div>'
        f'<div class="reader-tools" role="search">{search}</div>'
        f'<div id="reader-sheet" tabindex="0" role="group" aria-label="{m.text(w.page)}">'
        '<div data-part="reader-page"></div></div>'
        "</section>"
    )


def label(unit: str, number: int, printed: str) -> str:
    """How a page is cited: "p. 4", "p. iv (4)", "slide 4"."""
    if unit == "page":
        if printed and printed != str(number):
            printed = READER().printed_and_number.format(label=printed, n=m.count(number))
        return COMMON().page_label.format(label=printed or m.count(number))
    return printed or f"{COMMON().unit[unit]} {m.count(number)}"


def page_box(document: Document, page: Page) -> dict[str, str]:
    """What stands before, in and after the field with the page: "p.", "iv", "(4) of 130"."""
    printed = page.label if document.unit == "page" else ""
    of = READER().number_of_pages if printed and printed != str(page.number) else READER().of_pages
    return {
        "unit": COMMON().unit[document.unit],
        "typed": printed or str(page.number),
        "of": of.format(n=m.count(page.number), total=m.count(document.page_count)),
    }


def title(document: Document, page: Page) -> str:
    """The document's name, and what could not be read right: of this page, else of the document as a whole."""
    told = [*page.warnings, *(sentence for sentence in document.warnings if sentence not in page.warnings)]
    sentences = "".join(f'<li class="warn">{m.text(sentence)}</li>' for sentence in told[:6])
    label = m.text(READER().warnings)
    warnings = f'<ul class="warnings" aria-label="{label}">{sentences}</ul>' if sentences else ""
    return f"<h2>{m.name(document.name)}</h2>{warnings}"


def page(document: Document, page: Page, marks: Sequence[Mark], mode: str) -> str:
    """The page as its picture, its text, or both."""
    shown = ""
    if mode in ("picture", "both"):
        shown += picture(document, page, marks)
    if mode in ("text", "both"):
        shown += text(page, marks)
    return shown


def picture(document: Document, page: Page, marks: Sequence[Mark]) -> str:
    """The place of the picture, with boxes over what is marked."""
    boxes = ""
    shape = "210 / 297"
    if page.width > 0 and page.height > 0:
        shape = f"{page.width:.1f} / {page.height:.1f}"
        boxes = "".join(
            f'<i class="mark {mark.css}" style="{_percentages(box, page)}"></i>'
            for mark in marks
            for box in page.boxes(mark.start, mark.end)
        )
    shown = label(document.unit, page.number, page.label)
    name = READER().picture_name.format(page=shown, name=document.name)
    return (
        f'<div class="picture" data-picture="/pictures/{m.text(document.id)}/{page.number}"'
        f' style="aspect-ratio: {shape}"><img data-kept alt="{m.text(name)}">'
        f'<p class="quiet" data-kept hidden></p>{boxes}</div>'
    )


def text(page: Page, marks: Sequence[Mark]) -> str:
    """The page's text, block by block."""
    if not page.text:
        return f'<div class="page-text"><p class="quiet">{m.text(READER().no_text)}</p></div>'
    blocks = []
    for block, start in zip(page.blocks, page.starts, strict=True):
        if start is None:
            if block.text:
                title = f' title="{m.text(READER().no_layout[block.kind])}"'
                blocks.append(f'<div class="text-block left-out"{title}>{m.text(block.text)}</div>')
            continue
        css = f"text-block {block.kind}" + (" recognised" if block.origin == "recognised" else "")
        level = f' style="--level: {min(block.level, 8)}"' if block.level else ""
        heading = f' role="heading" aria-level="{min(block.level + 2, 6)}"' if block.kind == "heading" else ""
        blocks.append(f'<div class="{css}"{level}{heading}>{_marked(block.text, start, marks)}</div>')
    return f'<div class="page-text" dir="auto">{"".join(blocks)}</div>'


def _marked(text: str, start: int, marks: Sequence[Mark]) -> str:
    """The text of a block that begins at `start` of its page, with what is marked in it; marks may overlap."""
    end = start + len(text)
    inside = [mark for mark in marks if mark.start < end and start < mark.end]
    places = {start, end, *(p for mark in inside for p in (mark.start, mark.end) if start < p < end)}
    cuts = sorted(places)
    pieces = []
    for first, last in zip(cuts, cuts[1:], strict=False):
        css = " ".join(mark.css for mark in inside if mark.start <= first and last <= mark.end)
        piece = m.text(text[first - start : last - start])
        pieces.append(f'<mark class="{css}">{piece}</mark>' if css else piece)
    return "".join(pieces)


def _percentages(box: tuple[float, float, float, float], page: Page) -> str:
    left, top, right, bottom = box
    return (
        f"left: {100 * left / page.width:.2f}%; top: {100 * top / page.height:.2f}%; "
        f"width: {100 * (right - left) / page.width:.2f}%; height: {100 * (bottom - top) / page.height:.2f}%"
    )
