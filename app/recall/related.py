"""Which words mean about the same, by a table of word vectors: "tall" finds "high" where the text never says "tall".

The vectors are the input embeddings of the chat model that is loaded anyway: no second model and no download. They know
little of sentences and enough of words. A vector of a word is the mean of its tokens', so it means something only where
most words are one or two tokens: a model's tokenizer cuts those of languages that it hardly saw into syllables, whose
vectors lead astray.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ahn_core import AHNForCausalLM
    from ahn_core.grouped import GroupedEmbedding

Encode = Callable[[str], Sequence[int]]  # text to token ids, without special tokens
_LEAST_SIMILARITY = 0.35  # below it two words have nothing to do with each other
_SHARPNESS = 3.0  # the power that a similarity counts with
# Tokens of a word, above which its vector says little. The embedded model has 1.3 in English manuals and 2.0 to 3.2 in
# French, Spanish, Italian and German ones, a Qwen2.5 1.2 and 1.8 to 2.5: docs/experiments/recall.md.
_MOST_PIECES = 1.6
_LOOKED_AT = 500  # words of a vocabulary, for that


class _Packed:
    """A table in few bits, of which only rows that are asked for are unpacked."""

    _ROWS = 4096  # at once

    def __init__(self, embedding: GroupedEmbedding) -> None:
        self._embedding = embedding

    def __getitem__(self, ids: list[int]) -> NDArray[np.float32]:
        import torch

        table = self._embedding.table
        rows: NDArray[np.float32] = (
            table.selected(torch.tensor(ids, device=table.packed.device)).cpu().numpy()
        )
        return rows

    def mean(self, axis: int) -> NDArray[np.float32]:
        """Of all rows."""
        import torch

        assert axis == 0
        table = self._embedding.table
        sums = [
            table.unpacked(first, min(first + self._ROWS, table.rows), torch.float32).sum(
                0, dtype=torch.float64
            )
            for first in range(0, table.rows, self._ROWS)
        ]
        mean: NDArray[np.float32] = (torch.stack(sums).sum(0) / table.rows).float().cpu().numpy()
        return mean


class WordVectors:
    """Unit vectors of words out of a model's embedding table; those that were asked for are kept."""

    def __init__(self, table: NDArray[np.float32] | _Packed, encode: Encode) -> None:
        """table: [V, D]; encode: the model's tokenizer."""
        self._table = table
        self._mean = table.mean(axis=0)
        self._encode = encode
        self._known: dict[str, NDArray[np.float32]] = {}
        self._vocabulary: tuple[tuple[str, ...], NDArray[np.float32]] = ((), self(()))

    @classmethod
    def of_model(cls, model: AHNForCausalLM, encode: Encode) -> WordVectors:
        """Those of a loaded model. The table is shared with it where it stands in float32 on the CPU."""
        from ahn_core.grouped import GroupedEmbedding

        embedding = model.embed_tokens
        if isinstance(embedding, GroupedEmbedding):
            return cls(_Packed(embedding), encode)
        return cls(embedding.weight.detach().float().cpu().numpy(), encode)

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        """[N, D]; a word without tokens has zeros."""
        if not words:
            return np.zeros((0, self._mean.size), np.float32)
        return np.stack([self._vector(word) for word in words])

    def of_vocabulary(self, words: tuple[str, ...]) -> NDArray[np.float32]:
        """The same for thousands of words that are asked for again and again; the last vocabulary is kept."""
        if self._vocabulary[0] != words:
            self._vocabulary = (words, self(words))
        return self._vocabulary[1]

    def know(self, vocabulary: Sequence[str]) -> bool:
        """Whether the words of some documents are mostly whole to the tokenizer, so that their vectors tell."""
        words = vocabulary[:: max(len(vocabulary) // _LOOKED_AT, 1)]
        return sum(len(self._encode(" " + word)) for word in words) <= _MOST_PIECES * len(words)

    def _vector(self, word: str) -> NDArray[np.float32]:
        vector = self._known.get(word)
        if vector is None:
            ids = list(self._encode(" " + word))
            vector = self._table[ids].mean(axis=0) - self._mean if ids else np.zeros_like(self._mean)
            vector = vector / max(float(np.linalg.norm(vector)), 1e-9)
            self._known[word] = vector
        return vector


def likeness(vectors: WordVectors, words: Sequence[str], others: Sequence[str]) -> NDArray[np.float32]:
    """How much each of `words` means each of `others`, [N, M] from 0 to 1; 1 for the same word."""
    similar = vectors(words) @ vectors(others).T
    similar = np.where(similar < _LEAST_SIMILARITY, 0.0, similar) ** _SHARPNESS
    at = {other: column for column, other in enumerate(others)}
    for row, word in enumerate(words):
        if word in at:
            similar[row, at[word]] = 1.0
    return similar.astype(np.float32)
