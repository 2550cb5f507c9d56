"""Cutting a text into sentences. Offsets are kept, so that a sentence can be marked where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.recall.stopwords import STOPWORDS


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Never the end of a sentence.
_TITLES = _listed(
    "adm bzgl bzw c.-à-d ca capt cf col cmdr d.h dr dra e.g eng etw evtl geb gen ggf gr herr hon hr i.e i.d.r inkl "
    "insb jr lt m.e mag max messrs min mio mlle mlles mm mme mmes mr mrd mrs ms mt o.ä p.ej p.ex prof r.n rev s.o "
    "s.u sen sgt sog sr sra srta st sta ste str u.a u.s vgl viz vs z.b z.t zit zzgl zz approx dott ing sig tgl "
    "mind bspw exkl engl frz dt gem allg ges sp"
)
# Not the end of a sentence when a number follows: "No. 5", "Abb. 3", "Nov. 26".
_BEFORE_NUMBER = _listed(
    "no nos nr fig figs abb p pp s seite vol bd art kap ch chap sec sect eq tab taf n núm num pág págs ed aufl abs "
    "abschn ziff § § jan feb mar apr jun jul aug sep sept oct okt nov dec dez janv févr avr juil déc ene abr ago dic "
    "about art cap c fl ca vers v ver pl plate app anh rn lib t tome vs item"
)
_FUNCTION_WORDS = frozenset().union(*STOPWORDS.values())
_MONTHS = _listed(
    "januar jänner februar märz april mai juni juli august september oktober november dezember jan feb apr aug sep "
    "sept okt nov dez"
)
# What stands before a German ordinal: "am 3. Tag", "der 2. Versuch", "Friedrich der 2. König".
_BEFORE_ORDINAL = _listed(
    "am der die das den dem des vom zum zur im ab bis seit ein eine einen einem einer jeder jede jedes jeden beim "
    "und oder ihr ihre sein seine unser mein vor nach dieser diese"
)
_SPACELESS_STOP = "。！？｡．"
_CLOSERS = "\"'”’»›)\\]」』）】》*_"
_STOP = re.compile(
    # 「止まれ。」と言う goes on after the quotation.
    rf"(?P<wide>[{_SPACELESS_STOP}]+[{_CLOSERS}]*)(?![とって、，,{_CLOSERS}{_SPACELESS_STOP}])"
    rf"|(?P<marks>[.!?…؟।۔]+)(?P<close>(?:[{_CLOSERS}]|[ \u00a0\u202f]»)*(?:\[\d+\])*)(?=\s|$)"
)
# A line that begins something of its own: a list item, a heading, a row of a table, a quotation mark of Markdown.
_LINE_START = re.compile(
    r"\n(?=[ \t]*(?:[-*+•‣◦▪–—·][ \t]+|\(?\d{1,3}[.)][ \t]+|\(?[a-zA-Z]\)[ \t]+|#{1,6}[ \t]|\||>[ \t]|```))"
)
_ONE_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\|)")
_ITEM = re.compile(r"[ \t]*(?:[-*+•‣◦▪–—·]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\)|#{1,6}|>)[ \t]+")
_BEFORE = re.compile(r"([^\s\"'“”‘’«»„(\[{]+)$")
_NEXT = re.compile(r"\s+[\"'“”‘’«»„‚(\[{*_¿¡「『]*(\w?)(\w*)")
_INITIAL = re.compile(r"(?:^|.*[.\-])[A-ZÀ-ÖØ-ÞА-Я]$", re.DOTALL)
_REACH = 40  # characters looked at before a full stop; no abbreviation is longer


def split_sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as [start, end), in order, without white space around them and marks of list items.

    A blank line, a list item, a heading and a row of a table end one too; a mere line end does not, as lines of
    printed text are broken anywhere. Time is linear in the length.
    """
    found = []
    for start, end in _blocks(text):
        item = _ITEM.match(text, start, end)
        start = item.end() if item else start
        for stop in _stops(text, start, end):
            found.append((start, stop))
            start = stop
        found.append((start, end))
    return [trimmed for span in found if (trimmed := _trim(text, *span))]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Spans that no sentence crosses."""
    cuts = {match.end() for match in re.finditer(r"\n[ \t]*\n\s*|\f", text)}
    for match in _LINE_START.finditer(text):
        cuts.add(match.end())
        if _ONE_LINE.match(text, match.end()):
            following = text.find("\n", match.end())
            cuts.add(len(text) if following < 0 else following)
    if _ONE_LINE.match(text):
        cuts.add(text.find("\n") if "\n" in text else len(text))
    edges = sorted({0, len(text), *cuts})
    yield from zip(edges, edges[1:], strict=False)


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where sentences end between start and end."""
    for match in _STOP.finditer(text, start, end):
        if match["wide"] is not None or _ends(text, start, match):
            yield match.end()


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    following = _NEXT.match(text, match.end())
    if following is None:
        return True
    first, rest = following[1], following[2]
    if first.islower() and "_" not in rest:
        return False
    if match["marks"] != "." or match["close"]:
        return True
    before = _BEFORE.search(text, max(start, match.start() - _REACH), match.start())
    if before is None:
        return True
    word = before[1]
    low = word.lower()
    if low in _TITLES or (low in _BEFORE_NUMBER and first.isdigit()):
        return False
    if (
        len(word) == 1
        and word.isalpha()
        and first
        and not rest
        and text[following.end() : following.end() + 1] == "."
    ):
        return False  # "z. B.", "J. R. Smith"
    if _INITIAL.match(word):
        # "J. Smith", "U.S. Navy": an initial, unless what follows begins a sentence ("plan B. The …").
        return not first.isupper() or (first + rest).lower() in _FUNCTION_WORDS or low == "i"
    if word.isdigit() and len(word) <= 2 and first.isupper():
        return not _ordinal(text, start, before.start(), (first + rest).lower())
    return True


def _ordinal(text: str, start: int, position: int, following: str) -> bool:
    """Whether "3." before `following` is a German ordinal and no end."""
    if following in _MONTHS:
        return True
    before = _BEFORE.search(text[max(start, position - _REACH) : position].rstrip())
    return before is not None and before[1].lower() in _BEFORE_ORDINAL


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
