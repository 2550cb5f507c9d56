"""Which sentence of the passages each sentence of an answer rests on: for citation marks, with any model, as small
ones do not cite reliably."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.recall.dates import find_dates
from app.recall.numbers import find_numbers
from app.recall.sentences import split_sentences
from app.recall.sources import Source, mended
from app.recall.words import detect_language, stop_words, tokens

SUPPORTED = 0.5  # share of a sentence's weight that a passage has to say for the sentence to rest on it
_NUMBER_WEIGHT = 1.5
_PAIR_DISCOUNT = 0.95  # two neighbouring sentences together say more words by chance


@dataclass(frozen=True)
class Alignment:
    """answer[start:end] rests on passages[source].text[source_start:source_end]; `source` is None where nothing
    supports it. `score` is the share of its words and numbers that stand there, weighted by rarity, 0 to 1."""

    start: int
    end: int
    source: int | None
    source_start: int
    source_end: int
    score: float


@dataclass(frozen=True)
class Citation:
    """What a mark in the answer leads to; `text` is the sentence of the document."""

    number: int
    document_id: str
    document: str
    page: int | None
    label: str
    text: str
    score: float
    source: int
    start: int
    end: int


@dataclass(frozen=True)
class Cited:
    """The answer with its marks, the citations by number, and where in the bare answer each mark goes."""

    text: str
    citations: tuple[Citation, ...]
    marks: tuple[tuple[int, int], ...]  # (offset, number)


@dataclass(frozen=True)
class Clause:
    """A sentence of a passage with the stems that it is compared by."""

    source: int
    start: int
    end: int
    stems: frozenset[str]


class Passages:
    """Passages cut into sentences, with the weight of every stem: the rarer among the sentences, the heavier."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.texts = [mended(source.text) for source in sources]
        self.language = detect_language(source.text for source in sources)
        self.clauses = [
            Clause(number, start, end, content(text[start:end], self.language))
            for number, text in enumerate(self.texts)
            for start, end in split_sentences(text)
        ]
        self._with: dict[str, list[int]] = {}
        for place, clause in enumerate(self.clauses):
            for stem in clause.stems:
                self._with.setdefault(stem, []).append(place)

    def weight(self, stem: str) -> float:
        """How much it tells that a sentence has this stem; words that no passage has weigh as those in one."""
        rarity = math.log(1 + (len(self.clauses) + 1) / (1 + len(self._with.get(stem, ()))))
        return rarity * (_NUMBER_WEIGHT if stem[0] in "#@" else 1.0)

    def sentences_with(self, stem: str) -> Sequence[int]:
        """Numbers of the sentences that have a stem."""
        return self._with.get(stem, ())

    def best(self, stems: frozenset[str]) -> tuple[int, int, float]:
        """The sentence (or two neighbours) with most of the stems' weight: first and last number, share."""
        whole = sum(map(self.weight, stems))
        if not whole or not self.clauses:
            return -1, -1, 0.0
        hits: Counter[int] = Counter()
        weights: dict[int, float] = {}
        for stem in stems:
            for place in self._with.get(stem, ()):
                hits[place] += 1
                weights[place] = weights.get(place, 0.0) + self.weight(stem)
        if not weights:
            return -1, -1, 0.0
        first = last = max(weights, key=lambda place: (weights[place], -place))
        share = weights[first] / whole
        for place in list(weights):
            if place + 1 in weights and self.clauses[place].source == self.clauses[place + 1].source:
                both = (self.clauses[place].stems | self.clauses[place + 1].stems) & stems
                joined = _PAIR_DISCOUNT * sum(map(self.weight, both)) / whole
                if joined > share + 0.05:
                    first, last, share = place, place + 1, joined
        return first, last, share


def content(text: str, language: str) -> frozenset[str]:
    """What a sentence is compared by: stems without function words, "#" + value of numbers, "@" + day of dates."""
    plain = mended(text)
    stops = stop_words(language)
    numbers, dates = list(find_numbers(plain, language, sure=True)), find_dates(plain)
    words = plain
    for fact in [*numbers, *dates]:
        words = f"{words[: fact.start]}{' ' * (fact.end - fact.start)}{words[fact.end :]}"
    stems = {
        token.stem for token in tokens(words, language) if token.folded not in stops and len(token.folded) > 1
    }
    stems = {stem for stem in stems if not any(sign.isdigit() for sign in stem)}
    values = {f"#{fact.keys[0]}" for fact in numbers} | {f"@{fact.keys[0]}" for fact in dates}
    return frozenset(stems | values)


def align(answer: str, passages: Sequence[Source] | Passages) -> list[Alignment]:
    """Each sentence of the answer with the sentence of the passages that says most of it. Sentences without a word of
    matter ("Yes.") are left out."""
    held = passages if isinstance(passages, Passages) else Passages(passages)
    found = []
    for start, end in split_sentences(answer):
        stems = content(answer[start:end], held.language)
        if not stems:
            continue
        first, last, share = held.best(stems)
        if share < SUPPORTED or (len(stems) == 1 and not next(iter(stems)).startswith(("#", "@"))):
            found.append(Alignment(start, end, None, 0, 0, round(share, 3)))
            continue
        begin, finish = held.clauses[first], held.clauses[last]
        found.append(Alignment(start, end, begin.source, begin.start, finish.end, round(min(share, 1.0), 3)))
    return found


def cite(answer: str, alignments: Sequence[Alignment], passages: Sequence[Source]) -> Cited:
    """`answer` with a mark ("[1]") after each sentence that rests on a passage; sentences that rest on the same one
    share its number. Marks that a model wrote itself are left as they are."""
    numbers: dict[tuple[int, int, int], int] = {}
    citations: list[Citation] = []
    marks: list[tuple[int, int]] = []
    for alignment in alignments:
        if alignment.source is None:
            continue
        key = (alignment.source, alignment.source_start, alignment.source_end)
        if key not in numbers:
            numbers[key] = len(numbers) + 1
            source = passages[alignment.source]
            text = source.text[alignment.source_start : alignment.source_end]
            citations.append(
                Citation(
                    numbers[key], source.document_id, source.document_name, source.page, source.label, text,
                    alignment.score, *key,
                )
            )  # fmt: skip
        marks.append((alignment.end, numbers[key]))
    pieces, last = [], 0
    for offset, number in marks:
        pieces += [answer[last:offset], f" [{number}]"]
        last = offset
    return Cited("".join([*pieces, answer[last:]]), tuple(citations), tuple(marks))
