"""What a block is: heading, caption, footnote or plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from app.documents.model import Box
from app.documents.readers.pdf.layout.drafts import Draft, ends_sentence
from app.documents.readers.pdf.layout.tables import LEADERS

_NUMBERING = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){0,5}|[A-Z](?:\.\d{1,3}){1,5})\.?\s+(?=[^\W\d_])")
_CHAPTER = re.compile(
    r"(?:chapter|part|appendix|kapitel|teil|anhang|chapitre|partie|annexe|capítulo|capitolo|rozdział|глава|часть)"
    r"\s+(?:\d+|[A-Z]|[IVXLC]+)\b|第\s*[\d一二三四五六七八九十]+\s*[章部編]",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"(?i:fig(?:ure|\.)?|table|listing|example|algorithm|abb(?:ildung|\.)|tab(?:elle|\.)|beispiel|tableau|exemple|"
    r"figura|tabla|tabela|tabella|figuur|figur|tabel|tabell|rysunek|рис(?:унок|\.)|таблица|図|表|图|그림|표)"
    r"(?:\s*\d+|\s+[A-Z]|\s+[IVX]+)(?:[.\-–]\d+)*\s*(?:[.:–—]|\s|$)"
)
_NOTE_MARK = re.compile(r"(?:[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[*†‡§]+|\[?\d{1,3}[\].)]?|[a-z][.)])\s?(?=\S)")
_LONGEST_HEADING = 200  # characters
_NOTE_SIZE = 0.93  # of the body's
_SPACES = re.compile(r"\W+")


def plain_title(text: str) -> str:
    """A title without numbering, marks and case, to compare by."""
    return _SPACES.sub("", _NUMBERING.sub("", text, count=1)).lower()


def find_headings(
    drafts: Sequence[Draft], body: float, sizes: Sequence[float], titles: Mapping[str, int]
) -> None:
    """Sets kind and level of headings. sizes: of headings in the document, the largest first. titles: the
    levels of what the outline says begins on this page, by `plain_title`."""
    for index, draft in enumerate(drafts):
        following = drafts[index + 1] if index + 1 < len(drafts) else None
        if not _may_be_heading(draft):
            continue
        level = titles.get(plain_title(" ".join(line.text for line in draft.lines)))
        numbering = _NUMBERING.match(draft.start)
        chapter = _CHAPTER.match(draft.start)
        larger = draft.size > (1.18 if draft.lines[0].monospaced else 1.08 if draft.is_bold else 1.15) * body
        if level is None and not (larger or (draft.is_bold and _stands_out(draft, following, body))):
            continue
        if level is None and not draft.is_bold and draft.length > 40 and ends_sentence(draft.lines[-1].text):
            continue
        if larger and level is None and not draft.is_bold and draft.size < 1.25 * body and draft.length > 90:
            continue
        if level is None and numbering is not None and (larger or draft.is_bold):
            level = numbering.group().strip().rstrip(".").count(".") + 1
        elif level is None and chapter is not None:
            level = 1
        elif level is None:
            level = _level_by_size(draft.size, sizes)
        draft.kind = "heading"
        draft.level = max(1, min(level, 6))
        draft.borders = ["", *[" "] * (len(draft.lines) - 1)]


def _may_be_heading(draft: Draft) -> bool:
    if draft.kind == "list_item" and not (draft.is_bold or _NUMBERING.match(draft.start)):
        return False
    if (
        draft.kind not in ("paragraph", "list_item")
        or len(draft.lines) > 4
        or draft.length > _LONGEST_HEADING
    ):
        return False
    text = draft.lines[-1].text
    if LEADERS.search(text) or _CAPTION.match(draft.start):
        return False
    return any(letter.isalpha() for letter in draft.start) and not text.endswith((",", ";", "-"))


def _stands_out(draft: Draft, following: Draft | None, body: float) -> bool:
    """Whether a bold line of the body's size is a heading rather than a stressed sentence or a term."""
    if following is None or draft.size < 0.95 * body or draft.kind == "list_item" and not draft.is_bold:
        return False
    text = draft.lines[-1].text
    return len(draft.lines) <= 2 and (not ends_sentence(text) or text.endswith(("?", "!")))


def _level_by_size(size: float, sizes: Sequence[float]) -> int:
    larger = 0
    last = 1e9
    for other in sizes:
        if other <= size * 1.03:
            break
        if other < last * 0.95:
            larger += 1
            last = other
    return larger + 1


def find_captions(drafts: Sequence[Draft]) -> None:
    """Sets the kind of captions."""
    for draft in drafts:
        if draft.kind == "paragraph" and len(draft.lines) <= 6 and _CAPTION.match(draft.start):
            match = _CAPTION.match(draft.start)
            # "Table 3 shows …" is a sentence about one.
            rest = draft.start[match.end() :] if match else ""
            if match and (match.group().rstrip()[-1:] in ".:–—" or rest[:1].isupper() or not rest):
                draft.kind = "caption"


def find_footnotes(drafts: Sequence[Draft], body: float, rules: Sequence[Box]) -> None:
    """Sets the kind of the notes at the foot of a column. rules: level ones, in the frame."""
    end = len(drafts)
    while (
        end
        and drafts[end - 1].kind in ("paragraph", "list_item")
        and drafts[end - 1].size < _NOTE_SIZE * body
    ):
        end -= 1
    notes = drafts[end:]
    if not notes:
        return
    top = min(line.top for line in notes[0].lines)
    above = max((line.baseline for draft in drafts[:end] for line in draft.lines), default=0.0)
    ruled = any(above - 2 < rule[1] < top + 3 and rule[0] < notes[0].lines[0].left + 30 for rule in rules)
    marked = False
    for draft in notes:
        marked = marked or draft.lines[0].raised > 0 or _NOTE_MARK.match(draft.start) is not None
        if marked or ruled:
            draft.kind = "footnote"
            draft.level = 0
