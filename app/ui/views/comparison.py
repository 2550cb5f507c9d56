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

PANES: tuple[MemoryKind, ...] = ("full", "window", "ahn")
NAMES: dict[MemoryKind, str] = {"full": "Base model", "window": "Window only", "ahn": "AHN"}
WORDS: dict[MemoryKind, str] = {
    "full": "full attention, every token kept",
    "window": "sinks and window, the rest forgotten",
    "ahn": "sinks and window, the rest remembered",
}
TIERS: dict[MemoryKind, str] = {"full": m.FULL, "window": m.WINDOW, "ahn": m.MEMORY}


@dataclass(frozen=True)
class Pane:
    """One pane as far as it has come."""

    kind: MemoryKind
    doing: str = "in line"
    fraction: float = 0.0
    answer: str = ""
    rate: float | None = None
    figures: AnswerFigures | None = None
    error: str = ""

    def after(self, event: object) -> Pane:
        """This pane after one more event of its own."""
        if isinstance(event, Waiting):
            return replace(self, doing="waiting for the model")
        if isinstance(event, Reading):
            return replace(self, doing=reading_words(event), fraction=event.fraction)
        if isinstance(event, Recalled):
            return replace(self, doing=f"looked up {m.plural(len(event.evidence.passages), 'passage')}")
        if isinstance(event, AnswerStarted | PromptRead):
            return replace(self, doing="reading the question", fraction=1.0)
        if isinstance(event, AnswerToken):
            return replace(
                self,
                doing="answering",
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
    left = f", {m.duration(event.seconds_left)} left" if event.seconds_left is not None else ""
    return f"reading {event.document.name} · {m.rate(event.document.tokens_per_second)}{left}"


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
        rows = "".join(
            f'<article class="pane idle">{_header(kind)}<p class="quiet">{WORDS[kind]}</p></article>'
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
    elif pane.doing:
        body = (
            m.progress(pane.fraction, TIERS[pane.kind], label=f"{NAMES[pane.kind]}: read")
            + f'<p class="quiet">{m.text(pane.doing)}</p>'
        )
    else:
        body = '<p class="quiet">an empty answer</p>'
    return f'<article class="pane {pane.kind}">{header}{body}{_figures(pane.figures)}</article>'


def _header(kind: MemoryKind, number: str = "") -> str:
    end = f'<span class="num">{m.text(number)}</span>'
    return f'<header><span class="swatch {TIERS[kind]}"></span><h3>{NAMES[kind]}</h3>{end}</header>'


def _live(pane: Pane) -> str:
    if pane.figures is None and pane.answer:
        return m.rate(pane.rate)
    return m.percent(pane.fraction) if pane.doing and 0 < pane.fraction < 1 else ""


def _marked(answer: str, parts_at: int | None) -> str:
    if parts_at is None:
        return m.text(answer)
    begin, end = different_word(answer, parts_at)
    mark = f'<mark title="from here on the answers differ">{m.text(answer[begin:end] or " ")}</mark>'
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
    rows = (
        ("write", m.rate(figures.decode_tokens_per_second)),
        ("to first token", m.duration(figures.time_to_first_token)),
        ("cache", m.size(figures.cache_nbytes)),
        ("tokens read", m.count(figures.tokens_read)),
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
    if outcome.cancelled:
        return ("Stopped before all panes had answered.",)
    if outcome.identical:
        answered = len({kind for d in outcome.differences for kind in (d.first, d.second)})
        every = "All three answers are" if answered == 3 else "Both answers are"
        reason = " Everything still fits the window, where they must be." if outcome.within_window else ""
        return (f"{every} identical.{reason}",)
    sentences = []
    for difference in outcome.differences:
        pair = f"{NAMES[difference.first]} and {NAMES[difference.second]}"
        if difference.character is None:
            sentences.append(f"{pair}: identical.")
        else:
            where = (
                f"after {m.plural(difference.character, 'character')}" if difference.character else "at once"
            )
            sentences.append(f"{pair} part {where}.")
    return (" ".join(sentences),) if sentences else ()
