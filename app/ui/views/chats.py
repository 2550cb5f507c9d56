"""The list of past chats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.ui.views import markup as m

if TYPE_CHECKING:
    from app.store import ChatSummary

PIN, UNPIN = "Pin {title} to the top", "Unpin {title}"
ICON_PIN = m.icon("M5.5 2.5h5M6.5 2.5v4L4.5 9h7L9.5 6.5v-4M8 9v4.5")


def chat_list(
    chats: Sequence[ChatSummary], open_id: str, *, renaming: str = "", deleting: str = "", query: str = ""
) -> str:
    """Past chats, last used first. `renaming` and `deleting` name the one chat whose row asks for more."""
    rows = "".join(_row(chat, chat.id == open_id, chat.id == renaming, chat.id == deleting) for chat in chats)
    if not rows:
        nothing = "No chat contains this." if query else "Chats appear here with their first question."
        rows = f'<li class="quiet">{nothing}</li>'
    search = (
        f'<label class="search">{m.ICON_SEARCH}<input id="chat-search" type="search" data-input="search-everything"'
        f' placeholder="Search everything" aria-label="Search chats and documents" autocomplete="off">'
        "<kbd>Ctrl K</kbd></label>"
    )
    new = m.button("New", "new-chat", css="link", icon=m.ICON_PLUS, title="Start a new chat")
    body = f'<h2>Chats{new}</h2>{search}<ul class="entries">{rows}</ul>'
    return f'<section class="part chats" data-open="{m.text(open_id)}">{body}</section>'


def _row(chat: ChatSummary, is_open: bool, renaming: bool, deleting: bool) -> str:
    if renaming:
        return (
            f'<li class="entry editing"><input class="rename" data-enter="rename-chat" data-escape="cancel-rename"'
            f' data-chat-id="{m.text(chat.id)}" value="{m.text(chat.title)}" maxlength="120"'
            ' aria-label="New name"></li>'
        )
    if deleting:
        yes = m.button("Delete", "delete-chat", css="link danger", chat_id=chat.id)
        no = m.button("Keep", "cancel-delete", css="link")
        return (
            f'<li class="entry asking"><span class="name">Delete “{m.text(chat.title)}”?</span>{yes}{no}</li>'
        )
    detail = m.plural(chat.turn_count, "question")
    if chat.document_names:
        detail += " · " + ", ".join(chat.document_names)
    if chat.unreadable:
        detail += f" · cannot be opened: {chat.unreadable}"
    open_button = (
        f'<button type="button" class="entry-main" data-action="open-chat" data-chat-id="{m.text(chat.id)}"'
        f' title="{m.text(chat.title)}\n{m.text(detail)}"{" aria-current=true" if is_open else ""}>'
        f'<span class="name">{m.text(chat.title)}</span></button>'
    )
    pin = m.button(
        "",
        "pin-chat",
        css="icon-button pinned" if chat.pinned else "icon-button faint",
        icon=ICON_PIN,
        title=(UNPIN if chat.pinned else PIN).format(title=chat.title),
        chat_id=chat.id,
        pinned="" if chat.pinned else "1",
    )
    rename = m.button(
        "",
        "ask-rename",
        css="icon-button faint",
        icon=m.ICON_PEN,
        title=f"Rename {chat.title}",
        chat_id=chat.id,
    )
    delete = m.button(
        "",
        "ask-delete",
        css="icon-button faint",
        icon=m.ICON_BIN,
        title=f"Delete {chat.title}",
        chat_id=chat.id,
    )
    return f'<li class="entry{" open" if is_open else ""}">{open_button}{pin}{rename}{delete}</li>'
