"""The cache: what a conversation remembers, over all layers.

It alone decides the kind of memory; the weights are the same for all kinds.
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import Tensor

from .cells import MemoryCell
from .config import AHNConfig
from .layer_cache import LayerCache
from .plan import Call, Layout, Step
from .rope import Rotary
from .stored import DTYPES, OpenTensors, open_tensors
from .tails import Tail

if TYPE_CHECKING:
    from .ops.plain import Outputs

CacheKind = Literal["full", "window", "ahn"]
_FORMAT = "ahn-cache-1"


@dataclass(frozen=True)
class LayerStats:
    """One layer's memory.

    `state_norm` is the Frobenius norm; `memory_share` in [0, 1] is the memory's part of the output norm in the
    last token's attention output; `half_life` in tokens is the median over heads at the mean decay of the
    tokens that wait in the window, None for a cell without decay.
    """

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


class Cache:
    """One conversation's memory over all layers. Made by `AHNForCausalLM.make_cache`; not safe to share
    between threads.

    Each layer holds keys and values [Hkv, S + W, D] of the model's dtype ("full": of all tokens read), and, where the
    kind is "ahn", the gates of the tokens in the window and a float32 state a head (paper, section 2: arXiv
    2510.07318). So the bytes of "window" and "ahn" do not grow with what is read. A token that leaves the window goes
    into the state, once and for good.

    Raises ValueError for an unknown kind, S below 0 or W below 1.
    """

    def __init__(
        self,
        kind: CacheKind,
        attention_sinks: int,
        sliding_window: int,
        *,
        cells: Sequence[MemoryCell],
        kv_heads: int,
        ahn_config: AHNConfig,
        rotary: Rotary,
        like: Tensor,
        identity: Mapping[str, str],
    ) -> None:
        """`cells` are those of the layers, first to last; keys and values get the device and dtype of `like`;
        `identity` names what a saved cache depends on.
        """
        if kind not in get_args(CacheKind):
            raise ValueError(
                f"memory '{kind}' is unknown, so no cache can be made: use one of "
                f"{', '.join(get_args(CacheKind))}."
            )
        _check_size("attention_sinks", attention_sinks, 0)
        _check_size("sliding_window", sliding_window, 1)
        self.kind, self.attention_sinks, self.sliding_window = kind, attention_sinks, sliding_window
        self._identity = dict(identity)
        self._device, self._dtype = like.device, like.dtype
        self._rotary = rotary
        size = cells[0].size
        # K and V of one token over all layers.
        self._token_bytes = 2 * len(cells) * kv_heads * size * like.element_size()
        self.layout = Layout(
            attention_sinks=None if kind == "full" else attention_sinks,
            sliding_window=sliding_window,
            sink_positions=ahn_config.sink_positions,
        )
        self.layers = [
            LayerCache(
                self.layout,
                kv_heads,
                size,
                cell if kind == "ahn" else None,
                like,
                ahn_config.memory_rope,
                ahn_config.memory_scale(attention_sinks + sliding_window),
            )
            for cell in cells
        ]
        self._length = 0
        self._sink_offset = 0  # where the sinks in the buffers are rotated to
        self._tail: Tail | None = None  # what is noted since the last mark
        self.outputs: Outputs | None = None  # of the last token

    @property
    def device(self) -> torch.device:
        """Where its tensors are."""
        return self._device

    def get_seq_length(self) -> int:
        """Tokens read so far, in whichever store they are now."""
        return self._length

    def begin(self, count: int, query_block: int | None = None) -> Call:
        """Plan a call of `count` new tokens, in blocks of `query_block` queries, and make room for it."""
        if count < 1:
            raise ValueError("input_ids is empty, so there is nothing to read: give at least one token.")
        self._reserve(count)
        self._note(count)
        self.outputs = None
        return self.layout.plan(self._length, count, self._rotary, self._device, self._dtype, query_block)

    def begin_step(self) -> Step:
        """Plan one new token, make room for it, and move capped sinks where its query sees them."""
        self._reserve(1)
        self._note(1)
        self.outputs = None
        offset = self.layout.sink_offset(self._length)
        if offset != self._sink_offset:
            self._move_sinks(offset)
        return self.layout.plan_step(self._length, self._rotary, self._device, self._dtype)

    def end(self, count: int, outputs: Outputs) -> None:
        """Count tokens as read, once every layer has taken them. `outputs` is what the last of them attended to."""
        self._length += count
        self.outputs = outputs

    def count_back(self, length: int, outputs: Outputs | None) -> None:
        """Count only `length` tokens as read; whoever calls it has put back what the others wrote over (undo.py)."""
        self._length, self.outputs = length, outputs

    def _move_sinks(self, offset: int) -> None:
        sinks = self.attention_sinks
        tail = self._tail  # another thread may give it up
        if not self._sink_offset and tail is not None and tail.sink_keys is None:
            # As they were read, which may differ by rounding from what would be computed on the way back.
            with torch.inference_mode():
                tail.sink_keys = torch.stack([layer.keys[:, :sinks] for layer in self.layers])
        self._sink_offset = offset
        rotation = self._rotary.table(offset, sinks, device=self._device, dtype=self._dtype)
        for layer in self.layers:
            layer.move_sinks(*rotation)

    def _note(self, count: int) -> None:
        tail = self._tail  # another thread may give it up
        if tail is not None:
            with torch.inference_mode():
                tail.note(self.layout, self.layers, self._length, count)

    def _reserve(self, count: int) -> None:
        if self.layout.capacity is None:
            for layer in self.layers:
                layer.reserve(self._length + count)

    # ------------------------------------------------------------------ figures

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors held. Constant for `window` and `ahn`."""
        return sum(tensor.nbytes for layer in self.layers for tensor in layer.tensors().values())

    @property
    def saved_nbytes(self) -> int:
        """Bytes that `save` writes, but for some thousand: rows that hold nothing are left out."""
        rows = self._used_rows()
        return sum(
            _used(name, t, rows).nbytes for layer in self.layers for name, t in layer.tensors().items()
        )

    def memory_share(self) -> float:
        """Mean over layers of |memory| / (|memory| + |window|) in the last token's attention output; 0
        while nothing is evicted.
        """
        share = self.mean_memory_share()
        return 0.0 if share is None else float(share)

    def mean_memory_share(self) -> Tensor | None:
        """The same where it was computed, without waiting for it, [] float32; None while nothing is evicted."""
        shares = self._layer_shares()
        return None if shares is None else shares.mean()

    def _layer_shares(self) -> Tensor | None:
        window, memory = self.outputs or (None, None)
        if window is None or memory is None:
            return None
        seen, read = window.float().norm(dim=-1), memory.float().norm(dim=-1)  # [layers] each
        return read / (read + seen)

    def stats(self, per_layer: bool = True) -> CacheStats:
        """Tokens and bytes in each store; with `per_layer` also norms and half-lives (`ahn` only), which
        costs milliseconds.
        """
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

    # ------------------------------------------------------------------ the way back

    def mark(self) -> Tail:
        """Note, from here on, what is overwritten, so that `rewind` can come back to here.

        What was noted since an earlier mark stays with its own `Tail` and ends here: to come back to that one, rewind
        to the later ones first. Nothing that is read while a mark is noted may need gradients.
        """
        self._tail = Tail(self._length, self._sink_offset)
        return self._tail

    def unmark(self) -> None:
        """Note nothing any more."""
        self._tail = None

    @torch.inference_mode()
    def rewind(self, tail: Tail) -> None:
        """Be again what this cache was at the mark that `tail` is of, the last one or, after it, the one before.

        From here on what is overwritten is noted in `tail` again. Works also where a call ended half-way by an error.
        """
        if tail.sink_offset != self._sink_offset and tail.sink_keys is None:
            self._tail = None
            self._move_sinks(tail.sink_offset)
        tail.restore(self.layout, self.layers)
        self._sink_offset, self._length, self._tail = tail.sink_offset, tail.length, tail
        self.outputs = None

    # ------------------------------------------------------------------ copies

    def clone(self) -> Cache:
        """An independent copy: what is fed to one does not show in the other."""
        twin = copy.copy(self)
        twin._tail = None
        twin.layers = [layer.clone() for layer in self.layers]
        return twin

    def detach(self) -> None:
        """Forget how the states came about: gradients of what is read next end here."""
        for layer in self.layers:
            layer.detach()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the cache to a safetensors file, atomically. Raises OSError, SafetensorError."""
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

    def load(self, path: str | os.PathLike[str], *, length: int | None = None) -> None:
        """Take over the contents of a saved cache; this one is left as it was if they do not fit.

        `length` is the number of tokens that it is to hold, where that is known. One tensor is in memory at a time.

        Raises:
            ValueError: the file is damaged, or was made with another model, AHN, S, W or kind: the message
            says which.
        """
        from safetensors import SafetensorError

        try:
            with open_tensors(path) as file:
                metadata = file.metadata
                if metadata.get("format") != _FORMAT:
                    raise ValueError(
                        f"{path} is not a saved cache of this version, so it is not loaded: read the "
                        "document again."
                    )
                self._check_identity(path, json.loads(metadata["identity"]))
                saved, offset = int(metadata["length"]), int(metadata["sink_offset"])
                if length is not None and saved != length:
                    raise ValueError(
                        f"{path} holds {saved} tokens in place of {length}, so it is not loaded."
                    )
                self._check_shapes(path, saved, file)
                self._take(saved, offset, file)
        except SafetensorError as error:
            raise ValueError(
                f"{path} is damaged ({error}), so it is not loaded: read the document again."
            ) from error

    def _check_shapes(self, path: str | os.PathLike[str], length: int, file: OpenTensors) -> None:
        rows = self._used_rows(length)
        for index, layer in enumerate(self.layers):
            for name, tensor in layer.tensors().items():
                shape = list(tensor.shape)
                if name != "state":
                    shape[0 if name == "gates" else 1] = rows[name]
                key = f"layers.{index}.{name}"
                place = file.places.get(key)
                if place is None or place.dtype not in DTYPES or list(place.shape) != shape:
                    raise ValueError(
                        f"{path} is damaged ({key} is not there in its shape), so it is not loaded: read the "
                        "document again."
                    )

    @torch.no_grad()
    def _take(self, length: int, sink_offset: int, file: OpenTensors) -> None:
        self._length, self._sink_offset, self._tail, self.outputs = length, sink_offset, None, None
        rows = self._used_rows(length)
        for index, layer in enumerate(self.layers):
            if self.layout.capacity is None:
                layer.reserve(length)
            for name, tensor in layer.tensors().items():
                _used(name, tensor, rows).copy_(file.read(f"layers.{index}.{name}"))

    def _used_rows(self, length: int | None = None) -> dict[str, int]:
        length = self._length if length is None else length
        sinks, window = self.layout.sinks_among(length), self.layout.in_window(length)
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
                f"{path} was made with another {' and another '.join(differing)}, so its contents would "
                "mean nothing here: "
                "read the document again or choose what it was made with."
            )


def _used(name: str, tensor: Tensor, rows: dict[str, int]) -> Tensor:
    """The part of a layer's tensor that has been written: rows beyond it are uninitialised."""
    if name == "state":
        return tensor
    return tensor[: rows[name]] if name == "gates" else tensor[:, : rows[name]]


def _check_size(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"{name} is {value!r}, below the least possible {least}, so no window can be kept: give an "
            f"integer from {least} up."
        )
