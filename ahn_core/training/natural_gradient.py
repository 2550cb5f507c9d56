"""Natural gradient of the memory's linear maps, after K-FAC (Martens & Grosse, arXiv 1503.05671).

Of a map y = x W the curvature of the loss is taken to be A (x) L, with A the second moments of its inputs x and L those
of the loss's slopes at its outputs y, a head at a time; the step is A^-1 G L^-1. Heads whose outputs matter a hundred
times more than others', and inputs that hardly vary, then no longer share one step size.

A and L are means over tokens, and over the last steps with weights that fall geometrically.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..cells import HeadwiseLinear

_MEMORY = 0.9  # weight of what was before, each step
# Added to the moments' eigenvalues, as a share of their mean; the inputs' larger one keeps steps small in directions
# that hardly occur.
_INPUT_DAMPING, _SLOPE_DAMPING = 0.3, 0.05
# How much faster an output map learns to give back the values themselves, scaled, than anything else. What a state
# holds of one text and not of others shows in this direction long before it does in a whole matrix
# (docs/experiments/training.md).
_UNIT_RATE = 40.0


class LinearCurvature:
    """Collects the moments of one map while the model reads, and turns its gradients with them."""

    def __init__(self, module: nn.Linear | HeadwiseLinear) -> None:
        self._headwise = isinstance(module, HeadwiseLinear)
        weight = module.weight if self._headwise else module.weight.T[None]  # [heads, in, out]
        heads, inputs, outputs = weight.shape
        self.sums = {  # what is kept between steps, and what this step has added
            "inputs": weight.new_zeros(heads, inputs, inputs, dtype=torch.float32),
            "slopes": weight.new_zeros(heads, outputs, outputs, dtype=torch.float32),
            "tokens": weight.new_zeros((), dtype=torch.float32),
        }
        self.added = {name: torch.zeros_like(total) for name, total in self.sums.items()}
        module.register_forward_hook(self._watch)

    def _watch(self, _module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if not output.requires_grad:
            return
        x = inputs[0].detach()
        output.register_hook(lambda slope: self._add(x, slope))

    def _add(self, x: Tensor, slope: Tensor) -> None:
        x, slope = x.float(), slope.float()
        if not self._headwise:
            x, slope = x[None], slope[None]
        self.added["inputs"] += x.mT @ x
        self.added["slopes"] += slope.mT @ slope
        self.added["tokens"] += x.shape[1]

    def absorb(self) -> None:
        """Take what this step has added, by now that of all processes, into the means."""
        for name, total in self.sums.items():
            total.mul_(_MEMORY).add_(self.added[name])
            self.added[name].zero_()

    def turn(self, gradient: Tensor) -> Tensor:
        """A^-1 G L^-1 of a gradient in the weight's layout."""
        plain = gradient if self._headwise else gradient.T[None]
        inputs, slopes = (self.sums[name] / self.sums["tokens"] for name in ("inputs", "slopes"))
        turned = _damped_inverse(inputs, _INPUT_DAMPING) @ plain @ _damped_inverse(slopes, _SLOPE_DAMPING)
        if not self._headwise:
            return turned[0].T
        return turned + _UNIT_RATE * _along_unit(plain, inputs, slopes)


def _along_unit(gradient: Tensor, inputs: Tensor, slopes: Tensor) -> Tensor:
    """The natural gradient of a map [heads, D, D] that may only move by multiples of the unit matrix."""
    slope = gradient.diagonal(dim1=-2, dim2=-1).sum(-1)
    curvature = (inputs * slopes.mT).sum((-2, -1))
    size = torch.where(curvature > 0, slope / curvature, 0.0)
    return size[:, None, None] * torch.eye(gradient.shape[-1], device=gradient.device)


def _damped_inverse(moments: Tensor, damping: float) -> Tensor:
    """[heads, n, n]. A head whose slopes or inputs were all zero gets zeros: its gradient is zero too."""
    mean = moments.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None]
    values, vectors = torch.linalg.eigh(moments)
    inverse = torch.where(mean > 0, 1 / (values.clamp(min=0) + damping * mean), 0.0)
    return vectors * inverse[:, None, :] @ vectors.mT


class NaturalGradient:
    """The steps of the maps it is given, by name; everything else stays with another optimizer."""

    def __init__(self, modules: dict[str, nn.Linear | HeadwiseLinear], masters: dict[str, Tensor]) -> None:
        """`modules` by the names of their weights; `masters` holds these in float32, and is written to."""
        self._masters = masters
        self._curvature = {name: LinearCurvature(module) for name, module in modules.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._curvature

    def moments(self) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """What a checkpoint keeps of each weight; a resumed run copies into it."""
        for name, curvature in self._curvature.items():
            yield name, curvature.sums

    def new_moments(self) -> Iterator[tuple[dict[str, Tensor], str]]:
        """Each tensor that processes add up before `step`, as its owner and key."""
        for curvature in self._curvature.values():
            for key in curvature.added:
                yield curvature.added, key

    @torch.no_grad()
    def step(self, gradients: dict[str, Tensor | None], rate: float, most: float) -> None:
        """Subtract `rate` times the turned gradients, or less: to first order a step lowers the loss by no more than
        `most`, which is all there is of it.
        """
        turned = {}
        for name, curvature in self._curvature.items():
            curvature.absorb()
            gradient = gradients[name]
            if gradient is not None:
                turned[name] = (gradient, curvature.turn(gradient))
        promised = rate * sum(float((g * t).sum()) for g, t in turned.values())
        if promised > most:
            rate *= most / promised
        for name, (_gradient, step) in turned.items():
            self._masters[name] -= rate * step


def linear_maps(named: dict[str, Any], endings: tuple[str, ...]) -> dict[str, nn.Linear | HeadwiseLinear]:
    """The modules whose name ends with one of `endings`, by the names of their weights."""
    return {f"{name}.weight": module for name, module in named.items() if name.endswith(endings)}
