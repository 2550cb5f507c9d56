"""Where a model's files are: "embedded", a folder, a GGUF file, or a hub id fetched through the hub's own cache."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from ..embedded.folder import embedded_path
from .errors import LoadError

HUB_FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "tokenizer.model", "*.txt", "*.jinja")
_COMMIT = re.compile(r"[0-9a-f]{40}")
log = logging.getLogger(__name__)
_GGUF_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)


def resolve_folder(source: str | os.PathLike[str], *, files: tuple[str, ...] = HUB_FILES) -> Path:
    """The local folder of "embedded", a folder, or a hub id (fetched through the hub's own cache).

    A hub id may name a commit: "Qwen/Qwen2.5-3B-Instruct@aa8e725…"; if that is in the cache, the hub is not asked.

    Raises:
        LoadError: no such folder, or the hub cannot be reached and has nothing cached.
    """
    if source == "embedded":
        return embedded_path()
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    looks_local = path.is_absolute() or str(source).startswith((".", "~")) or str(source).count("/") != 1
    if looks_local:
        raise LoadError(
            f"there is no folder {source}, so no model can be read from it: check the path or give a hub "
            "id like 'Qwen/Qwen2.5-3B-Instruct'."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    name, _, revision = str(source).partition("@")
    if _COMMIT.fullmatch(revision):
        try:
            return Path(snapshot_download(name, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            log.info("%s is not in the cache and is fetched.", source)
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=list(files)))
    except HFValidationError as error:
        raise LoadError(
            f"'{source}' is neither a folder nor a hub id ({error}), so nothing can be loaded: check the "
            "spelling."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise LoadError(
            f"'{source}' is no local folder and could not be fetched from the hub ({type(error).__name__}), "
            "so there is no model to load: check the name and the network, or download it and give its "
            "folder."
        ) from error


def locate(base: str | os.PathLike[str], gguf_file: str | None) -> tuple[Path, tuple[Path, ...]]:
    """A model's folder and, if its weights are GGUF, the files of all parts, the first one first.

    Raises LoadError where a file or one of its parts is missing.
    """
    path = Path(base).expanduser()
    if gguf_file is None and path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise LoadError(f"there is no file {base}, so no model can be read from it: check the path.")
        return path.parent, gguf_parts(path)
    if gguf_file is None:
        return resolve_folder(base), ()
    part = _GGUF_PART.fullmatch(gguf_file)
    wanted = gguf_file if part is None else f"{part['stem']}-*-of-{part['count']}.gguf"
    folder = resolve_folder(base, files=(wanted, *HUB_FILES[2:]))
    if not (folder / gguf_file).is_file():
        raise LoadError(
            f"{folder} has no file {gguf_file}, so the model cannot be read: check the name of the GGUF file."
        )
    return folder, gguf_parts(folder / gguf_file)


def gguf_parts(path: Path) -> tuple[Path, ...]:
    """All parts of the GGUF model that `path` belongs to, by their names; `path` alone where it is whole.

    Raises LoadError where one of them is not there.
    """
    part = _GGUF_PART.fullmatch(path.name)
    if part is None:
        return (path,)
    count = int(part["count"])
    parts = tuple(
        path.with_name(f"{part['stem']}-{number:05d}-of-{part['count']}.gguf")
        for number in range(1, count + 1)
    )
    missing = [file.name for file in parts if not file.is_file()]
    if missing:
        raise LoadError(
            f"{path.name} is one of {count} parts and {', '.join(missing)} is not beside it, so the model is "
            "incomplete: put all parts into one folder."
        )
    return parts
