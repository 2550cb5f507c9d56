"""How likely a chosen token was, and which others were likely: what evaluation and the OpenAI protocol ask for."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class TokenLogprobs:
    """Natural logarithms of probabilities that the model itself gave, before temperature and penalties.

    `logprob` is that of `token_id`, which was chosen; `top` holds the likeliest tokens, best first, each as (token
    id, logarithm).
    """

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


def token_logprobs(logits: Tensor, token_id: int, count: int) -> TokenLogprobs:
    """Of logits [V] and the token that was chosen from them, with the `count` likeliest ones (0: none)."""
    scores = logits.float().log_softmax(-1)
    values, ids = scores.topk(min(count, len(scores)))
    top = tuple(zip(ids.tolist(), values.tolist(), strict=True))
    return TokenLogprobs(token_id, float(scores[token_id]), top)
