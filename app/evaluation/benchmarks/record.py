"""What a run has answered so far, on disk, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from app.options import CommandFailed

_SETTINGS = "run.json"


@dataclass(frozen=True)
class Answer:
    """One answer of one column. skipped: why the question was not asked; score is None then. seconds: reading and
    writing."""

    benchmark: str
    task: str
    id: str
    column: str
    prediction: str
    answers: tuple[str, ...]
    score: float | None
    prompt_tokens: int
    new_tokens: int
    seconds: float
    skipped: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.benchmark, self.task, self.id, self.column


class Record:
    """The answers of a run, a line of JSON each, in `results.jsonl`. Of several processes the others write files of
    their own, `results-1.jsonl` and so on, until the first one gathers them.

    folder None keeps them in memory alone. Raises CommandFailed where the folder holds a run of other settings.
    """

    def __init__(self, folder: Path | None, settings: Mapping[str, Any], rank: int = 0) -> None:
        self._file = None
        self._answers: dict[tuple[str, str, str, str], Answer] = {}
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _same_settings(folder / _SETTINGS, settings, rank)
        for path in sorted(folder.glob("results*.jsonl")):
            self._answers |= {answer.key: answer for answer in _lines(path)}
        self._file = folder / (f"results-{rank}.jsonl" if rank else "results.jsonl")
        _end_line(self._file)

    @property
    def answers(self) -> list[Answer]:
        return list(self._answers.values())

    def has(self, benchmark: str, task: str, sample: str, column: str) -> bool:
        return (benchmark, task, sample, column) in self._answers

    def add(self, answer: Answer) -> None:
        """Keep an answer; on disk when this returns."""
        self._answers[answer.key] = answer
        if self._file is not None:
            with open(self._file, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def gather(self) -> None:
        """Take over what the other processes have answered, into the one file."""
        if self._file is None:
            return
        # Not what is known, but what the one file has: of a run that goes on, the others' answers are known already.
        written = {answer.key for answer in _lines(self._file)} if self._file.is_file() else set()
        for path in sorted(self._file.parent.glob("results-*.jsonl")):
            for answer in _lines(path):
                if answer.key not in written:
                    self.add(answer)
            path.unlink()

    def in_order(self, keys: Iterable[tuple[str, str, str, str]]) -> list[Answer]:
        """The answers in the order of these keys, as the questions were asked, whichever process answered; then those
        of other questions, which an earlier run was asked.
        """
        first = [self._answers[key] for key in dict.fromkeys(keys) if key in self._answers]
        shown = {answer.key for answer in first}
        return first + [answer for answer in self._answers.values() if answer.key not in shown]


def _same_settings(path: Path, settings: Mapping[str, Any], rank: int) -> None:
    wanted = json.loads(json.dumps(settings))
    if path.is_file():
        try:
            had = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CommandFailed(
                f"{path} cannot be read ({error}), so nobody knows what its folder was run with: give another --output."
            ) from error
        other = sorted(key for key in set(had) | set(wanted) if had.get(key) != wanted.get(key))
        if other:
            raise CommandFailed(
                f"{path.parent} holds a run with another {' and '.join(other)}, so going on would mix the two: give "
                "another --output, or the same settings."
            )
    elif rank == 0:
        path.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")


def _end_line(path: Path) -> None:
    """A run that was killed may have left half a line: end it, so that it does not spoil the next one."""
    if path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
        with open(path, "a", encoding="utf-8") as file:
            file.write("\n")


def _lines(path: Path) -> list[Answer]:
    with open(path, encoding="utf-8") as file:
        return [answer for line in file if (answer := _parsed(line)) is not None]


def _parsed(line: str) -> Answer | None:
    """None for half a line."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    known = {field.name: values[field.name] for field in fields(Answer) if field.name in values}
    known["answers"] = tuple(known.get("answers", ()))
    try:
        return Answer(**known)
    except TypeError:  # a line of an older version lacks a field: ask again
        return None
