"""Where a model's own words stand beside the quotes: decided by what was measured of the model, never by its name.

`ahn-chat eval recall --answers` measures how often the prose alone is right, and how often the first three quotes hold
the answer. `assets/evaluation/prose.json` keeps both for the models that were measured, by the digest of their weights
and the number format these are held in; "figures_of" names the format that was measured in place of another.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from app.conversation.evidence import ProsePlace
from app.paths import assets_dir

if TYPE_CHECKING:
    from ahn_core import AHNForCausalLM

_TABLE = "evaluation/prose.json"
_LEADS_FROM = 0.8  # of what the quotes hold: prose as good as that says it shorter
_FOLDED_BELOW = 0.5


def prose_place(model: AHNForCausalLM) -> ProsePlace:
    """ "leads": prose first, quotes below it. "folded": quotes are the answer.

    "beside", quotes first and the prose open below them: where the model was not measured, or is in between.
    """
    measured = _measured().get(fingerprint(model))
    if measured is None:
        return "beside"
    return place_of(measured["prose"], measured["quotes"])


def place_of(prose: float, quotes: float) -> ProsePlace:
    """What follows from the shares of questions that the prose alone, and that the quotes, are right on."""
    if prose and prose >= _LEADS_FROM * quotes:
        return "leads"
    return "folded" if prose < _FOLDED_BELOW * quotes else "beside"


def fingerprint(model: AHNForCausalLM) -> str:
    """The digest of the base model's weights and their number format, without a name: a copy under another name is the
    same model."""
    return f"{model.identity['model'].rsplit(' ', 1)[-1]} {model.identity['dtype']}"


@cache
def _measured() -> dict[str, dict[str, Any]]:
    table = json.loads((assets_dir() / _TABLE).read_text(encoding="utf-8"))
    return dict(table["models"])
