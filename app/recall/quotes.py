"""Quotes first: the stretches of the text that answer a question best, word for word, or the word that none does.

A quotation is the best sentence with as many of its neighbours as fit into 60 words, so that "The default is 5
percent." comes with what it is the default of. Sentences are ordered by what their words tell (`app.recall.candidates`)
and, where a model is there to judge, by how much likelier it finds the question after each of the best ones; where a
sentence model is there, by how near they are in meaning too.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.recall import evidence, fulltext
from app.recall.answerable import missing_kind, unknown_names
from app.recall.candidates import MOST_WORDS, Candidate, candidates
from app.recall.judge import Judge
from app.recall.listings import is_listing, listing_spans
from app.recall.passages import Passage
from app.recall.ranking import Ranked
from app.recall.recall import Recalled
from app.recall.sense import nearest
from app.recall.tables import header_before, is_row, rows_in_words
from app.recall.words import count_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Encoder = Callable[[Sequence[str]], NDArray]  # texts to unit vectors, [N, D]

MOST_QUOTES = 3
JUDGED = 24  # sentences that the model is asked about; each costs it about 75 tokens
COMPARED = 24  # sentences that a sentence model embeds
JUDGED_COMPARED = 14  # of those; they are better ones, so fewer do
LEAST_CONFIDENCE = 0.5
_NEAR = 4.0  # weight of the likeness of meaning
_UNJUDGED = -10.0
_RANK = 10  # of reciprocal ranks
_PASSAGES = 12  # whose sentences are looked at
_POINTS_BACK = re.compile(
    r"(?:(?:in|at|for|with|on|by|mit|bei|für|von|dans|pour|avec|en|con|para|per) )?"
    r"(?:it|he|she|they|this|these|its|his|her|their|er|sie|es|dies\w*|ihre?[nmrs]?|seine?[nmrs]?|il|elle|ils|elles|cet?|"
    r"cette|ces|esta?|este|estos|estas|él|ella|ellos|ellas|questo|questa|questi|queste)\b",
    re.I,
)
_ENDS = '.!?:;…。！？»”’")]'  # what a paragraph ends with that goes on in the next one, or may


@dataclass(frozen=True)
class Quote:
    """A stretch of a document, word for word.

    text: on one line. in_words: the same where it is rows of a table, without their pipes; else "". places: (page,
    start, end) in the pages' texts, for the reader to mark. page, label: where it begins. core: the sentence that it
    was chosen for, as [start, end) of `text`. passage: what it was taken from, at passage.text[start:end]. score:
    higher is better, comparable within one question.
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
    in_words: str = ""

    @property
    def shown(self) -> str:
        """What is shown of it."""
        return self.in_words or self.text


@dataclass(frozen=True)
class Quotes:
    """The quotations for a question, best first, and whether they answer it.

    found: False: the documents do not say, as far as can be told. confidence: how much speaks for it that they do, 0 to
    1. missing: what an answer would have and nothing that was looked at has ("money", or a name); "" where that is not
    the reason.
    ranked: the passages in an order that their sentences have a say in: with a judge the right one is first more often
    than in `Recalled`. signs: what the confidence was made of, see `app.recall.evidence`; empty where none was needed.
    """

    quotes: tuple[Quote, ...]
    found: bool
    confidence: float
    missing: str = ""
    ranked: tuple[Ranked, ...] = ()
    signs: Mapping[str, float] = field(default_factory=dict)


