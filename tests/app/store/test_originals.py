"""The files people added."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from app.store import StoreError
from app.store.originals import Originals

CONTENT = b"some bytes " * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    return Originals(tmp_path / "originals")


def test_a_kept_file_is_found_by_its_hash(originals: Originals, source: Path, tmp_path: Path) -> None:
    path = originals.keep(source, SHA, ".PDF")
    assert path == tmp_path / "originals" / SHA[:2] / f"{SHA}.pdf"
    assert path.read_bytes() == CONTENT
    assert (originals.path(SHA), originals.nbytes(SHA)) == (path, len(CONTENT))
    source.unlink()
    assert originals.keep(source, SHA, ".txt") == path, "it is there already"
    assert originals.delete(SHA) == len(CONTENT)
    assert (originals.path(SHA), originals.nbytes(SHA), originals.delete(SHA)) == (None, 0, 0)
    assert list((tmp_path / "originals").iterdir()) == []


@pytest.mark.parametrize("suffix", ["", ".", "./../x", ".a b", "." + "x" * 40])
def test_an_odd_suffix_is_left_out(originals: Originals, source: Path, suffix: str) -> None:
    assert originals.keep(source, SHA, suffix).name == SHA


def test_other_bytes_are_refused_and_leave_nothing(
    originals: Originals, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="changed while it was being added, so it was not kept"):
        originals.keep(source, "0" * 64, ".pdf")
    assert [path for path in (tmp_path / "originals").rglob("*") if path.is_file()] == []


def test_a_file_that_cannot_be_read_is_one_sentence(originals: Originals, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"absent could not be copied to .*No such file"):
        originals.keep(tmp_path / "absent", SHA, ".pdf")


def test_what_is_no_hash_is_not_looked_for(originals: Originals) -> None:
    for name in ("../../etc/passwd", "*", "A" * 64):
        with pytest.raises(ValueError, match="is not a SHA-256"):
            originals.path(name)


def test_a_copy_that_was_never_finished_goes_after_a_day(tmp_path: Path) -> None:
    folder = tmp_path / "originals"
    folder.mkdir()
    for name, age in (("old.partial", 2 * 24 * 3600), ("new.partial", 60)):
        (folder / name).touch()
        os.utime(folder / name, (os.stat(folder).st_mtime - age,) * 2)
    Originals(folder)
    assert [path.name for path in folder.iterdir()] == ["new.partial"]
