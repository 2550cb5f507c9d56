"""Model facts for the settings page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.conversation.events import ReadingEstimate
from app.conversation.settings import ChatSettings
from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.settings import FACTS, SETTINGS
from app.ui.words.translated import number


@dataclass(frozen=True)
class ModelFacts:
    """What there is to know about the loaded model. `compiled` says whether it computes in code compiled for this
    processor, or why not; `licence` and `origin` are empty for a model of the user's own.
    """

    name: str
    family: str
    parameters: int
    memory_parameters: int
    cell: str
    memory_trained: bool
    trained_length: int
    layers: int
    device: str
    dtype: str
    compiled: str
    licence: str = ""
    origin: str = ""


def model_facts(facts: ModelFacts | None) -> str:
    """A table of the model's facts, or what it waits for."""
    w = FACTS()
    if facts is None:
        return f'<p class="quiet">{m.text(w.loading)}</p>'
    rows: Sequence[tuple[str, str]] = (
        (w.model, facts.name),
        (w.family, facts.family),
        (w.parameters, w.millions.format(n=number(facts.parameters / 1e6, ",.1f"))),
        (
            w.memory,
            w.memory_value.format(cell=facts.cell, n=number(facts.memory_parameters / 1e6, ",.1f")),
        ),
        (w.trained, w.yes if facts.memory_trained else w.not_trained),
        (w.trained_length, COMMON().tokens(facts.trained_length)),
        (w.layers, m.count(facts.layers)),
        (w.device, w.device_value.format(device=facts.device, dtype=facts.dtype)),
        (w.compiled, facts.compiled),
        (w.licence, facts.licence or w.own_licence),
        (w.origin, facts.origin or w.given_by_you),
    )
    body = "".join(
        f'<tr><th scope="row">{m.text(name)}</th><td>{m.text(value)}</td></tr>' for name, value in rows
    )
    return f'<h3 class="sub">{m.text(w.heading)}</h3><table class="facts-table"><tbody>{body}</tbody></table>'


def memory_cost(settings: ChatSettings, nbytes: int, tokens: int, again: ReadingEstimate) -> str:
    """What this kind and size of memory costs for `tokens` tokens, and what choosing it would read again."""
    w = SETTINGS()
    if settings.memory == "full":
        cost = w.full_cost_html.format(size=m.size(nbytes), tokens=m.count(tokens))
    else:
        sinks, window = m.count(settings.attention_sinks), m.count(settings.sliding_window)
        cost = w.window_cost_html.format(sinks=sinks, window=window, size=m.size(nbytes))
    reread = ""
    if again.tokens:
        read_again = w.read_again if again.seconds is None else w.read_again_about
        told = read_again.format(tokens=m.count(again.tokens), time=m.duration(again.seconds))
        reread = f'<p class="line warn">{m.text(told)}</p>'
    return f'<p class="cost">{cost}</p>{reread}'
