"""`ahn-chat doctor`: what computes here and why, what is installed, and how much room there is."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from app import __version__, options, paths
from app.installation import added_by
from app.options import CommandFailed

_DISTRIBUTION = "ahn-chat"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and as a clause why it is so. `well` is False where something is to be mended."""

    name: str
    value: str
    why: str = ""
    well: bool = True


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat doctor`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat doctor",
        description="Say what computes on this machine and why, what is installed, and how much room there is. "
        "Exit status 1 where something keeps the app from working.",
        allow_abbrev=False,
    )
    result.add_argument("--json", action="store_true", help="print one JSON object instead of the lines")
    result.add_argument(
        "--data-dir",
        metavar="FOLDER",
        help="folder for models, documents and chats (default: AHN_CHAT_HOME, or the system's place for user data)",
    )
    return result


def main(argv: Sequence[str]) -> int:
    """Print the findings; returns the exit status."""
    arguments = parser().parse_args(argv)
    data_dir, why = paths.data_dir(arguments.data_dir), "the system's place for user data"
    if arguments.data_dir or os.environ.get("AHN_CHAT_HOME"):
        why = "named by --data-dir" if arguments.data_dir else "named by AHN_CHAT_HOME"
    options.apply_to_environment(data_dir, offline=True)
    found = examine(data_dir, why)
    if arguments.json:
        print(json.dumps({finding.name: _without_name(finding) for finding in found}))
    else:
        width = max(len(finding.name) for finding in found)
        for finding in found:
            mark = " " if finding.well else "!"
            why = f" ({finding.why})" if finding.why else ""
            print(f"{mark} {finding.name:{width}}  {finding.value}{why}")
    return 0 if all(finding.well for finding in found) else 1


def _without_name(finding: Finding) -> dict[str, object]:
    return {key: value for key, value in asdict(finding).items() if key != "name"}


def examine(data_dir: Path, why_there: str) -> list[Finding]:
    """Look at everything. Loads no model, compiles and fetches nothing; `why_there`: who chose the data folder."""
    examinations: tuple[Callable[[], list[Finding]], ...] = (
        _versions,
        _device,
        _compiler,
        lambda: _kernels(data_dir),
        _gpu_kernels,
        lambda: [_backend(data_dir)],
        _extras,
        lambda: _data(data_dir, why_there),
        _memory,
    )
    return [finding for examination in examinations for finding in examination()]


def _versions() -> list[Finding]:
    import torch

    built = torch.version.cuda or torch.version.hip
    return [
        Finding("AHN Chat", __version__, f"Python {platform.python_version()} on {platform.platform()}"),
        Finding("PyTorch", torch.__version__, f"built for CUDA {built}" if built else "built without CUDA"),
    ]


def _device() -> list[Finding]:
    import torch

    from ahn_core.devices import best_device

    chosen = best_device()
    found = [Finding("device", str(chosen.device), chosen.reason)]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        free = torch.cuda.mem_get_info(index)[0]
        found.append(
            Finding(
                f"cuda:{index}",
                properties.name,
                f"compute capability {properties.major}.{properties.minor}, {free / 2**30:.1f} of "
                f"{properties.total_memory / 2**30:.1f} GiB free",
            )
        )
    return found


def _compiler() -> list[Finding]:
    from ahn_core.native import compilers

    compiler = compilers.find()
    if compiler is None:
        why = "CXX names one that is not there" if os.environ.get("CXX") else "pip install ziglang brings one"
        return [Finding("compiler", "none", why)]
    try:
        version = (compiler.version().strip().splitlines() or ["it does not say its version"])[0]
    except compilers.CompilerError as error:
        return [Finding("compiler", compiler.name, str(error), well=False)]
    return [Finding("compiler", compiler.name, version)]


def _kernels(data_dir: Path) -> list[Finding]:
    """The compiled library as this data folder has it, and what of it this processor can use."""
    import torch

    from ahn_core.native import build
    from ahn_core.native.decoder import NativeDecoder
    from app.acceleration import native_folder

    processor = f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
    try:
        library = build.kept(native_folder(data_dir))
    except build.BuildError as error:
        return [Finding("CPU kernels", "none", str(error))]
    if library is None:
        return [Finding("CPU kernels", "not compiled yet", f"the first start compiles them; {processor}")]
    try:
        decoder = NativeDecoder(library, 1)
    except OSError as error:
        return [Finding("CPU kernels", "do not load", str(error), well=False)]
    half = "with" if decoder.attends(64) else "without"
    decoder.close()
    return [Finding("CPU kernels", "compiled", f"{library.name}, {half} products of bfloat16; {processor}")]


def _gpu_kernels() -> list[Finding]:
    from ahn_core.ops import fla, mamba, packed

    found = []
    for name, package, module in (
        ("fla", "flash-linear-attention", fla),
        ("mamba", "mamba-ssm", mamba),
    ):
        here = module.available()
        why = f"{package} {_version(package)}" if here else f"{package} and triton are not both installed"
        found.append(Finding(f"GPU kernels {name}", "installed" if here else "none", why))
    here = packed.available()
    why = f"triton {_version('triton')}, for weights of 4 bits (int4)" if here else "triton is not installed"
    found.append(Finding("GPU kernels packed", "installed" if here else "none", why))
    return found


def _backend(data_dir: Path) -> Finding:
    """What would compute the embedded model on the device that is chosen."""
    from ahn_core.devices import best_device
    from ahn_core.native import build
    from ahn_core.ops import fla
    from app.acceleration import native_folder

    device = best_device().device
    if device.type == "cpu":
        try:
            library = build.kept(native_folder(data_dir))
        except build.BuildError as error:
            return Finding("backend", "torch", str(error))
        when = "compiled C++" if library else "once the C++ is compiled, behind the first answers"
        return Finding("backend", "cpu", when)
    if device.type != "cuda":
        return Finding("backend", "torch", f"there are no kernels for {device.type}")
    if fla.available():
        return Finding("backend", "fla+flash", "flash-linear-attention is installed")
    return Finding("backend", "torch+flash", "flash-linear-attention and triton are not both installed")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of an unknown version"


def _extras() -> list[Finding]:
    """Which optional parts are installed."""
    from packaging.requirements import Requirement

    try:
        about = metadata.metadata(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return [Finding("extras", "unknown", "the app runs from a folder and is not installed")]
    required = [Requirement(text) for text in metadata.requires(_DISTRIBUTION) or ()]
    found = []
    for extra in about.get_all("Provides-Extra") or ():
        wanted = [r for r in required if r.marker and r.marker.evaluate({"extra": extra})]
        wanted = [r for r in wanted if r.marker and not r.marker.evaluate({"extra": ""})]
        missing = [r.name for r in wanted if not _installed(r.name)]
        if not wanted:
            found.append(Finding(f"extra {extra}", "none", "it has no packages for this system"))
        elif missing:
            found.append(Finding(f"extra {extra}", "not installed", f"{added_by(extra)} adds it"))
        else:
            found.append(
                Finding(
                    f"extra {extra}", "installed", ", ".join(f"{r.name} {_version(r.name)}" for r in wanted)
                )
            )
    return found


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _data(data_dir: Path, why: str) -> list[Finding]:
    from ahn_core import zoo

    try:
        paths.prepare(data_dir)
    except CommandFailed as error:
        return [Finding("data folder", str(data_dir), str(error), well=False)]
    model = "fetched and converted" if zoo.embedded_is_ready(data_dir) else "not here yet"
    return [
        Finding("data folder", str(data_dir), f"{why}, can be written to"),
        Finding("embedded model", model, "" if model.startswith("fetched") else "the first start fetches it"),
        Finding("free disk", f"{shutil.disk_usage(data_dir).free / 1e9:.1f} GB", "where the data folder is"),
    ]


def _memory() -> list[Finding]:
    import psutil
    import torch

    from ahn_core.weights.fit import free_bytes

    total, free = psutil.virtual_memory().total, free_bytes(torch.device("cpu")) or 0
    limited = sys.platform == "linux" and free < psutil.virtual_memory().available
    why = f"of {total / 2**30:.1f} GiB" + (", counting this container's limit" if limited else "")
    return [Finding("free memory", f"{free / 2**30:.1f} GiB", why)]
