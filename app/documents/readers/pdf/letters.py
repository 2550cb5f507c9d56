"""Single letters put right: accents joined to their letters, ligatures and presentation forms taken apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Accents that TeX draws as letters of their own, and what they are when they stand over a letter.
COMBINING = {
    "`": "\u0300",
    "\u02cb": "\u0300",
    "´": "\u0301",
    "\u02ca": "\u0301",
    "^": "\u0302",
    "\u02c6": "\u0302",
    "~": "\u0303",
    "\u02dc": "\u0303",
    "¯": "\u0304",
    "\u02c9": "\u0304",
    "\u02d8": "\u0306",
    "\u02d9": "\u0307",
    "¨": "\u0308",
    "\u02da": "\u030a",
    "\u02dd": "\u030b",
    "\u02c7": "\u030c",
    "¸": "\u0327",
    "\u02db": "\u0328",
}
CIRCLED = {"c": "©", "C": "©", "R": "®", "r": "®", "P": "℗"}
_DOTLESS = {"ı": "i", "ȷ": "j"}

# Bullets and signs of Symbol and Wingdings, which have no Unicode: their codes are given out from U+F000 on.
PRIVATE = {
    "\uf0b7": "•",
    "\uf0a7": "▪",
    "\uf0d8": "➢",
    "\uf0fc": "✓",
    "\uf0fb": "✗",
    "\uf076": "❖",
    "\uf06c": "●",
    "\uf06e": "■",
    "\uf06f": "□",
    "\uf071": "❑",
    "\uf0a8": "◻",
    "\uf0e0": "→",
    "\uf0df": "←",
    "\uf0f0": "⇨",
    "\uf0be": "—",
    "\uf02d": "−",
    "\uf02b": "+",
    "\uf03d": "=",
    "\uf0b4": "×",
    "\uf0b1": "±",
    "\uf0b0": "°",
    "\uf0a3": "≤",
    "\uf0b3": "≥",
    "\uf0ae": "→",
    "\uf06d": "µ",
    "\uf061": "α",
    "\uf062": "β",
    "\uf044": "Δ",
    "\uf057": "Ω",
    "\uf8e8": "®",
    "\uf8e9": "©",
    "\uf8ea": "™",
    "\uf6d9": "©",
    "\uf6da": "®",
    "\uf6db": "™",
    **dict(zip("\uf8eb\uf8f6\uf8ee\uf8f9\uf8f1\uf8fc", "()[]{}", strict=True)),  # tops of tall brackets
    **dict.fromkeys(
        "\uf8e6\uf8e7\uf8ec\uf8ed\uf8ef\uf8f0\uf8f2\uf8f3\uf8f4\uf8f7\uf8f8\uf8fa\uf8fb\uf8fd\uf8fe", ""
    ),
}
# First and last code of what is replaced by its plain letters: presentation forms and radicals of dictionaries.
_PLAIN = ((0x2E80, 0x2FDF), (0xFB00, 0xFB06), (0xFB13, 0xFDFF), (0xFE30, 0xFE4F), (0xFE70, 0xFEFE))
NON_JOINER = (
    "\u200c"  # parts letters within a word: in Persian and in Indian scripts it is part of the spelling
)
_REMOVED = "\u200b\u2060\ufeff\ufffe\uffff\x00"


def special_codes() -> Iterator[int]:
    """The codes below 0x10000 of what is not always right as it is, wherever it stands."""
    yield from (*range(0x20), *range(0x7F, 0xA0), 0xAD, *range(0xD800, 0xF900))
    for first, last in _PLAIN:
        yield from range(first, last + 1)
    yield from map(ord, _REMOVED + NON_JOINER)


@lru_cache(maxsize=4096)
def plain(char: str) -> str:
    """The letters that stand for this one: "fi" for the ligature, a base letter for a presentation form."""
    code = ord(char)
    if char in PRIVATE:
        return PRIVATE[char]
    if char in _REMOVED or unicodedata.category(char) == "Cc":
        return ""
    if any(first <= code <= last for first, last in _PLAIN):
        return unicodedata.normalize("NFKC", char).strip() or char
    return char


def accented(letter: str, accent: str) -> str:
    """The letter with the accent that was drawn over it; "" where there is no such letter."""
    mark = COMBINING.get(accent)
    if mark is None or not letter.isalpha():
        return ""
    whole = unicodedata.normalize("NFC", _DOTLESS.get(letter, letter) + mark)
    return whole if len(whole) == 1 else ""


def with_non_joiners(texts: list[str]) -> list[str]:
    """The texts with non-joiners only between two letters of a script that has them (Arabic and India's)."""
    kept = list(texts)
    for index, text in enumerate(texts):
        if text != NON_JOINER:
            continue
        before = next((other for other in reversed(kept[:index]) if other), " ")[-1]
        after = next((other for other in texts[index + 1 :] if other), " ")[0]
        if not all("\u0600" <= letter <= "\u0dff" and letter.isalpha() for letter in (before, after)):
            kept[index] = ""
    return kept


def is_private(code: int) -> bool:
    """Whether a character has a meaning that only its font knows."""
    return 0xE000 <= code <= 0xF8FF or code == 0xFFFD or code >= 0xF0000


def with_marks(texts: list[str]) -> list[str]:
    """The texts with combining marks joined to the letters before them, where there is a letter for both."""
    joined = list(texts)
    for index in range(1, len(joined)):
        if joined[index] and unicodedata.combining(joined[index][0]):
            last = next((back for back in range(index - 1, -1, -1) if joined[back]), None)
            if last is None:
                continue
            whole = unicodedata.normalize("NFC", joined[last] + joined[index])
            if len(whole) == len(joined[last]):
                joined[last], joined[index] = whole, ""
    return joined
