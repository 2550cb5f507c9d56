"""Versions of a turn: which one is shown, the way to the others, and deleting one."""

from __future__ import annotations

from app.conversation.versions import Version
from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.versions import VERSIONS

ICON_BEFORE = m.icon("M9.5 4L5.5 8l4 4")
ICON_AFTER = m.icon("M6.5 4l4 4-4 4")


def switch(index: int, version: Version) -> str:
    """The way to the other versions of the turn at `index`; "" where there are none."""
    if version.count < 2:
        return ""
    w = VERSIONS()
    place = w.place.format(number=version.number, count=version.count)
    before = _step(index, version.number - 1, version, "before", w.before.format(place=place), ICON_BEFORE)
    after = _step(index, version.number + 1, version, "after", w.after.format(place=place), ICON_AFTER)
    return (
        f'<span class="versions" role="group" aria-label="{m.text(w.group)}">{before}'
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
    w = VERSIONS()
    title = w.delete_version if version.count > 1 else w.delete
    return m.button("", "ask-delete-turn", css="tool", title=title, icon=m.ICON_BIN, turn=index)


def asking(index: int, version: Version) -> str:
    """The question before something is deleted."""
    w = VERSIONS()
    words = w.ask_version if version.count > 1 else w.ask
    if version.following:
        words += " " + w.ask_following(version.following)
    yes = m.button(COMMON().delete, "delete-turn", css="link danger", turn=index, id=version.id)
    return (
        f'<span class="asking-turn" data-cancel="keep-turn" role="group" aria-label="{m.text(words)}">'
        f"<span>{m.text(words)}</span>"
        f'<span class="answers">{yes}{m.button(COMMON().keep, "keep-turn")}</span></span>'
    )


def hidden(index: int, version: Version) -> str:
    """The line after the last turn that is shown, where more were taken back. version: as `Chat.versions` ends with."""
    words = VERSIONS().hidden(version.following)
    show = m.button(VERSIONS().show_again, "choose-version", turn=index, number=version.count)
    return f'<div class="went-on"><span>{m.text(words)}</span>{show}</div>'
