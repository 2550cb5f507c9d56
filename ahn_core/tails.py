"""The way back: what a cache has overwritten since a mark, so that it can be again what it was there.

A new token takes the place of the one that leaves the ring, and the state takes that one up: nothing else changes. So
a copy of a cache is not needed to come back to it, only the rows that were overwritten, in order, and the state as it
was. They are copied just before they are overwritten, some rows ahead, so that single tokens cost next to nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .layer_cache import LayerCache
from .plan import Layout
from .stored import open_tensors

_AHEAD = 64  # rows: copied together
_FORMAT = "ahn-tail-1"
_ROWS = ("keys", "values", "gates")


@dataclass(frozen=True)
class _Piece:
    """Rows of the ring that follow each other: `keys` and `values` [layers, Hkv, n, D], `gates` [layers, n, …]."""

    position: int  # of the token that took the first row's place
    count: int
    tensors: dict[str, Tensor]


@dataclass
class Tail:
    """What `Cache.rewind` needs to be again as it was at a mark, after `length` tokens. Made by `Cache.mark`."""

    length: int
    sink_offset: int
    pieces: list[_Piece] = field(default_factory=list)
    state: Tensor | None = None  # [layers, H, D, D] float32
    sink_keys: Tensor | None = None  # [layers, Hkv, S, D], where capped sinks have moved since

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors held."""
        rows = sum(tensor.nbytes for piece in self.pieces for tensor in piece.tensors.values())
        return rows + sum(tensor.nbytes for tensor in (self.state, self.sink_keys) if tensor is not None)

    def note(self, layout: Layout, layers: Sequence[LayerCache], length: int, count: int) -> None:
        """Copy what `count` tokens, from position `length` on, are about to overwrite."""
        if layout.capacity is None:
            return  # full attention overwrites nothing
        if self.state is None and length + count > layout.capacity and layers[0].state is not None:
            self.state = torch.stack([layer.state for layer in layers if layer.state is not None])
        # The rows from `first` on hold tokens of the time of the mark; there are at most a window of them.
        first, end = max(self.length, layout.capacity), self.length + layout.sliding_window
        done = self.pieces[-1].position + self.pieces[-1].count if self.pieces else first
        wanted = min(length + count, end)
        if wanted > done:
            self._copy(layout, layers, done, min(max(wanted, done + _AHEAD), end))

    def _copy(self, layout: Layout, layers: Sequence[LayerCache], start: int, stop: int) -> None:
        while start < stop:  # at most twice: up to the ring's end, then from its beginning
            row = layout.slot(start)
            assert layout.capacity is not None
            count = min(stop - start, layout.capacity - row)
            tensors = {
                name: torch.stack([_rows(layer, name, layout, row, count) for layer in layers])
                for name in _ROWS
                if getattr(layers[0], name) is not None
            }
            self.pieces.append(_Piece(start, count, tensors))
            start += count

    def restore(self, layout: Layout, layers: Sequence[LayerCache]) -> None:
        """Put everything back; nothing need be held after that."""
        for piece in self.pieces:
            row = layout.slot(piece.position)
            for name, tensor in piece.tensors.items():
                for layer, rows in zip(layers, tensor, strict=True):
                    _rows(layer, name, layout, row, piece.count).copy_(rows)
        if self.state is not None:
            for layer, state in zip(layers, self.state, strict=True):
                assert layer.state is not None
                layer.state.copy_(state)
        if self.sink_keys is not None:
            for layer, keys in zip(layers, self.sink_keys, strict=True):
                layer.keys[:, : keys.shape[1]].copy_(keys)
        self.pieces, self.state, self.sink_keys = [], None, None

    def take_over(self, later: Tail, layout: Layout) -> None:
        """Become the way back from where `later` leads from: the mark between the two is given up."""
        end = self.length + layout.sliding_window
        first = max(self.length, layout.capacity or 0)
        done = self.pieces[-1].position + self.pieces[-1].count if self.pieces else first
        for piece in later.pieces:
            start, stop = max(piece.position, done), min(piece.position + piece.count, end)
            if start < stop:
                cut = slice(start - piece.position, stop - piece.position)
                tensors = {
                    name: (tensor[:, cut] if name == "gates" else tensor[:, :, cut]).clone()
                    for name, tensor in piece.tensors.items()
                }
                self.pieces.append(_Piece(start, stop - start, tensors))
                done = stop
        if self.state is None:
            self.state = later.state
        if self.sink_keys is None and self.sink_offset == later.sink_offset:
            self.sink_keys = later.sink_keys

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a safetensors file. Raises OSError, SafetensorError."""
        from safetensors.torch import save_file

        tensors = {
            f"{i}.{name}": t for i, piece in enumerate(self.pieces) for name, t in piece.tensors.items()
        }
        for name, tensor in (("state", self.state), ("sink_keys", self.sink_keys)):
            if tensor is not None:
                tensors[name] = tensor
        places = [[piece.position, piece.count] for piece in self.pieces]
        metadata = {"format": _FORMAT, "places": json.dumps([self.length, self.sink_offset, places])}
        save_file(
            {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, path, metadata=metadata
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str], device: torch.device) -> Tail:
        """What `save` wrote. Raises OSError, or ValueError where the file is damaged."""
        from safetensors import SafetensorError

        try:
            with open_tensors(path) as file:
                metadata = file.metadata
                if metadata.get("format") != _FORMAT:
                    raise ValueError(f"{path} is not what was kept of a cache, so it is not used.")
                length, sink_offset, places = json.loads(metadata["places"])
                tensors = {name: file.read(name).to(device) for name in file.places}
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged ({error}), so it is not used.") from error
        pieces = [
            _Piece(
                position, count, {name: tensors[f"{i}.{name}"] for name in _ROWS if f"{i}.{name}" in tensors}
            )
            for i, (position, count) in enumerate(places)
        ]
        return cls(length, sink_offset, pieces, tensors.get("state"), tensors.get("sink_keys"))


def _rows(layer: LayerCache, name: str, layout: Layout, row: int, count: int) -> Tensor:
    """`count` rows of the ring from row `row` of the buffer on; the gates have no rows for sinks."""
    tensor: Tensor = getattr(layer, name)
    if name == "gates":
        first = row - (layout.attention_sinks or 0)
        return tensor[first : first + count]
    return tensor[:, row : row + count]
