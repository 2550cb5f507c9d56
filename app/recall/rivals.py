"""Whether a value that the passages have is said of the same thing there: "the crane lifts 10,592 kilograms" is no fact
where 10,592 stands beside the winch, and the crane beside 8,000."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.recall.alignment import Passages, content
from app.recall.codes import find_codes
from app.recall.dates import find_dates, find_times
from app.recall.facts import Fact, without_overlaps
from app.recall.index import Place, TextIndex, folded_words
from app.recall.names import find_names
from app.recall.numbers import find_numbers
from app.recall.units import same_unit
from app.recall.words import tokens

DOUBT = 0.25  # how much better a rival value has to suit the sentence
_DOUBT_IN_ONE_PART = 0.4  # which word of a clause belongs to which of its values is guessed
_DOUBT_OF_A_NAME = 0.4  # a place stands in sentences about a person
_RIVAL_AT_LEAST = 0.45
_PRONOUN = re.compile(
    r"(?:It|He|She|They|This|These|Its|His|Her|Their|Er|Sie|Es|Diese[rs]?|Ihre?|Seine?|Il|Elle|Ils|Elles|Ce|Cette|Son|Sa|"
    r"Este|Esta|Ella|Ellos)\b"
)
_COMPARED = frozenset(["number", "date", "time", "name", "identifier", "path", "option"])
_ANCHORS = frozenset(["date", "time"])
_QUESTION_WEIGHT = 0.5
_UNKNOWN_WORD = 0.3  # a word that the passages do not have tells little about what the value is said of
_OTHER_VALUES_WORD = 0.35  # a word of the same sentence that stands nearer to another value
_SENTENCE_BEFORE = 0.3
_BEFORE_A_PRONOUN = 0.8
_LOOKED_AT = 24  # sentences in which rivals are looked for
_PART = re.compile(
    r"[,;()–—|]|\s-\s|\b(?:and|but|while|whereas|und|aber|während|doch|sondern|et|mais|tandis|pero|mientras|y)\b"
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
    """A sentence taken apart: stems and values with their offsets in it, where its parts end, and where the larger ones
    do, between which stands a semicolon or a dash."""

    words: tuple[tuple[str, int], ...]
    values: tuple[_Value, ...]
    parts: tuple[int, ...]
    halves: tuple[int, ...]
    telling: tuple[int, ...]  # where the words stand that are neither values nor commonest words
    pronoun: bool  # whether it begins with a word for what the sentence before is about


class Claim:
    """A sentence of an answer: its words and the question's with their weights, and the values that it gives."""

    def __init__(
        self, passages: Passages, sentence: str, asked: frozenset[str], said: Sequence[Fact]
    ) -> None:
        stems = _words_only(content(sentence, passages.language))
        self.said = stems
        self.context = dict.fromkeys(asked, _QUESTION_WEIGHT) | dict.fromkeys(stems, 1.0)
        self.context = {
            stem: share * passages.weight(stem) * (1.0 if passages.sentences_with(stem) else _UNKNOWN_WORD)
            for stem, share in self.context.items()
        }
        self.whole = sum(self.context.values())
        words = frozenset(f"name {word}" for word in folded_words(sentence).split(" "))
        self.stated = words | {key for fact in said for key in _keys(fact)}
        # Another fact that the sentence gives says what a value is of, as a word does: "on Fridays", "in 2016".
        weight = sum(self.context.values()) / max(len(self.context), 1)
        anchors = {key: weight for fact in said if fact.kind in _ANCHORS for key in _keys(fact)}
        self.context |= anchors
        self.whole = sum(self.context.values())
        self.near: dict[int, float] = {}  # the weight that each sentence of the passages has of it
        for stem, weight in self.context.items():
            for number in passages.sentences_with(stem):
                self.near[number] = self.near.get(number, 0.0) + weight
        self.nearest = sorted(self.near, key=lambda number: (-self.near[number], number))[:_LOOKED_AT]
        self.weighed: dict[tuple[object, ...], tuple[Place, float, bool]] = {}
        self.rivals: dict[tuple[str, str, frozenset[str]], list[tuple[tuple[int, int], float]]] = {}


