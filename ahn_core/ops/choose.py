"""Choosing what computes a model, once: the best that is at hand, or the one that is named."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import torch

from . import fla, mamba, packed
from .plain import TorchOps

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM
    from ..native.decoder import NativeDecoder

BackendName = Literal["torch", "cpu", "fla", "mamba", "graphs"]
_GPU_CHUNK = 2048  # tokens read at once: on a CPU's few a GPU would mostly wait


class BackendError(ValueError):
    """A backend that cannot be used; the message is one sentence for the user."""


def choose(model: AHNForCausalLM, name: BackendName | None = None) -> TorchOps:
    """What is to compute `model`: the best here, or `name`; "graphs" is the best with CUDA graphs.

    On a CPU the C++ is compiled first if it never was, which takes some seconds.

    Raises BackendError where `name` is unknown or cannot be used. Without a name torch computes then, and its `reason`
    says why.
    """
    if name is None:
        return _best(model)
    if name not in get_args(BackendName):
        raise BackendError(
            f"backend '{name}' is unknown, so nothing could be computed: use one of {', '.join(get_args(BackendName))}."
        )
    if name == "torch":
        return TorchOps()
    if name == "cpu":
        ops = _cpu(model)
        if ops.name != "cpu":
            raise BackendError(f"backend 'cpu' cannot compute this model, because {ops.reason}.")
        return ops
    if model.device.type != "cuda":
        raise BackendError(f"backend '{name}' needs an NVIDIA GPU and the model is on {model.device}.")
    if name == "graphs":
        from .graphs import GraphedOps

        return GraphedOps(_best(model))
    package = fla if name == "fla" else mamba
    if not package.available():
        extra = "gpu" if name == "fla" else "mamba"
        raise BackendError(f"backend '{name}' is not installed: pip install 'ahn-chat[{extra}]'.")
    return _with_additions(fla.FlaOps() if name == "fla" else mamba.MambaOps(_kernels()), model)


def _best(model: AHNForCausalLM) -> TorchOps:
    if model.device.type == "cpu":
        return _cpu(model)
    if model.device.type != "cuda":
        return TorchOps(f"there are no kernels for {model.device.type}")
    ops = _kernels()
    if model.ahn_config.cell == "Mamba2" and mamba.available():
        ops = mamba.MambaOps(ops, "mamba-ssm is installed and the memory is a Mamba2")
    return _with_additions(ops, model)


def _with_additions(ops: TorchOps, model: AHNForCausalLM) -> TorchOps:
    """With what a GPU has beside kernels for the memory: flash attention for halves, kernels for packed weights."""
    from .flash import FlashOps

    ops.reading_chunk = _GPU_CHUNK
    if model.dtype in (torch.bfloat16, torch.float16):
        ops = FlashOps(ops)
    if model.precision != "int4":
        return ops
    if packed.available():
        return packed.PackedOps(ops, model)
    ops.reason += ", and without triton packed weights are unpacked for every token"
    return ops


def _kernels() -> TorchOps:
    if fla.available():
        return fla.FlaOps(reason="flash-linear-attention is installed")
    return TorchOps("flash-linear-attention and triton are not both installed")


def _cpu(model: AHNForCausalLM) -> TorchOps:
    from ..native.build import BuildError
    from .cpu import CpuOps

    if not CpuOps.fits(model):
        return TorchOps(
            f"the weights are {model.precision} on {model.device.type}, which the C++ does not know"
        )
    try:
        return CpuOps(model, native_decoder(torch.get_num_threads()))
    except (BuildError, OSError) as error:
        return TorchOps(str(error))


@functools.cache
def native_decoder(threads: int) -> NativeDecoder:
    """The compiled library with its threads, one for all models of this process; compiled if it never was.

    Raises BuildError, or OSError where this process cannot load it.
    """
    from ..native import build
    from ..native.decoder import NativeDecoder

    return NativeDecoder(build.library(native_folder()), threads)


def native_folder() -> Path:
    """Where compiled libraries are kept: a folder of the user's cache, or `AHN_CACHE`."""
    import platformdirs

    named = os.environ.get("AHN_CACHE")
    return (Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("ahn-core"))) / "native"
