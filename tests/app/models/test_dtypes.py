"""What a model chats in unless told otherwise, and the word vectors of a table in few bits."""

from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ahn_core import AHNConfig, AHNForCausalLM, LoadError, planner
from ahn_core.bases import BASES
from ahn_core.grouped import group_
from ahn_core.native import compilers
from ahn_core.native.compilers import Compiler
from ahn_core.ops.flash import FlashOps
from ahn_core.ops.plain import TorchOps
from ahn_core.weights import fit
from ahn_core.weights.fit import foreseen_bytes
from ahn_core.weights.gguf_model import packed_bits
from app.models.dtypes import (
    LOADING_BYTES,
    chat_dtype,
    default_window_of,
    described,
    planned_dtype,
    working_bytes,
)
from app.models.hub import Hub
from app.models.planning import plan_of
from app.models.shapes import shape_of
from app.recall.related import WordVectors
from tests.ahn_core.tiny_gguf import write_gguf
from tests.tiny import tiny_model


@pytest.fixture(autouse=True)
def with_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers, "find", lambda: Compiler(("g++",)))


def test_a_gguf_of_few_bits_keeps_its_blocks_on_a_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    assert packed_bits(tmp_path / "tiny.gguf") == 5.0
    assert chat_dtype("cpu", None, tmp_path / "tiny.gguf") == "int4"
    assert chat_dtype("cpu", None, tmp_path, "tiny.gguf") == "int4"
    assert chat_dtype("cpu", "float32", tmp_path / "tiny.gguf") == "float32"
    assert chat_dtype("cuda", None, tmp_path / "tiny.gguf") is None
    assert chat_dtype("cpu", None, tmp_path) == "int8", "a folder"
    assert chat_dtype("cpu", None, "embedded") == "int8"
    assert chat_dtype("cpu", None) == "int8"
    monkeypatch.setattr(compilers, "find", lambda: None)
    assert chat_dtype("cpu", None, tmp_path / "tiny.gguf") == "int8", (
        "torch alone would unpack for each token"
    )


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("dtype", [None, "int4"])
def test_a_plan_of_a_gguf_counts_its_own_blocks(tmp_path: Path, device: str, dtype: str | None) -> None:
    """To the byte, in the format that would be chosen, by its header alone."""

    kinds = {
        "token_embd": gguf.GGMLQuantizationType.Q5_0,
        "ffn_down": gguf.GGMLQuantizationType.Q8_0,
        "attn_v": gguf.GGMLQuantizationType.F32,
    }
    write_gguf(tmp_path / "tiny.gguf", layers=3, kinds=kinds)
    shape = shape_of(Hub(), tmp_path, str(tmp_path / "tiny.gguf"), None)
    planned = plan_of(
        shape.title,
        shape.config,
        shape.ahn_config,
        1000,
        dtype=dtype,
        device=torch.device(device),
        window=shape.window,
        trained_memory=False,
        source=shape.source,
    )
    if device == "cpu":
        assert planned.dtype == "int4", "its blocks are kept"
        model = AHNForCausalLM.from_pretrained(
            tmp_path / "tiny.gguf", device="cpu", dtype="int4", backend="torch"
        )
        held = {tensor.data_ptr(): tensor.nbytes for tensor in model.state_dict().values()}
        assert planned.weight_bytes == sum(held.values())
    else:
        assert planned.dtype == (dtype or "bfloat16")
        assert planned.free_bytes is None or torch.cuda.is_available()


