"""The number format that a model chats in, and the one it is trained and measured in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ahn_core import planner
from ahn_core.config import AHNConfig, BackboneConfig

if TYPE_CHECKING:
    import torch

    from ahn_core.weights.gguf_model import GGUFModel

# A GGUF file of fewer bits a weight than this keeps its blocks: beside 8 bits that is less to read for each token.
_FEW_BITS = 8.0
LOADING_BYTES = 128 * 2**20  # beside the weights: pieces of tensors, and what unpacking them needs
_GPU_CHUNK = 4096  # tokens that a GPU reads at once
# Beside weights and cache while a GPU reads, a token and number of its queries: layers in plain torch at the shapes of
# 3B, 7B and 14B take 40 to 70, the memory's parts in float32 or the MLP's, and an allocator wants room.
_BYTES_A_QUERY = 80


def chat_dtype(
    device: str | None,
    dtype: str | None,
    base: str | os.PathLike[str] | None = None,
    gguf_file: str | None = None,
) -> str | None:
    """What was asked for, else what suits the model and the device: on a CPU 4 bits for a GGUF file of few bits, where
    there is a compiler, else 8 bits; on an NVIDIA GPU 4 bits where nothing else fits, else, and elsewhere, the core's
    choice. `base` and `gguf_file` name what is to be loaded, if it is here.

    Raises ahn_core.LoadError or ahn_core.ConfigError for what cannot be loaded anyway.
    """
    if dtype is not None:
        return dtype
    import torch

    from ahn_core.devices import best_device
    from ahn_core.weights.fit import free_bytes
    from ahn_core.weights.gguf_model import packed_bits

    chosen = torch.device(device) if device else best_device().device
    if chosen.type == "cpu":
        return _cpu_dtype(None if base is None else packed_bits(base, gguf_file))
    free = free_bytes(chosen)
    if base is None or base == "embedded" or free is None:
        return None
    config, source = described(base, gguf_file)
    return _gpu_dtype(chosen, config, source, free)


def planned_dtype(
    device: torch.device,
    dtype: str | None,
    config: BackboneConfig,
    source: GGUFModel | None,
    free: int | None,
) -> str | None:
    """What `chat_dtype` will choose for a model of this shape, with `free` bytes on the device; None: not known.

    `source` has the tensors of a GGUF file; a model of any other kind needs none.
    """
    if dtype is not None:
        return dtype
    if device.type == "cpu":
        return _cpu_dtype(None if source is None else source.packed_bits)
    return None if free is None else _gpu_dtype(device, config, source, free)


def exact_dtype(device: str | None, dtype: str | None) -> str | None:
    """What was asked for, else float32 on a CPU, to train and measure a model as it is; elsewhere the core's choice."""
    if dtype is not None:
        return dtype
    import torch

    from ahn_core.devices import best_device

    chosen = torch.device(device) if device else best_device().device
    return "float32" if chosen.type == "cpu" else None


def described(base: str | os.PathLike[str], gguf_file: str | None) -> tuple[BackboneConfig, GGUFModel | None]:
    """The shape of a model that is here, and the tensors of a GGUF file. Raises LoadError or ConfigError."""
    from ahn_core.weights.files import locate
    from ahn_core.weights.gguf_model import GGUFModel
    from ahn_core.weights.safetensors_folder import read_config

    folder, parts = locate(base, gguf_file)
    if not parts:
        return BackboneConfig.from_transformers(read_config(folder)), None
    source = GGUFModel(parts)
    return source.config, source


def default_window_of(config: BackboneConfig) -> tuple[int, int]:
    """S and W that a chat starts with: the paper's, or what the base's length leaves of them."""
    sinks, window = 128, 32_640
    return sinks, max(1, min(window, config.max_position_embeddings - sinks))


def working_bytes(config: BackboneConfig, device: torch.device) -> int:
    """What loading or reading takes beside weights and cache, whichever is more."""
    if device.type != "cuda":
        return LOADING_BYTES
    queries = config.num_attention_heads * config.head_dim
    return max(LOADING_BYTES, _GPU_CHUNK * queries * _BYTES_A_QUERY)


def _cpu_dtype(packed_bits: float | None) -> str:
    from ahn_core.native import compilers

    few = packed_bits is not None and packed_bits < _FEW_BITS
    return "int4" if few and compilers.find() is not None else "int8"


def _gpu_dtype(
    device: torch.device, config: BackboneConfig, source: GGUFModel | None, free: int
) -> str | None:
    """4 bits where weights and the cache of a long text fit, and do not in the core's own format."""
    import torch

    from ahn_core.weights.fit import foreseen_bytes

    if device.type != "cuda":
        return None
    memory = AHNConfig()
    sinks, window = default_window_of(config)
    cache = planner.cache_nbytes(
        config, memory, "ahn", attention_sinks=sinks, sliding_window=window, tokens=sinks + window,
        format_bytes=torch.bfloat16.itemsize,
    )  # fmt: skip
    room = free - cache - working_bytes(config, device)
    if foreseen_bytes(config, memory, "plain", torch.bfloat16) <= room:
        return None
    return "int4" if foreseen_bytes(config, memory, "int4", torch.bfloat16, source) <= room else None
