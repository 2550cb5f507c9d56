"""Which device computes unless one is named: an NVIDIA GPU or Apple's, where it computes right, else the CPU."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .config import AHNConfig, BackboneConfig
from .ops.wrapped import first_line
from .weights.errors import LoadError

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM

_TOLERANCE = 1e-2  # of the largest logit: float32 on either side, products in TF32 allowed
_TRIED_TOKENS = (40, 1, 1, 9)  # a window that fills and slides, single tokens, and a chunk


@dataclass(frozen=True)
class DeviceChoice:
    """A device, and as a clause why it is this one."""

    device: torch.device
    reason: str


def device_named(name: torch.device | str | None) -> torch.device:
    """The device of this name, or for None the best one. Raises LoadError where there is none of this name here."""
    if name is None:
        return best_device().device
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise LoadError(
            f"'{name}' is no device, so nothing was loaded: choose cpu, cuda, cuda:1 or mps, or leave it out."
        ) from error
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        there = f"sees {count} of them" if count else "can use no NVIDIA GPU here"
        raise LoadError(
            f"{device} is not there, for this PyTorch {there}, so nothing was loaded: leave the device out, or see "
            "`ahn-chat doctor`."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise LoadError(
            "mps is not there, for this PyTorch can use no GPU of Apple's here, so nothing was loaded: leave the "
            "device out."
        )
    return device


@functools.cache
def best_device() -> DeviceChoice:
    """The device to use where none is named. Found once a process; trying a GPU takes a second or two."""
    whys = []
    for found, kind in ((_cuda(), "cuda"), (_mps(), "mps")):
        if found == "":
            return DeviceChoice(torch.device(kind), f"{_name(kind)} computes right")
        whys.append(found)
    return DeviceChoice(torch.device("cpu"), next((why for why in whys if why), "there is no GPU"))


def _name(kind: str) -> str:
    return torch.cuda.get_device_name(0) if kind == "cuda" else "Apple's GPU"


def _cuda() -> str | None:
    """Why no NVIDIA GPU can be used, "" where one can, None where there is none to speak of."""
    if not torch.cuda.is_available():
        return None
    name, capability = torch.cuda.get_device_name(0), torch.cuda.get_device_capability(0)
    if torch.version.hip is None and not supports(torch.cuda.get_arch_list(), capability):
        return (
            f"{name} (compute capability {capability[0]}.{capability[1]}) is not among the GPUs that this PyTorch "
            f"was built for ({', '.join(torch.cuda.get_arch_list())})"
        )
    wrong = computes_wrong(torch.device("cuda"))
    return f"{name} {wrong}" if wrong else ""


def _mps() -> str | None:
    if not torch.backends.mps.is_available():
        return None
    wrong = computes_wrong(torch.device("mps"))
    return f"Apple's GPU {wrong}" if wrong else ""


def supports(built_for: list[str], capability: tuple[int, int]) -> bool:
    """Whether a build for these architectures, such as "sm_86" and "compute_90", runs on this compute capability.

    Machine code runs on its own generation from its own number on, and the intermediate one (compute_) on all later.
    """
    own = 10 * capability[0] + capability[1]
    for name in built_for:
        kind, _, digits = name.partition("_")
        if not digits.isdecimal():  # sm_90a: for exactly that one
            if digits[:-1].isdecimal() and int(digits[:-1]) == own:
                return True
            continue
        number = int(digits)
        same = number // 10 == capability[0] if kind == "sm" else True
        if same and number <= own:
            return True
    return False


@torch.no_grad()
def computes_wrong(device: torch.device) -> str:
    """What is wrong with this device, as the end of a sentence; "" where a tiny model reads and writes on it as it does
    on the CPU.
    """
    from .backbone import AHNForCausalLM

    generator = torch.Generator().manual_seed(0)
    model = AHNForCausalLM(_TINY, AHNConfig(cell="GatedDeltaNet"), name="self-test").requires_grad_(False)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            parameter.normal_(0.0, parameter.shape[-1] ** -0.5, generator=generator)
        elif name.endswith("norm.weight"):
            parameter.fill_(1.0)
        else:
            parameter.fill_(-1.0)
    ids = torch.randint(0, _TINY.vocab_size, (1, sum(_TRIED_TOKENS)), generator=generator)
    expected = _logits(model, ids)
    try:
        found = _logits(model.to(device), ids.to(device)).cpu()
    except torch.OutOfMemoryError:
        return "has no memory left"
    except (RuntimeError, TypeError) as error:  # TypeError: a number format that the device does not have
        return f"fails in a first computation ({first_line(error)})"
    off = float((found - expected).abs().max() / expected.abs().max())
    if math.isfinite(off) and off < _TOLERANCE:
        return ""
    return f"computes something else than the CPU (logits are off by {off:.1%})"


def _logits(model: AHNForCausalLM, ids: torch.Tensor) -> torch.Tensor:
    cache = model.make_cache("ahn", attention_sinks=4, sliding_window=16)
    pieces = ids.split(_TRIED_TOKENS, dim=1)
    return torch.cat([model(piece, past_key_values=cache).logits[0] for piece in pieces])


_TINY = BackboneConfig(
    model_type="qwen2",
    vocab_size=128,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    max_position_embeddings=512,
    rms_norm_eps=1e-6,
    qkv_bias=True,
    attention_output_bias=False,
    mlp_bias=False,
    qk_norm=False,
    tie_word_embeddings=False,
    inverse_frequencies=tuple(10_000.0 ** (-i / 8) for i in range(8)),
    rope_attention_scaling=1.0,
    eos_token_ids=(127,),
)
