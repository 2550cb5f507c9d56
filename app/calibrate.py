"""`ahn-chat calibrate`: begin a memory from a regression over some documents, in minutes, before `ahn-chat train`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app import options
from app.options import CommandFailed, OptionError
from app.train import begin, integers

if TYPE_CHECKING:
    from ahn_core.calibration import Document
    from ahn_core.corpus import Corpus

REPORT = "calibration.jsonl"
_MOST_DRAWS = 50  # for each document wanted, where most of a corpus is shorter than asked for


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat calibrate`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat calibrate",
        description="Give a new memory its first parameters by regression, for `ahn-chat train` to go on from. Takes "
        "about 80 KB of memory for each token of all documents, for a base 576 wide.",
        allow_abbrev=False,
    )
    result.add_argument("--data", required=True, metavar="FOLDER", help="what `ahn-chat prepare` wrote")
    result.add_argument("--output", required=True, metavar="FOLDER", help="where the memory goes")
    result.add_argument(
        "--cell",
        choices=("GatedDeltaNet", "DeltaNet", "Mamba2"),
        default="GatedDeltaNet",
        help="cell of the memory (default %(default)s)",
    )
    result.add_argument(
        "--documents", type=int, default=16, metavar="N", help="documents to read (default %(default)s)"
    )
    result.add_argument(
        "--length", type=int, default=3072, metavar="N", help="tokens of each (default %(default)s)"
    )
    for name, default, what in (
        ("windows", (256, 512), "sizes of sinks and window together"),
        ("sinks", (4, 16, 64), "numbers of sinks"),
    ):
        shown = ",".join(map(str, default))
        result.add_argument(
            f"--{name}",
            type=integers,
            default=default,
            metavar="LIST",
            help=f"{what} to draw from (default {shown})",
        )
    result.add_argument("--seed", type=int, default=0, metavar="N", help="decides the documents")
    result.add_argument(
        "--threads", type=int, metavar="N", help="processor threads (default: torch's choice)"
    )
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Calibrate; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = parser().parse_args(argv)
    if arguments.ahn:
        raise OptionError(
            f"--ahn {arguments.ahn} is a memory already, which calibration would overwrite: leave it out, and name a "
            "--cell."
        )
    begin(arguments)
    from ahn_core import ConfigError, LoadError
    from ahn_core.corpus import CorpusError
    from ahn_core.training import TrainingError
    from ahn_core.zoo import ZooError

    try:
        _calibrate(arguments)
    except (CorpusError, TrainingError, LoadError, ConfigError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    return 0


def _calibrate(arguments: argparse.Namespace) -> None:
    import torch

    from ahn_core import AHNForCausalLM
    from ahn_core.calibration import calibrate
    from ahn_core.corpus import Corpus

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    documents = list(drawn(Corpus(Path(arguments.data)), arguments))
    model = AHNForCausalLM.from_pretrained(
        arguments.model, cell=arguments.cell, dtype=arguments.dtype, device=arguments.device
    )
    output = Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (output / REPORT).open("w", encoding="utf-8") as file:
        for report in calibrate(model, documents):
            file.write(json.dumps(asdict(report)) + "\n")
            done, layers = report.layer + 1, len(model.layers)
            left = (time.monotonic() - began) / done * (layers - done)
            print(
                f"layer {done} of {layers} · {report.explained:.1%} of its loss explained · {left / 60:.0f} min left",
                file=sys.stderr,
                flush=True,
            )
    model.memory_trained = True
    model.save_ahn(output / "ahn", dtype=torch.float32)
    print(f"The memory is in {output / 'ahn'}; go on with `ahn-chat train --ahn {output / 'ahn'}`.")


def drawn(corpus: Corpus, arguments: argparse.Namespace) -> Iterator[Document]:
    """The documents to calibrate on, each with the memory it is read with: a function of the seed alone."""
    from ahn_core.calibration import Document
    from ahn_core.training import TrainingError

    rng = random.Random(arguments.seed)
    wanted = arguments.documents
    if min(arguments.sinks) >= min(arguments.windows):
        raise TrainingError(
            f"{min(arguments.sinks):,} sinks leave no window within {min(arguments.windows):,} tokens: give fewer "
            "sinks or larger windows."
        )
    for _ in range(_MOST_DRAWS * max(1, wanted)):
        if not wanted:
            return
        ids = corpus.draw(rng, arguments.length).input_ids
        window = rng.choice(arguments.windows)
        sinks = rng.choice([size for size in arguments.sinks if size < window])
        if ids.numel() == arguments.length:
            wanted -= 1
            yield Document(ids, sinks, window - sinks)
    if wanted:
        raise TrainingError(
            f"the corpus has hardly any document of {arguments.length:,} tokens, so {wanted} are missing: give a "
            "smaller --length, or longer documents to `ahn-chat prepare`."
        )
