"""Turns as the conversation that the page shows: questions as typed, answers as Markdown, and what can be done to each.

The turns before the last are drawn apart from it: an answer that is being written is redrawn many times, what stands
above it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.conversation.events import Turn, TurnState
from app.conversation.versions import Version
from app.ui.views import chat_files, quotes, versions
from app.ui.views import markup as m
from app.ui.views.markdown import plain, to_html
from app.ui.words.below import told
from app.ui.words.chat import CHAT
from app.ui.words.common import COMMON
from app.ui.words.models import MODELS
from app.ui.words.versions import VERSIONS


def empty() -> str:
    """A conversation that has not begun."""
    w = CHAT()
    return f'<div class="empty"><p>{m.text(w.empty_heading)}</p><p>{m.text(w.empty)}</p></div>'


@dataclass(frozen=True)
class Ways:
    """What can be done with the turns. places: where each stands among its versions (`Chat.versions`); editing: the
    index of the turn whose question is being edited; deleting: the id of the one that is about to be deleted; busy:
    nothing can be changed now; chat_id: of the chat that they are in."""

    places: Sequence[Version] = ()
    editing: int | None = None
    deleting: int = 0
    busy: bool = False
    chat_id: str = ""

    def place(self, index: int) -> Version:
        """Of a turn; of one that was added just now, too."""
        return self.places[index] if index < len(self.places) else Version()


NO_WAYS = Ways()


def earlier(turns: Sequence[Turn], ways: Ways = NO_WAYS) -> str:
    """All turns but the last, and in front of them what is for the whole conversation."""
    if not turns:
        return ""
    w = CHAT()
    tools = m.button("", "copy-all", css="tool", title=w.copy_all, icon=m.ICON_COPY) + m.button(
        "", "clear-chat", css="tool", title=w.clear, icon=m.ICON_BIN, asks=w.clear_again
    )
    shown = "".join(_turn(turn, index, ways) for index, turn in enumerate(turns[:-1]))
    save = chat_files.save_links(ways.chat_id) if ways.chat_id else ""
    return f'<div class="conversation-tools">{save}{tools}</div>{shown}'


def last(turns: Sequence[Turn], ways: Ways = NO_WAYS) -> str:
    """The last turn, and what was taken back after it."""
    count = len(turns)
    more = ""
    if not ways.busy and count < len(ways.places) and not ways.places[count].number:
        more = versions.hidden(count, ways.places[count])
    return (_turn(turns[-1], count - 1, ways) if turns else empty()) + more


def _turn(turn: Turn, index: int, ways: Ways) -> str:
    if ways.editing == index:
        return _editor(turn.question, index)
    tools = "" if ways.busy else _question_tools(turn, index)
    question = _question(turn.question, tools)
    answer = _answer_frame(
        _answer(turn), "" if turn.state is TurnState.ANSWERING else _answer_tools(turn, index, ways)
    )
    told = " by-app" if turn.state is TurnState.TOLD else ""
    return f'<section class="turn{told}" data-turn="{index}">{question}{answer}</section>'


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
        f'<div class="edit-buttons">{save}{cancel}<span class="dim">{m.text(VERSIONS().stays)}</span></div>'
        "</div></section>"
    )


def _question_tools(turn: Turn, index: int) -> str:
    w = CHAT()
    return m.button(
        "", "copy", css="tool", title=w.copy_question, icon=m.ICON_COPY, text=turn.question, of="question"
    ) + m.button("", "edit-question", css="tool", title=w.edit_question, icon=m.ICON_PEN, turn=index)


def _answer_tools(turn: Turn, index: int, ways: Ways) -> str:
    w = CHAT()
    tools = m.button(
        "", "copy", css="tool", title=w.copy_answer, icon=m.ICON_COPY, text=quotes.copied(turn), of="answer"
    )
    if ways.busy:
        return tools
    place = ways.place(index)
    if ways.deleting and ways.deleting == place.id:
        return versions.asking(index, place)
    tools += m.button("", "regenerate", css="tool", title=w.answer_again, icon=m.ICON_AGAIN, turn=index)
    tools += m.button("", "undo", css="tool", title=w.undo, icon=m.ICON_BACK, turn=index)
    return tools + versions.delete_button(index, place) + versions.switch(index, place)


def _answer(turn: Turn) -> str:
    """The answer and, in small print, what a reader should know about it."""
    if turn.state is TurnState.TOLD:
        return f'<p class="by-app-note"><b>{m.text(CHAT().told_by_app)}</b></p>{plain(turn.answer)}'
    prose = to_html(turn.answer, quotes.marks(turn)) if turn.answer else ""
    if not prose and turn.state is TurnState.ANSWERING:
        prose = "<p>…</p>"
    notes = footnotes(turn)
    if not prose and not notes:
        prose = f"<p><em>{m.text(CHAT().empty_answer)}</em></p>"
    if turn.model and turn.state is not TurnState.ANSWERING:
        notes.append(MODELS().answered_by.format(model=turn.model))
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
        notes.append(told(turn.message) or w.stopped)
    if turn.state is TurnState.FAILED:
        notes.append(told(turn.message))
    figures = turn.figures
    if figures is not None and figures.reason == "length":
        notes.append(w.cut_off)
    if figures is not None and figures.reason == "loop":
        notes.append(w.repeated)
    if figures is not None and not figures.read_all:
        read = w.from_pages(figures.pages_total, read=m.count(figures.pages_read))
        notes.append(read + (w.quotes_from_all if turn.quotes else ""))
    return notes