def test_a_plan_of_a_gguf_that_lacks_a_tensor_says_so(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", change=lambda shapes: shapes.pop("blk.0.ffn_up.weight"))
    config, source = described(tmp_path / "tiny.gguf", None)
    with pytest.raises(LoadError, match=r"layers\.0\.mlp\.up_proj"):
        foreseen_bytes(config, AHNConfig(), "int4", torch.float32, source)


def test_on_a_gpu_4_bits_where_nothing_else_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, device = BASES["7B"].config, torch.device("cuda")
    whole, packed = (foreseen_bytes(config, AHNConfig(), kind, torch.bfloat16) for kind in ("plain", "int4"))
    assert packed < 0.4 * whole
    beside = 3.5e9  # cache and working memory, and a little
    for free, expected in (
        (whole + beside, None),
        (whole, "int4"),
        (packed + beside, "int4"),
        (packed, None),  # then loading says, with figures, that it does not fit
        (None, None),
    ):
        assert planned_dtype(device, None, config, None, free) == expected, free
    assert planned_dtype(device, "bfloat16", config, None, int(whole)) == "bfloat16"
    write_gguf(tmp_path / "tiny.gguf")
    monkeypatch.setattr(fit, "free_bytes", lambda device: 10**9)
    assert chat_dtype("cuda", None, tmp_path / "tiny.gguf") is None
    config, source = described(tmp_path / "tiny.gguf", None)
    sinks, window = default_window_of(config)
    cache = planner.cache_nbytes(
        config, AHNConfig(), "ahn", attention_sinks=sinks, sliding_window=window, tokens=0, format_bytes=2
    )
    small = foreseen_bytes(config, AHNConfig(), "int4", torch.bfloat16, source)
    monkeypatch.setattr(fit, "free_bytes", lambda device: working_bytes(config, device) + cache + small + 10)
    assert chat_dtype("cuda", None, tmp_path / "tiny.gguf") == "int4"
    assert chat_dtype("cuda", None, "embedded") is None


class HeldBytes(TorchDispatchMode):
    """The most that tensors of the meta device, made under it, would hold at a time, beside those `there` before."""

    def __init__(self, there: list[torch.Tensor]) -> None:
        super().__init__()
        self.held = self.peak = 0
        self._sizes = {tensor.untyped_storage()._cdata: 0 for tensor in there}

    def __torch_dispatch__(self, function, types, arguments=(), options=None):  # type: ignore[no-untyped-def]
        made = function(*arguments, **(options or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor) and tensor.is_meta:
                storage = tensor.untyped_storage()
                if storage._cdata not in self._sizes:
                    self._sizes[storage._cdata] = storage.nbytes()
                    self.held += storage.nbytes()
                    self.peak = max(self.peak, self.held)
                    weakref.finalize(storage, self._gone, storage._cdata)
        return made

    def _gone(self, key: int) -> None:
        self.held -= self._sizes.pop(key)


@torch.no_grad()
def test_what_a_gpu_needs_to_read_is_foreseen() -> None:
    """A chunk through a layer of 7B, with all that leaves the window, in plain torch: nothing takes more."""
    config = replace(BASES["7B"].config, num_hidden_layers=1)
    with torch.device("meta"):
        model = AHNForCausalLM(config, AHNConfig()).bfloat16().requires_grad_(False)
    model.__dict__["identity"] = {}
    model.ops = FlashOps(TorchOps())
    cache = model.make_cache("ahn", attention_sinks=128, sliding_window=8_192)
    chunk = torch.zeros(1, model.ops.reading_chunk, dtype=torch.long, device="meta")
    there = [*model.state_dict().values(), *(t for layer in cache.layers for t in layer.tensors().values())]
    for _ in range(3):
        with HeldBytes(there) as held:
            model.read(chunk, cache)
    foreseen = working_bytes(config, torch.device("cuda"))
    assert 0.7 * foreseen < held.peak <= foreseen
    assert working_bytes(config, torch.device("cpu")) == LOADING_BYTES


def test_other_numbers_are_no_reason(tmp_path: Path) -> None:
    def whole(writer: gguf.GGUFWriter) -> None:
        writer.add_tensor("large.weight", np.zeros((1000, 256), np.float32))

    write_gguf(tmp_path / "tiny.gguf", extra=whole)
    assert packed_bits(tmp_path / "tiny.gguf") is None
    assert chat_dtype("cpu", None, tmp_path / "tiny.gguf") == "int8"


def test_a_part_that_is_missing_is_said(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", tensors_a_part=6)
    first = min(tmp_path.glob("*.gguf"))
    max(tmp_path.glob("*.gguf")).unlink()
    with pytest.raises(LoadError, match="part"):
        chat_dtype("cpu", None, first)


def test_word_vectors_of_a_table_in_few_bits() -> None:
    model: AHNForCausalLM = tiny_model()

    def encode(text: str) -> list[int]:
        return list(text.encode())

    exact = WordVectors.of_model(model, encode)(["tall", "high"])
    group_(model)
    packed = WordVectors.of_model(model, encode)(["tall", "high"])
    np.testing.assert_allclose(packed, exact, atol=0.02)
