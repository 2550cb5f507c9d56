"""The number format that a model chats in."""

from __future__ import annotations


def chat_dtype(device: str | None, dtype: str | None) -> str | None:
    """What was asked for, else 8 bits on a CPU, the core's choice elsewhere."""
    if dtype is not None:
        return dtype
    import torch

    from ahn_core.devices import best_device

    chosen = torch.device(device) if device else best_device().device
    return "int8" if chosen.type == "cpu" else None
