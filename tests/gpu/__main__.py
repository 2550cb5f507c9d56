"""Runs the parts in order, each in a process of its own that may crash without taking the others along."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Part, and how many seconds it may take; what one does not use is the next one's.
PARTS = {
    "machine": 15,
    "cuda-tests": 85,
    "kernels": 75,
    "golden": 35,
    "ours": 150,
    "int4": 35,
    "transformers": 75,
}
TOTAL_SECONDS = 470  # eight minutes, less the starts of processes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder that gets a JSON file for each part")
    parser.add_argument("--dry", action="store_true", help="tiny shapes on a CPU, to try the command")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="wheels to use: fla, mamba-ssm, einops, pytest, …"
    )
    parser.add_argument("--seconds", type=float, default=TOTAL_SECONDS, help="for all parts together")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)  # run this one here
    parser.add_argument("--end", type=float, help=argparse.SUPPRESS)  # seconds this process may take
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.part is not None:
        run_part(arguments.part, arguments.out, arguments.dry, arguments.end)
        return 0
    paths = [ROOT, *unpacked(arguments.wheels, arguments.out)]
    end, spare, failed = time.monotonic() + arguments.seconds, 0.0, []
    for part in arguments.parts:
        budget = min(PARTS[part] + spare, end - time.monotonic())
        began = time.monotonic()
        status = in_a_process(part, arguments.out, arguments.dry, max(budget, 1.0), paths)
        took = time.monotonic() - began
        spare = max(budget - took, 0.0)
        print(f"{part}: {took:.0f} s, {'done' if status == 0 else f'ended with {status}'}", flush=True)
        if status != 0:
            failed.append(part)
    return len(failed)


def unpacked(wheels: Path | None, out: Path) -> list[Path]:
    """A folder with all packages of a folder of wheels, which needs neither pip nor a network; what is installed stays
    as it is. Raises SystemExit where there are none.
    """
    if wheels is None:
        return []
    found = sorted(wheels.glob("*.whl"))
    if not found:
        raise SystemExit(f"{wheels} holds no wheels (*.whl), so no packages can be taken from it.")
    folder = out.resolve() / "packages"
    for wheel in found:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return [folder]


def in_a_process(part: str, out: Path, dry: bool, budget: float, paths: list[Path]) -> int | str:
    command = [sys.executable, "-m", "tests.gpu", "--out", str(out.resolve()), "--part", part]
    command += ["--end", str(budget - 3)] + ["--dry"] * dry
    given = os.environ.get("PYTHONPATH")
    places = [*map(str, paths), *([given] if given else [])]
    with (out / f"{number(part)}-{part}.log").open("w", encoding="utf-8") as log:
        try:
            return subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "HF_HUB_OFFLINE": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=budget,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return "its time"


def number(part: str) -> int:
    return list(PARTS).index(part) + 1


def run_part(part: str, out: Path, dry: bool, seconds: float) -> None:
    from . import checks, machine, packed, speed
    from .common import Clock, Results, Scale, scale

    parts: dict[str, Callable[[Scale, Results, Clock], None]] = {
        "machine": machine.run,
        "cuda-tests": checks.cuda_tests,
        "kernels": checks.kernels,
        "golden": checks.golden,
        "ours": speed.ours,
        "int4": packed.int4,
        "transformers": speed.theirs,
    }
    clock = Clock(time.monotonic() + seconds)
    parts[part](scale(dry), Results(out / f"{number(part)}-{part}.json"), clock)


if __name__ == "__main__":
    sys.exit(main())
