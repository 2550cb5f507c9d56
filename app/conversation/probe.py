"""What the memory alone knows: cloze questions about what has left the window, answered from the logits.

The same questions go to the window alone and to the AHN, each having read the same documents. Neither writes anything:
the choice with the highest mean log-probability a token is its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversation.answers import DOCUMENTS_END, Cancelled
from app.conversation.cloze import Cloze, cloze_questions
from app.conversation.compare import read_documents
from app.conversation.errors import ChatError
from app.conversation.events import ClozeAnswered, ProbeEnded, ProbeEvent, ProbeStarted, Reading
from app.conversation.live import LiveStats
from app.conversation.settings import ChatSettings, MemoryKind
from app.sentences import Sentence

if TYPE_CHECKING:
    from app.conversation.reading import Reader
    from app.conversation.resources import Resources
    from app.store import Document

QUESTIONS = 10
FEWEST = 4  # questions below which a score would say nothing
KINDS: tuple[MemoryKind, ...] = ("ahn", "window")  # the AHN first: its reading is often kept from the chat


class Probing:
    """One probe. Calling it does the work, in the calling thread; one cache exists at a time."""

    def __init__(self, resources: Resources, documents: Sequence[Document], settings: ChatSettings) -> None:
        """Raises ChatError where there is no document to ask about."""
        if not documents:
            raise ChatError(
                Sentence("This chat has no document, so there is nothing to ask about; add one first.")
            )
        settings.check_fits(resources.max_positions)
        self._resources, self._documents, self._settings = resources, documents, settings

    def __call__(self, emit: Callable[[ProbeEvent], None], stop: threading.Event) -> None:
        """Read and ask with each kind of memory in turn, and end with `ProbeEnded`."""
        questions: list[Cloze] | None = None
        try:
            for kind in KINDS:

                def tell(event: Reading, kind: MemoryKind = kind) -> None:
                    emit(ProbeEvent(kind, event))

                settings = replace(self._settings, memory=kind)
                live = LiveStats(self._resources.device)
                reader = read_documents(self._resources, self._documents, settings, live, tell, stop.is_set)
                if questions is None:
                    questions = self._questions(reader)
                    emit(
                        ProbeEvent(None, ProbeStarted(tuple(questions), self._resources.model.memory_trained))
                    )
                for index, question in enumerate(questions):
                    emit(ProbeEvent(kind, ClozeAnswered(index, self._ask(reader, question, stop.is_set))))
                reader.close()
        except Cancelled:
            emit(ProbeEvent(None, ProbeEnded(cancelled=True)))
        except ChatError as error:
            emit(ProbeEvent(None, ProbeEnded(message=str(error))))
        else:
            emit(ProbeEvent(None, ProbeEnded()))

    def _questions(self, reader: Reader) -> list[Cloze]:
        text = self._evicted_text(reader)
        if not text:
            size = self._settings.attention_sinks + self._settings.sliding_window
            raise ChatError(
                Sentence(
                    "The documents have {tokens:,} tokens, and sinks and window hold {size:,} word for "
                    "word, so nothing has gone into the memory yet; add a longer document, or choose a "
                    "smaller window in Settings.",
                    tokens=reader.length(),
                    size=size,
                )
            )
        questions = cloze_questions(text, QUESTIONS, seed=" ".join(d.id for d in self._documents))
        if len(questions) < FEWEST:
            raise ChatError(
                Sentence(
                    "What has left the window gives {count} of at least {fewest} questions about names, "
                    "numbers or long words, so a score would say nothing; add a longer document.",
                    count=len(questions),
                    fewest=FEWEST,
                )
            )
        return questions

    def _evicted_text(self, reader: Reader) -> str:
        """The documents' text that is neither in the sinks nor in the window."""
        cache = reader.cache
        assert cache is not None, "documents were read"
        stats = cache.stats(per_layer=False)
        first, last = stats.sink_tokens, stats.seq_length - stats.window_tokens
        texts = []
        for segment in reader.plan():
            tokens = self._resources.tokens.get(segment.text, lambda _: None, lambda: False)
            assert tokens is not None, "nothing stops the count"
            to_document = segment.start - segment.offset
            span = slice(
                max(first + to_document, segment.start), max(0, min(last + to_document, segment.done))
            )
            texts.append(self._resources.tokenizer.decode(tokens.ids[span].tolist()))
        return "\n\n".join(text for text in texts if text.strip())

    def _ask(self, reader: Reader, question: Cloze, should_stop: Callable[[], bool]) -> tuple[float, ...]:
        """The probability of each of the choices among the four, the right one first."""
        from ahn_core.eval.losses import choice_probabilities  # pulls in torch

        resources = self._resources
        with resources.device_unless(should_stop) as mine:
            if not mine:
                raise Cancelled
            prompt = resources.encoder.encode(f"{DOCUMENTS_END}The text says: “… {question.cue}")
            choices = [resources.encoder.encode(f" {choice}") for choice in question.choices]
            return choice_probabilities(resources.model, reader.prepare(), prompt, choices)
