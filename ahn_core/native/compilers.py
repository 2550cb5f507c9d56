"""Finding a C++ compiler: what CXX names, one that is installed, or clang out of the package ziglang."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

_USUAL = ("g++", "clang++", "c++")
_ANSWER_SECONDS = 20.0  # for a question of a moment
_SECONDS = 300.0
_ZIG_SECONDS = 1200.0  # it compiles the C++ library, too, the first time


class CompilerError(RuntimeError):
    """A compiler cannot be used; the message is a clause that says why."""


@dataclass(frozen=True)
class Compiler:
    """A command that compiles C++. `is_zig`: clang out of the package ziglang, which calls processors by other names
    and keeps what it compiled in folders of its own.
    """

    command: tuple[str, ...]
    is_zig: bool = False

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return _ZIG_SECONDS if self.is_zig else _SECONDS

    @property
    def name(self) -> str:
        return "ziglang" if self.is_zig else self.command[0]

    def arguments(self, system: str = sys.platform, machine: str | None = None) -> list[str]:
        """The command line for a library for this very processor, less the files."""
        flags = ["-O3", "-std=c++17", "-shared"]
        if system != "win32":
            flags += ["-fPIC", "-pthread"]
        if self.is_zig:
            # Without symbols it writes one file and not three. Undefined behaviour is not to be trapped.
            return [*self.command, *flags, "-s", "-fno-sanitize=undefined", "-mcpu=native"]
        machine = (platform.machine() if machine is None else machine).lower()
        # Clang on ARM knows the processor only by this name.
        return [*self.command, *flags, "-mcpu=native" if machine in ("arm64", "aarch64") else "-march=native"]

    def version(self) -> str:
        """What it says of itself. Raises CompilerError: it does not answer."""
        try:
            done = subprocess.run(
                [*self.command, "--version"],
                capture_output=True,
                text=True,
                timeout=_ANSWER_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompilerError(f"{self.name} does not answer ({error})") from error
        return done.stdout


def find() -> Compiler | None:
    """The compiler to use; None where there is none.

    On Windows only what CXX names or ziglang: Microsoft's own does not know the vector extensions of the source.
    """
    named = os.environ.get("CXX")
    if named:
        path = shutil.which(named)
        return Compiler((path,)) if path is not None else None
    if sys.platform != "win32":
        path = next((found for name in _USUAL if (found := shutil.which(name))), None)
        if path is not None and not (sys.platform == "darwin" and _is_stand_in(path)):
            return Compiler((path,))
    return zig()


def zig() -> Compiler | None:
    """The compiler of the package ziglang, where it is installed."""
    if importlib.util.find_spec("ziglang") is None:
        return None
    return Compiler((sys.executable, "-m", "ziglang", "c++"), is_zig=True)


def _is_stand_in(path: str) -> bool:
    """Whether this is Apple's stand-in, which, when it is run, asks the user to install the real one."""
    if not path.startswith("/usr/bin/"):
        return False
    try:
        done = subprocess.run(
            ["xcode-select", "-p"], capture_output=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return done.returncode != 0
