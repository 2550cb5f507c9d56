"""What is done with the versions of turns: choosing another one, and deleting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.conversation import ChatError
from app.ui.words.chat import CHAT

if TYPE_CHECKING:
    from app.conversation import Chat
    from app.ui.session import Tab


class VersionActions:
    """`chat` gives the chat of a tab, or raises ChatError where it is still being loaded."""

    def __init__(self, chat: Callable[[Tab], Chat]) -> None:
        self._chat = chat

    def acts(self) -> dict[str, Callable[[Tab, dict[str, Any]], None]]:
        """The handlers by the action that they are of."""
        return {
            "choose-version": self._choose,
            "ask-delete-turn": self._ask_delete,
            "keep-turn": lambda tab, data: setattr(tab, "deleting_turn", 0),
            "delete-turn": self._delete,
        }

    def _choose(self, tab: Tab, data: dict[str, Any]) -> None:
        tab.editing, tab.deleting_turn = None, 0
        self._chat(tab).choose_version(_whole(data["turn"]), _whole(data["number"]))

    def _ask_delete(self, tab: Tab, data: dict[str, Any]) -> None:
        places, index = self._chat(tab).versions, _whole(data["turn"])
        if index >= len(places):
            raise ChatError(CHAT().turn_gone)
        tab.deleting_turn = places[index].id

    def _delete(self, tab: Tab, data: dict[str, Any]) -> None:
        """Delete the version that was asked about: another tab may show another one in its place by now."""
        tab.deleting_turn, tab.editing = 0, None
        chat, index = self._chat(tab), _whole(data["turn"])
        places = chat.versions
        if index >= len(places) or str(places[index].id) != data["id"]:
            raise ChatError(CHAT().turn_gone)
        chat.delete_turn(index)


def _whole(value: str) -> int:
    """A number that a button carries. Raises ChatError for anything else."""
    if not value.isascii() or not value.isdecimal() or len(value) > 9:
        raise ChatError(CHAT().turn_gone)
    return int(value)
