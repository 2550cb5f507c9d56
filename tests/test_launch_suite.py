"""How `launch.py test` starts pytest."""

from __future__ import annotations

import os

import launch


def test_the_whole_suite_is_shared_by_processes_and_what_is_asked_for_is_not() -> None:
    assert launch.shared([], 2) == ["-n", "2"]
    assert launch.shared(["--durations=10"], 16) == ["-n", "4", "--durations=10"]
    for arguments in (["tests/test_launch.py"], ["-x"], ["-n", "8"], ["-p", "no:xdist"], ["--pdb"]):
        assert launch.shared(arguments, 2) == arguments
    assert launch.shared([], 1) == []
    assert 1 <= launch.usable_cores() <= (os.cpu_count() or 1)
