"""One conversation over documents."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversation.answers import (
    Cancelled,
    Draft,
    PastTurn,
    Running,
    first_head,
    replay,
    wait_for_reading,
    what_is_read,
    write_answer,
)
from app.conversation.entries import Entry, entry_of
from app.conversation.errors import ChatBusyError, ChatClosedError, ChatError
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerToken,
    ChatEvent,
    PageStates,
    PromptRead,
    ReadingEstimate,
    ReadPhase,
    ReadState,
    Turn,
    TurnState,
    Waiting,
)
from app.conversation.live import LiveStats
from app.conversation.pages import Segment, document_pages
from app.conversation.question import check_question
from app.conversation.reading import Reader
from app.conversation.records import ChatStore, given_title, short_title
from app.conversation.settings import ChatSettings
from app.conversation.streams import EventStream
from app.conversation.turns import Head, TurnCaches

if TYPE_CHECKING:
    from ahn_core import Cache, CacheStats
    from app.conversation.device import Ticket
    from app.conversation.resources import Resources

_SAVE_ANSWER_SECONDS = 2.0
log = logging.getLogger(__name__)


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
        turns: Sequence[PastTurn] = (),
    ) -> None:
        """A new chat, or a stored one with what it had; the reading of the latter goes on at once."""
        settings.check_fits(resources.max_positions)
        self.id = chat_id
        self._resources = resources
        self._settings = settings
        self._title = title
        self._lock = threading.RLock()  # over everything below
        self._past = list(turns)
        self._running: Running | None = None
        self._head: Head | None = None
        self._closed = False
        self._told: set[tuple[str, str]] = set()  # failed readings that a question has been answered with
        self._left: list[
            Reader
        ] = []  # closed when what they read was changed; their last chunk may still run
        self._disk = ChatStore(resources.store.chats, chat_id, resources.encoder.fingerprint)
        self._live = LiveStats(resources.device)
        self._reader, self._caches = self._begin_reading(entries, plan)
        self._reader.start()

    # -- what the page shows -----------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The name in the list of chats: given, or the first question, or the first document."""
        with self._lock:
            if self._title:
                return self._title
            turns, entries = self.turns, self._reader.entries()
        return short_title(turns[0].question if turns else entries[0].name if entries else "New chat")

    @property
    def settings(self) -> ChatSettings:
        return self._settings

    @property
    def documents(self) -> list[ReadState]:
        """How far each document has been read, in the order added. Cheap; poll it."""
        return self._reader.states()

    @property
    def turns(self) -> list[Turn]:
        """The transcript so far, the answer being written included."""
        with self._lock:
            past, running = [entry.turn for entry in self._past], self._running
            return past if running is None else [*past[: running.index], running.draft.turn()]

    @property
    def answering(self) -> bool:
        """True while an answer is waited for or written."""
        return self._running is not None

    @property
    def answer_event(self) -> ChatEvent | None:
        """What was last told of the answer in progress; None where there is none, or nothing has been told."""
        running = self._running
        return None if running is None else running.latest

    @property
    def reading(self) -> bool:
        """True while a document is in line or being read."""
        return self._reader.active is not None

    def stats(self, per_layer: bool = False) -> CacheStats | None:
        """What the cache holds now (the conversation's, or the documents' while they are read); None before any.

        Never waits for the device: while it is busy, the layers are those of the last chunk or tokens.
        """
        cache = self._shown_cache()
        return None if cache is None else self._live.read(cache, per_layer)

    def page_states(self) -> list[PageStates]:
        """Each document's pages: unread, compressed or verbatim, whichever holds half or more of a page's tokens."""
        reader, cache = self._reader, self._shown_cache()
        if cache is None:
            return document_pages(reader.entries(), (), None)
        return document_pages(reader.entries(), reader.plan(), cache.stats(per_layer=False))

    # -- documents ---------------------------------------------------------------------------------------------------

    def add_document(self, document_id: str) -> ReadState:
        """Put a document of the library in line to be read in the background, and return at once.

        A document the chat already has is not added twice. Raises ChatError where it has no text, or is unknown.
        """
        document = self._resources.document(document_id)
        tokens, _ = self._resources.tokens.estimate(document)
        self._resources.note_use(document_id)
        with self._lock:
            self._check_open()
            if all(entry.id != document_id for entry in self._reader.entries()):
                self._reader.add(entry_of(document, tokens))
            self._store()
            reader = self._reader
        reader.start()
        return next(state for state in reader.states() if state.document_id == document_id)

    def remove_document(self, document_id: str) -> None:
        """Take a document out of the chat; those added after it are read again (or restored, where kept).

        Raises ChatBusyError while an answer is being written.
        """
        with self._lock:
            self._check_idle()
            entries = [entry for entry in self._reader.entries() if entry.id != document_id]
            self._read_again_from(document_id, entries)
        self._reader.start()

    def newer_texts(self) -> list[str]:
        """The ids of the documents whose text was taken out again since this chat read them."""
        newer = []
        for entry in self._reader.entries():
            documents = self._resources.store.documents
            if documents.has(entry.id) and documents.get(entry.id).revision != entry.revision:
                newer.append(entry.id)
        return newer

    def take_newer_text(self, document_id: str) -> None:
        """Go on with the latest text of a document: it, and those added after it, are read again.

        Until this is called a chat goes on with the text it was answered from. Raises ChatBusyError while an answer is
        being written, ChatError where the document is gone.
        """
        document = self._resources.document(document_id)
        tokens, _ = self._resources.tokens.estimate(document)
        fresh = entry_of(document, tokens)
        with self._lock:
            self._check_idle()
            entries = [fresh if entry.id == document_id else entry for entry in self._reader.entries()]
            self._read_again_from(document_id, entries)
        self._reader.start()

    def forget_document(self, document_id: str) -> None:
        """Let go of what was read of a document that was deleted; the transcript stays, and names it as failed.

        Raises ChatBusyError while an answer is being written.
        """
        with self._lock:
            if not self.has_document(document_id):
                return
            self._check_idle()
            self._read_again_from(document_id, self._reader.entries())
        self._reader.start()

    def has_document(self, document_id: str) -> bool:
        """Whether the chat has this document."""
        return any(entry.id == document_id for entry in self._reader.entries())

    def cancel_reading(self, document_id: str) -> None:
        """Pause the reading within one chunk; what was read stays, and the next document's reading goes on."""
        self._reader.pause(document_id)

    def resume_reading(self, document_id: str) -> None:
        """Read on from where the reading was paused, or try a failed one again."""
        with self._lock:
            self._check_open()
        self._reader.resume(document_id)
        self._reader.start()

    # -- questions ---------------------------------------------------------------------------------------------------

    def ask(self, question: str, *, now: bool = False) -> EventStream[ChatEvent]:
        """Answer a question. Waits, visibly, for the documents in line; with `now`, answers from what has been read.

        A paused document is not waited for. The first question after a document's reading has failed is answered
        with that (AnswerFailed); asked again, it is answered from the rest.

        Raises ChatError at once for an empty question or one over the window, ChatBusyError while another answer
        is being written.
        """
        with self._lock:
            return self._answer(len(self._past), question, now)

    def regenerate(self, turn_index: int = -1, *, now: bool = False) -> EventStream[ChatEvent]:
        """Answer that turn's question again; the turns after it are dropped once the new answer has begun."""
        with self._lock:
            self._check_idle()
            index = self._turn_at(turn_index)
            return self._answer(index, self._past[index].turn.question, now)

    def edit(self, turn_index: int, new_text: str, *, now: bool = False) -> EventStream[ChatEvent]:
        """Ask another question in place of that turn's; the turns after it are dropped once the answer has begun."""
        with self._lock:
            self._check_idle()
            return self._answer(self._turn_at(turn_index), new_text, now)

    def undo(self, turn_index: int = -1) -> str:
        """Take back that turn and those after it, also on disk, and return its question; nothing is read again.

        Raises ChatBusyError while an answer is written.
        """
        with self._lock:
            self._check_idle()
            index = self._turn_at(turn_index)
            question = self._past[index].turn.question
            self._take_back(index)
            return question

    def answer_now(self) -> None:
        """Have a question that waits for documents answered from what has been read; one being answered goes on."""
        with self._lock:
            if self._running is not None:
                self._running.now.set()

    def stop(self) -> None:
        """Stop waiting, or the running answer within one token; what was written is kept."""
        with self._lock:
            if self._running is not None:
                self._running.stop.set()

    def clear(self) -> None:
        """Forget the turns, also on disk; the read documents stay. Raises ChatBusyError while an answer is written."""
        with self._lock:
            self._check_idle()
            self._take_back(0)

    # -- settings ----------------------------------------------------------------------------------------------------

    def preview_settings(self, settings: ChatSettings) -> ReadingEstimate:
        """What `update_settings` would have to read again (tokens 0: nothing)."""
        settings.check_fits(self._resources.max_positions)
        states = self._reader.states()
        exact = all(state.tokens_exact for state in states)
        total = sum(state.tokens_total for state in states)
        texts = [entry.text for entry in self._reader.entries()]
        estimate = self._resources.estimate(settings, texts, total, exact)
        return replace(estimate, tokens=0, seconds=0.0) if settings.same_reading(self._settings) else estimate

    def update_settings(self, settings: ChatSettings) -> None:
        """Sampling changes at once; memory, sinks, window or system prompt start the reading anew.

        Raises ChatBusyError while an answer is being written and the reading would have to start anew.
        """
        settings.check_fits(self._resources.max_positions)
        with self._lock:
            self._check_open()
            same = settings.same_reading(self._settings)
            if not same:
                self._check_idle()
                self._resources.layout(settings.system_prompt)
            self._settings = settings
            if not same:
                self._restart_reading(self._reader.entries(), [])
            self._store()
        self._reader.start()

    def rename(self, title: str) -> None:
        """Give the chat a title of its own. Raises ChatError for an empty one."""
        title = given_title(title)
        with self._lock:
            self._title = title
            self._store()

    def close(self, *, delete: bool = False) -> None:
        """Stop everything within one token or chunk and free the caches; `delete` also forgets the chat on disk."""
        with self._lock:
            self._closed = True
            self.stop()
            self._reader.close()
            self._caches.close()
            self._head = None
            if delete:
                self._disk.delete()

    def join(self, timeout: float) -> bool:
        """Wait until the answer and the reading in progress have ended, at most `timeout` seconds each; True when they
        have."""
        running = self._running
        ended = True
        if running is not None and running.thread is not None:
            running.thread.join(timeout)
            ended = not running.thread.is_alive()
        with self._lock:
            readers = [*self._left, self._reader]
        for reader in readers:
            ended = reader.join(timeout) and ended
        return ended

    # -- answering ---------------------------------------------------------------------------------------------------

    def _answer(self, index: int, question: str, now: bool) -> EventStream[ChatEvent]:
        self._check_idle()
        running = Running(index, Draft(check_question(self._resources, self._settings, question)))
        self._running = running
        if index == len(self._past):
            self._store_draft(running)  # a question is kept from the moment it is asked

        if now:
            running.now.set()

        def work(emit: Callable[[ChatEvent], None], stop: threading.Event) -> None:
            def tell(event: ChatEvent) -> None:
                running.latest = event
                emit(event)

            emit(self._run(running, tell, stop.is_set))

        # The chat keeps no reference to the stream, so that dropping it ends the answer.
        stream = EventStream(work, name=f"answer-{self.id[:8]}", stop=running.stop)
        running.thread = stream.thread
        return stream

    def _run(
        self, running: Running, emit: Callable[[ChatEvent], None], should_stop: Callable[[], bool]
    ) -> ChatEvent:
        """Wait, answer, commit. Returns the last event, by when the chat takes the next question."""
        question, message = running.draft.question, ""
        try:
            if not running.now.is_set():
                wait_for_reading(self._reader, self._told, emit, should_stop, running.now)
            turn, head = self._write(running, emit, should_stop)
        except Cancelled:
            self._give_up(running, "")
            return AnswerCancelled(question)
        except ChatError as error:
            message = str(error)
        except Exception as error:
            log.exception("An answer failed")
            message = (
                f"The answer ended by an error ({type(error).__name__}: {error}); what was written is kept, and the "
                "terminal shows the details; ask again."
            )
        else:
            self._complete(running, turn, head)
            self._caches.spill()
            return AnswerFinished(running.index, turn)
        self._give_up(running, message)
        return AnswerFailed(question, message)

    def _write(
        self, running: Running, emit: Callable[[ChatEvent], None], should_stop: Callable[[], bool]
    ) -> tuple[Turn, Head]:
        resources, reader, caches = self._resources, self._reader, self._caches
        began = time.monotonic()

        def on_wait(ticket: Ticket) -> None:
            emit(Waiting(time.monotonic() - began, ticket.place))

        def on_event(event: PromptRead | AnswerToken) -> None:
            if isinstance(event, AnswerToken):
                self._begin_or_save(running)
            emit(event)

        with resources.device_unless(should_stop, on_wait) as mine:
            if not mine:
                raise Cancelled
            reader.prepare()
            known = what_is_read(reader.states(), running.index)
            emit(known)
            head = self._head_before(running.index)
            missing = self._past[head.turns : running.index]
            replayed = replay(resources, reader.layout, head, missing, should_stop, emit)
            if replayed is None:
                raise Cancelled
            head = replayed
            if running.index and not caches.has(
                running.index
            ):  # before the first the documents' own cache serves
                caches.keep(head.clone())
            with self._lock:
                if self._closed:
                    raise Cancelled
                self._head = head  # shown while the answer is written
            turn, head = write_answer(
                resources,
                reader.layout,
                head,
                self._settings,
                running.draft,
                known,
                self._live,
                should_stop,
                on_event,
            )
        if turn.state is TurnState.STOPPED and not running.draft.token_ids:
            raise Cancelled
        return turn, head

    def _head_before(self, index: int) -> Head:
        """A cache that has read the documents and at most the turns before this one. Needs the device."""
        length = self._reader.length()
        with self._lock:
            head, self._head = self._head, None
        self._caches.forget_other(length)
        if head is not None and head.turns == index and head.documents_length == length:
            return head
        del head  # one cache less while another is copied
        kept = self._caches.restore(index, length)
        return kept if kept is not None else first_head(self._resources, self._reader)

    def _begin_or_save(self, running: Running) -> None:
        with self._lock:
            now = time.monotonic()
            if not running.begun:
                running.begun = True
                del self._past[running.index :]
                self._caches.forget_from(running.index + 1)
            elif now - running.saved_at < _SAVE_ANSWER_SECONDS:
                return
            self._store_draft(running)
            running.saved_at = now

    def _complete(self, running: Running, turn: Turn, head: Head | None) -> None:
        with self._lock:
            del self._past[running.index :]
            self._caches.forget_from(running.index + 1)
            self._past.append(PastTurn(turn, tuple(running.draft.token_ids)))
            self._head = None if self._closed else head
            self._running = None
            self._store()
            self._disk.save_turn(running.index, self._past[-1])

    def _give_up(self, running: Running, message: str) -> None:
        """End an answer that was not finished: what was written is kept, else the transcript is as it was."""
        if running.draft.token_ids:
            turn = replace(running.draft.turn(), state=TurnState.FAILED, message=message)
            self._complete(running, turn, None)
            return
        with self._lock:
            self._head = None
            self._running = None
            if running.index == len(self._past) and not self._closed:  # what a closed page asked is not lost
                self._disk.forget_turns(running.index)

    # -- helpers, all under the lock ---------------------------------------------------------------------------------

    def _begin_reading(self, entries: Sequence[Entry], plan: Sequence[Segment]) -> tuple[Reader, TurnCaches]:
        settings = self._settings
        reader = Reader(self._resources, settings, self._live, self._reading_changed)
        for entry in entries:
            reader.add(entry)
        reader.remember(plan)
        caches = TurnCaches(
            self._resources.turns_folder / self.id, lambda: self._resources.make_cache(settings)
        )
        return reader, caches

    def _read_again_from(self, document_id: str, entries: Sequence[Entry]) -> None:
        """Keep what was read before this document, and read the rest of `entries` anew."""
        plan = self._reader.plan()
        first = next((i for i, segment in enumerate(plan) if segment.document_id == document_id), len(plan))
        self._restart_reading(entries, plan[:first])

    def _restart_reading(self, entries: Sequence[Entry], plan: Sequence[Segment]) -> None:
        self._reader.close()
        self._left.append(self._reader)
        self._left = [reader for reader in self._left if not reader.join(timeout=0)]
        self._caches.close()
        self._head = None
        fresh = [replace(entry, phase=ReadPhase.QUEUED, message="", pages_counted=0) for entry in entries]
        self._reader, self._caches = self._begin_reading(fresh, plan)
        self._store()

    def _reading_changed(self) -> None:
        with self._lock:
            head = self._head
            if head is not None and self._running is None and head.documents_length != self._reader.length():
                self._head = None  # more has been read: its turns are replayed over that
            self._store()

    def _take_back(self, index: int) -> None:
        """Forget the turns from that one on, but not the copy before it, from which the next question goes on."""
        del self._past[index:]
        self._head = None
        self._caches.forget_from(index + 1)
        self._disk.forget_turns(index)
        self._store()

    def _shown_cache(self) -> Cache | None:
        with self._lock:
            return self._head.cache if self._head is not None else self._reader.cache

    def _turn_at(self, index: int) -> int:
        count = len(self._past)
        if not -count <= index < count:
            raise ChatError(
                f"There is no turn {index} in this chat of {count}, so nothing was changed; choose one it has."
            )
        return index % count

    def _check_open(self) -> None:
        if self._closed:
            raise ChatClosedError(
                "This chat is closed, so nothing can be done in it; open it again from the list."
            )

    def _check_idle(self) -> None:
        self._check_open()
        if self._running is not None:
            raise ChatBusyError(
                "This chat is still writing an answer, so it takes nothing else; wait for it or stop it first."
            )

    def _store(self) -> None:
        entries = self._reader.entries()
        if entries or self._past or self._running is not None:
            self._disk.save(self.title, bool(self._title), self._settings, entries, self._reader.plan())

    def _store_draft(self, running: Running) -> None:
        self._store()
        draft = running.draft
        self._disk.save_turn(running.index, PastTurn(draft.turn(), tuple(draft.token_ids)))
