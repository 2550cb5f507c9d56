"""Asking: one prompt, read into a cache of each kind of memory, and the answer scored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from app.evaluation.benchmarks.lookup import Lookup
from app.evaluation.benchmarks.record import Answer, Record
from app.evaluation.tasks.sample import Asked, Cut, Sample
from app.progress import ProgressLine

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM, CacheKind

Column = Literal["full", "window", "ahn", "recall"]
COLUMNS: tuple[Column, ...] = ("full", "window", "ahn", "recall")
_CACHES: dict[Column, CacheKind] = {"full": "full", "window": "window", "ahn": "ahn", "recall": "ahn"}


@dataclass(frozen=True)
class Settings:
    """How prompts are cut and read. max_tokens: of a prompt, 0 for any. most_new_tokens: of an answer, 0 for the
    task's own. untrained_lengths: ask full attention also where the base was not trained to."""

    columns: Sequence[Column]
    attention_sinks: int
    sliding_window: int
    max_tokens: int
    cut: Cut
    most_new_tokens: int = 0
    untrained_lengths: bool = False


def prompt_ids(
    tokenizer: PreTrainedTokenizerFast,
    text: str,
    begun: str,
    *,
    max_tokens: int,
    answer: int,
    cut: Cut,
    chat: bool,
) -> list[int]:
    """The tokens of a prompt as the benchmarks' scripts make them: cut as tokens, decoded, put into the chat's
    template, and encoded again.

    cut "middle" keeps max_tokens // 2 at each end, "start" the last max_tokens - answer.
    """
    ids = tokenizer.encode(text)
    if max_tokens and cut != "nothing" and len(ids) > max_tokens:
        half = max_tokens // 2
        parts = [ids[:half], ids[-half:]] if cut == "middle" else [ids[-(max_tokens - answer) :]]
        text = "".join(tokenizer.decode(part, skip_special_tokens=True) for part in parts)
    if chat and tokenizer.chat_template:
        text = str(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": text}],
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=False,
            )
        )
    return list(tokenizer.encode(text + begun))


class Asking:
    """Asks every sample with every column, and keeps each answer at once."""

    def __init__(
        self,
        model: AHNForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        settings: Settings,
        lookup: Lookup | None,
    ) -> None:
        self._model, self._tokenizer, self._settings, self._lookup = model, tokenizer, settings, lookup

    def run(
        self, groups: Sequence[Asked], record: Record, progress: ProgressLine, rank: int = 0, world: int = 1
    ) -> None:
        """Ask what the record does not hold yet; of several processes each asks every `world`-th sample."""
        todo = [
            (group, sample, column)
            for number, (group, sample) in enumerate(
                (group, sample) for group in groups for sample in group.samples
            )
            for column in self._settings.columns
            if number % world == rank and not record.has(group.benchmark, group.task, sample.id, column)
        ]
        began = time.perf_counter()
        for done, (group, sample, column) in enumerate(todo):
            left = (time.perf_counter() - began) / done * (len(todo) - done) if done else None
            progress(
                f"{group.benchmark} {group.task}, {column}: answer {done + 1:,} of {len(todo):,}{_time_left(left)}",
                done / len(todo),
            )
            record.add(self._answer(group, sample, column))

    def _answer(self, group: Asked, sample: Sample, column: Column) -> Answer:
        import torch

        from ahn_core import Finished, SamplingSettings, stream_generate

        settings, began = self._settings, time.perf_counter()
        new = min(group.max_new_tokens, settings.most_new_tokens or group.max_new_tokens)
        looked_up = (
            self._lookup.passages(sample.context, sample.question)
            if column == "recall" and self._lookup is not None
            else ""
        )
        ids = prompt_ids(
            self._tokenizer,
            sample.before + sample.context + looked_up + sample.after,
            sample.begun,
            max_tokens=settings.max_tokens,
            answer=new,
            cut=settings.cut,
            chat=group.chat,
        )

        def told(prediction: str, score: float | None, tokens: int, skipped: str = "") -> Answer:
            seconds = round(time.perf_counter() - began, 3)
            return Answer(
                group.benchmark, group.task, sample.id, column, prediction, sample.answers, score, len(ids), tokens,
                seconds, skipped,
            )  # fmt: skip

        reach = self._model.config.max_position_embeddings
        if column == "full" and len(ids) + new > reach and not settings.untrained_lengths:
            return told("", None, 0, f"{len(ids):,} tokens, and the base was trained for {reach:,}")
        cache = self._model.make_cache(
            _CACHES[column],
            attention_sinks=settings.attention_sinks,
            sliding_window=settings.sliding_window,
        )
        try:
            *_, finished = stream_generate(
                self._model, self._tokenizer, ids, cache, max_new_tokens=new, sampling=SamplingSettings()
            )
        except torch.OutOfMemoryError:  # of full attention on a GPU; the others take the same for any length
            return told("", None, 0, "out of the GPU's memory")
        assert isinstance(finished, Finished)
        return told(finished.text, sample.score(finished.text), finished.generated_tokens)


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    return (
        f", {minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f", {max(minutes, 1)} min left"
    )
