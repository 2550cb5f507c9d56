"""Pure text functions: characters that mean nothing removed, long text cut into pages. No input makes them fail, and
their time is linear in the input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

PAGE_CHARACTERS = 3_000

# Terminal colours and the like in logs: CSI sequences, and titles ended by BEL.
_ESCAPE_SEQUENCES = re.compile("\x1b\\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\\][^\x07\x1b\n]{0,256}\x07")

# A letter that a typewriter goes back over: bold and underlined words in manual pages.
_OVERSTRUCK = re.compile("[^\n\b]\b")

# Nothing of these can be read: controls, halves of surrogate pairs, non-characters, invisible marks, soft
# hyphens. Left alone are the joiners (U+200C, U+200D), which change how Persian, Hindi and emoji read.
_MEANINGLESS = re.compile(
    "[\0-\b\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_ASCII_CONTROLS = re.compile("[\0-\b\x0b-\x1f\x7f]")
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
# Bullets that Symbol and Wingdings fonts have in the private use area.
_BULLETS = str.maketrans(dict.fromkeys("\uf0a7\uf0b7\uf076\uf0d8\uf0fc", "•"))

# Tried where a run of spaces begins alone: else a long one takes the square of its length.
_TRAILING = re.compile("(?<![ \t])[ \t]+$", re.MULTILINE)
_PARAGRAPH_END = re.compile("\n\n+")
_SENTENCE_END = re.compile("[.!?…][\"'»”’)]*\\s|[。！？]")


def clean(text: str) -> str:
    """`text` without what cannot be read: one kind of line end and space, ligatures spelt out, accents
    composed, no controls, lone surrogates, soft hyphens or terminal colours. Tabs and newlines stay; a form
    feed becomes a paragraph border."""
    if text.isascii() and not _ASCII_CONTROLS.search(text):
        return text  # most text: ten times as fast
    text = _LINE_ENDS.sub("\n", text).replace("\f", "\n\n")
    if "\x1b" in text:
        text = _ESCAPE_SEQUENCES.sub("", text)
    if "\b" in text:
        text = _OVERSTRUCK.sub("", text)
    text = _SPACES.sub(" ", text)
    # A hyphen that shows only at the end of a line: there it is one, elsewhere it is nothing.
    text = text.replace("\xad\n", "-\n")
    text = _MEANINGLESS.sub("", text)
    return unicodedata.normalize("NFC", text.translate(_LIGATURES).translate(_BULLETS))


def tidy_lines(text: str) -> str:
    """`text` without spaces at line ends, with at most one blank line in a row and none at either end.
    Indentation and columns stay."""
    text = _TRAILING.sub("", text)
    return re.sub("\n{3,}", "\n\n", text).strip("\n").rstrip()


def split_pages(text: str, target: int = PAGE_CHARACTERS) -> Iterator[str]:
    """Cut `text` into pages of about `target` characters (half to one and a half times as many, the last may
    be shorter).

    Each cut is at the border nearest to the target of the best kind there is: paragraph, line, sentence,
    word. Nothing but white space at the cuts is lost, and no page is empty.
    """
    for start, end, _ in cut_pages(text, target):
        if page := _strip_page(text[start:end]):
            yield page


def cut_pages(text: str, target: int = PAGE_CHARACTERS) -> Iterator[tuple[int, int, int]]:
    """Where `split_pages` cuts: start and end of each page, blank ones as well, and how many lines end before it."""
    start = lines = 0
    while len(text) - start > target + target // 2:
        end = start + _cut(text[start : start + target + target // 2], target)
        yield start, end, lines
        lines += text.count("\n", start, end)
        start = end
    yield start, len(text), lines


def _cut(window: str, target: int) -> int:
    """Where to cut `window`, from 1 to its length."""
    least = target // 2
    for border in (_PARAGRAPH_END, re.compile("\n"), _SENTENCE_END, re.compile(r"\s")):
        ends = [match.end() for match in border.finditer(window, least)]
        if ends:
            return min(ends, key=lambda end: abs(end - target))
    return target


def _strip_page(text: str) -> str:
    # Indentation of the first line is kept: in a listing it means something.
    return text.rstrip().lstrip("\n") if text.strip() else ""
