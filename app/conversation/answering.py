"""The answer to a question of a chat, from asking to the committed turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
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
from app.conversation.errors import ChatError
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerToken,
    ChatEvent,
    PromptRead,
    Recalled,
    Turn,
    TurnState,
    Waiting,
)
from app.conversation.evidence import NO_EVIDENCE, Evidence, Review
from app.conversation.question import check_question
from app.conversation.recalling import judged, look_up, still_holds
from app.conversation.review import review
from app.conversation.streams import EventStream
from app.conversation.turns import Head

if TYPE_CHECKING:
    from app.conversation.device import Ticket
    from app.conversation.lookup import Found
    from app.conversation.state import ChatState

_SAVE_ANSWER_SECONDS = 2.0
log = logging.getLogger(__name__)


class Answering:
    """Answers the questions of one chat, one at a time."""

    def __init__(self, state: ChatState) -> None:
        self._state = state

    def start(
        self, index: int, question: str, now: bool, kept: Evidence = NO_EVIDENCE
    ) -> EventStream[ChatEvent]:
        """Answer `question` as the turn `index`. Needs the lock.

        kept: what was looked up when it was answered before; it is used again while the documents are the same.
        Raises ChatBusyError, and ChatError for a question that cannot be asked.
        """
        self._state.check_idle()
        question = check_question(self._state.resources, self._state.settings, question)
        tree, past = self._state.tree, self._state.past
        draft = Draft(question, evidence=kept)
        running = Running(index, draft, tree.next_id(), self._state.parent_at(index))
        self._state.running = running
        if index == len(past) or question != past[index].turn.question:
            self._state.store_draft(running)  # a question is kept from the moment it is asked

        if now:
            running.now.set()

        def work(emit: Callable[[ChatEvent], None], stop: threading.Event) -> None:
            def tell(event: ChatEvent) -> None:
                running.latest = event
                emit(event)

            emit(self._run(running, tell, stop.is_set))

        # The chat keeps no reference to the stream, so that dropping it ends the answer.
        stream = EventStream(work, name=f"answer-{self._state.chat_id[:8]}", stop=running.stop)
        running.thread = stream.thread
        return stream

    def _run(
        self, running: Running, emit: Callable[[ChatEvent], None], should_stop: Callable[[], bool]
    ) -> ChatEvent:
        """Wait, answer, commit. Returns the last event, by when the chat takes the next question."""
        question, message = running.draft.question, ""
        try:
            found = self._look_up(running, emit)
            if not running.now.is_set():
                wait_for_reading(self._state.reader, self._state.told, emit, should_stop, running.now)
            turn, head = self._write(running, found, emit, should_stop)
            turn = replace(turn, review=self._review(turn))
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
            self._state.caches.spill()
            return AnswerFinished(running.index, turn)
        self._give_up(running, message)
        return AnswerFailed(question, message)

    def _look_up(self, running: Running, emit: Callable[[ChatEvent], None]) -> Found | None:
        """Have words find the quotes at once, so that they are there while the question waits."""
        state, draft = self._state, running.draft
        texts = [entry.text for entry in state.reader.entries()]
        found = None
        if not still_holds(draft.evidence, state.settings, texts):
            history = [past.turn.question for past in state.past[: running.index]]
            found = look_up(state.resources, state.settings, draft.question, history, texts)
            draft.evidence = NO_EVIDENCE if found is None else found.evidence()
        if draft.evidence.found is not None:
            emit(Recalled(running.index, draft.evidence, found is None or not state.resources.judges))
        return found

    def _review(self, turn: Turn) -> Review:
        """The finished answer held against the documents."""
        state = self._state
        texts = [entry.text for entry in state.reader.entries()]
        return review(state.resources.lookup, turn.answer, turn.question, turn.evidence, texts)

    def _write(
        self,
        running: Running,
        found: Found | None,
        emit: Callable[[ChatEvent], None],
        should_stop: Callable[[], bool],
    ) -> tuple[Turn, Head | None]:
        """Answer over a copy of the cache that reads the quotes first; the head for the next turn never reads them."""
        resources, reader, caches = self._state.resources, self._state.reader, self._state.caches
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
            missing = self._state.past[head.turns : running.index]
            replayed = replay(resources, reader.layout, head, missing, should_stop, emit)
            if replayed is None:
                raise Cancelled
            head = replayed
            if running.index and not caches.has(
                running.index
            ):  # before the first the documents' own cache serves
                caches.keep(head.clone())
            if found is not None and (better := judged(resources, found, should_stop)) is not None:
                running.draft.evidence = better
                emit(Recalled(running.index, better, True))
            quoted = bool(running.draft.evidence.passages)
            asked = head.clone() if quoted else head
            with self._state.lock:
                if self._state.closed:
                    raise Cancelled
                self._state.head = asked  # shown while the answer is written
            turn, after = write_answer(
                resources,
                reader.layout,
                asked,
                self._state.settings,
                running.draft,
                known,
                self._state.live,
                should_stop,
                on_event,
            )
            if turn.state is TurnState.STOPPED and not running.draft.token_ids:
                raise Cancelled
            if quoted:
                # Where the reader does not wait for it, the next question reads this turn first.
                past = PastTurn(turn, tuple(running.draft.token_ids))
                after = replay(resources, reader.layout, head, [past], should_stop, lambda _: None)
        return turn, after

    def _head_before(self, index: int) -> Head:
        """A cache that has read the documents and at most the turns before this one. Needs the device."""
        length = self._state.reader.length()
        with self._state.lock:
            head, self._state.head = self._state.head, None
        self._state.caches.forget_other(length)
        if head is not None and head.turns == index and head.documents_length == length:
            return head
        del head  # one cache less while another is copied
        kept = self._state.caches.restore(index, length)
        return kept if kept is not None else first_head(self._state.resources, self._state.reader)

    def _begin_or_save(self, running: Running) -> None:
        with self._state.lock:
            now = time.monotonic()
            if not running.begun:
                running.begun = True
                self._state.caches.forget_from(running.index + 1)
            elif now - running.saved_at < _SAVE_ANSWER_SECONDS:
                return
            self._state.store_draft(running)
            running.saved_at = now

    def _complete(self, running: Running, turn: Turn, head: Head | None) -> None:
        past = PastTurn(turn, tuple(running.draft.token_ids))
        with self._state.lock:
            self._state.caches.forget_from(running.index + 1)
            self._state.tree.put(running.id, running.parent, past)
            self._state.head = None if self._state.closed else head
            self._state.running = None
            self._state.store()
            self._state.disk.save_turn(running.id, running.parent, past)

    def _give_up(self, running: Running, message: str) -> None:
        """End an answer that was not finished: what was written is kept, else the transcript is as it was."""
        if running.draft.token_ids:
            turn = replace(running.draft.turn(), state=TurnState.FAILED, message=message)
            self._complete(running, turn, None)
            return
        with self._state.lock:
            self._state.head = None
            self._state.running = None
            if not self._state.closed:  # what a closed page asked is not lost
                versions = self._state.tree.children(running.parent)
                self._state.disk.delete_turns([running.id])
                self._state.disk.show_turn(
                    running.parent, next((node.id for node in versions if node.shown), None)
                )
