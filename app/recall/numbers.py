"""Numbers of a text, in digits and in words, with their units: "fifteen" and 15, "1,000", "1.000" and "1 000" share
a key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from app.recall import numerals
from app.recall.facts import Fact, word_set
from app.recall.units import LETTERS, is_unit, unit_after, unit_before
from app.recall.words import fold

_FRACTIONS = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅛": "1/8",
    "⅜": "3/8",
    "⅝": "5/8",
    "⅞": "7/8",
}
_VULGAR = "".join(_FRACTIONS)
_SPACE = " \u00a0\u202f\u2009"
_NUMBER = re.compile(
    rf"(?<![{LETTERS}.,/])(?P<sign>(?<![{LETTERS})])[-−–](?=\d))?(?:"
    rf"(?P<dotted>\d+(?:\.\d+){{2,}})(?![\d,])"
    rf"|(?P<grouped>\d{{1,3}}(?P<mark>[.,'’{_SPACE}])\d{{3}}(?:(?P=mark)\d{{3}})*)(?P<tail>[.,]\d+)?(?!\d)"
    rf"|(?P<over>\d{{1,3}})/(?P<under>\d{{1,3}})(?![\d/])"
    rf"|(?P<plain>\d+(?:[.,]\d+)?)"
    rf")(?P<half>[ \u00a0]?[{_VULGAR}])?"
    rf"|(?P<lone>[{_VULGAR}])"
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th|ème|eme|ers?|ère|e|s|º|ª|°)(?!\w)")
_MULTIPLIER = re.compile(
    r"[ \u00a0-]?(?P<word>hundred|thousand|million(?:s|en|es)?|mill[oó]n|billions?|trillion|mio|mrd|milliarden?"
    r"|milliards?|tausend|mille|mil|dozen|dutzend|douzaines?)(?!\w)\.?",
    re.IGNORECASE,
)
_POWERS = [
    ("hundred", 100), ("dozen", 12), ("dutzend", 12), ("douzaine", 12), ("milliard", 10**9), ("mrd", 10**9),
    ("million", 10**6), ("millon", 10**6), ("mio", 10**6), ("billion", 10**9), ("trillion", 10**12),
    ("thousand", 1000), ("tausend", 1000), ("mille", 1000), ("mil", 1000),
]  # fmt: skip
_ROMAN = re.compile(
    r"\b(?:chapters?|chap\.|parts?|books?|volumes?|vol\.|sections?|acts?|kapitel|teil|band|buch|chapitres?|partie|tome|"
    r"livre|cap[ií]tulo|parte|libro|tomo)\s+(?P<roman>[IVXLC]+)(?!\w)",
    re.IGNORECASE,
)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_MOST_DIGITS = 30  # longer rows of digits are compared as they stand
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN_WORDS = re.compile(r"[ \t\u00a0]*\n?[ \t]*[-\u2010]?\n?[ \t]*$")
_LONGEST = 12  # words of one number
# Number words that are more often something else; they count where a unit or another number word follows.
_WEAK = {
    "english": word_set("one a an first second third nil zero"),
    "german": word_set(
        "ein eine einen einem einer erste ersten erster erstes erstem acht zweite zweiten achten"
    ),
    "french": word_set("un une neuf premier premiere second seconde"),
    "spanish": word_set("un una uno primero primera primer segundo segunda cuarto cuarta"),
}


def find_numbers(text: str, language: str, *, sure: bool = False) -> Iterator[Fact]:
    """The numbers of `text` in no certain order. With `sure`, words that mostly are no numbers ("one", "first") are
    left out unless a unit follows."""
    for match in _NUMBER.finditer(text):
        yield from _digits(text, match)
    yield from _said(text, language, sure)
    for match in _ROMAN.finditer(text):
        if match["roman"].isupper():
            yield Fact("number", *match.span("roman"), keys=(str(_roman(match["roman"])),))
    for match in numerals.CJK_NUMERAL.finditer(text):
        unit, end = unit_after(text, match.end())
        yield Fact("number", match.start(), end, (str(numerals.read_cjk(match[0])),), unit)


def _digits(text: str, match: re.Match[str]) -> Iterator[Fact]:
    start, end = match.span()
    values = _readings(match)
    if values is None:
        yield Fact("number", start, end, (f"={match[0].lstrip('-−–')}",))
        return
    multiplier = _MULTIPLIER.match(text, end)
    if multiplier is not None:
        word = fold(multiplier["word"])
        power = next(power for name, power in _POWERS if word.startswith(name))
        values, end = [value * power for value in values], multiplier.end()
    unit, stop = unit_after(text, end)
    if unit == "s" and stop == end + 1 and end - start == 4:
        unit = ""  # the 1990s
    if not unit:
        ordinal = _ORDINAL.match(text, end)
        if ordinal is not None:
            unit, stop = unit_after(text, ordinal.end())
            stop = stop if unit else ordinal.end()
    if not unit:
        unit, start = unit_before(text, start)
    signed = match["sign"] is not None
    keys = [str(-value if signed else value) for value in values]
    yield Fact("number", start, max(end, stop), tuple(keys), unit)


def _readings(match: re.Match[str]) -> list[Fraction] | None:
    """What the digits may mean: "1.500" is 1500 or 1.5, as the text's language does not tell for sure."""
    if match["lone"]:
        return [Fraction(_FRACTIONS[match["lone"]])]
    if len(match[0]) > _MOST_DIGITS:
        return None
    if match["over"]:
        under = int(match["under"])
        return [Fraction(int(match["over"]), under)] if under else None
    more = _fraction(_FRACTIONS[match["half"].strip()]) if match["half"] else Fraction(0)
    if match["plain"]:
        more = more if match["plain"].isdecimal() else Fraction(0)
        value = _fraction(_ascii(match["plain"]).replace(",", "."))
        return [value + more] if more else [value]
    if match["dotted"]:
        groups = match["dotted"].split(".")
        if len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:]):
            return None
        return [Fraction(int("".join(groups)))]
    whole = "".join(sign for sign in _ascii(match["grouped"]) if sign.isdecimal())
    if match["tail"]:
        return [Fraction(f"{whole}.{_ascii(match['tail'][1:])}")]
    values = [Fraction(int(whole)) + more]
    if match["mark"] in ".," and len(match["grouped"]) <= 7:
        values.append(Fraction(_ascii(match["grouped"]).replace(",", ".")))
    return values


