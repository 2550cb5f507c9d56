"""One folder of base and memory, and two of one: file by file, bytes copied as they are, none kept in memory.

A merged folder holds the base's own files, the memory's tensors in one file more, an index over all of them, and one
config.json with the keys of both. Tensor names do not change: the memory's are "model.layers.N.ahn.fn.…" already.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ahn_core.stored import Stored
from ahn_core.weights.safetensors_folder import safetensors_files, stored_tensors
from app.models.errors import ModelError

_INDEX = "model.safetensors.index.json"
_MEMORY_MARK = ".ahn.fn."
_BLOCK = 2**22  # bytes copied at a time
# Keys of the published checkpoints that are about the memory; those of the training window are told apart by `dy_`.
_MEMORY_KEYS = (
    "_ahn_implementation",
    "_layer_implementation",
    "ahn_position",
    "ahn_training",
    "fa_layer_ids",
    "is_causal",
    "loss_type",
    "memory_rope",
    "memory_window_power",
    "num_attn_sinks",
    "sink_positions",
    "sliding_window_type",
    "use_ahn_router",
    "use_layerwise_decay",
    "use_normalized_l2",
    "use_q_proj",
)
_SHAPE_KEYS = (
    "model_type",
    "hidden_size",
    "head_dim",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
)
_SKIPPED = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".gguf")
Report = Callable[[str], None]


def merge(base: Path, ahn: Path, target: Path, report: Report = lambda _: None) -> Path:
    """Write base and memory into one folder, `target`, which must not be there. Raises ModelError or LoadError."""
    memory = {name: one for file in safetensors_files(ahn) for name, one in stored_tensors(file).items()}
    if not memory or not all(_MEMORY_MARK in name for name in memory):
        raise ModelError(
            f"{ahn} holds no memory alone, so nothing was merged: give the folder of an AHN checkpoint."
        )
    base_files = safetensors_files(base)
    tensors = {file: stored_tensors(file) for file in base_files}
    if any(_MEMORY_MARK in name for found in tensors.values() for name in found):
        raise ModelError(f"{base} has a memory already, so nothing was merged: split it first.")
    ours, theirs = _config(base), _config(ahn)
    _check_fit(ours, theirs, base, ahn)
    with _Target(target) as folder:
        _copy_beside(base, folder)
        count = len(base_files) + 1
        where: dict[str, str] = {}
        for number, (file, found) in enumerate(tensors.items(), 1):
            name = f"model-{number:05d}-of-{count:05d}.safetensors"
            report(name)
            shutil.copyfile(file, folder / name)
            where |= dict.fromkeys(found, name)
        name = f"model-{count:05d}-of-{count:05d}.safetensors"
        report(name)
        _write(folder / name, memory)
        where |= dict.fromkeys(memory, name)
        total = sum(one.nbytes for found in (*tensors.values(), memory) for one in found.values())
        _write_json(folder / _INDEX, {"metadata": {"total_size": total}, "weight_map": where})
        added = {key: value for key, value in theirs.items() if key in _MEMORY_KEYS}
        _write_json(folder / "config.json", {**ours, **added})
    return target


def split(merged: Path, base: Path, ahn: Path, report: Report = lambda _: None) -> None:
    """Take a merged folder apart into the two that it was made of. Raises ModelError or LoadError."""
    files = safetensors_files(merged)
    tensors = {file: stored_tensors(file) for file in files}
    memory = {name: one for found in tensors.values() for name, one in found.items() if _MEMORY_MARK in name}
    if not memory:
        raise ModelError(f"{merged} has no memory in it, so there is nothing to split: give a merged folder.")
    config = _config(merged)
    with _Target(base) as base_folder, _Target(ahn) as ahn_folder:
        kept = {
            file: {name: one for name, one in found.items() if _MEMORY_MARK not in name}
            for file, found in tensors.items()
        }
        kept = {file: found for file, found in kept.items() if found}
        where: dict[str, str] = {}
        for number, (file, found) in enumerate(kept.items(), 1):
            name = (
                "model.safetensors"
                if len(kept) == 1
                else f"model-{number:05d}-of-{len(kept):05d}.safetensors"
            )
            report(name)
            if len(found) == len(tensors[file]):
                shutil.copyfile(file, base_folder / name)
            else:
                _write(base_folder / name, found)
            where |= dict.fromkeys(found, name)
        if len(kept) > 1:
            total = sum(one.nbytes for found in kept.values() for one in found.values())
            _write_json(base_folder / _INDEX, {"metadata": {"total_size": total}, "weight_map": where})
        _copy_beside(merged, base_folder)
        _write_json(
            base_folder / "config.json",
            {k: v for k, v in config.items() if k not in _MEMORY_KEYS and not k.startswith("dy_")},
        )
        report("memory")
        _write(ahn_folder / "model.safetensors", memory)
        _write_json(
            ahn_folder / "config.json",
            {k: v for k, v in config.items() if k in (*_SHAPE_KEYS, *_MEMORY_KEYS)},
        )


class _Target:
    """A folder that appears under its name when it is whole, and not at all where something fails."""

    def __init__(self, path: Path) -> None:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ModelError(f"{path} is there already, so nothing was written: name a folder that is not.")
        self._path, self._work = path, path.with_name(f".{path.name}.partial")

    def __enter__(self) -> Path:
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        return self._work

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            return
        if self._path.exists():
            self._path.rmdir()
        self._work.rename(self._path)


def _check_fit(base: Mapping[str, Any], ahn: Mapping[str, Any], base_path: Path, ahn_path: Path) -> None:
    if "_ahn_implementation" not in ahn:
        raise ModelError(
            f"{ahn_path / 'config.json'} is no AHN's, so nothing was merged: give an AHN checkpoint."
        )
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads"):
        if key in ahn and key in base and ahn[key] != base[key]:
            raise ModelError(
                f"{ahn_path} was trained beside a base with {key} {ahn[key]} and {base_path} has {base[key]}, so "
                "nothing was merged: choose the base it belongs to."
            )


def _copy_beside(source: Path, folder: Path) -> None:
    """Tokenizer, licence and the like; weights, index and pickles are not copied."""
    for path in sorted(source.iterdir()):
        if path.is_file() and path.suffix not in _SKIPPED and path.name not in (_INDEX, "config.json"):
            shutil.copyfile(path, folder / path.name)


def _config(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder / 'config.json'} cannot be read ({error}), so nothing was written: give a model's folder."
        ) from error
    if not isinstance(values, dict):
        raise ModelError(
            f"{folder / 'config.json'} is no configuration, so nothing was written: give a model's folder."
        )
    return values


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _write(path: Path, tensors: Mapping[str, Stored]) -> None:
    """A safetensors file of these tensors, their bytes copied from where they lie."""
    ordered = sorted(tensors.items())
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, one in ordered:
        header[name] = {"dtype": one.dtype, "shape": one.shape, "data_offsets": [at, at + one.nbytes]}
        at += one.nbytes
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    with path.open("wb") as target:
        target.write(struct.pack("<Q", len(written)) + written)
        for name, one in ordered:
            with one.file.open("rb") as source:
                source.seek(one.start)
                left = one.nbytes
                while left:
                    block = source.read(min(left, _BLOCK))
                    if not block:
                        raise ModelError(f"{one.file} ends within {name}: download it again.")
                    target.write(block)
                    left -= len(block)
