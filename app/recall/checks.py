"""An answer held against the text: each number, date, name, quotation, path, option and the like is looked for in the
passages that the answer was given, else in all documents of the chat. No model is asked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from app.recall.alignment import SUPPORTED, Alignment, Passages, align
from app.recall.codes import find_codes
from app.recall.dates import find_dates, find_times
from app.recall.facts import Fact, without_overlaps
from app.recall.index import Place, TextIndex, folded_words
from app.recall.names import find_names
from app.recall.numbers import find_numbers
from app.recall.opposites import find_opposites
from app.recall.quotations import find_quotations
from app.recall.rivals import Claim, Rivals
from app.recall.sentences import split_sentences
from app.recall.sources import Source
from app.recall.stray import without_stray_numbers
from app.recall.words import detect_language, fold, stop_words

Status = Literal["here", "elsewhere", "absent", "question"]
Grounding = Literal["text", "partly", "memory"]
_MOSTLY = 0.7  # share of an answer that rests on passages for it to be "from the text"
_PARTLY = 0.25
_COPIED = 5  # words on both sides of a value that make it a copy
_REACH = 100  # characters in which these words are looked for
_LONGEST = 600  # characters of a sentence that are taken together


@dataclass(frozen=True)
class Check:
    """answer[start:end] and where the documents say it.

    kind:     number, date, time, name, quotation, path, option, identifier, address; "negation" is a sentence that
              says the opposite of the passage's.
    status:   here (in the passages), elsewhere (in another place of the documents), absent, or question (only the
              question says it).
    page, label, document_id: of the place with most support; None and "" where absent.
    support:  share of the sentence's words that stand about the value in the text, 0 to 1.
    doubtful: found here, but the text says it of something else, and another value of what the answer speaks of.
    """

    text: str
    start: int
    end: int
    kind: str
    status: Status
    document_id: str = ""
    page: int | None = None
    label: str = ""
    support: float = 0.0
    doubtful: bool = False

    @property
    def wrong(self) -> bool:
        """Whether the check speaks against the answer."""
        return self.status == "absent" or self.doubtful


@dataclass(frozen=True)
class Checked:
    """The checks of an answer by place, its sentences' alignments, and one word for the whole."""

    checks: tuple[Check, ...]
    alignments: tuple[Alignment, ...]
    grounding: Grounding

    def count(self, status: Status) -> int:
        """How many checks have this status."""
        return sum(check.status == status for check in self.checks)


def check_answer(
    answer: str, question: str, here: Sequence[Source], elsewhere: Sequence[TextIndex] = ()
) -> Checked:
    """Hold `answer` to `question` against the passages `here` and the documents `elsewhere` (one index each).

    Never raises on any text; time is linear in the answer's length and in that of `here`.
    """
    passages = Passages(here)
    index = TextIndex(here, passages.language)
    fallback = (
        passages.language if here else elsewhere[0].language if elsewhere else detect_language([answer])
    )
    language = _language(answer, fallback)
    asked = TextIndex([Source("", "", None, "", question)], _language(question, language))
    documents = (index, *elsewhere)
    sentences = split_sentences(answer)
    facts = answer_facts(answer, language, documents, asked, frozenset(start for start, _ in sentences))
    rivals = Rivals(passages, question, index)
    alignments = align(answer, passages)
    checks = []
    for (start, end), said in _by_sentence(facts, sentences):
        claim = rivals.claim(answer[start:end], said)
        checks += [_look(answer, fact, claim, index, elsewhere, asked, rivals) for fact in said]
    for start, end, source in find_opposites(answer, alignments, here, language):
        place = here[source]
        checks.append(
            Check(
                answer[start:end], start, end, "negation", "absent", place.document_id, place.page, place.label
            )
        )  # fmt: skip
    checks.sort(key=lambda check: check.start)
    return Checked(tuple(checks), tuple(alignments), grounding(answer, alignments, checks))


