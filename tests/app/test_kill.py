"""A few lives of the program, each ended by SIGKILL; `python -m tests.kill` takes fifty."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.kill.run import kill_often


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_nothing_is_lost_when_the_program_is_killed(tmp_path: Path) -> None:
    report = kill_often(
        tmp_path, 2, seed=5, longest=1.5, first=3
    )  # the second life takes over an older version's data
    assert report.losses == []
    assert report.kills == 2 and report.checked["database"] == 2 and report.checked["old documents"]
