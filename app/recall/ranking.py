"""Passages for a question, best first: by words, by words that mean about the same, and by vectors where there are any.

Each way gives an order of its own, and the orders are joined by reciprocal ranks: a passage gets 1 / (10 + its place)
from each. That needs no common scale, and no way can win alone.

    words     FTS5's bm25 over stems, codes and headings
    likeness  for each word of the question the word of the passage that means it most, weighted by how rare that is
    sense     the angle between the means of the word vectors of question and passage
    vectors   the angle between the vectors of a sentence model, an optional extra; counts twice, and stands for sense

Likeness and sense look at passages that have a word of the question or a word like one.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.recall import fulltext
from app.recall.passages import Passage
from app.recall.query import Query
from app.recall.related import WordVectors, likeness
from app.recall.words import fold, stem

_RANK = 10  # of reciprocal ranks
_VOTES = {"vectors": 2}  # of an order; 1 of the others
_POOL = 60  # passages by words, and as many by related words
_RELATED = 8  # words of the documents that a word of the question stands for
_LEAST_RELATED = 0.45
_MOST_TELLING = 5.0  # no single word of a question counts more

VectorSearch = Callable[
    [str, Sequence[int], int], Sequence[int]
]  # question, keys of texts, limit: passage ids


@dataclass(frozen=True)
class Ranked:
    """A passage with its score (comparable within one question) and the ways' places, from 0, that it has."""

    passage: Passage
    score: float
    places: dict[str, int]


def rank(
    connection: sqlite3.Connection,
    query: Query,
    keys: Sequence[int],
    vectors: WordVectors | None = None,
    vector_search: VectorSearch | None = None,
    limit: int = 40,
) -> list[Ranked]:
    """The passages for a question, best first, at most `limit`."""
    by_words = fulltext.matching(connection, _expression(query.terms, query.codes), keys, _POOL * 2)
    orders: dict[str, list[int]] = {"words": [passage.id for passage, _ in by_words]}
    pool = {passage.id: passage for passage, _ in by_words}
    languages = fulltext.languages(connection, keys)
    if vectors is not None and query.words and languages:
        related = related_terms(query, fulltext.vocabulary(connection, keys), languages, vectors)
        if related:
            found = fulltext.matching(connection, _expression(related, {}), keys, _POOL)
            pool.update((passage.id, passage) for passage, _ in found)
        if pool:
            passages = list(pool.values())
            orders["likeness"], orders["sense"] = _by_vectors(
                connection, query, passages, keys, languages, vectors
            )
    if vector_search is not None:
        ids = list(vector_search(query.question, keys, _POOL))
        if ids:
            orders["vectors"] = ids
            orders.pop("sense", None)
        missing = [passage_id for passage_id in ids if passage_id not in pool]
        pool.update((passage.id, passage) for passage in fulltext.passages_of(connection, missing))
    places = {
        name: {passage_id: place for place, passage_id in enumerate(order)} for name, order in orders.items()
    }
    ranked = [
        Ranked(
            passage,
            sum(
                _VOTES.get(name, 1) / (_RANK + order[passage_id])
                for name, order in places.items()
                if passage_id in order
            ),
            {name: order[passage_id] for name, order in places.items() if passage_id in order},
        )
        for passage_id, passage in pool.items()
    ]
    return sorted(ranked, key=lambda one: (-one.score, one.passage.id))[:limit]


def _expression(terms: dict[str, float], codes: dict[str, float]) -> str:
    parts = [fulltext.quoted(term) for term in terms]
    parts += [f"exact : {fulltext.quoted(code)}" for code in codes]
    return " OR ".join(parts)


def related_terms(
    query: Query, vocabulary: tuple[str, ...], languages: Sequence[str], vectors: WordVectors
) -> dict[str, float]:
    """Stems of the documents' words that mean about what the question's words mean, each with how much."""
    if not vocabulary:
        return {}
    similar = vectors.near(query.words, vocabulary)  # [Q, M]
    terms: dict[str, float] = {}
    for row in similar:
        for column in np.argsort(-row)[:_RELATED]:
            if row[column] < _LEAST_RELATED:
                break
            for language in languages:
                way = stem(vocabulary[column], language)
                terms[way] = max(terms.get(way, 0.0), float(row[column]))
    return terms


def _by_vectors(
    connection: sqlite3.Connection,
    query: Query,
    passages: Sequence[Passage],
    keys: Sequence[int],
    languages: Sequence[str],
    vectors: WordVectors,
) -> tuple[list[int], list[int]]:
    """The passages' ids by likeness and by sense."""
    language = languages[0]
    words = [fulltext.telling_words(passage.text, language) for passage in passages]
    vocabulary = sorted({word for some in words for word in some})
    if not vocabulary:
        return [], []
    at = {word: column for column, word in enumerate(vocabulary)}
    similar = likeness(vectors, query.words, vocabulary)  # [Q, M]
    stems = [stem(word, language) for word in vocabulary]
    for row, word in enumerate(query.words):
        own = stem(fold(word), language)
        similar[row, [column for column, other in enumerate(stems) if other == own]] = 1.0
    columns = [np.array([at[word] for word in some] or [0]) for some in words]
    best = np.stack([similar[:, some].max(axis=1) for some in columns])  # [P, Q]
    # A word whose like stands in nearly every passage tells nothing. Passages outside the pool have fewer likes.
    rarity = np.log(
        1 / (best.mean(axis=0) * math.sqrt(len(passages) / fulltext.count_passages(connection, keys)) + 0.01)
    )
    alike = best @ rarity

    telling = fulltext.inverse_frequencies(
        connection, set(stems) | {stem(fold(w), language) for w in query.words}
    )
    table = vectors(vocabulary) * np.array([[telling[one]] for one in stems], dtype=np.float32)
    means = np.stack([table[some].sum(axis=0) for some in columns])  # [P, D]
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    weights = [min(telling[stem(fold(word), language)], _MOST_TELLING) for word in query.words]
    sense = means @ (np.array(weights, dtype=np.float32) @ vectors(query.words))
    ids = [passage.id for passage in passages]
    return [ids[row] for row in np.argsort(-alike)], [ids[row] for row in np.argsort(-sense)]