def _language(text: str, fallback: str) -> str:
    """The language of a short text: that of the documents unless its function words clearly say another."""
    words = [fold(word) for word in text.split()]
    guess = detect_language([text])
    known = sum(word in stop_words(fallback) for word in words)
    return guess if sum(word in stop_words(guess) for word in words) > known + 1 else fallback


def answer_facts(
    answer: str, language: str, documents: Sequence[TextIndex], asked: TextIndex, starts: frozenset[int]
) -> list[Fact]:
    """What is looked for of an answer, without overlaps, by place."""

    def lower(word: str) -> bool:
        return any(document.writes_small(word) for document in documents) or asked.writes_small(word)

    found = [
        *find_quotations(answer),
        *find_codes(answer),
        *find_times(answer),
        *(fact for fact in find_dates(answer)),
        *without_stray_numbers(answer, find_numbers(answer, language, sure=True)),
        *find_names(answer, language, lower, starts),
    ]
    return without_overlaps(found)


def _by_sentence(
    facts: Sequence[Fact], sentences: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], list[Fact]]]:
    """The facts of each sentence; of an overlong one those of each stretch of it."""
    starts = [start for start, _ in sentences]

    def stretch(fact: Fact) -> tuple[int, int]:
        place = bisect_right(starts, fact.start) - 1
        if place < 0 or sentences[place][1] <= fact.start:
            return fact.start, fact.end  # the mark of a list item, which is outside of all sentences
        start, end = sentences[place]
        start += (fact.start - start) // _LONGEST * _LONGEST
        return start, min(max(end, fact.end), start + _LONGEST)

    for span, said in groupby(facts, stretch):
        yield span, list(said)


def _look(
    answer: str,
    fact: Fact,
    claim: Claim,
    index: TextIndex,
    elsewhere: Sequence[TextIndex],
    asked: TextIndex,
    rivals: Rivals,
) -> Check:
    shown = answer[fact.start : fact.end]
    places = index.find(fact)
    if places:
        place, support, doubtful = rivals.weigh(claim, fact, places)
        doubtful = doubtful and not index.says(_around(answer, fact))
        return _check(shown, fact, "here", index.sources[place.source], support, doubtful)
    for document in elsewhere:
        found: list[Place] = document.find(fact)
        if found:
            return _check(shown, fact, "elsewhere", document.sources[found[0].source])
    status: Status = "question" if asked.find(fact) else "absent"
    return Check(shown, fact.start, fact.end, fact.kind, status)


def _around(answer: str, fact: Fact) -> str:
    """The fact with five words before and after, folded; words of a whole row or sentence are no accident."""
    before = folded_words(answer[max(0, fact.start - _REACH) : fact.start]).split()[-_COPIED:]
    after = folded_words(answer[fact.end : fact.end + _REACH]).split()[:_COPIED]
    return " ".join([*before, *folded_words(answer[fact.start : fact.end]).split(), *after])


def _check(
    shown: str, fact: Fact, status: Status, source: Source, support: float = 0.0, doubtful: bool = False
) -> Check:
    return Check(
        shown, fact.start, fact.end, fact.kind, status, source.document_id, source.page, source.label,
        round(support, 3), doubtful,
    )  # fmt: skip


def grounding(answer: str, alignments: Sequence[Alignment], checks: Sequence[Check]) -> Grounding:
    """One word for the whole answer: from the text where most of it rests on the passages and nothing speaks against
    it, from memory where next to nothing does."""
    whole = sum(alignment.end - alignment.start for alignment in alignments)
    resting = sum(alignment.end - alignment.start for alignment in alignments if alignment.score >= SUPPORTED)
    share = resting / whole if whole else 0.0
    wrong = sum(check.wrong for check in checks)
    supported = [check for check in checks if check.status == "here" and not check.doubtful]
    if share >= _MOSTLY and not wrong:
        return "text"
    if not alignments and supported and not wrong:
        return "text"  # the value alone: "15 kg."
    if (
        share >= _PARTLY
        or any(check.support >= SUPPORTED for check in supported)
        or (supported and not wrong)
    ):
        return "partly"
    return "memory"
