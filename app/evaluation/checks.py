"""`ahn-chat eval checks`: how many wrong facts of answers are marked, and how many right ones wrongly.

The data are texts and answers written for this, in English, German and French: right ones in other words, and wrong
ones with a changed number, date, name, unit or code, a turned sentence, a value that belongs to another thing, an
invention or a false quotation. `tune` was tuned on; `held` and then `fresh` were written and kept apart, measured once,
and their failures then mended by kind, so that a new figure wants new answers. `others` is the hardest kind alone:
texts dense with pairs of values, and answers that give the one for the other. A line with
"pages" is a text; `here` are the pages that the answer was given, the rest is elsewhere. Of an answer the wrong words
stand in double braces.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from app.recall.checks import Check, check_answer
from app.recall.index import TextIndex
from app.recall.sentences import split_sentences
from app.recall.sources import Source

PARTS = ("tune", "held", "fresh", "others")
_WRONG = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """An answer whose truth is known: `wrong` are the spans of its wrong words."""

    kind: str
    question: str
    answer: str
    wrong: tuple[tuple[int, int], ...]
    here: tuple[Source, ...]
    index: TextIndex


@dataclass
class Tally:
    """Counts over some cases."""

    wrong: int = 0
    marked: int = 0
    elsewhere: int = 0  # wrong facts that are not marked as wrong but shown to stand on another page
    right: int = 0
    marked_wrongly: int = 0
    answers: int = 0
    grounding: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Failure:
    """A wrong fact that was not marked, or a right one that was."""

    kind: str
    what: str  # "missed" or "false alarm"
    fact: str
    answer: str


def load(part: str) -> list[Case]:
    """The cases of a part of the data."""
    lines = (
        files("app.evaluation").joinpath(f"data/checks/{part}.jsonl").read_text(encoding="utf-8").splitlines()
    )
    rows = [json.loads(line) for line in lines]
    texts: dict[str, tuple[tuple[Source, ...], TextIndex]] = {}
    for row in rows:
        if "pages" in row:
            pages = [
                Source(row["document"], row["name"], page["page"], str(page["page"]), page["text"])
                for page in row["pages"]
            ]
            here = tuple(page for page in pages if page.page in row["here"])
            texts[row["document"]] = here, TextIndex(pages)
    return [_case(row, *texts[row["document"]]) for row in rows if "answer" in row]


def _case(row: dict[str, Any], here: tuple[Source, ...], index: TextIndex) -> Case:
    answer, spans, last = "", [], 0
    for match in _WRONG.finditer(row["answer"]):
        answer += row["answer"][last : match.start()]
        spans.append((len(answer), len(answer) + len(match[1])))
        answer += match[1]
        last = match.end()
    return Case(row["kind"], row["question"], answer + row["answer"][last:], tuple(spans), here, index)


def evaluate(cases: Sequence[Case]) -> tuple[dict[str, Tally], list[Failure]]:
    """Tallies by kind of case, and what went wrong."""
    tallies: dict[str, Tally] = {}
    failures: list[Failure] = []
    for case in cases:
        checked = check_answer(case.answer, case.question, case.here, [case.index])
        tally = tallies.setdefault(case.kind, Tally())
        tally.answers += 1
        tally.grounding[checked.grounding] += 1
        for span in case.wrong:
            tally.wrong += 1
            about = list(_about(case.answer, span, checked.checks))
            if any(check.wrong for check in about):
                tally.marked += 1
                continue
            tally.elsewhere += any(check.status == "elsewhere" for check in about)
            failures.append(Failure(case.kind, "missed", case.answer[slice(*span)], case.answer))
        for check in checked.checks:
            if not any(check in _about(case.answer, span, [check]) for span in case.wrong):
                tally.right += 1
                if check.wrong:
                    tally.marked_wrongly += 1
                    failures.append(Failure(case.kind, "false alarm", check.text, case.answer))
    return tallies, failures


def _about(answer: str, span: tuple[int, int], checks: Sequence[Check]) -> Iterator[Check]:
    """The checks that touch the wrong words; a negation counts for its whole sentence."""
    for check in checks:
        start, end = check.start, check.end
        if check.kind == "negation":
            start, end = next(
                ((first, last) for first, last in split_sentences(answer) if first <= start < last),
                (start, end),
            )
        if start < span[1] and span[0] < end:
            yield check


def table(tallies: dict[str, Tally], failures: Sequence[Failure], name: str) -> str:
    """The tallies for people."""
    lines = [
        f"{name}: {sum(tally.answers for tally in tallies.values())} answers",
        f"{'kind':<10}{'answers':>9}{'wrong facts':>13}{'marked':>16}{'elsewhere':>11}{'right facts':>13}"
        f"{'marked wrongly':>18}",
    ]
    whole = Tally()
    for kind, tally in sorted(tallies.items()):
        lines.append(_row(kind, tally))
        for counted in ("wrong", "marked", "elsewhere", "right", "marked_wrongly", "answers"):
            setattr(whole, counted, getattr(whole, counted) + getattr(tally, counted))
    lines.append(_row("all", whole))
    right = tallies.get("right", Tally()).grounding
    lines.append(
        "right answers by grounding: "
        + ", ".join(f"{word} {right[word]}" for word in ("text", "partly", "memory"))
    )
    lines += [
        f"  {failure.what}, {failure.kind}: {failure.fact!r} in {failure.answer!r}" for failure in failures
    ]
    return "\n".join(lines)


def _row(kind: str, tally: Tally) -> str:
    marked, wrongly = _share(tally.marked, tally.wrong), _share(tally.marked_wrongly, tally.right)
    facts = f"{tally.wrong:>13}{marked:>16}{tally.elsewhere:>11}{tally.right:>13}{wrongly:>18}"
    return f"{kind:<10}{tally.answers:>9}{facts}"


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "–"


def report(part: str) -> dict[str, Any]:
    """The figures of a part as JSON has them."""
    tallies, failures = evaluate(load(part))
    return {
        "part": part,
        "kinds": {
            kind: vars(tally) | {"grounding": dict(tally.grounding)}
            for kind, tally in sorted(tallies.items())
        },
        "failures": [vars(failure) for failure in failures],
    }


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat eval checks`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat eval checks",
        description="Measure the marks on answers whose truth is known: wrong facts marked, right ones marked wrongly. "
        "No model is needed.",
        allow_abbrev=False,
    )
    result.add_argument("measure", choices=("checks",), help=argparse.SUPPRESS)
    result.add_argument(
        "--part", choices=(*PARTS, "all"), default="all", help="which of the answers (default %(default)s)"
    )
    result.add_argument("--failures", action="store_true", help="print each fact that was judged wrongly")
    result.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return result


def main(argv: Sequence[str]) -> int:
    """Measure and print; returns the exit status."""
    arguments = parser().parse_args(argv)
    parts = PARTS if arguments.part == "all" else (arguments.part,)
    if arguments.json:
        print(json.dumps([report(part) for part in parts], indent=1, ensure_ascii=False))
        return 0
    for part in parts:
        tallies, failures = evaluate(load(part))
        print(table(tallies, failures if arguments.failures else (), part), end="\n\n")
    return 0
