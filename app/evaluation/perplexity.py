"""`ahn-chat eval`: what the memory is worth on a long text, by distance from its start (`perplexity FILE…`), and how
much of that it knows of this very text (`memory FILE FILE…`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import options, paths, plots
from app.installation import added_by
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine

if TYPE_CHECKING:
    from torch import Tensor

    from ahn_core import AHNForCausalLM

COLUMNS = ("full", "window", "ahn")


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat eval`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat eval",
        description="Measure how well full attention, the window alone and AHN predict long texts.",
        allow_abbrev=False,
    )
    result.add_argument(
        "measure",
        choices=("perplexity", "memory"),
        help="perplexity: cross-entropy by distance from the start. memory: nearness to full attention, with the "
        "text's own state and with that of the next file",
    )
    result.add_argument("files", nargs="+", metavar="FILE", help="a document, read on its own")
    evaluation = result.add_argument_group("evaluation")
    evaluation.add_argument(
        "--tokens",
        type=options.whole_number,
        default=8192,
        metavar="N",
        help="tokens read of each file (default %(default)s)",
    )
    options.add_window_arguments(evaluation)
    evaluation.add_argument(
        "--bucket",
        type=options.whole_number,
        default=1024,
        metavar="N",
        help="tokens a row of the table (default %(default)s)",
    )
    evaluation.add_argument(
        "--output", metavar="FOLDER", help="write the JSON here, and of perplexity a plot (SVG) a file"
    )
    evaluation.add_argument("--json", action="store_true", help="print the JSON instead of the tables")
    options.add_model_arguments(result)
    return result


def main(argv: Sequence[str]) -> int:
    """Measure every file; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = parser().parse_args(argv)
    if arguments.bucket < 1:
        raise OptionError(f"--bucket is {arguments.bucket}, so no row would hold a token: give at least 1.")
    if arguments.measure == "memory" and len({Path(file).name for file in arguments.files}) < 2:
        raise OptionError(
            "eval memory was given one file, so there is no other text's state: give at least two."
        )
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    from ahn_core import ConfigError, LoadError
    from ahn_core.zoo import ZooError
    from app.documents import DocumentError, extract
    from app.models.loading import load

    progress = ProgressLine(sys.stderr)
    try:
        texts = {Path(file).name: "\n\n".join(extract(file, follow=True).pages) for file in arguments.files}
        model, tokenizer = load(options.model_options(arguments), folder, progress, exact=True)
        sinks = model.default_attention_sinks if arguments.sinks is None else arguments.sinks
        window = model.default_sliding_window if arguments.window is None else arguments.window
        report: dict[str, Any] = {
            "model": model.name,
            "cell": model.ahn_config.cell,
            "memory_trained": model.memory_trained,
            "attention_sinks": sinks,
            "sliding_window": window,
            "texts": [],
        }
        tokens = _common_length(arguments.tokens, model, arguments.measure)
        encoded = {
            name: _encode(tokenizer, text, name, tokens, sinks + window) for name, text in texts.items()
        }
        if arguments.measure == "memory":
            report["texts"] = worths(model, encoded, sinks, window, progress)
        else:
            for name, ids in encoded.items():
                losses = measure(model, ids, sinks, window, progress, name)
                report["texts"].append(summary(name, losses, sinks + window, arguments.bucket))
    except (DocumentError, LoadError, ConfigError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    finally:
        progress.clear()
    shown = worth_table if arguments.measure == "memory" else table
    print(json.dumps(report, indent=1) if arguments.json else shown(report))
    if arguments.output:
        _write(Path(arguments.output), report, arguments.measure)
    return 0


def _common_length(tokens: int, model: AHNForCausalLM, measure: str) -> int:
    """Full attention stands beside every token of `memory`, so it ends where the base was trained to."""
    return min(tokens, model.config.max_position_embeddings) if measure == "memory" else tokens


def _encode(tokenizer: Any, text: str, name: str, tokens: int, size: int) -> Tensor:
    import torch

    ids = tokenizer.encode(text, add_special_tokens=False)[:tokens]
    if len(ids) <= size + 1:
        raise CommandFailed(
            f"{name} gives {len(ids):,} tokens, which sinks and window ({size:,}) hold word for word, so there is "
            "nothing to compare: take a longer text or more --tokens, or a smaller --window."
        )
    return torch.tensor(ids)


def measure(
    model: AHNForCausalLM, ids: Tensor, sinks: int, window: int, progress: ProgressLine, name: str
) -> dict[str, Tensor]:
    """Cross-entropy of every token but the first, by memory kind; full attention only as far as it was trained."""
    from ahn_core.eval.losses import kinds_for, token_losses

    losses: dict[str, Tensor] = {}
    for kind, length in kinds_for(model, ids.numel()):
        cache = model.make_cache(kind, attention_sinks=sinks, sliding_window=window)

        def show(done: int, kind: str = kind, length: int = length) -> None:
            progress(f"{name}, {plots.NAMES[kind]}: {done:,} of {length:,} tokens", done / length)

        losses[kind] = token_losses(model, ids[:length], cache, on_progress=show)
    return losses


def worths(
    model: AHNForCausalLM, texts: dict[str, Tensor], sinks: int, window: int, progress: ProgressLine
) -> list[dict[str, Any]]:
    """Each text read with its own state and with the next one's; of two texts as far as the shorter one goes."""
    from ahn_core.eval.losses import memory_worth

    names, found = list(texts), []
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        length = min(texts[name].numel(), texts[other].numel())

        def show(done: int, name: str = name, length: int = length) -> None:
            progress(f"{name}: {done:,} of {length:,} tokens", done / length)

        closeness = memory_worth(
            model,
            texts[name][:length],
            texts[other][:length],
            attention_sinks=sinks,
            sliding_window=window,
            on_progress=show,
        )
        found.append(
            {
                "name": name,
                "state_of": other,
                "tokens": length,
                "read_by": {kind: asdict(values) for kind, values in closeness.items()},
            }
        )
    return found


def worth_table(report: dict[str, Any]) -> str:
    """The report of `eval memory` for people."""
    lines = [_heading(report, "divergence from full attention and cross-entropy in nats a token")]
    for text in report["texts"]:
        read_by = text["read_by"]
        lost = read_by["window"]["divergence"]
        lines += [
            "",
            f"{text['name']}, {text['tokens']:,} tokens",
            f"{'':>44}{'divergence':>12}{'of window':>11}{'cross-entropy':>15}",
        ]
        for kind, label in (
            ("full", "full attention"),
            ("window", "window only"),
            ("foreign", f"with the state of {text['state_of']}"[:43]),
            ("own", "with its own state"),
        ):
            divergence, cross_entropy = read_by[kind]["divergence"], read_by[kind]["cross_entropy"]
            share = f"{divergence / lost - 1:+.1%}" if lost else "–"
            lines.append(f"{label:>44}{divergence:12.4f}{share:>11}{cross_entropy:15.4f}")
        known = (read_by["foreign"]["divergence"] - read_by["own"]["divergence"]) / lost if lost else 0.0
        lines.append(f"known of this text: {known:.1%} of what the window diverges")
    return "\n".join(lines)


def summary(name: str, losses: dict[str, Tensor], first: int, bucket: int) -> dict[str, Any]:
    """One text's figures: means in nats over the tokens after sinks and window, and by distance from the start."""
    from ahn_core.eval.losses import by_distance, gap_recovered

    reach = min(values.numel() for values in losses.values())
    return {
        "name": name,
        "tokens": max(values.numel() for values in losses.values()) + 1,
        "compared_until": reach + 1,
        "cross_entropy": {
            kind: float(values[first:reach].double().mean()) for kind, values in losses.items()
        },
        "cross_entropy_to_the_end": {
            kind: float(values[first:].double().mean()) for kind, values in losses.items() if kind != "full"
        },
        "gap_recovered": gap_recovered(losses, first),
        "by_distance": [asdict(row) for row in by_distance(losses, bucket)],
    }


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [_heading(report, "cross-entropy in nats a token")]
    for text in report["texts"]:
        lines += [
            "",
            text["name"],
            f"{'tokens':>17}" + "".join(f"{plots.NAMES[kind]:>16}" for kind in COLUMNS),
        ]
        for row in text["by_distance"]:
            span = f"{row['start']:,}–{row['stop']:,}"
            lines.append(f"{span:>17}" + "".join(_cell(row["losses"].get(kind)) for kind in COLUMNS))
        until = f"to {text['compared_until']:,}"
        lines.append(f"{until:>17}" + "".join(_cell(text["cross_entropy"][kind]) for kind in COLUMNS))
        gap = text["gap_recovered"]
        lines.append(
            "full attention is no better than the window here, so there is no gap to recover"
            if gap is None
            else f"gap between window and full attention recovered: {gap:.1%}"
        )
    gaps = [text["gap_recovered"] for text in report["texts"] if text["gap_recovered"] is not None]
    if len(gaps) > 1:
        lines += ["", f"mean of the gaps recovered: {sum(gaps) / len(gaps):.1%}"]
    return "\n".join(lines)


def _heading(report: dict[str, Any], figures: str) -> str:
    return (
        f"{report['model']}, {report['cell']}{'' if report['memory_trained'] else ' (untrained)'}, "
        f"{report['attention_sinks']:,} sinks and a window of {report['sliding_window']:,} tokens; {figures}"
    )


def _cell(value: float | None) -> str:
    return f"{'–' if value is None else format(value, '.4f'):>16}"


def _write(folder: Path, report: dict[str, Any], measure: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{measure}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if measure == "memory":
        return
    if not plots.available():
        print(
            f"The plots were left out: matplotlib is not installed ({added_by('train')}).",
            file=sys.stderr,
        )
        return
    for text in report["texts"]:
        rows = text["by_distance"]
        curves = {
            kind: (
                [(row["start"] + row["stop"]) / 2 for row in rows if kind in row["losses"]],
                [row["losses"][kind] for row in rows if kind in row["losses"]],
            )
            for kind in COLUMNS
        }
        plots.lines(
            folder / f"{Path(text['name']).stem}.svg",
            curves,
            title=f"{text['name']}: {report['cell']}, S + W = {report['attention_sinks'] + report['sliding_window']:,}",
            x_label="tokens from the start",
            y_label="cross-entropy in nats a token",
            marks={"S + W": report["attention_sinks"] + report["sliding_window"]},
        )
