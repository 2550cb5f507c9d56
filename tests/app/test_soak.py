"""Some chats at once for a moment; `python -m tests.soak` has twenty for ten minutes."""

from __future__ import annotations

from pathlib import Path

from tests.soak.run import soak


def test_chats_at_once_never_mix_and_leave_nothing(tmp_path: Path) -> None:
    report = soak(tmp_path, chats=3, seconds=1.5, seed=1)
    assert report.faults == []
    assert report.checked["turns"] >= 3 and report.checked["answers"]
    assert report.threads[1] <= report.threads[0] and report.files[1] <= report.files[0]
