"""A folder in Hugging Face layout: config.json and safetensors, in one file or in several through an index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ..stored import DTYPES, Stored, open_tensors, read_rows
from .errors import LoadError, one_line
from .source import Shape

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


class SafetensorsFolder:
    """The tensors of a folder as a `TensorSource`; read in pieces, so that no more of a file is in memory."""

    def __init__(self, folder: Path) -> None:
        """Raises LoadError: no safetensors, a missing or damaged one, or only pickles, which are never opened."""
        self._folder = folder
        self._stored: dict[str, Stored] = {}
        for file in safetensors_files(folder):
            for name, stored in stored_tensors(file).items():
                self._stored[name.removeprefix("model.")] = stored

    @property
    def description(self) -> str:
        return str(self._folder)

    @property
    def shapes(self) -> Mapping[str, Shape]:
        return {name: stored.shape for name, stored in self._stored.items()}

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        stored = self._stored[name]
        if stored.dtype not in DTYPES:
            raise LoadError(
                f"{name} in {stored.file} is stored as {stored.dtype}, which is no weight this program can compute "
                f"with: get the model as one of {', '.join(DTYPES)}."
            )
        try:
            with stored.file.open("rb") as file:
                return read_rows(file, stored, start, stop)
        except EOFError as error:
            raise LoadError(
                f"{stored.file} ends within {name}, so it was not loaded: download it again."
            ) from error


def read_config(folder: Path) -> PretrainedConfig:
    """config.json, with the end tokens that generation_config.json adds. Raises LoadError."""
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise LoadError(
            f"{folder} has no config.json, so it is no model folder: give a folder in Hugging Face layout."
        )
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise LoadError(
            f"{folder / 'config.json'} cannot be read ({one_line(error)}), so the model cannot be built."
        ) from error
    config.eos_token_id = _with_generation_ends(folder, config.eos_token_id)
    return config


def _with_generation_ends(folder: Path, ends: int | list[int] | None) -> list[int]:
    """End tokens of the config and of generation_config.json, each once."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return _as_list(ends)
    try:
        more = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id")
    except (OSError, ValueError, AttributeError) as error:
        raise LoadError(
            f"{path} cannot be read ({one_line(error)}), so where an answer ends is unknown: download it again."
        ) from error
    return list(dict.fromkeys([*_as_list(ends), *_as_list(more)]))


def _as_list(ids: int | list[int] | None) -> list[int]:
    if ids is None:
        return []
    return [ids] if isinstance(ids, int) else list(ids)


def safetensors_files(folder: Path) -> list[Path]:
    """The files of a model. Pickled weights are refused by name, not opened. Raises LoadError."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise LoadError(f"{index} is damaged ({one_line(error)}): download it again.") from error
        files = [folder / name for name in names]
    elif (single := folder / "model.safetensors").is_file():
        files = [single]  # others beside it, as an optimizer's, are no weights
    else:
        files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickled = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        found = (
            f" only pickled weights ({', '.join(pickled)}), which can run code when opened"
            if pickled
            else " no *.safetensors"
        )
        raise LoadError(f"{folder} has{found}, so nothing was loaded: get the model as safetensors or GGUF.")
    for file in files:
        if not file.is_file():
            raise LoadError(
                f"{file} is named in the index but missing, so the model is incomplete: download it again."
            )
    return files


def stored_tensors(file: Path) -> dict[str, Stored]:
    """Where each tensor of a file lies, by its name there. Raises LoadError for a damaged one."""
    from safetensors import SafetensorError

    try:
        with open_tensors(file) as opened:
            return dict(opened.places)
    except SafetensorError as error:
        raise LoadError(f"{file} is damaged ({error}), so it was not loaded: download it again.") from error
