"""The kernels compiled for each kind of x86-64 processor that has a branch of the source: once for all tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ahn_core.native import build

_AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma", "-mf16c"]
# What the library is compiled for, and whether this processor runs it.
BRANCHES: dict[str, tuple[list[str], Callable[[], bool]]] = {
    "AVX-512 VNNI": ([*_AVX512, "-mavx512vnni"], torch.cpu._is_avx512_bf16_supported),
    "AVX-512": (_AVX512, torch.cpu._is_avx512_supported),
    "AVX2": (["-mavx2", "-mfma", "-mf16c"], torch.cpu._is_avx2_supported),
    "any": ([], lambda: True),
}


def branch_library(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of a branch; skips where it does not run or cannot be compiled."""
    flags, runs = BRANCHES[name]
    if (compiler := build.compiler()) is None or compiler.is_zig:
        pytest.skip("needs a C++ compiler that takes these flags: g++ or clang++")
    if flags and not runs():
        pytest.skip(f"this processor does not know {name}")
    folder = tmp_path_factory.getbasetemp() / "branches"
    folder.mkdir(exist_ok=True)
    library = folder / f"step-{name.replace(' ', '-')}.so"
    if not library.exists():
        partial = library.with_suffix(".partial")
        command = [*compiler.command, "-O0", "-std=c++17", "-fPIC", "-shared", "-pthread", *flags]
        subprocess.run([*command, str(build.SOURCE), "-o", str(partial)], check=True, capture_output=True)
        os.replace(partial, library)
    return library
