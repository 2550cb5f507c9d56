"""What is said about an answer, in the same words on the page and on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.conversation.events import Turn
from app.conversation.evidence import TurnCheck, TurnQuote

NOT_FOUND = (
    "Your documents do not seem to say this. Below is what comes closest in them; beyond that the answer relies on "
    "what the model remembers, and may be wrong."
)
OWN_WORDS = "In the model's own words"
_GROUNDING = {"text": "From the text", "partly": "Partly from the text", "memory": "From memory only"}
_SHOWN = 4  # facts that are named in one line


def grounding_words(turn: Turn) -> str:
    """Where the answer comes from, "" where nothing was checked."""
    return _GROUNDING.get(turn.grounding, "")


def page_words(label: str, *, page: str = "p.", pages: str = "pp.") -> str:
    """ "p. 12", "pp. 12-13", "p. A-3"; what is no page, as "slide 4" or "line 80", as it stands."""
    if re.fullmatch(r"\d+-\d+", label):
        return f"{pages} {label}"
    return (
        f"{page} {label}" if re.fullmatch(r"\d+|[ivxlcdm]+|[A-Z]{1,2}-?\d+", label, re.IGNORECASE) else label
    )


def source_words(quote: TurnQuote) -> str:
    """Document and page."""
    return ", ".join(part for part in (quote.document, page_words(quote.label)) if part)


def checks_words(turn: Turn) -> str:
    """One line that counts what was found of the answer's numbers, names and the like; "" where it has none."""
    checks = turn.checks
    here = [check for check in checks if check.status == "here" and not check.doubtful]
    doubtful = [check for check in checks if check.doubtful]
    elsewhere = [check for check in checks if check.status == "elsewhere"]
    absent = [check for check in checks if check.status == "absent"]
    parts = []
    if here:
        parts.append(f"{len(here)} found in the quotes")
    if elsewhere:
        parts.append(f"{len(elsewhere)} elsewhere in your documents ({_pages(elsewhere)})")
    if doubtful:
        parts.append(f"{len(doubtful)} found, but said of something else ({_texts(doubtful)})")
    if absent:
        parts.append(f"{len(absent)} not in your documents ({_texts(absent)})")
    return " · ".join(parts)


def _texts(checks: Sequence[TurnCheck]) -> str:
    shown = [f"“{check.text}”" for check in checks[:_SHOWN]]
    return ", ".join([*shown, "…"] if len(checks) > _SHOWN else shown)


def _pages(checks: Sequence[TurnCheck]) -> str:
    labels = list(dict.fromkeys(page_words(check.label) for check in checks))
    return ", ".join([*labels[:_SHOWN], "…"] if len(labels) > _SHOWN else labels)
