"""Fixtures and marks shared by all tests."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path
from typing import Any

# As the app does, and before anything imports torch: its threads must not spin for long on a machine that does other
# things.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many processes as cores share the tests

import pytest

from ahn_core import zoo

ROOT = Path(__file__).resolve().parents[1]
BROWSER_REQUIRED = os.environ.get("AHN_CHAT_REQUIRE_BROWSER", "") not in ("", "0")


@functools.cache
def chromium_executable() -> str | None:
    """A Chromium to drive: AHN_CHAT_CHROMIUM, one on the path, or None."""
    for name in (
        os.environ.get("AHN_CHAT_CHROMIUM"),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "chrome",
    ):
        if name and (found := shutil.which(name)):
            return found
    return None


@functools.cache
def has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """How processes share the tests: file by file, so that a file's fixtures are made once; all that drive a browser go
    to one process, as two browsers at a time make pages slow.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return file.rpartition("/")[0] if "/browser/" in file else file

    return Scheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("cuda") and not has_cuda():
        pytest.skip("needs an NVIDIA GPU, and this machine has none that torch can use")
    if item.get_closest_marker("browser") and chromium_executable() is None:
        reason = (
            "needs a Chromium on the path (Debian: apt install chromium), or AHN_CHAT_CHROMIUM naming one"
        )
        if BROWSER_REQUIRED:
            pytest.fail(f"{reason}, and AHN_CHAT_REQUIRE_BROWSER forbids skipping", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser for tests marked `browser`."""
    executable = chromium_executable()
    assert executable is not None, "mark the test with @pytest.mark.browser"
    return executable


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that the app uses in place of the user's own; the embedded model is not in it."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("AHN_CHAT_HOME", "AHN_HOME"):
        monkeypatch.setenv(name, str(folder))
    return folder


@pytest.fixture(scope="session")
def native_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder called "native" with the kernels compiled for this processor: once for all tests, as that takes
    seconds.
    """
    from ahn_core.native import build

    if build.compiler() is None:
        pytest.skip("needs a C++ compiler: g++ or clang++")
    folder = tmp_path_factory.mktemp("cache") / "native"
    build.library(folder)
    return folder


@pytest.fixture(scope="session")
def embedded_path() -> Path:
    """Folder of the converted embedded model in the user's own data folder; tests fetch nothing themselves."""
    if not zoo.embedded_is_ready():
        pytest.skip(
            f"the embedded model is not in {zoo.home()}: "
            "`python launch.py test` fetches it where the network allows"
        )
    return zoo.embedded_path()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the files that a set-up reads and runs."""
    folder = tmp_path / "a checkout"  # with a space, as on many desks
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "launch.py", folder)
    (folder / "app").mkdir()
    for name in ("__init__.py", "launching.py"):
        shutil.copy(ROOT / "app" / name, folder / "app")
    return folder
