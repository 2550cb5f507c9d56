"""The document cards of the left column, and the line above the chat that says what is being read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.conversation.events import ReadingEstimate, ReadPhase, ReadState
from app.documents import format_page_ranges
from app.ui.views import extras as more
from app.ui.views import markup as m
from app.ui.views.extras import Extras
from app.ui.words.common import COMMON
from app.ui.words.documents import DOCUMENTS

RANGES_SHOWN = 12
OTHERS_SHOWN = 5


@dataclass(frozen=True)
class ImportState:
    """A file on its way into the library: its pages are being taken out, or `error` says in one sentence why not."""

    import_id: str
    name: str
    pages_done: int = 0
    pages_total: int = 0
    error: str = ""
    waiting: bool = False  # for the files before it
    scan_id: str = ""  # the document it became, where that has no text yet and can be recognised


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
    extras: Mapping[str, Extras] = MappingProxyType({}),
    encodings: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The documents of this chat, files on their way, and what else the library holds."""
    w = DOCUMENTS()
    add = m.button(
        COMMON().add_document, "pick-files", css="wide-button", icon=m.ICON_PLUS, title=w.add_title
    )
    if not ready:
        add = add.replace("<button ", "<button disabled ", 1)
    waiting = [state.document_id for state in documents if state.phase is ReadPhase.QUEUED]
    rows = [
        _card(
            state,
            extras.get(state.document_id, more.NOTHING),
            encodings,
            _movable(state.document_id, waiting),
        )
        for state in documents
    ]
    in_line = [state.import_id for state in imports if state.waiting]
    rows += [_import_card(state, _movable(state.import_id, in_line)) for state in imports]
    if not rows:
        rows = [f'<p class="quiet">{m.text(w.drop_hint)}</p>']
    library = ""
    if others and ready:
        entries = "".join(
            '<li class="entry">'
            + m.button(
                "",
                "add-document",
                css="entry-main",
                icon=f'{m.ICON_PLUS}<span class="name">{m.text(entry.name)}</span>'
                f'<span class="num">{COMMON().pages(entry.page_count)}</span>',
                title=COMMON().add_to_chat.format(name=entry.name),
                document_id=entry.document_id,
            )
            + "</li>"
            for entry in others[:OTHERS_SHOWN]
        )
        every = m.button(w.all, "show-library", title=w.all_title)
        library = (
            f'<h3 class="sub with-link">{m.text(w.in_library)} {every}</h3><ul class="entries">{entries}</ul>'
        )
    body = f'<h2>{m.text(w.heading)}</h2>{add}<div class="cards">{"".join(rows)}</div>{library}'
    return f'<section class="part">{body}</section>'


def _movable(one: str, waiting: Sequence[str]) -> tuple[bool, bool]:
    """Whether one of those that wait in line can go before the one in front of it, and after the next one."""
    place = waiting.index(one) if one in waiting else -1
    return place > 0, 0 <= place < len(waiting) - 1


def _moving(name: str, movable: tuple[bool, bool], action: str, **data: str) -> str:
    """The two buttons that change the place in line."""
    up, down = movable
    buttons = ""
    if up:
        buttons += m.button(
            "", action, css="icon-button", icon=m.icon("M8 12.5v-9M4.5 7L8 3.5 11.5 7"),
            title=DOCUMENTS().read_earlier.format(name=name), earlier="1", **data,
        )  # fmt: skip
    if down:
        buttons += m.button(
            "", action, css="icon-button", icon=m.icon("M8 3.5v9M4.5 9L8 12.5 11.5 9"),
            title=DOCUMENTS().read_later.format(name=name), earlier="", **data,
        )  # fmt: skip
    return buttons


