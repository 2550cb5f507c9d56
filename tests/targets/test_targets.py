"""The kernels compile for every machine that people have; for 64-bit ARM they are also run, where qemu is installed."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from ahn_core.native import build, compilers
from ahn_core.native.compilers import Compiler
from tests.targets import running
from tests.targets.compiling import TARGETS, functions, missing, object_for


@pytest.fixture
def zig() -> Compiler:
    found = compilers.zig()
    if found is None:
        pytest.skip("needs the package ziglang, which the extra `test` brings")
    return found


@pytest.mark.parametrize("name", TARGETS)
def test_the_kernels_compile_for_every_target(name: str, zig: Compiler, tmp_path: Path) -> None:
    """Without a warning, for that machine, and with every function that Python calls."""
    compiled = object_for(zig, TARGETS[name], tmp_path).read_bytes()
    assert re.match(TARGETS[name].header, compiled)
    assert {"ahn_step", "ahn_absorb", "ahn_linear"} <= functions()
    assert missing(compiled) == []


@pytest.mark.parametrize("name", ["Linux x86-64", "Windows x86-64"])
def test_they_compile_for_processors_that_multiply_bfloat16(name: str, zig: Compiler, tmp_path: Path) -> None:
    compiled = object_for(zig, replace(TARGETS[name], processor="znver4"), tmp_path).read_bytes()
    assert missing(compiled, bfloat16=True) == []


def test_what_does_not_compile_for_a_target_is_told(
    zig: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "step.cpp"
    broken.write_text(
        "#include <cstdint>\n#if defined(_WIN32)\nint32_t ahn_step(\n#endif\n", encoding="utf-8"
    )
    monkeypatch.setattr(build, "SOURCE", broken)
    object_for(zig, TARGETS["Linux ARM64"], tmp_path)
    with pytest.raises(build.BuildError, match="error"):
        object_for(zig, TARGETS["Windows x86-64"], tmp_path)


def test_the_kernels_run_on_arm(zig: Compiler) -> None:
    """A few of their tests by emulation; all of them: `python -m tests.targets --only arm`."""
    if running.qemu() is None:
        pytest.skip("needs qemu-aarch64 (Debian: apt install qemu-user), or QEMU_AARCH64 naming it")
    # zig compiles a C++ library first, for a minute; so it is kept from run to run.
    cache = Path(tempfile.gettempdir()) / "ahn-chat-targets"
    cache.mkdir(exist_ok=True)
    steps = "test_equals_the_plain_step and rotated and capped and not unrotated and 3"
    counts = running.arm_tests(zig, cache, f"({steps}) or test_small_weights or odd")
    assert "failed" not in counts, counts
    assert counts["passed"] > 5
