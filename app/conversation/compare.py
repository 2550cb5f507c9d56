"""The same documents and question, answered with one kind of memory after the other by one set of weights."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from app.conversation.answers import Cancelled, Draft, what_is_read, with_documents_end, write_answer
from app.conversation.entries import entry_of
from app.conversation.errors import ChatError
from app.conversation.events import (
    CompareEvent,
    Comparison,
    Difference,
    PaneEvent,
    PaneFailed,
    PaneFinished,
    Reading,
    ReadPhase,
    Recalled,
)
from app.conversation.live import LiveStats
from app.conversation.question import check_question
from app.conversation.reading import Reader
from app.conversation.recalling import judged, look_up
from app.conversation.settings import ChatSettings, MemoryKind
from app.sentences import Sentence

if TYPE_CHECKING:
    from app.conversation.resources import Resources
    from app.store import Document

log = logging.getLogger(__name__)


class Comparing:
    """One comparison. Calling it does the work, in the calling thread; only one pane's cache exists at a time."""

    def __init__(
        self,
        resources: Resources,
        documents: Sequence[Document],
        question: str,
        settings: ChatSettings,
        kinds: Sequence[MemoryKind],
    ) -> None:
        """Raises ChatError where there is nothing to compare or ask."""
        if not kinds:
            raise ChatError(
                Sentence("No kind of memory is chosen, so there is nothing to compare; choose at least one.")
            )
        if settings.sampling.seed is None and settings.sampling.temperature > 0:
            # Drawn once, so that panes with the same odds draw the same tokens.
            settings = replace(settings, sampling=replace(settings.sampling, seed=secrets.randbelow(2**31)))
        self._resources = resources
        self._documents = documents
        self._panes = {kind: replace(settings, memory=kind) for kind in kinds}
        for pane in self._panes.values():
            pane.check_fits(resources.max_positions)
        self._question = question.strip()
        if not self._question:
            raise ChatError(
                Sentence("The question is empty, so there is nothing to compare; type one first.")
            )

    def __call__(self, emit: Callable[[CompareEvent], None], stop: threading.Event) -> None:
        """Answer pane by pane and end with the `Comparison`."""
        finished: dict[MemoryKind, PaneFinished] = {}
        for kind, settings in self._panes.items():

            def tell(event: PaneEvent, kind: MemoryKind = kind) -> None:
                emit(CompareEvent(kind, event))

            event = self._pane(settings, tell, stop.is_set)
            if event is None:
                break
            tell(event)
            if isinstance(event, PaneFinished):
                finished[kind] = event
        emit(CompareEvent(None, self._compare(finished, cancelled=stop.is_set())))

    def _pane(
        self, settings: ChatSettings, emit: Callable[[PaneEvent], None], should_stop: Callable[[], bool]
    ) -> PaneFinished | PaneFailed | None:
        """One pane's last event; None where it was stopped."""
        if should_stop():
            return None
        try:
            return self._answer(settings, emit, should_stop)
        except Cancelled:
            return None
        except ChatError as error:
            return PaneFailed(str(error))
        except Exception as error:  # outermost level of this thread: whoever watches is told
            log.exception("A comparison's pane failed")
            return PaneFailed(
                Sentence(
                    "This pane ended by an error ({kind}: {error}), so it has no answer; the terminal shows "
                    "the details; compare again.",
                    kind=type(error).__name__,
                    error=str(error),
                )
            )

    def _answer(
        self, settings: ChatSettings, emit: Callable[[PaneEvent], None], should_stop: Callable[[], bool]
    ) -> PaneFinished:
        resources = self._resources
        question = check_question(resources, settings, self._question)
        live = LiveStats(resources.device)
        reader = read_documents(resources, self._documents, settings, live, emit, should_stop)
        draft = Draft(question)
        with resources.device_unless(should_stop, emit) as mine:
            if not mine:
                raise Cancelled
            reader.prepare()
            head = with_documents_end(resources, reader, reader.turns.head())
            known = what_is_read(reader.states(), 0)
            reader.close()  # it is the answer's now
            emit(known)
            texts = [document.text for document in self._documents]
            found = look_up(resources, settings, question, (), texts)
            if found is not None:
                draft.evidence = judged(resources, found, should_stop) or found.evidence()
                emit(Recalled(0, draft.evidence, True))
            turn, _ = write_answer(
                resources, reader.layout, head, settings, draft, known, live, should_stop, emit
            )
        if should_stop() or turn.figures is None:
            raise Cancelled
        return PaneFinished(turn.answer, tuple(draft.token_ids), turn.pieces, turn.figures, turn.evidence)

    def _compare(self, finished: dict[MemoryKind, PaneFinished], cancelled: bool) -> Comparison:
        differences = tuple(
            Difference(
                first,
                second,
                character=first_difference(finished[first].answer, finished[second].answer),
                token=first_difference(finished[first].token_ids, finished[second].token_ids),
            )
            for first, second in combinations(finished, 2)
        )
        within = bool(finished) and all(
            pane.figures.sequence_length <= settings.attention_sinks + settings.sliding_window
            for kind, settings in self._panes.items()
            if (pane := finished.get(kind)) is not None
        )
        return Comparison(differences, within, cancelled)


def read_documents(
    resources: Resources,
    documents: Sequence[Document],
    settings: ChatSettings,
    live: LiveStats,
    emit: Callable[[Reading], None],
    should_stop: Callable[[], bool],
) -> Reader:
    """A reader that has read all documents, or found their reading on disk.

    Raises ChatError where one cannot be read, Cancelled once `should_stop` is true.
    """

    def on_change() -> None:
        states = reader.states()
        state = next((state for state in states if state.active), None)
        if state is not None:
            total = sum(state.tokens_total for state in states)
            done, rate = sum(state.tokens_done for state in states), state.tokens_per_second
            emit(Reading(state, done / max(total, 1), None if rate is None else (total - done) / rate))

    reader = Reader(resources, settings, live, on_change)
    for document in documents:
        tokens, _ = resources.tokens.estimate(document)
        reader.line.add(entry_of(document, tokens))
    reader.run(should_stop)
    if should_stop():
        raise Cancelled
    for state in reader.states():
        if state.phase is ReadPhase.FAILED:
            raise ChatError(state.message)
    return reader


def first_difference(first: Sequence[object], second: Sequence[object]) -> int | None:
    """The first index at which two sequences differ, the end of the shorter one included; None where they are equal."""
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return None if len(first) == len(second) else min(len(first), len(second))
