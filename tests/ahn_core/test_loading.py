"""Loading: strict about names and sizes, closed to pickles, and alike for folders and the hub's cache
layout.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ahn_core import AHNForCausalLM, ConfigError, LoadError, load_tokenizer
from ahn_core.config import AHNConfig
from ahn_core.weights import fill, fit
from ahn_core.weights.safetensors_folder import SafetensorsFolder
from tests.tiny import byte_tokenizer, tiny_model

GOLDEN = Path(__file__).parent.parent / "golden"
BASE, AHN = GOLDEN / "gateddeltanet-s128-w64" / "base", GOLDEN / "gateddeltanet-s128-w64" / "ahn"


@pytest.fixture
def ahn_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(AHN, tmp_path / "ahn"))


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_without_a_checkpoint_the_memory_is_untrained_and_says_so() -> None:
    model = AHNForCausalLM.from_pretrained(BASE)
    assert not model.memory_trained
    assert all(layer.ahn.o_proj.weight.abs().max() == 0 for layer in model.layers)
    assert AHNForCausalLM.from_pretrained(BASE, AHN).memory_trained


@pytest.mark.parametrize("cell", ["GatedDeltaNet", "DeltaNet", "Mamba2"])
def test_a_saved_memory_loads_back_in_the_published_layout(cell, tmp_path: Path) -> None:
    folder = GOLDEN / f"{cell.lower()}-s128-w64"
    model = AHNForCausalLM.from_pretrained(folder / "base", folder / "ahn")
    model.save_ahn(tmp_path)
    published, saved = (
        load_file(folder / "ahn" / "model.safetensors"),
        load_file(tmp_path / "model.safetensors"),
    )
    assert saved.keys() == {name for name in published if not name.endswith(".D")}
    assert all(torch.equal(saved[name], published[name]) for name in saved)
    again = AHNForCausalLM.from_pretrained(folder / "base", tmp_path)
    assert again.ahn_config == model.ahn_config
    assert again.identity["AHN"] == model.identity["AHN"]


def test_switches_are_saved_with_the_weights(tmp_path: Path) -> None:
    model = tiny_model(sink_positions="capped", memory_rope=False, memory_window_power=0.5)
    model.save_ahn(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    assert (values["sink_positions"], values["memory_rope"]) == ("capped", False)
    assert values["memory_window_power"] == 0.5
    assert AHNConfig.from_json(tmp_path / "config.json") == model.ahn_config


@pytest.mark.parametrize("power", [-0.1, 2.5, "half", True, None])
def test_a_power_that_gives_the_memory_no_size_is_refused(tmp_path: Path, power: object) -> None:
    tiny_model().save_ahn(tmp_path)
    change_config(tmp_path, memory_window_power=power)
    with pytest.raises(ConfigError, match="memory_window_power is .*use a number from 0 to 2"):
        AHNConfig.from_json(tmp_path / "config.json")


def test_the_window_in_a_published_config_is_never_used(ahn_copy: Path) -> None:
    change_config(ahn_copy, sliding_window=7, num_attn_sinks=1)
    cache = AHNForCausalLM.from_pretrained(BASE, ahn_copy).make_cache("ahn")
    assert (cache.attention_sinks, cache.sliding_window) == (128, 32_640)


@pytest.mark.parametrize("name", ["b_proj.weight", "A_log", "o_proj.weight"])
def test_a_missing_tensor_is_named(ahn_copy: Path, name: str) -> None:
    tensors = load_file(ahn_copy / "model.safetensors")
    full = f"model.layers.1.ahn.fn.{name}"
    del tensors[full]
    save_file(tensors, ahn_copy / "model.safetensors")
    with pytest.raises(LoadError, match=f"lacks {full}"):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)


def test_an_unknown_tensor_is_named(ahn_copy: Path) -> None:
    tensors = load_file(ahn_copy / "model.safetensors")
    tensors["model.layers.0.ahn.fn.q_proj.weight"] = torch.zeros(2)
    save_file(tensors, ahn_copy / "model.safetensors")
    with pytest.raises(LoadError, match="unknown model.layers.0.ahn.fn.q_proj.weight"):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)


def test_only_the_unused_tensor_d_may_be_missing_or_present(ahn_copy: Path) -> None:
    tensors = load_file(ahn_copy / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if not k.endswith(".D")}, ahn_copy / "model.safetensors")
    assert AHNForCausalLM.from_pretrained(BASE, ahn_copy).memory_trained


def test_a_wrong_size_is_named_with_both_sizes(ahn_copy: Path) -> None:
    tensors = load_file(ahn_copy / "model.safetensors")
    tensors["model.layers.2.ahn.fn.o_norm.weight"] = torch.ones(3)
    save_file(tensors, ahn_copy / "model.safetensors")
    with pytest.raises(LoadError, match=r"layers.2.ahn.fn.o_norm.weight is \[3\] instead of \[16\]"):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)


def test_another_cell_is_refused(ahn_copy: Path) -> None:
    change_config(ahn_copy, _ahn_implementation="Mamba2")
    with pytest.raises(LoadError, match="a Mamba2 memory"):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)
    change_config(ahn_copy, _ahn_implementation="Elephant")
    with pytest.raises(ConfigError, match="'Elephant' is unknown"):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [("use_q_proj", True), ("use_ahn_router", True), ("use_normalized_l2", False), ("fa_layer_ids", "0,5")],
)
def test_options_that_cannot_be_computed_are_refused(ahn_copy: Path, key: str, value: object) -> None:
    change_config(ahn_copy, **{key: value})
    with pytest.raises(ConfigError, match=key):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)


def test_a_base_is_no_ahn() -> None:
    with pytest.raises(ConfigError, match="_ahn_implementation"):
        AHNForCausalLM.from_pretrained(BASE, BASE)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt"])
def test_pickles_are_refused_unopened(tmp_path: Path, name: str) -> None:
    shutil.copy(BASE / "config.json", tmp_path)
    (tmp_path / name).write_bytes(b"this would run code")
    with pytest.raises(LoadError, match=f"only pickled weights \\({name}\\)"):
        AHNForCausalLM.from_pretrained(tmp_path)


def test_damaged_safetensors_are_refused(ahn_copy: Path) -> None:
    (ahn_copy / "model.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(LoadError, match="damaged"):
        AHNForCausalLM.from_pretrained(BASE, ahn_copy)


def test_a_missing_base_tensor_is_named(tmp_path: Path) -> None:
    shutil.copy(BASE / "config.json", tmp_path)
    tensors = load_file(BASE / "model.safetensors")
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(LoadError, match=r"lacks layers.0.mlp.up_proj.weight"):
        AHNForCausalLM.from_pretrained(tmp_path)


def test_shards_are_joined_through_the_index(tmp_path: Path) -> None:
    shutil.copy(BASE / "config.json", tmp_path)
    tensors = load_file(BASE / "model.safetensors")
    names = sorted(tensors)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, members in shards.items():
        save_file({name: tensors[name] for name in members}, tmp_path / file)
    index = {"weight_map": {name: file for file, members in shards.items() for name in members}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    whole, joined = AHNForCausalLM.from_pretrained(BASE), AHNForCausalLM.from_pretrained(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), joined.parameters(), strict=True))
    (tmp_path / "b.safetensors").unlink()
    with pytest.raises(LoadError, match="b.safetensors is named in the index but missing"):
        AHNForCausalLM.from_pretrained(tmp_path)


def test_remote_code_never_runs(tmp_path: Path) -> None:
    for file in BASE.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    change_config(
        tmp_path,
        model_type="evil",
        auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    )
    with pytest.raises(LoadError, match="config.json cannot be read"):
        AHNForCausalLM.from_pretrained(tmp_path)


@pytest.mark.parametrize("source", ["/no/such/folder", "./nor/here", "a/b/c"])
def test_a_missing_folder_is_one_sentence(source: str) -> None:
    with pytest.raises(LoadError, match="there is no folder"):
        AHNForCausalLM.from_pretrained(source)


def hub_layout(cache: Path, repository: str, source: Path) -> None:
    """A repository as the hub's own client leaves it on disk."""
    root = cache / f"models--{repository.replace('/', '--')}"
    revision = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(source, root / "snapshots" / revision)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(revision)


