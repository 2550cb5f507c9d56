"""Quotes first: the stretches of the text that answer a question best, word for word, or the word that none does.

A quotation is the best sentence with as many of its neighbours as fit into 60 words, so that "The default is 5
percent." comes with what it is the default of. Sentences are ordered by what their words tell (`app.recall.candidates`)
and, where a model is there to judge, by how much likelier it finds the question after each of the best ones.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from app.recall import fulltext
from app.recall.answerable import missing_kind, unknown_names
from app.recall.candidates import MOST_WORDS, Candidate, candidates
from app.recall.judge import Judge
from app.recall.passages import Passage
from app.recall.ranking import Ranked
from app.recall.recall import Recalled
from app.recall.related import WordVectors
from app.recall.words import count_words

MOST_QUOTES = 3
JUDGED = 24  # sentences that the model is asked about; each costs it about 75 tokens
LEAST_CONFIDENCE = 0.5
_LEAST_JUDGED = 0.45  # nats a token that the best sentence makes the question likelier
_LEAST_CONTEXT = 0.2  # share of the question's words that the best sentence with its neighbours has
_UNJUDGED = -10.0
_RANK = 10  # of reciprocal ranks
_PASSAGES = 12  # whose sentences are looked at


@dataclass(frozen=True)
class Quote:
    """A stretch of a document, word for word.

    text: on one line. places: (page, start, end) in the pages' texts, for the reader to mark. page, label: where it
    begins. core: the sentence that it was chosen for, as [start, end) of `text`. passage: what it was taken from, at
    passage.text[start:end]. score: higher is better, comparable within one question.
    """

    text: str
    document_id: str
    revision: int
    page: int
    label: str
    places: tuple[tuple[int, int, int], ...]
    core: tuple[int, int]
    passage: Passage
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Quotes:
    """The quotations for a question, best first, and whether they answer it.

    found: False: the documents do not say, as far as can be told. confidence: how much speaks for it that they do, 0 to
    1. missing: what an answer would have and nothing that was looked at has ("money", or a name); "" where that is not
    the reason.
    ranked: the passages in an order that their sentences have a say in: with a judge the right one is first more often
    than in `Recalled`.
    """

    quotes: tuple[Quote, ...]
    found: bool
    confidence: float
    missing: str = ""
    ranked: tuple[Ranked, ...] = ()


def choose_quotes(
    connection: sqlite3.Connection,
    recalled: Recalled,
    vectors: WordVectors | None = None,
    judge: Judge | None = None,
    limit: int = MOST_QUOTES,
) -> Quotes:
    """The best quotations out of what was recalled, at most `limit`.

    Without `judge` words alone choose, which takes some hundredths of a second.
    """
    passages = recalled.looked_at[:_PASSAGES]
    if not passages:
        return Quotes((), False, 0.0)
    keys = fulltext.keys_of(
        connection, list(dict.fromkeys(one.passage.text_id for one in recalled.looked_at))
    )
    languages = fulltext.languages(connection, keys)
    language = languages[0]
    found = candidates(connection, recalled.query, passages, language, vectors)
    scores = [by_words(one) for one in found]
    judged: dict[int, float] = {}
    order = sorted(range(len(found)), key=lambda row: -scores[row])
    if judge is not None and recalled.scope != "whole":
        best = order[:JUDGED]
        judged = dict(
            zip(best, judge(recalled.query.question, [found[row].in_context for row in best]), strict=True)
        )
        scores = [with_judge(found[row], score, judged.get(row)) for row, score in enumerate(scores)]
        order.sort(key=lambda row: -scores[row])
    quotes = _windows(found, order, scores, limit)
    confidence, missing = 1.0, ""
    if recalled.scope == "fact":
        confidence = answered(found, judged)
        texts = [one.passage.text for one in passages]
        missing = missing_kind(recalled.query.question, texts) or ", ".join(
            unknown_names(connection, recalled.query, keys, languages)
        )
    sure = bool(quotes) and not missing and confidence >= LEAST_CONFIDENCE
    return Quotes(quotes, sure, confidence, missing, _ranked_again(recalled.looked_at, found, scores, judged))


def _ranked_again(
    ranked: Sequence[Ranked], found: Sequence[Candidate], scores: Sequence[float], judged: dict[int, float]
) -> tuple[Ranked, ...]:
    """Passages by their place and by that of their best judged sentence, which counts twice; without a judge as they
    are."""
    best: dict[int, float] = {}
    for row in judged:
        place = found[row].place
        best[place] = max(best.get(place, -math.inf), scores[row])
    by_sentence = {place: at for at, place in enumerate(sorted(best, key=lambda place: -best[place]))}
    order = {
        place: 1 / (_RANK + place) + (2 / (_RANK + by_sentence[place]) if place in by_sentence else 0)
        for place in range(len(ranked))
    }
    return tuple(ranked[place] for place in sorted(order, key=lambda place: -order[place]))


def by_words(one: Candidate) -> float:
    """How well a sentence answers, told by words; the weights are round numbers."""
    return one.likeness + one.context + 0.3 * one.expected + one.sense - 0.05 * one.place


def with_judge(one: Candidate, score: float, judged: float | None) -> float:
    """The same with the model's word for it; a sentence that it was not asked about comes after all others."""
    return score + _UNJUDGED if judged is None else judged + 0.3 * score + 0.2 * one.expected


