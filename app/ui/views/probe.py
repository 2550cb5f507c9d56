"""What the memory alone knows: ten cloze questions about what has left the window, as a chart with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.conversation.cloze import CHOICES, Cloze
from app.conversation.events import ClozeAnswered, ProbeEnded, ProbeEvent, ProbeStarted, Reading
from app.conversation.settings import MemoryKind
from app.ui.views import markup as m
from app.ui.views.comparison import TIERS, reading_words
from app.ui.words.common import COMMON
from app.ui.words.comparison import PROBE
from app.ui.words.translated import number

SHOWN: tuple[MemoryKind, ...] = ("window", "ahn")
_COLUMN, _HEIGHT, _BAR = 100, 120, 30  # of the chart, in its own units


@dataclass(frozen=True)
class ProbeState:
    """A probe as far as it has come; `after` folds the events of the engine into it. doing: in words; None before it
    begins."""

    questions: tuple[Cloze, ...] = ()
    memory_trained: bool = True
    answers: Mapping[MemoryKind, tuple[ClozeAnswered, ...]] = field(default_factory=dict)
    doing: str | None = None
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
        w, pane = PROBE(), COMMON().pane[kind]
        if isinstance(news, Reading):
            doing = w.reading.format(pane=pane, reading=reading_words(news))
            return replace(self, doing=doing, fraction=news.fraction)
        given = (*self.answers.get(kind, ()), news)
        return replace(
            self,
            answers={**self.answers, kind: given},
            doing=w.question_of.format(pane=pane, n=len(given), total=len(self.questions)),
            fraction=len(given) / len(self.questions),
        )


def panel(state: ProbeState | None, *, ready: bool, running: bool) -> str:
    """The section with its button; `ready` says whether there is a document to ask about."""
    w = PROBE()
    label = w.stop if running else w.ask_again if state is not None else w.find_out
    button = m.button(label, "probe", css="link") if ready or running else ""
    what = m.text(w.what_it_is.format(choices=CHOICES))
    head = f'<h3>{m.text(w.heading)}{button}</h3><p class="quiet">{what}</p>'
    return f'<section class="probe">{head}{"" if state is None else _outcome(state)}</section>'


def _outcome(state: ProbeState) -> str:
    w, ended = PROBE(), state.ended
    if ended is not None and ended.message:
        return f'<p class="line warn">{m.text(ended.message)}</p>'
    if ended is not None and ended.cancelled:
        return f'<p class="quiet">{m.text(w.stopped)}</p>'
    parts = []
    if ended is None:
        parts.append(m.progress(state.fraction, m.MEMORY, label=w.label))
        parts.append(
            f'<p class="quiet">{m.text(COMMON().in_line if state.doing is None else state.doing)}</p>'
        )
    if state.answers:
        if ended is not None:
            parts.append(f'<p class="verdict">{m.text(verdict(state))}</p>')
        parts += [_chart(state), _table(state), _questions(state)]
    return "".join(parts)


def verdict(state: ProbeState) -> str:
    """What the probe came to, in sentences."""
    right = {kind: sum(answer.right for answer in given) for kind, given in state.answers.items()}
    total = len(state.questions)
    w, guess = PROBE(), number(total / CHOICES, "g")
    score = w.score.format(ahn=right["ahn"], window=right["window"], total=total, guess=guess)
    return score if state.memory_trained else f"{score} {w.untrained}"


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
        f' aria-label="{m.text(PROBE().chart)}">{"".join(bars)}{line}</svg>'
    )


def _told(state: ProbeState, kind: MemoryKind, answer: ClozeAnswered) -> str:
    word = state.questions[answer.index].answer
    given = PROBE().given if answer.right else PROBE().given_not_chosen
    return m.text(given.format(pane=COMMON().pane[kind], word=word, percent=f"{answer.probabilities[0]:.0%}"))


def _table(state: ProbeState) -> str:
    w, rows = PROBE(), []
    for kind in SHOWN:
        given = state.answers.get(kind, ())
        if not given:
            continue
        right = sum(answer.right for answer in given)
        mean = sum(answer.probabilities[0] for answer in given) / len(given)
        rows.append(
            f'<tr><th scope="row"><span class="swatch {TIERS[kind]}"></span>{m.text(COMMON().pane[kind])}</th>'
            f'<td class="num">{w.n_of_total.format(n=right, total=len(given))}</td>'
            f'<td class="num">{mean:.0%}</td></tr>'
        )
    head = (
        f'<tr><td></td><th scope="col">{m.text(w.right)}</th>'
        f'<th scope="col">{m.text(w.given_to_right)}</th></tr>'
    )
    return f'<table class="tiers probe-table"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _questions(state: ProbeState) -> str:
    w, items = PROBE(), []
    for index, question in enumerate(state.questions):
        others = m.text(w.or_others.format(others=", ".join(question.others)))
        marks = "".join(
            f' <span class="swatch {TIERS[kind]}"></span>{given[index].probabilities[0]:.0%}'
            for kind in SHOWN
            if len(given := state.answers.get(kind, ())) > index
        )
        items.append(
            f"<li>… {m.text(question.cue)} <b>{m.text(question.answer)}</b>"
            f' <span class="quiet">{others}</span>{marks}</li>'
        )
    listed = f"<summary>{m.text(w.questions)}</summary><ol>{''.join(items)}</ol>"
    return f'<details class="probe-questions">{listed}</details>'
