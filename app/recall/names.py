"""Proper names of an answer. A capital alone makes no name: sentences begin with one, and so do German nouns."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from app.recall.dates import MONTHS, WEEKDAYS
from app.recall.facts import Fact, word_set
from app.recall.stopwords import STOPWORDS
from app.recall.words import fold

_LETTERS = r"[^\W\d_]"
_TOKEN = re.compile(rf"{_LETTERS}+(?:['’][sS](?!\w))?")
# What may stand inside a name: "Bay of Fundy", "Ludwig van Beethoven", "Rue de la Paix".
_PARTICLES = frozenset(["of", "de", "du", "del", "da", "di", "van", "von", "zu"])
_ARTICLES = frozenset(["la", "le", "the", "der", "den"])
_TITLES = word_set(
    "mr mrs ms miss mister sir lady lord dr doctor prof professor captain capt king queen prince princess president "
    "saint st general colonel major lieutenant sergeant admiral bishop pope father mother brother sister aunt uncle "
    "chancellor minister inspector engineer "
    "herr herrn frau fraulein doktor kapitan konig konigin kaiser kaiserin prinz prinzessin graf grafin baron papst "
    "bischof sankt kanzler prasident ingenieur meister oberst hauptmann leutnant bruder schwester vater mutter tante "
    "onkel monsieur madame mademoiselle mme mlle docteur professeur capitaine roi reine prince comte comtesse pape "
    "eveque maitre president general ingenieur senor senora senorita don dona doctor doctora capitan rey reina conde "
    "papa obispo presidente ingeniero"
)
# Written with a capital although no name: parts of documents, pronouns, marks in an answer.
_GENERIC = word_set(
    "i chapter section page pages table figure appendix part volume paragraph step note notes warning "
    "caution danger important answer question source sources document documents text quote yes no ok okay example "
    "kapitel abschnitt seite seiten tabelle abbildung anhang teil band absatz schritt hinweis warnung achtung vorsicht "
    "gefahr antwort frage quelle quellen dokument ja nein beispiel uhr sie ihnen ihr ihre ihren ihrem ihrer "
    "chapitre section page tableau figure annexe partie tome etape remarque attention avertissement danger reponse "
    "question source exemple oui non capitulo seccion pagina tabla figura anexo parte tomo paso nota advertencia "
    "atencion peligro respuesta pregunta fuente ejemplo si usted ustedes am pm bc ad"
)
_ENGLISH_ENDINGS = (
    "ing",
    "ed",
    "ly",
    "tion",
    "sion",
    "ness",
    "ment",
    "ity",
    "ous",
    "ful",
    "less",
    "ism",
    "ance",
    "ence",
)
_GERMAN_ENDINGS = tuple(
    word_set(
        "ung ungen heit heiten keit keiten schaft schaften tion tionen tat nis nisse mus ling chen lein ment mente enz "
        "anz ik ur tur ei zeug zeuge werk"
    )
)
# A sentence's first word before one of these may be a name: "Miller was …", "Paris has …".
_AFTER_SUBJECT = {
    "english": word_set("was is has had did wrote built said lived died became who"),
    "french": word_set("est etait a fut avait qui"),
    "spanish": word_set("es era fue tiene tenia habia"),
}
_GERMAN_ARTICLES = word_set("der die das den dem des ein eine einen einem einer eines im am vom zum zur")
_TOWN_ENDINGS = ("haven", "hausen", "ingen", "kirchen", "bremen", "munchen", "leben", "weiler")
_PLACE_BEFORE = word_set("in nach aus bei von durch")


def find_names(text: str, language: str, lower: Callable[[str], bool], starts: frozenset[int]) -> list[Fact]:
    """Runs of capitalised words that are names by their place and by what the documents know.

    `lower` tells whether the documents have a folded word in lower case. `starts` are the offsets where sentences
    begin; there, and after a colon, a capital tells nothing.
    """
    tokens = list(_TOKEN.finditer(text))
    inside = {
        fold(_plain(token[0]))
        for token in tokens
        if token[0][0].isupper() and not _initial(text, token, starts)
    }
    found, place = [], 0
    while place < len(tokens):
        if not tokens[place][0][0].isupper():
            place += 1
            continue
        run = _run(text, tokens, place)
        place += len(run)
        kept = _keep(text, run, tokens, place, language, lower, starts, inside)
        if kept:
            parts = tuple(fold(_plain(token[0])) for token in kept)
            end = kept[-1].start() + len(_plain(kept[-1][0]))
            found.append(Fact("name", kept[0].start(), end, (" ".join(parts),), parts=parts))
    return found


def _run(text: str, tokens: list[re.Match[str]], first: int) -> list[re.Match[str]]:
    """Capitalised words in a row, with particles between them."""
    run = [tokens[first]]
    place = first + 1
    while place < len(tokens):
        gap = text[run[-1].end() : tokens[place].start()]
        initial = gap in (". ", ".") and (len(run[-1][0]) == 1 or fold(run[-1][0]) in _TITLES)
        if (
            not (initial or re.fullmatch(r"[ \u00a0]|[ \u00a0]?\n|-", gap))
            or _plain(run[-1][0]) != run[-1][0]
        ):
            break
        word = tokens[place][0]
        if word[0].isupper():
            run.append(tokens[place])
            place += 1
            continue
        ahead = place
        while ahead < len(tokens) and ahead - place < 3 and tokens[ahead][0] in _PARTICLES | _ARTICLES:
            ahead += 1
        between = tokens[place:ahead]
        if not between or between[0][0] not in _PARTICLES or ahead >= len(tokens):
            break
        if not tokens[ahead][0][0].isupper() or text[between[-1].end() : tokens[ahead].start()] != " ":
            break
        run += [*between, tokens[ahead]]
        place = ahead + 1
    return run


def _keep(
    text: str,
    run: list[re.Match[str]],
    tokens: list[re.Match[str]],
    after: int,
    language: str,
    lower: Callable[[str], bool],
    starts: frozenset[int],
    inside: set[str],
) -> list[re.Match[str]]:
    """The part of a run that is a name, empty when none is."""
    if language == "german" and len(run) > 2 and fold(run[0][0]) in _GERMAN_ARTICLES:
        run = run[1:]
    if language == "german" and len(run) > 1 and _has_article(text, run[0]):
        run = run[1:]  # "der Vorsitzende Ulrich Hansen"
    while run and _no_name(text, run[0], lower, language, first=True, starts=starts):
        run = run[1:]
    while run and (
        run[-1][0][0].islower() or _no_name(text, run[-1], lower, language, first=False, starts=starts)
    ):
        run = run[:-1]
    if not run:
        return []
    words = [fold(_plain(token[0])) for token in run]
    if all(word in _TITLES for word in words):
        return []
    if language == "german":
        return run if _german_name(text, run, words, tokens, after, lower, starts) else []
    if _initial(text, run[0], starts) and len(run) == 1:
        word = words[0]
        follows = fold(tokens[after][0]) if after < len(tokens) else ""
        subject = follows in _AFTER_SUBJECT.get(language, ()) and not word.endswith(_ENGLISH_ENDINGS)
        shown = run[0][0]
        capitals = shown.isupper() and len(shown) > 1
        if not (word in inside or capitals or _plain(shown) != shown or (subject and not word.endswith("s"))):
            return []
    return run


def _no_name(
    text: str,
    token: re.Match[str],
    lower: Callable[[str], bool],
    language: str,
    *,
    first: bool,
    starts: frozenset[int],
) -> bool:
    """Whether a capitalised word at the edge of a run is a common word."""
    shown = _plain(token[0])
    word = fold(shown)
    if word in _GENERIC or word in MONTHS and len(word) > 3 or word in WEEKDAYS:
        return True
    initial = first and _initial(text, token, starts)
    if len(shown) == 1:
        return True if text[token.end() : token.end() + 1] != "." else initial and not first
    if initial and _is_function_word(word):
        return True
    if word in _TITLES:
        return False
    return lower(word) and language != "german"


def _is_function_word(word: str) -> bool:
    return word in _function_words()


@cache
def _function_words() -> frozenset[str]:
    return frozenset(fold(word) for words in STOPWORDS.values() for word in words)


def _german_name(
    text: str,
    run: list[re.Match[str]],
    words: list[str],
    tokens: list[re.Match[str]],
    after: int,
    lower: Callable[[str], bool],
    starts: frozenset[int],
) -> bool:
    """German nouns have capitals too: a name has a title, a first name, or a preposition without article before it."""
    if words[0] in _TITLES and len(words) > 1:
        return True
    if run[0][0].isupper() and len(run[0][0]) > 1:
        return not lower(words[0])
    common = [word.endswith(_GERMAN_ENDINGS) or lower(word) for word in words]
    if any(common):
        return False
    if len(run) > 1:
        return not _initial(text, run[0], starts)
    place = after - len(run)
    before = fold(tokens[place - 1][0]) if place > 0 else ""
    between = text[tokens[place - 1].end() : run[0].start()] if place > 0 else ""
    # "aus Holz", "in Betrieb", "von Kindern": what the documents have, or what looks like a plural, is a noun.
    if before not in _PLACE_BEFORE or between != " ":
        return False
    return words[0].endswith(_TOWN_ENDINGS) or not words[0].endswith(("en", "er", "ern", "e", "z", "b"))


def _initial(text: str, token: re.Match[str], starts: frozenset[int]) -> bool:
    """Whether the word begins a sentence or what looks like one: after a colon, a bullet, a quotation mark."""
    if token.start() in starts:
        return True
    before = text[max(0, token.start() - 4) : token.start()].rstrip(" \t\u00a0")
    return not before or before[-1] in '.!?:;…。！？\n|#*•–—"“„«»”([-' and not re.search(r"\b\w\.$", before)


def _has_article(text: str, token: re.Match[str]) -> bool:
    before = text[max(0, token.start() - 8) : token.start()]
    return bool(
        re.search(r"\b(?:[Dd](?:er|ie|as|en|em|es)|[Ee]in(?:e[nmrs]?)?|[IiVv]?[omz]m|[Zz]u[rm])\s$", before)
    )


def _plain(shown: str) -> str:
    """A name without the ending of its genitive: Miller's → Miller."""
    return shown[:-2] if shown[-2:-1] in ("'", "’") else shown
