"""One layer's memory: sinks and ring in one buffer, waiting gates, recurrent state, and how they are read and written.

The buffer has S + W rows: rows 0 … S-1 are the sinks, the rest is a ring written in place, in which position x
lives in row S + (x - S) mod W. Beside the ring wait the write gates of its tokens, and what has left it is in
the recurrent state, [H, D, D] float32. In `full` attention every token is a sink and the buffer grows.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from .cells import MemoryCell
from .plan import Call, Layout, QueryBlock, Step
from .rope import rotate

if TYPE_CHECKING:
    from .ops.plain import TorchOps

_FULL_GROWTH = 1.25  # a full cache reserves a quarter more than it needs each time it grows


@dataclass(frozen=True)
class Projected:
    """A layer's projections of the T new tokens: before (`raw_`) and after rotation."""

    raw_q: Tensor  # [Hkv, G, T, D]
    q: Tensor  # [Hkv, G, T, D]
    raw_k: Tensor  # [Hkv, T, D]
    k: Tensor  # [Hkv, T, D]
    v: Tensor  # [Hkv, T, D]


@dataclass(frozen=True)
class Update:
    """What a layer has to remember of a call; `LayerCache.commit` writes it."""

    projected: Projected
    gates: Tensor | None  # [T, gate_count, H] float32
    state: Tensor | None  # [H, D, D] float32
    window_output: Tensor  # [H * D] of the last token
    memory_output: Tensor | None  # [H * D] of the last token


