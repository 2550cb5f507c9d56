"""Numbers written in words: English, German, French and Spanish up to milliards, and Chinese and Japanese numerals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache


@dataclass(frozen=True)
class Numeral:
    """A number read off words[first:stop]."""

    value: Fraction
    stop: int
    ordinal: bool


@dataclass(frozen=True)
class _Lexicon:
    """Folded words of one language: `small` below 100 or round hundreds, `ordinals`, and `powers` that multiply."""

    small: dict[str, int]
    ordinals: dict[str, int]
    powers: dict[str, int]
    joins: frozenset[str]  # "and" between the parts of one number
    points: frozenset[str]  # what a decimal point is called
    ones: frozenset[str]  # articles, which mean 1 before a power only


def _numbered(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    """Words in the order of their values; "a|b" are two spellings of one value."""
    return {
        spelling: first + step * place
        for place, word in enumerate(words.split())
        for spelling in word.split("|")
    }


_EN_UNITS = "one two three four five six seven eight nine"
_EN_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_EN_TENS = "twenty thirty|thirthy forty|fourty fifty sixty seventy eighty ninety"
_ENGLISH = _Lexicon(
    small={"zero": 0, "nil": 0, **_numbered(f"{_EN_UNITS} {_EN_TEENS}", 1), **_numbered(_EN_TENS, 20, 10)},
    ordinals={
        **_numbered(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth",
            1,
        ),
        **_numbered("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
        "hundredth": 100,
        "thousandth": 1000,
    },
    powers={
        "dozen": 12,
        "dozens": 12,
        "hundred": 100,
        "thousand": 1000,
        "million": 10**6,
        "millions": 10**6,
        "billion": 10**9,
        "billions": 10**9,
        "trillion": 10**12,
    },
    joins=frozenset({"and"}),
    points=frozenset({"point"}),
    ones=frozenset({"a", "an"}),
)

_DE_UNITS = ["", "ein", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun"]
_DE_TEENS = [
    "zehn",
    "elf",
    "zwolf",
    *(f"{unit}zehn" for unit in ("drei", "vier", "funf", "sech", "sieb", "acht", "neun")),
]
_DE_TENS = [
    "zwanzig",
    "dreissig",
    *(f"{unit}zig" for unit in ("vier", "funf", "sech", "sieb", "acht", "neun")),
]


def _german_below_hundred() -> dict[str, int]:
    found = {word: value for value, word in enumerate(_DE_UNITS) if word}
    found.update({"eins": 1, "zwo": 2, "null": 0})
    found.update({word: value for value, word in enumerate(_DE_TEENS, 10)})
    for ten, word in enumerate(_DE_TENS, 2):
        found[word] = ten * 10
        found.update({f"{_DE_UNITS[unit]}und{word}": ten * 10 + unit for unit in range(1, 10)})
    # fünf is often written fuenf, zwölf zwoelf, dreißig dreissig.
    for word, value in list(found.items()):
        found[word.replace("funf", "fuenf").replace("zwolf", "zwoelf")] = value
    return found


def _german() -> _Lexicon:
    below = _german_below_hundred()
    small = dict(below)
    for hundreds in range(1, 10):
        for head in (_DE_UNITS[hundreds], "") if hundreds == 1 else (_DE_UNITS[hundreds],):
            small[f"{head}hundert"] = hundreds * 100
            for joint in ("", "und"):
                small.update(
                    {
                        f"{head}hundert{joint}{word}": hundreds * 100 + value
                        for word, value in below.items()
                        if value
                    }
                )
    irregular = {"erst": 1, "dritt": 3, "siebt": 7, "acht": 8}
    roots = {
        f"{word}{'t' if value < 20 else 'st'}": value for word, value in below.items() if value > 1
    } | irregular
    ordinals = {
        f"{root}{ending}": value for root, value in roots.items() for ending in ("e", "en", "er", "es", "em")
    }
    return _Lexicon(
        small=small,
        ordinals=ordinals,
        powers={
            "dutzend": 12,
            "tausend": 1000,
            "million": 10**6,
            "millionen": 10**6,
            "mio": 10**6,
            "milliarde": 10**9,
            "milliarden": 10**9,
            "mrd": 10**9,
        },
        joins=frozenset({"und"}),
        points=frozenset({"komma"}),
        ones=frozenset({"eine", "einen", "einem", "einer"}),
    )


_FR_TO_16 = "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
_FRENCH = _Lexicon(
    small={
        "zero": 0,
        "un": 1,
        "une": 1,
        **_numbered(_FR_TO_16, 2),
        **_numbered(
            "vingt|vingts trente quarante cinquante soixante septante huitante|octante nonante", 20, 10
        ),
        "vingtaine": 20,
        "trentaine": 30,
        "quarantaine": 40,
        "cinquantaine": 50,
        "centaine": 100,
        "quinzaine": 15,
        "dizaine": 10,
    },
    ordinals={
        "premier": 1,
        "premiere": 1,
        "second": 2,
        "seconde": 2,
        "unieme": 1,
        **_numbered(
            "deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme onzieme douzieme "
            "treizieme quatorzieme quinzieme seizieme",
            2,
        ),
        **_numbered("vingtieme trentieme quarantieme cinquantieme soixantieme", 20, 10),
        "centieme": 100,
    },
    powers={
        "douzaine": 12,
        "douzaines": 12,
        "cent": 100,
        "cents": 100,
        "mille": 1000,
        "million": 10**6,
        "millions": 10**6,
        "milliard": 10**9,
        "milliards": 10**9,
    },
    joins=frozenset({"et"}),
    points=frozenset({"virgule"}),
    ones=frozenset(),
)
_SPANISH = _Lexicon(
    small={
        "cero": 0,
        "un": 1,
        "una": 1,
        **_numbered(
            "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
            "dieciocho diecinueve veinte veintiuno|veintiun|veintiuna veintidos veintitres veinticuatro veinticinco "
            "veintiseis veintisiete veintiocho veintinueve",
            1,
        ),
        **_numbered("treinta cuarenta cincuenta sesenta setenta ochenta noventa", 30, 10),
        **_numbered(
            "cien|ciento doscientos|doscientas trescientos|trescientas cuatrocientos|cuatrocientas "
            "quinientos|quinientas seiscientos|seiscientas setecientos|setecientas ochocientos|ochocientas "
            "novecientos|novecientas",
            100,
            100,
        ),
    },
    ordinals=_numbered(
        "primero|primera|primer segundo|segunda tercero|tercera|tercer cuarto|cuarta quinto|quinta sexto|sexta "
        "septimo|septima octavo|octava noveno|novena decimo|decima undecimo|undecima duodecimo|duodecima",
        1,
    ),
    powers={"docena": 12, "docenas": 12, "mil": 1000, "millon": 10**6, "millones": 10**6},
    joins=frozenset({"y"}),
    points=frozenset({"coma"}),
    ones=frozenset(),
)


@cache
def lexicon(language: str) -> _Lexicon:
    """The number words of a language; English ones where a language has none here."""
    if language == "german":
        return _german()
    return {"french": _FRENCH, "spanish": _SPANISH}.get(language, _ENGLISH)


@cache
def starters(language: str) -> frozenset[str]:
    """Folded words that a number may begin with, but for German compounds with "tausend"."""
    known = lexicon(language)
    return frozenset({*known.small, *known.ordinals, *known.powers})


def read_numeral(words: Sequence[str], first: int, language: str) -> Numeral | None:
    """The number that the folded `words` say from `first` on, or None. Give at most a dozen words that follow each
    other with nothing but a space or a hyphen between."""
    known = lexicon(language)
    total, current, place = 0, -1, first  # current: the part below the next power, -1 for none yet
    limit = 10**15
    if words[first] in known.ones and first + 1 < len(words) and words[first + 1] in known.powers:
        current, place = 1, first + 1
    while place < len(words):
        word = words[place]
        if word in known.joins and current + total >= 0 and place > first and place + 1 < len(words):
            if not _joins(words[place + 1], current, total, known, language):
                break
            place += 1
            word = words[place]
        if word in known.powers:
            power = known.powers[word]
            if power >= limit or (power <= 100 and current > 99):
                break
            if power <= 100:
                current = max(current, 1) * power
            else:
                total, current, limit = total + max(current, 1) * power, -1, power
            place += 1
            continue
        if (value := _small(word, known, language)) is not None:
            joined = _add(current, value, language)
            if joined is None:
                break
            current, place = joined, place + 1
            continue
        if word in known.ordinals:
            last = _add(current, known.ordinals[word], language)
            if last is not None and (current < 0 or current >= 20 or total):
                return Numeral(Fraction(total + last), place + 1, True)
        break
    if place == first:
        return None
    whole = Fraction(total + max(current, 0))
    digits = _after_point(words, place, known)
    if digits:
        return Numeral(whole + Fraction(int(digits), 10 ** len(digits)), place + 1 + len(digits), False)
    return Numeral(whole, place, False)


def _small(word: str, known: _Lexicon, language: str) -> int | None:
    value = known.small.get(word)
    if value is None and language == "german" and "tausend" in word and word != "tausend":
        head, _, tail = word.partition("tausend")
        tail = tail.removeprefix("und")
        thousands, rest = (
            known.small.get(head, None if head else 1),
            known.small.get(tail, None if tail else 0),
        )
        if thousands is not None and rest is not None:
            return thousands * 1000 + rest
    return value


def _joins(following: str, current: int, total: int, known: _Lexicon, language: str) -> bool:
    """Whether "and" before `following` goes on with the number."""
    value = known.small.get(following, known.ordinals.get(following))
    if value is None or value == 0:
        return False
    if language == "french":
        return value in (1, 11) and current >= 20 and current % 10 == 0
    if language == "spanish":
        return value < 10 and current >= 30 and current % 100 % 10 == 0 and current % 100 > 0
    round_so_far = (current >= 100 and current % 100 == 0) or (current < 0 and total > 0)
    return value < 100 and round_so_far


def _add(current: int, value: int, language: str) -> int | None:
    """`value` said after `current`, or None where it begins another number."""
    if current < 0:
        return value
    if language == "french":
        if current % 100 == 4 and value == 20:
            return current + 76  # quatre-vingts
        if current % 100 in (60, 80) and 10 <= value < 20:
            return current + value  # soixante-dix, quatre-vingt-onze
    if value and current % 100 == 0 and current >= 100 and value < 100:
        return current + value
    if 0 < value < 10 and current % 10 == 0 and current % 100 >= 20:
        return current + value
    return current + value if language == "french" and current % 100 == 10 and value in (7, 8, 9) else None


def _after_point(words: Sequence[str], place: int, known: _Lexicon) -> str:
    """The digits said after "point", as a string; empty without any."""
    if place >= len(words) or words[place] not in known.points:
        return ""
    digits = ""
    for word in words[place + 1 :]:
        value = known.small.get(word)
        if value is None or value > 9:
            break
        digits += str(value)
    return digits


_DIGITS = {
    sign: value
    for value, signs in enumerate(["〇零", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九"])
    for sign in signs
}
_STEPS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_COUNTERS = "年月日個个人本台度回時时分秒米吨噸番章条條页頁名艘隻只枚層层階楼歳岁件倍%％"
CJK_NUMERAL = re.compile(
    rf"[{''.join(_DIGITS)}十百千万萬億亿]+点[{''.join(_DIGITS)}]+|"
    rf"[{''.join(_DIGITS)}十百千][{''.join(_DIGITS)}十百千万萬億亿]+"
    rf"|[{''.join(_DIGITS)}十百千](?=[{_COUNTERS}])"
)


def read_cjk(numeral: str) -> Fraction:
    """三十五 → 35, 一九一二 → 1912, 三点五 → 7/2."""
    whole, _, digits = numeral.partition("点")
    if all(sign in _DIGITS for sign in whole):
        value = int("".join(str(_DIGITS[sign]) for sign in whole))
    else:
        value = _steps(whole)
    tail = "".join(str(_DIGITS[sign]) for sign in digits)
    return Fraction(value) + (Fraction(int(tail), 10 ** len(tail)) if tail else 0)


def _steps(whole: str) -> int:
    total = part = digit = 0
    for sign in whole:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _STEPS:
            part, digit = part + (digit or 1) * _STEPS[sign], 0
        else:
            total, part, digit = total + ((part + digit) or 1) * _MYRIADS[sign], 0, 0
    return total + part + digit
