"""The cache: what a conversation remembers. It alone decides the kind of memory; the weights are the same for all kinds.

A layer keeps its keys and values in one buffer of S + W rows: rows 0 … S-1 are the sinks, the rest is a ring written in
place, in which position x lives in row S + (x - S) mod W. Beside the ring wait the write gates of its tokens, and what has left
it is in the recurrent state, [H, D, D] float32. In `full` attention every token is a sink and the buffer grows.
"""

from __future__ import annotations

import copy
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from .cells import MemoryCell
from .reading import Call, Layout, QueryBlock
from .rope import Rotary, rotate

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM

CacheKind = Literal["full", "window", "ahn"]
_FORMAT = "ahn-cache-1"
_FULL_GROWTH = 1.25  # a full cache reserves a quarter more than it needs each time it grows


@dataclass(frozen=True)
class LayerStats:
    """One layer's memory: Frobenius norm of its state; share in [0, 1] of the memory's output norm in the last token's
    attention output; half-life in tokens (median over heads, mean decay of the tokens that wait), None without decay."""

    state_norm: float
    memory_share: float
    half_life: float | None


@dataclass(frozen=True)
class CacheStats:
    """Where the tokens are and what they cost in bytes. sink + window + compressed tokens = seq_length."""

    kind: CacheKind
    seq_length: int
    sink_tokens: int
    window_tokens: int
    compressed_tokens: int
    sink_bytes: int
    window_bytes: int
    memory_bytes: int
    nbytes: int
    full_attention_bytes: int
    layers: tuple[LayerStats, ...]


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

    def __init__(self, layout: Layout, kv_heads: int, head_dim: int, cell: MemoryCell | None, like: Tensor, rope: bool):
        self.layout, self.cell, self.memory_rope = layout, cell, rope
        rows = layout.capacity or 0
        self.keys = like.new_empty(kv_heads, rows, head_dim)
        self.values = like.new_empty(kv_heads, rows, head_dim)
        sinks = layout.attention_sinks or 0
        self.raw_sinks = like.new_empty(kv_heads, sinks, head_dim) if layout.caps_sinks else None
        self.gates: Tensor | None = None
        self.state: Tensor | None = None
        if cell is not None:
            self.gates = torch.empty(layout.sliding_window, cell.gate_count, cell.heads, device=like.device)
            self.state = cell.new_state(like.device)
        self.window_output: Tensor | None = None  # [H * D] of the last token
        self.memory_output: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor the layer owns, by name."""
        named = {"keys": self.keys, "values": self.values, "raw_sinks": self.raw_sinks, "gates": self.gates, "state": self.state}
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    def reserve(self, rows: int) -> None:
        """Grow a full-attention buffer to at least this many rows."""
        if rows > self.keys.shape[1]:
            capacity = max(rows, math.ceil(self.keys.shape[1] * _FULL_GROWTH))
            for name in ("keys", "values"):
                old = getattr(self, name)
                grown = old.new_empty(old.shape[0], capacity, old.shape[2])
                grown[:, : old.shape[1]] = old
                setattr(self, name, grown)

    def move_sinks(self, cos: Tensor, sin: Tensor) -> None:
        """Rotate capped sinks to the place they have from now on, [S, D]."""
        assert self.raw_sinks is not None
        self.keys[:, : self.raw_sinks.shape[1]] = rotate(self.raw_sinks, cos, sin)

    # ------------------------------------------------------------------ reading many tokens

    def attend(self, call: Call, new: Projected, gates: Tensor | None, hidden: Tensor) -> tuple[Tensor, Update]:
        """Attention output of T new tokens, [T, H * D], before the base's o_proj. Changes nothing: `commit` does."""
        stored, arriving = slice(0, self.layout.sinks_among(call.start)), slice(0, call.new_sinks)
        if self.raw_sinks is None:
            sink_keys = torch.cat((self.keys[:, stored], new.k[:, arriving]), dim=1)
        else:  # rotated block by block
            sink_keys = torch.cat((self.raw_sinks[:, stored], new.raw_k[:, arriving]), dim=1)
        sink_values = torch.cat((self.values[:, stored], new.v[:, arriving]), dim=1)
        keys = self._span(call, self.keys, new.k)
        values = self._span(call, self.values, new.v)
        window = _join([self._attend_block(b, new.q, sink_keys, sink_values, keys, values) for b in call.blocks])
        output, memory, state = window, None, self.state
        if self.cell is not None and call.eviction is not None:
            memory, state = self._remember(call, new, keys, values, gates, hidden)
            rows = call.eviction.first_reader
            grouped = memory.unflatten(0, window.shape[:2])  # [Hkv, G, n, D]
            output = torch.cat((window[:, :, :rows], window[:, :, rows:] + grouped), dim=2)
        update = Update(new, gates, state, _last_token(window), None if memory is None else _last_token(memory[None]))
        return output.permute(2, 0, 1, 3).flatten(1), update  # [T, H * D]

    def _span(self, call: Call, buffer: Tensor, new: Tensor) -> Tensor:
        """The window before the call, oldest first, then the new tokens that are no sinks: [Hkv, span, D]."""
        return torch.cat([*(buffer[:, piece] for piece in call.ring), new[:, call.new_sinks :]], dim=1)

    def _attend_block(
        self, block: QueryBlock, q: Tensor, sink_keys: Tensor, sink_values: Tensor, keys: Tensor, values: Tensor
    ) -> Tensor:
        sinks = sink_keys[:, : block.sinks]
        if block.sink_rotation is not None:
            sinks = rotate(sinks, *block.sink_rotation)
        seen_keys = torch.cat((sinks, keys[:, block.window]), dim=1)[:, None]  # [Hkv, 1, N, D]
        seen_values = torch.cat((sink_values[:, : block.sinks], values[:, block.window]), dim=1)[:, None]
        rows = q[:, :, block.rows]  # [Hkv, G, R, D]
        shape = (*rows.shape[:2], *seen_keys.shape[2:])
        # Query heads that share a key-value head read it through a stride of zero: nothing is repeated in memory.
        return F.scaled_dot_product_attention(
            rows, seen_keys.expand(shape), seen_values.expand(shape), attn_mask=block.mask
        )

    def _remember(
        self, call: Call, new: Projected, keys: Tensor, values: Tensor, gates: Tensor | None, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        assert self.cell is not None and self.gates is not None and self.state is not None and gates is not None
        assert call.eviction is not None
        leaving, reader = call.eviction.tokens, call.eviction.first_reader
        first_row = self.layout.attention_sinks or 0
        waiting = [self.gates[piece.start - first_row : piece.stop - first_row] for piece in call.ring]
        write = torch.cat([*waiting, gates[call.new_sinks :]])[leaving]  # [n, gate_count, H]
        q, k = (new.q if self.memory_rope else new.raw_q), keys[:, leaving]
        if not self.memory_rope:
            k = _unrotate(k, call.eviction.rotation)
        q = q[:, :, reader:].flatten(0, 1)  # [H, n, D]
        return self.cell.absorb_and_read(q, k, values[:, leaving], write, hidden[reader:], self.state)

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
            self.keys[:, row : row + length], self.values[:, row : row + length] = new.k[:, source], new.v[:, source]
            if self.gates is not None:
                assert update.gates is not None
                first = row - (self.layout.attention_sinks or 0)
                self.gates[first : first + length] = update.gates[source]
            done += length
        self.state = update.state
        self.window_output, self.memory_output = update.window_output, update.memory_output

    # ------------------------------------------------------------------ decoding one token

    @torch.no_grad()
    def step(self, call: Call, new: Projected, gates: Tensor | None, hidden: Tensor) -> Tensor:
        """`attend` and `commit` for one token, in place: [1, H * D]."""
        position, row = call.start, self.layout.slot(call.start)
        memory = None
        if self.cell is not None and call.eviction is not None:
            assert self.gates is not None and self.state is not None
            leaving = slice(row, row + 1)
            q, k = (new.q, self.keys[:, leaving])
            if not self.memory_rope:
                q, k = new.raw_q, _unrotate(k, call.eviction.rotation)
            waiting = row - (self.layout.attention_sinks or 0)
            memory, self.state = self.cell.absorb_and_read(
                q.flatten(0, 1), k, self.values[:, leaving], self.gates[waiting : waiting + 1], hidden, self.state
            )
        self.keys[:, row], self.values[:, row] = new.k[:, 0], new.v[:, 0]
        if call.new_sinks:
            if self.raw_sinks is not None:
                self.raw_sinks[:, row] = new.raw_k[:, 0]
        elif self.gates is not None:
            assert gates is not None
            self.gates[row - (self.layout.attention_sinks or 0)] = gates[0]
        seen = position + 1 if self.layout.capacity is None else min(position + 1, self.layout.capacity)
        # All G queries of a key-value head see the same keys, so they stand in the place of the tokens: [1, Hkv, G, D].
        window = F.scaled_dot_product_attention(
            new.q[None, :, :, 0], self.keys[None, :, :seen], self.values[None, :, :seen]
        )
        self.window_output = window.flatten()
        self.memory_output = None if memory is None else memory.flatten()
        output = self.window_output if self.memory_output is None else self.window_output + self.memory_output
        return output[None]


def _join(blocks: list[Tensor]) -> Tensor:
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=2)


