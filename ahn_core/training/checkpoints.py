"""Where a training stands, on disk: written whole or not at all, taken up only with the settings it was made with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from .settings import Settings, TrainingError

_STATE_FILE, _MOMENTS_FILE = "trainer.json", "optimizer.safetensors"


@dataclass(frozen=True)
class Place:
    """Optimizer steps taken, batches of samples finished, and tokens read, with these settings."""

    step: int
    round: int
    tokens_read: int
    settings: Settings


def save(
    folder: Path, place: Place, moments: Mapping[str, Tensor], save_memory: Callable[[Path], None]
) -> None:
    """Replace the checkpoint in `folder`, if there is one. `save_memory` writes the memory beside the moments."""
    from safetensors.torch import save_file

    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tensors = {key: value.detach().contiguous().cpu() for key, value in moments.items()}
    save_file(tensors, partial / _MOMENTS_FILE)
    (partial / _STATE_FILE).write_text(json.dumps(asdict(place), indent=1) + "\n", encoding="utf-8")
    save_memory(partial)
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def load(folder: Path, settings: Settings, device: torch.device) -> tuple[Place, dict[str, Tensor]]:
    """A checkpoint's place and moments, these on `device`.

    Raises TrainingError where there is none, or where it was made with other settings.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = json.loads((folder / _STATE_FILE).read_text(encoding="utf-8"))
        moments = load_file(folder / _MOMENTS_FILE, device=str(device))
        theirs = {**asdict(Settings()), **state["settings"]}
        place = Place(state["step"], state["round"], state["tokens_read"], settings)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"{folder} is no checkpoint that can be resumed ({error}).") from error
    ours = asdict(settings)
    differing = [key for key in ours if json.loads(json.dumps(ours[key])) != theirs.get(key)]
    if differing:
        raise TrainingError(
            f"{folder} was trained with another {', '.join(differing)}, so it cannot be resumed with these "
            "settings: use the old ones, or begin anew from its memory with --ahn."
        )
    return place, moments
