"""Tiny twins of the layouts that published models come in: each loads, and computes what its plain form computes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ahn_core import AHNForCausalLM, ConfigError, load_tokenizer

GOLDEN = Path(__file__).parent.parent / "golden" / "gateddeltanet-s128-w64"
BASE, AHN = GOLDEN / "base", GOLDEN / "ahn"
IDS = torch.arange(3, 90)[None]  # [1, 87]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASE, tmp_path / "base"))


def change(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@torch.no_grad()
def logits(model: AHNForCausalLM) -> torch.Tensor:
    cache = model.make_cache("ahn", attention_sinks=4, sliding_window=24)
    return model(IDS.to(model.device), past_key_values=cache).logits


def shards(folder: Path, count: int) -> None:
    """Cut a folder's weights into files with an index, as large models come."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names, where = sorted(tensors), {}
    for number in range(count):
        file = f"model-{number + 1:05d}-of-{count:05d}.safetensors"
        part = {name: tensors[name] for name in names[number::count]}
        save_file(part, folder / file)
        where |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def test_a_sharded_base_with_an_ahn_of_stale_window_keys(
    base: Path, tmp_path: Path, device: torch.device
) -> None:
    """As 7B comes: four files and an index; and as some AHNs come: with the training window under `dy_` names, too."""
    shards(base, 4)
    change(base, use_sliding_window=False, sliding_window=131_072, max_window_layers=28)
    ahn = Path(shutil.copytree(AHN, tmp_path / "ahn"))
    change(ahn, dy_sliding_window=256, dy_num_attn_sinks=0, _layer_implementation="Qwen2MemDecoderLayer")
    twin = AHNForCausalLM.from_pretrained(base, ahn, device=device, dtype=torch.float32)
    assert torch.equal(
        logits(twin), logits(AHNForCausalLM.from_pretrained(BASE, AHN, device=device, dtype=torch.float32))
    )
    assert (twin.default_attention_sinks, twin.default_sliding_window) == (128, 32_640)


def test_a_sharded_merged_folder(base: Path, device: torch.device) -> None:
    tensors = load_file(BASE / "model.safetensors") | load_file(AHN / "model.safetensors")
    save_file(tensors, base / "model.safetensors")
    shards(base, 3)
    ahn_keys = json.loads((AHN / "config.json").read_text())
    change(base, **ahn_keys, dy_sliding_window=256)
    twin = AHNForCausalLM.from_pretrained(base, device=device, dtype=torch.float32)
    assert twin.memory_trained
    assert torch.equal(
        logits(twin), logits(AHNForCausalLM.from_pretrained(BASE, AHN, device=device, dtype=torch.float32))
    )


@pytest.mark.parametrize("stored", [True, False])
def test_a_tied_head_stored_or_not(base: Path, stored: bool, device: torch.device) -> None:
    """As 3B comes: the head is the embedding; a copy of it that a file holds all the same is left alone."""
    tensors = load_file(base / "model.safetensors")
    del tensors["lm_head.weight"]
    if stored:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    save_file(tensors, base / "model.safetensors")
    change(base, tie_word_embeddings=True)
    twin = AHNForCausalLM.from_pretrained(base, AHN, device=device, dtype=torch.float32)
    assert twin.lm_head.weight is twin.embed_tokens.weight
    untied = AHNForCausalLM.from_pretrained(BASE, AHN, device=device, dtype=torch.float32)
    assert twin.num_parameters == untied.num_parameters - untied.lm_head.weight.numel()


def test_yarn_in_a_config_stretches_the_trained_length(base: Path, device: torch.device) -> None:
    from transformers import AutoModelForCausalLM

    change(
        base,
        rope_scaling={"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4_096},
        generation_config={},
    )
    twin = AHNForCausalLM.from_pretrained(base, device=device, dtype=torch.float32)
    assert twin.config.max_position_embeddings == 16_384
    assert twin.config.rope_attention_scaling > 1.0
    theirs = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).to(device)
    with torch.no_grad():
        ids = IDS.to(device)
        ours = twin(ids, past_key_values=twin.make_cache("full")).logits
        close = {"atol": 2e-5, "rtol": 1e-4} if device.type == "cpu" else {"atol": 1e-3, "rtol": 1e-3}
        torch.testing.assert_close(ours, theirs(ids).logits, **close)


@pytest.mark.parametrize(("layers", "loads"), [(28, True), (3, True), (2, False)])
def test_a_base_s_own_sliding_window_matters_only_where_a_layer_has_it(
    base: Path, layers: int, loads: bool, device: torch.device
) -> None:
    """`max_window_layers` is the first layer with a window: from the number of layers (3 here) on, none has one."""
    change(base, use_sliding_window=True, sliding_window=16, max_window_layers=layers)
    if loads:
        twin = AHNForCausalLM.from_pretrained(base, AHN, device=device, dtype=torch.float32)
        assert torch.equal(
            logits(twin),
            logits(AHNForCausalLM.from_pretrained(BASE, AHN, device=device, dtype=torch.float32)),
        )
    else:
        with pytest.raises(ConfigError, match="its own sliding window"):
            AHNForCausalLM.from_pretrained(base, AHN, device=device, dtype=torch.float32)


def test_a_sentencepiece_tokenizer_alone(tmp_path: Path) -> None:
    """As Llama 2 comes: tokenizer.model and no tokenizer.json."""
    import sentencepiece

    text = tmp_path / "text.txt"
    text.write_text("the pump must not be opened before the pressure falls under two bar\n" * 40)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(tmp_path / "tokenizer"),
        vocab_size=300,
        model_type="bpe",
        byte_fallback=True,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    text.unlink()
    (tmp_path / "tokenizer.vocab").unlink()
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer"}))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    tokenizer = load_tokenizer(tmp_path)
    ids = tokenizer.encode("the pump falls: é", add_special_tokens=False)
    assert tokenizer.decode(ids).strip() == "the pump falls: é"
    assert len(ids) < len("the pump falls: é")