def test_hub_ids_load_from_the_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub_layout(tmp_path, "Qwen/Tiny-Instruct", BASE)
    hub_layout(tmp_path, "ByteDance-Seed/AHN-GDN-for-Tiny", AHN)
    model = AHNForCausalLM.from_pretrained("Qwen/Tiny-Instruct", "ByteDance-Seed/AHN-GDN-for-Tiny")
    assert model.memory_trained
    assert model.name == "Qwen/Tiny-Instruct"
    with pytest.raises(LoadError, match="'Qwen/Absent' is no local folder and could not be fetched"):
        AHNForCausalLM.from_pretrained("Qwen/Absent")


def test_dtype_names_and_the_memory_decay_in_float32() -> None:
    model = AHNForCausalLM.from_pretrained(BASE, AHN, dtype="bfloat16")
    assert model.dtype == torch.bfloat16
    assert model.layers[0].ahn.A_log.dtype == torch.float32
    cache = model.make_cache("ahn", attention_sinks=2, sliding_window=4)
    with torch.no_grad():
        logits = model(torch.arange(20)[None], past_key_values=cache).logits
        logits = torch.cat((logits, model(torch.tensor([[5]]), past_key_values=cache).logits), dim=1)
    assert logits.dtype == torch.bfloat16 and logits.isfinite().all()
    assert cache.layers[0].state.dtype == torch.float32
    with pytest.raises(LoadError, match="dtype 'int3' is unknown"):
        AHNForCausalLM.from_pretrained(BASE, dtype="int3")


