"""What is looked for as it stands: paths, options, names of programs and parts, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.recall.facts import Fact
from app.recall.units import unit_after
from app.recall.words import fold

_SHAPES = [
    (
        "address",
        re.compile(
            r"\bhttps?://[^\s<>\"'`)\]}»”]+|\bwww\.[^\s<>\"'`)\]}»”]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,80}(?:\.[\w-]{1,80})+"
        ),
    ),
    ("code", re.compile(r"(?<!`)`([^`\n]{1,120})`(?!`)")),
    (
        "path",
        re.compile(
            r"\b[A-Za-z]:\\[\w.\\-]+|(?<![\w/<.])(?:~|\.{1,2})?/(?=[\w.+@-]*[A-Za-z_])[\w.+@-]+(?:/[\w.+@*-]*)*"
        ),
    ),
    ("path", re.compile(r"(?<![\w/.-])[\w-]{1,60}(?:/[\w.-]{1,60}){0,9}/[\w-]{1,60}\.[A-Za-z]\w{0,4}\b")),
    (
        "path",
        re.compile(
            r"(?<![\w/.-])[\w-]{1,60}(?:\.[\w-]{1,60}){0,4}\.(?:conf|cfg|ini|txt|md|py|c|h|cc|cpp|js|ts|sh|json|ya?ml|toml|xml|html?|csv|"
            r"pdf|tex|log|tar|gz|zip|deb|rpm|so|exe|dll|png|jpe?g|svg|rs|go|java|sql|db)\b"
        ),
    ),
    ("option", re.compile(r"(?<![\w-])--[A-Za-z][\w-]*(?:=[\w./:-]+)?|(?<![\w-])-[A-Za-z](?![\w-]|\w)")),
    (
        "identifier",
        re.compile(
            r"\b[A-Za-z]\w*(?:::\w+)+(?:\(\))?|\b[A-Za-z_]\w*\(\)|\$[A-Z_]{2,}\b|\b(?=[^\W_]{0,60}_)\w{3,120}\b|\b[a-z]+[A-Z]\w*\b"
            r"|\b[A-Za-z]\w*\.[A-Za-z]\w*\(\)"
        ),
    ),
    # Numbers of parts and models: SN-48213, M8, IP67, A4, x86.
    (
        "identifier",
        re.compile(
            r"(?<![\w-])(?:[A-Z]{1,6}[-/]?(?=\d)|[A-Za-z]{1,8}-?(?=\d))[\dA-Za-z]{1,60}(?:[-./][\dA-Z]{1,60}){0,6}\b"
        ),
    ),
    ("identifier", re.compile(r"(?<![\w.,-])\d{1,20}[A-Z][\w-]{0,60}\b")),
]
_TRAILING = ".,;:!?'’"
_BARE_NUMBER = re.compile(r"[-+−]?[\d.,]+\s?\w{0,3}")


def find_codes(text: str) -> Iterator[Fact]:
    """Paths, options, identifiers and addresses of `text`, the surest shapes first; they may overlap."""
    for kind, shape in _SHAPES:
        for match in shape.finditer(text):
            start, end = match.span(1) if shape.groups else match.span()
            shown = text[start:end].rstrip(_TRAILING)
            end = start + len(shown)
            if (
                end - start < 2
                or not shown.strip("_-./\\")
                or (kind == "code" and _BARE_NUMBER.fullmatch(shown))
            ):
                continue
            if kind == "identifier" and _no_code(text, start, shown):
                continue
            yield Fact("identifier" if kind == "code" else kind, start, end, (literal(shown),))


def _no_code(text: str, start: int, shown: str) -> bool:
    """Whether a match is a number with its unit (10V) or a word and a number ("page-5")."""
    digits = re.match(r"\d+", shown)
    if digits is not None:
        unit, end = unit_after(text, start + digits.end())
        return bool(unit) and end >= start + len(shown)
    return bool(re.fullmatch(r"[a-z]{4,8}-\d+", shown))


def literal(code: str) -> str:
    """A code as it is compared: case and kinds of hyphen do not tell codes apart in prose."""
    return fold(code.replace("‐", "-").replace("‑", "-").replace("−", "-")).rstrip("/")
