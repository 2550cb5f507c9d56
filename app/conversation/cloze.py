"""Cloze questions about a text: a passage of it up to a word, and which of four words comes next."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

CHOICES = 4
_CUE_WORDS = 14  # words before the gap
_CUE_CHARACTERS = 160
_LONG = 7  # letters of a word worth asking for where there is no name or number
_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")


@dataclass(frozen=True)
class Cloze:
    """The passage before the gap, the word in the gap, and the three wrong words beside it."""

    cue: str
    answer: str
    others: tuple[str, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """The four words, the right one first."""
        return (self.answer, *self.others)


def cloze_questions(text: str, count: int, seed: str) -> list[Cloze]:
    """Up to `count` questions, spread evenly over `text`; the same for the same seed.

    Asked for are names and numbers, which a text alone can tell, else long words. The wrong words are of the same kind
    and from the same text, so that none is known by its look. Fewer come where the text has too few such words.
    """
    words = list(_WORD.finditer(text))
    kinds = [_kind(text, word) for word in words]
    pools: dict[str, dict[str, str]] = {}
    for word, kind in zip(words, kinds, strict=True):
        if kind:
            pools.setdefault(kind, {}).setdefault(word[0].casefold(), word[0])
    rng = random.Random(seed)
    questions: list[Cloze] = []
    for part in range(count):
        first, last = (max(_CUE_WORDS, len(words) * edge // count) for edge in (part, part + 1))
        for wanted in (("name", "number"), ("long",)):
            places = [i for i in range(first, last) if kinds[i] in wanted]
            rng.shuffle(places)
            found = next((q for i in places if (q := _question(text, words, i, pools[kinds[i]], rng))), None)
            if found is not None:
                questions.append(found)
                break
    return questions


def _kind(text: str, word: re.Match[str]) -> str:
    """ "name", "number" or "long", or "" for a word not worth asking for."""
    letters = word[0]
    if any(letter.isdigit() for letter in letters):
        return "number" if len(letters) >= 2 else ""
    if letters[0].isupper():
        before = text[: word.start()].rstrip(" “\"'(")[-1:]
        # The first word of a sentence is capitalised whatever it is.
        return (
            "name"
            if len(letters) >= 4 and not letters.isupper() and (before.isalnum() or before == ",")
            else ""
        )
    return "long" if len(letters) >= _LONG else ""


def _question(
    text: str, words: list[re.Match[str]], index: int, pool: dict[str, str], rng: random.Random
) -> Cloze | None:
    """A question for the word at `index`, or None where there are too few other words of its kind."""
    answer = words[index][0]
    begin = max(words[index - _CUE_WORDS].start(), words[index].start() - _CUE_CHARACTERS)
    cue = " ".join(text[begin : words[index].start()].split())
    heard = {word[0].casefold() for word in words[index - _CUE_WORDS : index + 1]}
    others = [word for key, word in pool.items() if key not in heard]
    if len(others) < CHOICES - 1 or not cue:
        return None
    return Cloze(cue, answer, tuple(rng.sample(others, CHOICES - 1)))