def choose_quotes(
    connection: sqlite3.Connection,
    recalled: Recalled,
    judge: Judge | None = None,
    limit: int = MOST_QUOTES,
    sense: Encoder | None = None,
) -> Quotes:
    """The best quotations out of what was recalled, at most `limit`.

    sense: a sentence model's encoder, as `app.recall.sense.SentenceEncoder`. Without `judge` and `sense` words alone
    choose, which takes some hundredths of a second.
    """
    passages = recalled.looked_at[:_PASSAGES]
    if not passages:
        return Quotes((), False, 0.0)
    keys = fulltext.keys_of(
        connection, list(dict.fromkeys(one.passage.text_id for one in recalled.looked_at))
    )
    languages = fulltext.languages(connection, keys)
    language = languages[0]
    found = candidates(connection, recalled.query, passages, language, recalled.vectors)
    told = [by_words(one) for one in found]
    scores, near, judged = list(told), dict[int, float](), dict[int, float]()
    about: float | None = None
    order = sorted(range(len(found)), key=lambda row: -told[row])
    if sense is not None and recalled.scope != "whole":
        best = order[:COMPARED]
        vectors_of = sense([recalled.query.question, *(found[row].in_context for row in best)])
        near = dict(zip(best, (vectors_of[1:] @ vectors_of[0]).tolist(), strict=True))
        about = nearest(connection, vectors_of[0], [one.passage.id for one in recalled.looked_at])
        scores = [_UNJUDGED + score for score in told]
        for row, likeness in near.items():
            scores[row] = told[row] + _NEAR * likeness
        order.sort(key=lambda row: -scores[row])
    if judge is not None and recalled.scope != "whole":
        best = order[: JUDGED_COMPARED if near else JUDGED]
        judged = dict(
            zip(best, judge(recalled.query.question, [found[row].in_context for row in best]), strict=True)
        )
        scores = [
            with_judge(found[row], score, judged.get(row)) + _NEAR * near.get(row, 0.0)
            for row, score in enumerate(told)
        ]
        order.sort(key=lambda row: -scores[row])
    quotes = _windows(found, order, scores, limit)
    confidence, missing, signs = 1.0, "", dict[str, float]()
    if recalled.scope == "fact":
        signs = evidence.gather(connection, recalled.query, keys, language, judged, about)
        confidence = evidence.answered(signs)
        texts = [one.passage.text for one in passages]
        missing = missing_kind(recalled.query.question, texts) or ", ".join(
            unknown_names(connection, recalled.query, keys, languages)
        )
    sure = bool(quotes) and not missing and confidence >= LEAST_CONFIDENCE
    ranked = _ranked_again(recalled.looked_at, found, scores, judged or near)
    return Quotes(quotes, sure, confidence, missing, ranked, signs)


def _ranked_again(
    ranked: Sequence[Ranked], found: Sequence[Candidate], scores: Sequence[float], judged: Mapping[int, float]
) -> tuple[Ranked, ...]:
    """Passages by their place and by that of their best judged sentence, which counts twice; where a model has judged
    none as they are."""
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
    """The rows around `row` that make at most 60 words with it: first the one before, where the row begins with a word
    for what stands there, then what follows."""
    first = last = row
    passage = found[row].passage
    back = _POINTS_BACK.match(passage.text, found[row].start) is not None
    while True:
        grown = False
        ways = ((first, last + 1), (first - 1, last))
        for new_first, new_last in reversed(ways) if back and first == row else ways:
            new = new_last if new_last > last else new_first
            if not 0 <= new < len(found) or found[new].passage is not passage or new in used:
                continue
            if _parted(passage.text, found[new_first].start, found[new_last].end):
                continue
            between = (
                (found[last].end, found[new].start) if new > last else (found[new].end, found[first].start)
            )
            if is_listing(listing_spans(passage.text), *between):  # left out as it says nothing
                continue
            if count_words(passage.text[found[new_first].start : found[new_last].end]) <= MOST_WORDS:
                first, last, grown = new_first, new_last, True
                break
        if not grown:
            return first, last


def _parted(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] has a border in it that no quotation should cross: of a table, or of a paragraph that
    ends no sentence, as headings do."""
    lines = text[start:end].split("\n")
    rows = [is_row(line) for line in lines if line.strip()]
    if any(rows) and not all(rows):
        return True
    parts = [part.rstrip() for part in text[start:end].split("\n\n")]
    return len(parts) > 1 and not all(rows) and any(part and part[-1] not in _ENDS for part in parts)


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
        rows_in_words(passage.text[start:end], header_before(passage.text, start) or passage.header),
    )
