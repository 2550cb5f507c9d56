"""Where the sentences of a text begin and end.

A sentence ends at ". ", "!", "?" or "…" before something that may begin one, at "。", "！", "？" and "；" wherever they
stand, at a blank line, and before an item of a list. It does not end after an abbreviation, an initial, the number of a
list item or a chapter, nor inside a number, a version, a path or an address.
"""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    # English
    "al approx apr art assn assoc aug ave bldg ca capt cf ch chap co col corp dec dept diag dr ed eds e.g eg eq eqs esp "
    "est et etc ex feb fig figs gen gov i.e ie inc incl jan jr jul jun ltd max messrs min mr mrs ms mt nos nov oct "
    "op p pp para pl prof pt pts ref refs rev sec sen sept sgt sr st vol vols vs viz resp "
    # German, French, Spanish, Italian, Portuguese, Dutch, Russian
    "abb abs abschn allg anm bd bes bsp bspw bzgl bzw d.h evtl ggf hrsg inkl kap lt mind mio mrd nr o.ä österr s sog "
    "std str tab tel u.a usw vgl z.b zit zzgl av bull c.-à-d cie éd env ex fasc m.m mm mlle mme p.ex "
    "qqch art.º apdo avda cap dña dpto ee.uu núm pág págs sr sra srta ud uds dott ecc pag pagg sig sigg "
    "dr.ª exmo sr.ª bijv blz dhr d.w.z enz evt i.p.v m.b.t mevr o.a vlg гл г гг др им напр проф рис руб см "
    "стр т.д т.е т.п ул".split()
)
_BEFORE_NUMBER = frozenset("no nos nr p pp vol art fig sec ch eq núm pág рис гл ст".split())

_END = re.compile(
    r"(?P<cjk>[。！？｡；]+[」』”’）》】]*)"
    r"|(?P<mark>[.!?…]+)(?P<closing>[\"'»”’)\]*_]*)(?=\s)"
    r"|(?P<blank>\n[ \t]*\n)"
    r"|(?P<item>\n(?=[ \t]*(?:[•‣▪◦–—*-]|\(?(?:\d{1,3}|[a-z])[.)])[ \t]))"
)
_LAST_WORD = re.compile(r"[\w.’'-]+$")
_OPENING = re.compile(r"\s+[\"'«“‘(\[¿¡*_–—-]*(?P<first>\S)")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as [start, end), in order, without the white space around them.

    Nothing but white space lies between them. Time is linear in the length.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if match["mark"] and not _ends(text, match):
            continue
        end = match.start() if match["blank"] or match["item"] else match.end()
        _append(spans, text, start, end)
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether the full stop (or other mark) in `match` ends a sentence."""
    following = _OPENING.match(text, match.end())
    if following is None:  # the end of the text
        return True
    first = following["first"]
    if match["mark"] != ".":
        # "Wait ... what": three dots in the middle; "What!" she said.
        return not first.islower()
    word_match = _LAST_WORD.search(text, max(match.start() - 40, 0), match.start())
    if word_match is None:
        return not first.islower()
    word = word_match.group().strip(".'’-").lower()
    if first.islower():
        return False
    line_start = text.rfind("\n", 0, match.start()) + 1
    alone = not text[line_start : word_match.start()].strip()
    if alone and len(word) <= 4 and (word.isdigit() or len(word) == 1):
        return False  # "12. Fill the tank": the number of an item
    if len(word) == 1 and word.isalpha() and word not in "ai" and not match["closing"]:
        return False  # an initial: "J. Lind"
    if match["closing"]:
        return True
    if word in _BEFORE_NUMBER:
        return not first.isdigit()
    return word not in _ABBREVIATIONS
