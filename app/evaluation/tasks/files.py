"""Where the questions of a benchmark come from: a folder, the archives in it, or the hub's data set."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from app.evaluation.tasks.sample import Benchmark, Sample, Task
from app.options import CommandFailed


def samples(benchmark: Benchmark, task: Task, folder: Path | None, limit: int | None) -> list[Sample]:
    """The first `limit` questions of a task, out of `folder` (None: the hub's cache, fetched where it is missing).

    Raises CommandFailed, one sentence: not there, or not the benchmark's own format.
    """
    source = _find(benchmark, task, folder)
    found: list[Sample] = []
    for number, line in enumerate(_lines(source, task), 1):
        if limit is not None and len(found) >= limit:
            break
        name = f"{task.file}.jsonl, line {number}"
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError(
                    f"{name} is no JSON object, so nothing can be asked: take the benchmark's own file."
                )
            found.append(task.sample(record, name))
        except json.JSONDecodeError as error:
            raise CommandFailed(
                f"{name} is no JSON ({error}), so nothing can be asked: fetch the file again."
            ) from error
        except ValueError as error:
            raise CommandFailed(str(error)) from error
    if not found:
        raise CommandFailed(f"{task.file}.jsonl has no line, so nothing can be asked: fetch the file again.")
    return found


def _find(benchmark: Benchmark, task: Task, folder: Path | None) -> Path:
    """The file with the task's lines: JSON lines, or a zip archive that holds them."""
    if folder is None:
        return _fetched(benchmark, task)
    wanted = (f"{task.file}.jsonl", _archive(benchmark, task))
    for name in wanted:
        # Sorted: the same file every time where a folder holds several copies.
        for path in sorted(folder.rglob(PurePosixPath(name).name)):
            if path.is_file() and (path.suffix != ".zip" or _member(path, task) is not None):
                return path
    raise CommandFailed(
        f"{folder} has neither {wanted[0]} nor {wanted[1]}, so {task.name} cannot be asked: {_remedy(benchmark, task)}"
    )


def _archive(benchmark: Benchmark, task: Task) -> str:
    # A file a task, of whatever length.
    return benchmark.archive.format(
        task=task.file.rsplit("_", 1)[0] if benchmark.name == "lveval" else task.file
    )


def _remedy(benchmark: Benchmark, task: Task) -> str:
    return (
        f"`hf download {benchmark.repository} {_archive(benchmark, task)} --repo-type dataset --local-dir FOLDER` "
        "fetches it, then add --data FOLDER."
    )


def _fetched(benchmark: Benchmark, task: Task) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(benchmark.repository, _archive(benchmark, task), repo_type="dataset"))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise CommandFailed(
            f"{task.name} could not be fetched from {benchmark.repository} ({type(error).__name__}), so it cannot be "
            f"asked: where there is a network, {_remedy(benchmark, task)}"
        ) from error


def _member(path: Path, task: Task) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            return next(
                (name for name in archive.namelist() if PurePosixPath(name).name == f"{task.file}.jsonl"),
                None,
            )
    except zipfile.BadZipFile:
        return None


def _lines(path: Path, task: Task) -> Iterator[str]:
    if path.suffix != ".zip":
        with open(path, encoding="utf-8") as file:
            yield from (line for line in file if line.strip())
        return
    member = _member(path, task)
    if member is None:
        raise CommandFailed(
            f"{path.name} has no {task.file}.jsonl, so {task.name} cannot be asked: fetch it again."
        )
    with zipfile.ZipFile(path) as archive, archive.open(member) as packed:
        yield from (line for line in io.TextIOWrapper(packed, encoding="utf-8") if line.strip())
