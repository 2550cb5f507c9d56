"""Sentences for people that can be said in more than one language.

    error = ChatError(Sentence("There is no preset “{name}”; choose one of {count:,}.", name=name, count=count))
    str(error)                     # the English sentence, for the command line, logs and the API
    str(error).template, .values   # what the page looks its own language up by (`app.ui.words.told`)

A `Sentence` is text. Whoever hands messages on as text, compares them or puts them into a file need not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Value = str | int | float  # a Sentence, too
_LONGEST = 10_000  # characters of what is taken back from JSON
_MOST_VALUES = 50
_DEEPEST = 5  # sentences within sentences


class Sentence(str):
    """An English text, with the template and the values it was made of. A value may be a sentence itself.

    Its English templates are literals where it is made, so that a test can collect them and look for translations.
    """

    template: str
    values: Mapping[str, Value]

    def __new__(cls, template: str, /, **values: Value) -> Sentence:
        return cls._made(template.format(**values), template, values)

    @classmethod
    def _made(cls, text: str, template: str, values: Mapping[str, Value]) -> Sentence:
        sentence = super().__new__(cls, text)
        sentence.template, sentence.values = template, values
        return sentence

    def __str__(self) -> str:
        """Itself, so that `str(error)` is still the sentence that the error was raised with."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence._made, (str.__str__(self), self.template, dict(self.values))


def to_json(message: str) -> str | dict[str, Any]:
    """A message as JSON: its text, or of a `Sentence` an object with its text and its parts."""
    if not isinstance(message, Sentence):
        return message
    values = {
        name: to_json(value) if isinstance(value, str) else value for name, value in message.values.items()
    }
    return {"text": str.__str__(message), "sentence": message.template, "values": values}


def from_json(value: object, *, depth: int = 0) -> str:
    """The message that `to_json` wrote. Raises ValueError for anything else.

    The template is only a name here: nothing is formatted with it, whoever wrote the JSON. depth: of sentences around.
    """
    if isinstance(value, str):
        return value[:_LONGEST]
    match value:
        case {"text": str(text), "sentence": str(template), "values": dict(values)} if (
            depth <= _DEEPEST and len(values) <= _MOST_VALUES
        ):
            taken = {str(name): _value(one, depth + 1) for name, one in values.items()}
            return Sentence._made(text[:_LONGEST], template, taken)
    raise ValueError(f"{str(value)[:100]!r} is no message")


def _value(value: object, depth: int) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return from_json(value, depth=depth)
