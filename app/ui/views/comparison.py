"""The three panes of a comparison."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.conversation.events import (
    AnswerFigures,
    AnswerStarted,
    AnswerToken,
    CompareEvent,
    Comparison,
    PaneFailed,
    PaneFinished,
    PromptRead,
    Reading,
    Recalled,
    Waiting,
)
from app.conversation.settings import MemoryKind
from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.comparison import COMPARISON

PANES: tuple[MemoryKind, ...] = ("full", "window", "ahn")
TIERS: dict[MemoryKind, str] = {"full": m.FULL, "window": m.WINDOW, "ahn": m.MEMORY}


@dataclass(frozen=True)
class Pane:
    """One pane as far as it has come. doing: in words; "" once it has ended, None before it begins."""

    kind: MemoryKind
    doing: str | None = None
    fraction: float = 0.0
    answer: str = ""
    rate: float | None = None
    figures: AnswerFigures | None = None
    error: str = ""

    def after(self, event: object) -> Pane:
        """This pane after one more event of its own."""
        w = COMPARISON()
        if isinstance(event, Waiting):
            return replace(self, doing=w.waiting)
        if isinstance(event, Reading):
            return replace(self, doing=reading_words(event), fraction=event.fraction)
        if isinstance(event, Recalled):
            return replace(
                self, doing=w.looked_up.format(passages=COMMON().passages(len(event.evidence.passages)))
            )
        if isinstance(event, AnswerStarted | PromptRead):
            return replace(self, doing=w.reading_question, fraction=1.0)
        if isinstance(event, AnswerToken):
            return replace(
                self,
                doing=w.answering,
                fraction=1.0,
                answer=self.answer + event.text,
                rate=event.tokens_per_second,
            )
        if isinstance(event, PaneFinished):
            return replace(self, doing="", answer=event.answer, figures=event.figures)
        if isinstance(event, PaneFailed):
            return replace(self, doing="", error=event.message)
        raise TypeError(f"a pane of a comparison does not take {type(event).__name__}")


def reading_words(event: Reading) -> str:
    """What is being read, how fast, and how long it will take."""
    left = f", {m.left(event.seconds_left)}" if event.seconds_left is not None else ""
    rate = m.rate(event.document.tokens_per_second)
    return COMPARISON().reading.format(name=event.document.name, rate=rate) + left


@dataclass(frozen=True)
class CompareState:
    """A comparison as far as it has come; `after` folds the events of the engine into it."""

    question: str
    panes: tuple[Pane, ...] = tuple(Pane(kind) for kind in PANES)
    outcome: Comparison | None = None

    def after(self, event: CompareEvent) -> CompareState:
        if isinstance(event.event, Comparison):
            return replace(self, outcome=event.event)
        panes = tuple(pane.after(event.event) if pane.kind == event.pane else pane for pane in self.panes)
        return replace(self, panes=panes)


def panes(state: CompareState | None) -> str:
    """The three answers side by side, where they part, and what each took."""
    if state is None:
        words = COMPARISON().kind
        rows = "".join(
            f'<article class="pane idle">{_header(kind)}<p class="quiet">{m.text(words[kind])}</p></article>'
            for kind in PANES
        )
        return f'<div class="panes">{rows}</div>'
    base = next((pane for pane in state.panes if pane.figures is not None), None)
    drawn = "".join(_pane(pane, _parting(pane, base, state.outcome)) for pane in state.panes)
    return f'{_verdict(state)}<div class="panes">{drawn}</div>'


def _parting(pane: Pane, base: Pane | None, outcome: Comparison | None) -> int | None:
    """The character at which this pane's answer leaves the first pane's, or None where it does not."""
    if outcome is None or base is None:
        return None
    differences = [d for d in outcome.differences if not d.identical and pane.kind in (d.first, d.second)]
    with_base = [d for d in differences if base.kind in (d.first, d.second)]
    places = [
        d.character for d in (with_base if pane is not base else differences) if d.character is not None
    ]
    return min(places, default=None)


def _pane(pane: Pane, parts_at: int | None) -> str:
    header = _header(pane.kind, _live(pane))
    if pane.error:
        body = f'<p class="line warn">{m.text(pane.error)}</p>'
    elif pane.answer:
        body = f'<div class="answer">{_marked(pane.answer, parts_at)}</div>'
    elif pane.doing != "":
        label = COMMON().read_label.format(name=COMMON().pane[pane.kind])
        doing = COMMON().in_line if pane.doing is None else pane.doing
        body = (
            m.progress(pane.fraction, TIERS[pane.kind], label=label) + f'<p class="quiet">{m.text(doing)}</p>'
        )
    else:
        body = f'<p class="quiet">{m.text(COMPARISON().empty_answer)}</p>'
    return f'<article class="pane {pane.kind}">{header}{body}{_figures(pane.figures)}</article>'


def _header(kind: MemoryKind, number: str = "") -> str:
    end = f'<span class="num">{m.text(number)}</span>'
    return f'<header><span class="swatch {TIERS[kind]}"></span><h3>{m.text(COMMON().pane[kind])}</h3>{end}</header>'


def _live(pane: Pane) -> str:
    if pane.figures is None and pane.answer:
        return m.rate(pane.rate)
    return m.percent(pane.fraction) if pane.doing and 0 < pane.fraction < 1 else ""


def _marked(answer: str, parts_at: int | None) -> str:
    if parts_at is None:
        return m.text(answer)
    begin, end = different_word(answer, parts_at)
    title = m.text(COMPARISON().differ_title)
    mark = f'<mark title="{title}">{m.text(answer[begin:end] or " ")}</mark>'
    return f'<span class="same">{m.text(answer[:begin])}</span>{mark}{m.text(answer[end:])}'


def different_word(answer: str, parts_at: int) -> tuple[int, int]:
    """Begin and end of the first word that is not the same, where the answers part at a character; an empty one at the
    end of an answer that merely ends sooner."""
    for word in re.finditer(r"\S+", answer):
        if word.end() > parts_at:
            return word.span()
    return len(answer), len(answer)


def _figures(figures: AnswerFigures | None) -> str:
    if figures is None:
        return ""
    w = COMPARISON()
    rows = (
        (w.write, m.rate(figures.decode_tokens_per_second)),
        (w.first_token, m.duration(figures.time_to_first_token)),
        (w.cache, m.size(figures.cache_nbytes)),
        (w.tokens_read, m.count(figures.tokens_read)),
    )
    return (
        '<dl class="figures">'
        + "".join(f"<div><dt>{name}</dt><dd>{m.text(value)}</dd></div>" for name, value in rows)
        + "</dl>"
    )


def _verdict(state: CompareState) -> str:
    return "".join(f'<p class="verdict">{m.text(sentence)}</p>' for sentence in verdict(state))


def verdict(state: CompareState) -> Sequence[str]:
    """What the comparison came to, in sentences."""
    outcome = state.outcome
    if outcome is None:
        return ()
    w = COMPARISON()
    if outcome.cancelled:
        return (w.stopped,)
    if outcome.identical:
        answered = len({kind for d in outcome.differences for kind in (d.first, d.second)})
        every = w.all_identical if answered == 3 else w.both_identical
        return (f"{every} {w.must_be}" if outcome.within_window else every,)
    sentences = []
    for difference in outcome.differences:
        pair = {"first": COMMON().pane[difference.first], "second": COMMON().pane[difference.second]}
        if difference.character is None:
            sentences.append(w.pair_identical.format(**pair))
        elif difference.character:
            sentences.append(w.pair_parts(difference.character, **pair))
        else:
            sentences.append(w.pair_parts_at_once.format(**pair))
    return (" ".join(sentences),) if sentences else ()