class LayerCache:
    """One layer's sinks, ring, waiting gates and state. Position is counted by the `Cache`, not here."""

    def __init__(
        self,
        layout: Layout,
        kv_heads: int,
        head_dim: int,
        cell: MemoryCell | None,
        like: Tensor,
        memory_rope: bool,
        memory_scale: float,
    ) -> None:
        self.layout, self.cell = layout, cell
        self.memory_rope, self.memory_scale = memory_rope, memory_scale
        rows = layout.capacity or 0
        # Zeros: a step of fixed shapes also reads rows that hold nothing yet, with a weight of zero.
        self.keys = like.new_zeros(kv_heads, rows, head_dim)
        self.values = like.new_zeros(kv_heads, rows, head_dim)
        sinks = layout.attention_sinks or 0
        self.raw_sinks = like.new_empty(kv_heads, sinks, head_dim) if layout.caps_sinks else None
        self.gates: Tensor | None = None
        self.state: Tensor | None = None
        if cell is not None:
            self.gates = torch.empty(layout.sliding_window, cell.gate_count, cell.heads, device=like.device)
            self.state = cell.new_state(like.device)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor the layer owns, by name."""
        named = {
            "keys": self.keys,
            "values": self.values,
            "raw_sinks": self.raw_sinks,
            "gates": self.gates,
            "state": self.state,
        }
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    def clone(self) -> LayerCache:
        """An independent copy."""
        twin = copy.copy(self)
        for name, tensor in self.tensors().items():
            setattr(twin, name, tensor.detach().clone())
        return twin

    def detach(self) -> None:
        """Cut the state off the graph it was computed in; buffers are never part of one."""
        if self.state is not None:
            self.state = self.state.detach()

    def reserve(self, rows: int) -> None:
        """Grow a full-attention buffer to at least this many rows."""
        if rows > self.keys.shape[1]:
            capacity = max(rows, math.ceil(self.keys.shape[1] * _FULL_GROWTH))
            for name in ("keys", "values"):
                old = getattr(self, name)
                grown = old.new_zeros(old.shape[0], capacity, old.shape[2])
                grown[:, : old.shape[1]] = old
                setattr(self, name, grown)

    def move_sinks(self, cos: Tensor, sin: Tensor) -> None:
        """Rotate capped sinks to the place they have from now on, [S, D]."""
        assert self.raw_sinks is not None
        self.keys[:, : self.raw_sinks.shape[1]] = rotate(self.raw_sinks, cos, sin)

    # ------------------------------------------------------------------ reading many tokens

    def attend(
        self, call: Call, new: Projected, gates: Tensor | None, hidden: Tensor, ops: TorchOps
    ) -> tuple[Tensor, Update]:
        """Attention output of T new tokens, [T, H * D], before the base's o_proj; `commit` then writes them.
        `ops` computes it.
        """
        stored, arriving = slice(0, self.layout.sinks_among(call.start)), slice(0, call.new_sinks)
        if self.raw_sinks is None:
            sink_keys = torch.cat((self.keys[:, stored], new.k[:, arriving]), dim=1)
        else:  # rotated block by block
            sink_keys = torch.cat((self.raw_sinks[:, stored], new.raw_k[:, arriving]), dim=1)
        sink_values = torch.cat((self.values[:, stored], new.v[:, arriving]), dim=1)
        keys = self._span(call, self.keys, new.k)
        values = self._span(call, self.values, new.v)
        window = _join(
            [self._attend_block(ops, b, new.q, sink_keys, sink_values, keys, values) for b in call.blocks]
        )
        output, state, last_memory = window, self.state, None
        if self.cell is not None and call.eviction is not None:
            memory, state = self._remember(call, new, keys, values, gates, hidden, ops)
            rows = call.eviction.first_reader
            grouped = memory.unflatten(0, window.shape[:2])  # [Hkv, G, n, D]
            readers = torch.add(window[:, :, rows:], grouped, alpha=self.memory_scale)
            output = readers if rows == 0 else _join([window[:, :, :rows], readers])
            last_memory = _last_token(memory[None]) * self.memory_scale
        update = Update(new, gates, state, _last_token(window), last_memory)
        return output.permute(2, 0, 1, 3).flatten(1), update  # [T, H * D]

    def _span(self, call: Call, buffer: Tensor, new: Tensor) -> Tensor:
        """The window before the call, oldest first, then the new tokens that are no sinks: [Hkv, span, D]."""
        return torch.cat([*(buffer[:, piece] for piece in call.ring), new[:, call.new_sinks :]], dim=1)

    def _attend_block(
        self,
        ops: TorchOps,
        block: QueryBlock,
        q: Tensor,
        sink_keys: Tensor,
        sink_values: Tensor,
        keys: Tensor,
        values: Tensor,
    ) -> Tensor:
        sinks = sink_keys[:, : block.sinks]
        if block.sink_rotation is not None:
            sinks = rotate(sinks, *block.sink_rotation)
        rows = q[:, :, block.rows]  # [Hkv, G, R, D]
        seen = ((sinks, sink_values[:, : block.sinks]), (keys[:, block.window], values[:, block.window]))
        return ops.attend(rows, *seen, block.band)

    def _remember(
        self,
        call: Call,
        new: Projected,
        keys: Tensor,
        values: Tensor,
        gates: Tensor | None,
        hidden: Tensor,
        ops: TorchOps,
    ) -> tuple[Tensor, Tensor]:
        assert (
            self.cell is not None and self.gates is not None and self.state is not None and gates is not None
        )
        assert call.eviction is not None
        leaving, reader = call.eviction.tokens, call.eviction.first_reader
        first_row = self.layout.attention_sinks or 0
        waiting = [self.gates[piece.start - first_row : piece.stop - first_row] for piece in call.ring]
        write = torch.cat([*waiting, gates[call.new_sinks :]])[leaving]  # [n, gate_count, H]
        q, k = (new.q if self.memory_rope else new.raw_q), keys[:, leaving]
        if not self.memory_rope:
            k = _unrotate(k, call.eviction.rotation)
        q = q[:, :, reader:].flatten(0, 1)  # [H, n, D]
        return ops.absorb(self.cell, q, k, values[:, leaving], write, hidden[reader:], self.state)

    @torch.no_grad()
    def commit(self, call: Call, update: Update) -> None:
        """Write a call's tokens into sinks and ring and take over its state."""
        new, sinks = update.projected, call.new_sinks
        rows = slice(self.layout.sinks_among(call.start), self.layout.sinks_among(call.stop))
        self.keys[:, rows], self.values[:, rows] = new.k[:, :sinks], new.v[:, :sinks]
        if self.raw_sinks is not None:
            self.raw_sinks[:, rows] = new.raw_k[:, :sinks]
        written = min(call.count - sinks, self.layout.sliding_window)
        done = 0
        while done < written:  # at most twice: up to the ring's end, then from its beginning
            row = self.layout.slot(call.stop - written + done)
            length = min(written - done, self.keys.shape[1] - row)
            source = slice(call.count - written + done, call.count - written + done + length)
            self.keys[:, row : row + length], self.values[:, row : row + length] = (
                new.k[:, source],
                new.v[:, source],
            )
            if self.gates is not None:
                assert update.gates is not None
                first = row - (self.layout.attention_sinks or 0)
                self.gates[first : first + length] = update.gates[source]
            done += length
        self.state = update.state

    # ------------------------------------------------------------------ decoding one token

    def step(
        self, step: Step, new: Projected, gates: Tensor | None, hidden: Tensor, ops: TorchOps
    ) -> tuple[Tensor, Tensor | None]:
        """`attend` and `commit` for one token, in place: the outputs of window and memory, [H * D] each."""
        memory = None
        if self.cell is not None and step.evicted_rotation is not None:
            assert self.gates is not None and self.state is not None and step.slot is not None
            q, k = new.q, self.keys.index_select(1, step.row)
            if not self.memory_rope:
                q, k = new.raw_q, _unrotate(k, step.evicted_rotation)
            v, waiting = self.values.index_select(1, step.row), self.gates.index_select(0, step.slot)
            memory, state = ops.absorb(self.cell, q.flatten(0, 1), k, v, waiting, hidden, self.state)
            self.state.copy_(state)
            memory = memory.flatten() * self.memory_scale
        self.keys.index_copy_(1, step.row, new.k)
        self.values.index_copy_(1, step.row, new.v)
        if step.slot is None:
            if self.raw_sinks is not None:
                self.raw_sinks.index_copy_(1, step.row, new.raw_k)
        elif self.gates is not None:
            assert gates is not None
            self.gates.index_copy_(0, step.slot, gates)
        # All G queries of a key-value head see the same keys, so they stand in the tokens' place: [1, Hkv, G, D].
        window = F.scaled_dot_product_attention(
            new.q[None, :, :, 0],
            self.keys[None, :, : step.seen],
            self.values[None, :, : step.seen],
            attn_mask=step.mask,
        )
        return window.flatten(), memory


def _join(blocks: list[Tensor]) -> Tensor:
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=2)


def _last_token(x: Tensor) -> Tensor:
    """[…, T, D] -> a copy of the last token's heads, [H * D]: a view would keep the whole call's output alive."""
    return x[..., -1, :].detach().flatten().clone()


def _unrotate(k: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    # The scaling in the table is left squared: the cell normalises its keys.
    cos, sin = rotation
    return rotate(k, cos, -sin)
