"""Searching: words, phrases, numbers, paths and options in one document or in all, with page and marked words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.recall import fulltext
from app.recall.passages import Passage
from app.recall.sentences import split_sentences
from app.recall.words import codes, count_words, encode_code, fold, stem, tokens

_QUOTED = re.compile(r'["“”„«»]([^"“”„«»]+)["“”„«»]')
_SHOWN_WORDS = 45


@dataclass(frozen=True)
class Hit:
    """A place that a search found.

    page, label: where `text` begins. text: what to show, word for word, a sentence or more. marks: the found words as
    [start, end) of `text`. start, end: where `text` stands in `passage.text`. score: higher is better, comparable
    within one search.
    """

    document_id: str
    page: int
    label: str
    text: str
    marks: tuple[tuple[int, int], ...]
    score: float
    start: int
    end: int
    passage: Passage


def search(
    connection: sqlite3.Connection,
    query: str,
    documents: fulltext.Documents | None = None,
    limit: int = 20,
) -> list[Hit]:
    """Places for what somebody typed into a search box, best first.

    All words must be found in a passage; where none has all of them, most of them. Words in quotation marks stand in
    this order. The last word may be the beginning of one. documents: None searches all.
    """
    keys = fulltext.keys_of(connection, documents)
    languages = fulltext.languages(connection, keys)
    terms = _terms(query, languages)
    if not terms or not languages:
        return []
    found = fulltext.matching(connection, " AND ".join(terms), keys, limit)
    if not found and len(terms) > 1:
        found = fulltext.matching(connection, " OR ".join(terms), keys, limit)
    needles = Needles(query, languages)
    return [_hit(passage, score, needles) for passage, score in found]


def _terms(query: str, languages: Sequence[str]) -> list[str]:
    """One FTS5 expression for each word or phrase of the query."""
    terms = []
    for phrase in _QUOTED.findall(query):
        ways = {" ".join(word.stem for word in tokens(phrase, language)) for language in languages}
        terms.append(_any(fulltext.quoted(way) for way in sorted(ways) if way))
    rest = _QUOTED.sub(" ", query)
    found_codes = [code for code, _, _ in codes(rest)]
    for part in rest.split():
        code = next((code for code in found_codes if code == part.lower().strip(".,;:?!()")), None)
        if code is not None:
            terms.append(f"exact : {fulltext.quoted(encode_code(code))}")
            continue
        for language_words in zip(*(list(tokens(part, language)) for language in languages), strict=False):
            stems = sorted({word.stem for word in language_words})
            terms.append(_any(fulltext.quoted(way) for way in stems))
    last = re.search(r"(?<!\S)\w+$", rest)
    if last and terms and not last.group().isdigit() and len(last.group()) > 1:
        terms[-1] = f"({terms[-1]} OR {fulltext.quoted(fold(last.group()))}*)"
    return [term for term in terms if term]


def _any(ways: Iterable[str]) -> str:
    alternatives = list(ways)
    return f"({' OR '.join(alternatives)})" if len(alternatives) > 1 else "".join(alternatives)


class Needles:
    """The words of a query, to be marked in a text: by stem, or as codes that stand as they are."""

    def __init__(self, query: str, languages: Sequence[str]) -> None:
        self._languages = tuple(languages) or ("english",)
        words = [word for language in self._languages for word in tokens(query, language)]
        self._codes = {code for code, _, _ in codes(query)}
        self._stems = {word.stem for word in words}
        last = re.search(r"(?<!\S)\w+$", query)
        self._beginning = fold(last.group()) if last and len(last.group()) > 2 else ""

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where the words stand in `text`, in order, those that touch put together."""
        places = [(start, end) for code, start, end in codes(text) if code in self._codes]
        for word in tokens(text, self._languages[0]):
            others = (stem(word.folded, language) for language in self._languages)
            if any(way in self._stems for way in others) or (
                self._beginning and word.folded.startswith(self._beginning)
            ):
                places.append((word.start, word.end))
        merged: list[tuple[int, int]] = []
        for start, end in sorted(places):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def _hit(passage: Passage, score: float, needles: Needles) -> Hit:
    marks = needles.marks(passage.text)
    sentences = split_sentences(passage.text)
    # The sentence with the most different marked words, the earlier one where two have as many.
    best = max(
        sentences,
        key=lambda span: len({fold(passage.text[a:b]) for a, b in marks if span[0] <= a < span[1]}),
    )
    start, end = _widened(passage.text, sentences, best)
    page = passage.places(start, end)[0][0]
    label = passage.labels[0] if page == passage.first_page else passage.labels[1]
    inside = tuple((a - start, b - start) for a, b in marks if start <= a and b <= end)
    return Hit(passage.document_id, page, label, passage.text[start:end], inside, score, start, end, passage)


def _widened(text: str, sentences: Sequence[tuple[int, int]], best: tuple[int, int]) -> tuple[int, int]:
    """The sentence with those after it that fit."""
    at = sentences.index(best)
    start, end = best
    for _, further in sentences[at + 1 :]:
        if count_words(text[start:further]) > _SHOWN_WORDS:
            break
        end = further
    return start, end
