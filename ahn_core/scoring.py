"""How likely many short continuations are, computed in batches: the model as a judge of texts that are there already.

A cache holds one conversation, so scoring candidates one after the other would read the weights for each of them. Here
they are rows of one batch in plain full attention, with no cache and no memory: fit for a few hundred tokens a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .backbone import AHNForCausalLM

_BATCH_TOKENS = 2048  # of a batch, with padding: more do not make a processor faster and cost memory
_LOGIT_ROWS = 256  # logits of so many tokens exist at a time


@dataclass(frozen=True)
class Scored:
    """Log-probabilities (natural logarithm) of a continuation's tokens: their sum, and how many there are."""

    total: float
    count: int

    @property
    def mean(self) -> float:
        return self.total / self.count


@torch.inference_mode()
def score_continuations(
    model: AHNForCausalLM, prefix: Sequence[int], pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[Scored]:
    """The log-likelihood of each continuation, given `prefix` and the context before it.

    Args:
        prefix: token ids that all rows begin with; read once. May be empty.
        pairs: (context, continuation) of each row. A continuation has at least one token; prefix and context together
            have at least one, as the first token of a text has nothing to be judged by.

    Returns: one `Scored` a pair, in their order. Raises ValueError for an empty continuation or an empty beginning.
    """
    for context, continuation in pairs:
        if not continuation:
            raise ValueError("a continuation without tokens has no likelihood: give at least one token")
        if not prefix and not context:
            raise ValueError(
                "a continuation with nothing before it has no likelihood: give a prefix or a context"
            )
    result: list[Scored | None] = [None] * len(pairs)
    past = _read_prefix(model, prefix) if prefix else None
    for rows in _batches([len(context) + len(continuation) for context, continuation in pairs]):
        for row, scored in zip(rows, _score(model, past, [pairs[row] for row in rows]), strict=True):
            result[row] = scored
    return [scored for scored in result if scored is not None]


@dataclass(frozen=True)
class _Past:
    """What all rows attend to: each layer's keys and values of the prefix, [Hkv, P, D], and the prefix's last hidden
    state, [1, hidden]."""

    layers: list[tuple[Tensor, Tensor]]
    count: int
    last: Tensor


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of about the same length together, so that little is padded."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _read_prefix(model: AHNForCausalLM, prefix: Sequence[int]) -> _Past:
    hidden, layers = _read(model, torch.tensor([list(prefix)], device=model.device), None)
    return _Past([(k[0], v[0]) for k, v in layers], len(prefix), hidden[0, -1:])


def _score(
    model: AHNForCausalLM, past: _Past | None, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[Scored]:
    rows = [[*context, *continuation] for context, continuation in pairs]
    length = max(map(len, rows))
    # Padding stands at the end, where causal attention lets nothing see it.
    ids = torch.tensor([row + [0] * (length - len(row)) for row in rows], device=model.device)  # [B, T]
    hidden, _ = _read(model, ids, past)  # [B, T, hidden]
    states: list[Tensor] = []
    targets: list[int] = []
    for row, (context, continuation) in enumerate(pairs):
        first = len(context)
        if first == 0:
            assert past is not None
            states.append(past.last)
            states.append(hidden[row, : len(continuation) - 1])
        else:
            states.append(hidden[row, first - 1 : first - 1 + len(continuation)])
        targets += continuation
    losses = []
    for some, wanted in zip(
        torch.cat(states).split(_LOGIT_ROWS),
        torch.tensor(targets, device=model.device).split(_LOGIT_ROWS),
        strict=True,
    ):
        losses.append(F.cross_entropy(model.lm_head(some).float(), wanted, reduction="none"))
    counts = [len(continuation) for _, continuation in pairs]
    sums = [-float(part.sum()) for part in torch.cat(losses).cpu().split(counts)]
    return [Scored(total, count) for total, count in zip(sums, counts, strict=True)]


def _read(
    model: AHNForCausalLM, ids: Tensor, past: _Past | None
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """[B, T] -> normed hidden states [B, T, hidden], and each layer's keys and values [B, Hkv, T, D]."""
    batch, length = ids.shape
    before = past.count if past is not None else 0
    x = model.embed_tokens(ids).flatten(0, 1)  # [B T, hidden]
    cos, sin = model.rotary.table(before, length, device=x.device, dtype=x.dtype)  # [T, D]
    rotation = (cos.repeat(batch, 1), sin.repeat(batch, 1))  # [B T, D]
    mask = torch.ones(length, before + length, dtype=torch.bool, device=x.device).tril(before)
    kept = []
    for index, layer in enumerate(model.layers):
        projected = layer.self_attn.project(layer.input_layernorm(x), rotation)
        q = projected.q.unflatten(2, (batch, length)).permute(2, 0, 1, 3, 4).flatten(1, 2)  # [B, H, T, D]
        k = projected.k.unflatten(1, (batch, length)).transpose(0, 1)  # [B, Hkv, T, D]
        v = projected.v.unflatten(1, (batch, length)).transpose(0, 1)
        kept.append((k, v))
        if past is not None:
            k = torch.cat((past.layers[index][0].expand(batch, -1, -1, -1), k), dim=2)  # [B, Hkv, P + T, D]
            v = torch.cat((past.layers[index][1].expand(batch, -1, -1, -1), v), dim=2)
        groups = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)  # [B, H, P + T, D]
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # [B, H, T, D]
        x = layer.finish(x, attended.permute(0, 2, 1, 3).flatten(2).flatten(0, 1))
    return model.norm(x).unflatten(0, (batch, length)), kept
