"""What a model chats in unless told otherwise, and the word vectors of a table in few bits."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from ahn_core import AHNForCausalLM, LoadError
from ahn_core.grouped import group_
from ahn_core.native import compilers
from ahn_core.native.compilers import Compiler
from ahn_core.weights.gguf_model import packed_bits
from app.models.dtypes import chat_dtype
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
