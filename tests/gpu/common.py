"""What the parts share: their scale, their clock, and a file that grows with every result."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ahn_core.bases import BASES
from ahn_core.config import BackboneConfig


@dataclass(frozen=True)
class Scale:
    """How large everything is: as the published models are, or tiny, to try the command on a CPU."""

    device: torch.device
    dtype: torch.dtype
    configs: dict[str, BackboneConfig]
    lengths: tuple[int, ...]  # tokens in the cache, at which decoding is measured
    sinks: int
    window: int
    chunk: int  # tokens read at a time
    decoded: int  # tokens
    kernel_lengths: tuple[int, ...]

    @property
    def dry(self) -> bool:
        return self.device.type == "cpu"


def scale(dry: bool) -> Scale:
    if not dry:
        sizes = ("7B", "3B", "14B")  # the one with the aims first
        return Scale(
            torch.device("cuda"),
            torch.bfloat16,
            {size: BASES[size].config for size in sizes},
            (8_192, 32_768, 131_072),
            128,
            32_640,
            4_096,
            64,
            (1, 5, 63, 64, 65, 200, 1_100),
        )
    tiny = replace(
        BASES["3B"].config,
        vocab_size=320,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        inverse_frequencies=BASES["3B"].config.inverse_frequencies[::8],
    )
    return Scale(
        torch.device("cpu"), torch.float32, {"tiny": tiny}, (64, 128, 512), 4, 124, 64, 4, (1, 5, 65)
    )


class Results:
    """A JSON file that is whole after every `add`."""

    def __init__(self, path: Path) -> None:
        self._path, self._found = path, list[dict[str, Any]]()
        self._write()

    def add(self, **result: Any) -> None:
        self._found.append(result)
        print(json.dumps(result), flush=True)
        self._write()

    def _write(self) -> None:
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(self._found, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._path)


@dataclass(frozen=True)
class Clock:
    """When this part has to be done, by `time.monotonic`."""

    end: float

    @property
    def left(self) -> float:
        return self.end - time.monotonic()


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """How long `work` takes once, with everything it left to the device."""
    synchronise(device)
    began = time.perf_counter()
    work()
    synchronise(device)
    return time.perf_counter() - began


def best_seconds(work: Callable[[], object], device: torch.device, times: int = 5) -> float:
    """The shortest of several, after one that warms up."""
    work()
    return min(seconds(work, device) for _ in range(times))


def free(scale: Scale) -> None:
    """Give what nobody holds any more back to the device."""
    gc.collect()
    if scale.device.type == "cuda":
        torch.cuda.empty_cache()


def peak_bytes(device: torch.device) -> int:
    return torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
