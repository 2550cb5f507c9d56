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
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import __version__, options, paths
from app.evaluation.benchmarks.gather import NAMES, Wanted, benchmarks, questions
from app.evaluation.benchmarks.record import Answer, Record
from app.evaluation.benchmarks.run import COLUMNS, Asking, Column, Settings
from app.evaluation.tasks.sample import Benchmark
from app.installation import added_by
from app.options import CommandFailed, ModelOptions, OptionError
from app.progress import ProgressLine

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM

_NEEDED = ("jieba", "rouge", "rapidfuzz", "wonderwords")
_COLUMNS = ("full", "window", "ahn")
_SINKS = 128  # of the paper's settings
_QUICK_SINKS, _QUICK_WINDOW, _QUICK_TOKENS = (
    4,
    60,
    12,
)  # so that the short prompts of a quick run leave the window


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
        "--samples",
        type=options.whole_number,
        metavar="N",
        help="questions a task (default: all; of ruler 20)",
    )
    asked.add_argument(
        "--lengths",
        type=options.whole_number,
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
        "--budget",
        type=options.whole_number,
        default=1600,
        metavar="N",
        help="tokens of passages (default %(default)s)",
    )
    options.add_window_arguments(memory, f"{_SINKS}", "the paper's")
    memory.add_argument(
        "--max-tokens",
        type=options.whole_number,
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
        wanted = _wanted(arguments, stack)
        chosen = benchmarks(arguments.measure)
        model, tokenizer = _load(arguments, folder, world, progress)

        def count(text: str) -> int:
            return len(tokenizer.encode(text, add_special_tokens=False))

        # All questions before the first answer: what is missing is told at once.
        asked = {one.title: questions(one, wanted, count) for one in chosen}
        settings = {one.title: _settings(arguments, one) for one in chosen}
        about = _about(arguments, folder, model, settings)
        record = Record(output, about, rank)
        lookup = None
        if arguments.recall:
            from app.evaluation.benchmarks.lookup import Lookup

            lookup = Lookup(model, tokenizer, arguments.budget)
            stack.callback(lookup.close)
        for title, groups in asked.items():
            Asking(model, tokenizer, settings[title], lookup).run(groups, record, progress, rank, world)
    if world > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()
        if rank:
            return 0
        record.gather()
    order = (
        (group.benchmark, group.task, sample.id, column)
        for groups in asked.values()
        for group in groups
        for sample in group.samples
        for column in COLUMNS
    )
    _show(arguments, record.in_order(order), about, output)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandFailed(
            f"Scores need {', '.join(missing)}, which this installation lacks: `{added_by('eval')}` adds it."
        )
    for name, least in (("samples", 1), ("budget", 1), ("window", 1), ("max_tokens", 1), ("sinks", 0)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise OptionError(
                f"--{name.replace('_', '-')} is {value}, so nothing could be asked: give at least {least}."
            )
    if arguments.data and not Path(arguments.data).is_dir():
        raise OptionError(f"There is no folder {arguments.data}, so no question can be read: check --data.")
    if arguments.measure == "all" and arguments.tasks:
        raise OptionError("--tasks names tasks of one benchmark, and all of them are asked: name the one.")


def _wanted(arguments: argparse.Namespace, stack: ExitStack) -> Wanted:
    data = Path(arguments.data) if arguments.data else None
    if arguments.quick:
        from app.evaluation.benchmarks import quick

        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahn-chat-eval-")))
        quick.write(data)
    return Wanted(
        arguments.tasks,
        arguments.samples,
        data,
        arguments.lengths or (),
        arguments.haystack or "",
        _QUICK_TOKENS if arguments.quick else 0,
    )


def _load(
    arguments: argparse.Namespace, folder: Path, world: int, progress: ProgressLine
) -> tuple[AHNForCausalLM, PreTrainedTokenizerFast]:
    import torch

    from ahn_core import ConfigError, LoadError
    from ahn_core.zoo import ZooError
    from app.models.loading import load

    chosen: ModelOptions = options.model_options(arguments)
    if world > 1 and chosen.device is None and torch.cuda.is_available():
        chosen = replace(chosen, device=f"cuda:{os.environ.get('LOCAL_RANK', '0')}")
    try:
        # A quick run shows that all works, so it takes the number format of a chat, the quickest.
        return load(chosen, folder, progress, exact=not arguments.quick)
    except (LoadError, ConfigError, ZooError) as error:
        raise CommandFailed(str(error)) from error


def _columns(arguments: argparse.Namespace) -> list[Column]:
    return [*arguments.columns, *(["recall"] if arguments.recall else [])]


def _sinks(arguments: argparse.Namespace) -> int:
    if arguments.sinks is not None:
        return int(arguments.sinks)
    return _QUICK_SINKS if arguments.quick else _SINKS


def _settings(arguments: argparse.Namespace, benchmark: Benchmark) -> Settings:
    return Settings(
        columns=_columns(arguments),
        attention_sinks=_sinks(arguments),
        sliding_window=arguments.window or (_QUICK_WINDOW if arguments.quick else benchmark.sliding_window),
        max_tokens=arguments.max_tokens or benchmark.max_tokens,
        cut=arguments.cut or benchmark.cut,
        most_new_tokens=_QUICK_TOKENS if arguments.quick else 0,
        untrained_lengths=arguments.untrained_lengths,
    )


def _show(
    arguments: argparse.Namespace, answers: Sequence[Answer], about: Mapping[str, Any], output: Path | None
) -> None:
    from app.evaluation.benchmarks import report

    columns = _columns(arguments)
    if output is not None:
        report.write(output, answers, columns, about)
    if arguments.json:
        found = {"about": about, "answers": [asdict(one) for one in answers]}
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print(report.text(answers, columns))


def _about(
    arguments: argparse.Namespace, folder: Path, model: AHNForCausalLM, settings: Mapping[str, Settings]
) -> dict[str, Any]:
    """Everything that a score depends on."""
    from app.models.loading import ready

    chosen = options.model_options(arguments)
    found = ready(chosen, folder, lambda sentence, fraction=None: None)  # all of it is here: it is loaded
    memory = chosen.ahn or (found.ahn or "").partition("@")[0]
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers")}
    return {
        "measure": arguments.measure + (" --quick" if arguments.quick else ""),
        "model": model.name,
        "revision": _revision(found.base),
        "memory": f"{model.ahn_config.cell}{'' if model.memory_trained else ' (untrained)'}",
        "memory_from": memory or ("the model's own" if model.memory_trained else "none"),
        "memory_revision": _revision(found.ahn or ""),
        "precision": model.precision,
        "backend": model.backend,
        "device": model.device.type,
        "columns": ", ".join(_columns(arguments)),
        "attention_sinks": _sinks(arguments),
        "sliding_window": {title: one.sliding_window for title, one in settings.items()},
        "max_tokens": {title: one.max_tokens for title, one in settings.items()},
        "cut": {title: one.cut for title, one in settings.items()},
        "passages": arguments.budget if arguments.recall else 0,
        "decoding": "greedy",
        "ahn_chat": __version__,
        **versions,
        "python": platform.python_version(),
    }


def _revision(source: str) -> str:
    """The commit of a model out of the hub's cache; "" of one that lies elsewhere."""
    path = Path(source).expanduser()
    if path.exists():
        return path.name if path.parent.name == "snapshots" else ""
    return source.partition("@")[2]
