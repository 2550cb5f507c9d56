"""The three memory cells: how a token leaving the window is written, and how the state is read.

A cell has no state of its own. Its recurrent state, [H, D, D] float32, belongs to the cache.
Tensor names are those of the published AHN-only checkpoints (arXiv 2510.07318 and its released weights).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import BackboneConfig, CellName

Rule = Literal["delta", "additive"]  # how a cell writes: see recurrence.py
# `ops.plain.TorchOps.recur`, or what computes the same.
Recurrence = Callable[
    [Rule, Tensor, Tensor, Tensor, "Tensor | None", Tensor, Tensor], "tuple[Tensor, Tensor]"
]

_NORM_EPS = 1e-5  # of the output norm; the queries and keys have 1e-6
_HALF_LIVES = (32.0, 16_384.0)  # tokens; a fresh gated cell spreads its heads over this range


class HeadwiseLinear(nn.Module):
    """One square map a head, `out[h] = x[h] @ weight[h]`; it starts at zero, so a new memory adds nothing."""

    def __init__(self, heads: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(heads, size, size))

    def forward(self, x: Tensor) -> Tensor:
        return torch.bmm(x, self.weight)  # [H, T, D]


class MemoryCell(nn.Module, ABC):
    """What the three cells share. Subclasses give the gates, the recurrence and the output norm."""

    rule: Rule
    has_decay: bool
    g_proj: nn.Linear  # the output gate, one number a head
    ignored_tensors: tuple[str, ...] = ()

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.heads, self.size = config.num_attention_heads, config.head_dim
        self.o_proj = HeadwiseLinear(self.heads, self.size)

    @property
    def gate_count(self) -> int:
        """How many write gates a head has: beta alone, or log_decay and beta."""
        return 2 if self.has_decay else 1

    @abstractmethod
    def write_gates(self, hidden: Tensor) -> Tensor:
        """Gates to write these tokens with: [T, hidden] -> [T, gate_count, H] float32, beta last."""

    @abstractmethod
    def _gated_norm(self, o: Tensor, hidden: Tensor) -> Tensor:
        """[H, T, D] float32 and the readers' hidden [T, hidden] -> [H, T, D] float32."""

    def scale_query(self, q: Tensor) -> Tensor:
        return q * self.size**-0.5

    def new_state(self, device: torch.device) -> Tensor:
        return torch.zeros(self.heads, self.size, self.size, dtype=torch.float32, device=device)

    def absorb_and_read(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        gates: Tensor,
        hidden: Tensor,
        state: Tensor,
        recur: Recurrence,
    ) -> tuple[Tensor, Tensor]:
        """Absorb n tokens one by one and read after each.

        Args:
            q: [H, n, D] queries of the readers.  k, v: [Hkv, n, D] keys and values of the tokens that leave
            the window.
            gates: [n, gate_count, H] write gates of the leaving tokens.  hidden: [n, hidden] of the readers.
            state: [H, D, D] float32.  recur: what computes the recurrence.

        Returns: what the memory adds to the attention output before the base's o_proj, [H, n, D] in q's
        dtype; new state.
        """
        groups = self.heads // k.shape[0]
        q_norm = self.scale_query(_l2_normalise(q))
        k_norm = _l2_normalise(k).repeat_interleave(groups, dim=0)  # [H, n, D]
        values = v.float().repeat_interleave(groups, dim=0)
        write = gates.permute(1, 2, 0)  # [gate_count, H, n]
        log_decay = write[0] if self.has_decay else None
        o, state = recur(self.rule, q_norm, k_norm, values, log_decay, write[-1], state)
        o = self._gated_norm(o, hidden).to(q.dtype)
        return self.o_proj(o), state

    @abstractmethod
    def reset_parameters(self, generator: torch.Generator) -> None:
        """Fill the parameters of an untrained cell; o_proj is zero, so that it adds nothing."""


class DeltaNet(MemoryCell):
    """Delta rule without decay: a key's old value is replaced, nothing fades."""

    rule = "delta"
    has_decay = False

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        self.b_proj = nn.Linear(config.hidden_size, self.heads, bias=False)
        self.g_proj = nn.Linear(config.hidden_size, self.heads, bias=False)
        self.o_norm = nn.RMSNorm(self.size, eps=_NORM_EPS)

    def write_gates(self, hidden: Tensor) -> Tensor:
        return self.b_proj(hidden).float().sigmoid()[:, None]  # [T, 1, H]

    def _gated_norm(self, o: Tensor, hidden: Tensor) -> Tensor:
        gate = F.silu(self.g_proj(hidden).float()).mT[..., None]  # [H, T, 1]
        return F.rms_norm(o, (self.size,), self.o_norm.weight.float(), _NORM_EPS) * gate

    def reset_parameters(self, generator: torch.Generator) -> None:
        for projection in (self.b_proj, self.g_proj):
            nn.init.normal_(projection.weight, std=0.02, generator=generator)
        nn.init.ones_(self.o_norm.weight)
        nn.init.zeros_(self.o_proj.weight)


