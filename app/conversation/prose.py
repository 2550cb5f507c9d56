"""Where a model's own words stand beside the quotes: decided by what was measured of the model, never by its name.

`ahn-chat eval recall --answers` measures how often the prose alone is right, and how often the first three quotes hold
the answer. `assets/evaluation/prose.json` keeps both for the models that were measured, by the digest of their weights.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

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
    share = measured["prose"] / measured["quotes"]
    return "leads" if share >= _LEADS_FROM else "folded" if share < _FOLDED_BELOW else "beside"


def fingerprint(model: AHNForCausalLM) -> str:
    """The digest of the base model's weights, without its name: a copy under another name is the same model."""
    return f"{model.identity['model'].rsplit(' ', 1)[-1]} {model.identity['dtype']}"


@cache
def _measured() -> dict[str, dict[str, float]]:
    table = json.loads((assets_dir() / _TABLE).read_text(encoding="utf-8"))
    return dict(table["models"])
