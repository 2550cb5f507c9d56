"""What an answer is held against: stretches of documents with the page that they stand on."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BROKEN = re.compile(r"([^\W\d_])([-\u2010\u00ad]\n[ \t]{0,40}|\u00ad)([^\W\d_]+)")


@dataclass(frozen=True)
class Source:
    """A passage or a whole page. `page` counts from 1 (None where a format has no pages); `label` is the number that
    is printed on it ("xii")."""

    document_id: str
    document_name: str
    page: int | None
    label: str
    text: str


def mended(text: str) -> str:
    """`text` with words that a line's end broke in one piece: "light-\\nhouse is" becomes "lighthouse   is".

    The length stays, and so do the offsets of all that follows.
    """
    return _BROKEN.sub(lambda match: f"{match[1]}{match[3]}{' ' * len(match[2])}", text)
