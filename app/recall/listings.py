"""Lines that only point at other places: tables of contents, lists of figures, indexes.

They are full of the words that questions ask with and answer none of them, so they are not quoted where there is
anything else. An entry of contents ends with a page number that has a leader before it ("Fees … 12", "Fees ..... 12"),
or stands among others whose numbers rise ("7 Fees 12"); an index has terms with the numbers of their pages ("fees, 12,
45-47").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.recall.tables import is_separator

_PAGE = r"(?P<page>\d{1,4}|[ivxlc]{1,7})"
_LEADER = re.compile(rf"\S.*?(?:(?:\.\s?){{3,}}|…+\s?…*|(?:[·•∙_]\s?){{4,}})\s*{_PAGE}$")
_PLAIN = re.compile(rf"(?P<title>\S.*\w[)\]’'\"»”?!]?)\s+{_PAGE}$")
_PAGES = r"\d{1,4}(?:\s?[-–]\s?\d{1,4})?"
_INDEX = re.compile(rf"\S.{{0,70}}?,\s*{_PAGES}(?:,\s*{_PAGES})*$")
_MOST_WORDS = 14  # of an entry without a leader
_LEAST_PLAIN = 4  # entries in a row, where none has a leader
_LEAST_INDEX = 3
_HALF = 0.5
_ASKS = re.compile(
    r"\b(?:which|what) (?:page|chapter|section|part|appendix)\b|\bhow many (?:pages|chapters|sections|parts)\b|"
    r"\btable of contents\b|\b(?:page|chapter|section) numbers?\b|\b(?:welche[mnrs]?) (?:seite|kapitel|abschnitt)\b|"
    r"\binhaltsverzeichnis\b|\bquell?e? (?:page|chapitre)\b|\bqué (?:página|capítulo)\b|\bstichwortverzeichnis\b",
    re.I,
)


@dataclass
class _Line:
    start: int
    end: int
    kind: str  # "leader", "plain", "index", "other"
    page: int = -1  # -1: none, or a Roman one


def asks_for_one(question: str) -> bool:
    """Whether a table of contents may answer: what is asked for is a page, a chapter, or how many there are."""
    return bool(_ASKS.search(question))


@lru_cache(maxsize=256)
def listing_spans(text: str) -> tuple[tuple[int, int], ...]:
    """The stretches of `text`, as [start, end) in order, that are entries of contents or of an index."""
    lines = [
        _line(text, *match.span())
        for match in re.finditer(r"[^\n]+", text)
        if match.group().strip() and not is_separator(match.group())
    ]
    marked = [line.kind == "leader" for line in lines]
    _mark_runs(lines, marked, ("leader", "plain"), _contents)
    _mark_runs(lines, marked, ("index",), lambda run: len(run) >= _LEAST_INDEX)
    for at in range(1, len(lines) - 1):  # the first line of an entry that is too long for one
        if lines[at].kind == "other" and marked[at - 1] and lines[at + 1].kind == "leader":
            marked[at] = text[lines[at].end - 1] not in ".:;"
    spans: list[tuple[int, int]] = []
    for at, (line, one) in enumerate(zip(lines, marked, strict=True)):
        if not one:
            continue
        if spans and marked[at - 1]:
            spans[-1] = (spans[-1][0], line.end)
        else:
            spans.append((line.start, line.end))
    return tuple(spans)


def is_listing(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether at least half of [start, end) is in the spans."""
    inside = sum(max(min(end, last) - max(start, first), 0) for first, last in spans)
    return end > start and inside >= _HALF * (end - start)


def _line(text: str, start: int, end: int) -> _Line:
    raw = text[start:end]
    start += len(raw) - len(raw.lstrip())
    line = raw.strip()
    end = start + len(line)
    if line.startswith("|"):  # a row of a table of contents that was taken for a table
        line = " ".join(cell.strip() for cell in line.strip("|").split("|")).strip()
    if match := _LEADER.match(line):
        return _Line(start, end, "leader", _number(match["page"]))
    if _INDEX.match(line):
        return _Line(start, end, "index")
    match = _PLAIN.match(line)
    if match and match["page"].isdecimal() and len(line.split()) <= _MOST_WORDS and _is_title(match["title"]):
        return _Line(start, end, "plain", _number(match["page"]))
    return _Line(start, end, "other")


def _number(page: str) -> int:
    return int(page) if page.isdecimal() else -1


def _is_title(title: str) -> bool:
    """Whether an entry without a leader begins as titles do, with a number or a capital, and says something."""
    return bool(re.match(r"[\dA-ZÀ-ÞА-Я§“\"'«]", title)) and len(re.findall(r"[^\W\d_]{2,}", title)) > 0


def _contents(run: list[_Line]) -> bool:
    """Whether lines with page numbers are contents: a leader among them, or enough of them, and numbers that rise."""
    pages = [line.page for line in run if line.page >= 0]
    rising = all(first <= second for first, second in zip(pages, pages[1:], strict=False))
    if any(line.kind == "leader" for line in run):
        return len(run) >= 2
    return len(run) >= _LEAST_PLAIN and rising and pages[-1] > pages[0]


def _mark_runs(
    lines: list[_Line], marked: list[bool], kinds: tuple[str, ...], holds: Callable[[list[_Line]], bool]
) -> None:
    first = 0
    while first < len(lines):
        last = first
        while last < len(lines) and lines[last].kind in kinds:
            last += 1
        if last > first and holds(lines[first:last]):
            marked[first:last] = [True] * (last - first)
        first = max(last, first + 1)
