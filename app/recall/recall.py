"""Recall: the passages of the documents that a question is answered from."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.recall import fulltext
from app.recall.passages import Passage
from app.recall.query import Place, Query, Scope, understand
from app.recall.ranking import Ranked, VectorSearch, rank
from app.recall.related import WordVectors

DEFAULT_TOKENS = 1600
_TOKENS_A_WORD = 1.5  # where no tokenizer counts
_MOST_PASSAGES = 8
_LOOKED_AT = 24  # passages whose sentences may be quoted
_OPENING = 2  # passages of each document's beginning that stand for the whole

Count = Callable[[str], int]  # tokens of a text


@dataclass(frozen=True)
class Aids:
    """What recall can use beside the index; all of it may be missing.

    vectors: of the loaded model's words. vector_search: of a sentence model, an optional extra. count: tokens of a text
    by the model's tokenizer.
    """

    vectors: WordVectors | None = None
    vector_search: VectorSearch | None = None
    count: Count | None = None


@dataclass(frozen=True)
class Recalled:
    """What was found for a question.

    passages: to be read into the window, best first, within the budget; neighbours are one. looked_at: the ranked
    passages to choose quotes from, more than are read. query: the question as it was understood. found: False where no
    passage has a word of the question or one like it, so that there is nothing to answer from; whether the passages
    answer it, `choose_quotes` says. vectors: of words, where they tell anything about the words of these documents.
    """

    query: Query
    passages: tuple[Passage, ...]
    looked_at: tuple[Ranked, ...]
    found: bool
    vectors: WordVectors | None = None

    @property
    def scope(self) -> Scope:
        return self.query.scope


def recall(
    connection: sqlite3.Connection,
    question: str,
    history: Sequence[str] = (),
    documents: fulltext.Documents | None = None,
    budget: int = DEFAULT_TOKENS,
    aids: Aids = Aids(),  # noqa: B008  (frozen)
) -> Recalled:
    """The passages for `question`.

    history: the questions before it, the last one last, for what "it" and "they" mean. documents: of the chat; None:
    all. budget: tokens that the passages may take together.
    """
    keys = fulltext.keys_of(connection, documents)
    languages = fulltext.languages(connection, keys)
    query = understand(question, history, languages or ("english",))
    vectors = aids.vectors
    if vectors is not None and not vectors.know(fulltext.vocabulary(connection, keys)):
        vectors = None
    if not languages:
        return Recalled(query, (), (), False)
    ranked: list[Ranked] = []
    if query.scope == "whole":
        ranked = _openings(connection, keys)
    elif query.scope == "place":
        ranked = _at_places(connection, query, keys, vectors)
    if query.scope == "fact" or not ranked:
        query = replace(query, scope="fact") if query.scope == "place" else query
        ranked = rank(connection, query, keys, vectors, aids.vector_search)
    looked_at = _different(ranked)[:_LOOKED_AT]
    return Recalled(query, fit(looked_at, budget, aids.count), tuple(looked_at), bool(looked_at), vectors)


def fit(ranked: Sequence[Ranked], budget: int, count: Count | None = None) -> tuple[Passage, ...]:
    """The best passages that go into a budget of tokens, neighbours as one; `choose_quotes` may give a better order
    than `recall`. At least the best one, whatever its length."""
    return tuple(_joined(_within(ranked, budget, count or _estimate)))


def _estimate(text: str) -> int:
    return int(len(text.split()) * _TOKENS_A_WORD) + sum(1 for sign in text if sign > "\u0e00")


def _different(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Without passages whose very text a better one has: the same document twice, or boilerplate."""
    kept: dict[str, Ranked] = {}
    for one in ranked:
        kept.setdefault(" ".join(re.findall(r"\w+", one.passage.text.lower())), one)
    return list(kept.values())


def _within(ranked: Sequence[Ranked], budget: int, count: Count) -> list[Passage]:
    """The best passages that fit into the budget together; at least the best one, whatever its length."""
    chosen: list[Passage] = []
    left = budget
    for one in ranked[: 3 * _MOST_PASSAGES]:
        tokens = count(one.passage.text)
        if chosen and tokens > left:
            continue
        chosen.append(one.passage)
        left -= tokens
        if len(chosen) == _MOST_PASSAGES:
            break
    return chosen


