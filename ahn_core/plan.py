"""What one call of T tokens sees and moves: worked out once, then used by every layer.

A call brings positions p … p + T - 1. The query at position t sees the sinks 0 … S-1 and the window t-W+1 …
t, and, if the cache has a memory, reads it after position t-W has been absorbed. Queries are cut into blocks
at multiples of `QUERY_BLOCK`, counted from the start of the text and not of the call: a split into calls then
changes nothing that is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .config import SinkPositions
from .rope import Rotary

KeysValues = tuple[Tensor, Tensor]  # [Hkv, N, D] each

# Queries that share one slice of the window, and, with capped sinks, one place for them. Part of what capped
# sinks compute.
QUERY_BLOCK = 256


@dataclass(frozen=True)
class Band:
    """Which keys each query of a block sees: the queries are at positions `first` … `end` - 1, the keys are the first
    `sinks` sinks and then those at `low` … `end` - 1. A query sees sinks up to itself, and the last `sliding_window`
    positions, its own included.
    """

    first: int
    end: int
    sinks: int
    low: int
    sliding_window: int
    device: torch.device
    dtype: torch.dtype

    @cached_property
    def mask(self) -> Tensor | None:
        """[queries, sinks + window] to add to the scores, made once for all layers; None when every key is visible."""
        if self.end - self.first == 1:
            return None
        queries = torch.arange(self.first, self.end, device=self.device)[:, None]
        sinks = torch.arange(self.sinks, device=self.device)
        keys = torch.cat((sinks, torch.arange(self.low, self.end, device=self.device)))
        hidden = keys > queries
        hidden |= (keys >= self.sinks) & (keys <= queries - self.sliding_window)
        mask = torch.zeros(hidden.shape, dtype=self.dtype, device=self.device)
        return mask.masked_fill_(hidden, -torch.inf)


@dataclass(frozen=True)
class QueryBlock:
    """Queries `rows` of the call see the first `sinks` sinks and `window` of the span (ring in order, then
    new tokens).
    """

    rows: slice
    sinks: int
    window: slice
    band: Band
    sink_rotation: (
        tuple[Tensor, Tensor] | None
    )  # (cos, sin) [sinks, D] of the place capped sinks have for this block


@dataclass(frozen=True)
class Eviction:
    """Tokens the call pushes out of the window: `tokens` of the span, each absorbed just before its reader
    reads.
    """

    tokens: slice
    first_reader: int  # row of the call's queries
    rotation: tuple[Tensor, Tensor]  # (cos, sin) [n, D] at the tokens' positions


@dataclass(frozen=True)
class Call:
    """One call's plan. `ring` gives the slices of the ring that, joined, are the window before the call,
    oldest first.
    """

    start: int
    count: int
    rotation: tuple[Tensor, Tensor]  # (cos, sin) [T, D] of the new positions
    new_sinks: int
    ring: tuple[slice, ...]
    blocks: tuple[QueryBlock, ...]
    eviction: Eviction | None

    @property
    def stop(self) -> int:
        return self.start + self.count


@dataclass(frozen=True)
class Step:
    """The plan of one new token. What differs from token to token is in tensors or in `seen`, so that one compiled
    step serves them all.
    """

    row: Tensor  # [1] int64, the row of the buffer it takes, over the token that leaves
    slot: Tensor | None  # [1] int64, the same counted from the ring's first row; None for a sink
    seen: int  # rows that hold tokens once it is written
    rotation: tuple[Tensor, Tensor]  # (cos, sin) [1, D] of its position
    evicted_rotation: tuple[Tensor, Tensor] | None  # that of the token that leaves; None while nothing does
    mask: Tensor | None = None  # [1, seen] to add to the scores, where `seen` counts rows that hold none yet


@dataclass(frozen=True)
class Layout:
    """Where a token is kept: S sinks, then a ring of W slots. `full` attention is the case in which every
    token is a sink.
    """

    attention_sinks: int | None  # None: no end to them (full attention)
    sliding_window: int
    sink_positions: SinkPositions

    @property
    def capacity(self) -> int | None:
        return None if self.attention_sinks is None else self.attention_sinks + self.sliding_window

    @property
    def caps_sinks(self) -> bool:
        return self.sink_positions == "capped" and bool(self.attention_sinks)

    def sinks_among(self, position: int) -> int:
        """How many of the positions before `position` are sinks."""
        return position if self.attention_sinks is None else min(position, self.attention_sinks)

    def in_window(self, position: int) -> int:
        """How many tokens the ring holds when the next token has this position."""
        return min(position - self.sinks_among(position), self.sliding_window)

    def slot(self, position: int) -> int:
        """Row of the key-value buffer (sinks first, then the ring) that holds this position."""
        sinks = self.sinks_among(position)
        return position if sinks == position else sinks + (position - sinks) % self.sliding_window

    def sink_offset(self, position: int) -> int:
        """How far capped sinks have moved for the query at `position`; 0 while nothing is evicted."""
        if not self.caps_sinks:
            return 0
        assert self.capacity is not None
        return max(0, position // QUERY_BLOCK * QUERY_BLOCK - self.capacity + 1)

    def plan(
        self,
        start: int,
        count: int,
        rotary: Rotary,
        device: torch.device,
        dtype: torch.dtype,
        query_block: int | None = None,
    ) -> Call:
        """Plan a call of `count` tokens whose first has position `start`; `query_block` in the place of `QUERY_BLOCK`,
        but for capped sinks, whose places it is part of, and full attention beside them, which is to compute the same.
        """
        size = QUERY_BLOCK if query_block is None or self.sink_positions == "capped" else query_block
        stop, kept = start + count, self.in_window(start)
        span_start = max(start - kept, self.sinks_among(stop))  # position of the span's first token
        blocks, first = [], start
        while first < stop:
            end = min(stop, (first // size + 1) * size)
            blocks.append(self._block(first, end, start, span_start, rotary, device, dtype))
            first = end
        return Call(
            start=start,
            count=count,
            rotation=rotary.table(start, count, device=device, dtype=dtype),
            new_sinks=self.sinks_among(stop) - self.sinks_among(start),
            ring=self._ring_in_order(start, kept),
            blocks=tuple(blocks),
            eviction=self._eviction(start, stop, span_start, rotary, device, dtype),
        )

    def plan_step(self, position: int, rotary: Rotary, device: torch.device, dtype: torch.dtype) -> Step:
        """Plan the one token at `position`."""
        row, sinks = self.slot(position), self.attention_sinks or 0
        is_sink = self.attention_sinks is None or position < sinks
        evicts = self.capacity is not None and position >= self.capacity
        return Step(  # filled on the device: a copy from the host would wait for all that is queued there
            row=torch.full((1,), row, device=device),
            slot=None if is_sink else torch.full((1,), row - sinks, device=device),
            seen=position + 1 if self.capacity is None else min(position + 1, self.capacity),
            rotation=rotary.at(position, device=device, dtype=dtype),
            evicted_rotation=rotary.at(position - self.sliding_window, device=device, dtype=dtype)
            if evicts
            else None,
        )

    def _ring_in_order(self, start: int, kept: int) -> tuple[slice, ...]:
        if not kept:
            return ()
        sinks = self.sinks_among(start)
        oldest = (start - kept - sinks) % self.sliding_window
        if not oldest:
            return (slice(sinks, sinks + kept),)
        return (slice(sinks + oldest, sinks + self.sliding_window), slice(sinks, sinks + oldest))

    def _block(
        self,
        first: int,
        end: int,
        start: int,
        span_start: int,
        rotary: Rotary,
        device: torch.device,
        dtype: torch.dtype,
    ) -> QueryBlock:
        sinks = self.sinks_among(end)
        # Oldest position in the window of the first query.
        low = min(max(sinks, first - self.sliding_window + 1), end)
        rotation = None
        if self.caps_sinks:
            rotation = rotary.table(self.sink_offset(first), sinks, device=device, dtype=dtype)
        return QueryBlock(
            rows=slice(first - start, end - start),
            sinks=sinks,
            window=slice(low - span_start, end - span_start) if end > low else slice(0, 0),
            band=Band(first, end, sinks, low, self.sliding_window, device, dtype),
            sink_rotation=rotation,
        )

    def _eviction(
        self, start: int, stop: int, span_start: int, rotary: Rotary, device: torch.device, dtype: torch.dtype
    ) -> Eviction | None:
        if self.capacity is None or stop <= self.capacity:
            return None
        reader = max(start, self.capacity)
        oldest, count = reader - self.sliding_window, stop - reader
        return Eviction(
            tokens=slice(oldest - span_start, oldest - span_start + count),
            first_reader=reader - start,
            rotation=rotary.table(oldest, count, device=device, dtype=dtype),
        )
