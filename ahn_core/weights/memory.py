"""The memory's weights: AHN-only checkpoints in the published layout, and fresh ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..cells import CELLS
from ..config import AHNConfig, BackboneConfig, CellName
from ..embedded.model import EMBEDDED, embedded_memory_path
from .errors import LoadError, check_names_and_shapes
from .files import resolve_folder
from .safetensors_folder import SafetensorsFolder
from .source import TensorSource

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM

_PREFIX = "layers.{}.ahn.fn."  # "model." comes before it on disk


def read_memory(
    base: str | os.PathLike[str],
    ahn: str | os.PathLike[str] | None,
    cell: CellName | None,
    beside: tuple[AHNConfig, TensorSource] | None,
) -> tuple[AHNConfig, TensorSource | None]:
    """The memory's config and tensors; no tensors for an untrained one.

    `beside` is what lies in the base's own folder, where somebody merged base and AHN; it serves unless another memory
    or a new one is asked for.
    """
    if cell is not None and ahn is not None:
        raise LoadError(f"both a new {cell} memory and the memory {ahn} were asked for: choose one.")
    if base == "embedded" and ahn in CELLS:  # one of those that ship, by its cell
        ahn, named = embedded_memory_path(str(ahn)), ahn
        if ahn is None:
            raise LoadError(
                f"no trained {named} memory ships with this copy, so none was loaded: leave --ahn out."
            )
    if ahn is None and base == "embedded":
        ahn = embedded_memory_path() if cell is None else None
        if ahn is None:
            return AHNConfig(
                cell=cell or "GatedDeltaNet",
                sink_positions=EMBEDDED.sink_positions,
                memory_rope=EMBEDDED.memory_rope,
                memory_window_power=EMBEDDED.memory_window_power,
            ), None
    if ahn is None:
        if beside is not None and cell is None:
            return beside
        return AHNConfig(cell=cell or "GatedDeltaNet"), None
    folder = resolve_folder(ahn)
    if not (folder / "config.json").is_file():
        raise LoadError(
            f"{folder} has no config.json, so it is no AHN checkpoint: give a folder with config.json and "
            "model.safetensors."
        )
    return AHNConfig.from_json(folder / "config.json"), SafetensorsFolder(folder)


def memory_beside(folder: Path, source: TensorSource) -> tuple[AHNConfig, TensorSource] | None:
    """The memory in a base's own folder, or None where there is none."""
    if not any(".ahn.fn." in name for name in source.shapes):
        return None
    return AHNConfig.from_json(folder / "config.json"), source


def fill_memory(
    model: AHNForCausalLM,
    source: TensorSource | None,
    name: str | os.PathLike[str],
    dtype: torch.dtype,
    device: torch.device,
) -> None:
    """Give a model on the meta device its memory: from `source`, called `name`, or a fresh one that adds zero.

    Raises LoadError where the tensors are not those of this cell beside this base.
    """
    state = (
        _untrained(model.config, model.ahn_config)
        if source is None
        else _checked(source, model, str(name or source.description))
    )
    for ours, tensor in state.items():
        parent, _, leaf = ours.rpartition(".")
        placed = memory_dtype(ours, tensor, dtype).to(device)
        setattr(model.get_submodule(parent), leaf, nn.Parameter(placed, requires_grad=False))


def _untrained(config: BackboneConfig, ahn_config: AHNConfig) -> dict[str, Tensor]:
    """A fresh memory for each layer; its o_proj is zero, so it adds exactly nothing."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for index in range(config.num_hidden_layers):
        cell = CELLS[ahn_config.cell](config)
        cell.reset_parameters(generator)
        for name, tensor in cell.state_dict().items():
            state[f"layers.{index}.ahn.{name}"] = tensor
    return state


def _checked(source: TensorSource, model: AHNForCausalLM, called: str) -> dict[str, Tensor]:
    ignored = {
        _PREFIX.format(index) + name
        for index in range(model.config.num_hidden_layers)
        for name in CELLS[model.ahn_config.cell].ignored_tensors
    }
    # In a merged folder the base's tensors stand beside them.
    merged = "embed_tokens.weight" in source.shapes
    found = {
        f"model.{name}": shape
        for name, shape in source.shapes.items()
        if name not in ignored and not (merged and ".ahn.fn." not in name)
    }
    names = {
        _PREFIX.format(index) + name: (f"layers.{index}.ahn.{name}", tensor.shape)
        for index, layer in enumerate(model.layers)
        for name, tensor in layer.ahn.state_dict().items()
    }
    expected = {f"model.{name}": shape for name, (_, shape) in names.items()}
    check_names_and_shapes(expected, found, called, f"a {model.ahn_config.cell} memory of {model.name}")
    return {ours: source.rows(name, 0, shape[0]) for name, (ours, shape) in names.items()}


def memory_dtype(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Decay parameters stay float32 whatever the model's dtype: a rounded half-life of 16,384 tokens is
    another one.
    """
    return tensor.detach().to(torch.float32 if name.endswith(("A_log", "dt_bias")) else dtype)


def save_ahn(model: AHNForCausalLM, folder: str | os.PathLike[str], dtype: torch.dtype | None = None) -> None:
    """Write the memory's tensors and config in the published AHN-only layout."""
    from safetensors.torch import save_file

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for index, layer in enumerate(model.layers):
        for name, tensor in layer.ahn.state_dict().items():
            stored = memory_dtype(name, tensor.detach(), dtype or tensor.dtype)
            tensors[f"model.{_PREFIX.format(index)}{name}"] = stored.contiguous().cpu()
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "model_type": model.config.model_type,
        "hidden_size": model.config.hidden_size,
        "head_dim": model.config.head_dim,
        "num_attention_heads": model.config.num_attention_heads,
        "num_hidden_layers": model.config.num_hidden_layers,
        "num_key_value_heads": model.config.num_key_value_heads,
        **model.ahn_config.to_json(),
    }
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
