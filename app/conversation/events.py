"""What a chat tells its listeners: frozen values, so that every number on the page has one source.

`Chat.ask`, `.regenerate` and `.edit` yield, in this order,

    Recalled?  ->  Waiting*  ->  AnswerStarted  ->  Recalled?  ->  PromptRead*  ->  AnswerToken*  ->  AnswerFinished

or end early with one `AnswerCancelled` (stopped before the first token: the transcript is as it was) or one
`AnswerFailed` (one sentence; the transcript is as it was unless tokens had been written, which are kept).
The first `Recalled` has the quotes that words choose, a moment after the question; the second, where it comes,
those that the model itself chose among the same passages.
`Engine.compare` yields `CompareEvent`s, each naming its pane, and one last with the `Comparison`; `Engine.probe` yields
`ProbeEvent`s, and one last with `ProbeEnded`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from app.conversation.cloze import Cloze
from app.conversation.evidence import (
    NO_EVIDENCE,
    NO_REVIEW,
    Evidence,
    Review,
    TurnCheck,
    TurnCitation,
    TurnQuote,
    UsedPassage,
)
from app.conversation.settings import MemoryKind

if TYPE_CHECKING:
    from ahn_core import TokenLogprobs


class ReadPhase(Enum):
    """Where a document stands. It moves downwards; PAUSED and FAILED go back to QUEUED on `resume_reading`."""

    QUEUED = "queued"  # waits for its turn, or for the documents before it
    COUNTING = "counting"  # its tokens are being counted, so that the time left is known
    READING = "reading"
    PAUSED = "paused"  # by the reader; what was read stays
    DONE = "done"
    FAILED = "failed"  # `ReadState.message` says why


@dataclass(frozen=True)
class ReadState:
    """How far one document of a chat has been read, as of now.

    Before the tokens are counted `tokens_total` is an estimate from the characters and `tokens_exact` is False.
    `tokens_per_second` is the rate of the last chunks, or, before the first one, the rate this model last read at
    (None where it never has); `seconds_left` follows from it. `cache_nbytes` is what the cache takes when all is read.
    `pages_done` counts the pages read to their end; while COUNTING, those counted.
    """

    document_id: str
    name: str
    phase: ReadPhase
    page_count: int
    pages_done: int
    pages_without_text: tuple[int, ...]
    tokens_done: int
    tokens_total: int
    tokens_exact: bool
    tokens_per_second: float | None
    seconds_left: float | None
    cache_nbytes: int
    message: str = ""  # one sentence for the reader, where there is something to say

    @property
    def fraction(self) -> float:
        """The share that has been read, in [0, 1]."""
        if self.phase is ReadPhase.DONE:
            return 1.0
        return min(self.tokens_done / self.tokens_total, 1.0) if self.tokens_total else 0.0

    @property
    def active(self) -> bool:
        """True while the document is in line, being counted or being read."""
        return self.phase in (ReadPhase.QUEUED, ReadPhase.COUNTING, ReadPhase.READING)


@dataclass(frozen=True)
class ReadingEstimate:
    """What reading documents would cost, before it starts: `seconds` is None until this model has read something.

    `tokens` are those still to be read: those of a reading kept on disk do not count.
    """

    tokens: int
    tokens_exact: bool
    tokens_per_second: float | None
    seconds: float | None
    cache_nbytes: int


class PageState(IntEnum):
    """What the model holds of a page: the half or more of its tokens that decide it; or that it was looked up."""

    UNREAD = 0
    COMPRESSED = 1
    VERBATIM = 2
    NO_TEXT = 3  # a scan, or an empty page: there is nothing to hold
    RECALLED = 4  # looked up for the last question, whatever the model holds of it


@dataclass(frozen=True)
class PageStates:
    """The pages of one document: `states[i]` is the `PageState` of page i + 1, one byte a page."""

    document_id: str
    name: str
    states: bytes


class TurnState(Enum):
    """How the answer of a turn ended."""

    ANSWERING = "answering"
    DONE = "done"
    STOPPED = "stopped"  # by the reader, or by the end of the program; what was written is kept
    FAILED = "failed"
    TOLD = "told"  # by the app itself: no model was asked, and none is fed the turn


@dataclass(frozen=True)
class AnswerFigures:
    """What one answer took, measured: token counts, seconds, tokens a second, bytes.

    `reason` is the generation's ("end", "length", "stop", "cancelled"), or "loop" where it repeated itself.
    `prompt_tokens` are the tokens fed for this
    question, never the document's. `tokens_read` / `pages_read` is how much of the documents the answer knew;
    `read_all` is False for an answer given early.
    """

    reason: str
    prompt_tokens: int
    generated_tokens: int
    prefill_seconds: float
    prefill_tokens_per_second: float
    decode_seconds: float
    decode_tokens_per_second: float
    time_to_first_token: float
    cache_nbytes: int
    full_attention_bytes: int
    sequence_length: int
    tokens_read: int
    tokens_total: int
    pages_read: int
    pages_total: int
    read_all: bool
    held_nbytes: int = (
        0  # all that the chat then had in memory: the cache, and what leads back through its turns
    )


@dataclass(frozen=True)
class AnswerPiece:
    """One token of an answer: its text ("" inside a character) and its share of compressed memory in [0, 1]."""

    text: str
    memory_share: float


@dataclass(frozen=True)
class Turn:
    """A question and its answer. `figures` is None until the answer ends, and after a failure.

    evidence: what was looked up for it, there before the first token. review: the finished answer held against the
    documents. model: the name of the model that answers; "" where it was not noted.
    """

    question: str
    answer: str = ""
    state: TurnState = TurnState.ANSWERING
    pieces: tuple[AnswerPiece, ...] = ()
    figures: AnswerFigures | None = None
    message: str = ""  # one sentence, where the answer failed
    evidence: Evidence = NO_EVIDENCE
    review: Review = NO_REVIEW
    model: str = ""

    @property
    def quotes(self) -> tuple[TurnQuote, ...]:
        """Sentences of the documents, word for word, best first."""
        return self.evidence.quotes

    @property
    def passages(self) -> tuple[UsedPassage, ...]:
        """The passages that were looked up."""
        return self.evidence.passages

    @property
    def found(self) -> bool | None:
        """Whether the documents seem to say it; None where nothing was looked up."""
        return self.evidence.found

    @property
    def citations(self) -> tuple[TurnCitation, ...]:
        """What sentences of the answer rest on, by number."""
        return self.review.citations

    @property
    def checks(self) -> tuple[TurnCheck, ...]:
        """The numbers, names, dates and the like of the answer, in order."""
        return self.review.checks

    @property
    def grounding(self) -> str:
        """ "text", "partly" or "memory"; "" where nothing was checked."""
        return self.review.grounding


@dataclass(frozen=True)
class Waiting:
    """Nothing can be answered yet. `place` others are before this one on the device; `reading` is being read first.

    At least two come each second while the wait lasts.
    """

    seconds: float
    place: int
    reading: ReadState | None = None


@dataclass(frozen=True)
class Recalled:
    """What was looked up in the documents' text for the question, read by the model already or not.

    refined: the model itself has chosen the quotes, and no better ones will come.
    """

    turn_index: int
    evidence: Evidence
    refined: bool


@dataclass(frozen=True)
class AnswerStarted:
    """The device is this answer's. The rest is what of the documents the answer will know."""

    turn_index: int
    tokens_read: int
    tokens_total: int
    pages_read: int
    pages_total: int
    read_all: bool


