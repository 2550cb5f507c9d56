"""Looks up what the cards of a chat's documents offer beside their reading."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from app.documents import recognition
from app.ui.retaking import pages_to_recognise
from app.ui.views.extras import Extras, no_longer_told

if TYPE_CHECKING:
    from app.conversation import Chat, Engine
    from app.store import Document
    from app.ui.session import Tab

LOOK_SECONDS = 3.0  # between looks into the store, unless the reader did something


def extras_of(tab: Tab, engine: Engine | None) -> dict[str, Extras]:
    """By document of the tab's chat. What takes the store is looked up once in a while, what moves each time."""
    chat = tab.chat
    if chat is None or engine is None:
        return {}
    here = {state.document_id for state in chat.documents}
    now = time.monotonic()
    if now >= tab.extras_due or here != set(tab.extras):
        tab.extras_due = now + LOOK_SECONDS
        tab.extras = _look_up(chat, engine, here, tab.extras)
    retakes = tab.retakes()
    return {
        document_id: replace(
            extras, retake=retakes.get(document_id), choosing=tab.choosing_encoding == document_id
        )
        for document_id, extras in tab.extras.items()
    }


def _look_up(chat: Chat, engine: Engine, here: set[str], before: dict[str, Extras]) -> dict[str, Extras]:
    known = {document.id: document for document in engine.store.documents.list()}
    newer = set(chat.newer_texts())
    return {
        document_id: _of_document(engine, known[document_id], document_id in newer, before.get(document_id))
        if document_id in known
        else Extras()  # deleted, or damaged
        for document_id in here
    }


def _of_document(engine: Engine, document: Document, newer: bool, before: Extras | None) -> Extras:
    if before is not None and before.revision == document.revision:
        pages = before.pages_to_recognise
    else:  # without a warning no page has any
        pages = tuple(pages_to_recognise(engine.store.documents, document)) if document.warnings else ()
    return Extras(
        revision=document.revision,
        encoding=document.encoding,
        newer=newer or document.can_be_read_again,
        warnings=no_longer_told(document.warnings, document.pages_without_text),
        pages_to_recognise=pages,
        recognition=recognition.is_available(),
        can_take_again=document.nbytes is not None,
    )
