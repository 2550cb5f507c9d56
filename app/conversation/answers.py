"""Writing one answer over a cache that has read the documents and the turns before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.conversation.errors import ChatError
from app.conversation.events import (
    AnswerFigures,
    AnswerPiece,
    AnswerStarted,
    AnswerToken,
    ChatEvent,
    PromptRead,
    ReadPhase,
    ReadState,
    Turn,
    TurnState,
    Waiting,
)
from app.conversation.evidence import NO_EVIDENCE, Evidence
from app.conversation.loops import begun, looping
from app.conversation.quoting import QUESTION_AGAIN, budget, quoted_question
from app.conversation.settings import DEFAULT_REPETITION_PENALTY, ChatSettings
from app.conversation.turns import Head
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core import Finished, SamplingSettings
    from app.conversation.live import LiveStats
    from app.conversation.prompt import PromptLayout
    from app.conversation.reading import Reader
    from app.conversation.resources import Resources

DOCUMENTS_END = "\n\n---\n\n"  # between the documents, or what has been read of them, and the question
_PUBLISH_EVERY = 16  # tokens
_WAITING_SECONDS = 0.1  # between two looks at the reading that is waited for


@dataclass(frozen=True)
class PastTurn:
    """A turn as it is fed again: its answer's own tokens where this tokenizer wrote them."""

    turn: Turn
    token_ids: tuple[int, ...] | None


@dataclass
class Draft:
    """An answer while it is being written; read by other threads."""

    question: str
    pieces: list[AnswerPiece] = field(default_factory=list)
    token_ids: list[int] = field(default_factory=list)
    evidence: Evidence = NO_EVIDENCE
    model: str = ""

    def turn(self) -> Turn:
        """The turn so far."""
        pieces = tuple(self.pieces)
        text = "".join(piece.text for piece in pieces)
        return Turn(
            self.question, text, TurnState.ANSWERING, pieces, evidence=self.evidence, model=self.model
        )


class Cancelled(Exception):
    """The answer was stopped before its first token, or the comparison."""


@dataclass
class Running:
    """The answer a chat is waiting for or writing.

    index: its place in the transcript. id, parent: its place in the tree of turns.
    """

    index: int
    draft: Draft
    id: int = 1
    parent: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    now: threading.Event = field(default_factory=threading.Event)  # do not wait for the documents any longer
    latest: ChatEvent | None = None  # what was last told of it
    thread: threading.Thread | None = None
    begun: bool = False  # its first token has come, and it is shown in place of the version before it
    saved_at: float = 0.0


def wait_for_reading(
    reader: Reader,
    told: set[tuple[str, str]],
    emit: Callable[[Waiting], None],
    should_stop: Callable[[], bool],
    now: threading.Event,
) -> None:
    """Wait until nothing is left to read, or `now` is set. Raises Cancelled once `should_stop` is true.

    Raises ChatError for a reading that failed and is not in `told`, which gets it: the next question is answered.
    """
    began = time.monotonic()
    while (state := reader.active) is not None:
        if should_stop():
            raise Cancelled
        reader.start()
        emit(Waiting(time.monotonic() - began, 0, state))
        if now.wait(_WAITING_SECONDS):
            return
    if should_stop():
        raise Cancelled
    for state in reader.states():
        failure = (state.document_id, state.message)
        if state.phase is ReadPhase.FAILED and failure not in told:
            told.add(failure)
            raise ChatError(state.message)


def what_is_read(states: Sequence[ReadState], turn_index: int) -> AnswerStarted:
    """How much of the documents an answer given now knows."""
    return AnswerStarted(
        turn_index=turn_index,
        tokens_read=sum(state.tokens_done for state in states),
        tokens_total=sum(state.tokens_total for state in states),
        pages_read=sum(state.pages_done for state in states if state.phase is not ReadPhase.COUNTING),
        pages_total=sum(state.page_count for state in states),
        read_all=all(state.phase is ReadPhase.DONE for state in states),
    )


def with_documents_end(resources: Resources, reader: Reader, head: Head) -> Head:
    """The head with what comes between the documents and the first question, where it has read no turn."""
    if head.turns:
        return head
    pending = resources.encoder.encode(DOCUMENTS_END) if reader.plan() else []
    return replace(head, pending=tuple(pending))


def replay(
    resources: Resources,
    layout: PromptLayout,
    head: Head,
    past: Sequence[PastTurn],
    should_stop: Callable[[], bool],
    emit: Callable[[PromptRead], None],
) -> Head | None:
    """Feed turns that were answered over another cache; None where `should_stop` came true. Needs the device."""
    from ahn_core import prefill

    for entry in past:
        state = entry.turn.state
        if state is TurnState.TOLD or (
            state is TurnState.FAILED and not entry.turn.answer
        ):  # the model never saw it
            head = replace(head, turns=head.turns + 1)
            continue
        answer = (
            entry.token_ids if entry.token_ids is not None else resources.encoder.encode(entry.turn.answer)
        )
        ids = [*head.pending, *resources.encoder.encode(entry.turn.question), *layout.asking, *answer]
        done = 0
        for progress in prefill(resources.model, ids, head.cache, should_stop=should_stop):
            done = progress.tokens_done
            emit(PromptRead(done, progress.tokens_total, progress.tokens_per_second))
        if done < len(ids):
            return None
        head = replace(head, turns=head.turns + 1, pending=layout.next_question)
    return head


