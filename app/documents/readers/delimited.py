"""Comma and tab separated values: records, cited by their numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from app.documents.faults import Fault
from app.documents.readers import Parsed, Refused, Request, decoded
from app.documents.readers.plain import line_pages
from app.documents.readers.sheets import SheetPager
from app.sentences import Sentence

_DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 50
_MAX_FIELD = 10_000_000


def read(data: bytes, request: Request) -> Parsed:
    """The records, or the lines where there is one column alone. Raises Refused where there is no text."""
    text = decoded(data, request)
    words = text.text.replace("\0", "")
    csv.field_size_limit(_MAX_FIELD)
    delimiter, words = _delimiter(words, request.suffix)
    if not delimiter:
        pages = line_pages(words, "paragraph")
        if not pages:
            raise Refused(Fault.NO_TEXT)
        return Parsed(len(pages), iter(pages), unit="lines", encoding=text.encoding)
    pager = SheetPager(request.limits)
    pager.add(_records(words, delimiter), word="records")
    pages = pager.finish()
    return Parsed(len(pages), iter(pages), unit="lines", encoding=text.encoding)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = _reader(text, delimiter)
    number = 0
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused(
                Fault.BROKEN,
                detail=Sentence("record {number}: {reason}", number=number + 1, reason=str(error)),
            ) from error
        number += 1
        yield number, record


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    if _has_loose_quotes(text, delimiter):
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter)


def _delimiter(text: str, suffix: str) -> tuple[str, str]:
    """The sign between fields, "" where there is none, and the text less a line that tells it ("sep=;")."""
    if text[:4].lower() == "sep=" and len(text) > 4 and text[4] in _DELIMITERS:
        return text[4], text.partition("\n")[2]
    if suffix in (".tsv", ".tab"):
        return "\t", text
    best, best_score = "", 0.0
    for delimiter in _DELIMITERS:
        reader = _reader(text[:200_000], delimiter)
        widths = []
        try:
            for record in reader:
                if any(record):
                    widths.append(len(record))
                if len(widths) == _SAMPLE_RECORDS:
                    break
        except csv.Error:
            continue
        if not widths:
            continue
        usual = max(set(widths), key=widths.count)
        score = widths.count(usual) / len(widths) + min(usual, 20) / 100
        if usual > 1 and score > best_score:
            best, best_score = delimiter, score
    return best, text


def _has_loose_quotes(text: str, delimiter: str) -> bool:
    """Whether quotation marks are letters of the fields: one that is never closed would swallow the rest."""
    head = text[:200_000]
    opened = head.count(f'{delimiter}"') + head.count('\n"') + head.startswith('"')
    closed = head.count(f'"{delimiter}') + head.count('"\n') + head.count('"\r') + head.endswith('"')
    return opened > closed and len(text) <= len(head)
