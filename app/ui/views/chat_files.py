"""The ways to save chats as files and to take them in again."""

from __future__ import annotations

from app.ui.views import markup as m
from app.ui.views.library import ICON_SAVE
from app.ui.words.chat_files import CHAT_FILES


def save_links(chat_id: str) -> str:
    """Of the chat that is open: beside what else can be done with the whole conversation."""
    w = CHAT_FILES()
    ways = ((w.markdown, "md", w.save_markdown), (w.json, "json", w.save_json))
    return "".join(
        f'<a class="tool words" href="/chats/{m.text(chat_id)}.{suffix}" download aria-label="{m.text(title)}"'
        f' title="{m.text(title)}">{ICON_SAVE}{m.text(label)}</a>'
        for label, suffix, title in ways
    )


def frame() -> str:
    """Of all chats, below the library."""
    w = CHAT_FILES()
    pick = m.button(w.import_chats, "pick-chats", css="button small", title=w.import_title)
    return (
        f'<section class="chat-files"><h3 class="sub">{m.text(w.heading)}</h3><p class="quiet">{m.text(w.about)}</p>'
        f'<p><a class="button small" href="/chats/all.json" download>{m.text(w.save_all)}</a> {pick}</p></section>'
    )
