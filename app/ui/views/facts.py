"""Model facts for the settings page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.conversation.events import ReadingEstimate
from app.conversation.settings import ChatSettings
from app.ui.views import markup as m


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
    if facts is None:
        return '<p class="quiet">The model is being loaded.</p>'
    rows: Sequence[tuple[str, str]] = (
        ("Model", facts.name),
        ("Family", facts.family),
        ("Parameters", f"{facts.parameters / 1e6:,.1f} million"),
        ("Memory", f"{facts.cell}, {facts.memory_parameters / 1e6:,.1f} million parameters"),
        ("Memory trained", "yes" if facts.memory_trained else "no: it adds nothing yet"),
        ("Trained length", f"{facts.trained_length:,} tokens"),
        ("Layers", m.count(facts.layers)),
        (
            "Device",
            f"{facts.device}, {facts.dtype}; another one is chosen at the start, with --device and --dtype",
        ),
        ("Compiled", facts.compiled),
        ("Licence", facts.licence or "see the model's own"),
        ("Origin", facts.origin or "given by you"),
    )
    body = "".join(f'<tr><th scope="row">{name}</th><td>{m.text(value)}</td></tr>' for name, value in rows)
    return f'<h3 class="sub">Model</h3><table class="facts-table"><tbody>{body}</tbody></table>'


def memory_cost(settings: ChatSettings, nbytes: int, tokens: int, again: ReadingEstimate) -> str:
    """What this kind and size of memory costs for `tokens` tokens, and what choosing it would read again."""
    if settings.memory == "full":
        cost = (
            f"Full attention takes <b>{m.size(nbytes)}</b> for {m.count(tokens)} tokens, and more for more."
        )
    else:
        cost = (
            f"{m.count(settings.attention_sinks)} sinks and a window of {m.count(settings.sliding_window)} tokens take "
            f"<b>{m.size(nbytes)}</b>, whatever the length of the documents."
        )
    reread = ""
    if again.tokens:
        time = f", about {m.duration(again.seconds)}" if again.seconds is not None else ""
        reread = f'<p class="line warn">The documents will be read again: {m.count(again.tokens)} tokens{time}.</p>'
    return f'<p class="cost">{cost}</p>{reread}'
