"""`python -m tests.fuzz --count N --seed S`: N mutated files, and figures by outcome."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.run import APP_CRASH, TOO_LATE, Report, fuzz


def main() -> int:
    """Run and print; the status is 1 where the app crashed or a child outlived its time."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="files (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--keep", metavar="FOLDER", help="where files with an unwanted outcome stay")
    arguments = parser.parse_args()
    folder = Path(arguments.keep or tempfile.mkdtemp(prefix="ahn-chat-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()

    def tell(number: int, report: Report) -> None:
        if report.outcomes.total() % 100 == 0:
            slowest, largest = max(report.slowest.values()), max(report.largest.values())
            print(f"{number + 1} {dict(report.outcomes)} {slowest:.1f} s, {largest:.0f} MB", flush=True)

    report = fuzz(folder, arguments.count, arguments.seed, first=arguments.first, on_file=tell)
    print(f"\n{arguments.count} files of seed {arguments.seed} in {time.monotonic() - began:.0f} s")
    print(f"  {'outcome':20} {'files':>6} {'slowest':>10} {'largest child':>14}")
    for name, count in report.outcomes.most_common():
        print(f"  {name:20} {count:6} {report.slowest[name]:8.1f} s {report.largest[name]:11.0f} MB")
    for suffix, outcomes in sorted(report.by_format.items()):
        print(f"  {suffix:7} {dict(outcomes)}")
    for line in report.kept:
        print(line)
    print(f"files kept in {folder}")
    return 1 if report.outcomes[APP_CRASH] or report.outcomes[TOO_LATE] else 0


if __name__ == "__main__":
    sys.exit(main())
