"""The first minute: the sample with its questions, what the model is and is not, and what stands behind a "?"."""

from __future__ import annotations

from collections.abc import Sequence

from app.installation import added_by
from app.ui.views import markup as m
from app.ui.words.chat import CHAT
from app.ui.words.first import FIRST


def empty(*, embedded: str = "", offer: bool = False, questions: Sequence[str] = ()) -> str:
    """A conversation that has not begun. embedded: the name of the model that comes with the app, where it answers;
    offer: the sample can be added; questions: of the sample, where it is here."""
    w, chat = FIRST(), CHAT()
    note = ""
    if embedded:
        better = m.button(w.better_model, "show-models", css="link")
        note = f'<p class="model-note">{m.text(w.small_model.format(model=embedded))}</p>{better}'
    tried = ""
    if questions:
        asked = "".join(m.button(question, "ask", css="button", value=question) for question in questions)
        tried = f'<div class="try" role="group" aria-label="{m.text(w.try_asking)}">{asked}</div>'
    elif offer:
        tried = m.button(w.offer, "add-sample", css="button", title=w.offer_title)
    return f'<div class="empty"><p>{m.text(chat.empty_heading)}</p><p>{m.text(chat.empty)}</p>{tried}{note}</div>'


def why(name: str, word: str, explained: str) -> str:
    """A "?" that explains a word: the browser opens and closes what stands behind it, by click, Enter and Esc."""
    label = m.text(FIRST().what_are.format(word=word))
    return (
        f'<button type="button" class="why" popovertarget="why-{name}" aria-label="{label}">?</button>'
        f'<span popover id="why-{name}" class="why-text" role="note">{m.text(explained)}</span>'
    )


def extras(missing: dict[str, str]) -> str:
    """What could be installed: by the name of each extra, what it gives; "" where all are there."""
    if not missing:
        return ""
    w = FIRST()
    items = "".join(f"<li>{m.text(words)}</li>" for words in missing.values())
    command = f"<code>{m.text(added_by(*missing))}</code>"
    return (
        f'<section class="extras"><h3 class="sub">{m.text(w.extras)}</h3><ul>{items}</ul>'
        f'<p class="quiet">{m.text(w.extras_of)} {command} {m.text(w.restart)}</p></section>'
    )
