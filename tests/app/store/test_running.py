"""What a killed process left goes at the next start; what a running one has stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store import Store
from tests.app.store.support import PROJECT

LIVES = """
import sys
from pathlib import Path
from app.store import Store
store = Store(Path(sys.argv[1]))
mine = store.turns / store.running.name / "chat"
mine.mkdir(parents=True)
(mine / "0.safetensors").write_bytes(b"x" * 1000)
(store.folder / "snapshots").mkdir(exist_ok=True)
(store.folder / "snapshots" / f"key.{store.running.name}.partial").write_bytes(b"x" * 1000)
print("ready", flush=True)
input()
"""


def files(folder: Path) -> list[str]:
    return sorted(
        path.name
        for name in ("turns", "snapshots", "running")
        for path in (folder / name).rglob("*")
        if path.is_file()
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_running_process_keeps_what_it_has_and_a_killed_one_is_cleared_away(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LIVES, str(tmp_path)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        with Store(tmp_path) as store:
            assert len(files(tmp_path)) == 4, "what the other one has, and this one's lock"
            assert store.nbytes()["turns"] == 1000 and store.nbytes()["readings"] == 1000
        assert len(files(tmp_path)) == 3
        process.kill()
    with Store(tmp_path) as store:
        assert files(tmp_path) == [f"{store.running.name}.lock"]
    assert files(tmp_path) == []


def test_what_earlier_versions_left_goes_too(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    for name in ("turns/0123abcd/0.safetensors", f"snapshots/key.{ended.stdout.strip()}.partial"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    own = tmp_path / "snapshots" / f"key.{os.getpid()}.partial"
    own.write_bytes(b"x")
    with Store(tmp_path):
        assert [name for name in files(tmp_path) if not name.endswith(".lock")] == [own.name]