def _last_token(x: Tensor) -> Tensor:
    """[…, T, D] -> a copy of the last token's heads, [H * D], so that the whole call's output is not kept alive."""
    return x[..., -1, :].detach().flatten().clone()


def _unrotate(k: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    # The scaling in the table is left squared: the cell normalises its keys.
    cos, sin = rotation
    return rotate(k, cos, -sin)


class Cache:
    """One conversation's memory over all layers. Made by `AHNForCausalLM.make_cache`; not safe to share between threads."""

    def __init__(self, model: AHNForCausalLM, kind: CacheKind, attention_sinks: int, sliding_window: int) -> None:
        if kind not in get_args(CacheKind):
            raise ValueError(f"memory '{kind}' is unknown, so no cache can be made: use one of {', '.join(get_args(CacheKind))}.")
        _check_size("attention_sinks", attention_sinks, 0)
        _check_size("sliding_window", sliding_window, 1)
        self.kind, self.attention_sinks, self.sliding_window = kind, attention_sinks, sliding_window
        self._identity = model.identity
        self._device, self._dtype = model.device, model.dtype
        self._rotary: Rotary = model.rotary
        config, like = model.config, model.embed_tokens.weight.detach()
        # K and V of one token over all layers.
        self._token_bytes = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * like.element_size()
        self.layout = Layout(
            attention_sinks=None if kind == "full" else attention_sinks,
            sliding_window=sliding_window,
            sink_positions=model.ahn_config.sink_positions,
        )
        self.layers = [
            LayerCache(
                self.layout,
                config.num_key_value_heads,
                config.head_dim,
                layer.ahn if kind == "ahn" else None,
                like,
                model.ahn_config.memory_rope,
            )
            for layer in model.layers
        ]
        self._length = 0
        self._sink_offset = 0  # where the sinks in the buffers are rotated to

    def get_seq_length(self) -> int:
        """Tokens read so far, in whichever store they are now."""
        return self._length

    def begin(self, count: int) -> Call:
        """Plan a call of `count` new tokens and make room for it."""
        if count < 1:
            raise ValueError("input_ids is empty, so there is nothing to read: give at least one token.")
        if self.layout.capacity is None:
            for layer in self.layers:
                layer.reserve(self._length + count)
        call = self.layout.plan(self._length, count, self._rotary, self._device, self._dtype)
        if count == 1 and self.layout.sink_offset(self._length) != self._sink_offset:
            self._sink_offset = self.layout.sink_offset(self._length)
            rotation = call.blocks[0].sink_rotation
            assert rotation is not None
            for layer in self.layers:
                layer.move_sinks(*rotation)
        return call

    def end(self, call: Call) -> None:
        """Count the call's tokens as read, once every layer has taken them."""
        self._length = call.stop

    # ------------------------------------------------------------------ figures

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors held. Constant for `window` and `ahn`."""
        return sum(tensor.nbytes for layer in self.layers for tensor in layer.tensors().values())

    def memory_share(self) -> float:
        """Mean over layers of |memory| / (|memory| + |window|) in the last token's attention output; 0 while nothing is evicted."""
        shares = self._layer_shares()
        return 0.0 if shares is None else float(shares.mean())

    def _layer_shares(self) -> Tensor | None:
        window = [layer.window_output for layer in self.layers if layer.window_output is not None]
        memory = [layer.memory_output for layer in self.layers if layer.memory_output is not None]
        if len(memory) < len(self.layers):
            return None
        read, seen = torch.stack(memory).float().norm(dim=-1), torch.stack(window).float().norm(dim=-1)
        return read / (read + seen)

    def stats(self, per_layer: bool = True) -> CacheStats:
        """Tokens and bytes in each store; with `per_layer` also norms and half-lives (`ahn` only), which costs milliseconds."""
        length = self._length
        sinks, window = self.layout.sinks_among(length), self.layout.in_window(length)
        held = [layer.tensors() for layer in self.layers]
        total, state = self.nbytes, sum(tensors["state"].nbytes for tensors in held if "state" in tensors)
        sink_bytes = sinks * self._token_bytes + sum(t["raw_sinks"].nbytes for t in held if "raw_sinks" in t)
        if self.layout.capacity is None:
            sink_bytes = total
        elif self.attention_sinks:
            sink_bytes += (self.attention_sinks - sinks) * self._token_bytes
        return CacheStats(
            kind=self.kind,
            seq_length=length,
            sink_tokens=sinks,
            window_tokens=window,
            compressed_tokens=length - sinks - window,
            sink_bytes=sink_bytes,
            window_bytes=total - sink_bytes - state,
            memory_bytes=state,
            nbytes=total,
            full_attention_bytes=length * self._token_bytes,
            layers=self._layer_stats() if per_layer and self.kind == "ahn" else (),
        )

    def _layer_stats(self) -> tuple[LayerStats, ...]:
        shares = self._layer_shares()
        window = self.layout.in_window(self._length)
        result = []
        for index, layer in enumerate(self.layers):
            assert layer.cell is not None and layer.state is not None and layer.gates is not None
            half_life = None
            if layer.cell.has_decay and window:
                decay = -layer.gates[:window, 0].mean(dim=0)  # [H], nats a token
                half_life = float((math.log(2) / decay).median())
            share = 0.0 if shares is None else float(shares[index])
            result.append(LayerStats(float(layer.state.detach().norm()), share, half_life))
        return tuple(result)

    # ------------------------------------------------------------------ copies

    def clone(self) -> Cache:
        """An independent copy: what is fed to one does not show in the other."""
        twin = copy.copy(self)
        twin.layers = []
        for layer in self.layers:
            copied = copy.copy(layer)
            for name, tensor in layer.tensors().items():
                setattr(copied, name, tensor.detach().clone())
            twin.layers.append(copied)
        return twin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the cache to a safetensors file, atomically."""
        from safetensors.torch import save_file

        rows = self._used_rows()
        tensors = {}
        for index, layer in enumerate(self.layers):
            for name, tensor in layer.tensors().items():
                tensors[f"layers.{index}.{name}"] = _used(name, tensor, rows).contiguous().cpu()
        metadata = {
            "format": _FORMAT,
            "length": str(self._length),
            "sink_offset": str(self._sink_offset),
            "identity": json.dumps(self._description()),
        }
        partial = Path(path).with_name(f"{Path(path).name}.{os.getpid()}.partial")
        try:
            save_file(tensors, partial, metadata=metadata)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take over the contents of a saved cache; this one is left as it was if they do not fit.

        Raises:
            ValueError: the file is damaged, or was made with another model, AHN, S, W or kind: the message says which.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != _FORMAT:
                    raise ValueError(f"{path} is not a saved cache of this version, so it is not loaded: read the document again.")
                self._check_identity(path, json.loads(metadata["identity"]))
                tensors = {name: file.get_tensor(name) for name in file.keys()}
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged ({error}), so it is not loaded: read the document again.") from error
        self._length = int(metadata["length"])
        self._sink_offset = int(metadata["sink_offset"])
        rows = self._used_rows()
        for index, layer in enumerate(self.layers):
            if self.layout.capacity is None:
                layer.reserve(self._length)
            for name, tensor in layer.tensors().items():
                _used(name, tensor, rows).copy_(tensors[f"layers.{index}.{name}"])
            layer.window_output = layer.memory_output = None

    def _used_rows(self) -> dict[str, int]:
        sinks, window = self.layout.sinks_among(self._length), self.layout.in_window(self._length)
        return {"keys": sinks + window, "values": sinks + window, "raw_sinks": sinks, "gates": window}

    def _description(self) -> dict[str, Any]:
        return {
            **self._identity,
            "memory": self.kind,
            "attention_sinks": self.attention_sinks,
            "sliding_window": self.sliding_window,
        }

    def _check_identity(self, path: str | os.PathLike[str], saved: dict[str, Any]) -> None:
        differing = [
            f"{name.replace('_', ' ')} (saved: {saved.get(name)}, here: {value})"
            for name, value in self._description().items()
            if saved.get(name) != value
        ]
        if differing:
            raise ValueError(
                f"{path} was made with another {' and another '.join(differing)}, so its contents would mean nothing here: "
                "read the document again or choose what it was made with."
            )


def _used(name: str, tensor: Tensor, rows: dict[str, int]) -> Tensor:
    """The part of a layer's tensor that has been written: rows beyond it are uninitialised."""
    if name == "state":
        return tensor
    return tensor[: rows[name]] if name == "gates" else tensor[:, : rows[name]]


def _check_size(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is {value!r}, below the least possible {least}, so no window can be kept: give an integer from {least} up.")