@dataclass(frozen=True)
class PromptRead:
    """Progress over the tokens before the answer: the question, and earlier turns where they had to be replayed."""

    tokens_done: int
    tokens_total: int
    tokens_per_second: float


@dataclass(frozen=True)
class AnswerToken:
    """One token of the answer; `text` may be empty while a character is incomplete. `tokens` counts them, from 1.
    `logprobs` is there where the settings ask for it."""

    text: str
    memory_share: float
    tokens: int
    tokens_per_second: float
    logprobs: TokenLogprobs | None = None


@dataclass(frozen=True)
class CompletionFinished:
    """The end of a completion: its text, why it ended ("end", "length", "stop", "cancelled") and counts of tokens."""

    text: str
    reason: str
    prompt_tokens: int
    generated_tokens: int


@dataclass(frozen=True)
class AnswerFinished:
    """The answer ended (also by `stop`); the turn is committed to disk."""

    turn_index: int
    turn: Turn


@dataclass(frozen=True)
class AnswerCancelled:
    """Stopped before the first token: the transcript is as it was; `question` can go back into the text box."""

    question: str


@dataclass(frozen=True)
class AnswerFailed:
    """No answer, or not all of it: one sentence saying why."""

    question: str
    message: str


ChatEvent = (
    Recalled
    | Waiting
    | AnswerStarted
    | PromptRead
    | AnswerToken
    | AnswerFinished
    | AnswerCancelled
    | AnswerFailed
)


