"""The C++ of ahn_core/native, for single tokens and for the memory of many.

Beside 8-bit weights and on a processor that multiplies bfloat16 it also computes the attention of many tokens and what
lies between their products. Its results differ from torch's by rounding, but not from one kind of cache to another.
Where gradients are wanted, torch computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ..grouped import GroupedLinear, use_kernels
from ..native.decoder import ModelTables, NativeDecoder
from ..native.layers import LayerReader
from ..quantization import Int8Linear
from .plain import Outputs, TorchOps

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM, DecoderLayer
    from ..cache import Cache
    from ..cells import MemoryCell
    from ..layer_cache import LayerCache, Update
    from ..plan import Band, Call, KeysValues, Step


class CpuOps(TorchOps):
    """For one model and its copies; make one where `fits` says so."""

    def __init__(self, model: AHNForCausalLM, decoder: NativeDecoder) -> None:
        super().__init__(f"compiled C++ on {decoder.threads} thread{'s' * (decoder.threads != 1)}")
        size = model.config.head_dim
        self._decoder = decoder
        self._absorbs = decoder.absorbs(size)
        # Attention of bfloat16 rounds as much as 8-bit weights do, and more than exact ones.
        self._attends = model.precision in ("int8", "int4") and decoder.attends(size)
        self._reader = LayerReader(decoder, model.precision) if LayerReader.fits(model, decoder) else None
        # Where the tensors of each cache are. A cache that is gone takes its table along.
        self._tables: WeakKeyDictionary[Cache, ModelTables] = WeakKeyDictionary()
        use_kernels(model, decoder)

    @property
    def name(self) -> str:
        return "cpu"

    @staticmethod
    def fits(model: AHNForCausalLM) -> bool:
        """Whether it can compute this model: on a CPU, packed, 8-bit or float32 weights and float32 all else."""
        return ModelTables.fit(model)

    def absorb(
        self, cell: MemoryCell, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, hidden: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() or not self._absorbs:
            return super().absorb(cell, q, k, v, gates, hidden, state)
        return self._decoder.absorb(cell, q, k, v, gates, hidden, state)

    def attend(self, q: Tensor, sinks: KeysValues, window: KeysValues, band: Band) -> Tensor:
        if torch.is_grad_enabled() or not self._attends:
            return super().attend(q, sinks, window, band)
        return self._decoder.attend(q, sinks, window, band.mask)

    def read_layer(
        self, layer: DecoderLayer, x: Tensor, call: Call, cache: LayerCache
    ) -> tuple[Tensor, Update]:
        if torch.is_grad_enabled() or self._reader is None or call.count < self._reader.least_tokens:
            return super().read_layer(layer, x, call, cache)
        return self._reader(layer, x, call, cache, self)

    def step(self, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> tuple[Tensor, Outputs]:
        tables = self._tables.get(cache)
        if tables is None:
            tables = self._tables[cache] = ModelTables(model)
        x, outputs = self._decoder.step(tables, cache, step, x)
        windows, memories = outputs.unbind(1)  # [layers, H * D] each
        remembers = step.evicted_rotation is not None and cache.layers[0].cell is not None
        return x, (windows, memories if remembers else None)

    def logits(self, head: nn.Module, hidden: Tensor) -> Tensor:
        if torch.is_grad_enabled() or len(hidden) != 1:
            return super().logits(head, hidden)
        if isinstance(head, GroupedLinear):
            return head(hidden)
        assert isinstance(head, (nn.Linear, Int8Linear))
        return self._decoder.linear(head, hidden)
