"""The document cards of the left column, and the line above the chat that says what is being read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.conversation.events import ReadingEstimate, ReadPhase, ReadState
from app.documents import format_page_ranges
from app.ui.views import markup as m

RANGES_SHOWN = 12


@dataclass(frozen=True)
class ImportState:
    """A file on its way into the library: its pages are being taken out, or `error` says in one sentence why not."""

    import_id: str
    name: str
    pages_done: int = 0
    pages_total: int = 0
    error: str = ""


@dataclass(frozen=True)
class LibraryEntry:
    """A document of the library that this chat does not have."""

    document_id: str
    name: str
    page_count: int


def cards(
    documents: Sequence[ReadState],
    imports: Sequence[ImportState] = (),
    others: Sequence[LibraryEntry] = (),
    *,
    ready: bool,
) -> str:
    """The documents of this chat, files on their way, and what else the library holds."""
    add = m.button(
        "Add document",
        "pick-files",
        css="wide-button",
        icon=m.ICON_PLUS,
        title="Add documents: PDF, Word, Excel, PowerPoint, OpenDocument, EPUB, HTML, mail, text and more",
    )
    if not ready:
        add = add.replace("<button ", "<button disabled ", 1)
    rows = [_card(state) for state in documents] + [_import_card(state) for state in imports]
    if not rows:
        rows = [
            '<p class="quiet">Drop documents anywhere on this page: PDF, Word, Excel, EPUB, HTML, mail, text and more. '
            "They stay on this computer.</p>"
        ]
    library = ""
    if others and ready:
        entries = "".join(
            '<li class="entry">'
            + m.button(
                "",
                "add-document",
                css="entry-main",
                icon=f'{m.ICON_PLUS}<span class="name">{m.text(entry.name)}</span>'
                f'<span class="num">{m.plural(entry.page_count, "page")}</span>',
                title=f"Add {entry.name} to this chat",
                document_id=entry.document_id,
            )
            + "</li>"
            for entry in others
        )
        library = f'<h3 class="sub">In your library</h3><ul class="entries">{entries}</ul>'
    return f'<section class="part"><h2>Documents</h2>{add}<div class="cards">{"".join(rows)}</div>{library}</section>'


def _card(state: ReadState) -> str:
    """Name, pages, tokens, how far, how fast, how long still, and the one thing to do about it."""
    approximately = "" if state.tokens_exact else "about "
    facts = f"{m.plural(state.page_count, 'page')} · {approximately}{m.count(state.tokens_total)} tokens"
    remove = m.button(
        "", "remove-document", css="icon-button faint", icon=m.ICON_CLOSE,
        title=f"Remove {state.name} from this chat", document_id=state.document_id,
    )  # fmt: skip
    lines = [f'<div class="line facts">{facts}</div>']
    if state.phase is ReadPhase.DONE:
        lines.append(m.line("read in full"))  # all documents share one memory; the panel shows its size
    else:
        lines.append(m.progress(state.fraction, m.MEMORY, label=f"{state.name}: read"))
        lines.append(f'<div class="line">{_phase_line(state)}</div>')
    if state.pages_without_text:
        lines.append(
            f'<div class="line warn">{no_text_layer(state.pages_without_text, state.page_count)}</div>'
        )
    if state.message:
        css = "error" if state.phase is ReadPhase.FAILED else "warn"
        lines.append(f'<div class="line {css}">{m.text(state.message)}</div>')
    return (
        f'<article class="card {state.phase.value}" data-document="{m.text(state.document_id)}">'
        f'<header>{m.name(state.name)}<span class="num">{m.percent(state.fraction)}</span>'
        f"{_control(state)}{remove}</header>{''.join(lines)}</article>"
    )


def _control(state: ReadState) -> str:
    if state.active:
        return m.button(
            "", "cancel-reading", css="icon-button", icon=m.ICON_PAUSE,
            title=f"Stop reading {state.name}; what was read stays", document_id=state.document_id,
        )  # fmt: skip
    if state.phase in (ReadPhase.PAUSED, ReadPhase.FAILED):
        verb = "Read on in" if state.phase is ReadPhase.PAUSED else "Try again to read"
        return m.button(
            "", "resume-reading", css="icon-button", icon=m.ICON_PLAY,
            title=f"{verb} {state.name}", document_id=state.document_id,
        )  # fmt: skip
    return ""


def _phase_line(state: ReadState) -> str:
    held = (
        f'<span class="num" title="memory of this chat once it is read">{m.size(state.cache_nbytes)}</span>'
    )
    left = f"{m.duration(state.seconds_left)} left" if state.seconds_left is not None else "measuring speed"
    if state.phase is ReadPhase.QUEUED:
        expected = f", about {m.duration(state.seconds_left)}" if state.seconds_left is not None else ""
        return f"in line{expected}{held}"
    if state.phase is ReadPhase.COUNTING:
        expected = (
            f", about {m.duration(state.seconds_left)} to read" if state.seconds_left is not None else ""
        )
        return f"counting tokens{expected}{held}"
    if state.phase is ReadPhase.READING:
        return f"{m.rate(state.tokens_per_second)} · {left}{held}"
    if state.phase is ReadPhase.PAUSED:
        return f"paused at page {m.count(state.pages_done)}{held}"
    return f"stopped at page {m.count(state.pages_done)}"


def _import_card(state: ImportState) -> str:
    dismiss = m.button(
        "", "dismiss-import", css="icon-button", icon=m.ICON_CLOSE, import_id=state.import_id,
        title=f"Dismiss {state.name}" if state.error else f"Cancel {state.name}",
    )  # fmt: skip
    doing = "working out the time" if 0 < state.pages_total <= state.pages_done else "taking out the text"
    pages = f"page {m.count(state.pages_done)} of {m.count(state.pages_total)}" if state.pages_total else ""
    body = (
        f'<div class="line error" role="alert">{m.text(state.error)}</div>'
        if state.error
        else f'<div class="meter busy"><span class="fill"></span></div>{m.line(doing, pages)}'
    )
    return (
        f'<article class="card {"failed" if state.error else "importing"}">'
        f"<header>{m.name(state.name)}{dismiss}</header>{body}</article>"
    )


def no_text_layer(pages: Sequence[int], page_count: int) -> str:
    """Which pages cannot be read, and why: scans must not come out empty without a word."""
    if len(pages) == page_count:
        return "no text layer on any page: this is a scan, and there is nothing to read in it"
    noun = "page" if len(pages) == 1 else "pages"
    ranges = format_page_ranges(pages).split(", ")
    shown = ", ".join(ranges[:RANGES_SHOWN])
    more = f" and {len(ranges) - RANGES_SHOWN} more stretches" if len(ranges) > RANGES_SHOWN else ""
    return f"no text layer on {noun} {shown}{more}: these were skipped"


def reading_line(documents: Sequence[ReadState], *, ready: bool = True) -> str:
    """The line above the chat: the document being read, or what the chat knows by now.

    Where there is none, the way to add one, on screens that fold the documents away.
    """
    if not documents:
        add = m.button("Add document", "pick-files", css="wide-button", icon=m.ICON_PLUS)
        return f'<div class="reading-line narrow-only">{add}</div>' if ready else ""
    current = next((d for d in documents if d.phase in (ReadPhase.READING, ReadPhase.COUNTING)), None)
    if current is None:
        return _documents_summary(documents)
    facts = f"{m.plural(current.page_count, 'page')} · {m.count(current.tokens_total)} tokens"
    left = f" · {m.duration(current.seconds_left)} left" if current.seconds_left is not None else ""
    state = f"read {m.percent(current.fraction)} · {m.rate(current.tokens_per_second)}{left}"
    cancel = m.button(
        "", "cancel-reading", css="icon-button", icon=m.ICON_PAUSE,
        title=f"Stop reading {current.name}; what was read stays", document_id=current.document_id,
    )  # fmt: skip
    bar = m.progress(current.fraction, m.MEMORY, label=f"{current.name}: read")
    moving = f'<div class="line">{bar}<span class="num">{state}</span>{cancel}</div>'
    return f'<div class="reading-line">{m.line(m.name(current.name), facts)}{moving}</div>'


def _documents_summary(documents: Sequence[ReadState]) -> str:
    names = documents[0].name if len(documents) == 1 else m.plural(len(documents), "document")
    pages, tokens = sum(d.page_count for d in documents), sum(d.tokens_done for d in documents)
    total = sum(d.tokens_total for d in documents)
    how_far = (
        "read in full"
        if all(d.phase is ReadPhase.DONE for d in documents)
        else f"{m.percent(tokens / max(total, 1))} read"
    )
    facts = f"{m.plural(pages, 'page')} · {m.count(tokens)} tokens · {how_far}"
    return f'<div class="reading-line">{m.line(m.name(names), facts)}</div>'


def estimate_sentence(name: str, page_count: int, estimate: ReadingEstimate) -> str:
    """What reading will take, before it starts; plain text."""
    about = "" if estimate.tokens_exact else "about "
    if not estimate.tokens:
        return f"{name}: kept from an earlier reading, nothing has to be read again."
    time = (
        f"about {m.duration(estimate.seconds)}" if estimate.seconds is not None else "a time not measured yet"
    )
    return (
        f"{name}: {m.plural(page_count, 'page')}, {about}{m.count(estimate.tokens)} tokens; "
        f"reading takes {time} and {m.size(estimate.cache_nbytes)} of memory."
    )
