"""A decoding step on a GPU, captured once as a CUDA graph and replayed for every token.

A token's few hundred small kernels take longer to launch one by one than to run. A graph replays them all at once, but
only with the same shapes and addresses: so what differs from token to token is copied into fixed tensors first, and
the number of keys is rounded up, the surplus hidden by a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..plan import Step
from .plain import Outputs, TorchOps, gathered
from .wrapped import WrappedOps, first_line

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM
    from ..cache import Cache

_KEYS = 256  # seen keys are rounded up to a multiple: a new graph is captured each time they outgrow it


@dataclass(frozen=True)
class _Shape:
    """What a graph cannot change: rows that are read, and which of the step's branches it takes."""

    seen: int
    is_sink: bool
    evicts: bool


class FixedStep:
    """A decoding step in which only the contents of tensors change; its `run` is the plain form of the graph."""

    def __init__(self, ops: TorchOps, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> None:
        """`step` and `x` [1, hidden] set the shapes; they are not computed yet. `ops` compute them."""
        self._ops = ops
        self.shape = shape_of(cache, step)
        self._model, self._layers = (
            model,
            cache.layers,
        )  # not the cache: it may go while a graph is kept for it
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
        self._outputs: Outputs = (x, None)
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
        x, outputs = self._x, []
        for layer, layer_cache in zip(self._model.layers, self._layers, strict=True):
            x, window, memory = layer.step(x, self._step, layer_cache, self._ops)
            outputs.append((window, memory))
        self._hidden, self._outputs = self._model.norm(x), gathered(outputs)

    def finish(self) -> tuple[Tensor, Outputs]:
        """Copies of the last hidden state, [1, hidden], and of the layers' outputs."""
        window, memory = self._outputs
        return self._hidden.clone(), (window.clone(), None if memory is None else memory.clone())


class GraphedStep(FixedStep):
    """The same, recorded once and replayed."""

    def __init__(self, ops: TorchOps, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> None:
        super().__init__(ops, model, cache, step, x)
        self.fill(step, x)
        # A run writes into the cache, and so would the one that warms the kernels up: put back what it changes.
        kept = [None if tensor is None else tensor.clone() for tensor in self._tensors]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        try:
            with torch.cuda.stream(stream):
                super().run()
        finally:
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


class GraphedOps(WrappedOps):
    """Another backend whose single tokens are replayed as graphs, one for each cache, as long as that works."""

    addition = "graphs"

    def __init__(self, inner: TorchOps, step: type[FixedStep] = GraphedStep) -> None:
        super().__init__(inner)
        self._step_kind = step
        self._steps: WeakKeyDictionary[Cache, FixedStep] = WeakKeyDictionary()

    def step(self, model: AHNForCausalLM, cache: Cache, step: Step, x: Tensor) -> tuple[Tensor, Outputs]:
        """One token; captures a graph where none fits."""
        fixed = None if self._given_up else self._steps.get(cache)
        if not self._given_up and (fixed is None or not fixed.fits(cache, step)):
            try:
                fixed = self._steps[cache] = self._step_kind(self._inner, model, cache, step, x)
            except torch.OutOfMemoryError:
                raise  # without a graph there would not be more memory
            except RuntimeError as error:  # what CUDA raises where a kernel cannot be captured
                self._give_up(
                    "no CUDA graph could be captured",
                    first_line(error),
                    "each token's kernels are launched anew",
                )
                self._steps.clear()
        if self._given_up or fixed is None:
            return self._inner.step(model, cache, step, x)
        fixed.fill(step, x)
        fixed.run()
        return fixed.finish()


def _tensors(cache: Cache) -> list[Tensor | None]:
    return [t for c in cache.layers for t in (c.keys, c.values, c.raw_sinks, c.gates, c.state)]


def _copies(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return pair[0].clone(), pair[1].clone()
