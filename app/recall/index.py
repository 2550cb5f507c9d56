"""The facts of a document, to be looked up by an answer's: built once a document and kept."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.recall.dates import find_dates, find_times
from app.recall.facts import Fact
from app.recall.numbers import find_numbers
from app.recall.sources import Source, mended
from app.recall.units import same_unit, unit_after
from app.recall.words import detect_language, fold

_CODE_BROKEN = re.compile(r"(?<=[-/_.])\n[ \t]*(?=\w)")
_HYPHENS = re.compile("[‐‑−]")
_WORD = re.compile(r"[^\W_]+")
_BRACKETED = re.compile(r"[(\[/,|] ?([^\s()\[\]|,]{1,12}) ?[)\],|]")
_ALONE = re.compile(r"\S+?[.;,)\n]?(?:\s*$|(?<=[.;,)\n]))")
_NEAR = 80  # characters before a number in which its unit may stand
_BOUNDARY = "\f"  # between pages, so that nothing is found across two


@dataclass(frozen=True)
class Place:
    """Where a fact stands: the number of its source, and the offset in the source's text (-1: somewhere)."""

    source: int
    offset: int = -1


class TextIndex:
    """Words, numbers, dates and times of a document's pages (or of passages).

    15 to 25 bytes a character of text are held; 300 pages take well under a second.
    """

    def __init__(self, sources: Sequence[Source], language: str | None = None) -> None:
        self.sources = tuple(sources)
        texts = [mended(source.text) for source in sources]
        self.language = language or detect_language(texts)
        self._values: dict[str, list[tuple[Place, str]]] = {}
        self._heads: dict[int, frozenset[str]] = {}  # units in the heads of tables, by source
        words: list[str] = []
        self._starts: list[int] = []
        position = 1
        lower: set[str] = set()
        for text in texts:
            self._starts.append(position)
            shown = _WORD.findall(text)
            lower.update(fold(word) for word in shown if word.islower())
            folded = [*map(fold, shown), _BOUNDARY]
            position += sum(map(len, folded)) + len(folded)
            words += folded
        self._folded = f" {' '.join(words)} "
        self._lower = frozenset(lower)
        self._literal = _BOUNDARY.join(_squeezed(source.text) for source in sources)
        self._literal_starts = [0]
        for match in re.finditer(_BOUNDARY, self._literal):
            self._literal_starts.append(match.end())
        for number, text in enumerate(texts):
            self._add_values(number, text)

    def _add_values(self, number: int, text: str) -> None:
        for fact in find_numbers(text, self.language):
            for key in fact.keys:
                place = (Place(number, fact.start), fact.unit)
                self._values.setdefault(f"n{key}", []).append(place)
                if key.startswith("-"):
                    self._values.setdefault(f"r{key[1:]}", []).append(place)  # 5 –10 is a range too
        for fact in find_dates(text):
            for key in fact.keys:
                self._values.setdefault(f"d{key}", []).append((Place(number, fact.start), fact.unit))
        for fact in find_times(text):
            for key in fact.keys:
                self._values.setdefault(f"t{key}", []).append((Place(number, fact.start), ""))

    def writes_small(self, folded: str) -> bool:
        """Whether the document has the word in lower case."""
        return folded in self._lower

    def says(self, folded: str) -> bool:
        """Whether the folded words stand in the document in this order with nothing between."""
        return f" {folded} " in self._folded

    def find(self, fact: Fact) -> list[Place]:
        """The places that say what `fact` says, in order; empty when none does."""
        if fact.kind == "number":
            return self._find_number(fact)
        if fact.kind == "date":
            return self._find_date(fact)
        if fact.kind == "time":
            return [place for key in fact.keys for place, _ in self._values.get(f"t{key}", ())]
        if fact.kind == "name":
            return self._find_name(fact.parts)
        if fact.kind == "quotation":
            return self._find_words(fact.parts)
        return self._find_literal(fact.keys[0])

    def _find_number(self, fact: Fact) -> list[Place]:
        found = []
        for key in fact.keys:
            for place, unit in self._values.get(f"n{key}", ()) or self._values.get(f"r{key}", ()):
                if (
                    not fact.unit
                    or same_unit(unit, fact.unit)
                    or (not unit and self._names_unit(place, fact.unit))
                ):
                    found.append(place)
        return found

    def _names_unit(self, place: Place, unit: str) -> bool:
        """Whether a number without a unit may have this one: a table's head says it in brackets."""
        if place.source not in self._heads:
            shown = _BRACKETED.finditer(self.sources[place.source].text)
            self._heads[place.source] = frozenset(unit_after(match[1], 0)[0] for match in shown)
        return unit in self._heads[place.source] or self._alone_beside(place, unit)

    def _alone_beside(self, place: Place, unit: str) -> bool:
        """Whether the number ends its clause and the unit stands near: "takes a number of days; the default is 30"."""
        text = self.sources[place.source].text
        if not _ALONE.match(text, place.offset):
            return False
        near = text[max(0, place.offset - _NEAR) : place.offset]
        return any(unit_after(f" {word}", 0)[0] == unit for word in _WORD.findall(near) if len(word) > 2)

    def _find_date(self, fact: Fact) -> list[Place]:
        precise = fact.keys[:1] if len(fact.unit) else fact.keys
        if fact.unit == "ymd" and len(fact.keys) > 4:
            precise = tuple(key for key in fact.keys if key.count("-") == 2 and not key.startswith("-"))
        found = [place for key in precise for place, _ in self._values.get(f"d{key}", ())]
        if found or "y" not in fact.unit or not fact.keys:
            return found
        # The year may stand apart: "Log of 1912 … 3 May".
        year, _, rest = fact.keys[0].partition("-")
        partial = f"-{rest}" if "d" in fact.unit else f"m{rest}"
        years = {place.source for place, _ in self._values.get(f"n{year}", ())}
        return [
            place
            for place, precision in self._values.get(f"d{partial}", ())
            if "y" not in precision and place.source in years
        ]

    def _find_name(self, parts: tuple[str, ...]) -> list[Place]:
        """The whole name; a plural or genitive without its s too."""
        found = self._occurrences(" ".join(parts))
        return found or self._occurrences(" ".join(parts).removesuffix("s"))

    def _find_words(self, parts: tuple[str, ...]) -> list[Place]:
        """Every part of a quotation; the places of the first."""
        places = [self._occurrences(part) or self._unspaced(part) for part in parts]
        return places[0] if places and all(places) else []

    def _unspaced(self, words: str) -> list[Place]:
        """Occurrences with other word ends: "well-\nknown" may be one word or two."""
        if words.count(" ") < 2:
            return []
        solid = words.replace(" ", "")
        pages = self._folded.split(_BOUNDARY)
        return [Place(number) for number, page in enumerate(pages) if solid in page.replace(" ", "")]

    def _occurrences(self, words: str) -> list[Place]:
        found: list[Place] = []
        position = 0
        needle = f" {words} " if words.isascii() or " " in words or not _spaceless(words) else words
        while len(found) < 50 and (position := self._folded.find(needle, position)) >= 0:
            found.append(Place(bisect_right(self._starts, position + 1) - 1))
            position += len(needle) - 1 if len(needle) > 1 else 1
        return found

    def _find_literal(self, code: str) -> list[Place]:
        found: list[Place] = []
        position = 0
        while len(found) < 50 and (position := self._literal.find(code, position)) >= 0:
            end = position + len(code)
            before, after = self._literal[position - 1 : position], self._literal[end : end + 1]
            if not ((before.isalnum() and code[0].isalnum()) or (after.isalnum() and code[-1].isalnum())):
                found.append(Place(bisect_right(self._literal_starts, position) - 1))
            position = end
        return found


def _squeezed(text: str) -> str:
    """A text for codes: one space for white space, breaks after a hyphen or a slash mended, case folded."""
    return fold.__wrapped__(_HYPHENS.sub("-", " ".join(_CODE_BROKEN.sub("", text).split())))


def _spaceless(words: str) -> bool:
    return bool(re.match(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff]", words))


def folded_words(text: str) -> str:
    """The folded words of `text` with one space between, as the index compares them."""
    return " ".join(fold(word) for word in _WORD.findall(mended(text)))
