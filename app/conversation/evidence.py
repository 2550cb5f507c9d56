"""What an answer rests on, as a turn keeps it: passages read, sentences quoted, citations and checks.

All of it is the text itself with its places, so that a turn can be shown, and answered again from the same quotes,
after the documents have changed or gone. A place is (page, start, end): page from 1, characters of that page's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.conversation.decoding import make, number, text, whole

Place = tuple[int, int, int]
ProsePlace = Literal["leads", "beside", "folded"]


@dataclass(frozen=True)
class UsedPassage:
    """A passage that was read into the window before the answer. label: how its pages are cited ("141-142"). starts:
    where in `text` each of its places begins."""

    document_id: str
    document: str  # its name
    revision: int
    page: int
    label: str
    places: tuple[Place, ...]
    text: str
    starts: tuple[int, ...] = ()


@dataclass(frozen=True)
class TurnQuote:
    """One to three sentences of a document, word for word, on one line.

    core: the telling one, as [start, end) of `text`; page and label are its. starts: where in `text` each place begins.
    in_words: the same where it is rows of a table, without their pipes; else "".
    """

    document_id: str
    document: str
    revision: int
    page: int
    label: str
    places: tuple[Place, ...]
    text: str
    core: tuple[int, int]
    score: float
    starts: tuple[int, ...] = ()
    in_words: str = ""

    @property
    def shown(self) -> str:
        """What is shown of it."""
        return self.in_words or self.text


@dataclass(frozen=True)
class TurnCitation:
    """The sentence of a document that a sentence of the answer rests on; `ends` are the offsets of its marks in the
    answer. score: the share of the answer's sentence that stands there, 0 to 1."""

    number: int
    document_id: str
    document: str
    page: int | None
    label: str
    places: tuple[Place, ...]
    text: str
    score: float
    ends: tuple[int, ...]


@dataclass(frozen=True)
class TurnCheck:
    """answer[start:end], a number, name, date or the like, and where the documents say it.

    status: "here" (in the passages used), "elsewhere", "absent", or "question" (only the question says it). doubtful:
    found here, but said of something else.
    """

    text: str
    start: int
    end: int
    kind: str
    status: str
    document_id: str = ""
    page: int | None = None
    label: str = ""
    doubtful: bool = False


@dataclass(frozen=True)
class Evidence:
    """What was looked up for one question.

    found: whether the documents seem to say it; None where nothing was looked up. searched: the texts that were, as
    (document id, revision). prose: where the model's own words stand beside the quotes (`app.conversation.prose`).
    read, tokens: how many quotes and passages the model read, and what they took in the window.
    """

    passages: tuple[UsedPassage, ...] = ()
    quotes: tuple[TurnQuote, ...] = ()
    found: bool | None = None
    searched: tuple[tuple[str, int], ...] = ()
    prose: ProsePlace = "leads"
    tokens: int = 0
    read: int = 0


@dataclass(frozen=True)
class Review:
    """What holding a finished answer against the documents gave. grounding: "text", "partly", "memory", or "" where
    the chat has no documents."""

    citations: tuple[TurnCitation, ...] = ()
    checks: tuple[TurnCheck, ...] = ()
    grounding: str = ""


NO_EVIDENCE = Evidence()
NO_REVIEW = Review()


def to_record(evidence: Evidence, review: Review) -> dict[str, Any]:
    """Both as JSON has it."""
    return {"evidence": asdict(evidence), "review": asdict(review)}


def evidence_from_record(record: object) -> Evidence:
    """What `to_record` wrote, in this version or another; nothing where there is nothing. Raises ValueError."""
    if record is None:
        return NO_EVIDENCE
    values = _object(record, "the evidence")
    found = values.get("found")
    prose = values.get("prose", "leads")
    return Evidence(
        passages=tuple(
            _placed(UsedPassage, one, starts=_numbers(one.get("starts", ())))
            for one in _rows(values, "passages")
        ),
        quotes=tuple(
            _placed(
                TurnQuote,
                one,
                core=_numbers(one.get("core", (0, 0)), 2),
                starts=_numbers(one.get("starts", ())),
            )
            for one in _rows(values, "quotes")
        ),
        found=found if isinstance(found, bool) else None,
        searched=tuple(
            (text(one, "a document"), whole(revision, "a revision"))
            for one, revision in values.get("searched", ())
        ),
        prose=prose if prose in ("leads", "beside", "folded") else "leads",
        tokens=whole(values.get("tokens", 0), "tokens"),
        read=whole(values.get("read", 0), "a number of passages"),
    )


def review_from_record(record: object) -> Review:
    """What `to_record` wrote, in this version or another; nothing where there is nothing. Raises ValueError."""
    if record is None:
        return NO_REVIEW
    values = _object(record, "the checks")
    checks = tuple(make(TurnCheck, one) for one in _rows(values, "checks"))
    for check in checks:
        whole(check.start, "a start")
        whole(check.end, "an end")
        text(check.text, "a text")
    return Review(
        citations=tuple(
            _placed(TurnCitation, one, ends=_numbers(one.get("ends", ())))
            for one in _rows(values, "citations")
        ),
        checks=checks,
        grounding=text(values.get("grounding", ""), "the grounding"),
    )


def _placed(cls: type[Any], record: dict[str, Any], **changes: object) -> Any:
    places = tuple(_numbers(place, 3) for place in record.get("places", ()))
    made = make(cls, record, places=places, **changes)
    for name in ("document_id", "document", "label", "text", "in_words"):
        if hasattr(made, name):
            text(getattr(made, name), name)
    if made.page is not None:
        whole(made.page, "a page")
    if hasattr(made, "score"):
        number(made.score, "a score")
    return made


def _numbers(values: object, count: int | None = None) -> tuple[int, ...]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ValueError(f"{values!r} are not numbers")
    if count is not None and len(values) != count:
        raise ValueError(f"{values!r} are not {count} numbers")
    return tuple(whole(value, "a place") for value in values)


def _rows(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = values.get(name, ())
    if not isinstance(rows, list | tuple):
        raise ValueError(f"{name} is {rows!r} and not a list")
    return [_object(row, name) for row in rows]


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {value!r} and not an object")
    return value
