"""Reading a prompt in chunks and generating from it, as a stream of typed events.

On a GPU the next step is queued before the last token is looked at: the device then never waits for the host. A token's
id and its memory share come to the host in one copy, while the next step runs. Whether a token ends the answer shows
only then, and the step that it was fed to by that time is taken back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from .backbone import AHNForCausalLM
from .cache import Cache
from .logprobs import TokenLogprobs, token_logprobs
from .sampling import Sampler, SamplingSettings
from .text import StopStrings, StreamDecoder
from .undo import StepUndo

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class PrefillProgress:
    """Tokens of the prompt read so far, seconds since the call began, and the rate over this call."""

    tokens_done: int
    tokens_total: int
    seconds: float
    tokens_per_second: float


@dataclass(frozen=True)
class Token:
    """One generated token.

    `text` is what it adds, "" while a character or a possible stop string is incomplete; `memory_share` in [0, 1]
    is how much the step that chose it drew on compressed memory (mean over layers). `logprobs` is there where
    `stream_generate` was asked for it.
    """

    token_id: int
    text: str
    memory_share: float
    logprobs: TokenLogprobs | None = None


@dataclass(frozen=True)
class Finished:
    """Why and with what figures a generation ended; rates in tokens a second, times in seconds, `decode_*` of
    generated tokens.

    `reason`: "end" (the model's end of a turn), "length" (`max_new_tokens`), "stop" (a stop string) or "cancelled"
    (`should_stop`). `text` is the whole answer, without the stop string, and with what was held back for a character
    that never came. `prompt_tokens` are those read by this call. `time_to_first_token` counts from the call; None where
    none came.
    """

    reason: Literal["end", "length", "stop", "cancelled"]
    text: str
    prompt_tokens: int
    generated_tokens: int
    prefill_seconds: float
    prefill_tokens_per_second: float
    decode_seconds: float
    decode_tokens_per_second: float
    time_to_first_token: float | None


Event = PrefillProgress | Token | Finished


def prefill(
    model: AHNForCausalLM,
    prompt_ids: Sequence[int],
    cache: Cache,
    *,
    chunk_size: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[PrefillProgress]:
    """Read tokens into the cache, one event a chunk; activations depend on `chunk_size`, not on the prompt. By default
    it is what suits the model's backend.

    Args:
        prompt_ids: T token ids, those that are new to the cache. Nothing is read for none.
        cache: of `AHNForCausalLM.make_cache`; it is changed in place.
        chunk_size: tokens read at a time, at least 1 (else ValueError).

    Ends early, at a chunk's border, once `should_stop()` is true: then the last event has tokens_done <
    tokens_total, and reading can go on later with the remaining tokens.
    """
    return _read(model, prompt_ids, cache, chunk_size, should_stop)


def _read(
    model: AHNForCausalLM,
    prompt_ids: Sequence[int],
    cache: Cache,
    chunk_size: int | None,
    should_stop: Callable[[], bool] | None,
    hidden: list[Tensor] | None = None,
) -> Iterator[PrefillProgress]:
    """`prefill`, leaving the last token's hidden state [1, hidden] in `hidden`."""
    if chunk_size is None:
        chunk_size = model.ops.reading_chunk
    if chunk_size < 1:
        raise ValueError(f"chunk_size is {chunk_size}, so nothing would ever be read: give at least 1.")
    ids = torch.as_tensor(prompt_ids, dtype=torch.long)
    began, total = time.perf_counter(), len(ids)
    for start in range(0, total, chunk_size):
        if should_stop is not None and should_stop():
            return
        piece = ids[start : start + chunk_size].to(model.device)
        with torch.no_grad():
            last = model.read(piece[None], cache)[-1:]
        if hidden is not None:
            hidden[:] = [last.clone()]
        seconds, done = time.perf_counter() - began, start + len(piece)
        yield PrefillProgress(done, total, seconds, done / seconds)


class _Chosen:
    """A token on its way to the host, with the memory share of the step that chose it."""

    def __init__(self, logits: Tensor, token: Tensor, share: Tensor | None) -> None:
        """`logits` [V], `token` [1] int64 and `share` [] stay where they are; the copy starts now, where the device can
        do it by itself.
        """
        self.logits, self.token = logits, token
        self._share = share
        self._arriving: Tensor | None = None
        if token.is_cuda:
            none = token.new_zeros((), dtype=torch.double)
            both = torch.stack((token[0].double(), none if share is None else share.double()))
            self._arriving = torch.empty(2, dtype=torch.double, pin_memory=True)
            self._arriving.copy_(both, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def on_host(self) -> tuple[int, float]:
        """The token's id and its memory share, waiting for the copy but not for what was queued after it."""
        if self._arriving is None:
            return int(self.token), 0.0 if self._share is None else float(self._share)
        self._arrived.synchronize()
        token, share = self._arriving.tolist()
        return int(token), share


def stream_generate(
    model: AHNForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompt_ids: Sequence[int],
    cache: Cache,
    *,
    max_new_tokens: int = 512,
    sampling: SamplingSettings | None = None,
    stop: Sequence[str] = (),
    chunk_size: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    top_logprobs: int | None = None,
    ahead: bool | None = None,
) -> Iterator[Event]:
    """Read `prompt_ids` (only the tokens that are new to the cache), then generate.

    Args:
        tokenizer: the base's own (`load_tokenizer`); its end of a turn, and the model's, end the answer.
        prompt_ids: T >= 1 token ids (ValueError for none). cache: it is changed in place.
        max_new_tokens: most tokens generated. sampling: None: greedy. stop: strings that end the answer, and are not
        part of it. chunk_size: tokens read at a time.

    Yields PrefillProgress a chunk, Token a token, and Finished once, last. Every yielded token is in the
    cache when Finished comes; the end-of-turn token is neither yielded nor fed. `should_stop` is asked before
    every chunk and token. `ahead` queues the next step before a token is yielded; None: on a GPU, where that saves
    waiting. The tokens are the same either way. Closing the iterator early leaves the last yielded token unfed, or with
    `ahead` fed. With `top_logprobs` each token tells how likely it was, and so many of the likeliest ones beside it;
    that waits for the device.
    """
    if not len(prompt_ids):
        raise ValueError("the prompt is empty, so there is nothing to answer: give at least one token.")
    sampler = Sampler(sampling or SamplingSettings(), model.device)
    ahead = model.device.type == "cuda" if ahead is None else ahead
    ends = set(model.config.eos_token_ids) | (
        {tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()
    )
    decoder, stops = StreamDecoder(tokenizer), StopStrings(stop)
    undo = StepUndo(cache)
    generated = 0
    text: list[str] = []
    hidden: list[Tensor] = []
    began, first_at = time.perf_counter(), None
    progress = None

    def choose(state: Tensor) -> _Chosen:
        with torch.no_grad():
            logits = model.logits(state)[0]
            return _Chosen(logits, sampler.choose(logits), cache.mean_memory_share())

    def feed(token: Tensor) -> Tensor:
        with torch.no_grad():
            return model.read(token[None], cache)

    for progress in _read(model, prompt_ids, cache, chunk_size, should_stop, hidden):
        yield progress
    read = progress.tokens_done if progress else 0
    reason: Literal["end", "length", "stop", "cancelled"] = "length"
    read_at = time.perf_counter()
    if read < len(prompt_ids):
        reason = "cancelled"
    else:
        state, chosen = hidden[0], None
        while generated < max_new_tokens:
            if should_stop is not None and should_stop():
                reason = "cancelled"
                break
            chosen = chosen or choose(state)
            following = None
            if ahead:
                undo.keep()
                state = feed(chosen.token)
                following = choose(state) if generated + 1 < max_new_tokens else None
            token, memory_share = chosen.on_host()
            if first_at is None:
                first_at = time.perf_counter()
            if token in ends:
                reason = "end"
                if ahead:
                    undo.take_back()
                break
            generated += 1
            piece = stops.push(decoder.push(token))
            text.append(piece)
            told = None
            if top_logprobs is not None:
                told = token_logprobs(chosen.logits, token, top_logprobs)
            yield Token(token, piece, memory_share, told)
            if not ahead:
                state = feed(chosen.token)
            if stops.found:
                reason = "stop"
                break
            chosen = following
        rest = stops.push(decoder.flush()) + stops.flush()
        text.append(rest)
    decode_seconds = time.perf_counter() - read_at
    prefill_seconds = progress.seconds if progress else 0.0
    yield Finished(
        reason=reason,
        text="".join(text),
        prompt_tokens=read,
        generated_tokens=generated,
        prefill_seconds=prefill_seconds,
        prefill_tokens_per_second=progress.tokens_per_second if progress else 0.0,
        decode_seconds=decode_seconds,
        decode_tokens_per_second=generated / decode_seconds if generated else 0.0,
        time_to_first_token=None if first_at is None else first_at - began,
    )
