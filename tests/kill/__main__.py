"""`python -m tests.kill --count N --seed S`: N kills, and what was checked after each."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.kill.run import Report, kill_often


def main() -> int:
    """Run and print; the status is 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="kills (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--longest", type=float, default=4.0, help="seconds of a life (default %(default)s)")
    arguments = parser.parse_args()
    began = time.monotonic()

    def tell(report: Report) -> None:
        print(report.kills, dict(report.checked), report.losses, flush=True)

    with tempfile.TemporaryDirectory(prefix="ahn-chat-kill-") as folder:
        report = kill_often(
            Path(folder), arguments.count, arguments.seed, longest=arguments.longest, aimed=True, on_kill=tell
        )
    print(f"\n{report.kills} kills in {time.monotonic() - began:.0f} s")
    print(
        "under way when killed:", ", ".join(f"{what} {count}" for what, count in report.during.most_common())
    )
    print("checked:", ", ".join(f"{what} {count}" for what, count in report.checked.items()))
    print(f"missing or damaged: {len(report.losses)}")
    for loss in report.losses:
        print(" ", loss)
    return 1 if report.losses else 0


if __name__ == "__main__":
    sys.exit(main())
