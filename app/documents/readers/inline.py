"""What running text shares between formats: links, pictures, raised and lowered figures."""

from __future__ import annotations

import re

_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_FIGURES = re.compile(r"[0-9+\-−=()n]{1,12}")
_ADDRESS = re.compile(r"(?:https?|ftp|mailto|tel):\S+", re.IGNORECASE)
_BARE = re.compile(r"^(?:https?://|mailto:|tel:)?(?:www\.)?|/$", re.IGNORECASE)
_MAX_ADDRESS = 500
_DEEPEST = 20  # levels of a list that are indented further


def link(text: str, address: str | None) -> str:
    """`[text](address)` where the address leads out of the document and is not the text itself, else the text."""
    address = (address or "").strip()
    if not text.strip() or len(address) > _MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        return text
    if _BARE.sub("", text.strip()) == _BARE.sub("", address):
        return text
    lead = text[: len(text) - len(text.lstrip())]
    return f"{lead}[{text.strip()}]({address}){text[len(text.rstrip()) :]}"


def picture(description: str | None) -> str:
    """What stands for a picture."""
    description = " ".join((description or "").split()).strip("[]")[:1000]
    return f"[picture: {description}]" if description else "[picture]"


def raised(text: str) -> str:
    """An exponent or a mark above the line: "m" + raised("2") is m²; other words stay as they are."""
    return text.translate(_RAISED) if _FIGURES.fullmatch(text) and text != "n" else text


def lowered(text: str) -> str:
    """An index below the line."""
    return text.translate(_LOWERED) if _FIGURES.fullmatch(text) and text != "n" else text


def marker(number: int, style: str) -> str:
    """The number of a list item: style is "1", "a", "A", "i" or "I"."""
    if style in "aA" and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord(style) + rest) + letters
        return letters
    if style in "iI" and 0 < number < 4000:
        numeral = ""
        for value, sign in _ROMAN:
            count, number = divmod(number, value)
            numeral += sign * count
        return numeral if style == "I" else numeral.lower()
    return str(number)


_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def list_item(text: str, mark: str, level: int) -> str:
    """A list item as a line: indented by its level, with its mark; further lines below its text."""
    lead = "  " * (min(max(level, 1), _DEEPEST) - 1) + (f"{mark} " if mark else "")
    return lead + text.replace("\n", "\n" + " " * len(lead))
