"""The text box under the conversation, with its buttons. `assets/ui/box.js` gives it life."""

from __future__ import annotations

from app.ui.views import markup as m
from app.ui.words.chat import CHAT
from app.ui.words.common import COMMON

SEND = m.icon("M2.5 8L13.5 3l-3 10.5-3-4z")
STOP = m.icon("M4.5 4.5h7v7h-7z")


def box() -> str:
    """The text box before the model is there."""
    w = CHAT()
    loading = m.text(COMMON().model_loading)
    return (
        '<form id="ask" autocomplete="off">'
        f'<label class="for-readers" for="ask-text">{m.text(w.ask_label)}</label>'
        f'<textarea id="ask-text" rows="1" placeholder="{loading}" disabled></textarea>'
        f'<button type="submit" class="submit-button" aria-label="{m.text(w.send)}" title="{m.text(w.send_title)}">'
        f"{SEND}</button>"
        f'<button type="button" class="stop-button" data-action="stop" aria-label="{m.text(w.stop)}"'
        f' title="{m.text(w.stop_title)}" hidden>{STOP}</button></form>'
    )
