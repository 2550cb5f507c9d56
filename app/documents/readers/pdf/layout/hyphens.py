"""What becomes of a hyphen at the end of a line: the document's own words decide.

A word that the document has whole elsewhere is joined ("pro-gram"), one that it has with the hyphen keeps it
("well-known"). Where it has neither, the hyphen of a printed line most often stands for a broken word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HYPHENS = "-\u2010\u00ad"

_WORDS = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_FIRST = re.compile(r"[^\W\d_]+")
_MANY_WORDS = 200_000  # then the vocabulary is large enough
_SUSPENDED = frozenset(
    ("und", "oder", "bzw", "sowie", "bis", "and", "or", "to", "en", "of", "och", "og", "eller", "ja")
)
_SHORT_SUSPENDED = frozenset(("or", "to", "en", "of", "og", "ja"))  # many a word ends so, too
# Starts that take a hyphen before any word, where the document does not say; the first ones before any rest but these.
_KEEPING = frozenset(("self", "well", "half", "cross", "quasi"))
_ALWAYS_KEEPING = {
    "self": ("less", "ish", "same", "hood"),
    "well": ("ness", "being", "ington", "head", "spring"),
}
_TENS = frozenset(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"))
_ONES = frozenset(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))


class Vocabulary:
    """Words of a document, small letters, as far as it has been read; those with a hyphen apart."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
        self.hyphenated: dict[str, int] = {}
        self._starts: set[str] = set()  # of those with a hyphen

    def learn(self, lines: Iterable[str]) -> None:
        """Take in the words of printed lines, less those that a line's end breaks."""
        words, hyphenated = self.words, self.hyphenated
        full = len(words) > _MANY_WORDS
        broken = False
        for line in lines:
            found = _WORDS.findall(line.lower())
            if broken:
                found = found[1:]
            broken = line.endswith(("-", "\u2010", "\u00ad"))
            if broken:
                found = found[:-1]
            for word in found:
                if "-" in word or "\u2010" in word:
                    word = word.replace("\u2010", "-")
                    hyphenated[word] = hyphenated.get(word, 0) + 1
                    self._starts.add(word[: word.index("-")])
                elif word in words:
                    words[word] += 1
                elif not full:
                    words[word] = 1

    def drops_hyphen(self, before: str, after: str) -> bool:
        """Whether the hyphen at the end of the line `before` goes, as the line `after` ends a broken word."""
        if before.endswith("\u00ad"):
            return True
        last, first = _LAST.search(before), _FIRST.match(after)
        if last is None or first is None or _is_address(before, after):
            return False
        start, rest = last.group(1), first.group()
        # What a hyphen joins to the word before ("state-of-the-") counts as a part of it.
        preceding = before[: last.start()]
        compound = preceding.endswith(("-", "\u2010"))
        start, rest = start.lower(), rest.lower()
        if self._is_suspended(rest) and start + rest not in self.words:
            return False
        whole = self.words.get(start + rest, 0)
        parted = self.hyphenated.get(f"{start}-{rest}", 0)
        if whole or parted:
            return whole >= parted
        if not first.group()[0].islower():
            return False  # "SHUT-DOWN", "Mail-Server"
        if compound or len(start) == 1:
            return False
        if (start in _KEEPING and rest in self.words) or (start in _TENS and rest in _ONES):
            return False
        if start in _ALWAYS_KEEPING and len(rest) > 3 and not rest.startswith(_ALWAYS_KEEPING[start]):
            return False
        return not self._often_compound(start, rest)

    def keeps_space(self, before: str, after: str) -> bool:
        """Whether a word that ends in a hyphen stands alone ("Ein- und Ausgabe", "pre- or post-")."""
        first = _FIRST.match(after)
        return (
            _LAST.search(before) is not None
            and first is not None
            and self._is_suspended(first.group().lower())
        )

    def _is_suspended(self, rest: str) -> bool:
        """Whether it joins words that share their second part; the short ones only where they are words here."""
        return rest in _SUSPENDED and (rest not in _SHORT_SUSPENDED or rest in self.words)

    def _often_compound(self, start: str, rest: str) -> bool:
        """Whether both are words here, and the first one begins others that are written with a hyphen."""
        return len(rest) >= 4 and start in self._starts and start in self.words and rest in self.words


def _is_address(before: str, after: str) -> bool:
    """Whether the hyphen stands in an address, a path, an option or a name of a file."""
    word = before[before.rfind(" ") + 1 :]
    rest = after.split(" ", 1)[0].rstrip(".,;:)")
    return (
        "/" in word
        or "@" in word
        or "_" in word
        or word.startswith(("-", "www."))
        or "/" in rest
        or "_" in rest
        or "@" in rest
    )
