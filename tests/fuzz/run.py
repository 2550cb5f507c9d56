"""Putting mutated files through the reader's real child process, and counting what comes of them."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.documents import DocumentError, Limits, extract
from app.documents.faults import Fault
from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import make_seeds

LIMITS = Limits(max_seconds=30.0, max_memory_bytes=1024 * 1024 * 1024)
GRACE = 3.0  # seconds over the limit in which the child is to have been ended
OUTCOMES = {
    Fault.TOO_MUCH_TIME: "time limit",
    Fault.TOO_MUCH_MEMORY: "memory limit",
    Fault.CRASHED: "crash of the child",
    Fault.NOT_STARTED: "child not started",
}
APP_CRASH, TOO_LATE = "crash of the app", "not ended in time"


@dataclass
class Report:
    """How many files had which outcome, in all and by format; the longest took `slowest` seconds."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_format: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: float = 0.0
    kept: list[str] = field(default_factory=list)  # of files worth a look: number, mutation and what happened


def outcome(path: Path, limits: Limits = LIMITS) -> tuple[str, str]:
    """What came of a file: one of the outcomes, and the sentence where there is one."""
    try:
        extract(path, limits=limits)
    except DocumentError as error:
        sentence = str(error)
        if not sentence.startswith(path.name) or "\n" in sentence:
            return APP_CRASH, f"no sentence: {sentence!r}"
        return OUTCOMES.get(error.fault, "refused") if error.fault else "refused", sentence
    except Exception as error:  # noqa: BLE001 - the very thing that is counted
        return APP_CRASH, f"{type(error).__name__}: {error}"
    return "read", ""


def fuzz(
    folder: Path,
    count: int,
    seed: int,
    *,
    first: int = 0,
    limits: Limits = LIMITS,
    on_file: Callable[[int, Report], None] = lambda number, report: None,
) -> Report:
    """Files number `first` … `first + count - 1` of those that `seed` gives, each the same in every run.

    A file whose outcome is not one that is meant to be stays in `folder`.
    """
    report, seeds = Report(), make_seeds(folder)
    for number in range(first, first + count):
        chance = random.Random(seed * 1_000_003 + number)
        suffix = chance.choice(sorted(seeds))
        data, done = mutate(chance.choice(seeds[suffix]), chance)
        shown = chance.choice(sorted(seeds)) if chance.random() < 0.03 else suffix
        path = folder / f"fuzz-{seed}-{number}{shown}"
        path.write_bytes(data)
        began = time.monotonic()
        found, sentence = outcome(path, limits)
        seconds = time.monotonic() - began
        if seconds > limits.max_seconds + GRACE:
            found = TOO_LATE
        report.slowest = max(report.slowest, seconds)
        report.outcomes[found] += 1
        report.by_format.setdefault(suffix, Counter())[found] += 1
        if found in ("read", "refused"):
            path.unlink()
        else:
            report.kept.append(f"{path.name}  {done}  {found}  {seconds:.1f} s  {sentence}")
        on_file(number, report)
    return report
