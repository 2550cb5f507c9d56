"""The number format that a model chats in, and the one it is trained and measured in."""

from __future__ import annotations

import os

# A GGUF file of fewer bits a weight than this keeps its blocks: beside 8 bits that is less to read for each token.
_FEW_BITS = 8.0


def chat_dtype(
    device: str | None,
    dtype: str | None,
    base: str | os.PathLike[str] | None = None,
    gguf_file: str | None = None,
) -> str | None:
    """What was asked for, else on a CPU 4 bits for a GGUF file of few bits, where there is a compiler, else 8 bits;
    elsewhere the core's choice. `base` and `gguf_file` name what is to be loaded, if it is here.

    Raises ahn_core.LoadError for a damaged GGUF file.
    """
    if dtype is not None:
        return dtype
    import torch

    from ahn_core.devices import best_device

    chosen = torch.device(device) if device else best_device().device
    if chosen.type != "cpu":
        return None
    return "int4" if base is not None and _in_few_bits(base, gguf_file) else "int8"


def exact_dtype(device: str | None, dtype: str | None) -> str | None:
    """What was asked for, else float32 on a CPU, to train and measure a model as it is; elsewhere the core's choice."""
    if dtype is not None:
        return dtype
    import torch

    from ahn_core.devices import best_device

    chosen = torch.device(device) if device else best_device().device
    return "float32" if chosen.type == "cpu" else None


def _in_few_bits(base: str | os.PathLike[str], gguf_file: str | None) -> bool:
    from ahn_core.native import compilers
    from ahn_core.weights.gguf_model import packed_bits

    bits = packed_bits(base, gguf_file)
    return bits is not None and bits < _FEW_BITS and compilers.find() is not None
