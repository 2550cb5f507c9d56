"""Two readings of the same pages compared word by word: how many words of the one the other has, and in what order.

Readers differ in what is no difference to a person: hyphens at line ends, spaces between Chinese characters, which of
two dashes, how an accent is encoded. So a word is a run of letters and digits without hyphens, folded, and in scripts
that are written without spaces a single character.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_BROKEN = re.compile(r"(?<=\w)[-\u2010\u00ad][ \t]*\r?\n\s*(?=\w)")
_HYPHENS = re.compile(r"(?<=\w)[-\u2010\u2011\u00ad](?=\w)")
# Han, kana, Hangul, Thai, Lao, Khmer, Myanmar: no spaces between words, or none that readers agree on.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


@dataclass(frozen=True)
class Comparison:
    """Counts of words.

    found: of the reference's, those that are on the same page here, each as often as it stands there at most; extra:
    those here that are not on that page there; in_order: of those found, the most that stand in the same order in both.
    """

    reference: int
    ours: int
    found: int
    in_order: int

    @property
    def extra(self) -> int:
        return self.ours - self.found

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.reference + other.reference,
            self.ours + other.ours,
            self.found + other.found,
            self.in_order + other.in_order,
        )


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    text = _BROKEN.sub("", unicodedata.normalize("NFKC", text))
    return _WORD.findall(_HYPHENS.sub("", text).casefold())


def compare(reference: Sequence[str], ours: Sequence[str]) -> Comparison:
    """Two lists of words, of one page."""
    common = Counter(reference) & Counter(ours)
    return Comparison(
        reference=len(reference),
        ours=len(ours),
        found=common.total(),
        in_order=longest_common_subsequence(_only(reference, common), _only(ours, common)),
    )


def compare_pages(reference: Sequence[str], ours: Sequence[str]) -> list[Comparison]:
    """Two readings of a document, page by page; a page that one of them lacks counts as empty."""
    pages = max(len(reference), len(ours))
    padded = [[*texts, *[""] * (pages - len(texts))] for texts in (reference, ours)]
    return [compare(words(theirs), words(own)) for theirs, own in zip(*padded, strict=True)]


def _only(sequence: Sequence[str], common: Counter[str]) -> list[str]:
    return [word for word in sequence if word in common]


def longest_common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Its length. All of `other` is one number of as many bits, so a page of 600 words takes 600 steps
    (Hyyrö, Bit-parallel LCS-length computation revisited, 2004)."""
    places: dict[str, int] = {}
    for index, word in enumerate(other):
        places[word] = places.get(word, 0) | 1 << index
    full = (1 << len(other)) - 1
    row = full
    for word in one:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(other) - row.bit_count()
