"""What the memory alone knows: ten cloze questions about what has left the window, as a chart with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.conversation.cloze import CHOICES, Cloze
from app.conversation.events import ClozeAnswered, ProbeEnded, ProbeEvent, ProbeStarted, Reading
from app.conversation.settings import MemoryKind
from app.ui.views import markup as m
from app.ui.views.comparison import NAMES, TIERS, reading_words

SHOWN: tuple[MemoryKind, ...] = ("window", "ahn")
_COLUMN, _HEIGHT, _BAR = 100, 120, 30  # of the chart, in its own units

WHAT_IT_IS = (
    f"Up to ten passages that have left the window, each cut before a word: which of {CHOICES} words comes next? The "
    "window alone and the AHN choose by probability; nothing is written."
)


@dataclass(frozen=True)
class ProbeState:
    """A probe as far as it has come; `after` folds the events of the engine into it."""

    questions: tuple[Cloze, ...] = ()
    memory_trained: bool = True
    answers: Mapping[MemoryKind, tuple[ClozeAnswered, ...]] = field(default_factory=dict)
    doing: str = "in line"
    fraction: float = 0.0
    ended: ProbeEnded | None = None

    def after(self, event: ProbeEvent) -> ProbeState:
        """This probe after one more event."""
        kind, news = event.kind, event.event
        if isinstance(news, ProbeEnded):
            return replace(self, doing="", ended=news)
        if isinstance(news, ProbeStarted):
            return replace(self, questions=news.questions, memory_trained=news.memory_trained)
        assert kind is not None, "reading and answers are of one kind of memory"
        if isinstance(news, Reading):
            return replace(self, doing=f"{NAMES[kind]}: {reading_words(news)}", fraction=news.fraction)
        given = (*self.answers.get(kind, ()), news)
        return replace(
            self,
            answers={**self.answers, kind: given},
            doing=f"{NAMES[kind]}: question {len(given)} of {len(self.questions)}",
            fraction=len(given) / len(self.questions),
        )


def panel(state: ProbeState | None, *, ready: bool, running: bool) -> str:
    """The section with its button; `ready` says whether there is a document to ask about."""
    label = "Stop" if running else "Ask again" if state is not None else "Find out"
    button = m.button(label, "probe", css="link") if ready or running else ""
    head = f'<h3>What does the memory alone know?{button}</h3><p class="quiet">{WHAT_IT_IS}</p>'
    return f'<section class="probe">{head}{"" if state is None else _outcome(state)}</section>'


def _outcome(state: ProbeState) -> str:
    ended = state.ended
    if ended is not None and ended.message:
        return f'<p class="line warn">{m.text(ended.message)}</p>'
    if ended is not None and ended.cancelled:
        return '<p class="quiet">Stopped before all questions were answered.</p>'
    parts = []
    if ended is None:
        parts.append(m.progress(state.fraction, m.MEMORY, label="What the memory alone knows"))
        parts.append(f'<p class="quiet">{m.text(state.doing)}</p>')
    if state.answers:
        if ended is not None:
            parts.append(f'<p class="verdict">{m.text(verdict(state))}</p>')
        parts += [_chart(state), _table(state), _questions(state)]
    return "".join(parts)


def verdict(state: ProbeState) -> str:
    """What the probe came to, in sentences."""
    right = {kind: sum(answer.right for answer in given) for kind, given in state.answers.items()}
    total = len(state.questions)
    score = (
        f"AHN {right['ahn']} of {total}, window only {right['window']} of {total}; guessing would get "
        f"{total / CHOICES:g}."
    )
    if not state.memory_trained:
        return f"{score} The memory of this model is untrained and adds nothing, so both answer alike."
    return score


def _chart(state: ProbeState) -> str:
    """Ten pairs of bars: the probability of the right word among the four, over the line that guessing reaches."""
    width, bars = _COLUMN * len(state.questions), []
    for place, kind in enumerate(SHOWN):
        for answer in state.answers.get(kind, ()):
            height = max(_HEIGHT * answer.probabilities[0], 1.0)
            x = answer.index * _COLUMN + (_COLUMN - 2 * _BAR - 6) / 2 + place * (_BAR + 6)
            missed = "" if answer.right else " missed"
            bars.append(
                f'<rect class="{TIERS[kind]}{missed}" x="{x:.0f}" y="{_HEIGHT - height:.1f}" width="{_BAR}"'
                f' height="{height:.1f}"><title>{_told(state, kind, answer)}</title></rect>'
            )
    guess = _HEIGHT * (1 - 1 / CHOICES)
    line = f'<line class="guess" x1="0" x2="{width}" y1="{guess:.1f}" y2="{guess:.1f}"/>'
    return (
        f'<svg class="probe-chart" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="Probability of the right word, question by question">{"".join(bars)}{line}</svg>'
    )


def _told(state: ProbeState, kind: MemoryKind, answer: ClozeAnswered) -> str:
    word = state.questions[answer.index].answer
    return m.text(
        f"{NAMES[kind]}, “{word}”: {answer.probabilities[0]:.0%}{'' if answer.right else ', not its choice'}"
    )


def _table(state: ProbeState) -> str:
    rows = []
    for kind in SHOWN:
        given = state.answers.get(kind, ())
        if not given:
            continue
        mean = sum(answer.probabilities[0] for answer in given) / len(given)
        rows.append(
            f'<tr><th scope="row"><span class="swatch {TIERS[kind]}"></span>{NAMES[kind]}</th>'
            f'<td class="num">{sum(answer.right for answer in given)} of {len(given)}</td>'
            f'<td class="num">{mean:.0%}</td></tr>'
        )
    head = '<tr><td></td><th scope="col">right</th><th scope="col">given to the right word</th></tr>'
    return f'<table class="tiers probe-table"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _questions(state: ProbeState) -> str:
    items = []
    for index, question in enumerate(state.questions):
        others = ", ".join(m.text(word) for word in question.others)
        marks = "".join(
            f' <span class="swatch {TIERS[kind]}"></span>{given[index].probabilities[0]:.0%}'
            for kind in SHOWN
            if len(given := state.answers.get(kind, ())) > index
        )
        items.append(
            f"<li>… {m.text(question.cue)} <b>{m.text(question.answer)}</b>"
            f' <span class="quiet">or {others}?</span>{marks}</li>'
        )
    return f'<details class="probe-questions"><summary>The questions</summary><ol>{"".join(items)}</ol></details>'
