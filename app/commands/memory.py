"""`ahn-chat memory`: begin a memory to train (`open`), turn one into another cell's (`convert`), or take the mean of
several (`average`).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app import options, paths
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine

if TYPE_CHECKING:
    from torch import Tensor

_SOURCES = {"open": (0, "no memory"), "convert": (1, "one memory"), "average": (2, "two or more memories")}
_STRETCHES, _STRETCH = 8, 512  # of the corpus, in tokens: what gates are fitted to and measured on


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat memory`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat memory",
        description="Begin, convert or average memories; each is a folder with config.json and model.safetensors.",
        allow_abbrev=False,
    )
    result.add_argument(
        "action",
        choices=("open", "convert", "average"),
        help="open: a new memory with open gates, to train by `train --natural-rate`. convert: what a memory of one "
        "cell has learnt, in another cell. average: the mean of memories of one cell",
    )
    result.add_argument("target", metavar="FOLDER", help="where the memory goes")
    result.add_argument(
        "sources", nargs="*", metavar="MEMORY", help="one to convert, or those to take the mean of"
    )
    made = result.add_argument_group("memory")
    made.add_argument(
        "--cell",
        choices=("GatedDeltaNet", "DeltaNet", "Mamba2"),
        help="cell of the memory to open or convert to (default GatedDeltaNet)",
    )
    made.add_argument(
        "--data", metavar="FOLDER", help="what `ahn-chat prepare` wrote: gates are fitted to some of it"
    )
    made.add_argument(
        "--save-dtype",
        choices=("float32", "bfloat16"),
        default="bfloat16",
        help="number format of the memory (default %(default)s)",
    )
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Write the memory; returns the exit status. Raises CommandFailed or OptionError with one sentence."""
    arguments = parser().parse_args(argv)
    _check(arguments)
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    from ahn_core import ConfigError, LoadError
    from ahn_core.training.corpus import CorpusError
    from ahn_core.zoo import ZooError

    try:
        if arguments.action == "average":
            _average(arguments)
        else:
            _make(arguments, folder)
    except (ConfigError, CorpusError, LoadError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    print(f"The memory is in {arguments.target}.")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    action, given = arguments.action, len(arguments.sources)
    least, wanted = _SOURCES[action]
    if given < least or (action != "average" and given > least):
        raise OptionError(
            f"memory {action} takes {wanted} to start from and was given {given}: name them after the folder to write."
        )
    if action != "average" and arguments.data is None:
        raise OptionError(
            f"memory {action} fits gates to text and was given none: add --data with what `ahn-chat prepare` wrote."
        )
    if action == "average" and arguments.cell is not None:
        raise OptionError("A mean has the cell of what it is the mean of: leave --cell out.")
    if arguments.ahn is not None:
        raise OptionError(
            f"memory {action} takes memories after its folder: give {arguments.ahn} there, not as --ahn."
        )


def _average(arguments: argparse.Namespace) -> None:
    import torch

    from ahn_core.averaging import average_memories

    average_memories(arguments.sources, arguments.target, getattr(torch, arguments.save_dtype))


def _make(arguments: argparse.Namespace, folder: Path) -> None:
    import torch

    from ahn_core import AHNForCausalLM
    from ahn_core.conversion import convert_memory
    from ahn_core.opening import open_memory
    from app.models.dtypes import exact_dtype
    from app.models.loading import ready

    sample = _sample(Path(arguments.data))
    progress = ProgressLine(sys.stderr)
    try:
        found = ready(options.model_options(arguments), folder, progress)
    finally:
        progress.clear()
    dtype = exact_dtype(arguments.device, arguments.dtype)
    model = AHNForCausalLM.from_pretrained(
        found.base,
        gguf_file=found.gguf_file,
        cell=arguments.cell or "GatedDeltaNet",
        dtype=dtype,
        device=arguments.device,
    )
    sample = sample.to(model.device)
    if arguments.action == "open":
        open_memory(model, sample)
    else:
        source = AHNForCausalLM.from_pretrained(
            found.base, arguments.sources[0], gguf_file=found.gguf_file, dtype=dtype, device=arguments.device
        )
        try:
            convert_memory(source, model, sample)
        except ValueError as error:
            raise CommandFailed(str(error)) from error
    model.save_ahn(arguments.target, dtype=getattr(torch, arguments.save_dtype))


def _sample(folder: Path) -> Tensor:
    """Some of a corpus, the same each time: [T] int64."""
    import torch

    from ahn_core.training.corpus import Corpus

    corpus, rng = Corpus(folder), random.Random(1)
    return torch.cat([corpus.draw(rng, _STRETCH).input_ids for _ in range(_STRETCHES)])
