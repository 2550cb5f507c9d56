"""A backend around another: what it does not compute itself, and everything once it has failed, is the inner one's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from torch import Tensor, nn

from .plain import TorchOps

if TYPE_CHECKING:
    from ..cells import Rule
    from ..plan import Band, KeysValues

_log = logging.getLogger(__name__)


class WrappedOps(TorchOps):
    """Hands the basic operations on: recurrence, attention and head. Those that consist of others (`absorb`,
    `read_layer`, `step`) are the plain ones, so that they come back here for their parts.
    """

    addition: str  # to the inner one's name

    def __init__(self, inner: TorchOps, reason: str | None = None) -> None:
        super().__init__(inner.reason if reason is None else reason)
        self.query_block, self.reading_chunk = inner.query_block, inner.reading_chunk
        self._inner: Final = inner
        self._given_up = False

    @property
    def name(self) -> str:
        """What computes; the inner one's name alone once this one's own part has failed."""
        return self._inner.name if self._given_up else self._working_name()

    def _working_name(self) -> str:
        return f"{self._inner.name}+{self.addition}"

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

    def attend(self, q: Tensor, sinks: KeysValues, window: KeysValues, band: Band) -> Tensor:
        return self._inner.attend(q, sinks, window, band)

    def logits(self, head: nn.Module, hidden: Tensor) -> Tensor:
        return self._inner.logits(head, hidden)

    def _give_up(self, what: str, why: str, so: str) -> None:
        """Leave this part to the inner one from now on, and say so in one sentence."""
        self._given_up = True
        self.reason = f"{what} ({why}), so {so}"
        _log.warning("%s.", self.reason[0].upper() + self.reason[1:])


def first_line(error: Exception) -> str:
    """What an error says, cut to a clause; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
