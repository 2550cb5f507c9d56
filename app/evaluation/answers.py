"""What people get who ask: questions with known answers, asked in chats as the page asks them.

For each question: does the answer stand in the quotes that are shown, in the model's own prose, in either; is a
question that the document does not answer called so; how many facts of the prose are marked as wrong, and how soon the
quotes were there. `assets/evaluation/prose.json` gets its figures from here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.evaluation.questions import Question
from app.options import CommandFailed
from app.progress import ProgressLine

if TYPE_CHECKING:
    from app.conversation import Chat, Engine
    from app.conversation.events import Turn

LEAST_QUESTIONS = 20  # answered ones, to decide where a model's prose stands
Reading = Literal["read", "unread"]
_PLACES = {
    "leads": "comes first, with the quotes below it",
    "beside": "stands below the quotes",
    "folded": "is folded under the quotes",
}


@dataclass(frozen=True)
class Asked:
    """What became of one question.

    wrong: facts of the prose that are marked "not in your documents" or said of something else. seconds_to_quotes: from
    asking; those chosen by words, which are shown first. tokens: of the prose.
    """

    document: str
    question: str
    answerable: bool
    in_quotes: bool
    in_prose: bool
    found: bool
    grounding: str
    wrong: int
    seconds_to_quotes: float
    seconds: float
    tokens: int
    reason: str
    quotes: tuple[str, ...]
    prose: str


def ask_all(
    engine: Engine,
    documents: Mapping[str, str],
    questions: Sequence[Question],
    reading: Reading,
    progress: ProgressLine,
) -> dict[str, Any]:
    """Ask every question whose document is there, each afresh; the report, as JSON has it.

    documents: ids by file name. reading: "read" has the model read each document first; "unread" asks at once, with
    what is looked up as all that the model has seen of it.
    """
    from app.conversation.prose import fingerprint

    outcomes: list[Asked] = []
    asked = [question for question in questions if question.document in documents]
    for name, document_id in documents.items():
        some = [question for question in asked if question.document == name]
        if not some:
            continue
        chat = engine.new_chat()
        try:
            _add(chat, document_id, name, reading, progress)
            for question in some:
                progress(f"Asking: question {len(outcomes) + 1} of {len(asked)}", len(outcomes) / len(asked))
                outcomes.append(_ask(chat, question))
        finally:
            engine.delete_chat(chat.id)
    return {
        "reading": reading,
        "model": engine.model.name,
        "fingerprint": fingerprint(engine.model),
        **summary(outcomes),
        "questions": [asdict(outcome) for outcome in outcomes],
    }


def _add(chat: Chat, document_id: str, name: str, reading: Reading, progress: ProgressLine) -> None:
    chat.add_document(document_id)
    if reading == "unread":
        chat.cancel_reading(document_id)
    while chat.reading:
        (state,) = chat.documents
        progress(f"Reading {name}: {state.tokens_done:,} of {state.tokens_total:,} tokens", state.fraction)
        time.sleep(0.2)


def _ask(chat: Chat, question: Question) -> Asked:
    from app.conversation.events import AnswerFailed, AnswerFinished, Recalled

    chat.clear()
    began, quoted_at, turn = time.perf_counter(), 0.0, None
    for event in chat.ask(question.question, now=True):
        if isinstance(event, Recalled) and not quoted_at:
            quoted_at = time.perf_counter()
        elif isinstance(event, AnswerFinished):
            turn = event.turn
        elif isinstance(event, AnswerFailed):
            raise CommandFailed(event.message)
    if turn is None:
        raise CommandFailed("A question was not answered, so nothing was measured: ask again.")
    return _outcome(question, turn, quoted_at - began if quoted_at else 0.0, time.perf_counter() - began)


def _outcome(question: Question, turn: Turn, to_quotes: float, seconds: float) -> Asked:
    wrong = sum(check.status == "absent" or check.doubtful for check in turn.checks)
    return Asked(
        document=question.document,
        question=question.question,
        answerable=bool(question.answers),
        in_quotes=any(question.answered_by(quote.shown) for quote in turn.quotes),
        in_prose=question.answered_by(turn.answer),
        found=bool(turn.found),
        grounding=turn.grounding,
        wrong=wrong,
        seconds_to_quotes=round(to_quotes, 3),
        seconds=round(seconds, 3),
        tokens=0 if turn.figures is None else turn.figures.generated_tokens,
        reason="" if turn.figures is None else turn.figures.reason,
        quotes=tuple(quote.shown for quote in turn.quotes),
        prose=turn.answer,
    )


def summary(outcomes: Sequence[Asked]) -> dict[str, Any]:
    """Shares of the questions, from 0 to 1; None where there are none of a kind."""
    answerable = [one for one in outcomes if one.answerable]
    unanswerable = [one for one in outcomes if not one.answerable]
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "right_in_quotes": _share([one.in_quotes for one in answerable]),
        "right_in_prose": _share([one.in_prose for one in answerable]),
        "right_in_either": _share([one.in_quotes or one.in_prose for one in answerable]),
        "called_unanswerable_wrongly": _share([not one.found for one in answerable]),
        "unanswerable_said": _share([not one.found for one in unanswerable]),
        "marked_wrong_an_answer": round(sum(one.wrong for one in outcomes) / len(outcomes), 3)
        if outcomes
        else None,
        "ended_as_loops": sum(one.reason == "loop" for one in outcomes),
        "median_tokens": statistics.median(one.tokens for one in outcomes) if outcomes else None,
        "median_seconds_to_quotes": statistics.median(one.seconds_to_quotes for one in outcomes)
        if outcomes
        else None,
        "median_seconds": statistics.median(one.seconds for one in outcomes) if outcomes else None,
    }


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def keep(folder: Path, report: dict[str, Any]) -> None:
    """Have a report decide where its model's prose stands, in this data folder; it then says where, as "prose".

    Raises CommandFailed where too few questions were asked for a decision, or the folder cannot be written to.
    """
    from app.conversation.prose import keep_figures

    if report["answerable"] < LEAST_QUESTIONS:
        raise CommandFailed(
            f"{report['answerable']} questions with an answer decide nothing about a model, so its figures were not "
            f"kept: ask at least {LEAST_QUESTIONS}."
        )
    figures = {name: report[f"right_in_{name}"] for name in ("prose", "quotes", "either")}
    try:
        report["prose"] = keep_figures(
            folder, report["fingerprint"], report["model"], figures | {"questions": report["answerable"]}
        )
    except OSError as error:
        raise CommandFailed(
            f"The figures cannot be written to {folder} ({error.strerror}): choose another with --data-dir."
        ) from error


def lines(report: Mapping[str, Any]) -> list[str]:
    """The report for people."""
    names = (
        ("right in quotes or prose", "right_in_either"),
        ("right in the quotes", "right_in_quotes"),
        ("right in the prose", "right_in_prose"),
        ("unanswerable ones said so", "unanswerable_said"),
        ("answerable ones called unanswerable", "called_unanswerable_wrongly"),
    )
    result = [
        "",
        f"asked in chats, documents {report['reading']}: {report['answerable']} answerable, "
        f"{report['unanswerable']} not",
    ]
    for name, key in names:
        value = report[key]
        result.append(f"{'–' if value is None else format(value, '.1%'):>7} {name}")
    result.append(
        f"facts marked wrong an answer: {report['marked_wrong_an_answer']}; ended as loops: "
        f"{report['ended_as_loops']}; "
        f"seconds to the quotes: median {report['median_seconds_to_quotes']}, to the end {report['median_seconds']}"
    )
    result.append(f"prose.json: {report['fingerprint']}")
    if "prose" in report:
        result.append(f"kept: the prose of this model {_PLACES[report['prose']]}")
    return result
