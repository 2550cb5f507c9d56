"""The mean of several memories of one cell: the noise of their last steps falls out of it (stochastic weight averaging,
arXiv 1803.05407).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from .config import AHNConfig
from .weights.errors import LoadError, check_names_and_shapes
from .weights.memory import memory_dtype
from .weights.safetensors_folder import SafetensorsFolder


def average_memories(
    folders: Sequence[str | os.PathLike[str]], target: str | os.PathLike[str], dtype: torch.dtype
) -> None:
    """Write the mean of AHN-only checkpoints, added up in float32, with the config of the last one.

    Args:
        folders: local folders of one base, one cell and the same switches.  target: the folder to write.
        dtype: number format of the mean; decays stay float32.

    Raises LoadError or ConfigError, and writes nothing, where they do not belong together or one cannot be read.
    """
    if len(folders) < 2:
        raise LoadError(f"{len(folders)} memory has no mean with another: give at least two.")
    paths = [Path(folder) for folder in folders]
    for path in paths:
        if not (path / "config.json").is_file():
            raise LoadError(
                f"{path} has no config.json, so it is no AHN checkpoint: give folders that have one."
            )
    first, *others = (replace(AHNConfig.from_json(path / "config.json"), training=()) for path in paths)
    for path, config in zip(paths[1:], others, strict=True):
        if config != first:
            raise LoadError(
                f"{path} holds another kind of memory than {paths[0]} ({config.cell}, {first.cell}), so they have no "
                "mean: give memories of one cell with the same switches."
            )
    total: dict[str, Tensor] = {}
    for path in paths:
        stored = SafetensorsFolder(path)
        if total:
            shapes = {name: tensor.shape for name, tensor in total.items()}
            check_names_and_shapes(shapes, stored.shapes, str(path), f"the memory in {paths[0]}")
        total = {
            name: total.get(name, 0) + stored.rows(name, 0, shape[0]).float()
            for name, shape in stored.shapes.items()
        }

    from safetensors.torch import save_file

    mean = {f"model.{name}": memory_dtype(name, tensor / len(paths), dtype) for name, tensor in total.items()}
    written = Path(target)
    written.mkdir(parents=True, exist_ok=True)
    save_file(mean, written / "model.safetensors", metadata={"format": "pt"})
    if written.resolve() != paths[-1].resolve():
        shutil.copy(paths[-1] / "config.json", written / "config.json")
