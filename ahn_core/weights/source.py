"""What every format of weights offers: shapes by name, and any rows of a tensor, read when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from ..grouped import Blocks, GroupFormat

Shape = tuple[int, ...]


class TensorSource(Protocol):
    """Stored tensors under Hugging Face names without the leading "model."."""

    @property
    def description(self) -> str:
        """What to call it in a sentence: a folder or a file."""

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Every tensor there is."""

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows start … stop - 1 of a tensor along its first dimension, in a floating-point format, on the CPU.

        Raises LoadError where the file ends early.
        """

    def group_format(self, name: str) -> GroupFormat | None:
        """How a tensor is packed already; None of one that `blocks` cannot give."""

    def blocks(self, name: str, start: int, stop: int) -> Blocks:
        """The same rows as they are packed. Raises LoadError as `rows` does."""
