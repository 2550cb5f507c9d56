"""Values of a spreadsheet as its cells show them: the number formats of Excel, as far as people use them.

Names of days and months come out in English; what a format asks of a program in another language is not known here.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_SECTION = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_BRACKET = re.compile(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
_DATE_PARTS = re.compile(
    r'"[^"]*"|\\.|\[h+\]|\[m+\]|\[s+\]|y+|m+|d+|h+|s+(?:\.0+)?|am/pm|a/p|_.|\*.|.', re.IGNORECASE
)
_DIGITS = re.compile(r"[0#?][0#?,.]*|\.[0#?]+")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def shown(value: Any, number_format: str | None, epoch: dt.datetime | None = None) -> str:
    """`value` (as openpyxl gives it) in its format; in a plain one where the format is beyond us."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (dt.datetime, dt.date, dt.time, dt.timedelta)):
        return _date(value, number_format or "")
    if isinstance(value, (int, float)):
        return _number(value, number_format or "General")
    return str(value)


def general(value: float | int) -> str:
    """A number as a cell without a format shows it: at most eleven figures."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e11):
        return str(int(value)) if abs(value) < 1e15 else f"{value:.5E}"
    text = f"{value:.10g}"
    return text.replace("e", "E") if "e" in text else text


def _number(value: float | int, number_format: str) -> str:
    section, value = _section(number_format, value)
    if section is None or section.lower() in ("general", "@", ""):
        return general(value)
    try:
        return _formatted(value, section)
    except (InvalidOperation, ValueError, OverflowError):
        return general(value)


def _section(number_format: str, value: float | int) -> tuple[str | None, float | int]:
    """Which of the up to four parts of a format is for this number, and the number that it is for."""
    parts = _sections(number_format)
    if len(parts) >= 3 and value == 0:
        return parts[2], value
    if len(parts) >= 2 and value < 0:
        return parts[1], -value
    return parts[0], value


@lru_cache(maxsize=1000)
def _sections(number_format: str) -> list[str]:
    kept = _CURRENCY.sub(lambda match: f'"{match[1]}"' if match[1] else "", number_format)
    return [_BRACKET.sub("", part) for part in _SECTION.split(kept)]


def _formatted(value: float | int, section: str) -> str:
    bare = _LITERAL.sub("", section)
    if re.search(r"[0#?]E[+-]?[0#?]", bare, re.IGNORECASE):
        places = len(re.search(r"\.([0#?]*)", bare)[1]) if "." in bare else 0  # type: ignore[index]
        return f"{value:.{places}E}"
    if "/" in bare and re.search(r"[?#0]/[?#0\d]", bare):
        return general(value)  # fractions
    number = Decimal(str(value)) * (100 ** bare.count("%"))
    slot = _DIGITS.search(bare)
    if slot is None:
        return _words(section)
    pattern = slot[0]
    while pattern.endswith(","):
        pattern, number = pattern[:-1], number / 1000
    integer, _, fraction = pattern.partition(".")
    places, least = len(fraction), sum(fraction.count(sign) for sign in "0?")
    number = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    digits = f"{abs(number):,.{places}f}" if "," in integer else f"{abs(number):.{places}f}"
    whole, _, rest = digits.partition(".")
    whole = whole.rjust(integer.replace(",", "").count("0"), "0") if "0" in integer or whole != "0" else ""
    rest = rest[:least] + rest[least:].rstrip("0")
    text = f"{whole}.{rest}" if rest else whole
    return ("-" if number < 0 else "") + _around(section, text)


def _around(section: str, number: str) -> str:
    """The words of a format with the number in its place."""
    pieces: list[str] = []
    place, written = 0, False
    for match in re.finditer(r'"[^"]*"|\\.|_.|\*.|[0#?][0#?,.]*|\.[0#?]+|.', section):
        piece = match[0]
        if piece[0] in "0#?." and len(piece.strip("0#?,.")) == 0 and piece != ".":
            pieces.append("" if written else number)
            written = True
        else:
            pieces.append(_word(piece))
        place = match.end()
    return "".join(pieces).strip() if place else number


def _word(piece: str) -> str:
    if piece.startswith('"'):
        return piece.strip('"')
    if piece.startswith("\\"):
        return piece[1:]
    return "" if piece[0] in "_*" and len(piece) > 1 else piece


def _words(section: str) -> str:
    return "".join(_word(match[0]) for match in re.finditer(r'"[^"]*"|\\.|_.|\*.|.', section)).strip()


def _date(value: Any, number_format: str) -> str:
    section = _sections(number_format)[0] if number_format else ""
    if isinstance(value, dt.timedelta):
        return _duration(value)
    if not section or section.lower() == "general" or (isinstance(value, dt.datetime) and value.year < 1900):
        return _plain_date(value)
    return _in_format(value, section) or _plain_date(value)


def _plain_date(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d" if value.time() == dt.time() else "%Y-%m-%d %H:%M:%S")
    return str(value)


def _duration(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    return f"{sign}{hours}:{rest // 60:02}:{rest % 60:02}"


def _in_format(value: Any, section: str) -> str:
    parts = [match[0] for match in _DATE_PARTS.finditer(section)]
    half = any(part.lower() in ("am/pm", "a/p") for part in parts)
    day = value if isinstance(value, (dt.date, dt.datetime)) else None
    clock = value if isinstance(value, (dt.datetime, dt.time)) else dt.time()
    out: list[str] = []
    for place, part in enumerate(parts):
        low = part.lower()
        if low[0] == "m" and set(low) == {"m"} and _is_minute(parts, place):
            out.append(f"{clock.minute:02}" if len(low) > 1 else str(clock.minute))
        elif low[0] in "ymd" and len(set(low)) == 1 and low != "":
            out.append(_calendar(day, low))
        elif low[0] == "h" or low.startswith("[h"):
            hour = (clock.hour % 12 or 12) if half else clock.hour
            out.append(f"{hour:02}" if len(low.strip("[]")) > 1 else str(hour))
        elif low[0] == "s" and set(low) <= set("s.0"):
            out.append(f"{clock.second:02}" if low.startswith("ss") else str(clock.second))
        elif low in ("am/pm", "a/p"):
            out.append(("AM" if clock.hour < 12 else "PM")[: 2 if low == "am/pm" else 1])
        else:
            out.append(_word(part))
    return "".join(out).strip()


def _is_minute(parts: list[str], place: int) -> bool:
    """An m after hours or before seconds is a minute, any other a month."""
    letters = [
        (at, part.lower().strip("[]")[:1])
        for at, part in enumerate(parts)
        if part.lower().strip("[]")[:1] in "ymdhs"
    ]
    places = [at for at, _ in letters]
    here = places.index(place)
    before = letters[here - 1][1] if here else ""
    after = letters[here + 1][1] if here + 1 < len(letters) else ""
    return before == "h" or after == "s"


def _calendar(day: dt.date | dt.datetime | None, part: str) -> str:
    if day is None:
        return ""
    match part[0], len(part):
        case "y", length:
            return f"{day.year % 100:02}" if length <= 2 else f"{day.year:04}"
        case "m", 1 | 2 as length:
            return f"{day.month:0{length}}"
        case "m", 3:
            return _MONTHS[day.month - 1][:3]
        case "m", 5:
            return _MONTHS[day.month - 1][0]
        case "m", _:
            return _MONTHS[day.month - 1]
        case "d", 1 | 2 as length:
            return f"{day.day:0{length}}"
        case "d", 3:
            return _DAYS[day.weekday()][:3]
        case _:
            return _DAYS[day.weekday()]
