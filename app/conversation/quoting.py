"""What was looked up, as the text that the model reads right before the question, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.conversation.evidence import Evidence
from app.conversation.wording import page_words

if TYPE_CHECKING:
    from app.conversation.settings import ChatSettings

_MOST_TOKENS = 2400  # of passages, also where the window would take more: what answers is among the first
_LEAST_TOKENS = 32  # below it nothing can be quoted
_HEAD = "Quotes from the documents:\n"
_ASKS = "\nQuestion: "
QUESTION_AGAIN = "\nQuestion:"  # where a model goes on by itself with another one, the answer has ended

Count = Callable[[str], int]


def budget(settings: ChatSettings, question_tokens: int) -> int:
    """Tokens that quotes may take before a question: half the window at most, and what the question leaves of it."""
    window = (
        settings.sliding_window
    )  # also where attention is full, so that all kinds of memory get the same quotes
    return max(min(window // 2, window - question_tokens, _MOST_TOKENS), 0)


def quoted_question(evidence: Evidence, question: str, tokens: int, count: Count) -> tuple[str, int, int]:
    """The text that is read in place of `question`, how many quotes and passages it has, and about their tokens.

    The best quote stands last, next to the question. Passages fill what the quotes leave of `tokens`; the rest is left
    out, as nothing that is cut can be trusted. Without anything that fits it is the question alone.
    """
    lines: list[str] = []
    left = tokens - count(_HEAD + _ASKS)
    for text, name, label in _numbered(evidence):
        where = page_words(label, page="page", pages="pages")
        line = f"[{len(lines) + 1}] {name}, {where}: “{' '.join(text.split())}”\n"
        size = count(line)
        if size > left and not lines and left >= _LEAST_TOKENS:
            line = _cut(line, left, count)
            size = left
        if size <= left:
            lines.append(line)
            left -= size
    if not lines:
        return question, 0, 0
    block = f"{_HEAD}{''.join(reversed(lines))}"
    return f"{block}{_ASKS}{question}", len(lines), count(block)


def _numbered(evidence: Evidence) -> list[tuple[str, str, str]]:
    """Text, document and page of what is read, best first: the quotes, then passages that hold none of them."""
    quotes = [(quote.shown, quote.document, quote.label) for quote in evidence.quotes]
    texts = [" ".join(quote.text.split()) for quote in evidence.quotes]
    others = [
        (passage.text, passage.document, passage.label)
        for passage in evidence.passages
        if not any(text in " ".join(passage.text.split()) for text in texts)
    ]
    return [*quotes, *others]


def _cut(line: str, tokens: int, count: Count) -> str:
    """As many words of a line as fit."""
    words = line.split(" ")
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count(" ".join(words[:middle]) + " …”\n") <= tokens:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[:low]) + " …”\n"
