"""`ahn-chat plan MODEL --context N`: what a model takes on this machine, before it is fetched."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from app import options, paths
from app.options import EMBEDDED, CommandFailed, OptionError

if TYPE_CHECKING:
    from app.models.planning import Plan


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat plan`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat plan",
        description="Count what a model takes on this machine: memory, operations, time. Nothing but a repository's "
        "config.json is fetched for it.",
        allow_abbrev=False,
    )
    result.add_argument(
        "planned",
        nargs="?",
        metavar="MODEL",
        help="a name of `ahn-chat models list`, a Hugging Face id, a folder or a .gguf file (default: --model)",
    )
    result.add_argument(
        "--context", default="128000", metavar="N", help="tokens read, as 128000 or 32k (default %(default)s)"
    )
    options.add_window_arguments(result, "the model's", "the model's")
    result.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Print the plan; returns the exit status. Raises CommandFailed or OptionError with one sentence."""
    arguments = parser().parse_args(argv)
    context = parse_context(arguments.context)
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    import torch

    from ahn_core.config import ConfigError
    from ahn_core.weights.errors import LoadError
    from app.commands.models import measured_rates
    from app.models.hub import Hub
    from app.models.planning import plan_of
    from app.models.shapes import shape_of
    from app.store import StoreError

    model = arguments.planned or arguments.model or EMBEDDED
    try:
        shape = shape_of(Hub(), folder, model, arguments.ahn)
        for flag, value, least in (("--sinks", arguments.sinks, 0), ("--window", arguments.window, 1)):
            if value is not None and value < least:
                raise OptionError(f"{flag} is {value}, so no window can be kept: give at least {least}.")
        sinks = shape.window[0] if arguments.sinks is None else arguments.sinks
        window = shape.window[1] if arguments.window is None else arguments.window
        planned = plan_of(
            shape.title,
            shape.config,
            shape.ahn_config,
            context,
            dtype=arguments.dtype,
            device=torch.device(arguments.device) if arguments.device else None,
            window=(sinks, window),
            rates=measured_rates(folder),
            trained_memory=shape.trained_memory,
            source=shape.source,
        )
    except (LoadError, ConfigError, StoreError) as error:
        raise CommandFailed(str(error)) from error
    if arguments.json:
        print(
            json.dumps(
                {**asdict(planned), "needed_bytes": planned.needed_bytes, "fits": planned.fits}, indent=2
            )
        )
    else:
        print(table(planned))
    return 0


def parse_context(text: str) -> int:
    """ "128000", "128k" (131,072) as tokens. Raises OptionError."""
    count = options.token_count(text)
    if count is None:
        raise OptionError(
            f"'{text}' is no number of tokens, so nothing can be planned: write --context 128000."
        )
    return count


def table(planned: Plan) -> str:
    """The plan in lines."""
    from app.models.planning import KINDS, fit_sentence
    from app.models.wording import duration_words, flops_words, size_words

    memory = (
        f"{planned.memory_parameters / 1e6:.1f} million of them the memory's"
        if planned.memory_parameters
        else "no memory was trained for it"
    )
    names = {"full": "full attention", "window": "window alone", "ahn": "window + AHN"}
    lines = [
        f"{planned.title} at {planned.context:,} tokens, {planned.dtype} on {planned.device}",
        f"parameters     {(planned.parameters + planned.memory_parameters) / 1e9:.2f} billion, {memory}",
        f"weights        {size_words(planned.weight_bytes)}; at most {size_words(planned.loading_bytes)} while loading",
        f"window         {planned.attention_sinks:,} first and {planned.sliding_window:,} last tokens",
        f"this device    {fit_sentence(planned)}",
        "",
        f"{'':<16}{'cache':>10}{'of full':>9}{'mixing':>13}{'of full':>9}{'model':>13}{'of full':>9}{'read in':>10}",
    ]
    for kind in KINDS:
        cost, share = planned.costs[kind], planned.shares[kind]
        time = "–" if cost.seconds is None else duration_words(cost.seconds)
        lines.append(
            f"{names[kind]:<16}{size_words(cost.cache_bytes):>10}{share['cache']:>9.1%}"
            f"{flops_words(cost.mixing_flops):>13}{share['mixing']:>9.1%}"
            f"{flops_words(cost.model_flops):>13}{share['model']:>9.1%}{time:>10}"
        )
    if planned.rate_from and planned.rate_from not in planned.title:
        lines.append(
            f"Times are scaled from the speed of {planned.rate_from} on this machine, by operations."
        )
    elif planned.rate_from:
        lines.append("Times go by the speed this model was measured at on this machine.")
    else:
        lines.append("Nothing has been read on this machine yet, so no time can be told.")
    if planned.context > planned.trained:
        lines.append(
            f"Full attention was trained for {planned.trained:,} tokens; beyond them it is no longer the base."
        )
    return "\n".join(lines)
