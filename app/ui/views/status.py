"""The status line under the page, the line over the text box, and the bar at the top."""

from __future__ import annotations

from dataclasses import dataclass

from app.conversation.events import AnswerFigures, AnswerToken, ReadState, Waiting
from app.conversation.evidence import NO_EVIDENCE, Evidence
from app.ui.views import markup as m


@dataclass(frozen=True)
class Loading:
    """Where the model stands: `sentence` says what is done now, `fraction` how far it is (None: unknown)."""

    sentence: str = "Loading the model"
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
    `asking` says that the question, and turns that have to be read again before it, are being read.
    """
    items = []
    if reading is not None and reading.tokens_per_second:
        items.append(("read", m.rate(reading.tokens_per_second)))
    if asking:
        items.append(("answer", "reading the question"))
    elif writing is not None:
        items.append(("write", m.rate(writing.tokens_per_second)))
        items.append(("answer", m.plural(writing.tokens, "token")))
    elif last is not None:
        items.append(("write", m.rate(last.decode_tokens_per_second)))
        items.append(("to first token", m.duration(last.time_to_first_token)))
        items.append(("answer", m.plural(last.generated_tokens, "token")))
    if evidence.read:
        tokens = f", {m.plural(evidence.tokens, 'token')}" if evidence.tokens else ""
        items.append(("looked up", m.plural(evidence.read, "passage") + tokens))
    items.append(("in context", m.plural(context, "token")))
    if memory:
        items.append(("memory", memory))
    cells = "".join(
        f'<span data-item="{m.text(name)}"><i>{m.text(name)}</i> <b>{m.text(value)}</b></span>'
        for name, value in items
    )
    return f'<div class="status-line">{cells}</div>'


def waiting_line(waiting: Waiting) -> str:
    """Over the text box while a question waits: for what, how long still, and the way not to wait."""
    document = waiting.reading
    if document is None:
        ahead = f"for {m.plural(waiting.place, 'other answer')}" if waiting.place else "for the model"
        return f'<div class="waiting">{m.line(f"<span>Waiting {ahead}</span>", m.duration(waiting.seconds))}</div>'
    left = f" · {m.duration(document.seconds_left)} left" if document.seconds_left is not None else ""
    now = m.button("Ask about what has been read so far", "ask-now", css="button")
    until = f'<span>Waiting until</span><b class="name">{m.text(document.name)}</b><span>is read</span>'
    bar = m.progress(document.fraction, m.MEMORY, label="Reading before the answer")
    return f'<div class="waiting">{m.line(until, m.percent(document.fraction) + left)}{bar}{now}</div>'


def loading_line(loading: Loading) -> str:
    """Over the text box until the model is there."""
    if loading.ready:
        return ""
    if loading.error:
        return f'<div class="waiting failed" role="alert">{m.text(loading.error)}</div>'
    share = "" if loading.fraction is None else m.percent(loading.fraction)
    bar = (
        '<div class="meter busy"><span class="fill"></span></div>'
        if loading.fraction is None
        else m.progress(loading.fraction, m.WINDOW, label=loading.sentence)
    )
    return f'<div class="waiting">{m.line(m.text(loading.sentence), share)}{bar}</div>'


def top_bar(model_name: str = "") -> str:
    """Name, model, and the switches for the side panels, the colours and the shortcuts (handled in page.js)."""
    left = m.icon("M2.5 3h11v10h-11zM6 3v10")
    right = m.icon("M2.5 3h11v10h-11zM10 3v10")
    shade = m.icon("M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11")
    return (
        '<div class="top-bar">'
        + m.button("", "toggle-left", css="icon-button", icon=left, title="Documents and chats")
        + f'<span class="brand">AHN Chat</span><span class="model" id="model-name">{m.text(model_name)}</span>'
        + m.button(
            "",
            "toggle-shortcuts",
            css="icon-button",
            icon='<span class="key">?</span>',
            title="Keyboard shortcuts (Ctrl+/)",
        )
        + m.button("", "toggle-theme", css="icon-button", icon=shade, title="Light or dark")
        + m.button("", "toggle-right", css="icon-button", icon=right, title="Memory")
        + "</div>"
    )


SHORTCUTS = (
    ("Enter", "send the question"),
    ("Shift Enter", "new line"),
    ("Esc", "stop the answer, or close this"),
    ("Ctrl K", "search chats and documents"),
    ("Ctrl F", "search the document that is open"),
    ("← →", "turn the pages of the document that is open"),
    ("Ctrl /", "show these shortcuts"),
)


def shortcuts() -> str:
    """The card of keyboard shortcuts; page.js shows and hides it."""
    rows = "".join(
        f"<tr><th>{' '.join(f'<kbd>{m.text(key)}</kbd>' for key in keys.split())}</th><td>{m.text(does)}</td></tr>"
        for keys, does in SHORTCUTS
    )
    body = f"<h2>Keyboard</h2><table>{rows}</table>"
    return f'<div class="shortcuts" role="dialog" aria-label="Keyboard shortcuts">{body}</div>'
