"""What a chat is made of at any moment: its documents, its turns, the answer in progress, and what is kept of them.

`Chat` and `Answering` share one `ChatState`, and its lock is over everything that changes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversation.answers import PastTurn, Running
from app.conversation.entries import Entry
from app.conversation.errors import ChatBusyError, ChatClosedError, ChatError
from app.conversation.events import ReadPhase, Turn
from app.conversation.live import LiveStats
from app.conversation.pages import Segment
from app.conversation.reading import Reader
from app.conversation.records import ChatStore, short_title
from app.conversation.settings import ChatSettings
from app.conversation.turns import TurnTails
from app.conversation.versions import ROOT, TurnTree
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core import Cache
    from app.conversation.resources import Resources


class ChatState:
    """The state of one chat. Methods named `check_…` raise; those under "needs the lock" are called with it held."""

    def __init__(
        self,
        resources: Resources,
        chat_id: str,
        settings: ChatSettings,
        title: str,
        entries: Sequence[Entry],
        plan: Sequence[Segment],
        turns: TurnTree[PastTurn],
        kept: bool = True,
    ) -> None:
        """A new chat, or a stored one with what it had. `reader.start()` has its reading go on. kept: whether it is
        stored."""
        self.chat_id = chat_id
        self.resources = resources
        self.settings = settings
        self.given_title = title
        self.lock = threading.RLock()  # over everything below
        self.tree = turns
        self.running: Running | None = None
        self.closed = False
        self.told: set[tuple[str, str]] = set()  # failed readings that a question has been answered with
        self.left: list[Reader] = []  # closed when what they read was changed; their last chunk may still run
        self.disk = ChatStore(
            resources.store.chats,
            chat_id,
            resources.encoder.fingerprint,
            model=resources.model.name,
            kept=kept,
        )
        self.live = LiveStats(resources.device)
        self.reader, self.caches = self._begin_reading(entries, plan)

    @property
    def title(self) -> str:
        """The name in the list of chats: given, or the first question, or the first document."""
        with self.lock:
            if self.given_title:
                return self.given_title
            turns, entries = self.turns, self.reader.line.entries()
        return short_title(turns[0].question if turns else entries[0].name if entries else "New chat")

    @property
    def past(self) -> list[PastTurn]:
        """The turns that are shown and have been answered."""
        with self.lock:
            return [node.kept for node in self.tree.path]

    @property
    def turns(self) -> list[Turn]:
        """The transcript so far, the answer being written included."""
        with self.lock:
            past, running = [entry.turn for entry in self.past], self.running
            return past if running is None else [*past[: running.index], running.draft.turn()]

    def shown_cache(self) -> Cache | None:
        """The conversation's cache; None before anything was read."""
        with self.lock:
            return self.reader.cache

    # -- needs the lock ----------------------------------------------------------------------------------------------

    def read_again_from(self, document_id: str, entries: Sequence[Entry]) -> None:
        """Keep what was read before this document, and read the rest of `entries` anew."""
        plan = self.reader.plan()
        first = next((i for i, segment in enumerate(plan) if segment.document_id == document_id), len(plan))
        self.restart_reading(entries, plan[:first])

    def restart_reading(self, entries: Sequence[Entry], plan: Sequence[Segment]) -> None:
        """Read `entries` anew, but for what `plan` says has been read."""
        self.reader.close()
        self.left.append(self.reader)
        self.left = [reader for reader in self.left if not reader.join(timeout=0)]
        self.caches.close()
        fresh = [
            replace(entry, phase=ReadPhase.QUEUED, message="", pages_counted=0, read_elsewhere=None)
            for entry in entries
        ]
        self.reader, self.caches = self._begin_reading(fresh, plan)
        self.store()

    def put(self, index: int, turn: Turn) -> None:
        """Add a whole turn at this place of the transcript, where there may be other versions."""
        turn_id, parent, past = self.tree.next_id(), self.parent_at(index), PastTurn(turn, None)
        self.tree.put(turn_id, parent, past)
        self._path_changed(index)
        self.store()
        self.disk.save_turn(turn_id, parent, past)

    def show(self, index: int, parent: int, turn_id: int | None) -> None:
        """Have the transcript go on at this place with another version, or end before it (None).

        The next question goes on from before it, and the turns of the version are fed again.
        """
        self.tree.show(parent, turn_id)
        self._path_changed(index)
        self.disk.show_turn(parent, turn_id)
        self.store()

    def delete(self, index: int) -> int:
        """Delete the shown version of this turn and all that hang on it; returns how many turns that were."""
        node = self.tree.path[index]
        deleted, shown = self.tree.delete(node.id)
        self._path_changed(index)
        self.disk.delete_turns(deleted)
        self.disk.show_turn(node.parent, shown)
        self.store()
        return len(deleted)

    def delete_all(self) -> None:
        """Delete every version of every turn."""
        deleted = [one for node in list(self.tree.children(ROOT)) for one in self.tree.delete(node.id)[0]]
        self._path_changed(0)
        self.disk.delete_turns(deleted)
        self.store()

    def parent_at(self, index: int) -> int:
        """The id of the turn before this place of the transcript."""
        return self.tree.path[index - 1].id if index else ROOT

    def _path_changed(self, index: int) -> None:
        self.caches.forget_from(index + 1)

    def turn_at(self, index: int) -> int:
        """The place of a turn, also counted from the end. Raises ChatError where there is none."""
        count = len(self.past)
        if not -count <= index < count:
            raise ChatError(
                Sentence(
                    "There is no turn {turn} in this chat of {count}, so nothing was changed; choose one it "
                    "has.",
                    turn=index,
                    count=count,
                )
            )
        return index % count

    def check_open(self) -> None:
        """Raises ChatClosedError."""
        if self.closed:
            raise ChatClosedError(
                Sentence("This chat is closed, so nothing can be done in it; open it again from the list.")
            )

    def check_idle(self) -> None:
        """Raises ChatClosedError, and ChatBusyError while an answer is waited for or written."""
        self.check_open()
        if self.running is not None:
            raise ChatBusyError(
                Sentence(
                    "This chat is still writing an answer, so it takes nothing else; wait for it or stop it "
                    "first."
                )
            )

    def store(self) -> None:
        """Commit the chat itself, where there is something in it and it has changed."""
        entries = self.reader.line.entries()
        if entries or self.past or self.running is not None:
            self.disk.save(self.title, bool(self.given_title), self.settings, entries, self.reader.plan())

    def store_draft(self, running: Running) -> None:
        """Commit the answer in progress, as far as it is written."""
        self.store()
        past = PastTurn(running.draft.turn(), tuple(running.draft.token_ids))
        self.disk.save_turn(running.id, running.parent, past)

    def _begin_reading(self, entries: Sequence[Entry], plan: Sequence[Segment]) -> tuple[Reader, TurnTails]:
        caches = TurnTails(self.resources.turns_folder / self.chat_id)
        reader = Reader(self.resources, self.settings, self.live, self._reading_changed, caches)
        for entry in entries:
            reader.line.add(entry)
        reader.remember(plan)
        return reader, caches

    def _reading_changed(self) -> None:
        with self.lock:
            self.store()
