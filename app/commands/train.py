"""`ahn-chat prepare` and `ahn-chat train`: teach the memory of a base model by self-distillation.

Under `accelerate launch --multi_gpu -m app train …` the samples of a batch are spread over its processes, on processor
cores too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import options, paths
from app.installation import added_by
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine

if TYPE_CHECKING:
    from accelerate import Accelerator

    from ahn_core.config import CellName
    from ahn_core.training import Settings
    from ahn_core.training.corpus import Corpus
    from ahn_core.training.trainer import Distiller, StepReport
    from app.models.ready import Ready

CHECKPOINT, METRICS, LOSS_PLOT = "checkpoint", "metrics.jsonl", "loss.svg"


# ---------------------------------------------------------------------- prepare


def prepare_parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat prepare`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat prepare",
        description="Tokenize text and chat files once, to train on. A .jsonl file holds a chat a line: document, "
        "messages, answers.",
        allow_abbrev=False,
    )
    result.add_argument("files", nargs="+", metavar="FILE", help="UTF-8 text, or .jsonl")
    result.add_argument("--output", required=True, metavar="FOLDER", help="where the tokens go")
    result.add_argument(
        "--shortest",
        type=options.whole_number,
        default=1024,
        metavar="N",
        help="tokens a document must have (default %(default)s)",
    )
    options.add_model_arguments(result)
    return result


def prepare_main(argv: Sequence[str]) -> int:
    """Tokenize; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = prepare_parser().parse_args(argv)
    folder = _begin(arguments)
    from ahn_core import LoadError, load_tokenizer
    from ahn_core.training.corpus import CorpusError, prepare
    from ahn_core.zoo import ZooError

    try:
        found = _ready(arguments, folder)
        corpus = prepare(
            [Path(file) for file in arguments.files],
            load_tokenizer(found.base, gguf_file=found.gguf_file),
            Path(arguments.output),
            shortest=arguments.shortest,
        )
    except (CorpusError, LoadError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    tokens: dict[str, int] = {}
    for document in corpus.documents:
        tokens[document.file] = tokens.get(document.file, 0) + document.length
    for name, count in tokens.items():
        print(f"{count:>12,} tokens  {name}")
    print(f"{len(corpus):>12,} tokens in {len(corpus.documents):,} documents, in {arguments.output}")
    return 0


# ---------------------------------------------------------------------- train


def train_parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat train`."""
    from ahn_core.training import Settings

    result = argparse.ArgumentParser(
        prog="ahn-chat train",
        description="Teach the memory to say what full attention would have said. Goes on from the checkpoint in "
        "--output, if there is one.",
        allow_abbrev=False,
    )
    run = result.add_argument_group("run")
    run.add_argument("--data", required=True, metavar="FOLDER", help="what `ahn-chat prepare` wrote")
    run.add_argument(
        "--output", required=True, metavar="FOLDER", help="checkpoints, figures and the trained memory"
    )
    run.add_argument(
        "--cell",
        choices=("GatedDeltaNet", "DeltaNet", "Mamba2"),
        help="cell to begin with (default GatedDeltaNet)",
    )
    run.add_argument(
        "--save-every",
        type=options.whole_number,
        default=20,
        metavar="N",
        help="steps between checkpoints (default %(default)s)",
    )
    run.add_argument(
        "--save-dtype",
        choices=("float32", "bfloat16"),
        default="bfloat16",
        help="number format of the trained memory (default %(default)s)",
    )
    run.add_argument(
        "--threads",
        type=options.whole_number,
        metavar="N",
        help="processor threads (default: torch's choice)",
    )
    training = result.add_argument_group("training")
    for field, default in asdict(Settings()).items():
        flag, about = "--" + field.replace("_", "-"), f"{_ABOUT[field]} (default {_shown(default)})"
        if isinstance(default, bool):
            training.add_argument(flag, action="store_true", help=about)
        elif isinstance(default, tuple):
            training.add_argument(flag, type=_integers, default=default, metavar="LIST", help=about)
        else:
            metavar = "N" if isinstance(default, int) else "X"
            training.add_argument(flag, type=type(default), default=default, metavar=metavar, help=about)
    options.add_model_arguments(result)
    return result


_ABOUT = {
    "steps": "optimizer steps",
    "batch": "samples a step, over all processes",
    "segment": "tokens read and learnt from at a time",
    "lengths": "lengths of samples to draw from, in tokens",
    "windows": "sizes of sinks and window together to draw from, in tokens",
    "sinks": "numbers of sinks to draw from",
    "learning_rate": "highest learning rate",
    "projection_rate": "factor of the learning rate for the gates' projections",
    "natural_rate": "highest rate of natural-gradient steps for output maps and gates; 0: AdamW trains these too",
    "warm_up": "share of the steps in which the rate rises",
    "weight_decay": "AdamW's weight decay of matrices",
    "clip": "largest norm of the gradient",
    "seed": "decides the samples and their windows",
    "kl": "weight of the divergence from full attention",
    "kl_cap": "mean divergence of a segment from which on it counts no more than that; 0: no end",
    "cross_entropy": "weight of the next-token loss",
    "layers": "weight of each layer's distance from full attention",
    "labelled_only": "learn from labelled tokens alone: of chats, the answers",
    "checkpoint_layers": "compute each layer again in the backward pass, to save memory",
}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "off" if value is False else str(value)


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of whole numbers like 128,256,512") from None


def train_main(argv: Sequence[str]) -> int:
    """Train to the end; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = train_parser().parse_args(argv)
    if arguments.save_every < 1:
        raise OptionError(
            f"--save-every is {arguments.save_every}, so nothing would be kept: give at least 1."
        )
    folder = _begin(arguments)
    from accelerate import Accelerator

    from ahn_core import ConfigError, LoadError
    from ahn_core.training import TrainingError
    from ahn_core.training.corpus import Corpus, CorpusError
    from ahn_core.training.trainer import leave_group
    from ahn_core.zoo import ZooError

    settings = _settings(arguments)
    try:
        settings.check()
        corpus = Corpus(Path(arguments.data))
        accelerator = Accelerator(cpu=arguments.device == "cpu")
        try:
            _train(arguments, _ready(arguments, folder), settings, corpus, accelerator)
        finally:
            leave_group(accelerator)
    except (CorpusError, TrainingError, LoadError, ConfigError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    return 0


def _train(
    arguments: argparse.Namespace,
    found: Ready,
    settings: Settings,
    corpus: Corpus,
    accelerator: Accelerator,
) -> None:
    import torch

    from ahn_core import AHNForCausalLM
    from ahn_core.training.trainer import Distiller
    from app.models.dtypes import exact_dtype

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    # A name of the table brings a memory along, which a new one takes the place of.
    memory = None if arguments.cell and not arguments.ahn else found.ahn
    cell: CellName | None = arguments.cell or (None if memory else "GatedDeltaNet")
    model = AHNForCausalLM.from_pretrained(
        found.base,
        memory,
        gguf_file=found.gguf_file,
        cell=cell,
        dtype=exact_dtype(arguments.device or str(accelerator.device), arguments.dtype),
        device=arguments.device or accelerator.device,
    )
    distiller = Distiller(model, corpus, settings, accelerator)
    output = Path(arguments.output)
    log = RunLog(output, quiet=not accelerator.is_main_process)
    if (output / CHECKPOINT).is_dir():
        distiller.load(output / CHECKPOINT)
        log.resume(distiller.step)
    elif log.exists():
        raise CommandFailed(
            f"{output} has figures of another training and no checkpoint to go on from: give an empty --output."
        )
    samples = [document.name for document in corpus.documents if ":" not in document.name]
    note_training = partial(distiller.note_training, base=model.name, samples=samples)
    saved = distiller.step
    began, before = time.monotonic(), distiller.step
    for reports in distiller.rounds():
        log.add(reports, settings.steps, (time.monotonic() - began) / max(1, distiller.step - before))
        if accelerator.is_main_process and (
            distiller.step - saved >= arguments.save_every or distiller.finished
        ):
            # A checkpoint is a memory, too, so that several can be averaged: its config tells what it learnt from.
            note_training()
            distiller.save(output / CHECKPOINT)
            saved = distiller.step
    if accelerator.is_main_process:
        note_training()
        model.save_ahn(output / "ahn", dtype=getattr(torch, arguments.save_dtype))
        log.close(distiller)


def _settings(arguments: argparse.Namespace) -> Settings:
    from ahn_core.training import Settings

    return Settings(**{field.name: getattr(arguments, field.name) for field in fields(Settings)})


class RunLog:
    """Figures of a run: a line of JSON a step, a progress line, a plot at the end."""

    def __init__(self, folder: Path, *, quiet: bool = False) -> None:
        self._folder, self._path, self._quiet = folder, folder / METRICS, quiet
        if not quiet:
            folder.mkdir(parents=True, exist_ok=True)

    def exists(self) -> bool:
        """Whether a run has left figures here."""
        return self._path.is_file()

    def resume(self, step: int) -> None:
        """Drop what was noted after the checkpoint: those steps are taken again."""
        if not self._quiet and self.exists():
            kept = [line for line in self._lines() if line["step"] <= step]
            self._path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def add(self, reports: Sequence[StepReport], steps: int, seconds_a_step: float) -> None:
        """Note steps and say how it goes."""
        if self._quiet or not reports:
            return
        with self._path.open("a", encoding="utf-8") as file:
            for report in reports:
                file.write(json.dumps(asdict(report)) + "\n")
        last = reports[-1]
        left = (steps - last.step) * seconds_a_step
        line = (
            f"step {last.step:,} of {steps:,} · KL {last.kl:.4f} · {last.tokens_read:,} tokens · "
            f"{seconds_a_step:.1f} s a step · {left / 60:.0f} min left"
        )
        if sys.stderr.isatty():
            print(f"\r{line:<79}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def close(self, distiller: Distiller) -> None:
        """Say what came out, and draw the losses."""
        from app import plots

        if sys.stderr.isatty():
            print(file=sys.stderr)
        print(
            f"The memory is in {self._folder / 'ahn'}: {distiller.step:,} steps, {distiller.tokens_read:,} tokens."
        )
        if not plots.available():
            print(f"The loss was not drawn: matplotlib is not installed ({added_by('train')}).")
            return
        lines = self._lines()
        steps, values = [line["step"] for line in lines], [line["kl"] for line in lines]
        plots.lines(
            self._folder / LOSS_PLOT,
            {"mean of 20 steps": (steps, moving_mean(values, 20))},
            faint={"": (steps, values)},
            title="Divergence from full attention",
            x_label="step",
            y_label="KL in nats a token",
        )

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


def moving_mean(values: Sequence[float], width: int) -> list[float]:
    """The mean of each value and up to `width` - 1 before it."""
    return [
        sum(part) / len(part) for i in range(len(values)) if (part := values[max(0, i - width + 1) : i + 1])
    ]


def _begin(arguments: argparse.Namespace) -> Path:
    """Set the environment up; returns the data folder."""
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    paths.prepare(folder)
    return folder


def _ready(arguments: argparse.Namespace, folder: Path) -> Ready:
    from app.models.loading import ready

    progress = ProgressLine(sys.stderr)
    try:
        return ready(options.model_options(arguments), folder, progress)
    finally:
        progress.clear()
