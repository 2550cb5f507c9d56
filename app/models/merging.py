"""One folder of base and memory, and two of one: file by file, bytes copied as they are, none kept in memory.

A merged folder holds the base's own files, the memory's tensors in one file more, an index over all of them, and one
config.json with the keys of both. Tensor names do not change: the memory's are "model.layers.N.ahn.fn.…" already.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ahn_core.weights.safetensors_folder import safetensors_files
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


@dataclass(frozen=True)
class _Piece:
    """A tensor's bytes in a file."""

    file: Path
    name: str
    dtype: str
    shape: list[int]
    start: int
    nbytes: int


def merge(base: Path, ahn: Path, target: Path, report: Report = lambda _: None) -> Path:
    """Write base and memory into one folder, `target`, which must not be there. Raises ModelError or LoadError."""
    memory = [piece for file in safetensors_files(ahn) for piece in _pieces(file)]
    if not memory or not all(_MEMORY_MARK in piece.name for piece in memory):
        raise ModelError(
            f"{ahn} holds no memory alone, so nothing was merged: give the folder of an AHN checkpoint."
        )
    base_files = safetensors_files(base)
    names = {piece.name: file for file in base_files for piece in _pieces(file)}
    if any(_MEMORY_MARK in name for name in names):
        raise ModelError(f"{base} has a memory already, so nothing was merged: split it first.")
    ours, theirs = _config(base), _config(ahn)
    _check_fit(ours, theirs, base, ahn)
    with _Target(target) as folder:
        _copy_beside(base, folder)
        count = len(base_files) + 1
        where: dict[str, str] = {}
        for number, file in enumerate(base_files, 1):
            name = f"model-{number:05d}-of-{count:05d}.safetensors"
            report(name)
            shutil.copyfile(file, folder / name)
            where |= {tensor: name for tensor, source in names.items() if source == file}
        name = f"model-{count:05d}-of-{count:05d}.safetensors"
        report(name)
        _write(folder / name, memory)
        where |= {piece.name: name for piece in memory}
        total = sum((folder / file).stat().st_size for file in set(where.values()))
        _write_json(folder / _INDEX, {"metadata": {"total_size": total}, "weight_map": where})
        added = {key: value for key, value in theirs.items() if key in _MEMORY_KEYS}
        _write_json(folder / "config.json", {**ours, **added})
    return target


def split(merged: Path, base: Path, ahn: Path, report: Report = lambda _: None) -> None:
    """Take a merged folder apart into the two that it was made of. Raises ModelError or LoadError."""
    files = safetensors_files(merged)
    pieces = {file: _pieces(file) for file in files}
    memory = [piece for found in pieces.values() for piece in found if _MEMORY_MARK in piece.name]
    if not memory:
        raise ModelError(f"{merged} has no memory in it, so there is nothing to split: give a merged folder.")
    config = _config(merged)
    with _Target(base) as base_folder, _Target(ahn) as ahn_folder:
        kept = {file: [p for p in found if _MEMORY_MARK not in p.name] for file, found in pieces.items()}
        kept = {file: found for file, found in kept.items() if found}
        where: dict[str, str] = {}
        for number, (file, found) in enumerate(kept.items(), 1):
            name = (
                "model.safetensors"
                if len(kept) == 1
                else f"model-{number:05d}-of-{len(kept):05d}.safetensors"
            )
            report(name)
            if len(found) == len(pieces[file]):
                shutil.copyfile(file, base_folder / name)
            else:
                _write(base_folder / name, found)
            where |= {piece.name: name for piece in found}
        if len(kept) > 1:
            total = sum(piece.nbytes for found in kept.values() for piece in found)
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


def _pieces(file: Path) -> list[_Piece]:
    """Where each tensor of a safetensors file lies; its header is eight bytes of length and JSON."""
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header = json.loads(opened.read(length))
    header.pop("__metadata__", None)
    return [
        _Piece(
            file,
            name,
            entry["dtype"],
            entry["shape"],
            8 + length + entry["data_offsets"][0],
            entry["data_offsets"][1] - entry["data_offsets"][0],
        )
        for name, entry in header.items()
    ]


def _write(path: Path, pieces: Iterable[_Piece]) -> None:
    """A safetensors file of these tensors, their bytes copied from where they lie."""
    ordered = sorted(pieces, key=lambda piece: piece.name)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for piece in ordered:
        header[piece.name] = {
            "dtype": piece.dtype,
            "shape": piece.shape,
            "data_offsets": [at, at + piece.nbytes],
        }
        at += piece.nbytes
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    with path.open("wb") as target:
        target.write(struct.pack("<Q", len(written)) + written)
        for piece in ordered:
            with piece.file.open("rb") as source:
                source.seek(piece.start)
                left = piece.nbytes
                while left:
                    block = source.read(min(left, _BLOCK))
                    if not block:
                        raise ModelError(f"{piece.file} ends within {piece.name}: download it again.")
                    target.write(block)
                    left -= len(block)
