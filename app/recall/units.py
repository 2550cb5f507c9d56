"""Units of measure: the spellings of each in English, German, French and Spanish. Nothing is converted, as a value in
another unit is a value that the text does not have."""

from __future__ import annotations

import re

from app.recall.words import fold

# Symbols whose case tells them apart (m, M; s, S) are compared as they stand, words folded.
_SYMBOLS = {
    "kg": "kg", "g": "g", "mg": "mg", "µg": "µg", "t": "t", "lb": "lb", "lbs": "lb", "oz": "oz",
    "km": "km", "m": "m", "dm": "dm", "cm": "cm", "mm": "mm", "µm": "µm", "nm": "nm", "in": "in", "ft": "ft",
    "yd": "yd", "mi": "mile", "L": "l", "l": "l", "ml": "ml", "mL": "ml", "cl": "cl", "hl": "hl",
    "bar": "bar", "mbar": "mbar", "psi": "psi", "Pa": "Pa", "hPa": "hPa", "kPa": "kPa", "MPa": "MPa",
    "°C": "°C", "℃": "°C", "°F": "°F", "℉": "°F", "K": "K", "°": "°", "V": "V", "kV": "kV", "mV": "mV", "A": "A",
    "mA": "mA", "Ah": "Ah", "mAh": "mAh", "W": "W", "kW": "kW", "MW": "MW", "GW": "GW", "kWh": "kWh", "MWh": "MWh",
    "Wh": "Wh", "Hz": "Hz", "kHz": "kHz", "MHz": "MHz", "GHz": "GHz", "N": "N", "kN": "kN", "Nm": "Nm", "N·m": "Nm",
    "J": "J", "kJ": "kJ", "MJ": "MJ", "dB": "dB", "rpm": "rpm", "U/min": "rpm", "s": "s", "sec": "s", "ms": "ms",
    "min": "min", "h": "h", "hr": "h", "hrs": "h", "d": "day", "%": "%", "％": "%", "‰": "‰", "Ω": "ohm", "kΩ": "kohm",
    "€": "EUR", "EUR": "EUR", "$": "USD", "USD": "USD", "£": "GBP", "GBP": "GBP", "¥": "JPY", "CHF": "CHF",
    "B": "byte", "KB": "KB", "kB": "KB", "KiB": "KB", "MB": "MB", "MiB": "MB", "GB": "GB", "GiB": "GB", "TB": "TB",
    "km/h": "km/h", "m/s": "m/s", "mph": "mph", "kn": "knot", "m²": "m²", "m2": "m²", "m³": "m³", "m3": "m³",
    "cm²": "cm²", "cm³": "cm³", "km²": "km²", "ha": "ha", "年": "year", "月": "month", "日": "day", "分": "min",
    "秒": "s", "時": "h", "米": "m", "キロ": "kg", "吨": "t", "トン": "t",
}  # fmt: skip
_WORDS = {
    "kg": "kilo kilos kilogram kilograms kilogramme kilogrammes kilogramm kilogramo kilogramos",
    "g": "gram grams gramm gramme grammes gramo gramos",
    "mg": "milligram milligrams milligramm milligramme milligrammes miligramo miligramos",
    "t": "ton tons tonne tonnes tonnen tonelada toneladas",
    "pound": "pound pounds pfund livre livres libra libras",  # of weight or of money
    "oz": "ounce ounces unze unzen once onces onza onzas",
    "km": "kilometre kilometres kilometer kilometers kilometern kilometro kilometros",
    "m": "metre metres meter meters metern metro metros",
    "cm": "centimetre centimetres centimeter centimeters zentimeter zentimetern centimetro centimetros",
    "mm": "millimetre millimetres millimeter millimeters millimetern milimetro milimetros",
    "in": "inch inches zoll pouce pouces pulgada pulgadas",
    "ft": "foot feet fuss pied pieds pie pies",
    "yd": "yard yards",
    "mile": "mile miles meile meilen mille milles milla millas",
    "fathom": "fathom fathoms faden brasse brasses braza brazas",
    "league": "league leagues lieue lieues legua leguas",
    "l": "litre litres liter liters litern litro litros",
    "ml": "millilitre millilitres milliliter milliliters mililitro mililitros",
    "gal": "gallon gallons gallone gallonen galon galones",
    "bar": "bars bares",
    "°C": "celsius centigrade",
    "°F": "fahrenheit",
    "K": "kelvin kelvins",
    "°": "degree degrees grad degre degres grado grados",
    "V": "volt volts voltios voltio",
    "A": "ampere amperes amp amps amperio amperios",
    "W": "watt watts vatio vatios",
    "kW": "kilowatt kilowatts",
    "kWh": "kilowattstunde kilowattstunden",
    "Hz": "hertz",
    "N": "newton newtons",
    "J": "joule joules",
    "dB": "decibel decibels dezibel",
    "s": "second seconds sekunde sekunden seconde secondes segundo segundos",
    "min": "minute minutes minuten minuto minutos",
    "h": "hour hours stunde stunden heure heures hora horas",
    "day": "day days tag tage tagen jour jours dia dias",
    "week": "week weeks woche wochen semaine semaines semana semanas",
    "month": "month months monat monate monaten mois mes meses",
    "year": "year years jahr jahre jahren an ans annee annees ano anos",
    "century": "century centuries jahrhundert jahrhunderts jahrhunderte siecle siecles siglo siglos",
    "%": "percent prozent pourcent",
    "‰": "promille",
    "EUR": "euro euros",
    "USD": "dollar dollars dolar dolares",
    "shilling": "shilling shillings schilling schillinge",
    "penny": "penny pence pennies",
    "mark": "mark",
    "franc": "franc francs franken franco francos",
    "byte": "byte bytes",
    "KB": "kilobyte kilobytes",
    "MB": "megabyte megabytes",
    "GB": "gigabyte gigabytes",
    "knot": "knot knots knoten noeud noeuds nudo nudos",
    "ha": "hectare hectares hektar hectarea hectareas",
    "acre": "acre acres",
}
_FOLDED = {word: unit for unit, words in _WORDS.items() for word in words.split()}
_PHRASES = {"per cent": "%", "pour cent": "%", "por ciento": "%"}
_PREFIXES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
# Digits and the letters of scripts with spaces between words: "は35kgの" has a number of its own.
LETTERS = r"\d_A-Za-z\u00aa\u00b5\u00ba\u00c0-\u058f"
_AFTER = re.compile(
    r"[ \t\u00a0\u202f\u2009-]?\n?(?:"
    r"(?P<phrase>(?i:per cent|pour cent|por ciento)\b)"
    r"|(?P<degrees>(?:(?i:degrees?|grad|degrés?|grados?)|°|º)[ \u00a0]?"
    r"(?P<scale>[CFK]\b|(?i:celsius|centigrade|fahrenheit)\b)?)"
    rf"|(?P<symbol>[%％‰€$£¥℃℉]|[A-Za-zµμΩ]{{1,4}}(?:/[a-z]{{1,3}}|·m)?[²³23]?(?![{LETTERS}])|[年月日分秒時米吨]|キロ|トン)"
    r"|(?P<word>[^\W\d_]{2,20}\b))"
)
_MAYBE_ONE = frozenset(map(frozenset, [("°", "°C"), ("°", "°F"), ("pound", "lb"), ("pound", "GBP")]))
_SCALES = {"c": "°C", "f": "°F", "k": "K"}


