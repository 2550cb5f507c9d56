"""The text box under the conversation, with its buttons. `assets/ui/box.js` gives it life."""

from __future__ import annotations

from app.ui.views import markup as m

SEND = m.icon("M2.5 8L13.5 3l-3 10.5-3-4z")
STOP = m.icon("M4.5 4.5h7v7h-7z")


def box() -> str:
    """The text box before the model is there."""
    return (
        '<form id="ask" autocomplete="off">'
        '<label class="for-readers" for="ask-text">Ask about your documents</label>'
        '<textarea id="ask-text" rows="1" placeholder="The model is being loaded" disabled></textarea>'
        f'<button type="submit" class="submit-button" aria-label="Send" title="Send (Enter)">{SEND}</button>'
        '<button type="button" class="stop-button" data-action="stop" aria-label="Stop" title="Stop (Esc)" hidden>'
        f"{STOP}</button></form>"
    )
