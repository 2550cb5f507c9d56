"""The card, the versions, and the two rates everything is held against: memory and matrix products."""

from __future__ import annotations

import importlib.metadata
import platform

import torch

from .common import Clock, Results, Scale, best_seconds

_PACKAGES = (
    "torch",
    "triton",
    "transformers",
    "flash-linear-attention",
    "fla-core",
    "mamba-ssm",
    "safetensors",
)


def run(scale: Scale, results: Results, clock: Clock) -> None:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    card = "none (dry run)"
    if not scale.dry:
        properties = torch.cuda.get_device_properties(scale.device)
        card = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    results.add(
        what="machine", card=card, cuda=torch.version.cuda, python=platform.python_version(), **versions
    )
    results.add(what="rates", **rates(scale))


def rates(scale: Scale) -> dict[str, float]:
    """Bytes a second that are read while a large tensor is summed, and operations a second of a square product."""
    count, size = (2**20, 128) if scale.dry else (2**31, 8_192)
    block = torch.ones(count // scale.dtype.itemsize, dtype=scale.dtype, device=scale.device)
    reading = best_seconds(block.sum, scale.device)
    a, b = torch.randn(2, size, size, device=scale.device).to(scale.dtype)
    product = best_seconds(lambda: a @ b, scale.device)
    return {"bytes_per_second": count / reading, "flops_per_second": 2 * size**3 / product}
