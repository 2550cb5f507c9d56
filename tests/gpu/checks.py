"""Whether everything is computed right: the tests that need a GPU, the kernels at the models' shapes, golden cases."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch

from ahn_core.config import CELL_NAMES
from ahn_core.ops import fla, mamba
from ahn_core.ops.choose import BackendName
from ahn_core.ops.flash import FlashOps
from ahn_core.ops.plain import TorchOps
from ahn_core.plan import Band
from tests.ahn_core import golden_cases
from tests.ahn_core.kernel_cases import KERNELS, Case, computed, differences

from . import packed
from .common import Clock, Results, Scale, best_seconds

ROOT = Path(__file__).resolve().parents[2]
_TOLERANCE = 2e-2  # the kernels multiply in TF32


def cuda_tests(scale: Scale, results: Results, clock: Clock) -> None:
    """pytest's own count of the tests marked `cuda`, as far as the time goes; those of the kernels come first."""
    command = [sys.executable, "-m", "pytest", "-v", "-m", "cuda", "-p", "no:cacheprovider", "--tb=short"]
    # A module that lacks a package, as hypothesis, costs its own tests alone.
    command += ["--continue-on-collection-errors", *_test_files(scale)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            ended: int | str = process.wait(max(clock.left - 2, 1.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what the tests have started
            process.wait()
            ended = "its time"
        output.seek(0)
        lines = [line.rstrip() for line in output if line.strip()]
    told = [found[1] for line in lines if (found := re.search(r"::.* (PASSED|FAILED|ERROR|SKIPPED)\b", line))]
    counts = {word.lower(): told.count(word) for word in ("PASSED", "FAILED", "ERROR", "SKIPPED")}
    failures = [line for line in lines if re.match(r"(FAILED|ERROR) |.* (FAILED|ERROR) +\[", line)]
    results.add(what="cuda tests", status=ended, **counts, failures=failures, tail=lines[-40:])


def _test_files(scale: Scale) -> list[str]:
    first = [f"tests/ahn_core/test_{name}.py" for name in ("graphs", "packed", "ops", "golden")]
    if scale.dry:
        return first[:1]
    rest = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "ahn_core").rglob("test_*.py"))
    return [*first, *(path for path in rest if path not in first)]


def kernels(scale: Scale, results: Results, clock: Clock) -> None:
    """Attention and packed weights, then each package's kernels beside plain torch, at each model's sizes; timed."""
    attention(scale, results, clock)
    packed.kernels(
        scale, results, Clock(clock.end - clock.left * 2 / 3)
    )  # the rest is for the memory's kernels
    backends = [name for name, package in (("fla", fla), ("mamba", mamba)) if package.available()]
    if scale.dry:
        backends = ["torch"]  # no kernels on a CPU: what is tried is this program
    torch.backends.cuda.matmul.allow_tf32 = False
    for length, (size, config), backend, cell, learning in product(
        scale.kernel_lengths, scale.configs.items(), backends, CELL_NAMES, (False, True)
    ):
        if (backend == "mamba" and cell != "Mamba2") or (learning and length < 63):
            continue
        if clock.left < 5:
            results.add(what="kernels", skipped="the time is up", length=length)
            return
        ops = KERNELS[backend]() if backend in KERNELS else TorchOps()
        case = Case(
            backend,
            cell,
            length,
            state=True,
            learning=learning,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads,
            size=config.head_dim,
        )
        found = computed(ops, case, scale.device)
        named = {"what": "kernels", "model": size, "backend": backend, "cell": cell, "length": length}
        if ops.name != backend:
            results.add(**named, learning=learning, failed=ops.reason)
            continue
        off = differences(found, computed(TorchOps(), case, scale.device))
        times = {}
        if not learning and length in (1, max(scale.kernel_lengths)):
            times = {
                f"{name}_milliseconds": 1e3
                * best_seconds(partial(computed, o, case, scale.device), scale.device, times=2)
                for name, o in (("kernel", ops), ("torch", TorchOps()))
            }
        results.add(
            **named, learning=learning, right=max(off.values()) < _TOLERANCE, differences=off, **times
        )


@torch.no_grad()
def attention(scale: Scale, results: Results, clock: Clock) -> None:
    """A full window read by a block of queries: flash attention in parts beside attention with a mask; with times."""
    window, sinks, count = scale.window, scale.sinks, min(scale.chunk, scale.window - 1)
    for size, config in scale.configs.items():
        groups, kv_heads, head = config.queries_per_kv_head, config.num_key_value_heads, config.head_dim
        generator = torch.Generator(scale.device).manual_seed(0)
        options: dict[str, Any] = {"device": scale.device, "dtype": scale.dtype, "generator": generator}
        first = 2 * window
        low = first - window + 1
        q = torch.randn(kv_heads, groups, count, head, **options)
        keys, values = torch.randn(2, kv_heads, sinks + first + count - low, head, **options)
        parts = ((keys[:, :sinks], values[:, :sinks]), (keys[:, sinks:], values[:, sinks:]))
        band = Band(first, first + count, sinks, low, window, scale.device, scale.dtype)
        flash, plain = FlashOps(TorchOps()), TorchOps()
        found, expected = (ops.attend(q, *parts, band).float() for ops in (flash, plain))
        off = float((found - expected).abs().max() / expected.abs().max())
        named = {
            "what": "attention",
            "model": size,
            "backend": flash.name,
            "queries": count,
            "window": window,
        }
        if flash.name != "torch+flash":
            results.add(**named, failed=flash.reason)
            continue
        times = [
            best_seconds(partial(ops.attend, q, *parts, band), scale.device, 3) for ops in (flash, plain)
        ]
        flops = 4 * kv_heads * groups * head * count * (sinks + window)
        results.add(
            **named,
            difference=off,
            right=off < 2e-2,
            flash_milliseconds=1e3 * times[0],
            torch_milliseconds=1e3 * times[1],
            flash_flops_per_second=flops / times[0],
        )


def golden(scale: Scale, results: Results, clock: Clock) -> None:
    """The reference's logits, by the best backend here, without and with graphs."""
    device = str(scale.device)
    backends: tuple[BackendName | None, ...] = ("torch",) if scale.dry else ("torch", None, "graphs")
    for case, backend in product(golden_cases.CASES[: 1 if scale.dry else None], backends):
        splits = [golden_cases.facts_of(case)["prefill_len"]]
        error, used = golden_cases.error_and_backend(case, splits, backend, device)
        results.add(what="golden", case=case, asked=backend, backend=used, error=error, right=error < 2e-2)
