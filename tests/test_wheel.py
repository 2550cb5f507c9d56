"""The wheel: built as `python -m build` builds it, and looked into."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {"__pycache__"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of this folder puts into an environment."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    # Without an environment of its own for the build, which would have to be fetched.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not LEFT_OUT & set(path.parts)
    }


def test_everything_the_app_needs_is_in_it(unpacked: Path) -> None:
    for package in ("app", "ahn_core"):
        inside = {name for name in files(unpacked / package) if not name.startswith("_assets/")}
        assert inside == files(ROOT / package)
    assert files(unpacked / "app" / "_assets") == files(ROOT / "assets")
    assert {path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"} == {"app", "ahn_core"}


def test_it_says_what_it_is(unpacked: Path) -> None:
    (information,) = unpacked.glob("*.dist-info")
    metadata = (information / "METADATA").read_text("utf-8")
    assert "License-Expression: Apache-2.0" in metadata and "Provides-Extra: mcp" in metadata
    assert "ahn-chat = app.cli:main" in (information / "entry_points.txt").read_text("utf-8")


def test_the_command_runs_from_it_and_finds_its_own_assets(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from app import cli, paths; assert (paths.assets_dir() / 'ui' / 'page.js').is_file();"
        "print(paths.assets_dir()); sys.exit(cli.main(['library', 'list', '--data-dir', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": "", "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert str(unpacked / "app" / "_assets") in done.stdout and "The library is empty" in done.stdout
