"""Is the text of a page what a person sees on it? A text layer that is missing or wrong is told, never read in silence.

Each kind of trouble has a code and a sentence with a beginning of its own, so that a program can tell them apart
(`warning_code`). The limits are set so that pages of real books and manuals in any script raise no alarm.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.documents.faults import format_page_ranges
from app.documents.model import Box
from app.documents.readers.pdf.fragments import PageFragments
from app.documents.readers.pdf.letter_pairs import bits_a_letter
from app.sentences import Sentence

_LETTERS_TO_JUDGE = 40
_LETTERS_FOR_PAIRS = 250
_LOOKED_AT = 4_000  # characters of a page, from its beginning: enough to judge by, and the time is bounded
_MOST_BITS = 5.3  # a letter: see `letter_pairs`
_FEW_LETTERS = 25  # on a scan: a number or a stamp
_MOST_OF_PAGE = 0.75
_HALF_OF_PAGE = 0.5


@dataclass(frozen=True)
class Trouble:
    """code: short, for programs. start: how a sentence about it begins. consequence: how it goes on about one page;
    rest: about several pages."""

    code: str
    start: Sentence
    consequence: Sentence
    rest: Sentence


_RECOGNISE = Sentence("text recognition (OCR) may read what is printed")
TROUBLES = (
    Trouble(
        "no-text-layer",
        Sentence("No text layer"),
        Sentence("this page is a picture, of which nothing was read; {remedy}.", remedy=_RECOGNISE),
        Sentence("they are pictures, of which nothing was read; {remedy}.", remedy=_RECOGNISE),
    ),
    Trouble(
        "unknown-letters",
        Sentence("Letters without a meaning"),
        Sentence(
            "the file does not tell what many letters of this page are, so its text has gaps; {remedy}.",
            remedy=_RECOGNISE,
        ),
        Sentence(
            "the file does not tell what many of their letters are, so their text has gaps; {remedy}.",
            remedy=_RECOGNISE,
        ),
    ),
    Trouble(
        "wrong-letters",
        Sentence("Wrong letters"),
        Sentence("the text layer of this page is not what is printed on it; {remedy}.", remedy=_RECOGNISE),
        Sentence("their text layer is not what is printed on them; {remedy}.", remedy=_RECOGNISE),
    ),
    Trouble(
        "no-spaces",
        Sentence("No spaces between words"),
        Sentence(
            "the words of this page run together, so searching them finds little; {remedy}.",
            remedy=_RECOGNISE,
        ),
        Sentence("their words run together, so searching them finds little; {remedy}.", remedy=_RECOGNISE),
    ),
)
_BY_CODE = {trouble.code: trouble for trouble in TROUBLES}


def page_health(text: str, fragments: PageFragments | None = None) -> list[str]:
    """Sentences about what is wrong with the text layer of a page. text: of the page; fragments: what it shows."""
    codes = []
    if _is_scan(text, fragments):
        codes.append("no-text-layer")
    elif _has_unknown_letters(text, fragments):
        codes.append("unknown-letters")
    elif _is_wrong(text[:_LOOKED_AT]):
        codes.append("wrong-letters")
    elif _has_no_spaces(text[:_LOOKED_AT]):
        codes.append("no-spaces")
    return [
        Sentence("{trouble}: {consequence}", trouble=trouble.start, consequence=trouble.consequence)
        for trouble in (_BY_CODE[code] for code in codes)
    ]


def warning_code(sentence: str) -> str:
    """The code of what a sentence of this module is about, "" for any other sentence."""
    for trouble in TROUBLES:
        if sentence.startswith((f"{trouble.start}: ", f"{trouble.start} on ")):
            return trouble.code
    return ""


def document_warnings(found: Mapping[int, Sequence[str]]) -> list[str]:
    """What `page_health` said of each page, by its number, as a sentence for each kind of trouble."""
    pages: dict[str, list[int]] = {}
    for number, sentences in found.items():
        for code in {warning_code(sentence) for sentence in sentences}:
            pages.setdefault(code, []).append(number)
    return [
        Sentence(
            "{trouble} on {pages}: {consequence}",
            trouble=trouble.start,
            pages=_pages(numbers),
            consequence=trouble.rest if len(numbers) > 1 else trouble.consequence,
        )
        for trouble in TROUBLES
        if (numbers := pages.get(trouble.code, []))
    ]


def wants_recognition(sentences: Iterable[str]) -> bool:
    """Whether text recognition is to be offered for a page with these warnings."""
    return any(warning_code(sentence) for sentence in sentences)


def _pages(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return Sentence("page {number}", number=numbers[0])
    return Sentence("pages {numbers}", numbers=format_page_ranges(numbers))


# -- pictures ----------------------------------------------------------------------------------------------------------


def _is_scan(text: str, fragments: PageFragments | None) -> bool:
    if fragments is None:
        return False
    letters = sum(map(str.isalnum, text[: 20 * _FEW_LETTERS]))
    if letters > _FEW_LETTERS or not fragments.pictures:
        return False
    return _covered(fragments) >= (_MOST_OF_PAGE if letters else _HALF_OF_PAGE)


def _covered(fragments: PageFragments) -> float:
    """The share of the page that pictures cover, at most: scans are often cut into strips, which do not overlap."""
    page = fragments.width * fragments.height
    return sum(_area(box, fragments) for box in set(fragments.pictures)) / page if page > 0 else 0.0


def _area(box: Box, fragments: PageFragments) -> float:
    width = min(box[2], fragments.width) - max(box[0], 0.0)
    height = min(box[3], fragments.height) - max(box[1], 0.0)
    return max(width, 0.0) * max(height, 0.0)


# -- letters -----------------------------------------------------------------------------------------------------------

_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_SPACED = re.compile(r"[A-Za-z\u00c0-\u058f\u10a0-\u10ff\u13a0-\u13ff\u1e00-\u1fff]+")
_LONGEST_WORD = 30
_ACCENTED = re.compile("[\u0080-\u017f]")
_OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u3040-\ud7ff]")
_WORDS = re.compile(r"[^\W\d_]+")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_MIXED_WORDS = 15
_NOT_LATIN = re.compile("[\u0250-\u1dff\u1f00-\u1fff\u2100-\U0010ffff]")
_LATIN_LETTER = re.compile("[A-Za-z\u00c0-\u00ff\u0100-\u017f]")


def _has_unknown_letters(text: str, fragments: PageFragments | None) -> bool:
    """Over a tenth of the letters have no meaning: none in the file, or a private one."""
    unknown = len(_UNKNOWN.findall(text))
    letters = sum(map(str.isalnum, text)) if unknown or (fragments and fragments.unmapped) else 0
    if fragments is not None:
        unknown = max(unknown, fragments.unmapped)
    return unknown >= 10 and unknown * 10 > letters + unknown


def _is_wrong(text: str) -> bool:
    if not text.isascii():
        if _beyond_latin(text) and (_mixes_scripts(text) or _mixes_in_words(text)):
            return True
        if _is_old_encoding(text):
            return True
    bits, count = bits_a_letter(text)
    if count < _LETTERS_FOR_PAIRS or bits <= _MOST_BITS:
        return False
    # Names and abbreviations among words of another script are no running text.
    return count * 2 > sum(map(str.isalpha, text))


def _beyond_latin(text: str) -> bool:
    """Whether any letter is of another script: in most texts all that is not ASCII are accents and quotation marks."""
    return _NOT_LATIN.search(text) is not None


def _mixes_scripts(text: str) -> bool:
    """Letters of many scripts in turns: glyph numbers that were taken for characters. Nobody writes so: a text in two
    scripts has words of each."""
    letters = (character for character in text if character.isalpha() or character >= "\u0300")
    scripts = [script for letter in letters if (script := _script(letter))]
    if len(scripts) < _LETTERS_TO_JUDGE:
        return False
    common = [script for script, count in Counter(scripts).items() if count * 50 >= len(scripts)]
    changes = sum(one != other for one, other in zip(scripts, scripts[1:], strict=False))
    return len(common) >= 4 and changes * 4 > len(scripts)


def _mixes_in_words(text: str) -> bool:
    """Latin letters within most Arabic or Hebrew words: a font some of whose letters have the codes of others."""
    words = [word for word in _WORDS.findall(text) if _RIGHT_TO_LEFT.search(word)]
    mixed = sum(_LATIN_LETTER.search(word) is not None for word in words)
    return mixed >= _MIXED_WORDS and mixed * 5 > len(words) * 2


def _is_old_encoding(text: str) -> bool:
    """Mostly accented letters, more than in any language: another alphabet in a font that calls its letters these."""
    accented = len(_ACCENTED.findall(text))
    latin = len(_LATIN_LETTER.findall(text))
    others = len(_OTHER_SCRIPT.findall(text))
    return latin >= _LETTERS_TO_JUDGE and accented * 10 > latin * 6 and others < accented


def _has_no_spaces(text: str) -> bool:
    words = _SPACED.findall(text)
    letters = sum(map(len, words))
    glued = sum(len(word) for word in words if len(word) > _LONGEST_WORD)
    return letters >= 5 * _LETTERS_TO_JUDGE and glued * 2 > letters


@cache
def _script(letter: str) -> str:
    """The first word of the character's name, which is its script; "" for what all scripts share. Chinese and Japanese
    are one here, as are Greek and the letters of mathematics."""
    name = unicodedata.name(letter, "unassigned")
    word = name.split(" ", 1)[0]
    if word in ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "KATAKANA-HIRAGANA", "BOPOMOFO", "HALFWIDTH"):
        return "CJK"
    if 0x250 <= ord(letter) <= 0x2AF and letter != "ə":
        return "PHONETIC"
    if letter < "\u0300" or word in ("LATIN", "FULLWIDTH"):
        return "LATIN"
    if unicodedata.category(letter)[0] in "MLC" and word not in ("MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT"):
        return word
    return ""
