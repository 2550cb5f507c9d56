"""Turns as the messages of the chat component."""

from __future__ import annotations

from collections.abc import Sequence

from app.conversation.events import Turn, TurnState
from app.ui.views import markup as m

MESSAGES_PER_TURN = 2  # always a question and an answer, so that a message's place gives its turn


def messages(turns: Sequence[Turn], pending: str | None = None) -> list[dict[str, object]]:
    """The transcript; `pending` is a question whose answer has not begun.

    Content is Markdown, cleaned of harmful HTML by the chat component itself.
    """
    shown: list[dict[str, object]] = []
    for turn in turns:
        shown += [_message("user", turn.question), _message("assistant", _answer(turn))]
    if pending is not None:
        shown += [_message("user", pending), _message("assistant", "…")]
    return shown


def _message(role: str, content: str) -> dict[str, object]:
    return {"role": role, "content": content}


def _answer(turn: Turn) -> str:
    """The answer and, in small print, what a reader should know about it."""
    footnotes = []
    if turn.state is TurnState.STOPPED:
        footnotes.append(turn.message or "stopped")
    if turn.state is TurnState.FAILED:
        footnotes.append(turn.message)
    figures = turn.figures
    if figures is not None and figures.reason == "length":
        footnotes.append("cut off at the longest answer allowed in Settings")
    if figures is not None and not figures.read_all:
        footnotes.append(
            f"from {m.count(figures.pages_read)} of {m.plural(figures.pages_total, 'page')}, all that was read by then"
        )
    answer = turn.answer if turn.answer or turn.state is not TurnState.ANSWERING else "…"
    if not footnotes:
        return answer or "*an empty answer*"
    return f"{answer}\n\n<small>{m.text(' · '.join(footnotes))}</small>".strip()
