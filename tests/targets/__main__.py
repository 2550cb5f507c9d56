"""Compiles the kernels for every target with ziglang, and runs their tests for each processor that can be had here."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from ahn_core.native import compilers
from ahn_core.native.build import BuildError
from ahn_core.native.compilers import Compiler
from tests.targets.compiling import TARGETS, VARIANTS, library_for, missing
from tests.targets.running import arm_tests, x86_tests


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
        for name in TARGETS:
            tell(what="compiled", target=name, **compiled(zig, name, arguments.cache))
    if zig is not None and arguments.only in (None, "arm"):
        tell(what="tests", target="Linux ARM64", **arm_tests(zig, arguments.cache, arguments.tests))
    if arguments.only in (None, "x86"):
        for name, processor in VARIANTS.items():
            tell(what="tests", target=name, **x86_tests(processor, arguments.cache, arguments.tests))
    return int(any("failed" in result for result in results))


def compiled(zig: Compiler, name: str, cache: Path) -> dict[str, object]:
    """The library for another machine, with the functions it exports."""
    began = time.monotonic()
    try:
        library = library_for(zig, TARGETS[name], cache).read_bytes()
    except BuildError as error:
        return {"failed": str(error)}
    if left := missing(library):
        return {"failed": f"not exported: {', '.join(left)}"}
    return {"bytes": len(library), "seconds": round(time.monotonic() - began, 1)}


if __name__ == "__main__":
    sys.exit(main())
