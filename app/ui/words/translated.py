"""What sentences are made of: plurals, numbers, and the language that is being spoken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Sentences = TypeVar("Sentences")


@dataclass(frozen=True)
class Translated(Generic[Sentences]):
    """The same sentences in every language; calling it gives those in the language that is being spoken."""

    english: Sentences

    def __call__(self) -> Sentences:
        return self.english


@dataclass(frozen=True)
class Plural:
    """Words about a number: `one` for 1, `other` for every other. `{n}` in them is the number, as people write it."""

    one: str
    other: str

    def __call__(self, value: int, **more: object) -> str:
        return (self.one if value == 1 else self.other).format(n=number(value), **more)


def number(value: float, form: str = ",") -> str:
    """A number as the language that is being spoken writes it; `form` is a format of Python's."""
    return format(value, form)
