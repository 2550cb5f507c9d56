"""What a run has found: a table for people, a report in Markdown, and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from app import plots
from app.evaluation.benchmarks.record import Answer
from app.evaluation.benchmarks.run import COLUMNS

NAMES = {**plots.NAMES, "recall": "AHN + recall"}


@dataclass(frozen=True)
class Row:
    """A task's scores in per cent, by column, and of how many answers each is the mean; a column without any is left
    out."""

    benchmark: str
    task: str
    scores: Mapping[str, float]
    counts: Mapping[str, int]


def rows(answers: Sequence[Answer]) -> list[Row]:
    """A row a task in the order they were asked."""
    found = []
    for benchmark, task in dict.fromkeys((one.benchmark, one.task) for one in answers):
        scores = {
            column: [
                one.score
                for one in answers
                if (one.benchmark, one.task, one.column) == (benchmark, task, column)
                and one.score is not None
            ]
            for column in COLUMNS
        }
        found.append(
            Row(
                benchmark,
                task,
                {column: 100 * mean(some) for column, some in scores.items() if some},
                {column: len(some) for column, some in scores.items() if some},
            )
        )
    return found


def means(found: Sequence[Row], benchmark: str) -> dict[str, float]:
    """The mean over the tasks of a benchmark, of the columns that have a score in every one of them."""
    own = [row for row in found if row.benchmark == benchmark]
    return {
        column: mean(row.scores[column] for row in own)
        for column in COLUMNS
        if all(column in row.scores for row in own)
    }


def table(answers: Sequence[Answer], columns: Sequence[str]) -> list[list[str]]:
    """Cells, head first: task, number of answers, a score a column ("–" where it has none)."""
    found = rows(answers)
    cells = [["task", "answers", *(NAMES[column] for column in columns)]]
    for benchmark in dict.fromkeys(row.benchmark for row in found):
        own = [row for row in found if row.benchmark == benchmark]
        cells += [
            [
                f"{benchmark} {row.task}",
                str(max(row.counts.values(), default=0)),
                *(_shown(row.scores.get(column)) for column in columns),
            ]
            for row in own
        ]
        if len(own) > 1:
            average = means(found, benchmark)
            cells.append([f"{benchmark}, mean", "", *(_shown(average.get(column)) for column in columns)])
    return cells


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def text(answers: Sequence[Answer], columns: Sequence[str]) -> str:
    """The table for a terminal."""
    cells = table(answers, columns)
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in cells
    ]
    return "\n".join(lines + [f"\n{line}" for line in skipped(answers)])


def skipped(answers: Sequence[Answer]) -> list[str]:
    """What was not asked, and why, a sentence a column and task."""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for one in answers:
        if one.skipped:
            reasons.setdefault((one.benchmark, one.task, one.column), []).append(one.skipped)
    return [
        f"{benchmark} {task}, {NAMES[column]}: {len(some)} not asked ({some[0]})"
        for (benchmark, task, column), some in reasons.items()
    ]


def markdown(answers: Sequence[Answer], columns: Sequence[str], about: Mapping[str, Any]) -> str:
    """A report that names everything the scores depend on."""
    cells = table(answers, columns)
    lines = ["# Benchmarks of long texts", "", "Scores in per cent, by the metric of each benchmark.", ""]
    lines += ["| " + " | ".join(cells[0]) + " |", "|---|" + "---:|" * (len(cells[0]) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in cells[1:]]
    lines += ["", *(f"- {line}" for line in skipped(answers))]
    lines += [
        "",
        "| | |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {value} |" for name, value in about.items()),
    ]
    return "\n".join(lines) + "\n"


def write(folder: Path, answers: Sequence[Answer], columns: Sequence[str], about: Mapping[str, Any]) -> None:
    """report.md, and report.svg where matplotlib is installed."""
    (folder / "report.md").write_text(markdown(answers, columns, about), encoding="utf-8")
    if plots.available():
        found = rows(answers)
        plots.bars(
            folder / "report.svg",
            [row.task for row in found],
            {NAMES[column]: [row.scores.get(column) for row in found] for column in columns},
            title=f"{about['model']}, {about['memory']}",
            y_label="score in per cent",
            colours=[plots.COLOURS[column] for column in columns],
        )
