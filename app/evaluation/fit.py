"""`ahn-chat eval recall --fit FILE`: the weights by which it is told whether documents answer a question.

A logistic regression for each way of telling (words, judge, sense, judge and sense), its signs standardised, answered
and unanswered questions counting the same, weights held small (L2), by Newton's method. Its bias is then moved to where
at most 5% of the answered questions fall below the line. What it is worth is measured on documents that it was not
fitted on: each is left out once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.options import CommandFailed
from app.recall.evidence import FEATURES, way_of

MOST_REFUSED = 0.05  # share of the answered questions that may be called unanswerable
PENALTY = 1.0  # of the weights' squares, for questions that count 1 in the mean
_STEPS = 50


def fit(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `evidence.json` holds. rows: with document, answerable, sure (False: refused for another reason) and signs.

    Ways of telling that no row was told by are left out.
    """
    report: dict[str, Any] = {
        "how": "ahn-chat eval recall --fit: see app/evaluation/fit.py",
        "questions": {
            "answered": sum(bool(row["answerable"]) for row in rows),
            "unanswered": sum(not row["answerable"] for row in rows),
        },
        "left_out": {},
        "ways": {},
    }
    for way, names in FEATURES.items():
        some = [row for row in rows if row["signs"] and way_of(row["signs"]) == way]
        if {bool(row["answerable"]) for row in some} != {True, False}:
            continue
        report["ways"][way] = weights(some, names)
        report["left_out"][way] = left_out(some, names)
    return report


def write_fit(file: Path, report: Mapping[str, Any]) -> None:
    """Fit the weights to the questions of a report. Ways of telling that it has no signs for keep theirs.

    Raises CommandFailed where the file cannot be written or the questions are all of one kind.
    """
    fitted = fit(report["questions"])
    if not fitted["ways"]:
        raise CommandFailed(
            "Weights are fitted to questions that are answered and some that are not, and these are all of one kind: "
            "name more questions."
        )
    try:
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for part in ("left_out", "ways"):
            fitted[part] = {**before.get(part, {}), **fitted[part]}
        file.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandFailed(
            f"The weights cannot be written to {file} ({error}): name another file."
        ) from error


def weights(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """The weight of each sign and the bias, which has the line at a sum of 0."""
    table = np.array([[row["signs"][name] for name in names] for row in rows])  # [N, F]
    truth = np.array([float(row["answerable"]) for row in rows])
    mean, spread = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    x = np.hstack([(table - mean) / spread, np.ones((len(rows), 1))])
    count = np.where(truth > 0, len(rows) / (2 * truth.sum()), len(rows) / (2 * (1 - truth).sum()))
    penalty = np.diag([PENALTY] * len(names) + [1e-6])
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-x @ beta))
        gradient = x.T @ (count * (p - truth)) + penalty @ beta
        beta -= np.linalg.solve(x.T @ (x * (count * p * (1 - p))[:, None]) + penalty, gradient)
    scaled = beta[:-1] / spread
    sums = table @ scaled
    line = _line(sums[truth > 0])
    return {
        "bias": round(-line, 4),
        **{name: round(float(w), 4) for name, w in zip(names, scaled, strict=True)},
    }


def _line(answered: np.ndarray) -> float:
    """Under it are at most 5% of the answered questions' sums; half-way to the next."""
    ordered = np.sort(answered)
    below = int(MOST_REFUSED * len(ordered))
    return float(ordered[0] - 0.01 if below == 0 else (ordered[below - 1] + ordered[below]) / 2)


def left_out(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Shares by weights that were fitted on the other documents, and the trade-off when the line is moved."""
    sums = np.zeros(len(rows))
    for document in dict.fromkeys(row["document"] for row in rows):
        others = [row for row in rows if row["document"] != document]
        if {bool(row["answerable"]) for row in others} != {True, False}:
            continue
        fitted = weights(others, names)
        for place, row in enumerate(rows):
            if row["document"] == document:
                sums[place] = fitted["bias"] + sum(fitted[name] * row["signs"][name] for name in names)
    truth = np.array([bool(row["answerable"]) for row in rows])
    sums[[not row["sure"] for row in rows]] = -1e9  # a kind of answer or a name is missing
    curve = {}
    ordered = np.sort(sums[truth])
    for share in (0.02, 0.05, 0.1, 0.15, 0.2):
        line = ordered[min(int(share * len(ordered)), len(ordered) - 1)]
        curve[str(share)] = round(float((sums[~truth] < line).mean()), 3)
    return {
        "unanswered_said": round(float((sums[~truth] < 0).mean()), 3),
        "answered_refused": round(float((sums[truth] < 0).mean()), 3),
        "said_where_so_many_are_refused": curve,
    }
