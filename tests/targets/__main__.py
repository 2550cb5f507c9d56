"""Compiles the kernels for every target with ziglang, and runs their tests for each processor that can be had here."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ahn_core.native import build, compilers
from ahn_core.native.build import BuildError
from ahn_core.native.compilers import Compiler

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
# What a person's machine may be. The processor is one that all of them have at least.
TARGETS = {
    "Linux x86-64": ("x86_64-linux-gnu.2.28", "x86_64_v3", ".so"),
    "Windows x86-64": ("x86_64-windows-gnu", "x86_64_v3", ".dll"),
    "macOS ARM64": ("aarch64-macos", "apple_m1", ".so"),
    "Linux ARM64": ("aarch64-linux-gnu.2.28", "generic", ".so"),
}
# Each has another branch of the source. The last has AVX-512 without its products of bfloat16.
VARIANTS = {"no vectors": "x86-64-v2", "AVX2": "x86-64-v3", "AVX-512": "x86-64-v4"}
_FLAGS = {"x86-64-v2": "ssse3", "x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}
_EXPORTED = ("ahn_step", "ahn_absorb", "ahn_linear")
_TEST_SECONDS = 1800


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.targets", description=__doc__)
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "ahn-chat-targets",
        help="where zig keeps the C++ libraries it compiled: the second run is quicker (default %(default)s)",
    )
    parser.add_argument("--only", choices=["targets", "arm", "x86"], help="one part")
    parser.add_argument("--tests", default="", metavar="WORDS", help="pytest's -k: only some of the tests")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, object]] = []

    def tell(**result: object) -> None:
        results.append(result)
        print(json.dumps(result), flush=True)

    zig = compilers.zig()
    if zig is None:
        tell(what="targets", skipped="the package ziglang is not installed: pip install ziglang")
    elif arguments.only in (None, "targets"):
        for name, (target, processor, suffix) in TARGETS.items():
            tell(what="compiled", target=name, **compiled(zig, target, processor, suffix, arguments.cache))
    if zig is not None and arguments.only in (None, "arm"):
        tell(what="tests", target="Linux ARM64", **arm_tests(zig, arguments.cache, arguments.tests))
    if arguments.only in (None, "x86"):
        for name, processor in VARIANTS.items():
            tell(what="tests", target=name, **x86_tests(processor, arguments.cache, arguments.tests))
    return int(any("failed" in result for result in results))


def for_target(zig: Compiler, target: str, processor: str) -> Compiler:
    """zig for another machine than this one."""

    class Cross(Compiler):
        def arguments(self, system: str = "", machine: str | None = None) -> list[str]:
            given = super().arguments("win32" if "windows" in target else "linux")
            return [*(a for a in given if a != "-mcpu=native"), "-target", target, f"-mcpu={processor}"]

    return Cross(zig.command, is_zig=True)


def keep_cache(cache: Path) -> None:
    for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
        os.environ.setdefault(name, str(cache / "zig"))


def compiled(zig: Compiler, target: str, processor: str, suffix: str, cache: Path) -> dict[str, object]:
    """The library for another machine, with the functions it exports."""
    keep_cache(cache)
    began, library = time.monotonic(), cache / f"step-{target}{suffix}"
    try:
        build.compile_to(library, for_target(zig, target, processor), cache)
    except BuildError as error:
        return {"failed": str(error)}
    names = library.read_bytes()
    missing = [name for name in _EXPORTED if name.encode() not in names]
    if missing:
        return {"failed": f"not exported: {', '.join(missing)}"}
    return {"bytes": len(names), "seconds": round(time.monotonic() - began, 1)}


def arm_tests(zig: Compiler, cache: Path, words: str) -> dict[str, object]:
    """The kernels' tests, the kernels run by qemu."""
    keep_cache(cache)
    qemu = (
        os.environ.get("QEMU_AARCH64") or shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    )
    if qemu is None:
        return {"skipped": "qemu-aarch64 is not installed (Debian: apt install qemu-user)"}
    names = re.findall(r"^(?:void\*?|int32_t|int64_t) (ahn_\w+)\(", build.SOURCE.read_text(), re.MULTILINE)
    (cache / "kernels.inc").write_text("".join(f"KERNEL({name})\n" for name in sorted(set(names))))
    program = cache / "driver-aarch64"
    cross = for_target(zig, "aarch64-linux-musl", "generic")
    command = [a for a in cross.arguments() if a not in ("-shared", "-fPIC")]
    done = subprocess.run(
        [*command, "-static", f"-I{cache}", str(HERE / "driver.cpp"), str(build.SOURCE), "-o", str(program)],
        capture_output=True,
        text=True,
        timeout=zig.seconds,
        check=False,
        cwd=cache,
    )
    if done.returncode != 0:
        return {"failed": done.stderr[-600:]}
    # test_grouped.py compiles the x86 branches by itself; here all of them would be the same program.
    words = f"not AVX and ({words})" if words else "not AVX"
    files = ("test_native.py", "test_grouped.py")
    return run_tests({"AHN_TARGET_PROGRAM": f"{qemu} {program}"}, words, files)


def x86_tests(processor: str, cache: Path, words: str) -> dict[str, object]:
    """The kernels' tests with the kernels compiled for an older processor than this one."""
    flags = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not flags.is_file():
        return {"skipped": "this is no x86-64 with Linux"}
    if _FLAGS[processor] not in flags.read_text():
        return {"skipped": f"this processor is older than {processor}"}
    command = compilers.find()
    if command is None:
        return {"skipped": "no C++ compiler is installed"}
    keep_cache(cache)
    library = cache / f"step-{processor}.so"
    name = processor.replace("-", "_") if command.is_zig else processor
    try:
        build.compile_to(library, command, cache, (f"-{'mcpu' if command.is_zig else 'march'}={name}",))
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


if __name__ == "__main__":
    sys.exit(main())
