"""Reading a prompt in chunks and generating from it, as a stream of typed events."""

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
from .text import StopStrings, StreamDecoder

if TYPE_CHECKING:
    from transformers import LogitsProcessorList, PreTrainedTokenizerFast

READING_CHUNK = 512


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
    """Why and with what figures a generation ended; rates in tokens a second, `decode_*` of generated tokens."""

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


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen; temperature 0 is greedy.

    top_k 0, top_p 1, min_p 0 and repetition_penalty 1 switch each off.
    The repetition penalty looks at the generated tokens only: over a whole document it would forbid its
    vocabulary.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("temperature", 0.0, 5.0),
            ("min_p", 0.0, 1.0),
            ("repetition_penalty", 0.1, 10.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(
                    f"{name} is {value}, outside {low} … {high}, where no sensible answer comes: choose a "
                    "value inside."
                )
        if not 0.0 < self.top_p <= 1.0:
            raise ValueError(
                f"top_p is {self.top_p}, outside 0 … 1, so no token could be chosen: choose a value above "
                "0 and up to 1."
            )
        if self.top_k < 0:
            raise ValueError(
                f"top_k is {self.top_k}, below 0, so no token could be chosen: choose 0 (off) or more."
            )

    def processors(self) -> LogitsProcessorList:
        """transformers' logits processors in its own order."""
        from transformers.generation.logits_process import (
            LogitsProcessorList,
            MinPLogitsWarper,
            RepetitionPenaltyLogitsProcessor,
            TemperatureLogitsWarper,
            TopKLogitsWarper,
            TopPLogitsWarper,
        )

        chain = LogitsProcessorList()
        if self.repetition_penalty != 1.0:
            chain.append(RepetitionPenaltyLogitsProcessor(self.repetition_penalty))
        if self.temperature > 0:
            if self.temperature != 1.0:
                chain.append(TemperatureLogitsWarper(self.temperature))
            if self.top_k:
                chain.append(TopKLogitsWarper(self.top_k))
            if self.top_p < 1.0:
                chain.append(TopPLogitsWarper(self.top_p))
            if self.min_p > 0:
                chain.append(MinPLogitsWarper(self.min_p))
        return chain


class _Sampler:
    def __init__(self, settings: SamplingSettings, device: torch.device) -> None:
        self._greedy = settings.temperature == 0
        self._chain = settings.processors()
        self._generator = torch.Generator(device=device)
        if settings.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(settings.seed)

    def choose(self, logits: Tensor, generated: list[int]) -> int:
        """logits [V] -> token id."""
        scores = logits.float()[None]
        if self._chain:
            seen = torch.tensor([generated], dtype=torch.long, device=logits.device)
            # One by one: called itself, the list inspects the signature of each, token after token.
            for process in self._chain:
                scores = process(seen, scores)
        if self._greedy:
            return int(scores.argmax())
        return int(torch.multinomial(scores.softmax(-1)[0], 1, generator=self._generator))


def prefill(
    model: AHNForCausalLM,
    prompt_ids: Sequence[int],
    cache: Cache,
    *,
    chunk_size: int = READING_CHUNK,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[PrefillProgress]:
    """Read tokens into the cache, one event a chunk; activations depend on `chunk_size`, not on the prompt.

    Ends early, at a chunk's border, once `should_stop()` is true: then the last event has tokens_done <
    tokens_total, and reading can go on later with the remaining tokens.
    """
    return _read(model, prompt_ids, cache, chunk_size, should_stop)


def _read(
    model: AHNForCausalLM,
    prompt_ids: Sequence[int],
    cache: Cache,
    chunk_size: int,
    should_stop: Callable[[], bool] | None,
    hidden: list[Tensor] | None = None,
) -> Iterator[PrefillProgress]:
    """`prefill`, leaving the last token's hidden state [1, hidden] in `hidden`."""
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


def stream_generate(
    model: AHNForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompt_ids: Sequence[int],
    cache: Cache,
    *,
    max_new_tokens: int = 512,
    sampling: SamplingSettings | None = None,
    stop: Sequence[str] = (),
    chunk_size: int = READING_CHUNK,
    should_stop: Callable[[], bool] | None = None,
    top_logprobs: int | None = None,
) -> Iterator[Event]:
    """Read `prompt_ids` (only the tokens that are new to the cache), then generate.

    Yields PrefillProgress a chunk, Token a token, and Finished once, last. Every yielded token is in the
    cache when Finished comes; the end-of-turn token is neither yielded nor fed. `should_stop` is asked before
    every chunk and token. Closing the iterator early leaves the last yielded token unfed. With `top_logprobs` each
    token tells how likely it was, and so many of the likeliest ones beside it.
    """
    if not len(prompt_ids):
        raise ValueError("the prompt is empty, so there is nothing to answer: give at least one token.")
    sampler = _Sampler(sampling or SamplingSettings(), model.device)
    ends = set(model.config.eos_token_ids) | (
        {tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()
    )
    decoder, stops = StreamDecoder(tokenizer), StopStrings(stop)
    generated: list[int] = []
    text: list[str] = []
    hidden: list[Tensor] = []
    began, first_at = time.perf_counter(), None
    progress = None
    for progress in _read(model, prompt_ids, cache, chunk_size, should_stop, hidden):
        yield progress
    read = progress.tokens_done if progress else 0
    reason: Literal["end", "length", "stop", "cancelled"] = "length"
    read_at = time.perf_counter()
    if read < len(prompt_ids):
        reason = "cancelled"
    else:
        state = hidden[0]
        while len(generated) < max_new_tokens:
            if should_stop is not None and should_stop():
                reason = "cancelled"
                break
            with torch.no_grad():
                logits = model.logits(state)[0]
                token = sampler.choose(logits, generated)
            if first_at is None:
                first_at = time.perf_counter()
            if token in ends:
                reason = "end"
                break
            generated.append(token)
            piece = stops.push(decoder.push(token))
            text.append(piece)
            told = None if top_logprobs is None else token_logprobs(logits, token, top_logprobs)
            yield Token(token, piece, cache.memory_share(), told)
            with torch.no_grad():
                state = model.read(torch.tensor([[token]], device=model.device), cache)
            if stops.found:
                reason = "stop"
                break
        rest = stops.push(decoder.flush()) + stops.flush()
        text.append(rest)
    decode_seconds = time.perf_counter() - read_at
    prefill_seconds = progress.seconds if progress else 0.0
    yield Finished(
        reason=reason,
        text="".join(text),
        prompt_tokens=read,
        generated_tokens=len(generated),
        prefill_seconds=prefill_seconds,
        prefill_tokens_per_second=progress.tokens_per_second if progress else 0.0,
        decode_seconds=decode_seconds,
        decode_tokens_per_second=len(generated) / decode_seconds if generated else 0.0,
        time_to_first_token=None if first_at is None else first_at - began,
    )
