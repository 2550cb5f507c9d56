"""What sentences are made of: plurals, numbers, and the language that is being spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

Language = Literal["en", "de", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
# What each language calls itself, and its tag where a browser wants to know more than the language.
OWN_NAMES: dict[Language, str] = {"en": "English", "de": "Deutsch", "zh": "简体中文"}
TAGS: dict[Language, str] = {"en": "en", "de": "de", "zh": "zh-CN"}

_spoken: ContextVar[Language] = ContextVar("spoken", default="en")
_GERMAN_DIGITS = str.maketrans(",.", ".,")
Sentences = TypeVar("Sentences")


def spoken() -> Language:
    """The language that is being spoken here: of this thread, or of this task."""
    return _spoken.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Inside, sentences are in `language`. A thread begun inside speaks English, unless it is given the context."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def choose(wanted: Iterable[str], otherwise: Language = "en") -> Language:
    """The first language of `wanted` that the page speaks: tags as browsers send them, "de-AT", best first."""
    for tag in wanted:
        primary = tag.strip().lower().replace("_", "-").split("-")[0]
        for language in LANGUAGES:
            if primary == language:
                return language
    return otherwise


@dataclass(frozen=True)
class Translated(Generic[Sentences]):
    """The same sentences in every language; calling it gives those in the language that is being spoken."""

    english: Sentences
    german: Sentences
    chinese: Sentences

    def __call__(self) -> Sentences:
        return self.of(spoken())

    def of(self, language: Language) -> Sentences:
        """The sentences in `language`."""
        return {"en": self.english, "de": self.german, "zh": self.chinese}[language]


@dataclass(frozen=True)
class Plural:
    """Words about a number: `one` for 1, `other` for every other. `{n}` in them is the number, as people write it."""

    one: str
    other: str

    def __call__(self, value: int, **more: object) -> str:
        return (self.one if value == 1 else self.other).format(n=number(value), **more)


def same(words: str) -> Plural:
    """Of a language whose words do not change with the number."""
    return Plural(words, words)


def number(value: float, form: str = ",") -> str:
    """A number as the language that is being spoken writes it; `form` is a format of Python's."""
    written = format(value, form)
    return written.translate(_GERMAN_DIGITS) if spoken() == "de" else written
