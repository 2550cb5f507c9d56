"""A few mutated files; `python -m tests.fuzz` takes thousands."""

from __future__ import annotations

from pathlib import Path

from app.documents import extract
from tests.app.documents_support import nothing_left_running  # noqa: F401  (a fixture that is always used)
from tests.fuzz.run import APP_CRASH, TOO_LATE, fuzz
from tests.fuzz.seeds import make_seeds


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    report = fuzz(tmp_path, 8, seed=11)
    assert report.outcomes.total() == 8
    assert not report.outcomes[APP_CRASH] + report.outcomes[TOO_LATE], report.kept
    assert report.slowest.keys() == report.largest.keys() == report.outcomes.keys()


def test_what_is_mutated_can_be_read(tmp_path: Path) -> None:
    seeds = make_seeds(tmp_path)
    assert len(seeds) >= 20
    for suffix in (".epub", ".odt", ".rtf"):  # written by hand
        (tmp_path / f"seed{suffix}").write_bytes(seeds[suffix][0])
        assert any(extract(tmp_path / f"seed{suffix}").pages)
