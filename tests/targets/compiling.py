"""The kernels compiled for other machines with ziglang, and for older processors of this one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ahn_core.native import build
from ahn_core.native.compilers import Compiler

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Target:
    """What a person's machine may be. The processor is one that all of these machines have at least."""

    triple: str  # as zig says it
    processor: str
    suffix: str  # of a library
    header: bytes  # how an object file for this machine begins: a pattern


TARGETS = {
    "Linux x86-64": Target("x86_64-linux-gnu.2.28", "x86_64_v3", ".so", rb"(?s)\x7fELF.{14}\x3e\x00"),
    "Windows x86-64": Target("x86_64-windows-gnu", "x86_64_v3", ".dll", rb"\x64\x86"),
    "macOS ARM64": Target("aarch64-macos", "apple_m1", ".so", rb"\xcf\xfa\xed\xfe\x0c\x00\x00\x01"),
    "Linux ARM64": Target("aarch64-linux-gnu.2.28", "generic", ".so", rb"(?s)\x7fELF.{14}\xb7\x00"),
}
# Each has another branch of the source. The last has AVX-512 without its products of bfloat16.
VARIANTS = {"no vectors": "x86-64-v2", "AVX2": "x86-64-v3", "AVX-512": "x86-64-v4"}


# What Python calls only where the processor multiplies bfloat16.
_OF_BFLOAT16 = {"ahn_add", "ahn_gate", "ahn_norm", "ahn_split"}


def functions() -> set[str]:
    """Names of all functions that Python calls."""
    source = build.SOURCE.read_text(encoding="utf-8")
    return set(re.findall(r"^(?:void\*?|int32_t|int64_t) (ahn_\w+)\(", source, re.MULTILINE))


def missing(compiled: bytes, bfloat16: bool = False) -> list[str]:
    """Which of them are not in what was compiled, for a processor that multiplies bfloat16 or does not."""
    wanted = functions() - (set() if bfloat16 else _OF_BFLOAT16)
    return sorted(name for name in wanted if name.encode() not in compiled)


def for_target(zig: Compiler, triple: str, processor: str, without: tuple[str, ...] = ()) -> Compiler:
    """zig for another machine than this one, less some of its arguments."""

    class Cross(Compiler):
        def arguments(self, system: str = "", machine: str | None = None) -> list[str]:
            given = super().arguments("win32" if "windows" in triple else "linux")
            left = [a for a in given if a not in ("-mcpu=native", *without)]
            return [*left, "-target", triple, f"-mcpu={processor}"]

    return Cross(zig.command, is_zig=True)


def keep_cache(cache: Path) -> None:
    """Let zig keep the C++ libraries it compiles: linking is quicker the second time."""
    for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
        os.environ.setdefault(name, str(cache / "zig"))


def library_for(zig: Compiler, target: Target, cache: Path) -> Path:
    """The library for another machine. Raises BuildError: what the compiler or the linker said."""
    keep_cache(cache)
    library = cache / f"step-{target.triple}{target.suffix}"
    build.compile_to(library, for_target(zig, target.triple, target.processor), cache)
    return library


def object_for(zig: Compiler, target: Target, folder: Path) -> Path:
    """The object file for another machine, neither optimised nor linked: a second's work, as only to link zig needs
    a C++ library, which it would compile first. Raises BuildError: what the compiler said.
    """
    compiled = folder / f"step-{target.triple}.o"
    cross = for_target(zig, target.triple, target.processor, without=("-O3", "-shared", "-s", "-pthread"))
    build.compile_to(compiled, cross, folder, ("-O0", "-Werror", "-c"))
    return compiled


def arm_driver(zig: Compiler, cache: Path) -> Path:
    """driver.cpp and the kernels as one program for Linux ARM64. Raises BuildError: what the compiler said."""
    keep_cache(cache)
    (cache / "kernels.inc").write_text(
        "".join(f"KERNEL({name})\n" for name in sorted(functions())), encoding="utf-8"
    )
    program = cache / "driver-aarch64"
    cross = for_target(zig, "aarch64-linux-musl", "generic", without=("-shared", "-fPIC"))
    build.compile_to(program, cross, cache, ("-static", f"-I{cache}", str(HERE / "driver.cpp")))
    return program


def library_for_processor(command: Compiler, processor: str, cache: Path) -> Path:
    """The library for a processor of x86-64, as "x86-64-v3". Raises BuildError: what the compiler said."""
    keep_cache(cache)
    library = cache / f"step-{processor}.so"
    name = processor.replace("-", "_") if command.is_zig else processor
    build.compile_to(library, command, cache, (f"-{'mcpu' if command.is_zig else 'march'}={name}",))
    return library
