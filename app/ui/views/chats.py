"""The list of past chats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.ui.views import markup as m
from app.ui.words.below import told
from app.ui.words.chat import CHAT
from app.ui.words.common import COMMON

if TYPE_CHECKING:
    from app.store import ChatSummary

ICON_PIN = m.icon("M5.5 2.5h5M6.5 2.5v4L4.5 9h7L9.5 6.5v-4M8 9v4.5")


def chat_list(
    chats: Sequence[ChatSummary], open_id: str, *, renaming: str = "", deleting: str = "", query: str = ""
) -> str:
    """Past chats, last used first. `renaming` and `deleting` name the one chat whose row asks for more."""
    w = CHAT()
    # The list costs one stop of the Tab key: at the chat that is open. Arrow keys go on from there.
    stop = next((chat.id for chat in chats if chat.id == open_id), chats[0].id if chats else "")
    rows = "".join(
        _row(chat, chat.id == open_id, chat.id == renaming, chat.id == deleting, chat.id == stop)
        for chat in chats
    )
    if not rows:
        nothing = w.no_chat_contains if query else w.chats_appear
        rows = f'<li class="quiet">{nothing}</li>'
    search = (
        f'<label class="search">{m.ICON_SEARCH}<input id="chat-search" type="search" data-input="search-everything"'
        f' placeholder="{m.text(w.search_placeholder)}" aria-label="{m.text(w.search_label)}" autocomplete="off">'
        "<kbd>Ctrl K</kbd></label>"
    )
    new = m.button(w.new, "new-chat", css="link", icon=m.ICON_PLUS, title=w.new_title)
    entries = f'<ul class="entries" aria-label="{m.text(w.list_label)}" data-arrows>{rows}</ul>'
    body = f"<h2>{w.chats}{new}</h2>{search}{entries}"
    return f'<section class="part chats" data-open="{m.text(open_id)}">{body}</section>'


def _row(chat: ChatSummary, is_open: bool, renaming: bool, deleting: bool, stop: bool) -> str:
    w = CHAT()
    if renaming:
        return (
            f'<li class="entry editing"><input class="rename" data-enter="rename-chat" data-escape="cancel-rename"'
            f' data-chat-id="{m.text(chat.id)}" value="{m.text(chat.title)}" maxlength="120"'
            f' aria-label="{m.text(w.new_name)}"></li>'
        )
    if deleting:
        yes = m.button(COMMON().delete, "delete-chat", css="link danger", chat_id=chat.id)
        no = m.button(COMMON().keep, "cancel-delete", css="link")
        question = m.text(w.ask_delete.format(title=chat.title))
        asked = f'<span class="name">{question}</span>{yes}{no}'
        return f'<li class="entry asking" data-cancel="cancel-delete">{asked}</li>'
    detail = COMMON().questions(chat.turn_count)
    if chat.document_names:
        detail += " · " + ", ".join(chat.document_names)
    if chat.unreadable:
        detail += " · " + w.cannot_be_opened.format(reason=told(chat.unreadable))
    open_button = (
        f'<button type="button" class="entry-main" data-action="open-chat" data-chat-id="{m.text(chat.id)}"'
        f' title="{m.text(chat.title)}\n{m.text(detail)}"{" aria-current=true" if is_open else ""}'
        f' tabindex="{0 if stop else -1}">'
        f'<span class="name">{m.text(chat.title)}</span></button>'
    )
    pin = m.button(
        "",
        "pin-chat",
        css="icon-button pinned" if chat.pinned else "icon-button faint",
        icon=ICON_PIN,
        title=(w.unpin if chat.pinned else w.pin).format(title=chat.title),
        chat_id=chat.id,
        pinned="" if chat.pinned else "1",
    )
    rename = m.button(
        "",
        "ask-rename",
        css="icon-button faint",
        icon=m.ICON_PEN,
        title=w.rename.format(title=chat.title),
        chat_id=chat.id,
    )
    delete = m.button(
        "",
        "ask-delete",
        css="icon-button faint",
        icon=m.ICON_BIN,
        title=w.delete.format(title=chat.title),
        chat_id=chat.id,
    )
    tools = (pin + rename + delete).replace("<button ", '<button tabindex="-1" ')
    return f'<li class="entry{" open" if is_open else ""}">{open_button}{tools}</li>'
