"""What a question asks for: its words with their weights, the kind of thing an answer is, and where to look.

A question may name a place ("page 12", "chapter 7", "the table of fees"), may be about the whole document
("summarise"), or may mean something said before ("and how heavy is it?"). All others are questions for a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.recall.words import codes, encode_code, fold, stop_words, tokens

Scope = Literal["fact", "place", "whole"]
# What an answer has in it: a number, a point in time, a person or a body, a place, a reason, a name of any kind.
Expects = Literal["number", "time", "person", "place", "reason", "way", "yes_or_no", "thing"]

_HISTORY_WEIGHT = 0.4  # of a word from the question before
_ASKING_WEIGHT = 0.3  # of a word that questions are made of

# Words of questions and of speech, which say nothing about the text, beside a language's commonest words.
_ASKING_WORDS = """
tell please explain describe say says said mean means called call name named many much long often old big far high give
know want need like kind sort type happen happens exactly anything anyone somebody someone something thing things
document documents book text manual page chapter section according mention mentioned answer question let go goes going
get gets make makes made one two else ever also still really actually right use used using find main
"""
# The same in other languages: what asks, and what something is called.
_ASKING_ELSEWHERE = """
wieviel wieviele viel viele welche welcher welches welchen welchem wann woher wohin wofür wonach wozu woran worin wobei
warum weshalb wieso wen wem wessen heißt hieß heißen hießen genannt nennt gibt gab bedeutet
comment combien quand pourquoi quels quelles lequel laquelle appelle appelait appelle nomme nommait signifie
cuánto cuánta cuántos cuántas cuál cuáles quiénes adónde llama llamaba llamó llamado significa
quanto quanta quanti quante quali chiama chiamava chiamato
quantos quantas quais porque chama chamava chamado
hoeveel waarom wanneer welke heet heette betekent
hur många mycket när vilka vilket varför heter mange meget hvornår hvilke hvilken hvilket hvorfor hedder
kuinka monta paljonko milloin missä miksi mitkä
сколько какой какая какое какие почему зачем кого кому чем называется
"""
_ASKING = frozenset(map(fold, (*_ASKING_WORDS.split(), *_ASKING_ELSEWHERE.split())))
_APOSTROPHE = re.compile("['’]")  # of "s'appelait", which is no code
_PRONOUN_WORDS = "it its they them their theirs he him his she her hers this that these those there one ones"
_PRONOUNS = frozenset(_PRONOUN_WORDS.split())
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|big|far|high|tall|heavy|deep|wide|fast|often|large|strong|thick|full|small|soon|late|"
    r"hot|cold|loud|expensive|few|little)\b|\b(?:what|which) (?:is the )?(?:number|amount|percentage|price|cost|size|"
    r"weight|length|height|speed|rate|port|distance|temperature|limit|version|share|age|pressure|voltage|frequency|"
    r"maximum|minimum|most|least)\b|\bat what (?:charge|rate|age|speed|pitch|price|temperature)\b|\bhow\b.*\bper\b|"
    r"\bwie (?:viele?|lange|hoch|schwer|oft|groß|weit|alt)\b|\bcombien\b|\bcuánt[oa]s?\b|\bquant[oaie]\b|\bсколько\b",
    re.I,
)
_TIME = re.compile(r"\bwhen\b|\b(?:what|which) (?:year|day|date|month|time|hour)\b|\bsince when\b|\bwann\b|\bquand\b|"
                   r"\bcuándo\b|\bquando\b|\bкогда\b", re.I)  # fmt: skip
_PERSON = re.compile(
    r"\bwho(?:m|se)?\b|\bwer\b|\bwem\b|\bwen\b|\bquién\b|\bqui\b|\bchi\b|\bquem\b|\bwie is\b|\bкто\b", re.I
)
_PLACE_ASKED = re.compile(
    r"\bwhere\b|\b(?:what|which|in which|in what) (?:city|town|country|place|folder|directory|file|page)\b|\bwo\b|"
    r"\bin welche[mnr] (?:stadt|ort|land)\b|\boù\b|\bdónde\b|\bdove\b|\bonde\b|\bгде\b",
    re.I,
)
_REASON = re.compile(
    r"\bwhy\b|\bwhat (?:is the )?(?:reason|cause)\b|\bwarum\b|\bpourquoi\b|\bpor qué\b|\bperché\b|\bпочему\b",
    re.I,
)
_WAY = re.compile(
    r"\bhow (?:do|does|can|could|should|is|are|to|did|must|may)\b|\bwie (?:kann|wird|macht)\b|\bcomment\b",
    re.I,
)
_YES = re.compile(
    r"^(?:\W*(?:and|but|so)\b)?\W*(?:is|are|was|were|do|does|did|can|could|may|must|should|will|has|have)\b",
    re.I,
)

_WHOLE = re.compile(
    r"\bsummar(?:y|i[sz]e)|\boverview\b|\bwhat (?:is|are) (?:this|these|the) (?:\w+ )?(?:documents?|books?|texts?|"
    r"manuals?|files?|papers?|reports?|contracts?|thes[ie]s|articles?)? ?(?:all )?about\b|"
    r"\bmain (?:points?|ideas?|topics?|subjects?|arguments?|messages?)\b|"
    r"\bwhat(?:'s| is) (?:it|this|that) (?:all )?about\b|"
    r"\bkey (?:points?|findings)\b|"
    r"\bin (?:a few|short|one) (?:words?|sentences?)\b|\btl;?dr\b|\bzusammenfass|\bfass\b.*\bzusammen\b|\bworum geht\b|"
    r"\brésum[ée]|\bde quoi\b.*\bparle|\bresum[ei]|\bde qué trata\b|\briassum|\bsamenvat|\bо чём\b",
    re.I,
)
_ORDINAL_WORDS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS.split(), 1)}
_NUMBER_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_SPELT = {word: str(number) for number, word in enumerate(_NUMBER_WORDS.split(), 1)}
_PAGE = re.compile(
    r"\b(?:pages?|pp?\.|seiten?|página|pagina|стр\.)\s*([ivxlcdm]+\b|[A-Z]?-?\d+[a-z]?(?:-\d+)?)", re.I
)
_PART = re.compile(
    r"\b(?P<kind>chapter|section|part|appendix|annex|article|clause|paragraph|kapitel|abschnitt|chapitre|capítulo)\s+"
    rf"(?P<number>\d+(?:\.\d+)*|[ivx]+\b|(?:{'|'.join(_SPELT)})\b)"
    r"|\b(?P<appendix>appendix|annex)\s+(?P<letter>[a-z])\b"
    r"|§\s*(?P<paragraph>\d+(?:\.\d+)*)"
    rf"|\b(?P<ordinal>{'|'.join(_ORDINALS)}|last)\s+(?P<unit>chapter|section|part|page|appendix)\b",
    re.I,
)
_TABLE = re.compile(r"\b(?:the )?table (?:of|with|for|showing) ([\w -]{3,60})", re.I)


@dataclass(frozen=True)
class Place:
    """A place that a question names: kind is "page", "part" (a chapter or section, by number), "ordinal" or "table".

    value: the page's label, the part's number ("7.2"), or the words of the table's title; of an ordinal the number from
    1, "-1" for the last, with `unit` "chapter", "section", "page" and so on.
    """

    kind: Literal["page", "part", "ordinal", "table"]
    value: str
    unit: str = ""


@dataclass(frozen=True)
class Query:
    """A question, understood.

    terms: the words to look for, each with its weight; a word stemmed in several languages is there once for each.
    words: those words as they are written, folded, for vectors. codes: numbers, paths, options, as they stand. places:
    those it names.
    """

    question: str
    scope: Scope
    expects: Expects
    terms: dict[str, float]
    codes: dict[str, float]
    words: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


def understand(question: str, history: Sequence[str] = (), languages: Sequence[str] = ("english",)) -> Query:
    """What `question` asks for. history: the questions before it, the last one last."""
    places = tuple(_places(question))
    scope: Scope = "whole" if _WHOLE.search(question) else "place" if places else "fact"
    terms, words = _terms(question, languages, places)
    own = len(terms)
    found = {
        encode_code(code): 1.5
        for code, _, _ in codes(_without_places(question))
        if not _APOSTROPHE.sub("", code).isalpha()
    }
    if history and (own <= 1 or _refers_back(question, own)):
        earlier, earlier_words = _terms(history[-1], languages, ())
        words += tuple(word for word in earlier_words if word not in words)
        for term in earlier:
            terms.setdefault(term, _HISTORY_WEIGHT if own else 1.0)
    return Query(question, scope, expected(question), terms, found, words, places)


def expected(question: str) -> Expects:
    """What kind of thing an answer to the question has in it."""
    for kind, pattern in (
        ("number", _NUMBER),
        ("time", _TIME),
        ("reason", _REASON),
        ("person", _PERSON),
        ("place", _PLACE_ASKED),
        ("way", _WAY),
        ("yes_or_no", _YES),
    ):
        if pattern.search(question):
            return kind  # type: ignore[return-value]
    return "thing"


def _refers_back(question: str, own: int) -> bool:
    words = {fold(word) for word in re.findall(r"\w+", question)}
    return (
        bool(words & _PRONOUNS)
        and own <= 3
        or bool(re.match(r"\W*(?:and|what about|how about|but)\b", question, re.I))
    )


def _terms(
    question: str, languages: Sequence[str], places: Sequence[Place]
) -> tuple[dict[str, float], tuple[str, ...]]:
    """The stems of the telling words with their weights, and the words themselves."""
    text = _without_places(question) if places else question
    terms: dict[str, float] = {}
    words: dict[str, None] = {}
    for language in languages:
        stop = stop_words(language) | stop_words("english")
        for word in tokens(text, language):
            if word.folded in stop or (len(word.folded) == 1 and word.folded.isascii()):
                continue
            weight = _ASKING_WEIGHT if word.folded in _ASKING else 1.0
            terms[word.stem] = max(terms.get(word.stem, 0.0), weight)
            words[word.folded] = None
    if any(weight == 1.0 for weight in terms.values()):
        return terms, tuple(words)
    return dict.fromkeys(terms, 1.0), tuple(words)


def _without_places(question: str) -> str:
    return _PART.sub(" ", _PAGE.sub(" ", question))


def _places(question: str) -> list[Place]:
    places = [Place("page", match.group(1)) for match in _PAGE.finditer(question)]
    for match in _PART.finditer(question):
        if not match["ordinal"]:
            number = match["number"] or match["letter"] or match["paragraph"]
            kind = match["kind"] or match["appendix"] or "§"
            places.append(Place("part", _SPELT.get(number.lower(), number), kind.lower()))
        else:
            ordinal = match["ordinal"].lower()
            value = "-1" if ordinal == "last" else str(_ORDINALS[ordinal])
            places.append(Place("ordinal", value, match["unit"].lower()))
    table = _TABLE.search(question)
    if table is not None:
        places.append(Place("table", table.group(1).strip()))
    return places