def _card(state: ReadState, extras: Extras, encodings: Mapping[str, str], movable: tuple[bool, bool]) -> str:
    """Name, pages, tokens, how far, how fast, how long still, and the one thing to do about it."""
    w = DOCUMENTS()
    facts = f"{COMMON().pages(state.page_count)} · {_tokens(state.tokens_total, exact=state.tokens_exact)}"
    remove = m.button(
        "", "remove-document", css="icon-button faint", icon=m.ICON_CLOSE,
        title=w.remove.format(name=state.name), document_id=state.document_id,
    )  # fmt: skip
    lines = [f'<div class="line facts">{facts}</div>']
    if state.phase is ReadPhase.DONE:
        lines.append(
            m.line(m.text(w.read_in_full))
        )  # all documents share one memory; the panel shows its size
    else:
        lines.append(m.progress(state.fraction, m.MEMORY, label=COMMON().read_label.format(name=state.name)))
        lines.append(f'<div class="line">{_phase_line(state)}</div>')
    if state.pages_without_text:
        lines.append(
            f'<div class="line warn">{no_text_layer(state.pages_without_text, state.page_count)}</div>'
        )
    lines.append(more.lines(state.document_id, state.name, extras, encodings))
    if state.message:
        css = "error" if state.phase is ReadPhase.FAILED else "warn"
        lines.append(f'<div class="line {css}">{m.text(state.message)}</div>')
    return (
        f'<article class="card {state.phase.value}" data-document="{m.text(state.document_id)}">'
        f'<header>{_open_button(state)}<span class="num">{m.percent(state.fraction)}</span>'
        f"{_moving(state.name, movable, 'move-document', document_id=state.document_id)}{_control(state)}"
        f"{remove}</header>{''.join(lines)}</article>"
    )


def _open_button(state: ReadState) -> str:
    """The document's name, which opens it in the reader."""
    title = m.text(COMMON().open_document.format(name=state.name))
    return (
        f'<button type="button" class="name open-page" data-action="open-page" data-page="1"'
        f' data-document="{m.text(state.document_id)}" title="{title}">{m.text(state.name)}</button>'
    )


def _control(state: ReadState) -> str:
    w = DOCUMENTS()
    if state.active:
        return m.button(
            "", "cancel-reading", css="icon-button", icon=m.ICON_PAUSE,
            title=COMMON().stop_reading.format(name=state.name), document_id=state.document_id,
        )  # fmt: skip
    if state.phase in (ReadPhase.PAUSED, ReadPhase.FAILED):
        title = w.read_on if state.phase is ReadPhase.PAUSED else w.try_again
        return m.button(
            "", "resume-reading", css="icon-button", icon=m.ICON_PLAY,
            title=title.format(name=state.name), document_id=state.document_id,
        )  # fmt: skip
    return ""


def _phase_line(state: ReadState) -> str:
    w = DOCUMENTS()
    held = f'<span class="num" title="{m.text(w.held_title)}">{m.size(state.cache_nbytes)}</span>'
    known, time = state.seconds_left is not None, m.duration(state.seconds_left)
    if state.phase is ReadPhase.QUEUED:
        return (w.in_line_about.format(time=time) if known else COMMON().in_line) + held
    if state.phase is ReadPhase.COUNTING:
        return (w.counting_about.format(time=time) if known else w.counting) + held
    if state.phase is ReadPhase.READING:
        left = COMMON().left.format(time=time) if known else w.measuring
        return f"{m.rate(state.tokens_per_second)} · {left}{held}"
    if state.phase is ReadPhase.PAUSED:
        return w.paused_at.format(n=m.count(state.pages_done)) + held
    return w.stopped_at.format(n=m.count(state.pages_done))


def _tokens(count: int, *, exact: bool) -> str:
    tokens = COMMON().tokens(count)
    return tokens if exact else DOCUMENTS().about_tokens.format(tokens=tokens)


def _import_card(state: ImportState, movable: tuple[bool, bool]) -> str:
    w = DOCUMENTS()
    dismiss = m.button(
        "", "dismiss-import", css="icon-button", icon=m.ICON_CLOSE, import_id=state.import_id,
        title=(w.dismiss if state.error else w.cancel).format(name=state.name),
    )  # fmt: skip
    if state.waiting:
        moving = _moving(state.name, movable, "move-import", import_id=state.import_id)
        return (
            f'<article class="card importing"><header>{m.name(state.name)}{moving}{dismiss}</header>'
            f"{m.line(COMMON().in_line)}</article>"
        )
    doing = w.working_out_time if 0 < state.pages_total <= state.pages_done else w.taking_out_text
    pages = page_of(state.pages_done, state.pages_total) if state.pages_total else ""
    body = (
        f'<div class="line error" role="alert">{m.text(state.error)}</div>'
        if state.error
        else f'<div class="meter busy"><span class="fill"></span></div>{m.line(doing, pages)}'
    )
    if state.scan_id:
        body += m.button(
            w.recognise_text, "recognise", css="button",
            title=COMMON().recognise_text_of.format(name=state.name),
            document_id=state.scan_id, import_id=state.import_id, add="1",
        )  # fmt: skip
    return (
        f'<article class="card {"failed" if state.error else "importing"}">'
        f"<header>{m.name(state.name)}{dismiss}</header>{body}</article>"
    )


