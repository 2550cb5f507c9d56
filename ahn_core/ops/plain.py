"""The operations of a model in plain torch: complete, on every device, and what each other backend is held to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import recurrence
from ..cells import Rule

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM, DecoderLayer
    from ..cache import Cache
    from ..cells import MemoryCell
    from ..layer_cache import LayerCache, Update
    from ..plan import Band, Call, KeysValues, Step

# What window and memory added to the last token's attention output in each layer, [layers, H * D] each; no memory
# where nothing has been evicted, or the cache has none.
Outputs = tuple[Tensor, "Tensor | None"]

Form = Callable[[Tensor, Tensor, Tensor, "Tensor | None", Tensor, Tensor], "tuple[Tensor, Tensor]"]
_CHUNKED: dict[Rule, Form] = {
    "delta": recurrence.delta_rule_chunked,
    "additive": recurrence.additive_rule_chunked,
}
_STEP: dict[Rule, Form] = {"delta": recurrence.delta_rule_step, "additive": recurrence.additive_rule_step}


class TorchOps:
    """The interface and its plain form. A backend overrides what it computes faster and inherits the rest.

    None of the methods but `step` changes its arguments.
    """

    # Queries whose attention is computed at once, where that is not part of what is computed; None: plan.QUERY_BLOCK.
    query_block: int | None = None
    # Tokens to read at once: enough for wide matrix products, few enough to stop and to tell how far it is.
    reading_chunk = 512

    def __init__(self, reason: str = "it was asked for") -> None:
        """`reason` is a clause that tells why this backend was chosen."""
        self.reason = reason

    @property
    def name(self) -> str:
        """What computes, in a word or two."""
        return "torch"

    def recur(
        self,
        rule: Rule,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        log_decay: Tensor | None,
        beta: Tensor,
        state: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The recurrence of a memory cell: outputs [H, T, V] and the final state. Shapes as in recurrence.py."""
        form = _STEP[rule] if q.shape[1] == 1 else _CHUNKED[rule]
        return form(q, k, v, log_decay, beta, state)

    def absorb(
        self, cell: MemoryCell, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, hidden: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens absorbed by a layer's memory and read after each: see `MemoryCell.absorb_and_read`."""
        return cell.absorb_and_read(q, k, v, gates, hidden, state, self.recur)

    def attend(self, q: Tensor, sinks: KeysValues, window: KeysValues, band: Band) -> Tensor:
        """Attention of queries [Hkv, G, R, D] over keys and values, [Hkv, N, D] each: [Hkv, G, R, D].

        `band` says which of them each query sees.
        """
        keys, values = (torch.cat(pair, dim=1)[:, None] for pair in zip(sinks, window, strict=True))
        shape = (*q.shape[:2], *keys.shape[2:])
        # Query heads that share a key-value head read it through a stride of zero: nothing is repeated.
        return F.scaled_dot_product_attention(
            q, keys.expand(shape), values.expand(shape), attn_mask=band.mask
        )

    def read_layer(
        self, layer: DecoderLayer, x: Tensor, call: Call, cache: LayerCache
    ) -> tuple[Tensor, Update]:
        """Many tokens through a layer: [T, hidden] -> [T, hidden], and what the cache is to remember."""
        return layer(x, call, cache, self)

    def step(self, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> tuple[Tensor, Outputs]:
        """One token, [1, hidden], through all layers and the last norm, written into the cache's tensors."""
        outputs = []
        for layer, layer_cache in zip(model.layers, cache.layers, strict=True):
            x, window, memory = layer.step(x, step, layer_cache, self)
            outputs.append((window, memory))
        return model.norm(x), gathered(outputs)

    def logits(self, head: nn.Module, hidden: Tensor) -> Tensor:
        """Normed hidden states [T, hidden] -> [T, V]."""
        return head(hidden)

    def __deepcopy__(self, memo: dict[int, object]) -> TorchOps:
        return self  # a copied model shares it


def gathered(layers: Sequence[tuple[Tensor, Tensor | None]]) -> Outputs:
    """Each layer's outputs of window and memory, [H * D], as those of the model."""
    windows, memories = zip(*layers, strict=True)
    held = [memory for memory in memories if memory is not None]
    return torch.stack(windows), torch.stack(held) if held else None
