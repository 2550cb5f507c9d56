"""Questions of the command line: documents read once into a chat of their own, each question afresh after them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from app.options import CommandFailed
from app.progress import ProgressLine

if TYPE_CHECKING:
    from app.conversation import ChatSettings, Engine
    from app.conversation.events import ReadState, Turn
    from app.conversation.evidence import Evidence


@dataclass(frozen=True)
class Answer:
    """What `--json` prints: sizes in bytes, times in seconds.

    quotes: the sentences of the documents that were shown, best first. citations: what sentences of the answer rest on.
    checks: its numbers, names, dates and the like. grounding: where it comes from. found: whether the documents seem to
    say it; False also where nothing was looked up.

    A document that was read with the same settings before is not read again: `seconds_reading` is the time its
    reading took to come back from disk then, and `tokens_per_second_reading` is None.
    """

    answer: str
    quotes: list[dict[str, Any]]
    citations: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    grounding: str
    found: bool
    finish_reason: str
    model: str
    memory: str
    attention_sinks: int
    sliding_window: int
    tokens_read: int
    pages_read: int
    seconds_reading: float
    tokens_per_second_reading: float | None
    tokens_generated: int
    tokens_per_second_decoding: float
    time_to_first_token: float
    cache_bytes: int
    full_attention_bytes: int


def read_questions(path: Path) -> list[str]:
    """The questions of a file, one a line: as it stands, or in a JSON object. Raises CommandFailed."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandFailed(f"The questions {path} cannot be read ({reason}): check the name.") from error
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith(("{", "[")):
            questions.append(line.strip())
            continue
        try:
            question = json.loads(line)["question"]
        except (ValueError, KeyError, TypeError) as error:
            raise CommandFailed(
                f"Line {number} of {path} holds no question, so none was asked: write the question alone, or an "
                'object {"question": "…"} in JSON.'
            ) from error
        if not isinstance(question, str):
            raise CommandFailed(
                f"The question in line {number} of {path} is {question!r} and no text, so none was asked: mend it."
            )
        questions.append(question)
    if not questions:
        raise CommandFailed(f"There is no question in {path}, so nothing was read: give one a line.")
    return questions


