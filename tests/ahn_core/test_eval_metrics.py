"""The metrics of the long-text benchmarks, held to numbers of the benchmarks' own scorers.

`data/metric_numbers.json` holds [metric, arguments, score]: the predictions are ours, each score came out of the
published scorer (LongBench's metrics.py, LV-Eval's metrics.py, InfiniteBench's compute_scores.py, RULER's
eval/synthetic/constants.py) with jieba 0.42.1, rouge 1.0.1 and python-Levenshtein.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ahn_core.eval import metrics

NUMBERS = json.loads((Path(__file__).parent / "data" / "metric_numbers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({name for name, _, _ in NUMBERS}))
def test_scores_are_those_of_the_published_scorer(name: str) -> None:
    for _, arguments, score in (row for row in NUMBERS if row[0] == name):
        assert getattr(metrics, name)(*arguments) == pytest.approx(score, abs=1e-4), arguments


def test_every_metric_is_held_to_numbers() -> None:
    helpers = {"english_words", "chinese_words", "f1"}
    public = {
        name
        for name, value in vars(metrics).items()
        if callable(value)
        and getattr(value, "__module__", "") == metrics.__name__
        and not name.startswith("_")
    }
    assert public - helpers == {name for name, _, _ in NUMBERS}


def test_an_answer_that_names_no_paragraph_is_an_error() -> None:
    with pytest.raises(ValueError, match="names no paragraph"):
        metrics.paragraph_share("7", "the seventh")
