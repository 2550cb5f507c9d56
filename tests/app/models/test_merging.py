"""Merging and splitting: what comes out computes what went in, and nothing is left where something fails."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from ahn_core import AHNForCausalLM, LoadError
from app.models.errors import ModelError
from app.models.merging import merge, split
from tests.ahn_core.test_twins import shards

GOLDEN = Path(__file__).parents[2] / "golden"
CASE = GOLDEN / "gateddeltanet-s128-w64"


@pytest.mark.parametrize("parts", [1, 3])
def test_there_and_back(tmp_path: Path, parts: int) -> None:
    base = Path(shutil.copytree(CASE / "base", tmp_path / "base"))
    if parts > 1:
        shards(base, parts)
    (base / "tokenizer.json").write_text("{}")
    (base / "pytorch_model.bin").write_bytes(b"a pickle")
    merged = merge(base, CASE / "ahn", tmp_path / "merged")
    assert not (merged / "pytorch_model.bin").exists() and (merged / "tokenizer.json").read_text() == "{}"
    ours, apart = AHNForCausalLM.from_pretrained(merged), AHNForCausalLM.from_pretrained(base, CASE / "ahn")
    assert ours.memory_trained and ours.ahn_config == apart.ahn_config
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), apart.parameters(), strict=True))

    split(merged, tmp_path / "base2", tmp_path / "ahn2")
    weights = sorted(path.name for path in base.glob("*.safetensors"))
    assert sorted(path.name for path in (tmp_path / "base2").glob("*.safetensors")) == weights
    for name in weights:
        assert (tmp_path / "base2" / name).read_bytes() == (base / name).read_bytes()
    again = AHNForCausalLM.from_pretrained(tmp_path / "base2", tmp_path / "ahn2")
    assert again.ahn_config == apart.ahn_config
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), apart.parameters(), strict=True))
    assert "_ahn_implementation" not in json.loads((tmp_path / "base2" / "config.json").read_text())


def test_a_file_that_holds_both_is_taken_apart(tmp_path: Path) -> None:
    """As other programs merge: base and memory in one file."""
    from safetensors.torch import load_file, save_file

    both = Path(shutil.copytree(CASE / "ahn", tmp_path / "both"))
    tensors = load_file(CASE / "base" / "model.safetensors") | load_file(CASE / "ahn" / "model.safetensors")
    save_file(tensors, both / "model.safetensors")
    split(both, tmp_path / "base", tmp_path / "ahn")
    found = load_file(tmp_path / "base" / "model.safetensors")
    assert found.keys() == load_file(CASE / "base" / "model.safetensors").keys()
    assert all(torch.equal(found[name], tensors[name]) for name in found)


def test_what_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    other = GOLDEN / "qwen3-gateddeltanet-s128-w64"
    narrow = Path(shutil.copytree(CASE / "ahn", tmp_path / "narrow"))
    values = json.loads((narrow / "config.json").read_text())
    (narrow / "config.json").write_text(json.dumps({**values, "hidden_size": 32}))
    target = tmp_path / "merged"
    with pytest.raises(ModelError, match="with hidden_size 32 and .* has 64"):
        merge(CASE / "base", narrow, target)
    with pytest.raises(ModelError, match="holds no memory alone"):
        merge(CASE / "base", other / "base", target)
    with pytest.raises(ModelError, match="nothing to split"):
        split(CASE / "base", tmp_path / "a", tmp_path / "b")
    target.mkdir()
    (target / "mine").touch()
    with pytest.raises(ModelError, match="is there already"):
        merge(CASE / "base", CASE / "ahn", target)
    assert sorted(os.listdir(tmp_path)) == ["merged", "narrow"]


@pytest.mark.parametrize("left", [200, -8], ids=["within the header", "within the last tensor"])
@pytest.mark.parametrize("part", ["base", "ahn"])
def test_a_cut_off_file_is_told_and_leaves_nothing(tmp_path: Path, part: str, left: int) -> None:
    broken = Path(shutil.copytree(CASE / part, tmp_path / part))
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:left])
    folders = {"base": CASE / "base", "ahn": CASE / "ahn", part: broken}
    with pytest.raises(LoadError, match="is damaged"):
        merge(folders["base"], folders["ahn"], tmp_path / "merged")
    with pytest.raises(LoadError, match="is damaged"):
        split(broken, tmp_path / "base2", tmp_path / "ahn2")
    assert sorted(os.listdir(tmp_path)) == [part]
