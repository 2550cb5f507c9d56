"""Words as they are indexed and compared: folded, stemmed, and codes as they stand.

A text becomes a row of tokens. A word loses its case and its accents ("Café" and "cafe" are one word) and is stemmed
in the language of its document. Scripts that are written without spaces become overlapping pairs of characters, so
that any stretch of two or more can be found. A number, path, option or name of a program ("10,592", "/etc/fstab",
"--with-x", "size_t") is one token as it stands, beside its parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from app.recall.stopwords import STOPWORDS

if TYPE_CHECKING:
    from snowballstemmer import stemmer as Stemmer  # noqa: F401

DEFAULT_LANGUAGE = "english"
# Chinese, Japanese, Thai, Lao, Burmese, Khmer: written without spaces. Korean has some, but a word's ending is part of
# it, and texts out of PDFs lose them.
_NO_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_NO_SPACES += "\u1100-\u11ff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"(?:(?![{_NO_SPACES}])\w)"
_TOKEN = re.compile(rf"(?P<run>[{_NO_SPACES}]+)|(?P<word>{_LETTER}+(?:['’]{_LETTER}+)*)")
# What is looked for as it stands: no white space, and some sign or digit in it.
_CODE = re.compile(r"(?<![\w])[-+./~$#@%\\<]*\w[\w\-+./~$#@%\\:=,’']*", re.ASCII)
_DIGIT_GROUPS = re.compile(r"(?<=\d)[,.\u202f '’](?=\d{3}(?!\d))")
_SCRIPT_STEMMERS = (
    ("\u0400", "\u052f", "russian"),
    ("\u0370", "\u03ff", "greek"),
    ("\u0600", "\u06ff", "arabic"),
)
_LATIN_NAMES = (
    "danish dutch english finnish french german hungarian italian norwegian "
    "portuguese romanian spanish swedish"
)
_LATIN = frozenset(_LATIN_NAMES.split())


@dataclass(frozen=True)
class Token:
    """A word at text[start:end]: `stem` is what it is compared by, `folded` the word itself."""

    folded: str
    stem: str
    start: int
    end: int


def tokens(text: str, language: str = DEFAULT_LANGUAGE) -> Iterator[Token]:
    """The words of `text` in order; the pairs of a script without spaces overlap."""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match["run"]:
            run = fold(match.group()) if len(fold(match.group())) == end - start else match.group()
            if len(run) == 1:
                yield Token(run, run, start, end)
            for offset in range(len(run) - 1):
                pair = run[offset : offset + 2]
                yield Token(pair, pair, start + offset, start + offset + 2)
            continue
        for piece, first, last in _pieces(match.group(), start, end):
            folded = fold(piece)
            if folded:
                yield Token(folded, stem(folded, language), first, last)


def _pieces(word: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """A word with underscores also by its parts; an apostrophe's tail ("keeper's", "l'eau") is told apart."""
    if "_" in word:
        for part in re.finditer(r"[^_]+", word):
            yield part.group(), start + part.start(), start + part.end()
        return
    head, mark, tail = word.partition("’" if "’" in word else "'")
    if mark and tail.lower() in ("s", "t", "d", "m", "re", "ve", "ll", ""):
        yield head, start, start + len(head)
        return
    if mark and len(head) <= 2:  # l'eau, d'un, qu'il
        yield tail, end - len(tail), end
        return
    yield word.replace(mark, "") if mark else word, start, end


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Lower case without accents: "Ägypten" is "agypten", "ß" is "ss"."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


@lru_cache(maxsize=64)
def stop_words(language: str) -> frozenset[str]:
    """The commonest words of a language, folded; none of one that is not known."""
    return frozenset(map(fold, STOPWORDS.get(language, ())))


@lru_cache(maxsize=262_144)
def stem(folded: str, language: str = DEFAULT_LANGUAGE) -> str:
    """The stem of a folded word; numbers and what has no stemmer stay as they are."""
    if len(folded) < 3 or folded[0].isdigit():
        return folded
    for first, last, name in _SCRIPT_STEMMERS:
        if first <= folded[0] <= last:
            return str(_stemmer(name).stemWord(folded))
    if folded[0] > "\u024f" or language not in _LATIN:
        return folded
    stemmed = str(_stemmer(language).stemWord(folded))
    return _IRREGULAR.get(stemmed, stemmed) if language == "english" else stemmed


