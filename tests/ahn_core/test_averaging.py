"""The mean of memories is the mean of their tensors, and of nothing that does not belong together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ahn_core import LoadError
from ahn_core.averaging import average_memories
from tests.tiny import tiny_model


def saved(folder: Path, **how: object) -> Path:
    tiny_model(**how).save_ahn(folder)  # type: ignore[arg-type]
    return folder


def test_the_mean_of_three(tmp_path: Path) -> None:
    folders = [saved(tmp_path / str(seed), seed=seed) for seed in range(3)]
    average_memories(folders, tmp_path / "mean", torch.float32)
    parts = [load_file(folder / "model.safetensors") for folder in folders]
    mean = load_file(tmp_path / "mean" / "model.safetensors")
    assert mean.keys() == parts[0].keys()
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, torch.stack([part[name] for part in parts]).mean(0))
    assert (tmp_path / "mean" / "config.json").read_bytes() == (folders[-1] / "config.json").read_bytes()


def test_decays_stay_float32_and_the_rest_is_rounded_once(tmp_path: Path) -> None:
    folders = [saved(tmp_path / str(seed), seed=seed) for seed in range(2)]
    average_memories(folders, tmp_path / "mean", torch.bfloat16)
    mean = load_file(tmp_path / "mean" / "model.safetensors")
    assert {name.rpartition(".")[2] for name, t in mean.items() if t.dtype == torch.float32} == {
        "A_log",
        "dt_bias",
    }
    assert any(tensor.dtype == torch.bfloat16 for tensor in mean.values())


def test_it_may_take_the_place_of_one_of_them(tmp_path: Path) -> None:
    one, two = saved(tmp_path / "1", seed=1), saved(tmp_path / "2", seed=2)
    before = load_file(two / "model.safetensors")
    average_memories([one, two], two, torch.float32)
    after = load_file(two / "model.safetensors")
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"cell": "Mamba2"}, "another kind of memory"),
        ({"memory_window_power": 0.5}, "another kind of memory"),
        ({"num_hidden_layers": 3}, "has unknown layers.2"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    tmp_path: Path, how: dict[str, object], sentence: str
) -> None:
    folders = [saved(tmp_path / "1"), saved(tmp_path / "2", **how)]
    with pytest.raises(LoadError, match=sentence):
        average_memories(folders, tmp_path / "mean", torch.float32)
    assert not (tmp_path / "mean").exists()


def test_one_alone_and_no_memory_are_refused(tmp_path: Path) -> None:
    one = saved(tmp_path / "1")
    with pytest.raises(LoadError, match="give at least two"):
        average_memories([one], tmp_path / "mean", torch.float32)
    with pytest.raises(LoadError, match=r"has no config\.json"):
        average_memories([one, tmp_path / "nothing"], tmp_path / "mean", torch.float32)


def test_settings_of_training_may_differ(tmp_path: Path) -> None:
    folders = [saved(tmp_path / str(seed), seed=seed) for seed in range(2)]
    config = json.loads((folders[0] / "config.json").read_text(encoding="utf-8"))
    config["ahn_training"] = {"steps": 7}
    (folders[0] / "config.json").write_text(json.dumps(config), encoding="utf-8")
    average_memories(folders, tmp_path / "mean", torch.float32)
    assert (tmp_path / "mean" / "model.safetensors").is_file()
