"""Sentences that say a passage's words and the opposite: a "not" more or less, "before" for "after"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from app.recall.alignment import Alignment, content
from app.recall.facts import word_set
from app.recall.index import folded_words
from app.recall.sources import Source
from app.recall.words import fold, stem, tokens

_ALIKE = 0.7  # how much of the answer's sentence the passage must have
_PART_ALIKE = 0.6
_NEGATORS = word_set(
    "not no never cannot neither nor none nobody nothing without "
    "nicht kein keine keinen keinem keiner keines nie niemals ohne weder "
    "pas jamais aucun aucune sans nunca jamas sin ningun ninguna ninguno tampoco"
)
_ONLY_ENGLISH_AND_SPANISH = frozenset(["no"])
_IDIOMS = re.compile(
    r"\b(?:not only|no(?:t)? (?:more|less|later|longer|fewer|earlier|further|other) than|not until|no matter|no doubt|"
    r"nicht nur|nicht (?:mehr|weniger|später|länger) als|kein(?:e|en)? (?:mehr )?als|pas (?:plus|moins) (?:de|que)|"
    r"pas seulement|no (?:sólo|solo|más de|menos de))\b|\bno\.(?=\s*\d)",
    re.IGNORECASE,
)
_PAIRS = """before after|above below|over under|open closed|opened closed|open shut|on off|left right|minimum maximum|
increase decrease|increases decreases|higher lower|inside outside|upper lower|north south|east west|
allowed forbidden|permitted prohibited|allowed prohibited|permitted forbidden|hot cold|least most|
clockwise anticlockwise|clockwise counterclockwise|may must|required optional|more less|older younger|
vor nach|oben unten|über unter|links rechts|mindestens höchstens|erlaubt verboten|öffnen schließen|offen geschlossen|
geöffnet geschlossen|innen außen|norden süden|osten westen|höher niedriger|mehr weniger|warm kalt|
avant après|dessus dessous|gauche droite|minimum maximum|ouvert fermé|ouvrir fermer|nord sud|est ouest|
permis interdit|autorisé interdit|plus moins|antes después|arriba abajo|izquierda derecha|abierto cerrado|
mínimo máximo|norte sur|este oeste|permitido prohibido|más menos"""
_SURE_PAIRS_LEFT_OUT = frozenset(
    {("may", "must"), ("est", "ouest"), ("plus", "moins"), ("este", "oeste"), ("vor", "nach")}
)
_PART = re.compile(r"[,;:()–—]|\b(?:and|but|while|und|aber|et|mais|pero|y)\b")
_PARTICLE = re.compile(r"no\s*[,:;.!—–]", re.IGNORECASE)  # the answer to a question
_NOT = re.compile(r"n[’']t\b", re.IGNORECASE)


def find_opposites(
    answer: str, alignments: Sequence[Alignment], here: Sequence[Source], language: str
) -> list[tuple[int, int, int]]:
    """(start, end, source) of words of the answer that turn round what the passage says."""
    found = []
    for alignment in alignments:
        if alignment.source is None:
            continue
        said = answer[alignment.start : alignment.end]
        if _copied(said, here[alignment.source].text):
            continue
        text = here[alignment.source].text[alignment.source_start : alignment.source_end]
        span = _turned(said, text, language)
        if span is not None:
            found.append((alignment.start + span[0], alignment.start + span[1], alignment.source))
    return found


def _copied(said: str, text: str) -> bool:
    """Whether `text` has the words of `said`, and no "not" right before them."""
    before, found, _ = f" {folded_words(text)} ".partition(f" {folded_words(said)} ")
    return bool(found) and before.rpartition(" ")[2] not in _NEGATORS


def _turned(said: str, text: str, language: str) -> tuple[int, int] | None:
    """Where `said` turns `text` round: an odd number of negations and opposites between them."""
    ours, theirs = _words(said, language), _words(text, language)
    swapped = _swapped(said, text)
    kept = ours - {stem(fold(said[start:end]), language) for start, end in swapped}
    if not kept or len(kept & theirs) < _ALIKE * len(kept):
        return None
    mine, some_of_mine = _negations(said, theirs, language)
    their, some_of_their = _negations(text, ours, language)
    if not swapped and ((mine and some_of_their) or (their and some_of_mine)):
        return None  # both negate something, and words cannot tell whether it is the same
    if (len(mine) % 2 != len(their) % 2) == (len(swapped) % 2 == 1):
        return None
    if swapped:
        return swapped[0]
    if len(mine) > len(their):
        return mine[-1]
    return _negated_word(said, text, their[-1][1], language)


def _words(text: str, language: str) -> frozenset[str]:
    """Stems of the words that carry matter, without numbers, dates and negations."""
    return frozenset(
        word for word in content(text, language) if word[0] not in "#@" and word not in _NEGATORS
    )


def _negations(text: str, other: frozenset[str], language: str) -> tuple[list[tuple[int, int]], bool]:
    """Negating words of parts of `text` whose words the other side mostly has, and whether there are any at all."""
    idioms = [match.span() for match in _IDIOMS.finditer(text)]
    found = [
        (token.start, token.end)
        for token in tokens(text, language)
        if token.folded in _NEGATORS
        and (token.folded not in _ONLY_ENGLISH_AND_SPANISH or language in ("english", "spanish"))
    ]
    found += [match.span() for match in _NOT.finditer(text)]
    cuts = [0, *(match.start() for match in _PART.finditer(text)), len(text)]
    kept, negates = [], False
    for start, end in sorted(set(found)):
        if any(first <= start < last for first, last in idioms) or _PARTICLE.match(text, start):
            continue
        negates = True
        part = text[max(cut for cut in cuts if cut <= start) : min(cut for cut in cuts if cut > start)]
        stems = _words(part, language)
        if stems and len(stems & other) >= _PART_ALIKE * len(stems):
            kept.append((start, end))
    return kept, negates


@cache
def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.replace("\n", "").split("|"):
        first, second = pair.split(" ")
        if (first, second) not in _SURE_PAIRS_LEFT_OUT:
            found.setdefault(fold(first), set()).add(fold(second))
            found.setdefault(fold(second), set()).add(fold(first))
    return {word: frozenset(others) for word, others in found.items()}


def _swapped(said: str, text: str) -> list[tuple[int, int]]:
    """Words of `said` in whose place `text` has the opposite."""
    ours = list(tokens(said))
    my_words, their_words = {token.folded for token in ours}, {token.folded for token in tokens(text)}
    return [
        (token.start, token.end)
        for token in ours
        for others in [_opposites().get(token.folded, frozenset())]
        if token.folded not in their_words and others & their_words and not others & my_words
    ]


def _negated_word(said: str, text: str, position: int, language: str) -> tuple[int, int]:
    """The word of `said` that `text` has after its negation at `position`; all of `said` without one."""
    ours = {token.stem: (token.start, token.end) for token in tokens(said, language) if len(token.folded) > 2}
    for token in tokens(text[position:], language):
        if token.stem in ours and stem(token.folded, language) in content(said, language):
            return ours[token.stem]
    return 0, len(said)
