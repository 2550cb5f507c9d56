"""`python -m tests.soak --chats N --seconds T`: N chats at once for T seconds, and what was found."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.run import soak


def main() -> int:
    """Run and print; the status is 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--chats", type=int, default=20, help="(default %(default)s)")
    parser.add_argument("--seconds", type=float, default=600.0, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ahn-chat-soak-") as folder:
        report = soak(
            Path(folder),
            arguments.chats,
            arguments.seconds,
            arguments.seed,
            tell=lambda line: print(line, flush=True),
        )
    before, after = report.memory[0], report.memory[-1]
    print(f"{arguments.chats} chats at once, {arguments.seconds:g} s")
    print(
        f"done: {report.done.total():,}:",
        ", ".join(f"{what} {count}" for what, count in report.done.most_common()),
    )
    print("checked:", ", ".join(f"{what} {count}" for what, count in report.checked.items()))
    curve = ", ".join(f"{size:.1f}" for size in report.memory)
    print(f"memory after each fifth: {curve} MB ({(after - before) / before:+.1%})")
    print(
        f"threads: {report.threads[0]}, then {report.threads[1]}; files: {report.files[0]}, then {report.files[1]}"
    )
    print(f"faults: {len(report.faults)}", *report.faults, sep="\n  ")
    steady = (
        after <= before * 1.05
        and report.threads[1] <= report.threads[0]
        and report.files[1] <= report.files[0]
    )
    return 0 if steady and not report.faults else 1


if __name__ == "__main__":
    sys.exit(main())
