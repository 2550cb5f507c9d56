"""Whether a value that the passages have is said of the same thing there: "the crane lifts 10,592 kilograms" is no fact
where 10,592 stands beside the winch, and the crane beside 8,000."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.recall.alignment import Passages, content
from app.recall.dates import find_dates, find_times
from app.recall.facts import Fact
from app.recall.index import Place, TextIndex, folded_words
from app.recall.names import find_names
from app.recall.numbers import find_numbers
from app.recall.words import tokens

DOUBT = 0.25  # how much better a rival value has to suit the sentence
_RIVAL_AT_LEAST = 0.45
_QUESTION_WEIGHT = 0.5
_OTHER_VALUES_WORD = 0.35  # a word of the same sentence that stands nearer to another value
_SENTENCE_BEFORE = 0.3
_LOOKED_AT = 24  # sentences in which rivals are looked for
_PART = re.compile(
    r"[,;:()–—|]|\s-\s|\b(?:and|but|while|whereas|und|aber|während|doch|sondern|et|mais|tandis|pero|mientras|y)\b"
)


@dataclass(frozen=True)
class _Value:
    kind: str
    keys: frozenset[str]
    unit: str
    start: int
    end: int


@dataclass(frozen=True)
class _Sentence:
    """A sentence taken apart: stems and values with their offsets in it, and where its parts end."""

    words: tuple[tuple[str, int], ...]
    values: tuple[_Value, ...]
    parts: tuple[int, ...]


class Rivals:
    """The values of the passages and the words that stand about them."""

    def __init__(self, passages: Passages, question: str, index: TextIndex) -> None:
        self._passages, self._index = passages, index
        self._asked = _words_only(content(question, passages.language))
        self._apart = lru_cache(maxsize=None)(self._take_apart)
        self._of_source: dict[int, list[int]] = {}
        for number, clause in enumerate(passages.clauses):
            self._of_source.setdefault(clause.source, []).append(number)

    def weigh(
        self, sentence: str, fact: Fact, said: Sequence[Fact], places: Sequence[Place]
    ) -> tuple[Place, float, bool]:
        """The place of `fact` that suits the answer's sentence best, its support, and whether another value that the
        answer does not give suits the sentence clearly better."""
        language = self._passages.language
        own_words = content(" ".join(fact.parts), language) if fact.parts else frozenset()
        context = dict.fromkeys(_words_only(content(sentence, language)) - own_words, 1.0)
        for stem in self._asked - own_words:
            context.setdefault(stem, _QUESTION_WEIGHT)
        best, support = places[0], 0.0
        for number, value, place in self._holding(fact, places):
            score = self._score(number, value, context)
            if score > support:
                best, support = place, score
        if fact.kind not in ("number", "date", "time", "name"):
            return best, support, False
        stated = {key for other in said for key in _keys(other)}
        rival = self._best_rival(fact, stated, context) if support < 1 - DOUBT else 0.0
        return best, support, rival >= _RIVAL_AT_LEAST and rival - support >= DOUBT

    def _holding(self, fact: Fact, places: Sequence[Place]) -> list[tuple[int, _Value, Place]]:
        """The sentences that have the fact, with where in them."""
        keys, found = frozenset(_keys(fact)), []
        for source in dict.fromkeys(place.source for place in places):
            place = next(place for place in places if place.source == source)
            for number in self._of_source.get(source, ()):
                for value in self._values(number, fact):
                    if keys & value.keys and (
                        not fact.unit or fact.kind != "number" or value.unit in ("", fact.unit)
                    ):
                        found.append((number, value, place))
        return found

    def _values(self, number: int, fact: Fact) -> list[_Value]:
        """Values of the sentence of the fact's kind; of names, paths and quotations those that are the same."""
        sentence = self._apart(number)
        if fact.kind in ("number", "date", "time", "name"):
            values = [value for value in sentence.values if value.kind == fact.kind]
            if values and (fact.kind != "name" or any(value.keys & set(_keys(fact)) for value in values)):
                return values
        clause = self._passages.clauses[number]
        text = self._passages.texts[clause.source][clause.start : clause.end]
        words = " ".join(fact.parts) if fact.parts else folded_words(fact.keys[0] if fact.keys else "")
        if words and f" {words} " in f" {folded_words(text)} ":
            at = max(text.lower().find(words.split(" ")[0]), 0)
            return [_Value(fact.kind, frozenset(_keys(fact)), "", at, at + len(words))]
        return []

    def _best_rival(self, fact: Fact, stated: set[str], context: dict[str, float]) -> float:
        weights: dict[int, float] = {}
        for stem, weight in context.items():
            for number in self._passages.sentences_with(stem):
                weights[number] = weights.get(number, 0.0) + weight * self._passages.weight(stem)
        best = 0.0
        for number in sorted(weights, key=lambda number: -weights[number])[:_LOOKED_AT]:
            for value in self._apart(number).values:
                if value.kind == fact.kind and value.unit == fact.unit and not value.keys & stated:
                    best = max(best, self._score(number, value, context))
        return best

    def _score(self, number: int, value: _Value, context: dict[str, float]) -> float:
        """Share of the context's weight that stands about the value."""
        whole = sum(weight * self._passages.weight(stem) for stem, weight in context.items())
        if not whole:
            return 0.0
        near = {stem: _SENTENCE_BEFORE for stem in self._stems_before(number) if stem in context}
        sentence = self._apart(number)
        others = [other for other in sentence.values if other.kind == value.kind and other.unit == value.unit]
        for stem, at in sentence.words:
            if stem in context:
                mine = _nearest(at, value, others, sentence.parts)
                near[stem] = max(near.get(stem, 0.0), 1.0 if mine else _OTHER_VALUES_WORD)
        return (
            sum(share * context[stem] * self._passages.weight(stem) for stem, share in near.items()) / whole
        )

    def _stems_before(self, number: int) -> frozenset[str]:
        clauses = self._passages.clauses
        if number and clauses[number - 1].source == clauses[number].source:
            return clauses[number - 1].stems
        return frozenset()

    def _take_apart(self, number: int) -> _Sentence:
        clause, language = self._passages.clauses[number], self._passages.language
        text = self._passages.texts[clause.source][clause.start : clause.end]
        facts = [*find_dates(text), *find_times(text), *find_numbers(text, language, sure=True)]
        facts += find_names(text, language, self._index.writes_small, frozenset({0}))
        values = tuple(
            _Value(
                fact.kind,
                frozenset(_keys(fact)),
                fact.unit if fact.kind == "number" else "",
                fact.start,
                fact.end,
            )
            for fact in facts
        )
        inside = [(value.start, value.end) for value in values]
        parts = tuple(
            match.start()
            for match in _PART.finditer(text)
            if not any(start <= match.start() < end for start, end in inside)
        )
        words = tuple((token.stem, token.start) for token in tokens(text, language))
        return _Sentence(words, values, parts)


