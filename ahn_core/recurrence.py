"""The two recurrences behind the three memory cells: as a plain loop, chunk-parallel, and for a single token.

Shapes, for H heads, T tokens, key size K and value size V:

    q, k             [H, T, K]   (already normalised, q already scaled)
    v                [H, T, V]
    log_decay, beta  [H, T]      log_decay <= 0; None means no decay
    state            [H, K, V]   float32

Every function returns (o [H, T, V], final state [H, K, V]) and leaves its arguments alone. The loops say what is
meant; the chunked forms run while reading, the steps while decoding. Token t is absorbed first, then the state
is read with q_t.

Delta rule: Yang et al., "Parallelizing Linear Transformers with the Delta Rule" (arXiv 2406.06484), gated as
in "Gated Delta Networks" (arXiv 2412.06464). Additive rule: Dao & Gu, "Transformers are SSMs" (arXiv
2405.21060).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 64


def delta_rule_loop(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """S <- exp(g) S;  S <- S + beta k (v - S^T k)^T;  o = S^T q, one token after the other."""
    outputs = []
    for t in range(q.shape[1]):
        if log_decay is not None:
            state = state * log_decay[:, t, None, None].exp()
        correction = v[:, t] - torch.einsum("hkv,hk->hv", state, k[:, t])  # [H, V]
        state = state + torch.einsum("hk,hv->hkv", k[:, t], beta[:, t, None] * correction)
        outputs.append(torch.einsum("hkv,hk->hv", state, q[:, t]))
    return torch.stack(outputs, dim=1), state


def additive_rule_loop(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """S <- exp(g) S + beta k v^T;  o = S^T q, one token after the other."""
    outputs = []
    for t in range(q.shape[1]):
        if log_decay is not None:
            state = state * log_decay[:, t, None, None].exp()
        state = state + torch.einsum("hk,hv->hkv", k[:, t], beta[:, t, None] * v[:, t])
        outputs.append(torch.einsum("hkv,hk->hv", state, q[:, t]))
    return torch.stack(outputs, dim=1), state


def delta_rule_chunked(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """The delta rule, `CHUNK` tokens at a time.

    Within a chunk that starts from S, with cumulative log decay G, the rows actually written, u, solve
    (I + A) u = beta (v - exp(G) k S) where A_ij = beta_i exp(G_i - G_j) (k_i . k_j) for j < i. The solve does
    not need S, so it is done for all chunks at once; only three small products a chunk run in sequence.
    """
    chunks = _Chunks.cut(q, k, v, log_decay, beta)
    strictly_lower = chunks.decay.tril(-1) * (chunks.k @ chunks.k.mT)  # [H, N, C, C]
    system = chunks.beta[..., None] * strictly_lower
    rows = chunks.beta[..., None] * torch.cat((chunks.v, chunks.k * chunks.since_start[..., None]), dim=-1)
    solved = torch.linalg.solve_triangular(system, rows, upper=False, unitriangular=True)  # [H, N, C, V + K]
    written, reads = solved.split((v.shape[-1], k.shape[-1]), dim=-1)
    return chunks.scan(written, reads, state)


def additive_rule_chunked(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """The additive rule, `CHUNK` tokens at a time: what is written does not depend on the state."""
    chunks = _Chunks.cut(q, k, v, log_decay, beta)
    return chunks.scan(chunks.beta[..., None] * chunks.v, None, state)


def delta_rule_step(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """The delta rule for exactly one token: [H, 1, ...] in, [H, 1, V] out, in four batched products."""
    state = _decayed(log_decay, state)
    correction = torch.baddbmm(v, k, state, alpha=-1)  # [H, 1, V]
    state = torch.baddbmm(state, k.mT, correction * beta[..., None])
    return torch.bmm(q, state), state


def additive_rule_step(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """The additive rule for exactly one token: [H, 1, ...] in, [H, 1, V] out."""
    state = torch.baddbmm(_decayed(log_decay, state), k.mT, v * beta[..., None])
    return torch.bmm(q, state), state


def _decayed(log_decay: Tensor | None, state: Tensor) -> Tensor:
    return state if log_decay is None else state * log_decay.exp()[..., None]


class _Chunks:
    """A sequence cut into N chunks of C tokens, with the decays inside each. The tail is padded with
    tokens of beta 0.
    """

    def __init__(
        self, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor, length: int
    ) -> None:
        self.q, self.k, self.v, self.beta, self.length = q, k, v, beta, length  # [H, N, C, ...]
        size = q.shape[2]
        keep = torch.ones(size, size, dtype=torch.bool, device=q.device).tril()
        if log_decay is None:
            self.decay = keep.to(q.dtype)  # [C, C]
            self.since_start = torch.ones_like(beta)
            self.until_end = torch.ones_like(beta)
        else:
            total = log_decay.cumsum(-1)  # [H, N, C]
            difference = (total[..., :, None] - total[..., None, :]).masked_fill(~keep, -torch.inf)
            self.decay = difference.exp()  # [H, N, C, C], exp(G_i - G_j) for j <= i, else 0
            self.since_start = total.exp()
            self.until_end = (total[..., -1:] - total).exp()

    @classmethod
    def cut(cls, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None, beta: Tensor) -> _Chunks:
        length = q.shape[1]
        size = min(CHUNK, length)
        padding = -length % size

        def chunk(x: Tensor) -> Tensor:  # [H, T, ...] -> [H, N, C, ...]
            if padding:
                x = F.pad(x, (0, 0) * (x.dim() - 2) + (0, padding))
            return x.unflatten(1, (-1, size))

        return cls(
            chunk(q), chunk(k), chunk(v), None if log_decay is None else chunk(log_decay), chunk(beta), length
        )

    def scan(self, written: Tensor, reads: Tensor | None, state: Tensor) -> tuple[Tensor, Tensor]:
        """Carry the state from chunk to chunk. `written` [H, N, C, V]; `reads` [H, N, C, K] is what the
        state takes off it.
        """
        inside = (self.decay * (self.q @ self.k.mT)).unbind(1)  # N of [H, C, C]
        q_start = (self.q * self.since_start[..., None]).unbind(1)  # N of [H, C, K]
        k_end = (self.k * self.until_end[..., None]).mT.unbind(1)  # N of [H, K, C]
        chunk_decay = self.since_start[..., -1, None, None].unbind(1)  # N of [H, 1, 1]
        rows_of = written.unbind(
            1
        )  # unbound, not sliced: the gradient of a slice is as large as what it is cut from
        reads_of = None if reads is None else reads.unbind(1)
        outputs = []
        for n, rows in enumerate(rows_of):
            if reads_of is not None:
                rows = torch.baddbmm(rows, reads_of[n], state, alpha=-1)
            outputs.append(torch.baddbmm(inside[n] @ rows, q_start[n], state))
            state = torch.baddbmm(chunk_decay[n] * state, k_end[n], rows)
        return torch.cat(outputs, dim=1)[:, : self.length], state
