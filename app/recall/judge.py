"""The loaded model as a judge of sentences: how likely it finds the question once it has read one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ahn_core import AHNForCausalLM

_ASKS = "\nQuestion:"


class Judge(Protocol):
    """What tells how well sentences fit a question."""

    def __call__(self, question: str, sentences: Sequence[str]) -> list[float]:
        """For each sentence how much likelier the question is after it than after nothing, in nats a token."""
        ...


class LikelihoodJudge:
    """A Judge that computes log P(question | sentence) - log P(question), all sentences in one batch.

    Needs the device to itself while it runs.
    """

    def __init__(
        self, model: AHNForCausalLM, encode: Callable[[str], list[int]], prefix: Sequence[int] = ()
    ) -> None:
        """encode: text to tokens, no special ones. prefix: what opens a user's turn in the model's template."""
        self._model, self._encode, self._prefix = model, encode, list(prefix)

    def __call__(self, question: str, sentences: Sequence[str]) -> list[float]:
        from ahn_core.scoring import score_continuations

        question = question.strip()
        asked = self._encode(f" {question}")
        if not question or not sentences:
            return [0.0] * len(sentences)
        alone = (self._encode(_ASKS.strip()), asked)
        rows = [(self._encode(sentence + _ASKS), asked) for sentence in sentences]
        base, *scored = score_continuations(self._model, self._prefix, [alone, *rows])
        return [one.mean - base.mean for one in scored]