def _joined(chosen: Sequence[Passage]) -> list[Passage]:
    """Passages that follow each other in the text as one, in the place of the better one."""
    joined: list[Passage] = []
    for passage in chosen:
        for index, other in enumerate(joined):
            if other.document_id != passage.document_id:
                continue
            first, second = sorted((other, passage), key=lambda one: one.number)
            if second.number == first.number + first.count:
                joined[index] = first.followed_by(second)
                break
        else:
            joined.append(passage)
    return joined


# -- the whole, and places ---------------------------------------------------------------------------------------------


def _openings(connection: sqlite3.Connection, keys: Sequence[int]) -> list[Ranked]:
    """How each document begins, then how each of its highest sections begins, then its end."""
    first = fulltext.passages_where(connection, keys, "number < ?", _OPENING)
    sections: list[Passage] = []
    last: dict[str, Passage] = {}
    seen: set[tuple[str, str]] = set()
    for passage in fulltext.passages_where(connection, keys):
        last[passage.document_id] = passage
        title = (passage.document_id, passage.headings[0] if passage.headings else "")
        if title[1] and title not in seen and passage.number >= _OPENING:
            sections.append(passage)
        seen.add(title)
    ids: dict[int, Passage] = {passage.id: passage for passage in (*first, *sections, *last.values())}
    return [Ranked(passage, 1 / (1 + place), {}) for place, passage in enumerate(ids.values())]


def _at_places(
    connection: sqlite3.Connection,
    query: Query,
    keys: Sequence[int],
    vectors: WordVectors | None,
) -> list[Ranked]:
    """The passages at the places that the question names, those with its words first, else in the text's order."""
    there: dict[int, Passage] = {}
    for place in query.places:
        for passage in _at(connection, place, keys):
            there[passage.id] = passage
    if not there:
        return []
    order = {passage_id: place for place, passage_id in enumerate(there)}
    by_words = rank(connection, query, keys, vectors, limit=10_000) if query.terms else []
    best = [one.passage.id for one in by_words if one.passage.id in there]
    for passage_id in best:
        del order[passage_id]
    return [
        Ranked(there[passage_id], 1 / (1 + place), {"place": place})
        for place, passage_id in enumerate([*best, *order])
    ]


def _at(
    connection: sqlite3.Connection,
    place: Place,
    keys: Sequence[int],
) -> list[Passage]:
    if place.kind == "page":
        labelled = fulltext.passages_where(
            connection, keys, "lower(?) IN (lower(first_label), lower(last_label))", place.value
        )
        if labelled or not place.value.isdecimal():
            return labelled
        number = int(place.value)
        return fulltext.passages_where(connection, keys, "? BETWEEN first_page AND last_page", number)
    if place.kind == "table":
        words = " AND ".join(
            f"{{stems headings}} : {fulltext.quoted(word)}" for word in understand(place.value).terms
        )
        found = fulltext.matching(connection, words, keys, 12)
        return [passage for passage, _ in found if passage.kind == "table"] or [p for p, _ in found[:3]]
    if place.unit == "page":
        pages = fulltext.passages_where(connection, keys)
        last = max((passage.last_page for passage in pages), default=0)
        number = last if place.value == "-1" else int(place.value)
        return [passage for passage in pages if passage.first_page <= number <= passage.last_page]
    passages = fulltext.passages_where(connection, keys)
    return _ordinal(passages, place) if place.kind == "ordinal" else _numbered(passages, place)


_PART_WORDS = r"(?:chapter|section|part|appendix|annex|article|clause|§|kapitel|abschnitt|chapitre|capítulo)"
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_SPELT = dict(enumerate(_NUMBERS.split(), 1))


def _numbered(passages: Sequence[Passage], place: Place) -> list[Passage]:
    """Passages under a title with this number: "7", "7.2 Fees", "Chapter 7", "CHAPTER SEVEN"."""
    ways = [re.escape(place.value)]
    if place.value.isdecimal() and int(place.value) in _SPELT:
        ways.append(_SPELT[int(place.value)])
    pattern = re.compile(rf"(?:{_PART_WORDS}\s*)?(?:{'|'.join(ways)})(?!\.?\w)", re.I)
    return [passage for passage in passages if any(pattern.match(title) for title in passage.headings)]


def _ordinal(passages: Sequence[Passage], place: Place) -> list[Passage]:
    """Passages under the n-th of the highest titles, or the last of them."""
    highest = list(dict.fromkeys(passage.headings[0] for passage in passages if passage.headings))
    number = int(place.value)
    if not highest or number > len(highest):
        return []
    title = highest[-1] if number == -1 else highest[number - 1]
    return [passage for passage in passages if passage.headings[:1] == (title,)]
