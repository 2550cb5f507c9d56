"""Sentences of passages as candidates for a quotation, and what of each can be told without a model.

exact     share of the question's words, by how telling they are, that stand in the sentence (as stems), and of its
          codes ("3.1", "--force"), which stand there as they are
likeness  the same for words that mean about the same
context   the same for the sentence with its heading and its neighbours, who count less
sense     the angle between the means of the word vectors of question and sentence
expected  whether it has the kind of thing that was asked for: a number, a date, a name, a reason
place     of its passage among the passages, from 0
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.recall import fulltext
from app.recall.listings import asks_for_one, is_listing, listing_spans
from app.recall.passages import Passage
from app.recall.query import Expects, Query
from app.recall.ranking import Ranked
from app.recall.related import WordVectors, likeness
from app.recall.sentences import split_sentences
from app.recall.tables import is_row, is_separator
from app.recall.words import codes, count_words, encode_code, stem, stop_words, tokens

MOST_WORDS = 60  # of a quotation
_CUT_WORDS = 45  # of a part of what is longer
_LEAST_WORDS = 3
_NEIGHBOUR, _HEADING = 0.6, 0.6  # how much a word counts that stands there only
_CODE = 2.0  # how much more a code of the question counts than a word
_MOST_TELLING = 5.0
_HEADING_SIGNS, _WORDS_BEFORE = 80, 20  # of what stands before a sentence, for a judge


@dataclass(frozen=True)
class Candidate:
    """passage.text[start:end], a sentence or a part of a long one, and what can be told of it: see the module."""

    passage: Passage
    place: int
    start: int
    end: int
    exact: float = 0.0
    likeness: float = 0.0
    context: float = 0.0
    sense: float = 0.0
    expected: float = 0.0

    @property
    def text(self) -> str:
        """On one line."""
        return " ".join(self.passage.text[self.start : self.end].split())

    @property
    def in_context(self) -> str:
        """The sentence after its heading and the words before it, for a judge to read."""
        title = self.passage.headings[-1][-_HEADING_SIGNS:] if self.passage.headings else ""
        before = " ".join(self.passage.text[: self.start].split()[-_WORDS_BEFORE:])
        return f"{title}. {before} {self.text}" if title else f"{before} {self.text}".strip()


def candidates(
    connection: sqlite3.Connection,
    query: Query,
    ranked: Sequence[Ranked],
    language: str,
    vectors: WordVectors | None = None,
) -> list[Candidate]:
    """The sentences of the passages, in their order, each with its features.

    Entries of contents and indexes, and headers of tables, are none where there are others, unless they are asked for.
    """
    found = [
        (place, one.passage, start, end)
        for place, one in enumerate(ranked)
        for start, end in _quotable(one.passage.text)
    ]
    if not asks_for_one(query.question):
        found = _telling(found) or found
    if not found:
        return []
    words = query.words or tuple(query.terms)
    own_codes = [code for code in query.codes if code not in words]  # a plain number is a word too
    if not words and not own_codes:
        return [Candidate(passage, place, start, end) for place, passage, start, end in found]
    stop = stop_words(language)
    rows = [list(tokens(passage.text[start:end], language)) for _, passage, start, end in found]
    vocabulary = sorted({token.folded for row in rows for token in row})
    stems = [stem(word, language) for word in vocabulary]
    own = [stem(word, language) for word in words]
    telling = fulltext.inverse_frequencies(connection, {*stems, *own, *own_codes})
    weights = np.array(
        [
            min(telling[one], _MOST_TELLING) * query.terms.get(one, _CODE * query.codes.get(one, 1.0))
            for one in (*own, *own_codes)
        ],
        dtype=np.float32,
    )
    weights /= max(float(weights.sum()), 1e-9)

    same = np.array([[1.0 if one == other else 0.0 for other in stems] for one in own], dtype=np.float32)
    alike = np.maximum(same, likeness(vectors, words, vocabulary)) if vectors is not None else same  # [Q, M]
    at = {word: column for column, word in enumerate(vocabulary)}
    columns = [[at[token.folded] for token in row] for row in rows]
    empty = np.zeros(len(words), np.float32)
    there = _codes_there([passage.text[start:end] for _, passage, start, end in found], own_codes)  # [N, C]
    exact = np.stack([same[:, some].max(axis=1) if some else empty for some in columns])  # [N, Q]
    exact = np.concatenate([exact, there], axis=1)  # [N, Q + C]
    best = np.stack([alike[:, some].max(axis=1) if some else empty for some in columns])
    best = np.concatenate([best, there], axis=1)
    rarity = np.maximum(np.log(1 / (best.mean(axis=0) + 0.02)), 0)
    rarity *= [query.terms.get(one, _CODE * query.codes.get(one, 1.0)) for one in (*own, *own_codes)]
    rarity /= max(float(rarity.sum()), 1e-9)
    context = _in_context(best, found, own, own_codes, language)

    sense = np.zeros(len(found), np.float32)
    if vectors is not None:
        table = vectors(vocabulary) * np.array(
            [
                [0.0 if word in stop else min(telling[one], 6.0)]
                for word, one in zip(vocabulary, stems, strict=True)
            ],
            dtype=np.float32,
        )
        asked = np.array([min(telling[one], _MOST_TELLING) for one in own], dtype=np.float32) @ vectors(words)
        means = np.stack([table[some].sum(axis=0) for some in columns])
        lengths = np.linalg.norm(means, axis=1) * max(float(np.linalg.norm(asked)), 1e-9)
        sense = (means @ asked) / np.maximum(lengths, 1e-9)
    return [
        Candidate(
            passage,
            place,
            start,
            end,
            exact=float(exact[row] @ weights),
            likeness=float(best[row] @ rarity),
            context=float(context[row] @ rarity),
            sense=float(sense[row]),
            expected=has_expected(query.expects, passage.text[start:end]),
        )
        for row, (place, passage, start, end) in enumerate(found)
    ]


_Span = tuple[int, Passage, int, int]  # place of the passage, the passage, start and end in its text


def _telling(found: Sequence[_Span]) -> list[_Span]:
    """Without the sentences that only point at other places, or only name the columns of a table."""
    spans = {id(passage): listing_spans(passage.text) for _, passage, _, _ in found}
    return [
        (place, passage, start, end)
        for place, passage, start, end in found
        if not is_listing(spans[id(passage)], start, end) and not _names_columns(passage.text, start, end)
    ]


def _names_columns(text: str, start: int, end: int) -> bool:
    below = text[end:].lstrip().split("\n", 1)[0]
    lines = text[start:end].split("\n")
    return is_separator(lines[-1]) or (is_row(lines[-1]) and is_separator(below))


def _quotable(text: str) -> list[tuple[int, int]]:
    """Sentences of at least three words, and entries of contents; those of more than 60 words in parts."""
    spans = []
    for start, end in _sentences(text):
        words = count_words(text[start:end])
        if words < _LEAST_WORDS:
            continue
        if words <= MOST_WORDS:
            spans.append((start, end))
            continue
        pieces = [match.span() for match in re.finditer(r"\S+", text[start:end])]
        if len(pieces) <= _CUT_WORDS:  # a script without spaces
            step = max((end - start) * _CUT_WORDS // words, 1)
            spans += [(at, min(at + step, end)) for at in range(start, end, step)]
            continue
        for first in range(0, len(pieces), _CUT_WORDS):
            last = min(first + _CUT_WORDS, len(pieces)) - 1
            spans.append((start + pieces[first][0], start + pieces[last][1]))
    return spans


def _sentences(text: str) -> list[tuple[int, int]]:
    """The sentences; of contents and indexes the lines, whose leaders look like the ends of sentences."""
    spans: list[tuple[int, int]] = []
    at = 0
    for start, end in (*listing_spans(text), (len(text), len(text))):
        spans += [(at + first, at + last) for first, last in split_sentences(text[at:start])]
        spans += [
            (start + line.start(), start + line.end()) for line in re.finditer(r"\S[^\n]*", text[start:end])
        ]
        at = end
    return spans


def _codes_there(texts: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """Which of some encoded codes stand in each text, [N, C]."""
    there = np.zeros((len(texts), len(wanted)), np.float32)
    for row, text in enumerate(texts if wanted else ()):
        standing = {encode_code(code) for code, _, _ in codes(text)}
        there[row] = [code in standing for code in wanted]
    return there


def _in_context(
    best: np.ndarray,
    found: Sequence[tuple[int, Passage, int, int]],
    own: Sequence[str],
    own_codes: Sequence[str],
    language: str,
) -> np.ndarray:
    """What the words and codes of the question find in the sentence, its heading or its neighbours, [N, Q + C]."""
    context = best.copy()
    headings: dict[int, np.ndarray] = {}
    for row, (_, passage, _, _) in enumerate(found):
        if id(passage) not in headings:
            stems = {token.stem for title in passage.headings for token in tokens(title, language)}
            headings[id(passage)] = np.concatenate(
                [
                    np.array([_HEADING * (one in stems) for one in own], dtype=np.float32),
                    _HEADING * _codes_there([" ".join(passage.headings)], own_codes)[0],
                ]
            )
        context[row] = np.maximum(context[row], headings[id(passage)])
        for neighbour in (row - 1, row + 1):
            if 0 <= neighbour < len(found) and found[neighbour][1] is passage:
                context[row] = np.maximum(context[row], _NEIGHBOUR * best[neighbour])
    return context


# -- what an answer has in it ------------------------------------------------------------------------------------------

_NUMBER_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred|"
    r"thousand|half|twice|once|dozen|eins?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|deux|trois|quatre|cinq|"
    r"dos|tres|cuatro|cinco|due|tre|quattro|cinque)\b",
    re.I,
)
_DATE = re.compile(
    r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)|\b(?:january|february|march|april|june|july|august|september|october|november|december|"
    r"januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|"
    r"octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|"
    r"diciembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)\b|"
    r"\b\d+ ?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b|o.clock|\bnoon\b|\bmidnight\b",
    re.I,
)
_WHEN = re.compile(r"\b(?:when|after|before|until|while|during|every|daily)\b|\d", re.I)
_FULL_NAME = re.compile(
    r"(?<!^)(?<![.!?] )\b[A-ZÀ-Þ][\w’'-]+ (?:[A-Z]\. )?[A-ZÀ-Þ][\w’'-]+|\b[A-Z]{2,}\b|"
    r"\b(?:team|group|board|committee)\b"
)
_NAME = re.compile(r"(?<!^)\b[A-ZÀ-Þ][a-zß-ÿ]+")
_BECAUSE = re.compile(
    r"\b(?:because|since|so that|due to|as|in order to|reasons?|otherwise|therefore|to (?:avoid|prevent|make|allow|"
    r"ensure|keep)|weil|damit|denn|da|parce|car|porque|perché)\b",
    re.I,
)
_SOMEWHERE = re.compile(r"/\w+|\b(?:in|at|on|under|inside|within|beside|near|from) (?:the |a )?[\w/]", re.I)
_BY_WHAT = re.compile(r"\b(?:by|use|using|set|press|type|command|option|run|with|via|must|should|to)\b", re.I)


def has_expected(expects: Expects, text: str) -> float:
    """How surely the text has the kind of thing in it that was asked for, 0 to 1."""
    if expects == "number":
        return 1.0 if re.search(r"\d", text) else 0.8 if _NUMBER_WORDS.search(text) else 0.0
    if expects == "time":
        return 1.0 if _DATE.search(text) else 0.5 if _WHEN.search(text) else 0.0
    if expects == "person":
        return 1.0 if _FULL_NAME.search(text) else 0.4 if _NAME.search(text) else 0.0
    if expects == "reason":
        return 1.0 if _BECAUSE.search(text) else 0.0
    if expects == "place":
        return 1.0 if _SOMEWHERE.search(text) else 0.0
    if expects == "way":
        return 1.0 if _BY_WHAT.search(text) else 0.0
    return 0.5
