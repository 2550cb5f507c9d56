"""What was fetched, written down: which files of which commit, so that they can be counted and checked without the hub.

One JSON file a model in `models/downloads` of the data folder. The files themselves are in the hub's cache.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from app.models.hub import Hub, HubFile
from app.models.reference import Reference


@dataclass(frozen=True)
class Manifest:
    """`reference` as it was asked for; `commit` as it was answered."""

    reference: Reference
    commit: str
    files: tuple[HubFile, ...]

    @property
    def nbytes(self) -> int:
        return sum(file.nbytes for file in self.files)

    def folder(self, hub: Hub) -> Path:
        """Where the cache shows the files."""
        return snapshot(hub, self.reference.repository, self.commit)

    def complete(self, hub: Hub) -> bool:
        """Whether every file is there in its size."""
        return all(is_here(hub, self.reference.repository, self.commit, file) for file in self.files)


def snapshot(hub: Hub, repository: str, commit: str) -> Path:
    """The folder in which the cache shows one commit's files."""
    return hub.repository_folder(repository) / "snapshots" / commit


def is_here(hub: Hub, repository: str, commit: str, file: HubFile) -> bool:
    """Whether the cache has this file, in its size."""
    path = snapshot(hub, repository, commit) / file.name
    return path.is_file() and path.stat().st_size == file.nbytes


def write(data_dir: Path, manifest: Manifest) -> None:
    path = _path(data_dir, manifest.reference)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {
        "reference": asdict(manifest.reference),
        "commit": manifest.commit,
        "files": [asdict(file) for file in manifest.files],
    }
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def read(data_dir: Path, reference: Reference) -> Manifest | None:
    """What was fetched under this name; None where nothing was, or the note of it is damaged."""
    return _load(_path(data_dir, reference))


def read_all(data_dir: Path) -> list[Manifest]:
    """Everything that was fetched, by name."""
    found = (_load(path) for path in sorted(_folder(data_dir).glob("*.json")))
    return [manifest for manifest in found if manifest is not None]


def forget(data_dir: Path, reference: Reference) -> None:
    _path(data_dir, reference).unlink(missing_ok=True)


def _load(path: Path) -> Manifest | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(HubFile(**entry) for entry in values["files"])
        return Manifest(Reference(**values["reference"]), str(values["commit"]), files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _folder(data_dir: Path) -> Path:
    return data_dir / "models" / "downloads"


def _path(data_dir: Path, reference: Reference) -> Path:
    name = reference.repository.replace("/", "--")
    return _folder(data_dir) / f"{name}{f'--{reference.gguf_file}' if reference.gguf_file else ''}.json"
