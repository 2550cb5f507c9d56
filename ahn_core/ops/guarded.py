"""Kernels of other packages, which may fail to import, compile or run: then torch computes, and a sentence says so."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ..cells import Rule
from .plain import TorchOps
from .wrapped import WrappedOps, first_line


class GuardedOps(WrappedOps):
    """A backend for the recurrence that is given up for good when it fails once; nothing of the chunk is lost."""

    package: str  # whose kernels these are

    def __init__(self, otherwise: TorchOps | None = None, reason: str = "it was asked for") -> None:
        """`otherwise` computes what these kernels do not, and everything once they have failed."""
        super().__init__(otherwise or TorchOps(), reason)

    def _working_name(self) -> str:
        return self.package

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
            # Triton's compiler and the packages raise classes of their own, without a common base, and assert.
            # Nothing is hidden: torch computes the same, the log and `reason` say what failed.
            except Exception as error:  # noqa: BLE001
                self._give_up(
                    f"the kernels of {self.package} failed",
                    f"{type(error).__name__}: {first_line(error)}",
                    f"{self._inner.name} computes the memory",
                )
        return super().recur(rule, q, k, v, log_decay, beta, state)


def learning(*tensors: Tensor | None) -> bool:
    """Whether gradients are kept of what is computed with these."""
    return torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in tensors)
