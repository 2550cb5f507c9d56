"""What of a model is on this computer: whole, in part or not at all; checking it, fetching what lacks, removing it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.models import catalogue, manifests
from app.models.downloads import PARTIAL_SUFFIX, Download, Report, file_digest
from app.models.errors import ModelError
from app.models.hub import Hub, check_online
from app.models.reference import Reference
from app.sentences import Sentence

Presence = Literal["whole", "part", "none"]
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Local:
    """What is here of one repository.

    Args:
        nbytes: of its files that are here, what has arrived of unfinished ones included.
        total: of all its files, where that is known.
        folder, commit: where the cache shows the files; None where there are none.
    """

    reference: Reference
    presence: Presence
    nbytes: int
    total: int | None = None
    folder: Path | None = None
    commit: str | None = None

    @property
    def base(self) -> str:
        """What the core is told to load: the repository at the commit that is here."""
        return f"{self.reference.repository}@{self.commit}"


def look(hub: Hub, data_dir: Path, reference: Reference) -> Local:
    """Look at the disk; the hub is not asked."""
    reference = pinned(reference)
    manifest = manifests.read(data_dir, reference)
    if manifest is not None and reference.revision in (None, manifest.commit, manifest.reference.revision):
        folder = manifest.folder(hub)
        if manifest.complete(hub):
            return Local(reference, "whole", manifest.nbytes, manifest.nbytes, folder, manifest.commit)
        return _unfinished(hub, reference, manifest.nbytes)
    commit = _cached_commit(hub, reference)
    if commit is not None:
        folder = manifests.snapshot(hub, reference.repository, commit)
        if _usable(folder, reference):
            size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
            return Local(reference, "whole", size, None, folder, commit)
    return _unfinished(hub, reference, None)


def pinned(reference: Reference) -> Reference:
    """The reference at the revision of the table, where it names none of its own and the table has one."""
    known = catalogue.published(reference.repository)
    if reference.revision is None and known is not None:
        return replace(reference, revision=known.reference.revision)
    return reference


def ensure(hub: Hub, data_dir: Path, reference: Reference, report: Report) -> Local:
    """What is here of a model, all of it: fetched first where it is not. Raises ModelError with one sentence."""
    found = look(hub, data_dir, reference)
    if found.presence != "whole":
        check_online(str(reference))
        Download(hub, data_dir, pinned(reference), report).run()
        found = look(hub, data_dir, reference)
    return found


def verify(
    hub: Hub, data_dir: Path, reference: Reference, look_at: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Read every file that is here and hold it against its hash; returns what is wrong, a sentence each.

    Without a note of the download, the names that the cache gives its files are the hashes. Raises ModelError where
    nothing is here.
    """
    found = look(hub, data_dir, reference)
    if found.folder is None:
        raise ModelError(
            Sentence(
                "{reference} is not on this computer, so there is nothing to check: fetch it with `ahn-chat "
                "models get`.",
                reference=str(reference),
            )
        )
    manifest = manifests.read(data_dir, found.reference)
    if manifest is not None and manifest.commit == found.commit:
        expected = {file.name: file.digest for file in manifest.files}
    else:
        real = ((path.name, path.resolve().name) for path in sorted(found.folder.iterdir()))
        expected = {name: digest for name, digest in real if _DIGEST.fullmatch(digest)}
    problems = []
    for name, digest in expected.items():
        look_at(name)
        path = found.folder / name
        if not path.is_file():
            problems.append(f"{name} is missing.")
        elif (other := file_digest(path, digest)) != digest:
            problems.append(f"{name} has the hash {other[:12]}… instead of {digest[:12]}….")
    return problems


def remove(hub: Hub, data_dir: Path, reference: Reference) -> int:
    """Delete what is here of a model, unfinished downloads included; returns the bytes that are free again.

    Files that another revision in the cache uses too are kept. Raises ModelError where nothing is here.
    """
    from huggingface_hub import CacheNotFound, scan_cache_dir

    found = look(hub, data_dir, reference)
    freed = 0
    try:
        cache = scan_cache_dir(hub.cache)
    except CacheNotFound:
        cache = None
    for repository in cache.repos if cache is not None else ():
        if repository.repo_type == "model" and repository.repo_id == found.reference.repository:
            commits = [
                revision.commit_hash
                for revision in repository.revisions
                if found.commit in (None, revision.commit_hash)
            ]
            strategy = cache.delete_revisions(*commits)  # type: ignore[union-attr]
            freed += int(strategy.expected_freed_size)
            strategy.execute()
    for partial in _partials(hub, found.reference):
        freed += partial.stat().st_size
        partial.unlink()
    manifests.forget(data_dir, found.reference)
    if found.presence == "none" and not freed:
        raise ModelError(
            Sentence("{reference} is not on this computer, so nothing was removed.", reference=str(reference))
        )
    return freed


def _unfinished(hub: Hub, reference: Reference, total: int | None) -> Local:
    """What there is of a model that is not whole: blobs of the repository and what has arrived of others."""
    blobs = hub.repository_folder(reference.repository) / "blobs"
    arrived = sum(path.stat().st_size for path in blobs.iterdir() if path.is_file()) if blobs.is_dir() else 0
    return Local(reference, "part" if arrived else "none", arrived, total)


def _partials(hub: Hub, reference: Reference) -> list[Path]:
    blobs = hub.repository_folder(reference.repository) / "blobs"
    return list(blobs.glob(f"*{PARTIAL_SUFFIX}")) if blobs.is_dir() else []


def _cached_commit(hub: Hub, reference: Reference) -> str | None:
    """The commit that another program may have put into the cache: the one asked for, else its newest."""
    if reference.revision is not None:
        return reference.revision
    main = hub.repository_folder(reference.repository) / "refs" / "main"
    return main.read_text(encoding="utf-8").strip() if main.is_file() else None


def _usable(folder: Path, reference: Reference) -> bool:
    """Whether a folder that another program made holds all of the weights."""
    from ahn_core.weights.errors import LoadError
    from ahn_core.weights.files import gguf_parts
    from ahn_core.weights.safetensors_folder import safetensors_files

    try:
        if reference.gguf_file is not None:
            file = folder / reference.gguf_file
            return file.is_file() and all(part.is_file() for part in gguf_parts(file))
        return (folder / "config.json").is_file() and bool(safetensors_files(folder))
    except LoadError:
        return False
