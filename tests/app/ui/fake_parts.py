"""What the fake engine of the page's tests tells, and the small stand-ins around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from app.conversation.cloze import Cloze
from app.conversation.events import (
    AnswerFigures,
    AnswerToken,
    ClozeAnswered,
    CompareEvent,
    Comparison,
    Difference,
    PaneFailed,
    PaneFinished,
    ProbeEnded,
    ProbeEvent,
    ProbeStarted,
    Reading,
    ReadPhase,
    ReadState,
)
from app.conversation.evidence import (
    NO_EVIDENCE,
    NO_REVIEW,
    Evidence,
    Review,
    TurnCheck,
    TurnQuote,
    UsedPassage,
)
from app.store import Document

TOKENS_PER_PAGE = 360
CHUNK = 512
NBYTES = 52_400_000
BYTES_PER_TOKEN = 46_080
QUOTE = "No open fire in the granary, and no lamp oil is sold after dusk."
ANSWER = "Chapter 7 forbids **open fire** in the granary, and the sale of lamp oil after dusk [see page 141]."


def figures(
    answer: str, read: int, total: int, *, seconds: float = 0.3, read_all: bool = True
) -> AnswerFigures:
    """Plausible figures of one answer."""
    tokens = len(answer.split())
    return AnswerFigures(
        reason="end", prompt_tokens=21, generated_tokens=tokens, prefill_seconds=0.1, prefill_tokens_per_second=640.0,
        decode_seconds=tokens / 74, decode_tokens_per_second=74.2, time_to_first_token=seconds, cache_nbytes=NBYTES,
        full_attention_bytes=BYTES_PER_TOKEN * read, sequence_length=read + tokens, tokens_read=read,
        tokens_total=total,
        pages_read=read // TOKENS_PER_PAGE, pages_total=total // TOKENS_PER_PAGE, read_all=read_all,
    )  # fmt: skip


class FakeLibrary:
    """Documents in a dictionary."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}

    def add(self, extracted: Any, original: Any = None) -> Document:
        document = Document(
            extracted.sha256[:16], extracted.name, extracted.kind, len(extracted.pages), sum(map(len, extracted.pages)),
            extracted.pages_without_text, datetime.now(timezone.utc),
        )  # fmt: skip
        return self.documents.setdefault(document.id, document)

    def list(self) -> list[Document]:
        return list(self.documents.values())


class Stream(Iterator[Any]):
    """Events of a generator that may be asked to stop."""

    def __init__(self, make: Callable[[threading.Event], Iterator[Any]]) -> None:
        self._stop = threading.Event()
        self._events = make(self._stop)

    def __next__(self) -> Any:
        return next(self._events)

    def stop(self) -> None:
        self._stop.set()

    close = stop


class FakePresetRows:
    """Saved presets in a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.chosen = ""

    def all(self) -> dict[str, dict[str, Any]]:
        return dict(self.rows)

    def save(self, name: str, settings: dict[str, Any]) -> None:
        self.rows[name] = settings

    def delete(self, name: str) -> bool:
        self.chosen = "" if self.chosen == name else self.chosen
        return self.rows.pop(name, None) is not None

    def for_new_chats(self) -> str:
        return self.chosen

    def choose_for_new_chats(self, name: str) -> None:
        self.chosen = name


def evidence_of(documents: Sequence[ReadState], recall: bool) -> Evidence:
    """One quote of the first document."""
    if not documents or not recall:
        return NO_EVIDENCE
    one = documents[0]
    quote = TurnQuote(
        one.document_id, one.name, 1, 2, "2", ((2, 0, len(QUOTE)),), QUOTE, (0, len(QUOTE)), 1.0
    )
    passage = UsedPassage(one.document_id, one.name, 1, 2, "2", quote.places, QUOTE, (0,))
    return Evidence((passage,), (quote,), True, ((one.document_id, 1),), "beside", 40, 1)


def review_of(answer: str, documents: Sequence[ReadState]) -> Review:
    """The page that the answer names, which stands nowhere."""
    at = answer.find("141")
    if at < 0 or not documents:
        return NO_REVIEW
    return Review((), (TurnCheck("141", at, at + 3, "number", "absent"),), "partly")


def compared(
    documents: Sequence[Document], said: str, pace: float, stop: threading.Event
) -> Iterator[CompareEvent]:
    """What a comparison tells: full attention gives up where the documents are long."""
    tokens = sum(document.page_count for document in documents) * TOKENS_PER_PAGE
    name = documents[0].name if documents else "nothing"
    panes = {"window": said, "ahn": said.replace("the sale of", "the storage of")}
    long = tokens > 8192
    if long:
        sentence = f"The documents have {tokens:,} tokens, over the 8,192 trained for; choose shorter ones."
        yield CompareEvent("full", PaneFailed(sentence))
    else:
        panes = {"full": said, "window": said, "ahn": said}
    for kind, answer in panes.items():
        for part in range(1, 6):
            state = ReadState("d", name, ReadPhase.READING, 1, 0, (), 0, tokens, True, 640.0, 1.0, NBYTES)
            yield CompareEvent(kind, Reading(state, part / 5))  # type: ignore[arg-type]
            if stop.wait(pace):
                yield CompareEvent(None, Comparison((), False, True))
                return
        for number, word in enumerate(answer.split(" ")):
            yield CompareEvent(kind, AnswerToken(word if not number else f" {word}", 0.1, number + 1, 74.2))  # type: ignore[arg-type]
            time.sleep(pace)
        yield CompareEvent(kind, PaneFinished(answer, (), (), figures(answer, tokens, tokens)))  # type: ignore[arg-type]
    first, second = panes["window"], panes["ahn"]
    place = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), None)
    pairs = [Difference("window", "ahn", place, place)]
    if not long:
        pairs += [Difference("full", "window", None, None), Difference("full", "ahn", None, None)]
    yield CompareEvent(None, Comparison(tuple(pairs), not long, False))


def probed(trained: bool, pace: float, stop: threading.Event) -> Iterator[ProbeEvent]:
    """What a probe tells: six of ten with the memory, none without."""
    questions = tuple(Cloze(f"cue {i}", f"Right{i}", ("Wrong", "Worse", "Worst")) for i in range(10))
    yield ProbeEvent(None, ProbeStarted(questions, trained))
    for kind, share in (("ahn", 0.6), ("window", 0.2)):
        for index in range(10):
            if stop.wait(pace):
                yield ProbeEvent(None, ProbeEnded(cancelled=True))
                return
            rest = (1 - share) / 3
            yield ProbeEvent(kind, ClozeAnswered(index, (share, rest, rest, rest)))  # type: ignore[arg-type]
    yield ProbeEvent(None, ProbeEnded())
