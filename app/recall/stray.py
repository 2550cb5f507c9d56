"""Numbers of an answer that say nothing about the documents: of list items, citation marks and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from app.recall.facts import Fact

_ENUMERATED = re.compile(r"(?:^|[\n\f])[ \t>*#]*\(?$")
_PAGE = re.compile(r"(?:\b(?:pages?|pp?|seiten?|s|p[áa]g(?:ina|\.)?s?|side)\b\.?|ページ)\s*$", re.IGNORECASE)


def without_stray_numbers(text: str, numbers: Iterable[Fact]) -> Iterator[Fact]:
    """The numbers that are claims about the documents."""
    for fact in numbers:
        before = text[max(0, fact.start - 24) : fact.start]
        after = text[fact.end : fact.end + 2]
        item = _ENUMERATED.search(text[max(0, fact.start - 12) : fact.start])
        if item and after[:1] in (".", ")") and after[1:2] in ("", " ", "\t"):
            continue
        if before.endswith("[") and after.startswith("]"):
            continue
        if _PAGE.search(before):
            continue
        yield fact