def write_answer(
    resources: Resources,
    layout: PromptLayout,
    head: Head,
    settings: ChatSettings,
    draft: Draft,
    known: AnswerStarted,
    live: LiveStats,
    should_stop: Callable[[], bool],
    emit: Callable[[PromptRead | AnswerToken], None],
) -> tuple[Turn, Head | None]:
    """Feed the draft's question, after the quotes there are for it, and write the answer into the draft.

    Needs the device. Returns the turn and the head after it, which has read the quotes too. An answer that goes round
    in circles is ended, and has its round once; the cache has read more of it, so there is no head then.
    Raises ChatError where a full cache has no room for the question.
    """
    from ahn_core import PrefillProgress, Token, stream_generate

    asked = draft.question
    if draft.evidence.passages or draft.evidence.quotes:
        asking = resources.count_tokens(draft.question) + len(layout.asking)
        size = budget(settings, asking)
        if (
            settings.memory == "full"
        ):  # which has no room to spare at the end of what the model was trained for
            left = resources.max_positions - head.cache.get_seq_length() - settings.max_new_tokens - asking
            size = max(min(size, left), 0)
        asked, read, tokens = quoted_question(draft.evidence, draft.question, size, resources.count_tokens)
        draft.evidence = replace(draft.evidence, read=read, tokens=tokens)
    prompt = [*head.pending, *resources.encoder.encode(asked), *layout.asking]
    room = settings.max_new_tokens
    if settings.memory == "full":
        room = min(room, resources.max_positions - head.cache.get_seq_length() - len(prompt))
        if room < 1:
            raise ChatError(
                Sentence(
                    "Documents, turns and this question come to {tokens:,} tokens, but with full attention "
                    "this model is reliable only up to the {limit:,} it was trained for and answers with "
                    "noise beyond; clear the chat, or choose the AHN or the window memory in Settings.",
                    tokens=head.cache.get_seq_length() + len(prompt),
                    limit=resources.max_positions,
                )
            )

    def ended() -> bool:
        return should_stop() or looping(draft.token_ids, texts) > 0

    texts: list[str] = []  # of the tokens written
    finished: Finished | None = None
    decoding_since = time.perf_counter()
    for event in stream_generate(
        resources.model,
        resources.tokenizer,
        prompt,
        head.cache,
        max_new_tokens=room,
        sampling=_sampling(settings) if asked != draft.question else settings.sampling,
        stop=(QUESTION_AGAIN, *settings.stop) if asked != draft.question else settings.stop,
        should_stop=ended,
        top_logprobs=settings.top_logprobs,
    ):
        if isinstance(event, PrefillProgress):
            emit(PromptRead(event.tokens_done, event.tokens_total, event.tokens_per_second))
            decoding_since = time.perf_counter()
        elif isinstance(event, Token):
            draft.token_ids.append(event.token_id)
            texts.append(event.text)
            draft.pieces.append(AnswerPiece(event.text, event.memory_share))
            count = len(draft.token_ids)
            rate = count / max(time.perf_counter() - decoding_since, 1e-6)
            emit(AnswerToken(event.text, event.memory_share, count, rate, event.logprobs))
            if count % _PUBLISH_EVERY == 1:
                live.publish(head.cache)
        else:
            finished = event
    assert finished is not None, "a generation ends with its figures"
    written = "".join(piece.text for piece in draft.pieces)
    if (
        len(finished.text) > len(written) and draft.pieces
    ):  # what was held back for a character that never came
        last = draft.pieces[-1]
        draft.pieces[-1] = AnswerPiece(last.text + finished.text[len(written) :], last.memory_share)
    answer, figures = finished.text, _figures(finished, head, known)
    repeated = looping(draft.token_ids, texts)  # tokens at the end that say once more what was said
    if repeated:
        repeated += begun(texts[:-repeated])
        del draft.pieces[-repeated:], draft.token_ids[-repeated:]
        answer = "".join(piece.text for piece in draft.pieces)
        figures = replace(figures, reason="loop")
    turn = Turn(
        question=draft.question,
        answer=answer,
        state=TurnState.STOPPED if figures.reason == "cancelled" else TurnState.DONE,
        pieces=tuple(draft.pieces),
        figures=figures,
        evidence=draft.evidence,
        model=draft.model,
    )
    after = replace(head, turns=head.turns + 1, pending=layout.next_question)
    return turn, None if repeated else after


def _sampling(settings: ChatSettings) -> SamplingSettings:
    """How tokens are chosen after quotes: without the penalty that is there by default, as an answer may copy.

    Loops are ended anyway. A penalty that somebody chose stays.
    """
    chosen = settings.sampling
    default = chosen.repetition_penalty == DEFAULT_REPETITION_PENALTY
    return replace(chosen, repetition_penalty=1.0) if default else chosen


def _figures(finished: Finished, head: Head, known: AnswerStarted) -> AnswerFigures:
    stats = head.cache.stats(per_layer=False)
    return AnswerFigures(
        reason=finished.reason,
        prompt_tokens=finished.prompt_tokens,
        generated_tokens=finished.generated_tokens,
        prefill_seconds=finished.prefill_seconds,
        prefill_tokens_per_second=finished.prefill_tokens_per_second,
        decode_seconds=finished.decode_seconds,
        decode_tokens_per_second=finished.decode_tokens_per_second,
        time_to_first_token=finished.time_to_first_token or 0.0,
        cache_nbytes=stats.nbytes,
        full_attention_bytes=stats.full_attention_bytes,
        sequence_length=stats.seq_length,
        tokens_read=known.tokens_read,
        tokens_total=known.tokens_total,
        pages_read=known.pages_read,
        pages_total=known.pages_total,
        read_all=known.read_all,
        held_nbytes=stats.nbytes,
    )
