"""The number format that a model chats in."""

from __future__ import annotations


def chat_dtype(device: str | None, dtype: str | None) -> str | None:
    """What was asked for, else 8 bits on a CPU, the core's choice elsewhere."""
    if dtype is not None:
        return dtype
    import torch

    on_cpu = torch.device(device).type == "cpu" if device else not torch.cuda.is_available()
    return "int8" if on_cpu else None
