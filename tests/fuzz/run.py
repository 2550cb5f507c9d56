"""Putting mutated files through the reader's real child process, and counting what comes of them."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

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
    """How many files had which outcome, in all and by format, and by outcome the longest time and the largest child."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_format: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)  # seconds
    largest: dict[str, float] = field(default_factory=dict)  # MB resident at the most (0 where nothing tells)
    kept: list[str] = field(default_factory=list)  # of files worth a look: number, mutation and what happened


class _WaitedFor(subprocess.Popen[bytes]):
    """A process that is never taken from the system by `poll`, so that `wait` is told what it used."""

    def poll(self) -> int | None:
        return self.returncode


@contextmanager
def measured_children() -> Iterator[list[float]]:
    """The memory in MB that each child process had resident at the most, added when it has been waited for; nothing
    on a platform that does not tell.

    The kernel counts this process's own peak for a child until that is another program, so it is forgotten first.
    """
    sizes: list[float] = []
    if not hasattr(os, "wait4"):
        yield sizes
        return

    with suppress(OSError):  # only Linux has it
        Path("/proc/self/clear_refs").write_text("5")

    def waitpid(process: int, options: int) -> tuple[int, int]:
        found, status, used = os.wait4(process, options)
        if found:
            sizes.append(used.ru_maxrss * 1024 / 1e6)
        return found, status

    with patch.object(os, "waitpid", waitpid), patch.object(subprocess, "Popen", _WaitedFor):
        yield sizes


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
        del data
        began = time.monotonic()
        with measured_children() as sizes:
            found, sentence = outcome(path, limits)
        seconds = time.monotonic() - began
        if seconds > limits.max_seconds + GRACE:
            found = TOO_LATE
        report.outcomes[found] += 1
        report.slowest[found] = max(report.slowest.get(found, 0.0), seconds)
        report.largest[found] = max(report.largest.get(found, 0.0), *sizes, 0.0)
        report.by_format.setdefault(suffix, Counter())[found] += 1
        if found in ("read", "refused"):
            path.unlink()
        else:
            report.kept.append(
                f"{path.name}  {done}  {found}  {seconds:.1f} s  {max(sizes, default=0):.0f} MB  {sentence}"
            )
        on_file(number, report)
    return report