def answered(found: Sequence[Candidate], judged: dict[int, float]) -> float:
    """How much speaks for it that one of the sentences answers the question, 0 to 1; 0.5 is where to draw the line.

    The line is set so that few questions that are answered fall below it: neither words nor a small model's likelihoods
    tell most of the others apart (docs/experiments/recall.md has the figures).
    """
    if judged:
        return 1 / (1 + math.exp(3 * (_LEAST_JUDGED - max(judged.values()))))
    return 1 / (1 + math.exp(6 * (_LEAST_CONTEXT - max((one.context for one in found), default=0.0))))


def _windows(
    found: Sequence[Candidate], order: Sequence[int], scores: Sequence[float], limit: int
) -> tuple[Quote, ...]:
    """The best sentences, each with the neighbours that fit and are not quoted already."""
    used: set[int] = set()
    texts: set[str] = set()
    quotes: list[Quote] = []
    for row in order:
        if len(quotes) == limit:
            break
        if row in used or found[row].text in texts:
            continue
        first, last = _widen(found, row, used)
        used.update(range(first, last + 1))
        texts.update(found[some].text for some in range(first, last + 1))
        quotes.append(_quote(found, first, row, last, scores[row]))
    return tuple(quotes)


def _widen(found: Sequence[Candidate], row: int, used: set[int]) -> tuple[int, int]:
    """The rows around `row`, what follows first, that make at most 60 words with it."""
    first = last = row
    passage = found[row].passage
    while True:
        grown = False
        for new_first, new_last in ((first, last + 1), (first - 1, last)):
            new = new_last if new_last > last else new_first
            if not 0 <= new < len(found) or found[new].passage is not passage or new in used:
                continue
            if count_words(passage.text[found[new_first].start : found[new_last].end]) <= MOST_WORDS:
                first, last, grown = new_first, new_last, True
                break
        if not grown:
            return first, last


def _quote(found: Sequence[Candidate], first: int, row: int, last: int, score: float) -> Quote:
    passage, start, end = found[row].passage, found[first].start, found[last].end
    text = " ".join(passage.text[start:end].split())
    core = found[row].text
    # Offsets in a text on one line: what stands before the sentence, on one line too.
    before = len(" ".join(passage.text[start : found[row].start].split()))
    at = before + 1 if before else 0
    places = tuple(passage.places(start, end))
    page = places[0][0]
    label = passage.labels[0] if page == passage.first_page else passage.labels[1]
    return Quote(
        text,
        passage.document_id,
        passage.revision,
        page,
        label,
        places,
        (at, at + len(core)),
        passage,
        start,
        end,
        score,
    )
