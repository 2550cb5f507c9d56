"""A question of a benchmark, and the task that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Record = Mapping[str, Any]  # a line of a benchmark's file
Score = Callable[[str], float]  # an answer -> 0 … 1
Cut = Literal["middle", "start", "nothing"]


@dataclass(frozen=True)
class Sample:
    """One prompt: `before`, `context` and `after`, one behind the other.

    begun: how the answer begins, written for the model. question: what is asked, without instructions, to look passages
    up by. answers: as the file has them. score: of an answer, from 0 to 1.
    """

    id: str
    before: str
    context: str
    after: str
    question: str
    answers: tuple[str, ...]
    score: Score
    begun: str = ""


@dataclass(frozen=True)
class Task:
    """One table row of a benchmark.

    file: what its lines are in, without ".jsonl". max_new_tokens: of an answer. chat: whether the prompt
    becomes a turn of a chat; some tasks go on where their examples end. sample: makes one of a line of the file.
    """

    benchmark: str
    name: str
    file: str
    max_new_tokens: int
    sample: Callable[[Record, str], Sample]
    chat: bool = True


@dataclass(frozen=True)
class Asked:
    """A task with its questions, ready to be asked. chat, max_new_tokens: as in `Task`."""

    benchmark: str
    task: str
    max_new_tokens: int
    chat: bool
    samples: Sequence[Sample]


@dataclass(frozen=True)
class Benchmark:
    """A set of tasks with what the paper of AHN (arXiv 2510.07318) measured them at.

    cut: the part of a prompt over `max_tokens` that is left out: its middle, or its start. archive: the file of the
    data set on the hub that holds a task's file, with {task} for its name; "" where none is fetched.
    """

    name: str
    title: str
    tasks: Sequence[Task]
    usual: Sequence[str]  # tasks that are asked where none is named
    sliding_window: int
    max_tokens: int
    cut: Cut
    repository: str = ""
    archive: str = ""


def filled(template: str, fields: Mapping[str, Any]) -> tuple[str, str]:
    """What stands before and after the context of a published template, with the fields in their places."""
    before, after = template.split("{context}")
    return before.format(**fields), after.format(**fields)


def text_of(record: Record, field: str, name: str) -> str:
    """A field that has to be there. Raises ValueError, one sentence."""
    value = record.get(field)
    if not isinstance(value, str):
        raise ValueError(
            f"{name} has no text in {field!r}, so nothing can be asked: take the benchmark's own file."
        )
    return value


def texts_of(record: Record, field: str, name: str) -> tuple[str, ...]:
    """The answers of a line; one alone is a list of one. Raises ValueError, one sentence."""
    value = record.get(field)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, (str, int, float)) for one in values):
        raise ValueError(
            f"{name} has no answers in {field!r}, so nothing can be scored: take the benchmark's own file."
        )
    return tuple(str(one) for one in values)
