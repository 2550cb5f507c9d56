"""A decoding step on a GPU, captured once as a CUDA graph and replayed for every token.

A token's few hundred small kernels take longer to launch one by one than to run. A graph replays them all at once, but
only with the same shapes and addresses: so what differs from token to token is copied into fixed tensors first, and
the number of keys is rounded up, the surplus hidden by a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .reading import Step

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM
    from .cache import Cache

_KEYS = 256  # seen keys are rounded up to a multiple: a new graph is captured each time they outgrow it


@dataclass(frozen=True)
class _Shape:
    """What a graph cannot change: rows that are read, and which of the step's branches it takes."""

    seen: int
    is_sink: bool
    evicts: bool


class FixedStep:
    """A decoding step in which only the contents of tensors change; its `run` is the plain form of the graph."""

    def __init__(self, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> None:
        """`step` and `x` [1, hidden] set the shapes; they are not computed yet."""
        self.shape = shape_of(cache, step)
        self._model, self._cache = model, cache
        self._x = x.clone()
        self._step = Step(
            row=step.row.clone(),
            slot=None if step.slot is None else step.slot.clone(),
            seen=self.shape.seen,
            rotation=_copies(step.rotation),
            evicted_rotation=None if step.evicted_rotation is None else _copies(step.evicted_rotation),
            mask=x.new_zeros(1, self.shape.seen),
        )
        self._tensors = _tensors(cache)
        self._outputs: list[tuple[Tensor, Tensor | None]] = []
        self._hidden = x

    def fits(self, cache: Cache, step: Step) -> bool:
        """Whether it can compute this step: nothing has other shapes, and no tensor of the cache has been replaced."""
        if shape_of(cache, step) != self.shape:
            return False
        return all(now is then for now, then in zip(_tensors(cache), self._tensors, strict=True))

    def fill(self, step: Step, x: Tensor) -> None:
        """Copy what is new about this token to where the step reads it."""
        self._x.copy_(x)
        self._step.row.copy_(step.row)
        pairs = [(self._step.rotation, step.rotation)]
        if step.slot is not None and self._step.slot is not None:
            self._step.slot.copy_(step.slot)
        if step.evicted_rotation is not None and self._step.evicted_rotation is not None:
            pairs.append((self._step.evicted_rotation, step.evicted_rotation))
        for ours, theirs in pairs:
            for a, b in zip(ours, theirs, strict=True):
                a.copy_(b)
        assert self._step.mask is not None
        self._step.mask[:, : step.seen] = 0
        self._step.mask[:, step.seen :] = -torch.inf

    def run(self) -> None:
        """Compute the step from what `fill` copied."""
        x, self._outputs = self._x, []
        for layer, layer_cache in zip(self._model.layers, self._cache.layers, strict=True):
            x, window, memory = layer.step(x, self._step, layer_cache)
            self._outputs.append((window, memory))
        self._hidden = self._model.norm(x)

    def finish(self) -> Tensor:
        """Hand the outputs to the cache and return the last hidden state, [1, hidden], a copy."""
        for layer_cache, (window, memory) in zip(self._cache.layers, self._outputs, strict=True):
            layer_cache.window_output, layer_cache.memory_output = window, memory
        return self._hidden.clone()


class GraphedStep(FixedStep):
    """The same, recorded once and replayed."""

    def __init__(self, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> None:
        super().__init__(model, cache, step, x)
        self.fill(step, x)
        # A run writes into the cache, and so would the one that warms the kernels up: put back what it changes.
        kept = [None if tensor is None else tensor.clone() for tensor in self._tensors]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            super().run()
        torch.cuda.current_stream().wait_stream(stream)
        for tensor, before in zip(self._tensors, kept, strict=True):
            if tensor is not None and before is not None:
                tensor.copy_(before)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            super().run()

    def run(self) -> None:
        self._graph.replay()


def shape_of(cache: Cache, step: Step) -> _Shape:
    """The shape of a step, its keys rounded up as far as the buffer goes."""
    rows = cache.layers[0].keys.shape[1]
    seen = min(-(-step.seen // _KEYS) * _KEYS, rows)
    return _Shape(seen, step.slot is None, step.evicted_rotation is not None)


def graphed(model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> Tensor:
    """One token, [1, hidden] -> its last hidden state, normed, [1, hidden]; captures a graph where none fits."""
    if cache.graph is None or not cache.graph.fits(cache, step):
        cache.graph = GraphedStep(model, cache, step, x)
    cache.graph.fill(step, x)
    cache.graph.run()
    return cache.graph.finish()


def _tensors(cache: Cache) -> list[Tensor | None]:
    return [t for c in cache.layers for t in (c.keys, c.values, c.raw_sinks, c.gates, c.state)]


def _copies(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return pair[0].clone(), pair[1].clone()