def _keys(fact: Fact) -> tuple[str, ...]:
    """Keys that tell facts of all kinds apart; of a date the most precise only, of a name each of its words."""
    if fact.kind == "date":
        return fact.keys[:-1] if len(fact.keys) > 1 else fact.keys
    if fact.kind == "name":
        return tuple(f"name {part}" for part in fact.parts)
    if fact.kind in ("number", "time"):
        return tuple(f"{fact.kind} {key}" for key in fact.keys)
    return (" ".join(fact.parts) or " ".join(fact.keys),)


def _words_only(stems: frozenset[str]) -> frozenset[str]:
    return frozenset(stem for stem in stems if stem[0] not in "#@")


def _nearest(at: int, value: _Value, others: Sequence[_Value], parts: Sequence[int]) -> bool:
    """Whether a word at `at` belongs to `value` rather than to another: the nearest in its part of the sentence, else
    in the whole sentence."""
    same_part = [other for other in others if _part(other.start, parts) == _part(at, parts)]
    candidates = same_part or others
    distance = min((_distance(at, other) for other in candidates), default=0)
    return value in candidates and _distance(at, value) <= distance


def _part(at: int, parts: Sequence[int]) -> int:
    return sum(part <= at for part in parts)


def _distance(at: int, value: _Value) -> int:
    return max(value.start - at, at - value.end, 0)
