"""Which words mean about the same, by a table of word vectors: "tall" finds "high" where the text never says "tall".

The vectors are the input embeddings of the chat model that is loaded anyway: no second model and no download. They know
little of sentences and enough of words. A vector of a word is the mean of its tokens', so it means something only where
most words are one or two tokens: a model's tokenizer cuts those of languages that it hardly saw into syllables, whose
vectors lead astray.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ahn_core import AHNForCausalLM

Encode = Callable[[str], Sequence[int]]  # text to token ids, without special tokens
_LEAST_SIMILARITY = 0.35  # below it two words have nothing to do with each other
_SHARPNESS = 3.0  # the power that a similarity counts with
# Tokens of a word, above which its vector says little. The embedded model has 1.3 in English manuals and 2.0 to 3.2 in
# French, Spanish, Italian and German ones, a Qwen2.5 1.2 and 1.8 to 2.5: docs/experiments/recall.md.
_MOST_PIECES = 1.6
_LOOKED_AT = 500  # words of a vocabulary, for that
# What is kept: vectors of words, in float32, and vocabularies, in float16; the last of these is kept whatever it takes.
_WORD_BYTES, _VOCABULARY_BYTES = 32 * 2**20, 128 * 2**20
_ROWS = 4096  # of a table, or words, at once


class WordVectors:
    """Unit vectors of words out of a model's embedding table; those last asked for are kept. For any thread."""

    def __init__(
        self, rows: Callable[[Sequence[int]], NDArray[np.float32]], count: int, encode: Encode
    ) -> None:
        """rows: of the table, [N] token ids -> [N, D]; count: of all its rows; encode: the model's tokenizer."""
        self._rows = rows
        self._encode = encode
        sums = [
            rows(range(first, min(first + _ROWS, count))).sum(axis=0, dtype=np.float64)
            for first in range(0, count, _ROWS)
        ]
        self._mean = (np.sum(sums, axis=0) / count).astype(np.float32)
        self._most_words = max(_WORD_BYTES // self._mean.nbytes, 1)
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._vocabularies: OrderedDict[tuple[str, ...], NDArray[np.float16]] = OrderedDict()
        self._lock = threading.Lock()  # over both

    @classmethod
    def of_model(cls, model: AHNForCausalLM, encode: Encode) -> WordVectors:
        """Those of a loaded model, of whose table nothing is copied but the rows that are asked for."""
        import torch

        def rows(ids: Sequence[int]) -> NDArray[np.float32]:
            with torch.inference_mode():
                found = model.embed_tokens(torch.tensor(ids, device=model.device))
            values: NDArray[np.float32] = found.float().cpu().numpy()
            return values

        return cls(rows, model.config.vocab_size, encode)

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        """[N, D]; a word without tokens has zeros."""
        if not words:
            return np.zeros((0, self._mean.size), np.float32)
        with self._lock:
            found = {word: vector for word in words if (vector := self._known.get(word)) is not None}
        missing = [word for word in dict.fromkeys(words) if word not in found]
        for first in range(0, len(missing), _ROWS):
            some = missing[first : first + _ROWS]
            found.update(zip(some, self._made(some), strict=True))
        with self._lock:
            self._known.update((word, found[word]) for word in missing)
            while len(self._known) > self._most_words:
                self._known.popitem(last=False)
        return np.stack([found[word] for word in words])

    def _made(self, words: Sequence[str]) -> NDArray[np.float32]:
        pieces = [list(self._encode(" " + word)) for word in words]
        flat = [one for some in pieces for one in some]
        vectors = np.zeros((len(words), self._mean.size), np.float32)
        if not flat:
            return vectors
        rows, at = self._rows(flat), 0
        for row, some in enumerate(pieces):
            if some:
                vectors[row] = rows[at : at + len(some)].mean(axis=0) - self._mean
                at += len(some)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def prepare(self, vocabulary: tuple[str, ...]) -> NDArray[np.float16]:
        """Those of thousands of words that are asked for again and again, [M, D]."""
        with self._lock:
            table = self._vocabularies.get(vocabulary)
        if table is None:
            table = np.empty((len(vocabulary), self._mean.size), np.float16)
            for first in range(0, len(table), _ROWS):
                table[first : first + _ROWS] = self(vocabulary[first : first + _ROWS])
        with self._lock:
            self._vocabularies[vocabulary] = table
            self._vocabularies.move_to_end(vocabulary)
            while len(self._vocabularies) > 1 and self._held() > _VOCABULARY_BYTES:
                self._vocabularies.popitem(last=False)
        return table

    def _held(self) -> int:
        return sum(table.nbytes for table in self._vocabularies.values())

    def near(self, words: Sequence[str], vocabulary: tuple[str, ...]) -> NDArray[np.float32]:
        """How near each of `words` is to each of a vocabulary, [N, M]."""
        table, asked = self.prepare(vocabulary), self(words)
        found = np.empty((len(words), len(table)), np.float32)
        for first in range(0, len(table), _ROWS):
            found[:, first : first + _ROWS] = asked @ table[first : first + _ROWS].astype(np.float32).T
        return found

    def know(self, vocabulary: Sequence[str]) -> bool:
        """Whether the words of some documents are mostly whole to the tokenizer, so that their vectors tell."""
        words = vocabulary[:: max(len(vocabulary) // _LOOKED_AT, 1)]
        return sum(len(self._encode(" " + word)) for word in words) <= _MOST_PIECES * len(words)


def likeness(vectors: WordVectors, words: Sequence[str], others: Sequence[str]) -> NDArray[np.float32]:
    """How much each of `words` means each of `others`, [N, M] from 0 to 1; 1 for the same word."""
    similar = vectors(words) @ vectors(others).T
    similar = np.where(similar < _LEAST_SIMILARITY, 0.0, similar) ** _SHARPNESS
    at = {other: column for column, other in enumerate(others)}
    for row, word in enumerate(words):
        if word in at:
            similar[row, at[word]] = 1.0
    return similar.astype(np.float32)
