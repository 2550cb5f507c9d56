"""The answer to a question of a chat, from asking to the committed turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversation.answers import (
    Cancelled,
    Draft,
    PastTurn,
    Running,
    replay,
    wait_for_reading,
    what_is_read,
    with_documents_end,
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
from app.conversation.turns import Head, TailLost
from app.sentences import Sentence

if TYPE_CHECKING:
    from app.conversation.lookup import Found
    from app.conversation.state import ChatState

_SAVE_ANSWER_SECONDS = 2.0
_LOOK_SECONDS = 0.1  # between two looks whether the cache is free
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
        draft = Draft(question, evidence=kept, model=self._state.resources.model.name)
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
            self._state.caches.settle()

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
            turn = self._written(running, found, emit, should_stop)
            turn = replace(turn, review=self._review(turn))
        except Cancelled:
            self._give_up(running, "")
            return AnswerCancelled(question)
        except ChatError as error:
            message = str(error)
        except Exception as error:  # outermost level of this thread: whoever watches is told
            log.exception("An answer failed")
            message = Sentence(
                "The answer ended by an error ({kind}: {error}); what was written is kept, and the terminal "
                "shows the details; ask again.",
                kind=type(error).__name__,
                error=str(error),
            )
        else:
            self._complete(running, turn)
            return AnswerFinished(running.index, turn)
        self._give_up(running, message)
        return AnswerFailed(question, message)

    def _look_up(self, running: Running, emit: Callable[[ChatEvent], None]) -> Found | None:
        """Have words find the quotes at once, so that they are there while the question waits."""
        state, draft = self._state, running.draft
        texts = state.reader.line.texts()
        found = None
        if not still_holds(draft.evidence, state.settings, texts):
            turns = [past.turn for past in state.past[: running.index]]
            history = [turn.question for turn in turns if turn.state is not TurnState.TOLD]
            found = look_up(state.resources, state.settings, draft.question, history, texts)
            draft.evidence = NO_EVIDENCE if found is None else found.evidence()
        if draft.evidence.found is not None:
            emit(Recalled(running.index, draft.evidence, found is None or not state.resources.judges))
        return found

    def _review(self, turn: Turn) -> Review:
        """The finished answer held against the documents."""
        state = self._state
        texts = state.reader.line.texts()
        return review(state.resources.lookup, turn.answer, turn.question, turn.evidence, texts)

    def _written(
        self,
        running: Running,
        found: Found | None,
        emit: Callable[[ChatEvent], None],
        should_stop: Callable[[], bool],
    ) -> Turn:
        """Wait for the reading and for the device, and answer."""
        state, began = self._state, time.monotonic()
        while True:
            if not running.now.is_set():
                wait_for_reading(state.reader, state.told, emit, should_stop, running.now)
            reader = state.reader
            while not reader.still.acquire(timeout=_LOOK_SECONDS):  # what was read is being kept on disk
                if should_stop():
                    raise Cancelled
                emit(Waiting(time.monotonic() - began, 0))
            try:
                return self._write(running, found, emit, should_stop)
            except TailLost:
                if state.closed:
                    raise Cancelled from None
                reader.begin_again()
            finally:
                reader.still.release()

    def _write(
        self,
        running: Running,
        found: Found | None,
        emit: Callable[[ChatEvent], None],
        should_stop: Callable[[], bool],
    ) -> Turn:
        """Answer in the chat's one cache. The quotes are read first and taken out again: the next turn never reads
        them."""
        resources, reader, caches = self._state.resources, self._state.reader, self._state.caches

        def on_event(event: PromptRead | AnswerToken) -> None:
            if isinstance(event, AnswerToken):
                self._begin_or_save(running)
            emit(event)

        with resources.device_unless(should_stop, emit) as mine:
            if not mine:
                raise Cancelled
            reader.prepare()
            known = what_is_read(reader.states(), running.index)
            emit(known)
            try:
                head = self._head_before(running.index, emit, should_stop)
                if found is not None and (better := judged(resources, found, should_stop)) is not None:
                    running.draft.evidence = better
                    emit(Recalled(running.index, better, True))
                caches.begin_turn()
                with self._state.lock:
                    if self._state.closed:
                        raise Cancelled
                turn, after = write_answer(
                    resources,
                    reader.layout,
                    head,
                    self._state.settings,
                    running.draft,
                    known,
                    self._state.live,
                    should_stop,
                    on_event,
                )
                if turn.state is TurnState.STOPPED and not running.draft.token_ids:
                    raise Cancelled
                with suppress(TailLost):  # the chat was closed
                    if running.draft.evidence.passages:
                        # Where the reader does not wait for it, the next question reads this turn first.
                        head = with_documents_end(resources, reader, caches.rewind(running.index))
                        caches.begin_turn()
                        past = PastTurn(turn, tuple(running.draft.token_ids))
                        after = replay(resources, reader.layout, head, [past], should_stop, lambda _: None)
                    if after is not None:
                        caches.end_turn(after)
            finally:
                with suppress(TailLost):
                    caches.rewind(running.index + 1)  # takes out what is left of a turn that was not ended
        return _with_all_held(turn, caches.held().nbytes)

    def _head_before(
        self, index: int, emit: Callable[[ChatEvent], None], should_stop: Callable[[], bool]
    ) -> Head:
        """The cache with the documents and the turns before this one, of which those that it has not are replayed.

        Needs the device. Raises Cancelled, TailLost.
        """
        resources, reader, caches = self._state.resources, self._state.reader, self._state.caches
        head = with_documents_end(resources, reader, caches.rewind(index))
        missing = self._state.past[head.turns : index]
        if missing:
            caches.begin_turn()
            replayed = replay(resources, reader.layout, head, missing, should_stop, emit)
            if replayed is None:
                raise Cancelled
            caches.end_turn(replayed)
            head = replayed
        return head

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

    def _complete(self, running: Running, turn: Turn) -> None:
        past = PastTurn(turn, tuple(running.draft.token_ids))
        with self._state.lock:
            self._state.tree.put(running.id, running.parent, past)
            self._state.running = None
            self._state.store()
            self._state.disk.save_turn(running.id, running.parent, past)

    def _give_up(self, running: Running, message: str) -> None:
        """End an answer that was not finished: what was written is kept, else the transcript is as it was."""
        if running.draft.token_ids:
            turn = replace(running.draft.turn(), state=TurnState.FAILED, message=message)
            self._complete(running, turn)
            return
        with self._state.lock:
            self._state.running = None
            if not self._state.closed:  # what a closed page asked is not lost
                versions = self._state.tree.children(running.parent)
                self._state.disk.delete_turns([running.id])
                self._state.disk.show_turn(
                    running.parent, next((node.id for node in versions if node.shown), None)
                )


def _with_all_held(turn: Turn, nbytes: int) -> Turn:
    if turn.figures is None or not nbytes:  # the chat was closed meanwhile
        return turn
    return replace(turn, figures=replace(turn.figures, held_nbytes=nbytes))