CompletionEvent = Waiting | PromptRead | AnswerToken | CompletionFinished


@dataclass(frozen=True)
class Reading:
    """A pane of a comparison reads; `fraction` and `seconds_left`, where the speed is known, over all its documents."""

    document: ReadState
    fraction: float
    seconds_left: float | None = None


@dataclass(frozen=True)
class PaneFinished:
    """A pane has its answer; `evidence` is what it was given of the text."""

    answer: str
    token_ids: tuple[int, ...]
    pieces: tuple[AnswerPiece, ...]
    figures: AnswerFigures
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True)
class PaneFailed:
    """A pane gives no answer: one sentence saying why."""

    message: str


@dataclass(frozen=True)
class Difference:
    """Where two panes' answers part: the 0-based index of the first differing character and token; None: nowhere."""

    first: MemoryKind
    second: MemoryKind
    character: int | None
    token: int | None

    @property
    def identical(self) -> bool:
        return self.character is None and self.token is None


@dataclass(frozen=True)
class Comparison:
    """The end of a comparison. `differences` holds every pair of panes that answered.

    `within_window` says that sinks and window still held every token, where all kinds must answer alike.
    """

    differences: tuple[Difference, ...]
    within_window: bool
    cancelled: bool

    @property
    def identical(self) -> bool:
        """True where at least two panes answered and all of them alike."""
        return bool(self.differences) and all(difference.identical for difference in self.differences)


PaneEvent = (
    Recalled | Waiting | Reading | AnswerStarted | PromptRead | AnswerToken | PaneFinished | PaneFailed
)


@dataclass(frozen=True)
class CompareEvent:
    """What one pane of a comparison says; `pane` is None for the last event alone, the `Comparison`."""

    pane: MemoryKind | None
    event: PaneEvent | Comparison


@dataclass(frozen=True)
class ProbeStarted:
    """The questions of a probe, and whether the memory was trained: else it answers as the window does."""

    questions: tuple[Cloze, ...]
    memory_trained: bool


@dataclass(frozen=True)
class ClozeAnswered:
    """One question of a probe: the probability of each choice among the four, the right one first."""

    index: int
    probabilities: tuple[float, ...]

    @property
    def right(self) -> bool:
        return self.probabilities[0] > max(self.probabilities[1:])


@dataclass(frozen=True)
class ProbeEnded:
    """The end of a probe; `message` is one sentence where it could not be held."""

    cancelled: bool = False
    message: str = ""


@dataclass(frozen=True)
class ProbeEvent:
    """What a probe says of one kind of memory; None where it is of all."""

    kind: MemoryKind | None
    event: Reading | ProbeStarted | ClozeAnswered | ProbeEnded
