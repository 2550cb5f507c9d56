"""What in a text can be looked for: a fact of some kind at a place, with the keys that its other spellings share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """`text[start:end]` says something that can be looked for.

    kind:  number, date, time, name, quotation, path, option, identifier or address.
    keys:  two facts with a key in common say the same ("15" and "fifteen", "26 Nov. 2026" and "2026-11-26").
    unit:  of a number, "" without.
    parts: what a name or a quotation says, folded, each part to be found on its own.
    """

    kind: str
    start: int
    end: int
    keys: tuple[str, ...] = ()
    unit: str = ""
    parts: tuple[str, ...] = ()


def without_overlaps(facts: list[Fact]) -> list[Fact]:
    """Facts by place; of two that overlap the one that was found first in the list stays."""
    kept: list[Fact] = []
    taken: set[int] = set()
    for fact in facts:
        places = range(fact.start, fact.end)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(fact)
    return sorted(kept, key=lambda fact: fact.start)


def word_set(words: str) -> frozenset[str]:
    """A list of words that is written as one string."""
    return frozenset(words.split())
