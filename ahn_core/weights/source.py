"""What every format of weights offers: shapes by name, and any rows of a tensor, read when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class PackedSource(TensorSource, Protocol):
    """A source whose file has tensors in blocks that `grouped.py` can keep as they are."""

    def group_format(self, name: str) -> GroupFormat | None:
        """How a tensor is packed; None of one that is not in such blocks."""

    def blocks(self, name: str, start: int, stop: int) -> Blocks:
        """Rows start … stop - 1 of a tensor that has a `group_format`, as they are packed.

        Raises LoadError where the file ends early.
        """
