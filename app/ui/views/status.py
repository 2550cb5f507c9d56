"""The status line under the page, the line over the text box, and the bar at the top."""

from __future__ import annotations

from dataclasses import dataclass

from app.conversation.events import AnswerFigures, AnswerToken, ReadState, Waiting
from app.conversation.evidence import NO_EVIDENCE, Evidence
from app.ui.views import markup as m
from app.ui.words.below import told_in
from app.ui.words.common import COMMON
from app.ui.words.frame import FRAME
from app.ui.words.server import SERVER


@dataclass(frozen=True)
class Loading:
    """Where the model stands: `sentence` says what is done now, `fraction` how far it is (None: unknown)."""

    sentence: str = ""
    fraction: float | None = None
    error: str = ""
    ready: bool = False


def status_line(
    *,
    reading: ReadState | None = None,
    asking: bool = False,
    writing: AnswerToken | None = None,
    last: AnswerFigures | None = None,
    context: int = 0,
    memory: str = "",
    evidence: Evidence = NO_EVIDENCE,
) -> str:
    """Tokens a second, time to the first token and the exact number of tokens in the conversation's cache.

    `evidence` is what was looked up for the last question.
    `asking` says that the question, and turns that have to be read again before it, are being read. `memory` is the
    chat's kind of memory.
    """
    w, counted = FRAME(), COMMON()
    items = []  # (name for the style, in words, value)
    if reading is not None and reading.tokens_per_second:
        items.append(("read", w.read, m.rate(reading.tokens_per_second)))
    if asking:
        items.append(("answer", w.answer, w.reading_question))
    elif writing is not None:
        items.append(("write", w.write, m.rate(writing.tokens_per_second)))
        items.append(("answer", w.answer, counted.tokens(writing.tokens)))
    elif last is not None:
        items.append(("write", w.write, m.rate(last.decode_tokens_per_second)))
        items.append(("to first token", w.first_token, m.duration(last.time_to_first_token)))
        items.append(("answer", w.answer, counted.tokens(last.generated_tokens)))
    if evidence.read:
        passages = counted.passages(evidence.read)
        if evidence.tokens:
            passages = w.looked_up_tokens.format(passages=passages, tokens=counted.tokens(evidence.tokens))
        items.append(("looked up", w.looked_up, passages))
    items.append(("in context", w.in_context, counted.tokens(context)))
    if memory:
        items.append(("memory", w.memory, w.kind[memory]))
    cells = "".join(
        f'<span data-item="{m.text(name)}"><i>{m.text(words)}</i> <b>{m.text(value)}</b></span>'
        for name, words, value in items
    )
    label = m.text(w.status_label)
    return f'<div class="status-line" role="group" aria-label="{label}" tabindex="0">{cells}</div>'


def waiting_line(waiting: Waiting) -> str:
    """Over the text box while a question waits: for what, how long still, and the way not to wait."""
    document = waiting.reading
    w = FRAME()
    if document is None:
        ahead = w.waiting_for_answers(waiting.place) if waiting.place else w.waiting_for_model
        line = m.line(f"<span>{m.text(ahead)}</span>", m.duration(waiting.seconds))
        return f'<div class="waiting">{line}</div>'
    left = f" · {m.left(document.seconds_left)}" if document.seconds_left is not None else ""
    now = m.button(w.ask_now, "ask-now", css="button")
    until = w.waiting_until_html.format(name=m.text(document.name))
    bar = m.progress(document.fraction, m.MEMORY, label=w.reading_before)
    return f'<div class="waiting">{m.line(until, m.percent(document.fraction) + left)}{bar}{now}</div>'


def loading_line(loading: Loading) -> str:
    """Over the text box until the model is there."""
    if loading.ready:
        return ""
    if loading.error:
        return f'<div class="waiting failed" role="alert">{m.text(told_in(SERVER().not_loaded, loading.error))}</div>'
    sentence = loading.sentence or FRAME().loading
    share = "" if loading.fraction is None else m.percent(loading.fraction)
    bar = (
        '<div class="meter busy"><span class="fill"></span></div>'
        if loading.fraction is None
        else m.progress(loading.fraction, m.WINDOW, label=sentence)
    )
    return f'<div class="waiting">{m.line(m.text(sentence), share)}{bar}</div>'


def top_bar(model_name: str = "") -> str:
    """Name, model, and the switches for the side panels, the colours and the shortcuts (handled in page.js)."""
    w = FRAME()
    left = m.icon("M2.5 3h11v10h-11zM6 3v10")
    right = m.icon("M2.5 3h11v10h-11zM10 3v10")
    shade = m.icon("M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11")
    return (
        '<div class="top-bar">'
        + m.button("", "toggle-left", css="icon-button", icon=left, title=w.toggle_left)
        + '<h1 class="brand">AHN Chat</h1>'
        + f'<span class="model" id="model-name" data-part="model-name">{m.text(model_name)}</span>'
        + m.button(
            "",
            "toggle-shortcuts",
            css="icon-button",
            icon='<span class="key">?</span>',
            title=w.toggle_shortcuts,
        )
        + m.button("", "toggle-theme", css="icon-button", icon=shade, title=w.toggle_theme)
        + m.button("", "toggle-right", css="icon-button", icon=right, title=COMMON().memory)
        + "</div>"
    )


def shortcuts() -> str:
    """The card of keyboard shortcuts; page.js shows and hides it."""
    w = FRAME()
    rows = "".join(
        f"<tr><th>{' '.join(f'<kbd>{m.text(key)}</kbd>' for key in keys.split())}</th><td>{m.text(does)}</td></tr>"
        for keys, does in w.shortcuts
    )
    body = f"<h2>{m.text(w.keyboard)}</h2><table>{rows}</table>"
    return f'<div class="shortcuts" role="dialog" aria-label="{m.text(w.shortcuts_label)}">{body}</div>'