@lru_cache(maxsize=4096)
def _fraction(digits: str) -> Fraction:
    return Fraction(digits)


def _ascii(digits: str) -> str:
    """Digits of any script as 0 to 9."""
    return (
        digits
        if digits.isascii()
        else "".join(str(int(sign)) if sign.isdecimal() else sign for sign in digits)
    )


def _said(text: str, language: str, sure: bool) -> Iterator[Fact]:
    """Numbers in words."""
    known = numerals.starters(language)
    weak = _WEAK.get(language, _WEAK["english"]) if sure else frozenset()
    end = 0
    for match in _WORD.finditer(text):
        if match.start() < end:
            continue
        word = fold(match[0])
        if (
            word not in known
            and not (language == "german" and "tausend" in word)
            and word not in ("a", "an", "eine", "half")
        ):
            continue
        before = text[max(0, match.start() - 6) : match.start()]
        if before.rstrip(" \u00a0")[-1:].isdigit() or (word == "cent" and before.lower().endswith("pour ")):
            continue  # "3.5 million", "pour cent"
        spans = _phrase(text, match)
        words = [fold(text[start:stop]) for start, stop in spans]
        if word == "half":
            if len(words) > 1 and (words[1] in ("a", "an") or is_unit(words[1])):
                yield Fact("number", match.start(), match.end(), ("1/2",))
            continue
        numeral = numerals.read_numeral(words, 0, language)
        if numeral is None:
            continue
        end = spans[numeral.stop - 1][1]
        unit, stop = unit_after(text, end)
        if numeral.ordinal and unit in ("s",):
            unit, stop = "", end
        if numeral.stop == 1 and words[0] in weak and (not unit or numeral.ordinal):
            continue
        if words[:2] in (["second", "hand"], ["first", "aid"]):
            continue
        value = numeral.value
        below = words[numeral.stop] if numeral.stop < len(words) else ""
        parts = (
            4 if below == "quarters" else numerals.lexicon(language).ordinals.get(below.removesuffix("s"), 0)
        )
        if (
            not numeral.ordinal
            and parts > 2
            and (below.endswith("s") or value == 1)
            and language == "english"
        ):
            value, stop, unit = value / parts, spans[numeral.stop][1], ""  # four fifths
        yield Fact("number", match.start(), max(end, stop), (str(value),), unit)


def _phrase(text: str, first: re.Match[str]) -> list[tuple[int, int]]:
    """The words from `first` on with nothing but a space or a hyphen between."""
    spans = [first.span()]
    while len(spans) < _LONGEST:
        following = _WORD.search(text, spans[-1][1], spans[-1][1] + 40)
        if following is None or not _BETWEEN_WORDS.match(text[spans[-1][1] : following.start()]):
            break
        spans.append(following.span())
    return spans


def _roman(shown: str) -> int:
    values = [_ROMAN_VALUES[sign] for sign in shown.upper()]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )
