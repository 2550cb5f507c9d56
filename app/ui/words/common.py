"""Words that several views share: numbers with their units, and what documents and memories are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


@dataclass(frozen=True)
class CommonWords:
    """Units, things that are counted, and buttons that stand in several places.

    units: what the parts of documents are called, by the store's name for them, and counted. unit: the same, before a
    number. pane: the kinds of memory as the comparison calls them.
    """

    rate: str
    seconds: str
    minutes: str
    hours: str
    left: str
    characters: Plural
    documents: Plural
    pages: Plural
    passages: Plural
    questions: Plural
    tokens: Plural
    units: Mapping[str, Plural]
    unit: Mapping[str, str]
    page_label: str
    page_of: str
    pane: Mapping[str, str]
    word_for_word: str
    remembered: str
    looked_up: str
    in_line: str
    read_label: str
    delete: str
    keep: str
    cancel: str
    add_document: str
    add_to_chat: str
    open_document: str
    memory: str
    model_loading: str
    still_loading: str
    stop_reading: str
    leave_as_it_is: str
    recognise_text_of: str


COMMON = Translated(
    english=CommonWords(
        rate="{n} tok/s",
        seconds="{n} s",
        minutes="{n} min",
        hours="{hours} h {minutes} min",
        left="{time} left",
        characters=Plural("{n} character", "{n} characters"),
        documents=Plural("{n} document", "{n} documents"),
        pages=Plural("{n} page", "{n} pages"),
        passages=Plural("{n} passage", "{n} passages"),
        questions=Plural("{n} question", "{n} questions"),
        tokens=Plural("{n} token", "{n} tokens"),
        units={
            "page": Plural("{n} page", "{n} pages"),
            "lines": Plural("{n} page", "{n} pages"),
            "section": Plural("{n} section", "{n} sections"),
            "chapter": Plural("{n} chapter", "{n} chapters"),
            "slide": Plural("{n} slide", "{n} slides"),
            "sheet": Plural("{n} sheet", "{n} sheets"),
            "message": Plural("{n} message", "{n} messages"),
        },
        unit={
            "page": "p.",
            "lines": "part",
            "section": "section",
            "chapter": "chapter",
            "slide": "slide",
            "sheet": "sheet",
            "message": "message",
        },
        page_label="p. {label}",
        page_of="page {n} of {total}",
        pane={"full": "Base model", "window": "Window only", "ahn": "AHN"},
        word_for_word="word for word",
        remembered="remembered",
        looked_up="looked up",
        in_line="in line",
        read_label="{name}: read",
        delete="Delete",
        keep="Keep",
        cancel="Cancel",
        add_document="Add document",
        add_to_chat="Add {name} to this chat",
        open_document="Open {name}",
        memory="Memory",
        model_loading="The model is being loaded",
        still_loading="The model is still being loaded; try again when it is there.",
        stop_reading="Stop reading {name}; what was read stays",
        leave_as_it_is="Cancel: leave {name} as it is",
        recognise_text_of="Recognise the text of {name}",
    ),
)