class Rivals:
    """The values of the passages and the words that stand about them."""

    def __init__(self, passages: Passages, question: str, index: TextIndex) -> None:
        self._passages, self._index = passages, index
        self._asked = _words_only(content(question, passages.language))
        self._apart: dict[int, _Sentence] = {}
        self._folded: dict[int, str] = {}
        self._of_source: dict[int, list[int]] = {}
        for number, clause in enumerate(passages.clauses):
            self._of_source.setdefault(clause.source, []).append(number)

    def claim(self, sentence: str, said: Sequence[Fact]) -> Claim:
        """A sentence of the answer that gives the facts `said`, to weigh them one by one."""
        return Claim(self._passages, sentence, self._asked, said)

    def weigh(self, claim: Claim, fact: Fact, places: Sequence[Place]) -> tuple[Place, float, bool]:
        """The place of `fact` that suits the claim best, its support, and whether another value that the answer does
        not give suits the claim clearly better."""
        key = (fact.kind, fact.keys, fact.parts, fact.unit)
        if key not in claim.weighed:
            claim.weighed[key] = self._weigh(claim, fact, places)
        return claim.weighed[key]

    def _weigh(self, claim: Claim, fact: Fact, places: Sequence[Place]) -> tuple[Place, float, bool]:
        best, support = places[0], 0.0
        by_source = {place.source: place for place in reversed(places)}
        keys = frozenset(_keys(fact))
        numbers = [number for source in by_source for number in self._of_source.get(source, ())]
        if len(numbers) > _LOOKED_AT:
            # A sentence counts by its own words and by those of the one before.
            numbers = sorted(
                (number for number in numbers if number in claim.near or number - 1 in claim.near),
                key=lambda number: -claim.near.get(number, 0.0) - claim.near.get(number - 1, 0.0) / 2,
            )[: 4 * _LOOKED_AT]
        contrasts: list[bool] = []
        holding: set[tuple[int, int]] = set()  # sentence and part of it
        own = content(" ".join(fact.parts), self._passages.language) if fact.kind == "name" else keys
        for number in numbers:
            for value in self._values(number, fact):
                if keys & value.keys and (
                    not fact.unit or fact.kind != "number" or value.unit in ("", fact.unit)
                ):
                    holding.add((number, _part(value.start, self._taken_apart(number).parts)))
                    score = self._score(number, value, claim, own)
                    contrasts.append(self._contrasts(number, value, claim, own))
                    if score > support:
                        best, support = by_source[self._passages.clauses[number].source], score
        if fact.kind not in _COMPARED:
            return best, support, False
        if (fact.kind, fact.unit, own) not in claim.rivals:
            claim.rivals[fact.kind, fact.unit, own] = self._rivals(fact, claim, own)
        margin = _DOUBT_OF_A_NAME if fact.kind == "name" else DOUBT
        doubtful = (contrasts and all(contrasts)) or any(
            score - support >= (_DOUBT_IN_ONE_PART if part in holding else margin)
            for part, score in claim.rivals[fact.kind, fact.unit, own]
        )
        return best, support, bool(doubtful)

    def _values(self, number: int, fact: Fact) -> list[_Value]:
        """Values of the sentence of the fact's kind; of names, paths and quotations those that are the same."""
        sentence = self._taken_apart(number)
        if fact.kind in _COMPARED:
            values = [value for value in sentence.values if value.kind == fact.kind]
            if values and (fact.kind != "name" or any(value.keys & set(_keys(fact)) for value in values)):
                return values
        clause = self._passages.clauses[number]
        text = self._passages.texts[clause.source][clause.start : clause.end]
        words = " ".join(fact.parts) if fact.parts else folded_words(fact.keys[0] if fact.keys else "")
        if number not in self._folded:
            self._folded[number] = f" {folded_words(text)} "
        if words and f" {words} " in self._folded[number]:
            at = max(text.lower().find(words.split(" ")[0]), 0)
            return [_Value(fact.kind, frozenset(_keys(fact)), "", at, at + len(words))]
        return []

    def _rivals(self, fact: Fact, claim: Claim, own: frozenset[str]) -> list[tuple[tuple[int, int], float]]:
        """Place (sentence and part) and score of the values of the fact's kind and unit that the claim does not give
        and that suit it. They have a word of the answer's own in their sentence, not of the question's alone."""
        said = claim.said - own
        scores = [
            ((number, _part(value.start, sentence.parts)), self._score(number, value, claim, own))
            for number in claim.nearest
            for sentence in [self._taken_apart(number)]
            if not said or not said.isdisjoint(stem for stem, _ in sentence.words)
            for value in sentence.values
            if value.kind == fact.kind
            and same_unit(value.unit, _unit(fact))
            and not value.keys & claim.stated
        ]
        return [(part, score) for part, score in scores if score >= _RIVAL_AT_LEAST]

    def _score(self, number: int, value: _Value, claim: Claim, own: frozenset[str]) -> float:
        """Share of the claim's weight, but for the fact's own words, that stands about the value."""
        whole = claim.whole - sum(claim.context.get(stem, 0.0) for stem in own)
        if whole <= 0:
            return 0.0
        sentence = self._taken_apart(number)
        before = _BEFORE_A_PRONOUN if sentence.pronoun else _SENTENCE_BEFORE
        near = dict.fromkeys((self._stems_before(number) & claim.context.keys()) - own, before)
        others = [other for other in sentence.values if other.kind == value.kind and other.unit == value.unit]
        shared = 0 if value.kind == "name" else _shared_until(value, others, sentence)
        for stem, at in sentence.words:
            inside = value.kind == "name" and value.start <= at < value.end
            if stem in claim.context and stem not in own and not inside and near.get(stem, 0.0) < 1.0:
                mine = _nearest(at, value, others, sentence) or at < shared
                near[stem] = max(near.get(stem, 0.0), 1.0 if mine else _OTHER_VALUES_WORD)
        return sum(share * claim.context[stem] for stem, share in near.items()) / whole

    def _contrasts(self, number: int, value: _Value, claim: Claim, own: frozenset[str]) -> bool:
        """Whether a word of the answer's stands only in a later part of the sentence, about another such value: in "6
        euros, for children 2.50" what is said of children is not 6. What precedes may be said of both."""
        sentence = self._taken_apart(number)
        part = _part(value.start, sentence.parts)
        later = {
            _part(other.start, sentence.parts)
            for other in sentence.values
            if other.kind == value.kind
            and same_unit(other.unit, value.unit)
            and not other.keys & claim.stated
        }
        stands: dict[str, set[int]] = {}
        for stem, at in sentence.words:
            stands.setdefault(stem, set()).add(_part(at, sentence.parts))
        return any(
            min(stands[stem]) > part and stands[stem] <= later for stem in claim.said - own if stem in stands
        )

    def _stems_before(self, number: int) -> frozenset[str]:
        clauses = self._passages.clauses
        if number and clauses[number - 1].source == clauses[number].source:
            return clauses[number - 1].stems
        return frozenset()

    def _taken_apart(self, number: int) -> _Sentence:
        if number not in self._apart:
            self._apart[number] = self._take_apart(number)
        return self._apart[number]

    def _take_apart(self, number: int) -> _Sentence:
        clause, language = self._passages.clauses[number], self._passages.language
        text = self._passages.texts[clause.source][clause.start : clause.end]
        facts = [*find_dates(text), *find_times(text), *find_numbers(text, language, sure=True)]
        facts += find_codes(text)
        facts += find_names(text, language, self._index.writes_small, frozenset({0}))
        values = tuple(
            _Value(
                fact.kind,
                frozenset(_keys(fact)),
                _unit(fact),
                fact.start,
                fact.end,
            )
            for fact in without_overlaps(facts)
        )
        inside = [(value.start, value.end) for value in values]
        parts = tuple(
            match.start()
            for match in _PART.finditer(text)
            if not any(start <= match.start() < end for start, end in inside)
        )
        halves = tuple(at for at in parts if text[at] in ";–—|")
        words = tuple((token.stem, token.start) for token in tokens(text, language))
        stems = content(text, language)
        telling = tuple(
            at for stem, at in words if stem in stems and not any(start <= at < end for start, end in inside)
        )
        anchors = tuple(
            (key, value.start) for value in values if value.kind in _ANCHORS for key in value.keys
        )
        return _Sentence((*words, *anchors), values, parts, halves, telling, _PRONOUN.match(text) is not None)


