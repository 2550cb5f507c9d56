"""flash-linear-attention's GPU kernels for the two recurrences of recurrence.py, which says what they compute."""

from __future__ import annotations

import functools
import importlib.util

import torch
from torch import Tensor

from ..cells import Rule
from .guarded import GuardedOps, learning

# Up to this many tokens a step-by-step kernel beats the chunked one; fla's own layers switch at the same
# length.
_RECURRENT_UP_TO = 64


@functools.cache
def available() -> bool:
    """Whether fla and triton are installed. They are not needed: without them the torch forms run, also on
    a GPU.
    """
    return all(importlib.util.find_spec(name) is not None for name in ("fla", "triton"))


class FlaOps(GuardedOps):
    """Both recurrences by fla, with gradients; everything else by torch."""

    package = "fla"

    def knows(self, rule: Rule, q: Tensor) -> bool:
        return True

    def kernel(
        self,
        rule: Rule,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        log_decay: Tensor | None,
        beta: Tensor,
        state: Tensor,
    ) -> tuple[Tensor, Tensor]:
        def time_first(x: Tensor) -> Tensor:  # [H, T, ...] -> [1, T, H, ...]
            return x.transpose(0, 1)[None].contiguous()

        q, k, v, beta = (time_first(x) for x in (q, k, v, beta))
        common = {"scale": 1.0, "initial_state": state[None], "output_final_state": True}
        # Not every step-by-step kernel has a backward pass.
        short = q.shape[1] <= _RECURRENT_UP_TO and not learning(q, k, v, log_decay, beta, state)
        if rule == "additive":
            assert log_decay is not None  # Mamba2 always decays
            from fla.ops.simple_gla import chunk_simple_gla, fused_recurrent_simple_gla

            gla = fused_recurrent_simple_gla if short else chunk_simple_gla
            o, final = gla(q, k, v * beta[..., None], g=time_first(log_decay), **common)
        elif log_decay is None and short:
            from fla.ops.delta_rule import fused_recurrent_delta_rule

            o, final = fused_recurrent_delta_rule(q, k, v, beta, **common)
        else:
            from fla.ops.gated_delta_rule import chunk_gated_delta_rule, fused_recurrent_gated_delta_rule

            # The chunked rule without decay takes no float32, and the one with decay does.
            decay = torch.zeros_like(beta) if log_decay is None else time_first(log_decay)
            gated = fused_recurrent_gated_delta_rule if short else chunk_gated_delta_rule
            o, final = gated(q, k, v, g=decay, beta=beta, **common)
        return o[0].transpose(0, 1), final[0]
