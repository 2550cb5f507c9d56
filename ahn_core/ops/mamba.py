"""mamba-ssm's GPU kernels for the additive rule of recurrence.py, Mamba2's; the delta rule is another backend's.

In the kernels' words: x is v, dt is beta, A dt is the log decay, B is k and C is q, one group a head, and the state is
kept with the value's size before the key's.
"""

from __future__ import annotations

import functools
import importlib.util

import torch
from torch import Tensor

from ..cells import Rule
from .guarded import GuardedOps, learning

_CHUNK = 256
_LEAST_DT = 1e-20  # below it a token writes nothing, and the decay a unit of time would be a division by zero


@functools.cache
def available() -> bool:
    """Whether mamba-ssm and triton are installed; whether they run shows when they are first used."""
    return all(importlib.util.find_spec(name) is not None for name in ("mamba_ssm", "triton"))


class MambaOps(GuardedOps):
    """The additive rule by mamba-ssm, with gradients; everything else as `otherwise` computes it."""

    package = "mamba"

    def knows(self, rule: Rule, q: Tensor) -> bool:
        return rule == "additive"

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
        assert log_decay is not None  # Mamba2 always decays
        if q.shape[1] == 1 and not learning(q, k, v, log_decay, beta, state):
            return _step(q, k, v, log_decay, beta, state)
        return _scan(q, k, v, log_decay, beta, state)


def _scan(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """Many tokens. The kernel multiplies A, one number a head, by dt, and our decay differs from token to token by
    more than dt does not say; so dt is the decay itself, A is -1, and what is written is scaled to make up for it.
    """
    from mamba_ssm.ops.triton.ssd_combined import mamba_chunk_scan_combined

    def time_first(x: Tensor) -> Tensor:  # [H, T, ...] -> [1, T, H, ...]
        return x.transpose(0, 1)[None].contiguous()

    dt = (-log_decay).clamp_min(_LEAST_DT)  # [H, T]
    written = v * (beta / dt)[..., None]
    o, final = mamba_chunk_scan_combined(
        time_first(written),
        time_first(dt),
        -torch.ones(q.shape[0], device=q.device),
        time_first(k),
        time_first(q),
        chunk_size=_CHUNK,
        initial_states=state.mT[None].contiguous(),
        return_final_states=True,
    )
    return o[0].transpose(0, 1), final[0].mT


def _step(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """One token, by the kernel that updates a state in place: a copy of it, as nothing here changes its arguments."""
    from mamba_ssm.ops.triton.selective_state_update import selective_state_update

    new = state.mT[None].contiguous().clone()  # [1, H, V, K]
    heads, keys, values = state.shape
    dt = (-log_decay).clamp_min(_LEAST_DT)  # [H, 1]
    written = v[:, 0] * (beta / dt)  # [H, V]
    zero = torch.zeros(1, 1, device=q.device).expand(
        heads, values
    )  # the package cannot do without bias and skip
    o = selective_state_update(
        new,
        written[None],
        dt[None].expand(1, heads, values),
        -torch.ones(1, 1, 1, device=q.device).expand(heads, values, keys),
        k[:, 0][None],
        q[:, 0][None],
        D=zero,
        dt_bias=zero,
    )
    return o[0][:, None], new[0].mT
