"""The command for a GPU works: on a CPU, with tiny shapes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_parts_run_dry_and_leave_their_results(tmp_path: Path) -> None:
    parts = ["machine", "kernels", "ours"]
    command = [sys.executable, "-m", "tests.gpu", "--dry", "--out", str(tmp_path), "--parts", *parts]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + "".join(p.read_text() for p in tmp_path.glob("*.log"))
    found = {path.stem.partition("-")[2]: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert set(found) == set(parts)
    assert found["machine"][1]["bytes_per_second"] > 0
    assert all(result["right"] for result in found["kernels"])
    measured = [result for result in found["ours"] if result["what"] == "ours"]
    assert [(r["kind"], r["tokens"]) for r in measured] == [
        (k, n) for k in ("ahn", "full") for n in (64, 128, 512)
    ]
    assert [r["same_tokens"] for r in measured if "same_tokens" in r] == [True]
    caches = {(r["kind"], r["tokens"]): r["cache_bytes"] for r in measured}
    assert caches["ahn", 512] == caches["ahn", 128] < caches["full", 512]


def test_a_part_that_ends_badly_is_told_and_the_next_one_runs(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.gpu",
        "--dry",
        "--out",
        str(tmp_path),
        "--parts",
        "golden",
        "machine",
    ]
    done = subprocess.run(
        [*command, "--seconds", "0.5"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode >= 1
    assert "golden: 1 s, ended with its time" in done.stdout
    assert "machine:" in done.stdout
