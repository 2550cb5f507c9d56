"""The command for a GPU works: on a CPU, with tiny shapes."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.gpu.__main__ import PARTS, TOTAL_SECONDS, run_part

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dry(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What each part wrote; in this process, which has imported torch already."""
    out = tmp_path_factory.mktemp("gpu")
    for part in PARTS:
        run_part(part, out, True, 60.0)
    found = {path.stem.partition("-")[2]: json.loads(path.read_text()) for path in sorted(out.glob("*.json"))}
    assert list(found) == list(PARTS), "in the order of the command"
    return found


def test_every_part_runs_dry_and_finds_everything_right(dry: dict[str, list[dict[str, Any]]]) -> None:
    assert dry["machine"][1]["bytes_per_second"] > 0
    (tests,) = dry["cuda-tests"]
    assert tests["status"] == 0 and not tests["failures"], tests
    assert tests["passed"] + tests["skipped"] == 3, "those of the graphs"
    for part in ("kernels", "golden", "int4", "transformers"):
        checked = [result["right"] for result in dry[part] if "right" in result]
        assert checked and all(checked), (part, dry[part])
    assert {result["what"] for result in dry["kernels"]} == {"attention", "packed", "kernels"}
    assert {result["weight"] for result in dry["kernels"] if result["what"] == "packed"} >= {
        "qkv", "o", "gate_up", "down", "head", "o in 6",
    }  # fmt: skip


def test_reading_and_decoding_are_measured_at_every_length(dry: dict[str, list[dict[str, Any]]]) -> None:
    measured = [result for result in dry["ours"] if result["what"] == "ours"]
    assert [(r["kind"], r["tokens"]) for r in measured] == [
        (k, n) for k in ("ahn", "full") for n in (64, 128, 512)
    ]
    assert [r["same_tokens"] for r in measured if "same_tokens" in r] == [True]
    caches = {(r["kind"], r["tokens"]): r["cache_bytes"] for r in measured}
    assert caches["ahn", 512] == caches["ahn", 128] < caches["full", 512]
    assert [r["tokens"] for r in dry["transformers"] if r["what"] == "transformers"] == [64, 128, 512]
    packed = [(r["model"], r["tokens"]) for r in dry["int4"] if r["what"] == "ours"]
    assert packed == [("tiny int4", 64), ("tiny int4", 128)]
    whole, small = (next(r for r in dry[part] if r["what"] == "model") for part in ("ours", "int4"))
    assert small["weight_bytes"] < whole["weight_bytes"] / 2


def test_the_parts_budgets_are_those_of_the_whole() -> None:
    assert sum(PARTS.values()) <= TOTAL_SECONDS < 480


def test_packages_come_from_a_folder_of_wheels(tmp_path: Path) -> None:
    wheels, out = tmp_path / "wheels", tmp_path / "out"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "fla_core-9.9-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "fla_core-9.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: fla-core\nVersion: 9.9\n"
        )
    command = [sys.executable, "-m", "tests.gpu", "--dry", "--parts", "machine"]
    run = partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    done = run([*command, "--out", str(out), "--wheels", str(wheels)])
    assert done.returncode == 0, done.stdout
    assert json.loads((out / "1-machine.json").read_text())[0]["fla-core"] == "9.9"
    done = run([*command, "--out", str(out), "--wheels", str(out)])
    assert (done.returncode, done.stderr.strip()) == (
        1,
        f"{out} holds no wheels (*.whl), so no packages can be taken from it.",
    )


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
