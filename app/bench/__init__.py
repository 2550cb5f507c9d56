"""`ahn-chat bench`: reading and decoding rates of the three memories beside transformers' full attention and
llama.cpp.

One process a contender; the contenders take turns, round after round, so that a machine whose speed drifts drifts for
all of them; the figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ahn_core.native import build
from app import options, paths
from app.acceleration import native_folder
from app.bench.limits import Limits
from app.bench.worker import CONTENDERS, Contender, Measurement, Result, Specification
from app.installation import added_by
from app.models.dtypes import chat_dtype
from app.models.ready import Ready
from app.options import CommandFailed, OptionError
from app.progress import ProgressLine

if TYPE_CHECKING:
    from app.models.shapes import Shape

_PACKAGES = ("torch", "transformers", "tokenizers")
OURS: tuple[Contender, ...] = ("ahn", "window", "full")


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat bench`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat bench",
        description="Measure reading and decoding beside transformers' full attention on this machine.",
        allow_abbrev=False,
    )
    bench = result.add_argument_group("benchmark")
    bench.add_argument(
        "--lengths",
        default="512,1k,2k,8000,32k,128k",  # 8,000 leaves those trained to 8,192 room for an answer
        metavar="LIST",
        help="tokens to read before each measurement (default %(default)s)",
    )
    bench.add_argument(
        "--contenders",
        metavar="LIST",
        help=f"which to measure (default {','.join(CONTENDERS)}; with --random-weights {','.join(OURS)})",
    )
    bench.add_argument(
        "--random-weights",
        action="store_true",
        help="measure a model of the true shapes with random weights: nothing but its configuration is fetched",
    )
    bench.add_argument(
        "--rounds",
        type=options.whole_number,
        default=3,
        metavar="N",
        help="times each is measured (default %(default)s)",
    )
    bench.add_argument(
        "--decode-tokens",
        type=options.whole_number,
        default=32,
        metavar="N",
        help="tokens generated after each length (default %(default)s)",
    )
    bench.add_argument(
        "--threads",
        type=options.whole_number,
        metavar="N",
        help="processor threads (default: torch's choice)",
    )
    started = "with --random-weights what a chat starts with"
    options.add_window_arguments(bench, f"64; {started}", f"960; {started}")
    bench.add_argument(
        "--gguf", metavar="FILE", help="what llama.cpp reads (default: the embedded model's own file)"
    )
    bench.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options.add_model_arguments(result)
    return result


def parse_lengths(text: str) -> tuple[int, ...]:
    """ "1k,8k" as (1024, 8192), ascending. Raises OptionError."""
    lengths = []
    for word in text.split(","):
        length = options.token_count(word)
        if length is None:
            raise OptionError(
                f"'{word}' is no number of tokens, so nothing can be read: write --lengths like 1k,8k,32k."
            )
        lengths.append(length)
    return tuple(sorted(set(lengths)))


def parse_contenders(text: str) -> tuple[Contender, ...]:
    """The named contenders in the order given. Raises OptionError."""
    chosen = [name.strip() for name in text.split(",")]
    unknown = [name for name in chosen if name not in CONTENDERS]
    if unknown:
        raise OptionError(
            f"'{unknown[0]}' is no contender, so it cannot be measured: choose among {', '.join(CONTENDERS)}."
        )
    return tuple(name for name in CONTENDERS if name in chosen)


def installed(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """The contenders whose packages are here."""
    here = importlib.util.find_spec("xllamacpp") is not None
    return tuple(name for name in contenders if name != "llama.cpp" or here)


def gguf_file(arguments: argparse.Namespace) -> str:
    """The file llama.cpp reads. Raises CommandFailed where none is named for a model of one's own."""
    from ahn_core import zoo

    if arguments.gguf:
        return str(arguments.gguf)
    if arguments.model != options.EMBEDDED:
        raise CommandFailed(
            f"llama.cpp reads GGUF files and there is none for {arguments.model}: name it with --gguf, or leave "
            "llama.cpp out of --contenders."
        )
    try:
        return str(zoo.embedded_gguf_path(paths.data_dir(arguments.data_dir)))
    except zoo.ZooError as error:
        raise CommandFailed(str(error)) from error


