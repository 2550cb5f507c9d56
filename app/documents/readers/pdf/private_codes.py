"""Codes for texts that are not one letter, so that they can be handled like one until the letters are in order."""

from __future__ import annotations

FIRST_PRIVATE = 0xF0000


class PrivateCodes:
    """The codes given out on a page. texts: what each stands for."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        """The code of a text; a single letter is its own."""
        if len(text) == 1 and ord(text) < FIRST_PRIVATE:
            return ord(text)
        if text not in self._codes:
            self._codes[text] = FIRST_PRIVATE + len(self._codes)
            self.texts[self._codes[text]] = text
        return self._codes[text]