def unit_after(text: str, position: int) -> tuple[str, int]:
    """The unit that begins at `position`, at most a space or a hyphen later, and where it ends; ("", position)
    without any."""
    match = _AFTER.match(text, position)
    if match is None:
        return "", position
    if match["phrase"]:
        return _PHRASES[match["phrase"].lower()], match.end()
    if match["degrees"]:
        scale = match["scale"]
        return (_SCALES[scale[0].lower()] if scale else "°"), match.start() + len(match[0].rstrip())
    shown = match["symbol"] or match["word"]
    unit = _SYMBOLS.get(shown.replace("μ", "µ")) or _FOLDED.get(fold(shown))
    if unit is None or (unit in ("in", "A", "day", "K") and len(shown) <= 2 and shown in ("in", "A", "d")):
        unit = _ambiguous(text, match.end(), shown)
    return (unit, match.end()) if unit else ("", position)


def _ambiguous(text: str, end: int, shown: str) -> str:
    """ "in" is an inch only where a sign or the end follows ("5 in."), and so for "A" and "d"."""
    if shown not in ("in", "A", "d"):
        return ""
    follows = text[end : end + 2].strip()
    return _SYMBOLS[shown] if not follows or not follows[0].isalnum() else ""


def unit_before(text: str, position: int) -> tuple[str, int]:
    """The currency sign right before `position` and where it starts."""
    for width in (1, 2):
        sign = text[max(0, position - width) : position].strip()
        if sign in _PREFIXES:
            return _PREFIXES[sign], position - width
    return "", position


def same_unit(unit: str, other: str) -> bool:
    """Whether two units may be one: a degree without its scale, a pound of weight or of money."""
    return unit == other or frozenset((unit, other)) in _MAYBE_ONE


def is_unit(folded: str) -> bool:
    """Whether a folded word names a unit."""
    return folded in _FOLDED
