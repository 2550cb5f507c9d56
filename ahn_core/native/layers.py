"""Many tokens through a layer, with compiled code between its products; the plain form is `DecoderLayer.forward`."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..grouped import FEW_TOKENS, GroupedLinear
from ..layer_cache import LayerCache, Projected, Update
from ..plan import Call
from ..quantization import PACKED_UP_TO, Int8Linear
from .decoder import NativeDecoder, pointer

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM, Attention, DecoderLayer
    from ..ops.plain import TorchOps

_LANES = 16  # numbers of a vector: rows are cut into whole ones


# ---- the tables of between.h: the same names in the same order, 8 bytes a field


class _Between(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("y", "scale", "bias", "x", "norm", "out", "rounded")),
        *((name, ctypes.c_int64) for name in ("rows", "columns")),
        ("eps", ctypes.c_double),
    ]


class _Projection(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_void_p)
            for name in ("y", "scale", "bias", "q_norm", "k_norm", "cos", "sin", "raw", "turned", "values")
        ),
        *((name, ctypes.c_int64) for name in ("rows", "heads", "kv_heads", "size")),
        ("eps", ctypes.c_double),
    ]


class LayerReader:
    """Reads layers of 8-bit or packed weights whose products are bfloat16. Equal to the plain form but for float32's
    rounding. From `least_tokens` on it is worth it: the kernels for few are faster.
    """

    def __init__(self, decoder: NativeDecoder, precision: str) -> None:
        self._decoder = decoder
        self.least_tokens = (PACKED_UP_TO if precision == "int8" else FEW_TOKENS) + 1

    @staticmethod
    def fits(model: AHNForCausalLM, decoder: NativeDecoder) -> bool:
        """Whether this model's layers can be read: 8-bit or packed weights, a processor that multiplies bfloat16, and
        whole vectors.
        """
        config = model.config
        sizes = (config.hidden_size, config.intermediate_size, config.head_dim)
        return (
            model.precision in ("int8", "int4")
            and decoder.attends(config.head_dim)
            and all(size % _LANES == 0 for size in sizes)
        )

    def __call__(
        self, layer: DecoderLayer, x: Tensor, call: Call, cache: LayerCache, ops: TorchOps
    ) -> tuple[Tensor, Update]:
        """`layer(x, call, cache, ops)`: [T, hidden] -> [T, hidden], and what the cache is to remember."""
        hidden, rounded = torch.empty_like(x), x.new_empty(x.shape, dtype=torch.bfloat16)
        self._run("ahn_norm", x=x, norm=layer.input_layernorm, out=hidden, rounded=rounded)
        gates = None if cache.cell is None else cache.cell.write_gates(hidden)
        projected = self._project(layer.self_attn, rounded, call.rotation)
        attended, update = cache.attend(call, projected, gates, hidden, ops)
        between, after = torch.empty_like(x), torch.empty_like(x)
        product = _Product(layer.self_attn.o_proj, attended.bfloat16())
        self._run("ahn_add", product, x=x, norm=layer.post_attention_layernorm, out=between, rounded=rounded)
        product = _Product(layer.mlp.gate_up_proj, rounded)
        activated = rounded.new_empty(len(x), product.y.shape[1] // 2)
        self._run("ahn_gate", product, rounded=activated)
        self._run("ahn_add", _Product(layer.mlp.down_proj, activated), x=between, out=after)
        return after, update

    def _project(self, attention: Attention, hidden: Tensor, rotation: tuple[Tensor, Tensor]) -> Projected:
        product, count = _Product(attention.qkv_proj, hidden), len(hidden)
        heads, kv_heads, size = attention.heads, attention.kv_heads, attention.size
        raw, turned = torch.empty(2, heads + kv_heads, count, size)
        values = torch.empty(kv_heads, count, size)
        q_norm, k_norm = attention.q_norm, attention.k_norm
        cos, sin = rotation
        table = _Projection(
            y=product.y.data_ptr(),
            scale=pointer(product.scale),
            bias=pointer(product.bias),
            q_norm=None if q_norm is None else pointer(q_norm.weight),
            k_norm=None if k_norm is None else pointer(k_norm.weight),
            cos=pointer(cos),
            sin=pointer(sin),
            raw=raw.data_ptr(),
            turned=turned.data_ptr(),
            values=values.data_ptr(),
            rows=count,
            heads=heads,
            kv_heads=kv_heads,
            size=size,
            eps=0.0 if q_norm is None else q_norm.eps,
        )
        self._decoder.run("ahn_split", table)
        grouped = (kv_heads, heads // kv_heads)
        return Projected(
            raw_q=raw[:heads].unflatten(0, grouped),
            q=turned[:heads].unflatten(0, grouped),
            raw_k=raw[heads:],
            k=turned[heads:],
            v=values,
        )

    def _run(
        self,
        function: str,
        product: _Product | None = None,
        *,
        x: Tensor | None = None,
        norm: nn.RMSNorm | None = None,
        out: Tensor | None = None,
        rounded: Tensor | None = None,
    ) -> None:
        """What between.h says of the function; `out` and `rounded` are written."""
        written = rounded if out is None else out
        assert written is not None
        table = _Between(
            y=None if product is None else product.y.data_ptr(),
            scale=None if product is None else pointer(product.scale),
            bias=None if product is None else pointer(product.bias),
            x=pointer(x),
            norm=None if norm is None else pointer(norm.weight),
            out=pointer(out),
            rounded=pointer(rounded),
            rows=written.shape[0],
            columns=written.shape[1],
            eps=0.0 if norm is None else norm.eps,
        )
        self._decoder.run(function, table)


class _Product:
    """x [T, in] in bfloat16 by a layer's weights: `y` [T, out] in bfloat16, yet without bias and the scales of rows."""

    def __init__(self, linear: nn.Module, x: Tensor) -> None:
        assert isinstance(linear, (Int8Linear, GroupedLinear))
        self.bias: Tensor | None = linear.bias
        if isinstance(linear, Int8Linear):
            self.scale: Tensor | None = linear.scale
            self.y = F.linear(x, linear.weight.bfloat16())
        else:
            self.scale, self.y = None, linear.multiplied(x)
