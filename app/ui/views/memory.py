"""The memory panel: what the model holds word for word, what it only remembers, and what that costs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.conversation.events import AnswerPiece, PageState, PageStates
from app.conversation.evidence import NO_EVIDENCE, Evidence
from app.ui.views import markup as m

if TYPE_CHECKING:
    from ahn_core import CacheStats, LayerStats
    from app.conversation.turns import Held

WIDTH = 1000  # of every drawing, in its own units; the page scales them to the column

UNTRAINED = (
    "The compressed memory of this model is untrained: it adds nothing yet, so answers are exactly those of sinks and "
    "window alone. Load a trained AHN checkpoint to change that."
)
LIMITS = (
    "Compressed memory keeps the gist, not the wording: names, numbers and quotations that have left the window cannot "
    "be recalled exactly."
)
ALL_HELD = "this chat in all"
ON_DISK = " · {size} on disk"
ALL_HELD_TITLE = (
    "This memory, and {size} of what turns have overwritten in it, so that an answer can be given again."
)

_PAGE_CLASSES = {
    PageState.UNREAD: m.UNREAD,
    PageState.COMPRESSED: m.MEMORY,
    PageState.VERBATIM: m.WINDOW,
    PageState.NO_TEXT: m.BLANK,
    PageState.RECALLED: m.RECALLED,
}
_PAGE_WORDS = {
    PageState.UNREAD: "unread",
    PageState.COMPRESSED: "remembered",
    PageState.VERBATIM: "word for word",
    PageState.NO_TEXT: "no text",
    PageState.RECALLED: "looked up",
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
    if stats is None:
        body = '<p class="quiet">Nothing read yet. However long a document is, this memory stays the same size.</p>'
        return f'<section class="part panel"><h2>Memory</h2>{body}{_notes("ahn", trained)}</section>'
    parts = [
        f'<p class="total"><b>{m.count(stats.seq_length)}</b> tokens read</p>',
        tier_bar(stats),
        _tier_table(stats, evidence),
        bytes_bars(stats),
        all_held(held),
        "".join(page_strip(document) for document in pages),
        _page_legend(pages),
        _notes(stats.kind, trained),
    ]
    if stats.kind == "ahn":
        parts.append(_toggle("Per layer", "toggle-layers", show_layers))
        parts.append(layer_charts(stats.layers) if show_layers else "")
    if answer and stats.kind == "ahn" and trained:
        parts.append(_toggle("Drawn from memory, word by word", "toggle-answer", show_answer))
        parts.append(tinted_answer(answer) if show_answer else "")
    return f'<section class="part panel"><h2>Memory</h2>{"".join(parts)}</section>'


def _toggle(label: str, action: str, is_open: bool) -> str:
    return (
        f'<button type="button" class="disclosure" data-action="{action}" aria-expanded="{str(is_open).lower()}">'
        f'<span class="chevron" aria-hidden="true"></span>{m.text(label)}</button>'
    )


def _notes(kind: str, trained: bool) -> str:
    if kind == "window":
        return '<p class="note">Window only: what has left the window is forgotten.</p>'
    if kind == "full":
        return (
            '<p class="note">Full attention: every token is kept, and the memory grows with the document.</p>'
        )
    return f'<p class="note">{m.text(LIMITS if trained else UNTRAINED)}</p>'


def _tiers(stats: CacheStats) -> list[tuple[str, str, str, int, int]]:
    """(tier, name, in plain words, tokens, bytes) of what this cache holds."""
    if stats.kind == "full":
        return [(m.FULL, "kept", "word for word", stats.seq_length, stats.nbytes)]
    tiers = [
        (m.SINKS, "sinks", "word for word", stats.sink_tokens, stats.sink_bytes),
        (m.WINDOW, "window", "word for word", stats.window_tokens, stats.window_bytes),
    ]
    if stats.kind == "ahn":
        return [*tiers, (m.MEMORY, "compressed", "remembered", stats.compressed_tokens, stats.memory_bytes)]
    lost = stats.seq_length - stats.sink_tokens - stats.window_tokens
    return [*tiers, (m.UNREAD, "gone", "forgotten", lost, 0)]


def tier_bar(stats: CacheStats) -> str:
    """One bar of all tokens, by where they are now; a tier that holds any is at least a visible sliver."""
    tiers = [(tier, tokens) for tier, _, _, tokens, _ in _tiers(stats) if tokens]
    widths = proportional([tokens for _, tokens in tiers], WIDTH, least=14)
    rects, x = [], 0.0
    for (tier, _), width in zip(tiers, widths, strict=True):
        rects.append(f'<rect class="{tier}" x="{x:.1f}" y="0" width="{max(width - 3, 1):.1f}" height="18"/>')
        x += width
    return _svg("tier-bar", 18, "".join(rects), "Tokens by tier of memory")


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
        f'<tr title="{m.size(nbytes)}"><th scope="row"><span class="swatch {tier}"></span>{name}</th>'
        f'<td class="words">{words}</td><td class="num">{m.count(tokens)}</td></tr>'
        for tier, name, words, tokens, nbytes in _tiers(stats)
    )
    if evidence.read:
        passages = m.plural(evidence.read, "passage")
        rows += (
            f'<tr title="{passages} of the text, read before the last answer alone"><th scope="row">'
            f'<span class="swatch {m.RECALLED}"></span>recalled</th><td class="words">looked up</td>'
            f'<td class="num">{m.count(evidence.tokens)}</td></tr>'
        )
    return f'<table class="tiers"><tbody>{rows}</tbody></table>'


def bytes_bars(stats: CacheStats) -> str:
    """What this memory takes, by tier, and under it what keeping everything would take, to the same scale."""
    most = max(stats.nbytes, stats.full_attention_bytes, 1)
    rects, x = [], 0.0
    for tier, _, _, _, nbytes in _tiers(stats):
        width = WIDTH * nbytes / most
        rects.append(f'<rect class="{tier}" x="{x:.2f}" y="0" width="{max(width, 1.5):.2f}" height="12"/>')
        x += width
    held = m.line("this memory", f"<b>{m.size(stats.nbytes)}</b>")
    own = f"{held}{_svg('bytes-bar', 12, ''.join(rects), 'Memory in use')}"
    if stats.kind == "full":
        return f'<div class="bytes">{own}</div>'
    width = max(WIDTH * stats.full_attention_bytes / most, 4)
    full = f'<rect class="full" x="0" y="0" width="{width:.2f}" height="12"/>'
    ratio = stats.full_attention_bytes / max(stats.nbytes, 1)
    times = f" · {ratio:.1f} times as much" if 1.05 < ratio < 9.95 else f" · {ratio:,.0f} times as much"
    beside = m.line("full attention", m.size(stats.full_attention_bytes) + (times if ratio > 1.05 else ""))
    return f'<div class="bytes">{own}{beside}{_svg("bytes-bar", 12, full, "Full attention")}</div>'


def all_held(held: Held | None) -> str:
    """What the chat takes in all: this memory, and what leads back through its turns; "" before any turn."""
    if held is None or not held.tails:
        return ""
    disk = ON_DISK.format(size=m.size(held.disk_nbytes)) if held.disk_nbytes else ""
    line = m.line(ALL_HELD, f"<b>{m.size(held.nbytes)}</b>{disk}")
    return f'<div class="held" title="{m.text(ALL_HELD_TITLE.format(size=m.size(held.tails_nbytes)))}">{line}</div>'


def page_strip(document: PageStates) -> str:
    """One cell a page; runs of like pages are one rectangle, so a strip of thousands of pages stays small."""
    total = max(len(document.states), 1)
    unit = WIDTH / total
    gap = (
        min(unit * 0.18, 2.0) if unit >= 18 else 0.0
    )  # between cells, where cells are wide enough to be told apart
    rects = []
    # Few pages of thousands are word for word: drawn last and never thinner than a pixel, they stay visible.
    for first, last, state in sorted(page_runs(document.states), key=lambda run: run[2]):
        word, pages = _PAGE_WORDS[state], f"page {first}" if first == last else f"pages {first} to {last}"
        width = max((last - first + 1) * unit, 5.0)
        x = min((first - 1) * unit, WIDTH - width)
        rects.append(
            f'<rect class="{_PAGE_CLASSES[state]}" x="{x:.2f}" y="0" width="{width:.2f}" height="26">'
            f"<title>{pages}: {word}</title></rect>"
        )
    if gap:
        path = "".join(f"M{page * unit - gap / 2:.2f} 0v26" for page in range(1, total))
        rects.append(f'<path class="cell-gaps" d="{path}" stroke-width="{gap:.2f}"/>')
    label = f"Pages of {document.name}"
    heading = m.line(m.name(document.name), m.plural(len(document.states), "page"))
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
    everything = b"".join(document.states for document in pages)
    items = "".join(
        f'<li><span class="swatch {_PAGE_CLASSES[state]}"></span>{_PAGE_WORDS[state]} '
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
    return f'<ul class="legend" aria-label="Pages by state">{items}</ul>'


def layer_charts(layers: Sequence[LayerStats]) -> str:
    """Per layer, from the first to the last: size of the state, share of the output, half-life."""
    if not layers:
        return '<p class="quiet">Nothing has been compressed yet.</p>'
    charts = [
        _bars("State norm", [layer.state_norm for layer in layers], "{:.3g}"),
        _bars("Share of the output", [100 * layer.memory_share for layer in layers], "{:.1f}%"),
    ]
    if any(layer.half_life is not None for layer in layers):
        charts.append(_bars("Half-life in tokens", [layer.half_life or 0.0 for layer in layers], "{:,.0f}"))
    axis = m.line("layer 1", f"layer {len(layers)}", "dim")
    return f'<div class="layers">{"".join(charts)}{axis}</div>'


def _bars(title: str, values: Sequence[float], form: str) -> str:
    finite = [value for value in values if value < float("inf")]
    most = max(finite, default=0.0)
    unit = WIDTH / len(values)
    rects = []
    for index, value in enumerate(values):
        height = 70 * min(value / most, 1.0) if most > 0 else 0.0
        shown = form.format(value) if value < float("inf") else "never"
        rects.append(
            f'<rect class="memory" x="{index * unit:.1f}" y="{71 - max(height, 1):.1f}" width="{unit * 0.76:.1f}"'
            f' height="{max(height, 1):.1f}"><title>layer {index + 1}: {shown}</title></rect>'
        )
    span = f"up to {form.format(most)}" if most > 0 else "none"
    return m.line(title, span) + _svg("layer-bars", 72, "".join(rects), f"{title} by layer")


def tinted_answer(pieces: Sequence[AnswerPiece], *, most: float = 0.0) -> str:
    """The answer, each token tinted by its share of compressed memory, to the scale of the strongest one."""
    strongest = max([most, *(piece.memory_share for piece in pieces)])
    spans = "".join(
        f'<span style="--share:{piece.memory_share / strongest if strongest > 0 else 0:.2f}"'
        f' title="{100 * piece.memory_share:.1f}% from compressed memory">{m.text(piece.text)}</span>'
        for piece in pieces
        if piece.text
    )
    scale = m.line(f"strongest: {100 * strongest:.1f}% from compressed memory", css="dim")
    return f'<div class="tinted">{spans}</div>{scale}'


def _svg(css: str, height: int, content: str, label: str) -> str:
    return (
        f'<svg class="{css}" viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{m.text(label)}">{content}</svg>'
    )
