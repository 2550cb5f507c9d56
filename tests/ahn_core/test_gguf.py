"""GGUF files: the numbers transformers reads, in one file or in parts, and a sentence for whatever does not fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from ahn_core import AHNForCausalLM, LoadError, load_tokenizer
from ahn_core.weights import gguf_model
from tests.ahn_core.tiny_gguf import SIZE, VOCABULARY, write_gguf

ARCHITECTURES = ("llama", "qwen2", "qwen3")
IDS = torch.arange(20)[None]


def load(path: Path, **options: Any) -> AHNForCausalLM:
    return AHNForCausalLM.from_pretrained(path, device="cpu", **options)


@torch.no_grad()
def logits(path: Path, **options: Any) -> torch.Tensor:
    return load(path, **options)(IDS).logits


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equals_transformers(tmp_path: Path, architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoModelForCausalLM, GgufConfig

    write_gguf(tmp_path / "tiny.gguf", architecture, layers=2)
    reference = AutoModelForCausalLM.from_pretrained(
        tmp_path,
        gguf_file="tiny.gguf",
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        **({"head_dim": SIZE} if architecture == "qwen3" else {}),  # transformers takes Qwen3's usual one
    ).eval()
    monkeypatch.setattr(gguf_model, "_PIECE", 200)  # a few rows at a time
    with torch.no_grad():
        expected = reference(IDS).logits
    torch.testing.assert_close(logits(tmp_path / "tiny.gguf"), expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(logits(tmp_path, gguf_file="tiny.gguf"), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["Q4_0", "Q5_0", "Q5_1", "Q8_0", "F16", "BF16"])
def test_other_blocks_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    from tests.ahn_core import tiny_gguf

    monkeypatch.setattr(tiny_gguf, "Q4_1", gguf.GGMLQuantizationType[kind])
    write_gguf(tmp_path / "tiny.gguf", "qwen2")
    weight = load(tmp_path / "tiny.gguf").embed_tokens.weight
    values = np.random.default_rng(0).normal(size=weight.shape).astype(np.float32)
    rounding = {"Q4_0": 0.3, "Q5_0": 0.15, "Q5_1": 0.15, "Q8_0": 0.02, "F16": 0.002, "BF16": 0.02}[kind]
    torch.testing.assert_close(weight.detach(), torch.from_numpy(values), rtol=0, atol=rounding)


def test_8_bits_are_made_from_the_file_as_from_a_model(tmp_path: Path) -> None:
    from ahn_core.quantization import quantize_

    write_gguf(tmp_path / "tiny.gguf", layers=2)
    converted, read = load(tmp_path / "tiny.gguf"), load(tmp_path / "tiny.gguf", dtype="int8")
    quantize_(converted)
    ours, theirs = read.state_dict(), converted.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


# ---- parts


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    write_gguf(tmp_path / "tiny.gguf", "qwen2", layers=2)
    (tmp_path / "parts").mkdir()
    write_gguf(tmp_path / "parts" / "tiny.gguf", "qwen2", layers=2, tensors_a_part=12)
    found = sorted((tmp_path / "parts").glob("*.gguf"))
    assert [path.name for path in found] == [f"tiny-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    return found


@pytest.mark.parametrize("given", [0, 1, 2])
def test_all_parts_are_read_whichever_is_given(parts: list[Path], given: int) -> None:
    whole = logits(parts[0].parents[1] / "tiny.gguf")
    assert torch.equal(logits(parts[given]), whole)
    assert torch.equal(logits(parts[0].parent, gguf_file=parts[given].name), whole)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_missing_part_is_named(parts: list[Path], lost: int) -> None:
    parts[lost].unlink()
    with pytest.raises(LoadError, match=f"one of 3 parts and {parts[lost].name} is not beside it"):
        load(parts[lost - 1])
    with pytest.raises(LoadError, match="put all parts into one folder"):
        load_tokenizer(parts[lost - 1])


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_under_another_name_is_not_taken_for_a_whole_model(parts: list[Path], part: int) -> None:
    renamed = parts[part].with_name("model.gguf")
    shutil.move(parts[part], renamed)
    with pytest.raises(LoadError, match=f"says that it is part {part + 1} of 3, but 1 file belongs to it"):
        load(renamed)


def test_parts_of_different_models_are_not_mixed(parts: list[Path]) -> None:
    shutil.copy(parts[2], parts[1])
    with pytest.raises(LoadError, match="says that it is part 3 of 3 and stands where part 2 of 3 belongs"):
        load(parts[0])
    other = parts[0].parents[1] / "other"
    other.mkdir()
    write_gguf(other / "tiny.gguf", "qwen2", layers=2, tensors_a_part=12, change=lose("token_embd"))
    shutil.copy(other / parts[1].name, parts[1])
    with pytest.raises(LoadError, match=r"hold blk.1.\S+ twice"):
        load(parts[0])


# ---- every tensor is expected, and none is left random


def lose(*names: str) -> Callable[[dict[str, tuple[int, ...]]], None]:
    def change(shapes: dict[str, tuple[int, ...]]) -> None:
        for name in names:
            del shapes[f"{name}.weight"]

    return change


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", change=lose("blk.0.ffn_up"))
    with pytest.raises(LoadError, match=r"lacks layers.0.mlp.up_proj.weight"):
        load(tmp_path / "tiny.gguf")
    write_gguf(tmp_path / "tiny.gguf", change=lose("token_embd"))
    with pytest.raises(LoadError, match="lacks token_embd.weight"):
        load(tmp_path / "tiny.gguf")


def test_an_unknown_tensor_is_named(tmp_path: Path) -> None:
    write_gguf(
        tmp_path / "tiny.gguf", change=lambda shapes: shapes.update({"blk.0.ffn_gate_inp.weight": (4, 64)})
    )
    with pytest.raises(LoadError, match="has unknown blk.0.ffn_gate_inp.weight"):
        load(tmp_path / "tiny.gguf")


def test_a_missing_layer_is_named(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", extra=lambda writer: writer.add_uint32("llama.block_count", 2))
    with pytest.raises(LoadError, match=r"lacks layers.1.*and \d more"):
        load(tmp_path / "tiny.gguf")


def test_without_an_output_matrix_the_head_is_the_embedding(tmp_path: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf", change=lose("output"))
    model = load(tmp_path / "tiny.gguf")
    assert model.config.tie_word_embeddings
    assert model.lm_head.weight is model.embed_tokens.weight


@pytest.mark.parametrize("kept", [20, 200, -100])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "tiny.gguf"
    write_gguf(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(LoadError, match=r"damaged or cut short|ends before its tensor"):
        load(path)


def test_what_is_no_gguf_is_refused(tmp_path: Path) -> None:
    for content in (b"GGUF" + bytes(50), b"PK\3\4" + bytes(50), b"", b"GGUF" + bytes([9]) * 50):
        (tmp_path / "broken.gguf").write_bytes(content)
        with pytest.raises(LoadError, match="cannot be read as GGUF"):
            load(tmp_path / "broken.gguf")
    with pytest.raises(LoadError, match="no file other.gguf"):
        load(tmp_path, gguf_file="other.gguf")


def test_another_architecture_is_one_sentence(tmp_path: Path) -> None:
    write_gguf(tmp_path / "gemma.gguf", "gemma2")
    with pytest.raises(LoadError, match="architecture 'gemma2', which this program cannot compute"):
        load(tmp_path / "gemma.gguf")


@pytest.mark.parametrize(
    ("key", "value"), [("expert_count", 8), ("attention.sliding_window", 64), ("rope.dimension_count", 8)]
)
def test_what_would_be_computed_wrongly_is_refused(tmp_path: Path, key: str, value: int) -> None:
    write_gguf(tmp_path / "tiny.gguf", extra=lambda writer: writer.add_uint32(f"llama.{key}", value))
    with pytest.raises(LoadError, match=f"llama.{key} to {value}"):
        load(tmp_path / "tiny.gguf")


# ---- rotary scaling


def yarn(writer: gguf.GGUFWriter) -> None:
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(4.0)
    writer.add_rope_scaling_orig_ctx_len(32)


def test_yarn_is_used_as_from_a_config(tmp_path: Path) -> None:
    from transformers import Qwen2Config

    from ahn_core import BackboneConfig

    write_gguf(tmp_path / "yarn.gguf", "qwen2", extra=yarn)
    config = load(tmp_path / "yarn.gguf").config
    theirs = Qwen2Config(
        hidden_size=64,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        rope_parameters={
            "rope_type": "yarn",
            "rope_theta": 10_000.0,
            "factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    )
    expected = BackboneConfig.from_transformers(theirs)
    assert config.inverse_frequencies == expected.inverse_frequencies
    assert config.inverse_frequencies != load_plain(tmp_path).config.inverse_frequencies
    assert config.rope_attention_scaling == pytest.approx(1.1386, abs=1e-4)
    assert config.max_position_embeddings == 128


def load_plain(folder: Path) -> AHNForCausalLM:
    write_gguf(folder / "plain.gguf", "qwen2")
    return load(folder / "plain.gguf")


def test_linear_scaling_and_an_own_attention_factor(tmp_path: Path) -> None:
    def linear(writer: gguf.GGUFWriter) -> None:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(2.0)

    plain = load_plain(tmp_path).config
    write_gguf(tmp_path / "linear.gguf", "qwen2", extra=linear)
    config = load(tmp_path / "linear.gguf").config
    assert config.inverse_frequencies == pytest.approx([f / 2 for f in plain.inverse_frequencies])
    assert config.max_position_embeddings == 256

    def doubled(writer: gguf.GGUFWriter) -> None:
        yarn(writer)
        writer.add_rope_scaling_attn_factors(2.0)

    write_gguf(tmp_path / "doubled.gguf", "qwen2", extra=doubled)
    assert load(tmp_path / "doubled.gguf").config.rope_attention_scaling == pytest.approx(
        2 * 1.1386, abs=1e-3
    )


def test_llama_3_factors_divide_the_frequencies(tmp_path: Path) -> None:
    factors = np.linspace(1, 8, SIZE // 2, dtype=np.float32)
    write_gguf(tmp_path / "tiny.gguf", extra=lambda writer: writer.add_tensor("rope_freqs.weight", factors))
    write_gguf(tmp_path / "plain.gguf")
    scaled, plain = (load(tmp_path / name).config.inverse_frequencies for name in ("tiny.gguf", "plain.gguf"))
    assert scaled == pytest.approx([f / factor for f, factor in zip(plain, factors, strict=True)])


def test_a_scaling_without_a_word_for_it_is_refused(tmp_path: Path) -> None:
    write_gguf(
        tmp_path / "tiny.gguf",
        extra=lambda writer: writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE),
    )
    with pytest.raises(LoadError, match="scales its rotary embedding by 'longrope'"):
        load(tmp_path / "tiny.gguf")


# ---- text


def test_every_end_token_of_the_file_ends_an_answer(tmp_path: Path) -> None:
    def ends(writer: gguf.GGUFWriter) -> None:
        writer.add_eos_token_id(3)
        writer.add_eot_token_id(5)

    write_gguf(tmp_path / "tiny.gguf", extra=ends)
    assert load(tmp_path / "tiny.gguf").config.eos_token_ids == (3, 5)


DIGITS = ["0", "1", "2", "12", "a", "Ġ", "Ċ", "Ċ1", "ĊĊ", "aa"]


@pytest.mark.parametrize(("pre", "whole"), [("smollm", False), ("default", True)])
def test_smollm_files_have_each_digit_by_itself(tmp_path: Path, pre: str, whole: bool) -> None:
    tokens = DIGITS + [f"t{i}" for i in range(VOCABULARY - len(DIGITS))]
    write_gguf(tmp_path / "tiny.gguf", tokens=tokens, merges=["1 2", "a a", "Ċ Ċ"], pre=pre)
    tokenizer = load_tokenizer(tmp_path / "tiny.gguf")
    found = tokenizer.convert_ids_to_tokens(tokenizer.encode("aa12", add_special_tokens=False))
    assert found == ["aa", "12"] if whole else ["aa", "1", "2"]
