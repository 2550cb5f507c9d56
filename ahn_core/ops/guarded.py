"""Kernels of other packages, which may fail to import, compile or run: then torch computes, and a sentence says so."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Final

import torch
from torch import Tensor

from ..cells import Rule
from .plain import TorchOps

_log = logging.getLogger(__name__)


class GuardedOps(TorchOps):
    """A backend for the recurrence that is given up for good when it fails once; nothing of the chunk is lost."""

    package: str  # whose kernels these are

    def __init__(self, otherwise: TorchOps | None = None, reason: str = "it was asked for") -> None:
        """`otherwise` computes what these kernels do not, and everything once they have failed."""
        super().__init__(reason)
        self._otherwise: Final = otherwise or TorchOps()
        self._given_up = False

    @property
    def name(self) -> str:  # type: ignore[override]
        """This backend's name, or, once it has failed, that of the one that computes in its place."""
        return self._otherwise.name if self._given_up else self.package

    @abstractmethod
    def knows(self, rule: Rule, q: Tensor) -> bool:
        """Whether there is a kernel for this rule and for queries of these sizes on this device."""

    @abstractmethod
    def kernel(
        self,
        rule: Rule,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        log_decay: Tensor | None,
        beta: Tensor,
        state: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """`recur` by the package's kernels."""

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
        if not self._given_up and self.knows(rule, q):
            try:
                return self.kernel(rule, q, k, v, log_decay, beta, state)
            except torch.OutOfMemoryError:
                raise  # with another kernel there would not be more memory
            except Exception as error:  # noqa: BLE001 - packages, and compilers of kernels, raise what they like
                self._give_up(error)
        return self._otherwise.recur(rule, q, k, v, log_decay, beta, state)

    def _give_up(self, error: Exception) -> None:
        lines = str(error).strip().splitlines() or [""]
        self._given_up = True
        self.reason = (
            f"the kernels of {self.package} failed ({type(error).__name__}: {lines[0][:160]}), so "
            f"{self._otherwise.name} computes the memory"
        )
        _log.warning("%s.", self.reason[0].upper() + self.reason[1:])
