"""How the next token is chosen: settings, and a sampler that leaves its choice on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import LogitsProcessorList

Processor = Callable[[Tensor, Tensor], Tensor]  # ids [1, T], scores [1, V] -> scores [1, V]
_FIRST_TOKENS = 256  # generated ones there is room for at first


class SamplingError(ValueError):
    """A setting out of its range. name, value: of the setting; low, high: the range, `high` None where it has no
    end."""

    def __init__(self, message: str, name: str, value: float, low: float, high: float | None) -> None:
        super().__init__(message)
        self.name, self.value, self.low, self.high = name, value, low, high


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen; temperature 0 is greedy.

    top_k 0, top_p 1, min_p 0 and repetition_penalty 1 switch each off.
    The repetition penalty looks at the generated tokens only: over a whole document it would forbid its
    vocabulary. Raises SamplingError where a number is out of its range.
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
                raise SamplingError(
                    f"{name} is {value}, outside {low} … {high}, where no sensible answer comes: choose a "
                    "value inside.",
                    name,
                    value,
                    low,
                    high,
                )
        if not 0.0 < self.top_p <= 1.0:
            raise SamplingError(
                f"top_p is {self.top_p}, outside 0 … 1, so no token could be chosen: choose a value above "
                "0 and up to 1.",
                "top_p",
                self.top_p,
                0.0,
                1.0,
            )
        if self.top_k < 0:
            raise SamplingError(
                f"top_k is {self.top_k}, below 0, so no token could be chosen: choose 0 (off) or more.",
                "top_k",
                self.top_k,
                0,
                None,
            )

    def processors(self) -> LogitsProcessorList:
        """What changes the scores before the choice, in transformers' order."""
        return logits_processors(
            self.temperature > 0,
            self.temperature,
            self.top_p,
            self.top_k,
            self.min_p or None,
            self.repetition_penalty,
        )


def logits_processors(
    do_sample: bool,
    temperature: float,
    top_p: float,
    top_k: int,
    min_p: float | None,
    repetition_penalty: float,
    given: Sequence[Processor] = (),
) -> LogitsProcessorList:
    """transformers' processors in its order: the penalty, those that were given, then what shapes the draw."""
    from transformers.generation.logits_process import (
        LogitsProcessorList,
        MinPLogitsWarper,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    chain = LogitsProcessorList()
    if repetition_penalty != 1.0:
        chain.append(RepetitionPenaltyLogitsProcessor(float(repetition_penalty)))
    chain.extend(given)
    if do_sample:
        if temperature != 1.0:
            chain.append(TemperatureLogitsWarper(float(temperature)))
        if top_k:
            chain.append(TopKLogitsWarper(top_k))
        if top_p < 1.0:
            chain.append(TopPLogitsWarper(float(top_p)))
        if min_p is not None:
            chain.append(MinPLogitsWarper(float(min_p)))
    return chain


class Sampler:
    """Chooses token after token. Nothing waits for the device: what was chosen stays there, as a tensor."""

    def __init__(self, settings: SamplingSettings, device: torch.device) -> None:
        self._greedy = settings.temperature == 0
        self._chain = list(settings.processors())
        self._chosen = torch.zeros(1, _FIRST_TOKENS, dtype=torch.long, device=device)
        self._count = 0
        self._generator: torch.Generator | None = None
        if not self._greedy:
            self._generator = torch.Generator(device=device)
            if settings.seed is None:
                self._generator.seed()
            else:
                self._generator.manual_seed(settings.seed)

    def choose(self, logits: Tensor) -> Tensor:
        """logits [V] -> the next token's id, [1] int64. What was chosen before counts as generated."""
        scores = logits.float()[None]
        # One by one: called itself, the list inspects the signature of each, token after token.
        for process in self._chain:
            scores = process(self._chosen[:, : self._count], scores)
        if self._greedy:
            token = scores.argmax(-1)
        else:
            # As torch.multinomial draws one, but for its check of the numbers, which waits for the device.
            weights = scores.softmax(-1)[0]
            token = (weights / torch.empty_like(weights).exponential_(1, generator=self._generator)).argmax(
                -1, keepdim=True
            )
        self._remember(token)
        return token

    def _remember(self, token: Tensor) -> None:
        if self._count == self._chosen.shape[1]:
            self._chosen = torch.cat((self._chosen, torch.zeros_like(self._chosen)), dim=1)
        self._chosen[:, self._count] = token
        self._count += 1
