"""One conversation over documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversation.answering import Answering
from app.conversation.answers import PastTurn
from app.conversation.entries import Entry, entry_of
from app.conversation.errors import ChatError
from app.conversation.events import (
    ChatEvent,
    PageStates,
    ReadingEstimate,
    ReadPhase,
    ReadState,
    Turn,
    TurnState,
)
from app.conversation.pages import Segment, document_pages, with_recalled
from app.conversation.records import given_title
from app.conversation.settings import ChatSettings
from app.conversation.state import ChatState
from app.conversation.streams import EventStream
from app.conversation.turns import Held
from app.conversation.versions import TurnTree, Version, places
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core import CacheStats
    from app.conversation.resources import Resources
    from app.store import TextId


class Chat:
    """Documents, questions and answers over one cache. Made by `Engine`; all methods may be called from any thread."""

    def __init__(
        self,
        resources: Resources,
        chat_id: str,
        settings: ChatSettings,
        *,
        title: str = "",
        entries: Sequence[Entry] = (),
        plan: Sequence[Segment] = (),
        turns: TurnTree[PastTurn] | None = None,
        kept: bool = True,
    ) -> None:
        """A new chat, or a stored one with what it had; the reading of the latter goes on at once. kept: whether it
        is stored."""
        settings.check_fits(resources.max_positions)
        self.id = chat_id
        self._state = ChatState(resources, chat_id, settings, title, entries, plan, turns or TurnTree(), kept)
        self._answering = Answering(self._state)
        self._state.reader.start()
        self._prepare([entry.text for entry in entries])

    def _prepare(self, texts: Sequence[TextId]) -> None:
        """Have the texts made ready to be looked up in, in the background."""
        if self._state.settings.recall:
            self._state.resources.lookup.prepare(texts)

    # -- what the page shows -----------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The name in the list of chats: given, or the first question, or the first document."""
        return self._state.title

    @property
    def settings(self) -> ChatSettings:
        return self._state.settings

    @property
    def documents(self) -> list[ReadState]:
        """How far each document has been read, in the order added. Cheap; poll it."""
        return self._state.reader.states()

    @property
    def turns(self) -> list[Turn]:
        """The transcript so far, the answer being written included: one path through the tree of turns."""
        return self._state.turns

    @property
    def versions(self) -> list[Version]:
        """Where each turn of the transcript stands among its versions.

        Where the transcript ends before turns that were taken back, there is one entry more than turns, with number 0.
        """
        with self._state.lock:
            running = self._state.running
            return places(self._state.tree, None if running is None else (running.index, running.parent))

    @property
    def answering(self) -> bool:
        """True while an answer is waited for or written."""
        return self._state.running is not None

    @property
    def answer_event(self) -> ChatEvent | None:
        """What was last told of the answer in progress; None where there is none, or nothing has been told."""
        running = self._state.running
        return None if running is None else running.latest

    @property
    def reading(self) -> bool:
        """True while a document is in line or being read."""
        return self._state.reader.active is not None

    def stats(self, per_layer: bool = False) -> CacheStats | None:
        """What the cache holds now (the conversation's, or the documents' while they are read); None before any.

        Never waits for the device: while it is busy, the layers are those of the last chunk or tokens.
        """
        cache = self._state.shown_cache()
        return None if cache is None else self._state.live.read(cache, per_layer)

    def held(self) -> Held:
        """What this chat takes in all, in bytes: its cache, and what leads back through its turns."""
        return self._state.caches.held()

    def page_states(self) -> list[PageStates]:
        """Each document's pages: unread, compressed or verbatim, whichever holds half or more of a page's tokens; or
        looked up for the last question."""
        reader, cache = self._state.reader, self._state.shown_cache()
        plan, stats = ((), None) if cache is None else (reader.plan(), cache.stats(per_layer=False))
        pages = document_pages(reader.line.entries(), plan, stats)
        turns = self.turns
        return with_recalled(pages, turns[-1].evidence) if turns else pages

    # -- documents ---------------------------------------------------------------------------------------------------

    def add_document(self, document_id: str) -> ReadState:
        """Put a document of the library in line to be read in the background, and return at once.

        A document the chat already has is not added twice; where its reading failed, as that of a document that was
        not in the library, it is tried again. Raises ChatError where it has no text, or is unknown.
        """
        document = self._state.resources.document(document_id)
        tokens, _ = self._state.resources.tokens.estimate(document)
        self._state.resources.note_use(document_id)
        with self._state.lock:
            self._state.check_open()
            if all(entry.id != document_id for entry in self._state.reader.line.entries()):
                self._state.reader.line.add(entry_of(document, tokens))
            elif any(
                state.document_id == document_id and state.phase is ReadPhase.FAILED
                for state in self._state.reader.states()
            ):
                self._state.reader.line.resume(document_id)
            self._state.store()
            reader = self._state.reader
        reader.start()
        self._prepare([document.text])
        return next(state for state in reader.states() if state.document_id == document_id)

    def remove_document(self, document_id: str) -> None:
        """Take a document out of the chat; those added after it are read again (or restored, where kept).

        Raises ChatBusyError while an answer is being written.
        """
        with self._state.lock:
            self._state.check_idle()
            entries = [entry for entry in self._state.reader.line.entries() if entry.id != document_id]
            self._state.read_again_from(document_id, entries)
        self._state.reader.start()

    def newer_texts(self) -> list[str]:
        """The ids of the documents whose text was taken out again since this chat read them."""
        newer = []
        for entry in self._state.reader.line.entries():
            documents = self._state.resources.store.documents
            if documents.has(entry.id) and documents.get(entry.id).revision != entry.revision:
                newer.append(entry.id)
        return newer

    def take_newer_text(self, document_id: str) -> None:
        """Go on with the latest text of a document: it, and those added after it, are read again.

        Until this is called a chat goes on with the text it was answered from. Raises ChatBusyError while an answer is
        being written, ChatError where the document is gone.
        """
        document = self._state.resources.document(document_id)
        tokens, _ = self._state.resources.tokens.estimate(document)
        fresh = entry_of(document, tokens)
        with self._state.lock:
            if self._state.reader.exchange(fresh):  # nothing of it has been read
                self._state.store()
                return
            self._state.check_idle()
            entries = [
                fresh if entry.id == document_id else entry for entry in self._state.reader.line.entries()
            ]
            self._state.read_again_from(document_id, entries)
        self._state.reader.start()

    def forget_document(self, document_id: str) -> None:
        """Let go of what was read of a document that was deleted; the transcript stays, and names it as failed.

        Raises ChatBusyError while an answer is being written.
        """
        with self._state.lock:
            if not self.has_document(document_id):
                return
            self._state.check_idle()
            self._state.read_again_from(document_id, self._state.reader.line.entries())
        self._state.reader.start()

    def has_document(self, document_id: str) -> bool:
        """Whether the chat has this document."""
        return any(entry.id == document_id for entry in self._state.reader.line.entries())

    def cancel_reading(self, document_id: str) -> None:
        """Pause the reading within one chunk; what was read stays, and the next document's reading goes on."""
        self._state.reader.line.pause(document_id)

    def move_document(self, document_id: str, *, earlier: bool) -> None:
        """Let a document that waits to be read go before the one in front of it in line, or after the next one."""
        with self._state.lock:
            self._state.check_open()
        self._state.reader.line.move(document_id, earlier)

    def resume_reading(self, document_id: str) -> None:
        """Read on from where the reading was paused, or try a failed one again."""
        with self._state.lock:
            self._state.check_open()
        self._state.reader.line.resume(document_id)
        self._state.reader.start()

    # -- questions ---------------------------------------------------------------------------------------------------

    def ask(self, question: str, *, now: bool = False) -> EventStream[ChatEvent]:
        """Answer a question. Waits, visibly, for the documents in line; with `now`, answers from what has been read.

        A paused document is not waited for. The first question after a document's reading has failed is answered
        with that (AnswerFailed); asked again, it is answered from the rest.

        Raises ChatError at once for an empty question or one over the window, ChatBusyError while another answer
        is being written.
        """
        with self._state.lock:
            return self._answering.start(len(self._state.past), question, now)

    def regenerate(self, turn_index: int = -1, *, now: bool = False) -> EventStream[ChatEvent]:
        """Answer that turn's question again, as another version of the turn; the turns after it stay with the old one.

        The old version is shown until the new answer has begun.
        """
        with self._state.lock:
            self._state.check_idle()
            index = self._state.turn_at(turn_index)
            turn = self._state.past[index].turn
            return self._answering.start(index, turn.question, now, turn.evidence)

    def edit(self, turn_index: int, new_text: str, *, now: bool = False) -> EventStream[ChatEvent]:
        """Ask another question in place of that turn's, as another version of it; nothing is thrown away."""
        with self._state.lock:
            self._state.check_idle()
            return self._answering.start(self._state.turn_at(turn_index), new_text, now)

    def tell(self, question: str, answer: str, turn_index: int | None = None) -> None:
        """Take in a question that the app answers itself, as a turn of its own, or as another version of that turn.

        No model is fed it; `regenerate` asks the model. Raises ChatBusyError while an answer is written.
        """
        with self._state.lock:
            self._state.check_idle()
            index = len(self._state.past) if turn_index is None else self._state.turn_at(turn_index)
            self._state.put(index, Turn(question, answer, TurnState.TOLD))

    def undo(self, turn_index: int = -1) -> str:
        """Take back that turn and those after it, and return its question; nothing is read again.

        They are kept: `choose_version` shows them again. Raises ChatBusyError while an answer is written.
        """
        with self._state.lock:
            self._state.check_idle()
            index = self._state.turn_at(turn_index)
            question = self._state.past[index].turn.question
            self._state.show(index, self._state.parent_at(index), None)
            return question

    def choose_version(self, turn_index: int, number: int) -> None:
        """Show another version of a turn, with the turns after it that were shown last; `number` is from 1.

        No document is read again: the next question feeds the turns. `turn_index` may be the number of turns, where
        turns were taken back. Raises ChatError where there is no such version, ChatBusyError.
        """
        with self._state.lock:
            self._state.check_idle()
            path = self._state.tree.path
            if not 0 <= turn_index <= len(path):
                self._state.turn_at(turn_index)  # which raises
            parent = self._state.parent_at(turn_index)
            versions = self._state.tree.children(parent)
            if not 1 <= number <= len(versions):
                raise ChatError(
                    Sentence(
                        "There is no version {number} of this turn, which has {count}, so nothing was "
                        "changed; choose one it has.",
                        number=number,
                        count=len(versions),
                    )
                )
            self._state.show(turn_index, parent, versions[number - 1].id)

    def delete_turn(self, turn_index: int) -> int:
        """Delete the shown version of a turn and all turns that hang on it, also on disk; returns how many.

        Where there are other versions, the one before it is shown. Raises ChatBusyError while an answer is written.
        """
        with self._state.lock:
            self._state.check_idle()
            return self._state.delete(self._state.turn_at(turn_index))

    def answer_now(self) -> None:
        """Have a question that waits for documents answered from what has been read; one being answered goes on."""
        with self._state.lock:
            if self._state.running is not None:
                self._state.running.now.set()

    def stop(self) -> None:
        """Stop waiting, or the running answer within one token; what was written is kept."""
        with self._state.lock:
            if self._state.running is not None:
                self._state.running.stop.set()

    def clear(self) -> None:
        """Delete all turns in all versions, also on disk; the read documents stay.

        Raises ChatBusyError while an answer is written.
        """
        with self._state.lock:
            self._state.check_idle()
            self._state.delete_all()

    # -- settings ----------------------------------------------------------------------------------------------------

    def preview_settings(self, settings: ChatSettings) -> ReadingEstimate:
        """What `update_settings` would have to read again (tokens 0: nothing)."""
        settings.check_fits(self._state.resources.max_positions)
        states = self._state.reader.states()
        exact = all(state.tokens_exact for state in states)
        total = sum(state.tokens_total for state in states)
        texts = self._state.reader.line.texts()
        estimate = self._state.resources.estimate(settings, texts, total, exact)
        return (
            replace(estimate, tokens=0, seconds=0.0)
            if settings.same_reading(self._state.settings)
            else estimate
        )

    def update_settings(self, settings: ChatSettings) -> None:
        """Sampling and looking up change at once; memory, sinks, window or system prompt start the reading anew.

        Raises ChatBusyError while an answer is being written and the reading would have to start anew.
        """
        settings.check_fits(self._state.resources.max_positions)
        with self._state.lock:
            self._state.check_open()
            same = settings.same_reading(self._state.settings)
            if not same:
                self._state.check_idle()
                self._state.resources.layout(settings.system_prompt)
            self._state.settings = settings
            if not same:
                self._state.restart_reading(self._state.reader.line.entries(), [])
            self._state.store()
        self._state.reader.start()

    def rename(self, title: str) -> None:
        """Give the chat a title of its own. Raises ChatError for an empty one."""
        title = given_title(title)
        with self._state.lock:
            self._state.given_title = title
            self._state.store()

    def close(self, *, delete: bool = False) -> None:
        """Stop everything within one token or chunk and free the caches; `delete` also forgets the chat on disk."""
        with self._state.lock:
            self._state.closed = True
            self.stop()
            self._state.reader.close()
            self._state.caches.close()
            if delete:
                self._state.disk.delete()

    def join(self, timeout: float) -> bool:
        """Wait until the answer and the reading in progress have ended, at most `timeout` seconds each; True when they
        have."""
        running = self._state.running
        ended = True
        if running is not None and running.thread is not None:
            running.thread.join(timeout)
            ended = not running.thread.is_alive()
        with self._state.lock:
            readers = [*self._state.left, self._state.reader]
        for reader in readers:
            ended = reader.join(timeout) and ended
        return ended
