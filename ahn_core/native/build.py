"""Compiling step.cpp and its headers once and keeping the library on disk."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .compilers import Compiler, CompilerError
from .compilers import find as compiler

SOURCE = Path(__file__).with_name("step.cpp")
_SUFFIX = ".dll" if sys.platform == "win32" else ".so"
_ANSWER_SECONDS = 20.0  # for a question of a moment


class BuildError(RuntimeError):
    """There is no library; the message is one sentence that says why."""


def library(folder: Path) -> Path:
    """The compiled library in `folder`; compiled first, in seconds and at low priority, if it is not there yet; with
    ziglang in a minute or two.

    Its name carries a digest of source and processor, and one of the compiler: another one of any of them gets another
    library. Where no compiler is left, one that was compiled before is used.

    Raises BuildError: no compiler, the folder cannot be written to, or what the compiler said.
    """
    found = kept(folder)
    if found is not None:
        return found
    command = compiler()
    assert command is not None, "kept() asks for one"
    target = _target(folder, command)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What else a compiler writes, and where zig keeps its own library, goes again with this folder.
        with tempfile.TemporaryDirectory(
            dir=folder, prefix="compiling-", ignore_cleanup_errors=True
        ) as temporary:
            partial = Path(temporary) / f"step{_SUFFIX}"
            compile_to(partial, command, Path(temporary))
            os.replace(partial, target)
    except OSError as error:
        raise BuildError(f"the library could not be written to {folder} ({error})") from error
    return target


def compile_to(
    target: Path, command: Compiler, scratch: Path, extra: tuple[str, ...] = (), source: Path | None = None
) -> None:
    """Compile `source`, by default step.cpp, to `target`, with `extra` arguments. `scratch` is an existing folder for
    what lies about afterwards.

    Raises BuildError: what the compiler said, or that it took too long.
    """
    arguments = [*command.arguments(), *extra, str(source or SOURCE), "-o", str(target)]
    environment = dict(os.environ)
    if command.is_zig:
        for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
            environment.setdefault(name, str(scratch / "zig"))
    try:
        done = subprocess.run(
            [*_quietly(), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=command.seconds,
            check=False,
            cwd=scratch,
            env=environment,
            creationflags=_quiet_flags(),
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{command.name} was not done after {command.seconds:.0f} s") from error
    except OSError as error:
        raise BuildError(f"{command.name} cannot be run ({error})") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or ["it did not say why"]
        raise BuildError(f"{command.name} failed: {lines[0].strip()[:200]}")


def kept(folder: Path) -> Path | None:
    """The library in `folder` if it was compiled already. Raises BuildError: it was not, and there is no compiler."""
    command = compiler()
    if command is not None:
        target = _target(folder, command)
        return target if target.is_file() else None
    left = sorted(folder.glob(f"step-{_subject()}-*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
    if not left:
        raise BuildError("no C++ compiler is installed (g++, clang++ or the package ziglang)")
    return left[-1]


def _target(folder: Path, command: Compiler) -> Path:
    """Where the library of this compiler belongs."""
    try:
        described = " ".join([*command.arguments(), command.version()])
    except CompilerError as error:
        raise BuildError(str(error)) from error
    return folder / f"step-{_subject()}-{hashlib.sha256(described.encode()).hexdigest()[:8]}{_SUFFIX}"


def _subject() -> str:
    """A digest of what is compiled, and for which processor: a data folder may be shared by machines."""
    digest = hashlib.sha256(SOURCE.read_bytes())
    for header in sorted(SOURCE.parent.glob("*.h")):
        digest.update(header.read_bytes())
    digest.update(_processor().encode())
    return digest.hexdigest()[:16]


def _quietly() -> list[str]:
    """At low priority: somebody may be reading an answer meanwhile."""
    return [nice, "-n", "10"] if (nice := shutil.which("nice")) else []


def _quiet_flags() -> int:
    if sys.platform == "win32":
        return subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    return 0


def _processor() -> str:
    """What the compiler's "native" stands for."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {_brand()}"
    # On ARM the features and the parts' numbers, on x86 the name and the flags.
    keys = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    return " ".join(next((line for line in lines if line.startswith(key)), "") for key in keys)


def _brand() -> str:
    """On a Mac the processor's name, which `platform` does not know."""
    if platform.system() != "Darwin":
        return ""
    try:
        done = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
