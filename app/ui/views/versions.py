"""Versions of a turn: which one is shown, the way to the others, and deleting one."""

from __future__ import annotations

from app.conversation.versions import Version
from app.ui.views import markup as m

PLACE = "{number} of {count}"
GROUP = "Versions of this question and its answer"
BEFORE = "Show the version before this one"
AFTER = "Show the version after this one"
DELETE = "Delete this question and its answer"
DELETE_VERSION = "Delete this version"
ASK = "Delete this question and its answer?"
ASK_VERSION = "Delete this version? The others stay."
ASK_FOLLOWING = "{turns} that came after it will be deleted, too."
YES, NO = "Delete", "Keep"
HIDDEN = "The conversation went on here: {turns} taken back, nothing deleted."
SHOW_AGAIN = "Show again"
STAYS = "The old question and its answer stay as another version."
ICON_BEFORE = m.icon("M9.5 4L5.5 8l4 4")
ICON_AFTER = m.icon("M6.5 4l4 4-4 4")


def switch(index: int, version: Version) -> str:
    """The way to the other versions of the turn at `index`; "" where there are none."""
    if version.count < 2:
        return ""
    place = PLACE.format(number=version.number, count=version.count)
    before = _step(index, version.number - 1, version, "before", f"{BEFORE} ({place})", ICON_BEFORE)
    after = _step(index, version.number + 1, version, "after", f"{AFTER} ({place})", ICON_AFTER)
    return (
        f'<span class="versions" role="group" aria-label="{m.text(GROUP)}">{before}'
        f'<span class="num" aria-live="polite">{m.text(place)}</span>{after}</span>'
    )


def _step(index: int, number: int, version: Version, way: str, title: str, icon: str) -> str:
    """A button to the next version on one side. At the end it stays where it is, so that it keeps the focus."""
    at_end = ' aria-disabled="true"' if not 1 <= number <= version.count else ""
    return (
        f'<button type="button" class="tool" data-action="choose-version" data-way="{way}" data-turn="{index}"'
        f' data-number="{number}" aria-label="{m.text(title)}" title="{m.text(title)}"{at_end}>{icon}</button>'
    )


def delete_button(index: int, version: Version) -> str:
    """The way to delete what is shown of the turn."""
    title = DELETE_VERSION if version.count > 1 else DELETE
    return m.button("", "ask-delete-turn", css="tool", title=title, icon=m.ICON_BIN, turn=index)


def asking(index: int, version: Version) -> str:
    """The question before something is deleted."""
    words = ASK_VERSION if version.count > 1 else ASK
    if version.following:
        words += " " + ASK_FOLLOWING.format(turns=_turns(version.following))
    yes = m.button(YES, "delete-turn", css="link danger", turn=index, id=version.id)
    return (
        f'<span class="asking-turn" role="group" aria-label="{m.text(words)}"><span>{m.text(words)}</span>'
        f'<span class="answers">{yes}{m.button(NO, "keep-turn")}</span></span>'
    )


def hidden(index: int, version: Version) -> str:
    """The line after the last turn that is shown, where more were taken back. version: as `Chat.versions` ends with."""
    words = HIDDEN.format(turns=_turns(version.following))
    show = m.button(SHOW_AGAIN, "choose-version", turn=index, number=version.count)
    return f'<div class="went-on"><span>{m.text(words)}</span>{show}</div>'


def _turns(count: int) -> str:
    return m.plural(count, "question") + (" and its answer" if count == 1 else " and their answers")
