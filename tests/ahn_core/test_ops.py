"""The backends: each held to plain torch, chosen once a model, and given up with a sentence where it fails."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ahn_core import AHNForCausalLM, BackendError
from ahn_core.config import CELL_NAMES
from ahn_core.native import build
from ahn_core.native.decoder import NativeDecoder
from ahn_core.ops import choose, fla, mamba
from ahn_core.ops.cpu import CpuOps
from ahn_core.ops.fla import FlaOps
from ahn_core.ops.mamba import MambaOps
from ahn_core.ops.plain import TorchOps
from tests.ahn_core.kernel_cases import LENGTHS, Case, compare, differences, interpreted_cases
from tests.ahn_core.test_recurrence import inputs
from tests.tiny import tiny_model

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "gateddeltanet-s128-w64"
installed = all(importlib.util.find_spec(name) is not None for name in ("fla", "triton"))


# ---- each backend and the plain one


@pytest.fixture(scope="module")
def cache_folder(native_folder: Path) -> Path:
    """A folder with the compiled library where `choose` looks for it."""
    return native_folder.parent


@pytest.fixture(scope="module")
def decoder(cache_folder: Path) -> NativeDecoder:
    return NativeDecoder(build.library(cache_folder / "native"), 2)


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("state", [True, False], ids=["state", "no state"])
def test_cpu_equals_torch(decoder: NativeDecoder, cell, length: int, state: bool) -> None:
    ops = CpuOps(tiny_model(head_dim=32, inverse_frequencies=tuple(0.8**i for i in range(16))), decoder)
    for learning in (False, True):
        found = compare(Case("cpu", cell, length, state, learning, size=32), ops, torch.device("cpu"))
        assert max(found["differences"].values()) < 2e-5


def run_cases(device: str, backend: str, **environment: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ahn_core.kernel_cases", device, backend],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def interpreted() -> dict[Case, dict[str, Any]]:
    """fla's kernels by triton's interpreter, in a process of their own."""
    if not installed:
        pytest.skip("needs flash-linear-attention and triton: pip install 'ahn-chat[gpu]'")
    if torch.cuda.is_available():
        pytest.skip("a GPU is here: the kernels are compared on it instead")
    found = run_cases("cpu", "fla", TRITON_INTERPRET="1")
    names = asdict(next(interpreted_cases("fla"))).keys()
    return {Case(**{name: result[name] for name in names}): result for result in found}


@pytest.mark.parametrize(
    "case",
    list(interpreted_cases("fla")),
    ids=lambda c: f"{c.cell}-{c.length}{'-state' * c.state}{'-learning' * c.learning}",
)
def test_fla_equals_torch_in_the_interpreter(interpreted: dict[Case, dict[str, Any]], case: Case) -> None:
    result = interpreted[case]
    assert "failed" not in result, result["failed"]
    assert len(result["differences"]) == (7 if case.learning else 2)
    assert max(result["differences"].values()) < 1e-5


@pytest.mark.cuda
@pytest.mark.parametrize("package", [fla, mamba], ids=["fla", "mamba"])
def test_kernels_equal_torch_on_a_gpu(package) -> None:
    if not package.available():
        pytest.skip("the package is not installed")
    for result in run_cases("cuda", package.__name__.rpartition(".")[2]):
        assert "failed" not in result, result
        assert max(result["differences"].values()) < 2e-2, result  # the kernels multiply in TF32


def test_a_difference_is_seen() -> None:
    expected = {"output": torch.tensor([1.0, -2.0])}
    assert differences({"output": torch.tensor([1.0, -1.9])}, expected)["output"] == pytest.approx(0.05)


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
    FlaOps().recur("delta", *arguments)
    FlaOps().recur("delta", *(x.requires_grad_() for x in arguments))
    assert called == list(names)


# ---- kernels that fail


@pytest.mark.parametrize(
    ("ops", "error"),
    [
        (FlaOps(), ImportError("libcuda.so.1: cannot open shared object file\nmore")),
        (FlaOps(), RuntimeError("Triton Error [CUDA]: out of resource")),
        (FlaOps(), AssertionError("does not support float32")),
        (MambaOps(), ModuleNotFoundError("No module named 'selective_scan_cuda'")),
    ],
    ids=lambda value: type(value).__name__,
)
@torch.no_grad()
def test_a_failing_kernel_costs_a_sentence_and_no_token(
    ops, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cell = "Mamba2" if isinstance(ops, MambaOps) else "GatedDeltaNet"
    model, plain = tiny_model(cell), tiny_model(cell)
    tried = []

    def kernel(*_: object) -> None:
        tried.append(1)
        raise error

    monkeypatch.setattr(type(ops), "kernel", kernel)
    model.ops = ops
    ids = torch.randint(0, 250, (1, 60), generator=torch.Generator().manual_seed(0))
    caches = [m.make_cache("ahn", attention_sinks=2, sliding_window=6) for m in (model, plain)]
    assert model.backend == ops.package
    with caplog.at_level(logging.WARNING):
        for start in (0, 30):
            piece = ids[:, start : start + 30]
            found, expected = (
                m(piece, past_key_values=c).logits for m, c in zip((model, plain), caches, strict=True)
            )
            assert torch.equal(found, expected)
    assert len(tried) == 1, "it is given up for good"
    assert model.backend == "torch"
    (record,) = caplog.records
    first = str(error).splitlines()[0]
    assert record.message == (
        f"The kernels of {ops.package} failed ({type(error).__name__}: {first}), so torch computes the memory."
    )


def test_memory_that_runs_out_is_no_broken_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def kernel(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(FlaOps, "kernel", kernel)
    ops = FlaOps()
    with pytest.raises(torch.OutOfMemoryError):
        ops.recur("delta", *inputs(5, decay=True, state=True))
    assert ops.name == "fla"


def test_the_delta_rule_is_not_mamba_s_and_goes_on() -> None:
    class Other(TorchOps):
        name = "other"

        def recur(self, rule, *arguments):
            return rule, arguments

    arguments = tuple(inputs(5, decay=True, state=True))
    assert MambaOps(Other()).recur("delta", *arguments) == ("delta", arguments)


# ---- choosing


def test_from_python_the_best_backend_is_the_default(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AHN_CACHE", str(cache_folder))
    choose.native_decoder.cache_clear()
    model = AHNForCausalLM.from_pretrained(GOLDEN / "base", GOLDEN / "ahn", device="cpu")
    plain = AHNForCausalLM.from_pretrained(GOLDEN / "base", GOLDEN / "ahn", device="cpu", backend="torch")
    assert (model.backend, plain.backend) == ("cpu", "torch")
    assert model.ops.reason.startswith("compiled C++ on")
    assert [path.suffix for path in (cache_folder / "native").iterdir()] == [".so"], (
        "it was found, not made anew"
    )
    ids = torch.arange(40)
    with torch.no_grad():
        caches = [m.make_cache("ahn", attention_sinks=2, sliding_window=6) for m in (model, plain)]
        for piece in (ids[:30], ids[30:31], ids[31:]):
            found, expected = (
                m(piece[None], past_key_values=c).logits for m, c in zip((model, plain), caches, strict=True)
            )
            torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)
    choose.native_decoder.cache_clear()


def test_without_a_compiler_torch_computes_and_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("AHN_CACHE", str(tmp_path))  # what was compiled before is used without a compiler, too
    choose.native_decoder.cache_clear()
    model = tiny_model()
    assert model.use_backend() == "torch"
    assert model.ops.reason == "no C++ compiler is installed (g++, clang++ or the package ziglang)"
    with pytest.raises(BackendError, match="'cpu' cannot compute this model, because no C\\+\\+ compiler"):
        model.use_backend("cpu")


def test_what_cannot_be_used_is_refused_by_name() -> None:
    model = tiny_model()
    with pytest.raises(BackendError, match="'abacus' is unknown"):
        model.use_backend("abacus")
    for name in ("fla", "mamba", "graphs"):
        with pytest.raises(BackendError, match=f"'{name}' needs an NVIDIA GPU and the model is on cpu"):
            model.use_backend(name)
    assert model.bfloat16().use_backend() == "torch"
    assert "bfloat16 on cpu, which the C++ does not know" in model.ops.reason


def test_a_moved_or_converted_model_is_computed_by_torch_until_a_backend_is_chosen(
    decoder: NativeDecoder,
) -> None:
    model = tiny_model()
    model.ops = CpuOps(model, decoder)
    model.double()
    assert model.backend == "torch"
    assert "moved or converted" in model.ops.reason
    with torch.no_grad():
        assert model(torch.arange(9)[None]).logits.dtype == torch.float64
