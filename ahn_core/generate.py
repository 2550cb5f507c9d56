"""`AHNForCausalLM.generate`: for people who come from transformers, with its arguments and its results.

The tokens equal those of transformers' own `generate` for the same weights, greedy and, after `torch.manual_seed`,
drawn: the same processors in the same order, the same draw. What is not taken is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from .cache import Cache
from .sampling import Processor, logits_processors

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM

DEFAULT_NEW_TOKENS = 20  # transformers' own
Criterion = Callable[
    [Tensor, Tensor], Any
]  # ids [1, T], scores [1, V] -> true to end: a bool or a tensor of one

# What transformers takes besides, with the values at which it changes nothing.
_NEUTRAL: dict[str, tuple[object, ...]] = {
    "num_beams": (1, None),
    "num_return_sequences": (1, None),
    "num_beam_groups": (1, None),
    "use_cache": (True, None),
    "return_dict_in_generate": (False, None),
    "output_scores": (False, None),
    "output_logits": (False, None),
    "output_attentions": (False, None),
    "output_hidden_states": (False, None),
    "no_repeat_ngram_size": (0, None),
    "length_penalty": (1.0, None),
    "typical_p": (1.0, None),
    "early_stopping": (False, None),
    "synced_gpus": (False, None),
}
_INSTEAD = {
    "inputs": "give the tokens as input_ids",
    "inputs_embeds": "give the tokens as input_ids",
    "num_beams": "one sequence is kept, the likeliest or a drawn one",
    "num_return_sequences": "call generate again for another one",
    "use_cache": "the cache is what the memory is",
    "return_dict_in_generate": "the ids [1, T + N] are returned, and a streamer or stopping criterion sees each step",
    "output_scores": "a stopping criterion sees the scores of each step",
    "generation_config": "give its values as arguments",
    "stop_strings": "give a stopping criterion, or use ahn_core.stream_generate(stop=…)",
    "assistant_model": "there is no speculative decoding",
}


class Streamer(Protocol):
    """transformers' streamers: `put` gets the prompt [1, T] and then each token [1], on the CPU."""

    def put(self, value: Tensor) -> None: ...
    def end(self) -> None: ...


@torch.no_grad()
def generate(
    model: AHNForCausalLM,
    input_ids: Tensor,
    *,
    past_key_values: Cache | None,
    attention_mask: Tensor | None,
    max_new_tokens: int | None,
    max_length: int | None,
    do_sample: bool,
    temperature: float,
    top_p: float,
    top_k: int,
    min_p: float | None,
    repetition_penalty: float,
    eos_token_id: int | Sequence[int] | None,
    streamer: Streamer | None,
    stopping_criteria: Sequence[Criterion] | None,
    logits_processor: Sequence[Processor] | None,
    others: dict[str, Any],
) -> Tensor:
    """See `AHNForCausalLM.generate`."""
    _refuse(others)
    _check_ids(input_ids, attention_mask)
    count = input_ids.shape[1]
    limit = _limit(count, max_new_tokens, max_length)
    cache = past_key_values
    if cache is None:
        fits = count + limit <= model.default_attention_sinks + model.default_sliding_window
        cache = model.make_cache("full" if fits else "ahn")  # the same while nothing leaves the window
    known = cache.get_seq_length()
    if known >= count:
        raise ValueError(
            f"past_key_values holds {known:,} tokens and input_ids {count:,}, so there is nothing new to read: give "
            "all ids of the conversation, those that the cache has read too."
        )
    ends = set(model.config.eos_token_ids if eos_token_id is None else _as_list(eos_token_id))
    process = logits_processors(
        do_sample, temperature, top_p, top_k, min_p, repetition_penalty, logits_processor or ()
    )
    if streamer is not None:
        streamer.put(input_ids.cpu())
    ids = input_ids.to(model.device)
    chunk = model.ops.reading_chunk
    for start in range(known, count, chunk):
        state = model.read(ids[:, start : min(start + chunk, count)], cache)[-1:]
    for step in range(limit):
        if step:
            state = model.read(ids[:, -1:], cache)
        scores = process(ids, model.logits(state).float())  # [1, V]
        likeliest = scores.argmax(-1, keepdim=True)  # [1, 1]
        chosen = torch.multinomial(scores.softmax(-1), 1) if do_sample else likeliest
        ids = torch.cat((ids, chosen), dim=1)
        if streamer is not None:
            streamer.put(chosen[0].cpu())
        if int(chosen) in ends or any(bool(ends_here(ids, scores)) for ends_here in stopping_criteria or ()):
            break
    if streamer is not None:
        streamer.end()
    return ids


def _check_ids(input_ids: Tensor, attention_mask: Tensor | None) -> None:
    if input_ids.dim() != 2 or input_ids.shape[0] != 1:
        raise ValueError(
            f"input_ids has the shape {list(input_ids.shape)}, and one sequence is generated at a time: give [1, T] "
            "and call generate for each."
        )
    if not input_ids.shape[1]:
        raise ValueError("input_ids is empty, so there is nothing to go on with: give at least one token.")
    if attention_mask is not None and not bool(attention_mask.bool().all()):
        raise ValueError(
            "attention_mask hides tokens, and every token of a single sequence is read: leave out the padding, and the "
            "mask with it."
        )


def _limit(count: int, max_new_tokens: int | None, max_length: int | None) -> int:
    """How many tokens may be generated."""
    if max_new_tokens is not None:
        if max_new_tokens < 1:
            raise ValueError(
                f"max_new_tokens is {max_new_tokens}, so nothing would be generated: give at least 1."
            )
        return max_new_tokens
    if max_length is not None:
        if max_length <= count:
            raise ValueError(
                f"max_length is {max_length:,} and input_ids has {count:,} tokens already, so nothing would be "
                "generated: give max_new_tokens."
            )
        return max_length - count
    return DEFAULT_NEW_TOKENS


def _as_list(value: int | Sequence[int]) -> Sequence[int]:
    return [value] if isinstance(value, int) else value


def _refuse(others: dict[str, Any]) -> None:
    """Raise TypeError for what is not taken, unless its value changes nothing."""
    for name, value in others.items():
        if name in ("pad_token_id", "bos_token_id", "token_type_ids"):  # of no meaning for one sequence
            continue
        neutral = _NEUTRAL.get(name, (None,))
        if not any(value is one or (type(value) is type(one) and value == one) for one in neutral):
            instead = _INSTEAD.get(name, "leave it out")
            raise TypeError(
                f"generate() does not take {name}={value!r}, so nothing was generated: {instead}."
            )
