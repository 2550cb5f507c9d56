"""Packed weights on an NVIDIA GPU: the kernels in triton's interpreter and compiler, given up, chosen, and loaded."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from ahn_core import LoadError, grouped
from ahn_core.grouped import GroupFormat, group_
from ahn_core.loading import formats
from ahn_core.ops import choose, packed
from ahn_core.ops.flash import FlashOps
from ahn_core.ops.packed import PackedOps
from ahn_core.ops.plain import TorchOps
from tests.ahn_core.formats import EVERY_FORMAT
from tests.ahn_core.packed_cases import Case, cases
from tests.tiny import tiny_model

ROOT = Path(__file__).parent.parent.parent
with_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs triton: pip install 'ahn-chat[gpu]'"
)


def run_cases(device: str, **environment: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ahn_core.packed_cases", device],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(found: list[dict[str, Any]]) -> None:
    *products, model = found
    assert [
        Case(**{name: r[name] for name in asdict(case)}) for r, case in zip(products, cases(), strict=True)
    ] == [*cases()]
    for result in products:
        assert "failed" not in result, result
        assert result["differences"]["multiply"] < result["bound"], result
        assert max(result["differences"][name] for name in ("unpack", "rows")) < 1e-6, result
    assert model["backend"] == "torch+packed+graphs", model
    assert model["difference"] < 1e-4


@with_triton
def test_kernels_equal_the_plain_form_in_the_interpreter() -> None:
    if torch.cuda.is_available():
        pytest.skip("a GPU is here: the kernels are compared on it instead")
    check(run_cases("cpu", TRITON_INTERPRET="1"))


@pytest.mark.cuda
@with_triton
def test_kernels_equal_the_plain_form_on_a_gpu() -> None:
    check(run_cases("cuda"))


@with_triton
@pytest.mark.parametrize("kept", [GroupFormat(4, affine=True), GroupFormat(6)], ids=["4a", "6"])
def test_kernels_compile_for_an_h100_without_spilling(
    kept: GroupFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By triton's own compiler, which needs no GPU."""
    from triton import compile as compiled
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from ahn_core.ops.packed_triton import multiply_few, unpack_rows

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    options = {"num_warps": packed._WARPS, "enable_fp_fusion": True}
    fixed = {"RECORD": kept.record, "BITS": kept.bits, "OFFSET": kept.offset, "AFFINE": kept.affine}
    fixed["SCALES"] = 32 // kept.group
    pointers = {
        "x": "*bf16",
        "y": "*bf16",
        "words": "*i32",
        "halves": "*fp16",
        "octets": "*u8",
        "ids": "*i64",
    }
    for kernel, more in (
        (multiply_few, {"WHOLE": True, "GROUPS": packed._GROUPS}),
        (unpack_rows, {"SELECTED": False, "ROWS": packed._UNPACKED[0], "COLUMNS": packed._UNPACKED[1]}),
    ):
        constants = {**fixed, **more}
        signature = {name: pointers.get(name, "i32") for name in kernel.arg_names}
        source = ASTSource(kernel, {**signature, **dict.fromkeys(constants, "constexpr")}, constants)
        found = compiled(source, target=GPUTarget("cuda", 90, 32), options=options)
        assert len(found.asm["cubin"]) > 1_000
        # Loads of activations, fewer than a program has threads, must not make the layouts differ: then every value
        # would go through shared memory.
        if kernel is multiply_few:
            assert found.metadata.shared <= 1_024


def test_a_kernel_that_fails_costs_a_sentence_and_no_token(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, plain = tiny_model(), tiny_model()
    for each in (model, plain):
        group_(each)
    tried = []

    def broken(*_: object) -> torch.Tensor:
        tried.append(1)
        raise RuntimeError("Triton Error [CUDA]: out of resource\nmore")

    monkeypatch.setattr(grouped, "multiplies_bfloat16", lambda: False)
    monkeypatch.setattr(packed, "_multiplied", broken)
    monkeypatch.setattr(packed, "_unpacked", broken)
    model.ops = PackedOps(TorchOps(), model)
    assert model.backend == "torch+packed"
    ids = torch.arange(40)
    caches = [m.make_cache("ahn", attention_sinks=2, sliding_window=6) for m in (model, plain)]
    with torch.no_grad(), caplog.at_level(logging.WARNING):
        for piece in ids.split([30, 1, 9]):
            found, expected = (
                m(piece[None], past_key_values=c).logits for m, c in zip((model, plain), caches, strict=True)
            )
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert len(tried) == 1, "it is given up for good"
    assert model.backend == "torch"
    assert [record.message for record in caplog.records] == [
        "The kernels of packed weights failed (RuntimeError: Triton Error [CUDA]: out of resource), so torch unpacks "
        "them for every token."
    ]


def test_memory_that_runs_out_is_no_broken_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(packed, "_unpacked", full)
    model = tiny_model()
    group_(model)
    model.ops = PackedOps(TorchOps(), model)
    with torch.no_grad(), pytest.raises(torch.OutOfMemoryError):
        model(torch.arange(9)[None])
    assert model.backend == "torch+packed"


@pytest.mark.parametrize("installed", [True, False], ids=["triton", "no triton"])
def test_they_are_chosen_for_packed_weights(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "available", lambda: installed)
    model, plain = tiny_model(), tiny_model()
    group_(model)
    added = [choose._with_additions(TorchOps("a reason"), m.bfloat16()) for m in (model, plain)]
    assert [ops.name for ops in added] == [
        "torch+flash+packed" if installed else "torch+flash",
        "torch+flash",
    ]
    assert isinstance(added[1], FlashOps)
    assert installed or added[0].reason == (
        "a reason, and without triton packed weights are unpacked for every token"
    )


def test_a_converted_model_keeps_its_bits_and_computes_in_its_own_format() -> None:
    model = tiny_model()
    group_(model)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if "packed" in name}
    assert model.identity["dtype"] == "int4"
    half = model.bfloat16()
    assert all(torch.equal(half.state_dict()[name], tensor) for name, tensor in before.items())
    with torch.no_grad():
        assert half(torch.arange(20)[None]).logits.dtype == torch.bfloat16
    del half.identity
    assert half.identity["dtype"] == "int4 bfloat16", "a cache of one is none of the other"


def test_where_4_bits_run() -> None:
    assert formats("int4", torch.device("cuda")) == ("int4", torch.bfloat16)
    assert formats("int4", torch.device("cpu")) == ("int4", torch.float32)
    with pytest.raises(LoadError, match="weights in int4 run on a CPU or an NVIDIA GPU and not on mps"):
        formats("int4", torch.device("mps"))
    with pytest.raises(
        LoadError, match="weights in int8 run on a CPU and not on cuda, .* bfloat16, float16 or int4"
    ):
        formats("int8", torch.device("cuda"))


@pytest.mark.parametrize("kept", EVERY_FORMAT, ids=lambda f: f"{f.bits}{'a' * f.affine}")
def test_packing_and_rounding_stay_on_their_device(kept: GroupFormat) -> None:
    from ahn_core.grouped import PLAIN, GroupedWeight

    weight = GroupedWeight.of(torch.empty(21, 72, device="meta"), kept)
    assert weight.packed.device.type == "meta"
    x = torch.empty(3, 72, device="meta", dtype=torch.bfloat16)
    for found in (
        weight.product(x),
        PLAIN.multiply(weight, x),
        weight.selected(torch.empty(2, dtype=torch.long, device="meta")),
    ):
        assert found.device.type == "meta"
