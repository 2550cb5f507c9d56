"""The memory panel: what the model holds word for word, what it only remembers, and what that costs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.conversation.events import AnswerPiece, PageState, PageStates
from app.conversation.evidence import NO_EVIDENCE, Evidence
from app.ui.views import markup as m
from app.ui.views.first import why
from app.ui.words.common import COMMON
from app.ui.words.first import FIRST
from app.ui.words.memory import MEMORY
from app.ui.words.translated import number

if TYPE_CHECKING:
    from ahn_core import CacheStats, LayerStats
    from app.conversation.turns import Held

WIDTH = 1000  # of every drawing, in its own units; the page scales them to the column

_PAGE_CLASSES = {
    PageState.UNREAD: m.UNREAD,
    PageState.COMPRESSED: m.MEMORY,
    PageState.VERBATIM: m.WINDOW,
    PageState.NO_TEXT: m.BLANK,
    PageState.RECALLED: m.RECALLED,
}


def panel(
    stats: CacheStats | None,
    pages: Sequence[PageStates] = (),
    *,
    trained: bool,
    show_layers: bool = False,
    answer: Sequence[AnswerPiece] = (),
    show_answer: bool = False,
    evidence: Evidence = NO_EVIDENCE,
    held: Held | None = None,
) -> str:
    """The whole right column. `evidence` is what was looked up for the last question, `held` what the chat takes.
    `answer` are the pieces of the last answer, tinted where `show_answer` asks for it."""
    w, heading = MEMORY(), m.text(COMMON().memory)
    if stats is None:
        body = f'<p class="quiet">{m.text(w.nothing_read)}</p>'
        return f'<section class="part panel"><h2>{heading}</h2>{body}{_notes("ahn", trained)}</section>'
    parts = [
        f'<p class="total">{w.tokens_read_html(stats.seq_length)}'
        f"{why('tokens', FIRST().tokens, FIRST().tokens_why)}</p>",
        tier_bar(stats),
        _tier_table(stats, evidence),
        bytes_bars(stats),
        all_held(held),
        "".join(page_strip(document) for document in pages),
        _page_legend(pages),
        _notes(stats.kind, trained),
    ]
    if stats.kind == "ahn":
        parts.append(_toggle(w.per_layer, "toggle-layers", show_layers))
        parts.append(layer_charts(stats.layers) if show_layers else "")
    if answer and stats.kind == "ahn" and trained:
        parts.append(_toggle(w.word_by_word, "toggle-answer", show_answer))
        parts.append(tinted_answer(answer) if show_answer else "")
    return f'<section class="part panel"><h2>{heading}</h2>{"".join(parts)}</section>'


def _toggle(label: str, action: str, is_open: bool) -> str:
    return (
        f'<button type="button" class="disclosure" data-action="{action}" aria-expanded="{str(is_open).lower()}">'
        f'<span class="chevron" aria-hidden="true"></span>{m.text(label)}</button>'
    )


def _notes(kind: str, trained: bool) -> str:
    w = MEMORY()
    note = w.note.get(kind, w.limits if trained else w.untrained)
    return f'<p class="note">{m.text(note)}</p>'


def _tiers(stats: CacheStats) -> list[tuple[str, str, str, int, int]]:
    """(tier, name, in plain words, tokens, bytes) of what this cache holds."""
    w, exact = MEMORY(), COMMON().word_for_word
    if stats.kind == "full":
        return [(m.FULL, w.tier[m.FULL], exact, stats.seq_length, stats.nbytes)]
    tiers = [
        (m.SINKS, w.tier[m.SINKS], exact, stats.sink_tokens, stats.sink_bytes),
        (m.WINDOW, w.tier[m.WINDOW], exact, stats.window_tokens, stats.window_bytes),
    ]
    if stats.kind == "ahn":
        remembered = (
            m.MEMORY, w.tier[m.MEMORY], COMMON().remembered, stats.compressed_tokens, stats.memory_bytes,
        )  # fmt: skip
        return [*tiers, remembered]
    lost = stats.seq_length - stats.sink_tokens - stats.window_tokens
    return [*tiers, (m.UNREAD, w.tier[m.UNREAD], w.forgotten, lost, 0)]


def tier_bar(stats: CacheStats) -> str:
    """One bar of all tokens, by where they are now; a tier that holds any is at least a visible sliver."""
    tiers = [(tier, tokens) for tier, _, _, tokens, _ in _tiers(stats) if tokens]
    widths = proportional([tokens for _, tokens in tiers], WIDTH, least=14)
    rects, x = [], 0.0
    for (tier, _), width in zip(tiers, widths, strict=True):
        rects.append(f'<rect class="{tier}" x="{x:.1f}" y="0" width="{max(width - 3, 1):.1f}" height="18"/>')
        x += width
    return _svg("tier-bar", 18, "".join(rects), MEMORY().tier_bar)


def proportional(values: Sequence[int], total: float, *, least: float) -> list[float]:
    """Widths that add up to `total`, proportional to `values` but never under `least`."""
    if not values:
        return []
    everything = sum(values)
    small = [index for index, value in enumerate(values) if value * total < least * everything]
    if not small or len(small) == len(values):
        return [
            total / len(values) if len(small) == len(values) else value * total / everything
            for value in values
        ]
    rest = sum(value for index, value in enumerate(values) if index not in small)
    room = total - least * len(small)
    return [least if index in small else value * room / rest for index, value in enumerate(values)]


def _tier_table(stats: CacheStats, evidence: Evidence) -> str:
    rows = "".join(
        f'<tr title="{m.size(nbytes)}"><th scope="row"><span class="swatch {tier}"></span>{m.text(name)}'
        f"{_why(tier)}</th>"
        f'<td class="words">{m.text(words)}</td><td class="num">{m.count(tokens)}</td></tr>'
        for tier, name, words, tokens, nbytes in _tiers(stats)
    )
    if evidence.read:
        w = MEMORY()
        rows += (
            f'<tr title="{m.text(w.passages_title(evidence.read))}"><th scope="row">'
            f'<span class="swatch {m.RECALLED}"></span>{m.text(w.tier[m.RECALLED])}</th>'
            f'<td class="words">{m.text(COMMON().looked_up)}</td>'
            f'<td class="num">{m.count(evidence.tokens)}</td></tr>'
        )
    return f'<table class="tiers"><tbody>{rows}</tbody></table>'


def _why(tier: str) -> str:
    """A "?" beside the words that this program alone uses."""
    w = FIRST()
    explained = {
        m.SINKS: (w.sinks, w.sinks_why),
        m.WINDOW: (w.window, w.window_why),
        m.MEMORY: (w.compressed, w.compressed_why),
    }
    return why(tier, *explained[tier]) if tier in explained else ""


def bytes_bars(stats: CacheStats) -> str:
    """What this memory takes, by tier, and under it what keeping everything would take, to the same scale."""
    w = MEMORY()
    most = max(stats.nbytes, stats.full_attention_bytes, 1)
    rects, x = [], 0.0
    for tier, _, _, _, nbytes in _tiers(stats):
        width = WIDTH * nbytes / most
        rects.append(f'<rect class="{tier}" x="{x:.2f}" y="0" width="{max(width, 1.5):.2f}" height="12"/>')
        x += width
    held = m.line(m.text(w.this_memory), f"<b>{m.size(stats.nbytes)}</b>")
    own = f"{held}{_svg('bytes-bar', 12, ''.join(rects), w.in_use)}"
    if stats.kind == "full":
        return f'<div class="bytes">{own}</div>'
    width = max(WIDTH * stats.full_attention_bytes / most, 4)
    full = f'<rect class="full" x="0" y="0" width="{width:.2f}" height="12"/>'
    ratio = stats.full_attention_bytes / max(stats.nbytes, 1)
    size = m.size(stats.full_attention_bytes)
    if ratio > 1.05:
        size = w.times_as_much.format(size=size, n=number(ratio, ".1f" if ratio < 9.95 else ",.0f"))
    beside = m.line(m.text(w.full_attention), size)
    return f'<div class="bytes">{own}{beside}{_svg("bytes-bar", 12, full, w.full_attention_bar)}</div>'


def all_held(held: Held | None) -> str:
    """What the chat takes in all: this memory, and what leads back through its turns; "" before any turn."""
    if held is None or not held.tails:
        return ""
    w, size = MEMORY(), f"<b>{m.size(held.nbytes)}</b>"
    if held.disk_nbytes:
        size += f" · {m.text(w.on_disk.format(size=m.size(held.disk_nbytes)))}"
    title = w.this_chat_title.format(size=m.size(held.tails_nbytes))
    return f'<div class="held" title="{m.text(title)}">{m.line(m.text(w.this_chat), size)}</div>'


def page_strip(document: PageStates) -> str:
    """One cell a page; runs of like pages are one rectangle, so a strip of thousands of pages stays small."""
    w = MEMORY()
    total = max(len(document.states), 1)
    unit = WIDTH / total
    gap = (
        min(unit * 0.18, 2.0) if unit >= 18 else 0.0
    )  # between cells, where cells are wide enough to be told apart
    rects = []
    # Few pages of thousands are word for word: drawn last and never thinner than a pixel, they stay visible.
    for first, last, state in sorted(page_runs(document.states), key=lambda run: run[2]):
        told = w.one_page_state if first == last else w.pages_state
        title = told.format(first=first, last=last, state=w.page_state[state.name])
        width = max((last - first + 1) * unit, 5.0)
        x = min((first - 1) * unit, WIDTH - width)
        rects.append(
            f'<rect class="{_PAGE_CLASSES[state]}" x="{x:.2f}" y="0" width="{width:.2f}" height="26">'
            f"<title>{m.text(title)}</title></rect>"
        )
    if gap:
        path = "".join(f"M{page * unit - gap / 2:.2f} 0v26" for page in range(1, total))
        rects.append(f'<path class="cell-gaps" d="{path}" stroke-width="{gap:.2f}"/>')
    label = w.pages_of.format(name=document.name)
    heading = m.line(m.name(document.name), COMMON().pages(len(document.states)))
    return f'<div class="strip">{heading}{_svg("page-strip", 26, "".join(rects), label)}</div>'


def page_runs(states: bytes) -> list[tuple[int, int, PageState]]:
    """Runs of like pages: (first page, last page, state), pages counted from 1."""
    return [
        (run.start() + 1, run.end(), PageState(states[run.start()]))
        for run in re.finditer(rb"(.)\1*", states, re.DOTALL)
    ]


def _page_legend(pages: Sequence[PageStates]) -> str:
    if not pages:
        return ""
    w, everything = MEMORY(), b"".join(document.states for document in pages)
    items = "".join(
        f'<li><span class="swatch {_PAGE_CLASSES[state]}"></span>{m.text(w.page_state[state.name])} '
        f"<b>{m.count(everything.count(state))}</b></li>"
        for state in (
            PageState.VERBATIM,
            PageState.RECALLED,
            PageState.COMPRESSED,
            PageState.UNREAD,
            PageState.NO_TEXT,
        )
        if everything.count(state)
    )
    return f'<ul class="legend" aria-label="{m.text(w.pages_by_state)}">{items}</ul>'


def layer_charts(layers: Sequence[LayerStats]) -> str:
    """Per layer, from the first to the last: size of the state, share of the output, half-life."""
    w = MEMORY()
    if not layers:
        return f'<p class="quiet">{m.text(w.nothing_compressed)}</p>'
    charts = [
        _bars(w.state_norm, [layer.state_norm for layer in layers], ".3g"),
        _bars(w.share_of_output, [100 * layer.memory_share for layer in layers], ".1f", "%"),
    ]
    if any(layer.half_life is not None for layer in layers):
        charts.append(_bars(w.half_life, [layer.half_life or 0.0 for layer in layers], ",.0f"))
    axis = m.line(w.layer.format(n=1), w.layer.format(n=len(layers)), "dim")
    return f'<div class="layers">{"".join(charts)}{axis}</div>'


def _bars(title: str, values: Sequence[float], form: str, sign: str = "") -> str:
    w = MEMORY()
    finite = [value for value in values if value < float("inf")]
    most = max(finite, default=0.0)
    unit = WIDTH / len(values)
    rects = []
    for index, value in enumerate(values):
        height = 70 * min(value / most, 1.0) if most > 0 else 0.0
        shown = number(value, form) + sign if value < float("inf") else w.never
        told = m.text(w.layer_value.format(n=index + 1, value=shown))
        rects.append(
            f'<rect class="memory" x="{index * unit:.1f}" y="{71 - max(height, 1):.1f}" width="{unit * 0.76:.1f}"'
            f' height="{max(height, 1):.1f}"><title>{told}</title></rect>'
        )
    span = w.up_to.format(most=number(most, form) + sign) if most > 0 else w.none
    label = w.by_layer.format(title=title)
    return m.line(m.text(title), m.text(span)) + _svg("layer-bars", 72, "".join(rects), label)


def tinted_answer(pieces: Sequence[AnswerPiece], *, most: float = 0.0) -> str:
    """The answer, each token tinted by its share of compressed memory, to the scale of the strongest one."""
    w = MEMORY()
    strongest = max([most, *(piece.memory_share for piece in pieces)])
    spans = "".join(
        f'<span style="--share:{piece.memory_share / strongest if strongest > 0 else 0:.2f}"'
        f' title="{m.text(w.drawn_share.format(percent=_share(piece.memory_share)))}">{m.text(piece.text)}</span>'
        for piece in pieces
        if piece.text
    )
    scale = m.line(m.text(w.strongest.format(percent=_share(strongest))), css="dim")
    return f'<div class="tinted">{spans}</div>{scale}'


def _share(fraction: float) -> str:
    return f"{number(100 * fraction, '.1f')}%"


def _svg(css: str, height: int, content: str, label: str) -> str:
    return (
        f'<svg class="{css}" viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{m.text(label)}">{content}</svg>'
    )
