"""flash-linear-attention's GPU kernels for the two recurrences of recurrence.py, which says what they compute."""

from __future__ import annotations

import functools
import importlib.util

from torch import Tensor

# Up to this many tokens a step-by-step kernel beats the chunked one; fla's own layers switch at the same
# length.
_RECURRENT_UP_TO = 64


@functools.cache
def available() -> bool:
    """Whether fla and triton are installed. They are not needed: without them the torch forms run, also on
    a GPU.
    """
    return all(importlib.util.find_spec(name) is not None for name in ("fla", "triton"))


def run(
    additive: bool, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """Shapes and meaning as in recurrence.py; `additive` chooses Mamba2's rule, else the delta rule."""

    def time_first(x: Tensor) -> Tensor:  # [H, T, ...] -> [1, T, H, ...]
        return x.transpose(0, 1)[None].contiguous()

    q, k, v, beta = (time_first(x) for x in (q, k, v, beta))
    common = {"scale": 1.0, "initial_state": state[None], "output_final_state": True}
    # Not every step-by-step kernel has a backward pass.
    learning = any(x.requires_grad for x in (q, k, v, beta, state))
    short = q.shape[1] <= _RECURRENT_UP_TO and not learning
    if additive:
        assert log_decay is not None  # Mamba2 always decays
        from fla.ops.simple_gla import chunk_simple_gla, fused_recurrent_simple_gla

        gla = fused_recurrent_simple_gla if short else chunk_simple_gla
        o, final = gla(q, k, v * beta[..., None], g=time_first(log_decay), **common)
    elif log_decay is None:
        from fla.ops.delta_rule import chunk_delta_rule, fused_recurrent_delta_rule

        delta = fused_recurrent_delta_rule if short else chunk_delta_rule
        o, final = delta(q, k, v, beta, **common)
    else:
        from fla.ops.gated_delta_rule import chunk_gated_delta_rule, fused_recurrent_gated_delta_rule

        gated = fused_recurrent_gated_delta_rule if short else chunk_gated_delta_rule
        o, final = gated(q, k, v, g=time_first(log_decay), beta=beta, **common)
    return o[0].transpose(0, 1), final[0]