def page_of(done: int, total: int) -> str:
    """How far the pages of a document are."""
    return COMMON().page_of.format(n=m.count(done), total=m.count(total))


def no_text_layer(pages: Sequence[int], page_count: int) -> str:
    """Which pages cannot be read, and why: scans must not come out empty without a word."""
    w = DOCUMENTS()
    if len(pages) == page_count:
        return w.no_text_layer_at_all
    ranges = format_page_ranges(pages).split(", ")
    shown = ", ".join(ranges[:RANGES_SHOWN])
    if len(ranges) > RANGES_SHOWN:
        shown = w.more_stretches.format(ranges=shown, n=len(ranges) - RANGES_SHOWN)
    return w.no_text_layer(len(pages), ranges=shown)


def reading_line(documents: Sequence[ReadState], *, ready: bool = True) -> str:
    """The line above the chat: the document being read, or what the chat knows by now.

    Where there is none, the way to add one, on screens that fold the documents away.
    """
    if not documents:
        add = m.button(COMMON().add_document, "pick-files", css="wide-button", icon=m.ICON_PLUS)
        return f'<div class="reading-line narrow-only">{add}</div>' if ready else ""
    current = next((d for d in documents if d.phase in (ReadPhase.READING, ReadPhase.COUNTING)), None)
    if current is None:
        return _documents_summary(documents)
    facts = f"{COMMON().pages(current.page_count)} · {COMMON().tokens(current.tokens_total)}"
    left = f" · {m.left(current.seconds_left)}" if current.seconds_left is not None else ""
    share = DOCUMENTS().read_share.format(percent=m.percent(current.fraction))
    state = f"{share} · {m.rate(current.tokens_per_second)}{left}"
    cancel = m.button(
        "", "cancel-reading", css="icon-button", icon=m.ICON_PAUSE,
        title=COMMON().stop_reading.format(name=current.name), document_id=current.document_id,
    )  # fmt: skip
    bar = m.progress(current.fraction, m.MEMORY, label=COMMON().read_label.format(name=current.name))
    moving = f'<div class="line">{bar}<span class="num">{state}</span>{cancel}</div>'
    return f'<div class="reading-line">{m.line(m.name(current.name), facts)}{moving}</div>'


def _documents_summary(documents: Sequence[ReadState]) -> str:
    names = documents[0].name if len(documents) == 1 else COMMON().documents(len(documents))
    pages, tokens = sum(d.page_count for d in documents), sum(d.tokens_done for d in documents)
    total = sum(d.tokens_total for d in documents)
    how_far = (
        DOCUMENTS().read_in_full
        if all(d.phase is ReadPhase.DONE for d in documents)
        else DOCUMENTS().share_read.format(percent=m.percent(tokens / max(total, 1)))
    )
    facts = f"{COMMON().pages(pages)} · {COMMON().tokens(tokens)} · {how_far}"
    return f'<div class="reading-line">{m.line(m.name(names), facts)}</div>'


def estimate_sentence(name: str, page_count: int, estimate: ReadingEstimate) -> str:
    """What reading will take, before it starts; plain text."""
    w = DOCUMENTS()
    if not estimate.tokens:
        return w.kept_from_earlier.format(name=name)
    return w.estimate.format(
        name=name,
        pages=COMMON().pages(page_count),
        tokens=_tokens(estimate.tokens, exact=estimate.tokens_exact),
        time=w.time_not_measured
        if estimate.seconds is None
        else w.about_time.format(time=m.duration(estimate.seconds)),
        size=m.size(estimate.cache_nbytes),
    )
