"""What an answer rests on, in its text (Markdown) and as the values of the extension field.

> “The pump must not be opened.” (manual.pdf, p. 12)

In the model's own words:

It must stay closed [1].

[1] manual.pdf, p. 12: “The pump must not be opened.”
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from app.conversation.events import Turn
from app.conversation.evidence import Evidence, TurnCitation
from app.conversation.wording import NOT_FOUND, OWN_WORDS, page_words, source_words

_PROSE = f"{OWN_WORDS}:\n\n"
_SOURCES = re.compile(r"\n\n(?:\[\d+\] [^\n]*: “[^\n]*”\n?)+\Z")
_MARK = re.compile(r" ?\[\d+\]")


def quotes_before(evidence: Evidence) -> str:
    """The quotes with their pages, and the word that the documents do not say it; "" where nothing was looked up."""
    if evidence.found is None:
        return ""
    lines = [] if evidence.found else [NOT_FOUND]
    lines += [f"> “{quote.text}” ({source_words(quote)})" for quote in evidence.quotes]
    return "\n\n".join([*lines, _PROSE]) if lines else ""


def sources_after(turn: Turn) -> str:
    """One line for each sentence that the answer rests on; "" where there is none."""
    if not turn.citations:
        return ""
    return "\n\n" + "\n".join(_source(one) for one in turn.citations)


def marked(turn: Turn) -> str:
    """The answer with its numbers at the ends of the sentences that rest on something."""
    ends = sorted((end, one.number) for one in turn.citations for end in one.ends)
    text = turn.answer
    for end, number in reversed(ends):
        text = f"{text[:end]} [{number}]{text[end:]}"
    return text


def without_marks(text: str) -> str:
    """An answer that was sent back by a client, as the model wrote it."""
    if text.startswith((NOT_FOUND, "> “")) and _PROSE in text:
        text = text[text.index(_PROSE) + len(_PROSE) :]
    sources = _SOURCES.search(text)
    return _MARK.sub("", text[: sources.start()]) if sources else text


def _source(one: TurnCitation) -> str:
    where = ", ".join(part for part in (one.document, page_words(one.label)) if part)
    return f"[{one.number}] {where}: “{' '.join(one.text.split())}”"


def extension(turn: Turn, memory: str) -> dict[str, Any]:
    """The values of the field "ahn" of a response: sizes in bytes, offsets in characters of "answer"."""
    figures = turn.figures
    values: dict[str, Any] = {
        "answer": turn.answer,
        "found": turn.found,
        "grounding": turn.grounding or "memory",
        "quotes": [
            {**_place(quote.document_id, quote.document, quote.page, quote.label), "text": quote.text}
            for quote in turn.quotes
        ],
        "citations": [
            {
                **_place(one.document_id, one.document, one.page, one.label),
                "number": one.number,
                "text": one.text,
                "score": round(one.score, 4),
                "ends": list(one.ends),
            }
            for one in turn.citations
        ],
        "checks": [asdict(check) for check in turn.checks if check.status != "question"],
        "memory": memory,
    }
    if figures is not None:
        values |= {
            "tokens_read": figures.tokens_read,
            "pages_read": figures.pages_read,
            "sequence_length": figures.sequence_length,
            "cache_bytes": figures.cache_nbytes,
            "full_attention_bytes": figures.full_attention_bytes,
        }
    return values


def _place(document_id: str, name: str, page: int | None, label: str) -> dict[str, Any]:
    return {"file_id": f"file-{document_id}", "filename": name, "page": page, "label": label}
