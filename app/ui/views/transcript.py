"""Turns as the conversation that the page shows: questions as typed, answers as Markdown, and what can be done to each.

The turns before the last are drawn apart from it: an answer that is being written is redrawn many times, what stands
above it is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.conversation.events import Turn, TurnState
from app.ui.views import markup as m
from app.ui.views import quotes
from app.ui.views.markdown import plain, to_html
from app.ui.words.chat import CHAT
from app.ui.words.common import COMMON


def empty() -> str:
    """A conversation that has not begun."""
    w = CHAT()
    return f'<div class="empty"><p>{m.text(w.empty_heading)}</p><p>{m.text(w.empty)}</p></div>'


def earlier(turns: Sequence[Turn], *, editing: int | None = None, busy: bool = False) -> str:
    """All turns but the last, and in front of them what is for the whole conversation."""
    if not turns:
        return ""
    w = CHAT()
    tools = m.button("", "copy-all", css="tool", title=w.copy_all, icon=m.ICON_COPY) + m.button(
        "", "clear-chat", css="tool", title=w.clear, icon=m.ICON_BIN, asks=w.clear_again
    )
    shown = "".join(
        _turn(turn, index, editing=editing == index, busy=busy) for index, turn in enumerate(turns[:-1])
    )
    return f'<div class="conversation-tools">{tools}</div>{shown}'


def last(turns: Sequence[Turn], *, editing: int | None = None, busy: bool = False) -> str:
    """The last turn."""
    if not turns:
        return empty()
    index = len(turns) - 1
    return _turn(turns[index], index, editing=editing == index, busy=busy)


def _turn(turn: Turn, index: int, *, editing: bool, busy: bool) -> str:
    if editing:
        return _editor(turn.question, index)
    tools = "" if busy else _question_tools(turn, index)
    question = _question(turn.question, tools)
    answer = _answer_frame(
        _answer(turn), "" if turn.state is TurnState.ANSWERING else _answer_tools(turn, index, busy)
    )
    return f'<section class="turn" data-turn="{index}">{question}{answer}</section>'


def _question(question: str, tools: str = "") -> str:
    return (
        f'<div class="message user" role="group" aria-label="{m.text(CHAT().your_question)}">{plain(question)}</div>'
        f'<div class="message-tools right">{tools}</div>'
    )


def _answer_frame(content: str, tools: str = "") -> str:
    return (
        f'<div class="message bot" role="group" aria-label="{m.text(CHAT().answer)}">{content}</div>'
        f'<div class="message-tools">{tools}</div>'
    )


def _editor(question: str, index: int) -> str:
    rows = min(max(question.count("\n") + 1, 2), 12)
    w = CHAT()
    save = m.button(w.ask_again, "save-edit", css="primary small", turn=index, field=".edit-question")
    cancel = m.button(COMMON().cancel, "cancel-edit", css="link")
    return (
        f'<section class="turn" data-turn="{index}"><div class="message user editing">'
        f'<textarea class="edit-question" rows="{rows}" aria-label="{m.text(w.edit_label)}" data-enter="save-edit" '
        f'data-escape="cancel-edit" data-turn="{index}">{m.text(question)}</textarea>'
        f'<div class="edit-buttons">{save}{cancel}</div></div></section>'
    )


def _question_tools(turn: Turn, index: int) -> str:
    w = CHAT()
    return m.button(
        "", "copy", css="tool", title=w.copy_question, icon=m.ICON_COPY, text=turn.question, of="question"
    ) + m.button("", "edit-question", css="tool", title=w.edit_question, icon=m.ICON_PEN, turn=index)


def _answer_tools(turn: Turn, index: int, busy: bool) -> str:
    w = CHAT()
    tools = m.button(
        "", "copy", css="tool", title=w.copy_answer, icon=m.ICON_COPY, text=quotes.copied(turn), of="answer"
    )
    if not busy:
        tools += m.button(
            "", "regenerate", css="tool", title=w.answer_again, icon=m.ICON_AGAIN, turn=index
        ) + m.button("", "undo", css="tool", title=w.undo, icon=m.ICON_BACK, turn=index)
    return tools


def _answer(turn: Turn) -> str:
    """The answer and, in small print, what a reader should know about it."""
    prose = to_html(turn.answer, quotes.marks(turn)) if turn.answer else ""
    if not prose and turn.state is TurnState.ANSWERING:
        prose = "<p>…</p>"
    notes = footnotes(turn)
    if not prose and not notes:
        prose = f"<p><em>{m.text(CHAT().empty_answer)}</em></p>"
    small = f"<p><small>{m.text(' · '.join(notes))}</small></p>" if notes else ""
    return f"{quotes.not_found(turn)}{_arranged(turn, prose)}{quotes.verdict(turn)}{small}"


def _arranged(turn: Turn, prose: str) -> str:
    """Quotes and prose in the order that suits the model; quotes first, unless its prose was measured to be good."""
    quoted = quotes.quote_list(turn)
    if not quoted:
        return prose
    if turn.evidence.prose == "leads":
        return f"{prose}{quoted}"
    return quoted + (quotes.folded(turn, prose) if turn.evidence.prose == "folded" and prose else prose)


def footnotes(turn: Turn) -> list[str]:
    """What a reader should know about an answer: how it ended, and how much it was given from."""
    w, notes = CHAT(), []
    if turn.state is TurnState.STOPPED:
        notes.append(turn.message or w.stopped)
    if turn.state is TurnState.FAILED:
        notes.append(turn.message)
    figures = turn.figures
    if figures is not None and figures.reason == "length":
        notes.append(w.cut_off)
    if figures is not None and figures.reason == "loop":
        notes.append(w.repeated)
    if figures is not None and not figures.read_all:
        read = w.from_pages(figures.pages_total, read=m.count(figures.pages_read))
        notes.append(read + (w.quotes_from_all if turn.quotes else ""))
    return notes
