"""The reader beside the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ReaderWords:
    """mode: the ways a page is shown. no_layout: blocks that are shown and not read."""

    region: str
    page_before: str
    next_page: str
    page_to_show: str
    smaller: str
    larger: str
    search: str
    place_before: str
    next_place: str
    close: str
    pages_and_zoom: str
    show_as: str
    page: str
    mode: Mapping[str, str]
    no_layout: Mapping[str, str]
    printed_and_number: str
    of_pages: str
    number_of_pages: str
    warnings: str
    picture_name: str
    no_text: str
    no_page_called: str
    no_such_page: str
    none_open: str


READER = Translated(
    english=ReaderWords(
        region="Document",
        page_before="Page before (←)",
        next_page="Next page (→)",
        page_to_show="Page to show",
        smaller="Smaller (−)",
        larger="Larger (+)",
        search="Search in this document",
        place_before="Place before (Shift Enter)",
        next_place="Next place (Enter)",
        close="Close the reader (Esc)",
        pages_and_zoom="Pages and zoom",
        show_as="Show the page as",
        page="Page",
        mode={"picture": "Picture", "text": "Text", "both": "Both"},
        no_layout={"header": "running head, not read", "footer": "running foot, not read"},
        printed_and_number="{label} ({n})",
        of_pages="of {total}",
        number_of_pages="({n}) of {total}",
        warnings="Warnings",
        picture_name="{page} of {name}",
        no_text="There is no text on this page.",
        no_page_called="No page of {name} is called “{typed}”, so this one stays open.",
        no_such_page="{name} has {total} pages, so page {n} cannot be shown; choose one it has.",
        none_open="No document is open in the reader; open one first.",
    ),
)
