"""Linear layers on a CPU whose weights have fewer bits than what goes through them; those of 4 bits are in grouped.py.

8 bits, to chat: what a layer reads from memory is a quarter, and decoding is bound by exactly that. Each row of a
weight is kept as int8 with one scale, its largest magnitude over 127 (symmetric absmax quantisation as in
"LLM.int8()", arXiv 2208.07339). Activations are never rounded to integers: a single token goes through torch's
kernel for bfloat16 activations, many tokens through the product with the weight unpacked, which costs little beside
it; in bfloat16 where the processor multiplies that (8 bits fit into it exactly), else in float32.

bfloat16 products ("mixed"), to train: twice as fast where the processor multiplies bfloat16 itself (AVX-512 BF16, AMX),
while residual stream, norms, attention, memory and head stay in float32.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM

# How the base's linear layers are kept: as they are, in 8 bits, in groups of 4 bits, or as bfloat16 products.
Precision = Literal["plain", "int8", "int4", "mixed"]

# Up to this many tokens the packed kernel wins: it reads the weights once for each token.
PACKED_UP_TO = 12
# It reads rows in whole vectors and, with other sizes, beyond their end.
_PACKED_MULTIPLE = 32


class Int8Linear(nn.Module):
    """`x W^T + b` with W as int8 [out, in] and a scale a row, for inference on a CPU."""

    weight: Tensor
    scale: Tensor

    def __init__(
        self, weight: Tensor, scale: Tensor, bias: nn.Parameter | None, *, exact: bool = False
    ) -> None:
        """`exact` forbids bfloat16 for many tokens, whose results are rounded to 8 bits of precision."""
        super().__init__()
        self._unpacked = torch.bfloat16 if multiplies_bfloat16() and not exact else torch.float32
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)
        self.bias = bias
        self._packs = weight.shape[1] % _PACKED_MULTIPLE == 0

    @classmethod
    def of(cls, linear: nn.Linear, *, exact: bool = False) -> Int8Linear:
        """The same layer, rounded."""
        return cls(*quantize_rows(linear.weight.detach()), linear.bias, exact=exact)

    def forward(self, x: Tensor) -> Tensor:
        """[T, in] -> [T, out] in x's dtype."""
        if self._packs and x.shape[0] <= PACKED_UP_TO:
            y = torch._weight_int8pack_mm(x.bfloat16(), self.weight, self.scale).to(x.dtype)
        else:
            kind = self._unpacked
            y = F.linear(x.to(kind), self.weight.to(kind)).to(x.dtype).mul_(self.scale)
        return y if self.bias is None else y + self.bias

    def dequantized(self) -> Tensor:
        """The weight that is meant, [out, in] float32."""
        return self.weight.float() * self.scale.float()[:, None]

    def extra_repr(self) -> str:
        return f"in_features={self.weight.shape[1]}, out_features={self.weight.shape[0]}"


class Bfloat16Linear(nn.Module):
    """`x W^T + b` as a bfloat16 product, in and out in x's own dtype; gradients reach x and not the weight."""

    weight: Tensor

    def __init__(self, weight: Tensor, bias: nn.Parameter | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight.bfloat16())
        self.bias = bias

    @classmethod
    def of(cls, linear: nn.Linear) -> Bfloat16Linear:
        """The same layer, rounded."""
        return cls(linear.weight.detach(), linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[T, in] -> [T, out]."""
        y = F.linear(x.bfloat16(), self.weight).to(x.dtype)
        return y if self.bias is None else y + self.bias


@functools.cache
def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16 products; without them they are slower than float32's."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def quantize_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """[out, in] -> int8 [out, in] and scale [out] in bfloat16, which is what the packed kernel takes.

    The scale is rounded before the row is divided by it, so its rounding costs nothing but a little of the range.
    """
    weight = weight.float()
    low, high = weight.aminmax(dim=1)
    largest = torch.maximum(-low, high).clamp_min(torch.finfo(torch.float32).tiny)
    # Rounded up by at most one step of bfloat16 (2^-7), so that no value exceeds 127.
    scale = (largest / 127 * (1 + 2**-8)).bfloat16()
    return (weight / scale.float()[:, None]).round_().clamp_(-127, 127).to(torch.int8), scale


@torch.no_grad()
def quantize_(model: AHNForCausalLM) -> None:
    """Turn the base's linear layers and its head into 8 bits, in place. Memory and embedding stay as they are; so
    does what is in 8 bits already.
    """
    for name, linear in linears_of(model, "int8"):
        # The head is exact: rounded logits would differ by up to 0.06.
        replace_layer(model, name, Int8Linear.of(linear, exact=name == "lm_head"))


@torch.no_grad()
def mix_(model: AHNForCausalLM) -> None:
    """Let the base's linear layers multiply in bfloat16, in place. Its head stays as it is: rounded logits would
    differ by up to 0.06.
    """
    for name, linear in linears_of(model, "mixed"):
        replace_layer(model, name, Bfloat16Linear.of(linear))


def linears_of(model: AHNForCausalLM, precision: Precision) -> list[tuple[str, nn.Linear]]:
    """The plain linear layers that a number format replaces, by their names."""
    if precision == "plain":
        return []
    found = [
        (f"layers.{index}.{name}", layer.get_submodule(name))
        for index, layer in enumerate(model.layers)
        for name in ("self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj")
    ]
    if precision in ("int8", "int4"):
        found.append(("lm_head", model.lm_head))
    return [(name, linear) for name, linear in found if isinstance(linear, nn.Linear)]


def replace_layer(model: nn.Module, name: str, layer: nn.Module) -> None:
    """Put `layer` in the place called `name`."""
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, layer)
