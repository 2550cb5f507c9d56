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
# Pairs of signs in a script without spaces that ask, or are grammar alone: what is all hiragana, particles of Chinese,
# endings of Korean questions.
_ASKING_PAIR = re.compile(
    r"[\u3040-\u309f]{2}|[何誰谁什哪怎].|.[的了吗呢么是何誰谁哪]|[的了是].|多少|几个|如何|为什|为何|무엇|엇입|입니|니까|"
    r"습니|있습|누구|구입|어디|언제|몇개|인가|는가"
)
_APOSTROPHE = re.compile("['’]")  # of "s'appelait", which is no code
_PRONOUN_WORDS = "it its they them their theirs he him his she her hers this that these those there one ones"
_PRONOUNS = frozenset(_PRONOUN_WORDS.split())
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|big|far|high|tall|heavy|deep|wide|fast|often|large|strong|thick|full|small|soon|late|"
    r"hot|cold|loud|expensive|few|little)\b|\b(?:what|which) (?:is the )?(?:number|amount|percentage|price|cost|size|"
    r"weight|length|height|speed|rate|port|distance|temperature|limit|version|share|age|pressure|voltage|frequency|"
    r"maximum|minimum|most|least)\b|\bat what (?:charge|rate|age|speed|pitch|price|temperature)\b|\bhow\b.*\bper\b|"
    r"\bwie (?:viele?|lange|hoch|schwer|oft|groß|weit|alt)\b|\bcombien\b|\bcuánt[oa]s?\b|\bquant[oaie]\b|\bсколько\b|"
    r"多少|几[个年天次种人]|何個|何人|いくつ|몇",
    re.I,
)
_TIME = re.compile(r"\bwhen\b|\b(?:what|which) (?:year|day|date|month|time|hour)\b|\bsince when\b|\bwann\b|\bquand\b|"
                   r"\bcuándo\b|\bquando\b|\bкогда\b|什么时候|何时|哪[一]?[年天月]|いつ|何年|언제", re.I)  # fmt: skip
_PERSON = re.compile(
    r"\bwho(?:m|se)?\b|\bwer\b|\bwem\b|\bwen\b|\bquién\b|\bqui\b|\bchi\b|\bquem\b|\bwie is\b|\bкто\b|谁|誰|누구",
    re.I,
)
_PLACE_ASKED = re.compile(
    r"\bwhere\b|\b(?:what|which|in which|in what) (?:city|town|country|place|folder|directory|file|page)\b|\bwo\b|"
    r"\bin welche[mnr] (?:stadt|ort|land)\b|\boù\b|\bdónde\b|\bdove\b|\bonde\b|\bгде\b|哪里|哪儿|在哪|どこ|어디",
    re.I,
)
_REASON = re.compile(
    r"\bwhy\b|\bwhat (?:is the )?(?:reason|cause)\b|\bwarum\b|\bpourquoi\b|\bpor qué\b|\bperché\b|\bпочему\b|"
    r"为什么|为何|なぜ|どうして|왜",
    re.I,
)
_WAY = re.compile(
    r"\bhow (?:do|does|can|could|should|is|are|to|did|must|may)\b|\bwie (?:kann|wird|macht)\b|\bcomment\b|"
    r"怎么|怎样|如何|どうやって|어떻게",
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
    """The stems of the telling words with their weights, and the words themselves.

    Pairs of signs that only ask are left out where there is anything else; words that do count little.
    """
    text = _without_places(question) if places else question
    found = [
        word
        for language in languages
        # Russian words can be told by their letters, also in a text that is mostly in another language.
        for stop in (stop_words(language) | stop_words("english") | stop_words("russian"),)
        for word in tokens(text, language)
        if word.folded not in stop and not (len(word.folded) == 1 and word.folded.isascii())
    ]
    found = [word for word in found if not _ASKING_PAIR.fullmatch(word.folded)] or found
    words = tuple(dict.fromkeys(word.folded for word in found))
    telling = any(word.folded not in _ASKING for word in found)
    terms: dict[str, float] = {}
    for word in found:
        weight = _ASKING_WEIGHT if telling and word.folded in _ASKING else 1.0
        terms[word.stem] = max(terms.get(word.stem, 0.0), weight)
    return terms, words


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
