"""A backend around another: everything it does not compute itself is the inner one's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from torch import Tensor, nn

from .plain import Outputs, TorchOps

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM, DecoderLayer
    from ..cache import Cache
    from ..cells import MemoryCell, Rule
    from ..layer_cache import LayerCache, Update
    from ..plan import Band, Call, KeysValues, Step

_log = logging.getLogger(__name__)


class WrappedOps(TorchOps):
    """Hands every operation on, and tells of both in its name as long as its own part works."""

    addition: str  # to the name

    def __init__(self, inner: TorchOps) -> None:
        super().__init__(inner.reason)
        self._inner = inner
        self._given_up = False

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._inner.name if self._given_up else f"{self._inner.name}+{self.addition}"

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
        return self._inner.recur(rule, q, k, v, log_decay, beta, state)

    def absorb(
        self, cell: MemoryCell, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, hidden: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self._inner.absorb(cell, q, k, v, gates, hidden, state)

    def attend(self, q: Tensor, sinks: KeysValues, window: KeysValues, band: Band) -> Tensor:
        return self._inner.attend(q, sinks, window, band)

    def read_layer(
        self, layer: DecoderLayer, x: Tensor, call: Call, cache: LayerCache
    ) -> tuple[Tensor, Update]:
        # Not the inner one's: it would hand itself on to the layer, and with it its own attention.
        return super().read_layer(layer, x, call, cache)

    def step(self, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> tuple[Tensor, Outputs]:
        return self._inner.step(model, cache, step, x)

    def logits(self, head: nn.Module, hidden: Tensor) -> Tensor:
        return self._inner.logits(head, hidden)

    def _give_up(self, what: str, error: Exception, so: str) -> None:
        lines = str(error).strip().splitlines() or [""]
        self._given_up = True
        self.reason = f"{what} ({lines[0][:160]}), so {so}"
        _log.warning("%s.", self.reason[0].upper() + self.reason[1:])
