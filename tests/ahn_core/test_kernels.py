"""flash-linear-attention's kernels against the torch forms, run by triton's interpreter where there is no GPU."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ahn_core import kernels
from tests.ahn_core.test_recurrence import inputs

ROOT = Path(__file__).parent.parent.parent
installed = all(importlib.util.find_spec(name) is not None for name in ("fla", "triton"))

# Without a GPU the step-by-step kernels alone are compared: the chunked ones need tensor cores' layouts that the
# interpreter does not model. A process of its own, because triton reads the switch when it is imported.
PROGRAM = """
import sys, torch
from ahn_core import kernels
from tests.ahn_core.test_recurrence import PAIRS, inputs
device, length = sys.argv[1], int(sys.argv[2])
if device == "cpu":  # the autotuner measures configurations on a GPU: take the first one
    from triton.runtime.autotuner import Autotuner
    tuned = Autotuner.run
    def run(self, *args, **kwargs):
        self.configs = self.configs[:1]
        return tuned(self, *args, **kwargs)
    Autotuner.run = run
for rule, (loop, _) in PAIRS.items():
    for decay in (True, False):
        if rule == "additive rule" and not decay:
            continue
        arguments = [None if x is None else x.to(device) for x in inputs(length, decay=decay, state=True)]
        o, state = kernels.run(rule == "additive rule", *arguments)
        expected_o, expected_state = loop(*arguments)
        print(rule, decay, float((o - expected_o).abs().max()), float((state - expected_state).abs().max()))
        torch.testing.assert_close(o, expected_o, rtol=2e-3, atol=2e-3)
        torch.testing.assert_close(state, expected_state, rtol=2e-3, atol=2e-3)
"""


def compare(device: str, length: int, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, device, str(length)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.skipif(
    not installed, reason="needs flash-linear-attention and triton: pip install 'ahn-chat[gpu]'"
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here: the kernels are compared on it instead")
@pytest.mark.parametrize("length", [1, 5])
def test_kernels_equal_the_loops_in_the_interpreter(length: int) -> None:
    compare("cpu", length, TRITON_INTERPRET="1")


@pytest.mark.cuda
@pytest.mark.skipif(
    not (installed and torch.cuda.is_available()), reason="needs a CUDA GPU with fla and triton"
)
@pytest.mark.parametrize("length", [1, 64, 65, 200])
def test_kernels_equal_the_loops_on_a_gpu(length: int) -> None:
    compare("cuda", length)


def test_what_learns_takes_the_kernel_that_has_a_backward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def stand_in(name: str):
        def kernel(q, k, v, *, initial_state, **_):
            called.append(name)
            return v, initial_state

        return kernel

    names = ("fused_recurrent_gated_delta_rule", "chunk_gated_delta_rule")
    module = SimpleNamespace(**{name: stand_in(name) for name in names})
    for name in ("fla", "fla.ops", "fla.ops.gated_delta_rule"):
        monkeypatch.setitem(sys.modules, name, module)
    arguments = inputs(5, decay=True, state=True)
    kernels.run(False, *arguments)
    kernels.run(False, *(x.requires_grad_() for x in arguments))
    assert called == list(names)
