"""Where a model's own words stand beside the quotes: decided by what was measured of the model, never by its name.

`ahn-chat eval recall --answers` measures how often the prose alone is right, and how often the first three quotes hold
the answer. `assets/evaluation/prose.json` keeps both for the models that were measured, by the digest of their weights
and the number format these are held in; "figures_of" names the format that was measured in place of another. With
--keep the same goes into `prose.json` of the data folder, which counts before the app's own.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conversation.evidence import ProsePlace
from app.paths import assets_dir

if TYPE_CHECKING:
    from ahn_core import AHNForCausalLM

log = logging.getLogger(__name__)
FILE = "prose.json"  # in the data folder
_TABLE = "evaluation/prose.json"
_LEADS_FROM = 0.8  # of what the quotes hold: prose as good as that says it shorter
_FOLDED_BELOW = 0.5


def prose_place(model: AHNForCausalLM, data_dir: Path | None = None) -> ProsePlace:
    """ "leads": prose first, quotes below it. "folded": quotes are the answer.

    "beside", quotes first and the prose open below them: where the model was not measured, or is in between.
    data_dir: whose figures count before the app's own.
    """
    key = fingerprint(model)
    kept = {} if data_dir is None else _kept(data_dir / FILE)
    measured = kept.get(key) or _measured().get(key)
    if measured is None:
        return "beside"
    return place_of(measured["prose"], measured["quotes"])


def keep_figures(data_dir: Path, key: str, name: str, figures: Mapping[str, float]) -> ProsePlace:
    """Keep what was measured of a model in its data folder; returns where its prose stands from now on.

    key: its `fingerprint`. figures: "prose", "quotes" and "either", shares of "questions". Raises OSError.
    """
    file = data_dir / FILE
    models = _kept(file) | {key: {"name": name, **figures}}
    written = file.with_suffix(".new")
    written.write_text(json.dumps({"models": models}, indent=1, ensure_ascii=False), encoding="utf-8")
    written.replace(file)
    return place_of(figures["prose"], figures["quotes"])


def place_of(prose: float, quotes: float) -> ProsePlace:
    """What follows from the shares of questions that the prose alone, and that the quotes, are right on."""
    if prose and prose >= _LEADS_FROM * quotes:
        return "leads"
    return "folded" if prose < _FOLDED_BELOW * quotes else "beside"


def fingerprint(model: AHNForCausalLM) -> str:
    """The digest of the base model's weights and their number format, without a name: a copy under another name is the
    same model."""
    return f"{model.identity['model'].rsplit(' ', 1)[-1]} {model.identity['dtype']}"


def _kept(file: Path) -> dict[str, dict[str, Any]]:
    """The figures of a data folder by fingerprint; none where the file is missing or holds something else."""
    try:
        models = json.loads(file.read_text(encoding="utf-8"))["models"]
        return {
            key: one
            for key, one in models.items()
            if all(0 <= one[name] <= 1 for name in ("prose", "quotes"))
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("The figures of models in %s cannot be read (%s), so the app's own count", file, error)
        return {}


@cache
def _measured() -> dict[str, dict[str, Any]]:
    table = json.loads((assets_dir() / _TABLE).read_text(encoding="utf-8"))
    return dict(table["models"])
