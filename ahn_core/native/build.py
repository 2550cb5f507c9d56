"""Compiling step.cpp and its headers once and keeping the library on disk."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("step.cpp")
_INCLUDED = ("absorption.h", "attention.h", "between.h", "grouped.h", "products.h", "team.h", "vectors.h")
_COMPILERS = ("g++", "clang++", "c++")
_SECONDS = 300.0
_ANSWER_SECONDS = 20.0  # for a question of a moment


class BuildError(RuntimeError):
    """There is no library; the message is one sentence that says why."""


def compiler() -> str | None:
    """The C++ compiler: what CXX names, else the first of the usual ones that is installed; None on Windows, whose
    own compiler does not know the vector extensions of the source.
    """
    if sys.platform == "win32":
        return None
    named = os.environ.get("CXX")
    found = next((path for name in ([named] if named else _COMPILERS) if (path := shutil.which(name))), None)
    if found is not None and sys.platform == "darwin" and found.startswith("/usr/bin/") and not _has_tools():
        return None  # it is Apple's stand-in, which would ask the user to install the real one
    return found


def _has_tools() -> bool:
    """Whether Apple's command-line tools are installed."""
    try:
        done = subprocess.run(
            ["xcode-select", "-p"], capture_output=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def library(folder: Path) -> Path:
    """The compiled library in `folder`; compiled first, in seconds and at low priority, if it is not there yet.

    Its name carries a digest of source, compiler and processor: another one of any of them gets another library.

    Raises BuildError: no compiler, the folder cannot be written to, or what the compiler said.
    """
    arguments, target = _plan(folder)
    if target.is_file():
        return target
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    quietly = [nice, "-n", "10"] if (nice := shutil.which("nice")) else []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [*quietly, *arguments, str(SOURCE), "-o", str(partial)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or ["it did not say why"]
            raise BuildError(f"{arguments[0]} failed: {lines[0].strip()[:200]}")
        os.replace(partial, target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"the library could not be written to {folder} ({error})") from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def kept(folder: Path) -> Path | None:
    """The library in `folder` if it was compiled already. Raises BuildError: no compiler."""
    target = _plan(folder)[1]
    return target if target.is_file() else None


def _plan(folder: Path) -> tuple[list[str], Path]:
    """The compiler's command line, less files, and where the library belongs."""
    command = compiler()
    if command is None:
        raise BuildError("no C++ compiler is installed (g++ or clang++)")
    arguments = [command, "-O3", "-std=c++17", "-fPIC", "-shared", "-pthread", _processor_flag()]
    digest = hashlib.sha256(SOURCE.read_bytes())
    for name in _INCLUDED:
        digest.update(Path(__file__).with_name(name).read_bytes())
    digest.update(" ".join([*arguments, _version(command), _processor()]).encode())
    return arguments, folder / f"step-{digest.hexdigest()[:16]}.so"


def _processor_flag() -> str:
    # Clang on ARM knows the processor only by this name.
    return "-mcpu=native" if platform.machine().lower() in ("arm64", "aarch64") else "-march=native"


def _version(command: str) -> str:
    try:
        done = subprocess.run(
            [command, "--version"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command} does not answer ({error})") from error
    return done.stdout


def _processor() -> str:
    """What the compiler's "native" stands for: a data folder may be shared by machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return " ".join(
        next((line for line in lines if line.startswith(key)), "") for key in ("model name", "flags")
    )