def measure_in_process(specification: Specification) -> Result:
    """Run one contender in a process of its own, however long that takes. Raises CommandFailed with its last words."""
    done = subprocess.run(
        [sys.executable, "-m", "app.bench.worker", json.dumps(asdict(specification))],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        ended = "the system ended it, most likely for lack of memory" if done.returncode < 0 else "no message"
        last = done.stderr.strip().splitlines()[-1:] or [ended]
        raise CommandFailed(f"Measuring {specification.contender} failed: {last[0]}")
    values = json.loads(done.stdout.splitlines()[-1])
    values["measurements"] = tuple(Measurement(**measurement) for measurement in values["measurements"])
    return Result(**values)


def medians(rounds: Sequence[Result]) -> tuple[Measurement, ...]:
    """Field by field over the rounds of one contender."""
    return tuple(
        Measurement(
            **{f.name: statistics.median(getattr(m, f.name) for m in same) for f in fields(Measurement)}
        )
        for same in zip(*(result.measurements for result in rounds), strict=True)
    )


def hardware() -> dict[str, object]:
    """What the figures depend on besides this code."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
        **{name: metadata.version(name) for name in ("xllamacpp",) if importlib.util.find_spec(name)},
    }


def _processor() -> str:
    """The processor's name; Linux alone has it in a file only."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def random_shape(arguments: argparse.Namespace) -> Shape:
    """What random weights are to be like. Raises CommandFailed: the model is not known, or cannot be asked for."""
    from ahn_core import ConfigError, LoadError
    from app.models.hub import Hub
    from app.models.shapes import shape_of

    try:
        return shape_of(Hub(), paths.data_dir(arguments.data_dir), arguments.model, arguments.ahn)
    except (LoadError, ConfigError) as error:
        raise CommandFailed(str(error)) from error


def named_model(arguments: argparse.Namespace) -> Ready:
    """What was named, on this computer: fetched where it lacks. Raises CommandFailed."""
    from ahn_core import LoadError
    from ahn_core.zoo import ZooError
    from app.models.loading import ready

    progress = ProgressLine(sys.stderr)
    try:
        return ready(options.model_options(arguments), paths.data_dir(arguments.data_dir), progress)
    except (LoadError, ZooError) as error:
        raise CommandFailed(str(error)) from error
    finally:
        progress.clear()


def bench_device(named: str | None, random: bool) -> str:
    """Where our contenders compute: what is named, else the CPU, which the others use, too, or with random weights what
    a chat would use.
    """
    if named or not random:
        return named or "cpu"
    from ahn_core.devices import best_device

    return str(best_device().device)


def compiled_library(data_dir: Path) -> str | None:
    """The decoding step as the app compiles it; None, with the reason on standard error, where it cannot."""
    try:
        return str(build.library(native_folder(data_dir)))
    except build.BuildError as error:
        print(f"Decoding is not compiled: {error}.", file=sys.stderr)
        return None


def measure_limits(threads: int | None) -> Limits:
    """The machine's limits, measured in a process of its own so that no contender's memory counts it."""
    command = [sys.executable, "-m", "app.bench.limits", str(threads or 0)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise CommandFailed(f"Measuring this machine failed: {last[0]}")
    return Limits(**json.loads(done.stdout))


def shares(limits: Limits, results: dict[Contender, list[Result]]) -> str:
    """What the machine allows, and the share each contender reaches at its first length, where little else counts."""
    half = limits.bfloat16_operations_per_second
    lines = [
        f"memory read at {limits.bytes_per_second / 1e9:.1f} GB/s, float32 matrix products at "
        f"{limits.operations_per_second / 1e9:.0f} GFLOP/s"
        + (f", bfloat16 at {half / 1e9:.0f}" if half else "")
    ]
    for contender, rounds in results.items():
        weights, operations = rounds[0].weight_bytes, rounds[0].read_operations
        if not (weights and operations and rounds[0].measurements):
            continue
        m = medians(rounds)[0]
        decoding = limits.bytes_per_second / (weights + m.cache_bytes)
        rate = half if rounds[0].bfloat16 else limits.operations_per_second
        reading = rate / operations
        lines.append(
            f"{contender:14}at most {decoding:,.0f} tokens/s decoding ({weights / 1e6:,.0f} MB of weights and "
            f"{m.cache_bytes / 1e6:,.0f} MB of cache), "
            f"{m.decode_tokens_per_second / decoding:.0%} reached; {reading:,.0f} reading "
            f"({operations / 1e6:,.0f} MFLOP a token), {m.read_tokens_per_second / reading:.0%} reached"
        )
    return "\n".join(lines)


def table(results: dict[Contender, list[Result]]) -> str:
    """The medians as text; ratios are to the better of transformers and llama.cpp after the same length, where one of
    them was measured there.
    """
    others = [m for name in ("transformers", "llama.cpp") if name in results for m in medians(results[name])]
    best_read: dict[int, float] = {}
    best_decode: dict[int, float] = {}
    for m in others:
        best_read[m.length] = max(best_read.get(m.length, 0.0), m.read_tokens_per_second)
        best_decode[m.length] = max(best_decode.get(m.length, 0.0), m.decode_tokens_per_second)
    lines = [  # ratios to the better of the others
        f"{'':14}{'tokens':>9}{'read/s':>9}{'ratio':>7}{'decode/s':>10}{'ratio':>7}"
        f"{'first s':>9}{'cache MB':>10}{'peak MB':>9}"
    ]
    for contender, rounds in results.items():
        for m in medians(rounds):
            known = m.length in best_read
            reading = f"{m.read_tokens_per_second / best_read[m.length]:.2f}" if known else ""
            decoding = f"{m.decode_tokens_per_second / best_decode[m.length]:.2f}" if known else ""
            lines.append(
                f"{contender:14}{m.length:>9,}{m.read_tokens_per_second:>9.0f}{reading:>7}"
                f"{m.decode_tokens_per_second:>10.1f}{decoding:>7}{m.first_token_seconds:>9.2f}"
                f"{_megabytes(m.cache_bytes):>10}{m.peak_memory_bytes / 1e6:>9.0f}"
            )
        load = statistics.median(result.load_seconds for result in rounds)
        stopped = rounds[0].stopped_at
        ended = f"; not beyond: {stopped[0]:,} tokens ({stopped[1]})" if stopped else ""
        lines.append(f"{'':14}loads in {load:.1f} s{ended}")
    return "\n".join(lines)


def _megabytes(nbytes: float) -> str:
    return f"{nbytes / 1e6:.1f}" if nbytes else "–"


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; the table or JSON goes to standard output, progress to standard error.

    Returns 1 where a contender failed; the others' figures are shown. Raises CommandFailed where all did.
    """
    arguments = parser().parse_args(argv)
    options.apply_to_environment(paths.data_dir(arguments.data_dir), arguments.offline)
    lengths = parse_lengths(arguments.lengths)
    shape = random_shape(arguments) if arguments.random_weights else None
    contenders = parse_contenders(arguments.contenders or ",".join(CONTENDERS if shape is None else OURS))
    others = [name for name in contenders if name not in OURS]
    if shape is not None and others:
        raise OptionError(
            f"{others[0]} has no random weights, so it cannot be measured with --random-weights: choose among "
            f"{', '.join(OURS)}."
        )
    sinks, window = (64, 960) if shape is None else shape.window
    for left_out in set(contenders) - set(installed(contenders)):
        print(
            f"{left_out} is left out: its package is not installed ({added_by('bench')}).",
            file=sys.stderr,
        )
    contenders = installed(contenders)
    gguf = gguf_file(arguments) if "llama.cpp" in contenders else None
    results: dict[Contender, list[Result]] = {contender: [] for contender in contenders}
    found = named_model(arguments) if shape is None else Ready(arguments.model, arguments.ahn)
    library = compiled_library(paths.data_dir(arguments.data_dir))
    device = bench_device(arguments.device, shape is not None)
    limits, dtype = (
        measure_limits(arguments.threads),
        chat_dtype(device, arguments.dtype, found.base, found.gguf_file),
    )
    rounds_wanted, failures = max(1, arguments.rounds), []
    for number in range(rounds_wanted):
        for contender in tuple(results):
            print(f"round {number + 1} of {rounds_wanted}: {contender} …", file=sys.stderr, flush=True)
            specification = Specification(
                contender,
                found.base,
                found.ahn,
                lengths,
                arguments.decode_tokens,
                sinks if arguments.sinks is None else arguments.sinks,
                window if arguments.window is None else arguments.window,
                arguments.threads,
                gguf,
                dtype,
                library,
                device,
                None if shape is None else asdict(shape.config),
                None if shape is None else asdict(shape.ahn_config),
                found.gguf_file,
            )
            try:
                results[contender].append(measure_in_process(specification))
            except CommandFailed as error:  # what the others were measured at is not lost for it
                failures.append(str(error))
                del results[contender]
    if not results:
        raise CommandFailed(" ".join(failures))
    for failure in failures:
        print(f"{failure} It is left out.", file=sys.stderr)
    if arguments.json:
        figures = {name: [asdict(result) for result in rounds] for name, rounds in results.items()}
        print(json.dumps({"machine": hardware(), "limits": asdict(limits), "rounds": figures}))
    else:
        print(", ".join(f"{key} {value}" for key, value in hardware().items()))
        if shape is not None:
            print(f"{shape.title} with random weights, {dtype or 'bfloat16'} on {device}")
        print(table(results))
        if device == "cpu":
            print(shares(limits, results))
    return 1 if failures else 0