class Asking:
    """A chat over documents of the library that is forgotten at the end; the readings stay, so that the next question
    about these files comes at once. A context manager."""

    def __init__(
        self, engine: Engine, document_ids: Sequence[str], settings: ChatSettings, progress: ProgressLine
    ) -> None:
        """Raises ChatError for settings the model cannot take, or a document that cannot be read."""
        self._engine = engine
        self._progress = progress
        self._kept = engine.kept_tokens(document_ids, settings)
        self._chat = engine.new_chat(settings)
        self._seconds_reading: float | None = None
        self._began = time.monotonic()
        try:
            for document_id in document_ids:
                self._chat.add_document(document_id)
        except BaseException:
            engine.delete_chat(self._chat.id)
            raise

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.delete_chat(self._chat.id)

    def ask(self, question: str, output: TextIO | None = None) -> Answer:
        """Answer a question as the first one after the documents; what comes is written to `output` as it comes.

        Raises ChatError for a question the model cannot take, CommandFailed where no answer came.
        """
        from app.conversation.events import (
            AnswerFailed,
            AnswerFinished,
            AnswerStarted,
            AnswerToken,
            Recalled,
            Waiting,
        )
        from app.conversation.evidence import NO_EVIDENCE

        self._chat.clear()
        evidence, written = NO_EVIDENCE, 0
        with self._chat.ask(question) as events:
            for event in events:
                if isinstance(event, Waiting) and event.reading is not None:
                    self._progress(_reading_sentence(event.reading), event.reading.fraction)
                elif isinstance(event, Recalled):
                    evidence = event.evidence
                elif isinstance(event, AnswerStarted):
                    if self._seconds_reading is None:
                        self._seconds_reading = time.monotonic() - self._began
                    self._progress.clear()
                elif isinstance(event, AnswerToken) and output is not None:
                    if not written:
                        output.write(_before(evidence))
                    output.write(event.text)
                    output.flush()
                    written += len(event.text)
                elif isinstance(event, AnswerFailed):
                    raise CommandFailed(event.message)
                elif isinstance(event, AnswerFinished) and event.turn.figures is not None:
                    if output is not None:  # with what was held back for a character that never came
                        before = "" if written else _before(evidence)
                        output.write(f"{before}{event.turn.answer[written:]}\n{_after(event.turn)}")
                    return self._answer(event.turn)
        raise CommandFailed("The answer ended before it began: ask again.")

    def _answer(self, turn: Turn) -> Answer:
        figures, settings = turn.figures, self._chat.settings
        assert figures is not None, "a finished answer has figures"
        seconds = self._seconds_reading or 0.0
        read_now = figures.tokens_read - self._kept  # the rest came back from disk
        return Answer(
            answer=turn.answer,
            quotes=[
                {"text": quote.shown, "document": quote.document, "page": quote.page} for quote in turn.quotes
            ],
            citations=[
                {
                    "document": one.document,
                    "page": one.page,
                    "label": one.label,
                    "text": one.text,
                    "score": one.score,
                }
                for one in turn.citations
            ],
            checks=[
                {"text": check.text, "status": check.status, "page": check.page}
                for check in turn.checks
                if check.status != "question"  # no claim of the answer's
            ],
            grounding=turn.grounding or "memory",
            found=bool(turn.found),
            finish_reason=figures.reason,
            model=self._engine.model.name,
            memory=settings.memory,
            attention_sinks=settings.attention_sinks,
            sliding_window=settings.sliding_window,
            tokens_read=figures.tokens_read,
            pages_read=figures.pages_read,
            seconds_reading=seconds,
            tokens_per_second_reading=read_now / seconds if read_now > 0 and seconds > 0 else None,
            tokens_generated=figures.generated_tokens,
            tokens_per_second_decoding=figures.decode_tokens_per_second,
            time_to_first_token=figures.time_to_first_token,
            cache_bytes=figures.cache_nbytes,
            full_attention_bytes=figures.full_attention_bytes,
        )


def ask_many(asking: Asking, questions: Sequence[str], *, as_json: bool, output: TextIO | None = None) -> int:
    """Ask one after the other, each on a line of its own as soon as it is answered; returns how many got no answer.

    With `as_json` such a question has its line too, with "error".
    """
    from app.conversation import ChatError

    out = output or sys.stdout
    failed = 0
    for question in questions:
        if not as_json:
            out.write(f"# {question}\n\n")
        try:
            answer = asking.ask(question, None if as_json else out)
            record = {"question": question, **asdict(answer)}
        except (ChatError, CommandFailed) as error:
            failed += 1
            record = {"question": question, "error": str(error)}
            if not as_json:
                out.write(f"{error}\n")
        out.write(json.dumps(record) + "\n" if as_json else "\n")
        out.flush()
    return failed


def _before(evidence: Evidence) -> str:
    """What stands over the prose: the quotes with their pages, and the word that the documents do not say it."""
    from app.conversation.wording import NOT_FOUND, OWN_WORDS, source_words

    if evidence.found is None:
        return ""
    lines = [NOT_FOUND + "\n"] if not evidence.found else []
    lines += [f"“{quote.shown}”\n    {source_words(quote)}\n" for quote in evidence.quotes]
    if evidence.quotes:
        lines.append(f"{OWN_WORDS}:\n")
    return "\n".join(lines) + ("\n" if evidence.quotes else "")


def _after(turn: Turn) -> str:
    """The line of checks."""
    from app.conversation.wording import checks_words, grounding_words

    parts = [part for part in (grounding_words(turn), checks_words(turn)) if part]
    return f"\n{' · '.join(parts)}\n" if parts else ""


def _reading_sentence(state: ReadState) -> str:
    sentence = f"Reading {state.name}: {state.tokens_done:,} of {state.tokens_total:,} tokens"
    if state.tokens_per_second:
        sentence += f", {state.tokens_per_second:,.0f} a second"
    if state.seconds_left is not None:
        sentence += f", {state.seconds_left:.0f} s left"
    return sentence
