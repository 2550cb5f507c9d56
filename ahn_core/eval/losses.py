"""How well a memory predicts a long text: the cross-entropy of each token, by its distance from the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..backbone import AHNForCausalLM
from ..cache import Cache, CacheKind

READ_AT_ONCE = 512  # tokens; logits of so many exist at a time
_SWAPPED_EVERY = 256  # tokens; of a foreign state, what the text itself adds until then stays in it


@torch.no_grad()
def token_losses(
    model: AHNForCausalLM,
    input_ids: Tensor,
    cache: Cache,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Tensor:
    """Cross-entropy in nats of every token but the first, each given all before it.

    Args:
        input_ids: [T] int64, T >= 2.  cache: an empty cache of any kind; it holds T - 1 tokens afterwards.
        on_progress: called with the number of tokens read.

    Returns: [T - 1] float32 on the CPU; entry i is the loss of token i + 1.
    """
    if input_ids.dim() != 1 or input_ids.numel() < 2:
        raise ValueError(
            f"input_ids has shape {list(input_ids.shape)}, so no token has one before it: give [T] with T >= 2."
        )
    losses = []
    ids = input_ids.to(model.device)
    for start in range(0, ids.numel() - 1, READ_AT_ONCE):
        stop = min(start + READ_AT_ONCE, ids.numel() - 1)
        hidden = model.read(ids[None, start:stop], cache)
        logits = model.lm_head(hidden).float()  # [n, V]
        losses.append(F.cross_entropy(logits, ids[start + 1 : stop + 1], reduction="none").cpu())
        if on_progress is not None:
            on_progress(stop)
    return torch.cat(losses)


@torch.inference_mode()
def choice_probabilities(
    model: AHNForCausalLM, cache: Cache, prompt: Sequence[int], choices: Sequence[Sequence[int]]
) -> tuple[float, ...]:
    """How probable each choice is after `prompt`, among the choices, by its mean log-probability a token.

    `cache` has read what comes before; it reads prompt and choices and is then what it was, without a mark.
    """

    def feed(ids: Sequence[int]) -> Tensor:
        """Logits after each of the tokens, [n, V]."""
        return model(torch.tensor([list(ids)], device=model.device), past_key_values=cache).logits[0].float()

    tails, scores = [cache.mark()], []
    try:
        first = feed(prompt)[-1:]
        tails.append(cache.mark())
        for ids in choices:
            rows = first
            if len(ids) > 1:
                rows = torch.cat((first, feed(ids[:-1])))
                cache.rewind(tails[-1])
            scores.append(rows.log_softmax(-1)[range(len(ids)), list(ids)].mean())
    finally:
        for tail in reversed(tails):
            cache.rewind(tail)
        cache.unmark()
    return tuple(torch.stack(scores).softmax(0).tolist())


@dataclass(frozen=True)
class Closeness:
    """Means over the tokens after sinks and window: KL(full attention ‖ this), and cross-entropy, in nats a token."""

    divergence: float
    cross_entropy: float


@torch.no_grad()
def memory_worth(
    model: AHNForCausalLM,
    own: Tensor,
    other: Tensor,
    *,
    attention_sinks: int,
    sliding_window: int,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Closeness]:
    """How near full attention a text is read by "window", by "own" (AHN), and by "foreign": AHN whose state is
    replaced, every 256 tokens, by the one that reading another text as far has left; and "full" itself.

    What "foreign" gains over "window" makes up for any window that has lost something; what "own" gains over "foreign"
    is what the memory knows of this very text.

    Args:
        own, other: [T] int64 each, T - 1 > S + W.
        on_progress: called with the number of tokens read.
    """
    first = attention_sinks + sliding_window
    if own.dim() != 1 or own.shape != other.shape or own.numel() <= first + 1:
        raise ValueError(
            f"the texts have shapes {list(own.shape)} and {list(other.shape)}, and sinks and window hold {first} "
            "tokens, so there is nothing to compare: give two texts of one length, longer than that."
        )
    kinds: dict[str, CacheKind] = {"full": "full", "window": "window", "own": "ahn", "foreign": "ahn"}
    sizes = {"attention_sinks": attention_sinks, "sliding_window": sliding_window}
    caches = {name: model.make_cache(kind, **sizes) for name, kind in kinds.items()}
    elsewhere = model.make_cache("ahn", **sizes)
    sums = {name: torch.zeros(2, dtype=torch.float64) for name in kinds}
    own, other, last = own.to(model.device), other.to(model.device), own.numel() - 1
    for start in range(0, last, _SWAPPED_EVERY):
        stop = min(start + _SWAPPED_EVERY, last)
        for foreign, theirs in zip(caches["foreign"].layers, elsewhere.layers, strict=True):
            assert theirs.state is not None
            foreign.state = theirs.state.clone()
        hidden = {name: model.read(own[None, start:stop], cache) for name, cache in caches.items()}
        model.read(other[None, start:stop], elsewhere)
        counted = slice(max(first - start, 0), None)
        wanted = model.lm_head(hidden["full"][counted]).float().log_softmax(-1)
        for name, states in hidden.items():
            found = model.lm_head(states[counted]).float().log_softmax(-1)
            targets = own[start + 1 : stop + 1][counted]
            sums[name] += torch.tensor(
                (
                    float(F.kl_div(found, wanted, reduction="sum", log_target=True)),
                    float(F.nll_loss(found, targets, reduction="sum")),
                ),
                dtype=torch.float64,
            )
        if on_progress is not None:
            on_progress(stop)
    return {name: Closeness(*(total / (last - first)).tolist()) for name, total in sums.items()}


@dataclass(frozen=True)
class Bucket:
    """Mean cross-entropy in nats of the tokens at positions `start` … `stop` - 1, by memory kind."""

    start: int
    stop: int
    losses: Mapping[str, float]


def by_distance(losses: Mapping[str, Tensor], size: int) -> list[Bucket]:
    """Means over stretches of `size` tokens. A kind that ends earlier (full attention) is left out where it has no
    token.
    """
    longest = max(values.numel() for values in losses.values()) + 1
    buckets = []
    for start in range(0, longest, size):
        # Entry i is the loss of position i + 1; position 0 has none.
        means = {
            kind: float(part.mean())
            for kind, values in losses.items()
            if (part := values[max(start - 1, 0) : start + size - 1]).numel()
        }
        buckets.append(Bucket(start, min(start + size, longest), means))
    return buckets


def gap_recovered(losses: Mapping[str, Tensor], first: int) -> float | None:
    """(window - AHN) / (window - full) over the tokens that all three have, from position `first` on.

    `first` is S + W: before it nothing has been evicted and all three are equal. None where full attention is no better
    than the window, so that there is no gap, or where no token is left.
    """
    until = min(values.numel() for values in losses.values())
    full, window, ahn = (losses[kind][first:until].double().mean() for kind in ("full", "window", "ahn"))
    gap = float(window - full)
    return float(window - ahn) / gap if gap > 0 else None


def mean_losses(losses: Mapping[str, Tensor], first: int, until: int) -> dict[str, float]:
    """Mean cross-entropy of the tokens after position `first`, up to `until`, for each kind that reaches so far."""
    return {
        kind: float(values[first:until].double().mean())
        for kind, values in losses.items()
        if values.numel() >= min(until, max(other.numel() for other in losses.values()))
    }


def kinds_for(model: AHNForCausalLM, tokens: int) -> Sequence[tuple[CacheKind, int]]:
    """Which memories to measure, and how many tokens each can read: full attention ends at the trained length."""
    return (("full", min(tokens, model.config.max_position_embeddings)), ("window", tokens), ("ahn", tokens))
