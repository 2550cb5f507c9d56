"""Whether a model fits before it is loaded: what it will take, and what the device has."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..config import AHNConfig, BackboneConfig
from ..quantization import Precision, linears_of
from .errors import NoRoomError
from .fill import check_base, group_plan
from .names import stored_shapes
from .source import TensorSource

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM

# On macOS and Windows what counts as free leaves out much that the system gives up when asked.
_YIELDED_SHARE = 0.7
_WORKING_BYTES = 128 * 2**20  # pieces of tensors, and what unpacking them needs
_FORMATS: tuple[tuple[str, Precision], ...] = (
    ("float32", "plain"),
    ("bfloat16", "plain"),
    ("int8", "int8"),
    ("int4", "int4"),
)


def weight_bytes(
    model: AHNForCausalLM, precision: Precision, dtype: torch.dtype, source: TensorSource | None = None
) -> int:
    """Bytes of a model's weights in this format; the model may be on the meta device.

    `source` tells for "int4" what is packed already and stays so; None: nothing is.
    """
    replaced = dict(linears_of(model, precision))
    grouped = precision == "int4"
    total = 0
    for name, parameter in model.named_parameters():  # a tied head comes once, under the embedding's name
        if name.removesuffix(".weight") in replaced or (grouped and name == "embed_tokens.weight"):
            continue
        kept = name.endswith(("A_log", "dt_bias"))
        total += parameter.numel() * (4 if kept else dtype.itemsize)
    if grouped:
        return total + _packed_bytes(model, source)
    for linear in replaced.values():
        rows, columns = linear.weight.shape
        total += 2 * rows * columns if precision == "mixed" else rows * columns + 2 * rows
    return total


def foreseen_bytes(
    config: BackboneConfig,
    ahn_config: AHNConfig,
    precision: Precision,
    dtype: torch.dtype,
    source: TensorSource | None = None,
) -> int:
    """`weight_bytes` of a model that is not there yet, by building it without any weights. Without a `source` all
    layers are alike, and those of two tell those of all. Raises LoadError for a source that lacks tensors.
    """
    from ..backbone import AHNForCausalLM

    def built(layers: int) -> int:
        with torch.device("meta"):
            model = AHNForCausalLM(replace(config, num_hidden_layers=layers), ahn_config)
        if source is not None and layers == config.num_hidden_layers:
            check_base(model, source)
        return weight_bytes(model, precision, dtype, source)

    if source is not None and precision == "int4":
        return built(config.num_hidden_layers)
    one, two = built(1), built(2)
    return one + (config.num_hidden_layers - 1) * (two - one)


def _packed_bytes(model: AHNForCausalLM, source: TensorSource | None) -> int:
    """Bytes of embedding, linear layers and head in groups."""
    shapes = stored_shapes(model.config) if source is None else source.shapes
    return sum(
        kept.nbytes(sum(shapes[piece][0] for piece in pieces), shapes[pieces[0]][1])
        for parts in group_plan(model, source).values()
        for pieces, kept in parts
    )


def free_bytes(device: torch.device) -> int | None:
    """Memory a model could take on this device; None where that cannot be told."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] if torch.cuda.is_available() else None
    if device.type != "cpu":
        return None
    import psutil

    memory = psutil.virtual_memory()
    free = memory.available
    if sys.platform != "linux":
        free = max(free, int(_YIELDED_SHARE * memory.total))
    group = _container_bytes()
    return free if group is None else min(free, group)


def _container_bytes() -> int | None:
    """What a container's own limit (control groups, version 2) leaves; None where there is none."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="utf-8").strip()
        used = int((folder / "memory.current").read_text(encoding="utf-8"))
        kept = dict(
            line.split() for line in (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
        )
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    return int(limit) - used + int(kept.get("inactive_file", 0))  # pages of files are given up when asked


def check_room(
    model: AHNForCausalLM,
    precision: Precision,
    dtype: torch.dtype,
    device: torch.device,
    source: TensorSource | None = None,
) -> None:
    """Raises NoRoomError, with figures, where the weights alone are more than the device has free."""
    wanted, free = weight_bytes(model, precision, dtype, source), free_bytes(device)
    if free is None or wanted + _WORKING_BYTES <= free:
        return
    fitting = [
        (name, size)
        for name, other in _FORMATS
        if (device.type == "cpu" or other == "plain" or (other, device.type) == ("int4", "cuda"))
        and (size := weight_bytes(model, other, _beside(name, device), source)) + _WORKING_BYTES <= free
    ]
    raise NoRoomError(model.name, wanted, str(device), free, fitting)


def _beside(name: str, device: torch.device) -> torch.dtype:
    """The number format of what is not in a linear layer."""
    half = name == "bfloat16" or (name == "int4" and device.type == "cuda")
    return torch.bfloat16 if half else torch.float32
