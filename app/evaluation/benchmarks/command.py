"""The flags of the benchmarks, and a run from the files to the report."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from app import __version__, options, paths
from app.evaluation.tasks.sample import Asked, Benchmark, Kept
from app.installation import added_by
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM

NAMES = ("longbench", "lveval", "infinitebench", "ruler")
_NEEDED = ("jieba", "rouge", "rapidfuzz", "wonderwords")
_COLUMNS = ("full", "window", "ahn")
_SINKS = 128  # of the paper's settings
_QUICK = {"sinks": 4, "window": 60, "new_tokens": 12}
_QUICK_FILLING = 150  # tokens around what a prompt of ruler needs at least


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat eval longbench` and the others."""
    result = argparse.ArgumentParser(
        prog="ahn-chat eval",
        description="Ask the questions of a benchmark of long texts with full attention, the window alone and AHN.",
        epilog="The usual settings are the paper's (arXiv 2510.07318): 128 sinks, a window of 8,064 tokens for "
        "LongBench and 32,640 for others, greedy. On several GPUs: `accelerate launch -m app eval …` with --output.",
        allow_abbrev=False,
    )
    result.add_argument("measure", choices=(*NAMES, "all"), help="which benchmark")
    asked = result.add_argument_group("questions")
    asked.add_argument("--tasks", nargs="+", metavar="TASK", help="tasks (default: those of the paper)")
    asked.add_argument(
        "--data",
        metavar="FOLDER",
        help="the benchmark's files or archives (default: the hub's, fetched once)",
    )
    asked.add_argument(
        "--samples", type=int, metavar="N", help="questions a task (default: all; of ruler 20)"
    )
    asked.add_argument(
        "--lengths",
        type=int,
        nargs="+",
        metavar="N",
        help="tokens a prompt of ruler has (default: 4,096 to 131,072)",
    )
    asked.add_argument(
        "--haystack",
        metavar="FILE",
        help="a text that ruler hides its needles in (default: a short one, repeated)",
    )
    asked.add_argument(
        "--quick",
        action="store_true",
        help="small files of our own, in a minute: shows that all works, and no more",
    )
    memory = result.add_argument_group("memory")
    memory.add_argument(
        "--columns", nargs="+", choices=_COLUMNS, default=list(_COLUMNS), help="what is asked"
    )
    memory.add_argument(
        "--recall",
        action="store_true",
        help="also AHN with passages looked up in the context, as the chat does it",
    )
    memory.add_argument(
        "--budget", type=int, default=1600, metavar="N", help="tokens of passages (default %(default)s)"
    )
    memory.add_argument("--sinks", type=int, metavar="N", help=f"first tokens kept (default {_SINKS})")
    memory.add_argument("--window", type=int, metavar="N", help="last tokens kept (default: the paper's)")
    memory.add_argument(
        "--max-tokens",
        type=int,
        metavar="N",
        help="longest prompt; what is over is cut (default: the paper's)",
    )
    memory.add_argument("--cut", choices=("middle", "start"), help="what is cut of it (default: the paper's)")
    memory.add_argument(
        "--untrained-lengths",
        action="store_true",
        help="ask full attention also past the length its base was trained for, as the paper does",
    )
    result.add_argument(
        "--output",
        metavar="FOLDER",
        help="keep every answer, the report and its plot here; a stopped run goes on",
    )
    result.add_argument("--json", action="store_true", help="print the answers as JSON instead of the table")
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Ask; returns the exit status. Raises CommandFailed, OptionError, one sentence each."""
    arguments = parser().parse_args(argv)
    _check(arguments)
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    output = Path(arguments.output) if arguments.output else None
    if world > 1 and output is None:
        raise OptionError(f"{world} processes need a common place for their answers: add --output FOLDER.")
    progress = ProgressLine(sys.stderr)
    with ExitStack() as stack:
        stack.callback(progress.clear)
        data = Path(arguments.data) if arguments.data else None
        if arguments.quick:
            from app.evaluation.benchmarks import quick

            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahn-chat-eval-")))
            quick.write(data)
        progress("Loading the model")
        model, tokenizer = _load(arguments, world)
        answers, columns, about = _ask(
            arguments, model, tokenizer, data, output, rank, world, progress, stack
        )
    if rank:
        return 0
    from app.evaluation.benchmarks import report

    if output is not None:
        report.write(output, answers, columns, about)
    if arguments.json:
        print(
            json.dumps(
                {"about": about, "answers": [vars(one) for one in answers]}, indent=1, ensure_ascii=False
            )
        )
    else:
        print(report.text(answers, columns))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandFailed(
            f"Scores need {', '.join(missing)}, which this installation lacks: `{added_by('eval')}` adds it."
        )
    for name in ("samples", "budget", "window", "max_tokens"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise OptionError(
                f"--{name.replace('_', '-')} is {value}, so nothing could be asked: give at least 1."
            )
    if arguments.sinks is not None and arguments.sinks < 0:
        raise OptionError(f"--sinks is {arguments.sinks}, and there are no fewer than none: give 0 or more.")
    if arguments.data and not Path(arguments.data).is_dir():
        raise OptionError(f"There is no folder {arguments.data}, so no question can be read: check --data.")


def _load(arguments: argparse.Namespace, world: int) -> tuple[AHNForCausalLM, PreTrainedTokenizerFast]:
    from ahn_core import AHNForCausalLM, ConfigError, LoadError, load_tokenizer
    from app.models.dtypes import chat_dtype, exact_dtype

    chosen = options.model_options(arguments)
    device = chosen.device
    if world > 1 and device is None:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if _has_cuda() else "cpu"
    # A quick run shows that all works, so it takes what is quickest on a CPU.
    dtype = (chat_dtype if arguments.quick else exact_dtype)(device, chosen.dtype)
    try:
        model = AHNForCausalLM.from_pretrained(chosen.model, chosen.ahn, dtype=dtype, device=device)
        return model, load_tokenizer(chosen.model)
    except (LoadError, ConfigError) as error:
        raise CommandFailed(str(error)) from error


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _ask(
    arguments: argparse.Namespace,
    model: AHNForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    data: Path | None,
    output: Path | None,
    rank: int,
    world: int,
    progress: ProgressLine,
    stack: ExitStack,
) -> tuple[list[Any], list[str], dict[str, Any]]:
    """All answers, of all processes; the columns; and what the scores depend on."""
    from app.evaluation.benchmarks.lookup import Lookup
    from app.evaluation.benchmarks.record import Record
    from app.evaluation.benchmarks.run import Asking, Settings

    columns = [*arguments.columns, *(["recall"] if arguments.recall else [])]
    about = _about(arguments, model, columns)
    record = Record(output, about, rank, world)
    lookup = None
    if arguments.recall:
        lookup = Lookup(model, tokenizer, arguments.budget)
        stack.callback(lookup.close)
    for benchmark, groups in _groups(arguments, tokenizer, data):
        settings = Settings(
            columns=columns,
            attention_sinks=_sinks(arguments),
            sliding_window=_window(arguments, benchmark),
            max_tokens=arguments.max_tokens or benchmark.max_tokens,
            cut=cast(Kept, arguments.cut or benchmark.cut),
            most_new_tokens=_QUICK["new_tokens"] if arguments.quick else 0,
            untrained_lengths=arguments.untrained_lengths,
        )
        Asking(model, tokenizer, settings, lookup).run(groups, record, progress, rank, world)
    if world > 1 and output is not None:
        from accelerate import PartialState

        PartialState().wait_for_everyone()
        record.take_all(output)
    return record.answers, columns, about


def _sinks(arguments: argparse.Namespace) -> int:
    if arguments.sinks is not None:
        return int(arguments.sinks)
    return _QUICK["sinks"] if arguments.quick else _SINKS


def _window(arguments: argparse.Namespace, benchmark: Benchmark) -> int:
    if arguments.window is not None:
        return int(arguments.window)
    return _QUICK["window"] if arguments.quick else benchmark.sliding_window


def _benchmarks(measure: str) -> list[Benchmark]:
    from importlib import import_module

    names = NAMES if measure == "all" else (measure,)
    return [import_module(f"app.evaluation.tasks.{name}").BENCHMARK for name in names]


def _groups(
    arguments: argparse.Namespace, tokenizer: PreTrainedTokenizerFast, data: Path | None
) -> list[tuple[Benchmark, list[Asked]]]:
    """The questions of each benchmark. All are read before the first is asked: what is missing is told at once."""
    return [
        (
            benchmark,
            _made(arguments, benchmark, tokenizer)
            if benchmark.name == "ruler"
            else _of_files(arguments, benchmark, data),
        )
        for benchmark in _benchmarks(arguments.measure)
    ]


def _of_files(arguments: argparse.Namespace, benchmark: Benchmark, data: Path | None) -> list[Asked]:
    from app.evaluation.tasks import files

    by_name = {task.name: task for task in benchmark.tasks}
    wanted = list(arguments.tasks or benchmark.usual)
    if arguments.quick and not arguments.tasks:
        wanted = [name for name in by_name if benchmark.name != "lveval" or name.endswith("_16k")]
    _known(wanted, by_name, benchmark)
    return [
        Asked(
            benchmark.title,
            name,
            by_name[name].max_new_tokens,
            by_name[name].chat,
            files.samples(benchmark, by_name[name], data, arguments.samples),
        )
        for name in wanted
    ]


def _known(wanted: Sequence[str], known: Sequence[str] | dict[str, Any], benchmark: Benchmark) -> None:
    for name in wanted:
        if name not in known:
            raise OptionError(f"{benchmark.title} has no task {name!r}: choose {', '.join(known)}.")


def _made(
    arguments: argparse.Namespace, benchmark: Benchmark, tokenizer: PreTrainedTokenizerFast
) -> list[Asked]:
    from app.evaluation.benchmarks import quick
    from app.evaluation.tasks import ruler

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False))

    by_name = {task.name: task for task in ruler.TASKS}
    wanted = list(arguments.tasks or by_name)
    _known(wanted, by_name, benchmark)
    lengths = arguments.lengths or ((0,) if arguments.quick else ruler.LENGTHS)  # 0: hardly any filling
    number = arguments.samples or (1 if arguments.quick else 20)
    essay = _haystack(arguments.haystack) if arguments.haystack else quick.essay()
    groups = []
    for length in lengths:
        for name in wanted:
            task = by_name[name]
            if arguments.quick:
                task = replace(task, max_new_tokens=_QUICK["new_tokens"])
            tokens = length or ruler.smallest(task, count, essay) + _QUICK_FILLING
            try:
                made = [ruler.make(task, tokens, one, count, essay) for one in range(number)]
            except ValueError as error:
                raise OptionError(str(error)) from error
            groups.append(Asked(benchmark.title, f"{name}_{tokens}", task.max_new_tokens, True, made))
    return groups


def _haystack(file: str) -> str:
    from app.documents import DocumentError, extract

    try:
        text = "\n\n".join(extract(Path(file), follow=True).pages)
    except DocumentError as error:
        raise CommandFailed(str(error)) from error
    if not text.strip():
        raise OptionError(f"{file} has no words, so no needle can be hidden in it: give a text.")
    return text


def _about(arguments: argparse.Namespace, model: AHNForCausalLM, columns: Sequence[str]) -> dict[str, Any]:
    """Everything that a score depends on."""
    chosen = options.model_options(arguments)
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers")}
    return {
        "measure": arguments.measure + (" --quick" if arguments.quick else ""),
        "model": model.name,
        "revision": _revision(chosen.model),
        "memory": f"{model.ahn_config.cell}{'' if model.memory_trained else ' (untrained)'}",
        "memory_from": chosen.ahn or ("the model's own" if model.memory_trained else "none"),
        "memory_revision": _revision(chosen.ahn) if chosen.ahn else "",
        "precision": model.precision,
        "backend": model.backend,
        "device": model.device.type,
        "columns": ", ".join(columns),
        "attention_sinks": _sinks(arguments),
        "sliding_window": {one.title: _window(arguments, one) for one in _benchmarks(arguments.measure)},
        "max_tokens": {
            one.title: arguments.max_tokens or one.max_tokens for one in _benchmarks(arguments.measure)
        },
        "cut": {one.title: arguments.cut or one.cut for one in _benchmarks(arguments.measure)},
        "passages": arguments.budget if arguments.recall else 0,
        "decoding": "greedy",
        "ahn_chat": __version__,
        **versions,
        "python": platform.python_version(),
    }


def _revision(source: str) -> str:
    """The commit of a model out of the hub's cache; "" of one that lies elsewhere."""
    from ahn_core.weights.files import locate

    folder, _ = locate(source, None)
    return folder.name if folder.parent.name == "snapshots" else ""
