"""How much speaks for it that the documents answer a question: several weak signs, weighed together.

    unknown   share of the question's words and codes, by how telling they are, that stand nowhere in the texts
    names     how many of those are written as names are: with a capital, in capitals, with digits; at most 2. In
              German, where every noun has a capital: in capitals, or with digits
    margin    how much likelier the best judged sentence makes the question than the mean one, in nats a token
    about     likeness of meaning of the question and the nearest passage, with a sentence model

None of them tells much alone. The weights are a logistic regression's, in `evidence.json`, which says how they were
fitted; `ahn-chat eval recall --fit` makes it anew. What else was tried is in docs/experiments/recall.md.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from app.recall import fulltext
from app.recall.query import Query
from app.recall.words import fold, stem, tokens

WEIGHTS_FILE = Path(__file__).with_name("evidence.json")
# What there was to tell by, and the signs of each.
FEATURES: dict[str, tuple[str, ...]] = {
    "words": ("unknown", "names"),
    "judge": ("unknown", "names", "margin"),
    "sense": ("unknown", "names", "about"),
    "judge and sense": ("unknown", "names", "margin", "about"),
}
_MOST_TELLING = 5.0
_MOST_NAMES = 2
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b(?:[A-ZÀ-Þ]\w+|\w*\d\w*)")
_KOREAN = re.compile("[\\uac00-\\ud7a3]")
_GERMAN_NAME = re.compile(r"(?<!^)(?<![.!?] )\b(?:[A-ZÀ-Þ]{2,}\w*|\w*\d\w*)")


def gather(
    connection: sqlite3.Connection,
    query: Query,
    keys: Sequence[int],
    language: str,
    judged: Mapping[int, float],
    about: float | None = None,
) -> dict[str, float]:
    """The signs for a question about these texts. judged: by sentence, empty without a judge. about: None without a
    sentence model."""
    # Pairs of Korean signs are half of two words, or an ending, more often than one.
    words = [word for word in query.words or tuple(query.terms) if not _KOREAN.match(word)]
    stems = dict.fromkeys(stem(fold(word), language) for word in words)
    stems |= dict.fromkeys(
        code for code in query.codes if code not in words
    )  # encoded, so that they are no stems
    known = {one: _stands(connection, one, keys) for one in stems}
    telling = fulltext.inverse_frequencies(connection, stems)
    weight = {one: min(telling[one], _MOST_TELLING) * query.terms.get(one, 1.0) for one in stems}
    written = _GERMAN_NAME if language == "german" else _NAME
    names = {
        token.stem for match in written.finditer(query.question) for token in tokens(match.group(), language)
    }
    missing = sum(not _stands(connection, name, keys) for name in names)
    signs = {
        "unknown": sum(weight[one] for one in stems if not known[one]) / max(sum(weight.values()), 1e-9),
        "names": float(min(missing, _MOST_NAMES)),
    }
    if judged:
        signs["margin"] = max(judged.values()) - sum(judged.values()) / len(judged)
    if about is not None:
        signs["about"] = about
    return signs


def _stands(connection: sqlite3.Connection, one: str, keys: Sequence[int]) -> bool:
    return bool(fulltext.matching(connection, fulltext.quoted(one), keys, 1))


def way_of(signs: Mapping[str, float]) -> str:
    """Which of the sets of weights is for these signs."""
    ways = [way for way, sign in (("judge", "margin"), ("sense", "about")) if sign in signs]
    return " and ".join(ways) or "words"


def answered(signs: Mapping[str, float]) -> float:
    """How much speaks for it that the documents answer the question, 0 to 1; the line is drawn at 0.5."""
    way = way_of(signs)
    weights = _weights()[way]
    total = weights["bias"] + sum(weights[name] * signs[name] for name in FEATURES[way])
    return 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    ways: dict[str, dict[str, float]] = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["ways"]
    return ways
