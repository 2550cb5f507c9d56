"""Dates and times of day in the spellings of several languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.recall.facts import Fact, without_overlaps
from app.recall.words import fold

_MONTH_NAMES = """january januar janner janvier enero jan janv ene
february februar fevrier febrero feb fevr
march marz maerz mars marzo mar mrz
april avril abril apr avr abr
may mai mayo
june juni juin junio jun
july juli juillet julio jul juil
august aout agosto aug ago
september septembre septiembre setiembre sept sep
october oktober octobre octubre oct okt
november novembre noviembre nov
december dezember decembre diciembre dec dez dic"""
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split("\n"), 1) for name in names.split()}
_WEEKDAY_NAMES = """monday montag lundi lunes
tuesday dienstag mardi martes
wednesday mittwoch mercredi miercoles
thursday donnerstag jeudi jueves
friday freitag vendredi viernes
saturday samstag sonnabend samedi sabado
sunday sonntag dimanche domingo"""
WEEKDAYS = {
    name: number for number, names in enumerate(_WEEKDAY_NAMES.split("\n"), 1) for name in names.split()
}
# Words too, so these stand for a month only beside a day or a year, or after a preposition.
_UNSURE = frozenset(["may", "march", "mars", "marzo", "mai"])
_ACCENTED = ["jänner", "février", "fév", "févr", "märz", "août", "décembre", "déc", "miércoles", "sábado"]
_NAMED = re.compile(
    # The first letter is looked at before all the names are.
    rf"(?<!\w)(?=[JFMASONDLTWVEjfmasondltwve])"
    rf"(?P<month>{'|'.join(sorted([*MONTHS, *WEEKDAYS, *_ACCENTED], key=len, reverse=True))})s?(?!\w)\.?",
    re.IGNORECASE,
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º|ª)?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_GAP = r"[ \t\u00a0]*\n?[ \t]*"
_BEFORE_MONTH = re.compile(
    r"\b(?:in|of|since|until|by|during|early|late|im|seit|bis|ab|en|de|mois de)\s+$", re.IGNORECASE
)
# Months that French and Spanish write in lower case, and no other word is.
_LOWER_MONTHS = frozenset(
    [
        "janvier",
        "enero",
        "fevrier",
        "febrero",
        "avril",
        "abril",
        "mayo",
        "juin",
        "junio",
        "juillet",
        "julio",
        "aout",
    ]
    + [
        "agosto",
        "septembre",
        "septiembre",
        "octobre",
        "octubre",
        "novembre",
        "noviembre",
        "decembre",
        "diciembre",
    ]
    + ["mars", "mai", "marzo"]
)
_IN_DIGITS = [
    re.compile(rf"(?<![\w.,-]){_YEAR}-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?!\d)"),
    re.compile(rf"{_YEAR}\s?年\s?(?P<month>\d{{1,2}})\s?月(?:\s?(?P<day>\d{{1,2}})\s?日)?"),
    re.compile(rf"(?<![\w.,/])(?P<day>\d{{1,2}})(?P<sep>[./])\s?(?P<month>\d{{1,2}})(?P=sep)\s?{_YEAR}"),
]
_DAY_FIRST = re.compile(
    rf"(?<![\w.,])(?:(?P<from>\d{{1,2}})\.?{_GAP}(?:[-–—]|to|and|bis|und|au|et|al|y){_GAP})?"
    rf"(?<![\d.,]){_DAY}{_GAP}(?:(?:of|de|day of){_GAP})?(?P<month>[^\W\d_]{{3,10}})\.?(?!\w)"
    rf"(?:{_GAP},?{_GAP}(?:(?:de|del|of){_GAP})?{_YEAR})?"
)
_AFTER_NAME = [
    re.compile(
        rf"{_GAP}(?:the{_GAP})?(?P<day>\d{{1,2}})(?!\d|[.,:]\d)(?:st|nd|rd|th)?(?!\w)(?:{_GAP},?{_GAP}{_YEAR})?"
    ),
    re.compile(rf"{_GAP},?{_GAP}(?:(?:of|de|del){_GAP})?{_YEAR}"),
]
_AT = re.compile(r"(?:à|vers|dès|avant|après|jusqu['’]à)\s$", re.IGNORECASE)
_TIME = re.compile(
    r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])"
    r"(?:(?P<colon>:)(?P<minute>[0-5]\d)|(?:[.]|[ \u00a0]?h[ \u00a0]?)(?P<other>[0-5]\d))?"
    r"(?:[ \u00a0]?(?P<half>[ap]\.?[ \u00a0]?m\b\.?|noon)|[ \u00a0](?P<word>Uhr|heures?|h|o['’]clock)\b)?(?![\w:])",
    re.IGNORECASE,
)


def find_dates(text: str) -> list[Fact]:
    """The dates of `text`: days, months with a year, lone months and weekdays; a lone year is a number."""
    found = [fact for shape in _IN_DIGITS for match in shape.finditer(text) for fact in _in_digits(match)]
    for match in _DAY_FIRST.finditer(text):
        month = MONTHS.get(fold(match["month"]))
        if month:
            found += _dated(match.start("day"), match.end(), month, match["day"], match["year"])
            if match["from"]:
                found += _dated(*match.span("from"), month, match["from"], match["year"])
    for name in _NAMED.finditer(text):
        found += _after_name(text, name) or _lone(text, name, fold(name["month"]))
    return without_overlaps(found)


def _in_digits(match: re.Match[str]) -> list[Fact]:
    groups = match.groupdict()
    month, day, year = int(groups["month"]), groups["day"], groups["year"]
    facts = _dated(match.start(), match.end(), month, day, year)
    if groups.get("sep") == "/" and int(day) <= 12:
        # 3/4/2026 is in March or in April.
        other = _dated(match.start(), match.end(), int(day), groups["month"], year)
        keys = [key for fact in facts + other for key in fact.keys]
        return [Fact("date", match.start(), match.end(), tuple(dict.fromkeys(keys)), "ymd")]
    return facts


def _after_name(text: str, name: re.Match[str]) -> list[Fact]:
    """ "November 26th, 2026" and "November 2026"."""
    month = MONTHS.get(fold(name["month"]))
    # "may 5" and "mars 5" begin no date, "May 5" does.
    if month is None or not name["month"][0].isupper() and len(name["month"]) <= 4:
        return []
    for shape in _AFTER_NAME:
        match = shape.match(text, name.end())
        if match is not None:
            return _dated(name.start(), match.end(), month, match.groupdict().get("day"), match["year"])
    return []


def _dated(start: int, end: int, month: int, day: str | None, year: str | None) -> list[Fact]:
    if not 1 <= month <= 12 or (day is not None and not 1 <= int(day) <= 31):
        return []
    return [
        Fact(
            "date",
            start,
            end,
            tuple(date_keys(year, month, int(day) if day else None)),
            _precision(year, day),
        )
    ]


def _precision(year: str | None, day: str | None) -> str:
    return ("y" if year else "") + "m" + ("d" if day else "")


def date_keys(year: str | None, month: int, day: int | None) -> list[str]:
    """Keys from the most precise on: a text with "26 November 2026" also says "November 2026" and "26 November"."""
    known = [f"{year}-{month}-{day}"] if year and day else []
    known += [f"{year}-{month}"] if year else []
    known += [f"-{month}-{day}"] if day else []
    return [*known, f"m{month}"]


def _lone(text: str, match: re.Match[str], name: str) -> list[Fact]:
    """A weekday, or a month without day and year, where it is no other word ("may", "mars", "mar")."""
    shown = match["month"]
    upper = shown[0].isupper()
    end = match.end() if len(shown) <= 4 or match[0][-1] != "." else match.end() - 1
    if name in WEEKDAYS:
        # English and German write weekdays with a capital, French and Spanish without.
        if (
            upper
            or match[0].endswith(("tags", "wochs", "abends"))
            or not name.endswith(("day", "tag", "woch", "abend"))
        ):
            return [Fact("date", match.start(), end, (f"w{WEEKDAYS[name]}",), unit="w")]
        return []
    sure = name not in _UNSURE or _BEFORE_MONTH.search(text, max(0, match.start() - 12), match.start())
    if len(name) <= 3 and name not in _UNSURE or not sure or not (upper or name in _LOWER_MONTHS):
        return []
    return [Fact("date", match.start(), end, (f"m{MONTHS[name]}",), unit="m")]


def find_times(text: str) -> Iterator[Fact]:
    """Times of day: 19:30, 7:30 p.m., 7 pm, 19.30 Uhr, 19h30, 7 o'clock."""
    for match in _TIME.finditer(text):
        minute = match["minute"] or match["other"]
        h_form = bool(re.match(r"\d+[ \u00a0]?h", match[0], re.IGNORECASE)) and minute is not None
        if not (match["colon"] or match["half"] or (match["word"] and match["word"] != "h") or h_form):
            continue
        if match["other"] and not (match["half"] or match["word"] or h_form):
            continue
        if (match["word"] or "").lower().startswith("heure") and not _AT.search(
            text, max(0, match.start() - 12), match.start()
        ):
            continue  # "toutes les 4 heures" is a time span
        hour = int(match["hour"])
        half = (match["half"] or "").lower()
        if half.startswith("p") and hour < 12:
            hour += 12
        elif half.startswith("a") and hour == 12:
            hour = 0
        keys = [f"{hour}:{minute or '00'}"]
        if not half and hour <= 12 and (match["word"] or "").lower().startswith("o"):
            keys.append(f"{hour + 12}:00")
        yield Fact("time", match.start(), match.start() + len(match[0].rstrip()), tuple(keys))