class GatedDeltaNet(DeltaNet):
    """Delta rule with a decay a token and head: exp(-exp(A_log) softplus(a_proj h + dt_bias))."""

    has_decay = True
    ignored_tensors = ("D",)  # trained and published, but no reference code reads it

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        self.a_proj = nn.Linear(config.hidden_size, self.heads, bias=False)
        self.A_log = nn.Parameter(torch.empty(self.heads, dtype=torch.float32))
        self.dt_bias = nn.Parameter(torch.empty(self.heads, dtype=torch.float32))

    def write_gates(self, hidden: Tensor) -> Tensor:
        dt = F.softplus(self.a_proj(hidden).float() + self.dt_bias)  # [T, H]
        log_decay = -self.A_log.exp() * dt
        return torch.stack((log_decay, self.b_proj(hidden).float().sigmoid()), dim=1)  # [T, 2, H]

    def reset_parameters(self, generator: torch.Generator) -> None:
        super().reset_parameters(generator)
        nn.init.normal_(self.a_proj.weight, std=0.02, generator=generator)
        _spread_half_lives(self.A_log, self.dt_bias)


class Mamba2(MemoryCell):
    """State-space duality: S <- exp(dt A) S + dt k v^T; the gate comes before a norm over all heads."""

    rule = "additive"
    has_decay = True

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        self.dt_proj = nn.Linear(config.hidden_size, self.heads)
        self.g_proj = nn.Linear(config.hidden_size, self.heads)
        self.norm = nn.RMSNorm(self.heads * self.size, eps=_NORM_EPS)
        self.A_log = nn.Parameter(torch.empty(self.heads, dtype=torch.float32))
        self.dt_bias = nn.Parameter(torch.empty(self.heads, dtype=torch.float32))

    def write_gates(self, hidden: Tensor) -> Tensor:
        dt = F.softplus(self.dt_proj(hidden).float() + self.dt_bias)  # [T, H]
        return torch.stack((-self.A_log.exp() * dt, dt), dim=1)  # [T, 2, H]

    def scale_query(self, q: Tensor) -> Tensor:
        return q  # normalised, not scaled

    def _gated_norm(self, o: Tensor, hidden: Tensor) -> Tensor:
        gated = o.transpose(0, 1) * F.silu(self.g_proj(hidden).float())[..., None]  # [T, H, D]
        flat = F.rms_norm(gated.flatten(1), (self.heads * self.size,), self.norm.weight.float(), _NORM_EPS)
        return flat.unflatten(1, (self.heads, self.size)).transpose(0, 1)  # [H, T, D]

    def reset_parameters(self, generator: torch.Generator) -> None:
        for projection in (self.dt_proj, self.g_proj):
            nn.init.normal_(projection.weight, std=0.02, generator=generator)
            nn.init.zeros_(projection.bias)
        nn.init.ones_(self.norm.weight)
        nn.init.zeros_(self.o_proj.weight)
        _spread_half_lives(self.A_log, self.dt_bias)


CELLS: dict[CellName, type[MemoryCell]] = {
    "GatedDeltaNet": GatedDeltaNet,
    "DeltaNet": DeltaNet,
    "Mamba2": Mamba2,
}


def _l2_normalise(x: Tensor) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


@torch.no_grad()
def _spread_half_lives(A_log: Tensor, dt_bias: Tensor) -> None:
    """Give the heads half-lives from 32 to 16,384 tokens, evenly on a logarithmic scale.

    The usual start (A in 1 … 16, dt in 0.001 … 0.1) has a median half-life of 8 tokens: hardly a long memory.
    """
    shortest, longest = (math.log(tokens) for tokens in _HALF_LIVES)
    half_lives = torch.linspace(shortest, longest, A_log.numel(), dtype=torch.float64).exp()
    decay = math.log(2) / half_lives  # = A dt, in nats a token
    dt = decay.sqrt()
    A_log.copy_((decay / dt).log())
    dt_bias.copy_(torch.expm1(dt).log())  # inverse of softplus