@lru_cache(maxsize=16)
def _stemmer(language: str) -> Stemmer:
    import snowballstemmer

    return snowballstemmer.stemmer(language)


def codes(text: str) -> Iterator[tuple[str, int, int]]:
    """Numbers, paths, options and the like as they stand, lower case, with their place: "--with-x", "size_t",
    "10,592" (and "10592" too). Plain words are none."""
    for match in _CODE.finditer(text):
        code = match.group().rstrip(".,:='’-/").lower() if len(match.group()) > 1 else match.group().lower()
        if not code or code.isalpha():
            continue
        plain = _DIGIT_GROUPS.sub("", code)
        yield code, match.start(), match.start() + len(code)
        if plain != code:
            yield plain, match.start(), match.start() + len(code)


def encode_code(code: str) -> str:
    """A code as one word for the index: every sign that is no letter or digit becomes letters."""
    return "".join(sign if sign.isalnum() else f"x{ord(sign):x}x" for sign in code)


def detect_language(texts: Iterable[str], limit: int = 60_000) -> str:
    """The language by its commonest words: a name that the stemmers know; English where nothing tells."""
    counts: Counter[str] = Counter()
    length = 0
    for text in texts:
        counts.update(re.findall(r"[^\W\d_]+", text[:limit].lower()))
        length += len(text)
        if length > limit:
            break
    shares = {name: sum(counts[word] for word in words) for name, words in STOPWORDS.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > shares[DEFAULT_LANGUAGE] else DEFAULT_LANGUAGE


def count_words(text: str) -> int:
    """Words; two signs of a script without spaces count as one."""
    total = 0
    for match in _TOKEN.finditer(text):
        total += (match.end() - match.start() + 1) // 2 if match["run"] else 1
    return total


# Irregular forms that share no stem, by the stems that the stemmer gives.
_IRREGULAR_FORMS = """
be am is are was were been being|have has had|do does did done|go goes went gone|make made|take took taken|
give gave given|get got gotten|find found|found founded|keep kept|hold held|tell told|say said|see saw seen|
know knew known|write wrote written|read|choose chose chosen|begin began begun|break broke broken|bring brought|
build built|buy bought|catch caught|come came|draw drew drawn|drive drove driven|eat ate eaten|fall fell fallen|
feel felt|fight fought|fly flew flown|forget forgot forgotten|freeze froze frozen|grow grew grown|hang hung|
hear heard|hide hid hidden|lead led|leave left|lend lent|lose lost|mean meant|meet met|pay paid|ride rode ridden|
ring rang rung|rise rose risen|run ran|sell sold|send sent|shake shook shaken|shine shone|shoot shot|sing sang sung|
sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|stand stood|steal stole stolen|strike struck|
swear swore sworn|sweep swept|swim swam swum|teach taught|tear tore torn|think thought|throw threw thrown|
understand understood|wake woke woken|wear wore worn|win won|wind wound|heavy heavi weigh weight|long length|
high height|wide width|deep depth|strong strength|child children|man men|woman women|foot feet|tooth teeth|mouse mice|
lens lenses|person people|choose choice|die dead death|old age|hot heat|buy purchase|cost price fee|
"""


def _irregular() -> dict[str, str]:
    import snowballstemmer

    english = snowballstemmer.stemmer("english")
    table: dict[str, str] = {}
    for group in _IRREGULAR_FORMS.replace("\n", "").split("|"):
        stems = [str(english.stemWord(word)) for word in group.split()]
        for other in stems[1:]:
            table.setdefault(other, stems[0])
    return table


class _Lazy(dict[str, str]):
    """The table of irregular forms, made when it is first asked."""

    _filled = False

    def get(self, key: str, default: str) -> str:  # type: ignore[override]
        if not self._filled:
            self.update(_irregular())
            self._filled = True
        return super().get(key, default)


_IRREGULAR = _Lazy()
