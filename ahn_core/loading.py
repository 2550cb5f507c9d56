"""From names on a command line to a model that is ready: what `AHNForCausalLM.from_pretrained` does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from .config import BackboneConfig, CellName, ConfigError
from .devices import device_named
from .embedded.model import EMBEDDED
from .quantization import Precision
from .weights.errors import LoadError
from .weights.files import locate, resolve_folder
from .weights.fill import check_base, fill_base
from .weights.fit import check_room
from .weights.gguf_model import GGUFModel
from .weights.memory import fill_memory, memory_beside, read_memory, save_ahn
from .weights.progress import Progress, reported
from .weights.safetensors_folder import SafetensorsFolder, read_config
from .weights.source import TensorSource
from .weights.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_model(
    cls: type[AHNForCausalLM],
    base: str | os.PathLike[str],
    ahn: str | os.PathLike[str] | None,
    *,
    cell: CellName | None,
    dtype: torch.dtype | str | None,
    device: torch.device | str | None,
    gguf_file: str | None,
    plain: bool = False,
    progress: Progress | None = None,
) -> AHNForCausalLM:
    """See `AHNForCausalLM.from_pretrained`. plain: for the backend "torch", so in the number format of the weights."""
    target = device_named(device)
    if dtype is None and base == "embedded" and target.type == "cpu" and cell is None and not plain:
        dtype = EMBEDDED.dtype
    precision, number = formats(dtype, target)
    folder, parts = locate(base, gguf_file)
    source: TensorSource
    if parts:
        source = gguf = GGUFModel(parts)
        config, beside = gguf.config, None
    else:
        hf_config = read_config(folder)
        source = SafetensorsFolder(folder)
        config, beside = BackboneConfig.from_transformers(hf_config), memory_beside(folder, source)
    ahn_config, memory = read_memory(base, ahn, cell, beside)
    window = {}
    if base == "embedded":
        window = {
            "default_attention_sinks": EMBEDDED.attention_sinks,
            "default_sliding_window": EMBEDDED.sliding_window,
        }
    with torch.device("meta"):
        model = cls(config, ahn_config, name=_name(base), memory_trained=memory is not None, **window)
    check_base(model, source)
    check_room(model, precision, number, target, source)
    fill_memory(model, memory, "" if ahn is None else ahn, number, target)
    fill_base(model, source if progress is None else reported(source, progress), precision, number, target)
    return model.eval().requires_grad_(False)


def formats(dtype: torch.dtype | str | None, device: torch.device) -> tuple[Precision, torch.dtype]:
    """How the linear layers are kept, and the number format of everything else. Raises LoadError."""
    if dtype == "int8" or dtype == "int4" or dtype == "mixed":
        if device.type == "cuda" and dtype == "int4":
            return "int4", torch.bfloat16
        if device.type != "cpu":
            others = "float32, bfloat16, float16" + " or int4" * (device.type == "cuda")
            raise LoadError(
                f"weights in {dtype} run on a CPU{' or an NVIDIA GPU' * (dtype == 'int4')} and not on {device}, so "
                f"nothing was loaded: choose one of {others} there."
            )
        return cast(Precision, dtype), torch.float32
    if dtype is None:
        return "plain", torch.float32 if device.type == "cpu" else torch.bfloat16
    if isinstance(dtype, torch.dtype):
        return "plain", dtype
    if dtype not in _DTYPES:
        raise LoadError(
            f"dtype '{dtype}' is unknown, so the weights cannot be placed: use one of {', '.join(_DTYPES)}, int8, int4."
        )
    return "plain", _DTYPES[dtype]


def _name(base: str | os.PathLike[str]) -> str:
    if base == "embedded":
        return EMBEDDED.name
    return Path(base).name if Path(base).exists() else str(base).partition("@")[0]


__all__ = ["ConfigError", "LoadError", "load_model", "load_tokenizer", "resolve_folder", "save_ahn"]
