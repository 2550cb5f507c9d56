"""Whether the documents say what was asked, as far as words can tell.

A question can be full of words that the text has, and the text not answer it; a small model does not notice. What words
can tell: an answer to "how much does it cost" has an amount of money in it, one to "how heavy" a weight; and a program,
a part number or a person that the documents never name is not answered about.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

from app.recall import fulltext
from app.recall.query import Query
from app.recall.words import fold, stem, tokens

_AMOUNT = (
    r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred|thousand)"
)
# What is asked for, and what an answer to it has.
_KINDS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "money",
        re.compile(
            r"\bhow (?:much|expensive)\b.*\b(?:costs?|paid|pays?|earns?|charges?|expensive)\b|"
            r"\bwhat do(?:es)?\b.*\bcost\b|"
            r"\b(?:what|which) (?:is|are|was|were) the (?:[\w-]+ ){0,3}(?:price|costs?|fees?|salary|wages?|budget)\b|"
            r"\bhow (?:high|large|big) (?:is|are|was|were) the (?:[\w-]+ ){0,3}"
            r"(?:price|costs?|fees?|salary|wages?|budget)\b|"
            r"\bhow expensive\b|\bwas kostet|\bwie ?viel (?:kostet|kosten|verdien)|\bwie teuer|"
            r"\bcombien (?:coûte|gagne)|\bcuánto (?:cuesta|gana)|\bquanto (?:costa|guadagna|ganha|custa)|"
            r"\b(?:gehalt|preis|salaire|prix|salario|sueldo|precio|stipendio|prezzo|preço)\b",
            re.I,
        ),
        re.compile(
            rf"[$€£¥₹] ?\d|\d ?[$€£¥₹]|\b{_AMOUNT}(?: \w+)? (?:USD|EUR|GBP|CHF|dollars?|euros?|pounds?|pence|cents?|"
            r"crowns?|francs?|marks?|yen|rupees?|gold|zorkmids?|dólares|dollari|franken|kronen)\b|\b\w*dollar\b|"
            r"\bfree of charge\b|\bno charge\b|\bunpaid\b|\bfor free\b",
            re.I,
        ),
    ),
    (
        "weight",
        re.compile(
            r"\bhow (?:much|many)\b.*\bweighs?\b|\bhow heavy\b|\bwhat (?:is the )?weight\b|"
            r"\bwie schwer\b|\bwas wiegt\b|\bcombien pèse|\bcuánto pesa|\bquanto pesa",
            re.I,
        ),
        re.compile(
            rf"\b{_AMOUNT}[ -]?(?:kg|mg|lbs?|oz|kilo(?:gram(?:me)?)?s?|gram(?:me)?s?|tons?|tonnes?|pounds?|ounces?|"
            r"stones?)\b|\d g\b",
            re.I,
        ),
    ),
    (
        "telephone number",
        re.compile(
            r"\b(?:(?:tele)?phone number|telefonnummer|numéro de téléphone|número de teléfono|numero di telefono)\b",
            re.I,
        ),
        re.compile(r"\+?\d[\d /()-]{5,}\d"),
    ),
    (
        "amount of data",
        re.compile(
            r"\b(?:gigabytes?|megabytes?|terabytes?|how much (?:disk|memory|ram|storage)|disk space)\b", re.I
        ),
        re.compile(r"\d ?(?:[kmgt]i?b|(?:kilo|mega|giga|tera)?bytes?)\b", re.I),
    ),
    (
        "temperature",
        re.compile(r"\b(?:(?:what|which) (?:is the )?temperature|how (?:hot|cold|warm))\b", re.I),
        re.compile(r"\d ?(?:°|degrees?|[cfk]\b|kelvin|celsius)", re.I),
    ),
    (
        "percentage",
        re.compile(r"\b(?:(?:what|which) percentage|how many per ?cent|wie viel prozent)\b", re.I),
        re.compile(r"\d ?(?:%|per ?cent)|\b(?:half|quarter|third|percent)\b", re.I),
    ),
    (
        "colour",
        re.compile(r"\b(?:what|which) colou?rs?\b|\bwelche farben?\b|\bquelle couleur\b|\bqué color\b", re.I),
        re.compile(
            r"\b(?:red|green|blue|yellow|black|white|gr[ea]y|brown|orange|purple|pink|violet|cyan|magenta|turquoise|"
            r"silver|gold(?:en)?|crimson|scarlet|lilac|beige|rot|grün|blau|gelb|schwarz|weiß|grau|braun|rouge|vert|"
            r"bleu|jaune|noir|blanc|gris|rojo|verde|azul|amarillo|negro|blanco)(?:e[nmrs]?|s|a)?\b",
            re.I,
        ),
    ),
    (
        "age",
        re.compile(r"\bhow old\b|\b(?:at )?(?:what|which) age\b|\bwie alt\b|\bquel âge\b|\bqué edad\b", re.I),
        re.compile(
            rf"\b(?:age[ds]?|born|older|younger|oldest|youngest|geboren|âge|edad)\b|\b{_AMOUNT}[- ]years?\b|"
            r"\bsince (?:1\d|20)\d\d|\b(?:jahre|ans|años)\b",
            re.I,
        ),
    ),
    (
        "date of birth",
        re.compile(r"\bbirthday\b|\bdate of birth\b|\bwhen (?:was|were) .*\bborn\b|\bgeburtstag\b", re.I),
        re.compile(r"\b(?:born|birthdays?|birth|geboren|geburt\w*)\b", re.I),
    ),
    (
        "length",
        re.compile(
            r"\bhow (?:deep|wide|tall|thick)\b|\bwhat (?:is the )?(?:depth|width|thickness|diameter)\b|"
            r"\bwie (?:tief|breit|dick)\b",
            re.I,
        ),  # fmt: skip
        re.compile(
            rf"\b{_AMOUNT}[ -]?(?:mm|cm|m|km|(?:centi|milli|kilo)?met(?:er|re)s?|feet|foot|ft|inch(?:es)?|miles?|"
            r"yards?|fathoms?|pixels?|characters?|columns?|squares?)\b|\d ?[\"″]",
            re.I,
        ),
    ),
    (
        "voltage or the like",
        re.compile(
            r"\b(?:what|which|how (?:high|large|much|strong))\b.*"
            r"\b(?:voltage|resistance|impedance|frequency|sampling rate|wattage)\b",
            re.I,
        ),  # fmt: skip
        re.compile(
            r"\d ?[mkMGµu]?(?:V|A|Hz|W|Ω|VA|S/s|sps)\b|"
            r"\b(?i:volts?|amp(?:ere)?s?|(?:kilo|mega)?ohms?|watts?|(?:kilo|mega|giga)?hertz|samples)\b"
        ),
    ),
)
# A name in the middle of a question that nobody puts in other words: letters with digits, or two capitals in a row.
_NAME = re.compile(
    r"\b(?:[A-Za-z]+[-_.]?\d[\w.-]*\w|[A-Za-z]+\d|\d+[A-Za-z]{2,}\w*)\b|"
    r"(?<=[\w,;] )[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ][\w’'-]+"
)


def missing_kind(question: str, texts: Sequence[str]) -> str:
    """The kind of thing that an answer must have and none of the texts has, in words; "" where there is no such."""
    for name, asked, answer in _KINDS:
        if asked.search(question) and not any(answer.search(text) for text in texts):
            return name
    return ""


def unknown_names(
    connection: sqlite3.Connection, query: Query, keys: Sequence[int], languages: Sequence[str]
) -> list[str]:
    """Names in the question that stand nowhere in the texts."""
    unknown = []
    for match in _NAME.finditer(query.question):
        words = [word for word in tokens(match.group(), languages[0]) if len(word.folded) > 2]
        ways = [
            " OR ".join(
                sorted({fulltext.quoted(stem(fold(word.folded), language)) for language in languages})
            )
            for word in words
        ]
        if ways and not any(fulltext.matching(connection, way, keys, 1) for way in ways):
            unknown.append(match.group())
    return unknown
