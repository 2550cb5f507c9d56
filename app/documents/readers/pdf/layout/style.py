"""What is usual in a document: the size of its text, of its headings, and how far lines are apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from app.documents.readers.pdf.layout.stretches import Stretch


class DocumentStyle:
    """Sizes and distances of lines in a document, as far as it has been read."""

    def __init__(self) -> None:
        self._sizes: Counter[float] = Counter()
        self._distances: dict[int, Counter[int]] = defaultdict(Counter)
        self._monospaced = 0
        self._letters = 0
        self._pitches: dict[int, float] = {}
        self.body = 10.0
        self.heading_sizes: list[float] = []

    @property
    def is_monospaced(self) -> bool:
        """Whether all of the text is, so that it does not tell code."""
        return self._letters > 0 and self._monospaced > 0.8 * self._letters

    def learn(self, found: Sequence[list[Stretch]]) -> None:
        """Take in the rows of a page."""
        before: Stretch | None = None
        for row in found:
            for line in row:
                self._sizes[round(2 * line.size) / 2] += len(line.text)
                self._letters += len(line.text)
                if line.monospaced:
                    self._monospaced += len(line.text)
            line = row[0]
            if before is not None and abs(before.size - line.size) < 0.3 and abs(before.left - line.left) < 1:
                distance = line.baseline - before.baseline
                if 0.8 * line.size < distance < 2.6 * line.size:
                    self._distances[round(2 * line.size)][round(2 * distance)] += 1
            before = line
        self._pitches.clear()
        if self._sizes:
            self.body = max(self._sizes, key=lambda size: self._sizes[size])
        self.heading_sizes = sorted((size for size in self._sizes if size > 1.08 * self.body), reverse=True)

    def pitch(self, size: float) -> float:
        """The usual distance of lines of that size, in points."""
        key = round(2 * size)
        if key not in self._pitches:
            distances = self._distances.get(key)
            enough = distances is not None and sum(distances.values()) >= 3
            self._pitches[key] = distances.most_common(1)[0][0] / 2 if distances and enough else 1.25 * size
        return self._pitches[key]
