"""The library, and what a search over all documents found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


@dataclass(frozen=True)
class LibraryWords:
    """sort: the ways to sort. kind, disk: what a document, and everything, consists of on the disk."""

    heading: str
    name_placeholder: str
    search_label: str
    sorted_by: str
    sort: Mapping[str, str]
    kind: Mapping[str, str]
    disk: Mapping[str, str]
    on_this_disk_html: str
    none_called: str
    appear_here: str
    cannot_be_read: str
    documents: str
    ask_delete_readings: str
    delete_readings: str
    free_space: str
    free_space_title: str
    added: str
    used: str
    in_this_chat: str
    in_this_chat_share: str
    doing_pages: str
    save_file: str
    save_text: str
    rename: str
    delete: str
    new_name: str
    better_text: str
    ask_delete: str
    frees: str
    chats_use: Plural
    title: str
    chats_and_more: str
    deleted: str
    readings_deleted: str
    readings_not_deleted: str
    in_documents: str
    no_document_contains: str


LIBRARY = Translated(
    english=LibraryWords(
        heading="Library",
        name_placeholder="Name of a document",
        search_label="Search the library by name",
        sorted_by="Sorted by",
        sort={"added": "last added", "name": "name", "used": "last used", "size": "size on disk"},
        kind={"original": "file", "text": "text", "readings": "readings"},
        disk={"originals": "files", "text": "texts and chats", "readings": "readings", "turns": "open chats"},
        on_this_disk_html="<b>{size}</b> on this disk: {parts}",
        none_called="No document is called like this.",
        appear_here="Documents appear here once added.",
        cannot_be_read="Cannot be read",
        documents="Documents",
        ask_delete_readings=(
            "Delete the readings of all documents ({size})? They are read again when they are next asked about."
        ),
        delete_readings="Delete readings",
        free_space="Free space",
        free_space_title="Delete what documents were read into",
        added="added {day}",
        used="used {day}",
        in_this_chat="in this chat, read",
        in_this_chat_share="in this chat, read {percent}",
        doing_pages="{doing} {n} of {total}",
        save_file="Save the file of {name}",
        save_text="Save the text of {name}",
        rename="Rename {name}",
        delete="Delete {name}",
        new_name="New name of {name}",
        better_text="A better text of {name} may be had",
        ask_delete="Delete {name}?",
        frees=" That frees {size}: its file, text and readings.",
        chats_use=Plural(
            " The chat {chats} uses it; it keeps its questions and answers.",
            " The chats {chats} use it; they keep their questions and answers.",
        ),
        title="“{title}”",
        chats_and_more="{chats} and {n} more",
        deleted="{name} is deleted; that freed {size}.",
        readings_deleted="The readings are deleted; that freed {size}.",
        readings_not_deleted=(
            "Not every reading could be deleted ({error}); those that are left are good, try again."
        ),
        in_documents="In your documents",
        no_document_contains="No document contains this.",
    ),
)
