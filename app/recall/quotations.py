"""Quotations in an answer: what stands in quotation marks or in a Markdown quotation is claimed to be the text's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.recall.facts import Fact
from app.recall.index import folded_words

_QUOTED = re.compile(
    r"“([^“”]{1,1500})”|„([^“”„]{1,1500})[“”]|«\s?([^«»]{1,1500}?)\s?»|»([^«»]{1,1500})«|「([^「」]{1,1500})」"
    r"|『([^『』]{1,1500})』|(?<![\w\d])\"([^\"\n]{1,1500})\"(?!\w)|(?<!\w)‘([^‘’\n]{3,300})’(?!\w)"
    r"|^[ \t]*>[ \t]+([^\n]+)$",
    re.MULTILINE,
)
_OMITTED = re.compile(r"\.\.\.|…|\[[^\]]{0,40}\]")


def find_quotations(text: str) -> Iterator[Fact]:
    """The quotations of `text`; an ellipsis or square brackets part what is to be found piece by piece."""
    for match in _QUOTED.finditer(text):
        number = match.lastindex
        assert number is not None
        start, end = match.span(number)
        parts = tuple(words for piece in _OMITTED.split(match[number]) if (words := folded_words(piece)))
        if parts and any(not sign.isdigit() for sign in "".join(parts)):
            yield Fact("quotation", start, end, parts=parts)
