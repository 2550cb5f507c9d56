"""The kernels' tests, with the kernels compiled for another processor."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ahn_core.native import compilers
from ahn_core.native.build import BuildError
from ahn_core.native.compilers import Compiler
from tests.targets.compiling import arm_driver, library_for_processor

ROOT = Path(__file__).resolve().parents[2]
_FLAGS = {"x86-64-v2": "ssse3", "x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}
_TEST_SECONDS = 1800


def qemu() -> str | None:
    """The program that runs programs for ARM64: what QEMU_AARCH64 names, or one that is installed."""
    return (
        os.environ.get("QEMU_AARCH64") or shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    )


def arm_tests(zig: Compiler, cache: Path, words: str) -> dict[str, object]:
    """The kernels' tests, the kernels run by qemu."""
    runner = qemu()
    if runner is None:
        return {"skipped": "qemu-aarch64 is not installed (Debian: apt install qemu-user)"}
    try:
        program = arm_driver(zig, cache)
    except BuildError as error:
        return {"failed": str(error)}
    # test_grouped.py compiles the x86 branches by itself; here all of them would be the same program.
    words = f"not AVX and ({words})" if words else "not AVX"
    files = ("test_native.py", "test_grouped.py")
    return run_tests({"AHN_TARGET_PROGRAM": f"{runner} {program}"}, words, files)


def x86_tests(processor: str, cache: Path, words: str) -> dict[str, object]:
    """The kernels' tests with the kernels compiled for an older processor than this one."""
    flags = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not flags.is_file():
        return {"skipped": "this is no x86-64 with Linux"}
    if _FLAGS[processor] not in flags.read_text(encoding="utf-8"):
        return {"skipped": f"this processor is older than {processor}"}
    command = compilers.find()
    if command is None:
        return {"skipped": "no C++ compiler is installed"}
    try:
        library = library_for_processor(command, processor, cache)
    except BuildError as error:
        return {"failed": str(error)}
    return run_tests({"AHN_TARGET_LIBRARY": str(library)}, words, ("test_native.py",))


def run_tests(environment: dict[str, str], words: str, files: tuple[str, ...]) -> dict[str, object]:
    """pytest's count of the kernels' tests."""
    wanted = f"not compiler and not second_build{f' and ({words})' if words else ''}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.targets.plugin", "-p", "no:cacheprovider"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "-k", wanted, *(f"tests/ahn_core/{name}" for name in files)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=_TEST_SECONDS,
        check=False,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    counts: dict[str, object] = {
        word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped)", last)
    }
    counts["seconds"] = round(time.monotonic() - began, 1)
    if done.returncode != 0:
        counts["failed"] = counts.get("failed") or (done.stdout + done.stderr)[-600:]
        counts["tail"] = done.stdout[-3000:]
    return counts