def test_tokenizer_loads_with_its_template(tmp_path: Path) -> None:
    byte_tokenizer().save_pretrained(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.encode("é") == byte_tokenizer().encode("é")
    assert tokenizer.chat_template
    with pytest.raises(LoadError, match="no tokenizer"):
        load_tokenizer(AHN)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(7, [9, 7, 8], (7, 9, 8)), (7, 7, (7,)), (None, 9, (9,)), ([7, 9], None, (7, 9))],
)
def test_end_tokens_of_the_generation_config_count(
    tmp_path: Path, ours: object, theirs: object, expected: tuple[int, ...]
) -> None:
    folder = Path(shutil.copytree(BASE, tmp_path / "base"))
    change_config(folder, eos_token_id=ours)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": theirs}))
    assert AHNForCausalLM.from_pretrained(folder).config.eos_token_ids == expected


def test_a_damaged_generation_config_is_one_sentence(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BASE, tmp_path / "base"))
    (folder / "generation_config.json").write_text("[7")
    with pytest.raises(LoadError, match="generation_config.json cannot be read"):
        AHNForCausalLM.from_pretrained(folder)


def test_a_memory_merged_into_its_base_is_used(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BASE, tmp_path / "merged"))
    tensors = load_file(BASE / "model.safetensors") | load_file(AHN / "model.safetensors")
    save_file(tensors, folder / "model.safetensors")
    change_config(folder, **AHNConfig.from_json(AHN / "config.json").to_json())
    merged, apart = AHNForCausalLM.from_pretrained(folder), AHNForCausalLM.from_pretrained(BASE, AHN)
    assert merged.memory_trained
    assert merged.identity["AHN"] == apart.identity["AHN"]
    assert all(torch.equal(a, b) for a, b in zip(merged.parameters(), apart.parameters(), strict=True))
    assert not AHNForCausalLM.from_pretrained(folder, cell="Mamba2").memory_trained


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8", "int4", "mixed"])
def test_a_few_rows_at_a_time_give_what_all_at_once_give(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of a file is in memory than a piece of a tensor: that is what keeps the peak near the model's size."""
    whole = AHNForCausalLM.from_pretrained(BASE, AHN, dtype=dtype).state_dict()
    largest = []
    read = SafetensorsFolder.rows

    def rows(self: SafetensorsFolder, name: str, start: int, stop: int) -> torch.Tensor:
        found = read(self, name, start, stop)
        if ".ahn." not in name and found.dim() > 1:
            largest.append(found.numel())
        return found

    monkeypatch.setattr(SafetensorsFolder, "rows", rows)
    monkeypatch.setattr(fill, "_PIECE", 1000)
    pieces = AHNForCausalLM.from_pretrained(BASE, AHN, dtype=dtype).state_dict()
    assert max(largest) <= (16 * 128 if dtype == "int4" else 1000)  # sixteen rows are packed together
    assert pieces.keys() == whole.keys()
    assert all(torch.equal(pieces[name], whole[name]) for name in whole)


@pytest.mark.parametrize("dtype", ["float32", "int8", "int4"])
def test_progress_goes_up_to_all_weights(dtype: str) -> None:
    told: list[tuple[int, int]] = []
    AHNForCausalLM.from_pretrained(
        BASE,
        dtype=dtype,
        device="cpu",
        backend="torch",
        progress=lambda done, total: told.append((done, total)),
    )
    weights = sum(tensor.numel() for tensor in load_file(BASE / "model.safetensors").values())
    assert told[-1] == (weights, weights)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len({total for _, total in told}) == 1 and len(told) > 10


def test_what_does_not_fit_is_refused_with_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "_WORKING_BYTES", 0)
    monkeypatch.setattr(SafetensorsFolder, "rows", lambda *_: pytest.fail("nothing is read"))
    with torch.device("meta"):
        model = tiny_model()
    exact, small = (fit.weight_bytes(model, kind, torch.float32) for kind in ("plain", "int8"))
    assert exact == sum(p.nbytes for p in tiny_model().parameters())
    monkeypatch.setattr(fit, "free_bytes", lambda device: 3 * 10**8)
    fit.check_room(model, "plain", torch.float32, torch.device("cpu"))  # fits
    monkeypatch.setattr(fit, "free_bytes", lambda device: (exact + small) // 2)
    with pytest.raises(
        LoadError,
        match=r"take 0.0 GB .* cpu has 0.0 GB free, .* int8 \(0.0 GB\) or int4 \(0.0 GB\) it would fit",
    ):
        fit.check_room(model, "plain", torch.float32, torch.device("cpu"))
    monkeypatch.setattr(fit, "free_bytes", lambda device: 10)
    with pytest.raises(LoadError, match="choose a smaller model"):
        AHNForCausalLM.from_pretrained(BASE, AHN)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8", "int4", "mixed"])
def test_the_bytes_foreseen_are_those_of_the_loaded_model(
    dtype: str, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device.type != "cpu" and dtype in ("int8", "mixed"):
        pytest.skip("a format for a CPU")
    foreseen = []
    check = fit.weight_bytes
    monkeypatch.setattr(fit, "weight_bytes", lambda *asked: foreseen.append(check(*asked)) or foreseen[-1])
    model = AHNForCausalLM.from_pretrained(BASE, AHN, dtype=dtype, device=device)
    assert {tensor.device.type for tensor in model.state_dict().values()} == {device.type}
    held = {t.data_ptr(): t.nbytes for t in model.state_dict().values()}
    assert foreseen[0] == sum(held.values())


@pytest.mark.parametrize("cell", ["GatedDeltaNet", "DeltaNet", "Mamba2"])
def test_a_memory_to_be_trained_begins_with_any_cell(cell) -> None:
    model = AHNForCausalLM.from_pretrained(BASE, cell=cell)
    assert (model.ahn_config.cell, model.memory_trained) == (cell, False)
    with pytest.raises(LoadError, match="choose one"):
        AHNForCausalLM.from_pretrained(BASE, AHN, cell=cell)
