"""Whether everything is computed right: the tests that need a GPU, the kernels at the models' shapes, golden cases."""

from __future__ import annotations

import re
import subprocess
import sys
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
    """pytest's own count of the tests marked `cuda`."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "cuda", "-p", "no:cacheprovider"]
    # A module that lacks a package, as hypothesis, costs its own tests alone.
    places = ["tests/ahn_core/test_graphs.py"] if scale.dry else ["tests/ahn_core"]
    command += ["--continue-on-collection-errors", *places]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=max(clock.left, 1.0),
        check=False,
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    counts = {
        word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|error)", (lines or [""])[-1])
    }
    failures = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    results.add(what="cuda tests", status=done.returncode, **counts, failures=failures, tail=lines[-30:])


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
