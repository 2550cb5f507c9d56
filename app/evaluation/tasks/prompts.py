"""The published prompts and lengths of answers (`assets/evaluation/prompts.json`, with their sources)."""

from __future__ import annotations

import functools
import json
from typing import Any

from app.paths import assets_dir


@functools.cache
def _all() -> dict[str, Any]:
    return dict(json.loads((assets_dir() / "evaluation" / "prompts.json").read_text(encoding="utf-8")))


def template(benchmark: str, task: str) -> str:
    """The prompt with {context} and the names of other fields."""
    return str(_all()[benchmark]["prompts"][task])


def max_new_tokens(benchmark: str, task: str) -> int:
    """How long an answer may be."""
    return int(_all()[benchmark]["max_new_tokens"][task])


def tasks(benchmark: str) -> list[str]:
    """The names of its tasks, in the benchmark's order."""
    return list(_all()[benchmark]["prompts"])
