"""The questions of a run: out of the benchmarks' files, or made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from app.evaluation.benchmarks import quick
from app.evaluation.tasks import files, ruler
from app.evaluation.tasks.sample import Asked, Benchmark
from app.options import CommandFailed, OptionError

NAMES = ("longbench", "lveval", "infinitebench", "ruler")
_SAMPLES = 20  # of a task of ruler
_FILLING = 150  # tokens around what a prompt of ruler needs at least, in a quick run
_SHORTEST = "_16k"  # of LV-Eval's tasks


@dataclass(frozen=True)
class Wanted:
    """What to ask. tasks None: the usual ones. samples: a task, None for all. data: a folder with the files; None: the
    hub's. lengths: tokens of a prompt of ruler, none for the usual ones. haystack: a file that its needles are hidden
    in, "" for our own text. quick: little of everything, with answers of at most `quick_tokens`, 0 for the tasks' own.
    """

    tasks: Sequence[str] | None
    samples: int | None
    data: Path | None
    lengths: Sequence[int] = ()
    haystack: str = ""
    quick_tokens: int = 0

    @property
    def quick(self) -> bool:
        return self.quick_tokens > 0


def benchmarks(measure: str) -> list[Benchmark]:
    """The one that is named, or all."""
    return [
        import_module(f"app.evaluation.tasks.{name}").BENCHMARK
        for name in (NAMES if measure == "all" else (measure,))
    ]


def questions(benchmark: Benchmark, wanted: Wanted, count: Callable[[str], int]) -> list[Asked]:
    """The questions of a benchmark. count: tokens of a text. Raises OptionError, CommandFailed: one sentence."""
    return _made(benchmark, wanted, count) if benchmark.name == "ruler" else _of_files(benchmark, wanted)


def _of_files(benchmark: Benchmark, wanted: Wanted) -> list[Asked]:
    by_name = {task.name: task for task in benchmark.tasks}
    names = wanted.tasks or benchmark.usual
    if wanted.quick and not wanted.tasks:
        names = [name for name in by_name if benchmark.name != "lveval" or name.endswith(_SHORTEST)]
    _check_known(names, by_name, benchmark)
    return [
        Asked(
            benchmark.title,
            name,
            by_name[name].max_new_tokens,
            by_name[name].chat,
            files.samples(benchmark, by_name[name], wanted.data, wanted.samples),
        )
        for name in names
    ]


def _check_known(names: Sequence[str], known: Collection[str], benchmark: Benchmark) -> None:
    for name in names:
        if name not in known:
            raise OptionError(f"{benchmark.title} has no task {name!r}: choose {', '.join(known)}.")


def _made(benchmark: Benchmark, wanted: Wanted, count: Callable[[str], int]) -> list[Asked]:
    by_name = {task.name: task for task in ruler.TASKS}
    names = wanted.tasks or list(by_name)
    _check_known(names, by_name, benchmark)
    essay = _haystack(wanted.haystack) if wanted.haystack else quick.essay()
    number = wanted.samples or (1 if wanted.quick else _SAMPLES)
    tasks = [by_name[name] for name in names]
    if wanted.quick:
        tasks = [replace(task, max_new_tokens=wanted.quick_tokens) for task in tasks]
        sizes = [(task, ruler.smallest(task, count, essay) + _FILLING) for task in tasks]
    else:
        sizes = [(task, length) for length in wanted.lengths or ruler.LENGTHS for task in tasks]
    try:
        return [
            Asked(
                benchmark.title,
                f"{task.name}_{tokens}",
                task.max_new_tokens,
                True,
                [ruler.make(task, tokens, one, count, essay) for one in range(number)],
            )
            for task, tokens in sizes
        ]
    except ValueError as error:
        raise OptionError(str(error)) from error


def _haystack(file: str) -> str:
    from app.documents import DocumentError, extract

    try:
        text = "\n\n".join(extract(Path(file), follow=True).pages)
    except DocumentError as error:
        raise CommandFailed(str(error)) from error
    if not text.strip():
        raise OptionError(f"{file} has no words, so no needle can be hidden in it: give a text.")
    return text
