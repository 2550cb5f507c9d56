"""A pytest plugin that puts other kernels in the place of this machine's own.

AHN_TARGET_LIBRARY names a library for this very system, AHN_TARGET_PROGRAM the command of a driver (driver.cpp).
"""

from __future__ import annotations

import ctypes
import os
import shlex
from pathlib import Path

import pytest

from ahn_core.native import build, decoder
from tests.targets import remote


def pytest_configure(config: pytest.Config) -> None:
    library, program = (os.environ.get(f"AHN_TARGET_{name}") for name in ("LIBRARY", "PROGRAM"))
    if library:
        build.library = lambda folder: Path(library)  # type: ignore[assignment]
    if program:
        build.library = lambda folder: Path("remote")  # type: ignore[assignment]
        remote.note_pointers()

        class Ctypes:
            CDLL = staticmethod(lambda _: remote.Remote(shlex.split(program)))
            addressof = staticmethod(remote.noted_addressof)

            def __getattr__(self, name: str) -> object:
                return getattr(ctypes, name)

        decoder.ctypes = Ctypes()  # type: ignore[assignment]