def _unit(fact: Fact) -> str:
    """The unit of a number; "a year" for what looks like one, as a year is no rival of a count. Of a weekday or a month
    alone which of the two it is."""
    if fact.kind == "date" and fact.unit in ("w", "m"):
        return fact.unit
    if fact.kind != "number":
        return ""
    year = (
        fact.end - fact.start == 4
        and not fact.unit
        and fact.keys[0].isdigit()
        and 1000 <= int(fact.keys[0]) <= 2100
    )
    return "a year" if year else fact.unit


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


def _nearest(at: int, value: _Value, others: Sequence[_Value], sentence: _Sentence) -> bool:
    """Whether a word at `at` belongs to `value` rather than to another: the nearest in its part of the sentence, else
    in its half, else in the whole sentence."""
    candidates = others
    for borders in (sentence.parts, sentence.halves):
        together = [other for other in others if _part(other.start, borders) == _part(at, borders)]
        if together:
            candidates = together
            break
    distance = min((_distance(at, other) for other in candidates), default=0)
    return value in candidates and _distance(at, value) <= distance


def _shared_until(value: _Value, others: Sequence[_Value], sentence: _Sentence) -> int:
    """Up to where the words of the sentence are said of this value as of those before it.

    "Entry costs 24 pounds in the open class and 8 pounds for juniors": a part that begins with its value has the
    subject of the part before; one that has nothing but values ("in that of 2016 two") has all of it.
    """
    part = _part(value.start, sentence.parts)
    if not part:
        return 0
    begins, ends = sentence.parts[part - 1], [*sentence.parts, 1 << 30][part]
    told = [at for at in sentence.telling if begins <= at < ends]
    if not told:
        return begins
    return min((other.start for other in others), default=0) if told[0] > value.start else 0


def _part(at: int, parts: Sequence[int]) -> int:
    return bisect_right(parts, at)


def _distance(at: int, value: _Value) -> int:
    return max(value.start - at, at - value.end, 0)
