"""Saving chats as files and taking them in again."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ChatFileWords:
    """Links and buttons."""

    markdown: str
    json: str
    save_markdown: str
    save_json: str
    heading: str
    about: str
    save_all: str
    import_chats: str
    import_title: str


CHAT_FILES = Translated(
    english=ChatFileWords(
        markdown="Markdown",
        json="JSON",
        save_markdown="Save this conversation as Markdown: what is shown, with quotes, citations and figures",
        save_json="Save this conversation as JSON: every version, to be imported again",
        heading="Chats as files",
        about="All chats in one JSON file, with every version of every answer; documents are named, not contained.",
        save_all="Save all chats",
        import_chats="Import chats",
        import_title="Import chats from a JSON file that AHN Chat has saved",
    ),
)
