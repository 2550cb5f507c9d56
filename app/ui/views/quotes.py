"""What an answer rests on, around it and in it: quotes with their pages, citation numbers, the marks of checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.conversation.events import Turn
from app.conversation.evidence import Place, TurnCheck, TurnCitation, TurnQuote
from app.conversation.wording import page_words
from app.ui.views import markup as m
from app.ui.views.markdown import Mark
from app.ui.words.chat import CHAT
from app.ui.words.common import COMMON

_SHOWN = 4  # facts that are named in one line
_NAMED_ABSENT = 4  # where more is missing, marks alone say so, and the line under the answer


def not_found(turn: Turn) -> str:
    """The sentence that stands over an answer that the documents do not seem to hold."""
    return f'<p class="not-found">{m.text(CHAT().not_found)}</p>' if turn.found is False else ""


def quote_list(turn: Turn) -> str:
    """The sentences of the documents, each with its page as a button."""
    if not turn.quotes:
        return ""
    items = "".join(_quote(quote) for quote in turn.quotes)
    return f'<ol class="quotes" aria-label="{m.text(CHAT().from_documents)}">{items}</ol>'


def _quote(quote: TurnQuote) -> str:
    start, end = quote.core
    core = f'<span class="core">{m.text(quote.text[start:end])}</span>'
    words = f"{m.text(quote.text[:start])}{core}{m.text(quote.text[end:])}"
    if quote.in_words:  # rows of a table, without their pipes
        words = m.text(quote.in_words)
    label = source(quote)
    title = CHAT().open_page.format(label=label)
    button = open_button(label, quote.document_id, quote.page, quote.places, css="quote-page", title=title)
    return f'<li class="quote"><q>{words}</q>{button}</li>'


def source(quote: TurnQuote) -> str:
    """Document and page."""
    return ", ".join(part for part in (quote.document, cited(quote.label)) if part)


def cited(label: str) -> str:
    """A page as it is cited: "p. 12", "pp. 12-13"; what is no page, as "slide 4" or "line 80", as it stands."""
    if page_words(label) == label:
        return label
    pages = page_words(label, pages="") == f" {label}"
    return (COMMON().pages_label if pages else COMMON().page_label).format(label=label)


def folded(turn: Turn, prose: str) -> str:
    """The model's prose under a fold."""
    return f'<details class="own-words"><summary>{m.text(CHAT().own_words)}</summary>{prose}</details>'


def open_button(
    label: str, document_id: str, page: int | None, places: Sequence[Place] = (), *, css: str, title: str = ""
) -> str:
    """A button that opens a page of a document, with the stretch [start, end) of its text marked."""
    where = next((place for place in places if place[0] == page), places[0] if places else None)
    if where is None:
        return m.button(label, "open-page", css=css, title=title, document=document_id, page=page or 1)
    number, start, end = where
    return m.button(
        label, "open-page", css=css, title=title, document=document_id, page=number, start=start, end=end
    )


def marks(turn: Turn) -> tuple[Mark, ...]:
    """Citation numbers and checks, to be drawn inside the answer."""
    absent = sum(check.status == "absent" for check in turn.checks)
    checks = [
        _check_mark(check, absent <= _NAMED_ABSENT) for check in turn.checks if check.status != "question"
    ]
    cited = [
        Mark(max(end - 1, 0), end, after=_citation(citation))
        for citation in turn.citations
        for end in citation.ends
    ]
    # At one place the check's word comes before the sentence's number.
    return tuple(sorted([*checks, *cited], key=lambda mark: (mark.end, not mark.css, mark.start)))


def _citation(one: TurnCitation) -> str:
    where = ", ".join(part for part in (one.document, cited(one.label)) if part)
    title = f"{where}: [{one.number}]" if where else ""
    button = open_button(
        f"[{one.number}]", one.document_id, one.page, one.places, css="citation", title=title
    )
    return f"<sup>{button}</sup>"


def _check_mark(check: TurnCheck, named: bool) -> Mark:
    w, where = CHAT(), cited(check.label)
    if check.doubtful:
        label = w.of_something_else
        shown = f"{where}: {label}" if where else ""
        note = open_button(label, check.document_id, check.page, css="check-note doubtful", title=shown)
        title = (w.found_on_of_something_else if where else w.found_of_something_else).format(page=where)
        return Mark(check.start, check.end, "check doubtful", title, note)
    if check.status == "here":
        title = w.found_title.format(page=where) + ": ✓"
        note = open_button("✓", check.document_id, check.page, css="check-note here", title=title)
        return Mark(check.start, check.end, "check here", w.found_here.format(page=where), note)
    if check.status == "elsewhere":
        label = where or w.elsewhere
        note = open_button(label, check.document_id, check.page, css="check-note elsewhere")
        return Mark(check.start, check.end, "check elsewhere", w.found_elsewhere.format(page=where), note)
    absent = w.not_in_documents
    note = f'<span class="check-note absent">{m.text(absent)}</span>' if named else ""
    return Mark(check.start, check.end, "check absent", absent, note)


def verdict(turn: Turn) -> str:
    """The line under an answer: where it comes from, and what of it was found."""
    grounding, counted = CHAT().grounding.get(turn.grounding, ""), counts(turn)
    if not grounding:
        return ""
    word = f'<b class="grounding {m.text(turn.grounding)}">{m.text(grounding)}</b>'
    line = f" · {m.text(counted)}" if counted else ""
    return f'<p class="verdict-line">{word}{line}</p>'


def counts(turn: Turn) -> str:
    """One line that counts what was found of the answer's numbers, names and the like; "" where it has none."""
    w, checks = CHAT(), turn.checks
    kinds = (
        (w.count_here, [check for check in checks if check.status == "here" and not check.doubtful]),
        (w.count_elsewhere, [check for check in checks if check.status == "elsewhere"]),
        (w.count_doubtful, [check for check in checks if check.doubtful]),
        (w.count_absent, [check for check in checks if check.status == "absent"]),
    )
    return " · ".join(
        words.format(
            n=len(found),
            texts=_first(w.quoted.format(text=check.text) for check in found),
            pages=_first(dict.fromkeys(cited(check.label) for check in found)),
        )
        for words, found in kinds
        if found
    )


def _first(texts: Iterable[str]) -> str:
    """The first of them in one line."""
    listed = list(texts)
    return ", ".join([*listed[:_SHOWN], "…"] if len(listed) > _SHOWN else listed)


def copied(turn: Turn) -> str:
    """An answer as it is copied: quotes with their pages, then the prose."""
    quotes = "\n\n".join(f"“{quote.shown}”\n({source(quote)})" for quote in turn.quotes)
    return "\n\n".join(part for part in (quotes, turn.answer) if part)
