"""What of a model is on this computer: whole, in part or not at all; checking it, fetching what lacks, removing it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.models import catalogue, manifests
from app.models.downloads import PARTIAL_SUFFIX, Download, Report, file_digest
from app.models.errors import ModelError
from app.models.hub import DIGEST, Hub, check_online
from app.models.reference import Reference
from app.sentences import Sentence

Presence = Literal["whole", "part", "none"]


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
        return _unfinished(hub, data_dir, reference, manifest.nbytes)
    commit = _cached_commit(hub, reference)
    if commit is not None:
        folder = manifests.snapshot(hub, reference.repository, commit)
        if _usable(folder, reference):
            size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
            return Local(reference, "whole", size, None, folder, commit)
    return _unfinished(hub, data_dir, reference, None)


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
        expected = {name: digest for name, digest in real if DIGEST.fullmatch(digest)}
    if not expected:
        raise ModelError(
            Sentence(
                "Nothing here tells the hashes of {reference}, which another program fetched, so it cannot be checked: "
                "`ahn-chat models remove` it and `ahn-chat models get` it to have them noted.",
                reference=str(reference),
            )
        )
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

    Files that another revision in the cache uses too are kept, and those of other GGUF files of the repository. Raises
    ModelError where nothing is here.
    """
    found = look(hub, data_dir, reference)
    others = _other_files(data_dir, found.reference)
    freed = _remove_files(hub, data_dir, found, others) if others else _remove_revisions(hub, found)
    for partial in _partials(hub, found.reference):
        freed += partial.stat().st_size
        partial.unlink()
    manifests.forget(data_dir, found.reference)
    if found.presence == "none" and not freed:
        raise ModelError(
            Sentence("{reference} is not on this computer, so nothing was removed.", reference=str(reference))
        )
    return freed


def needed_by_others(hub: Hub, data_dir: Path, reference: Reference, leaving: Collection[str]) -> bool:
    """Whether this is the base of a line of the table whose memory is here, other than those that are leaving."""
    names = {name.lower() for name in leaving}
    return any(
        choice.name.lower() not in names
        and choice.base is not None
        and choice.base.reference.repository == reference.repository
        and choice.memory is not None
        and look(hub, data_dir, choice.memory.reference).presence == "whole"
        for choice in catalogue.CHOICES
    )


def _other_files(data_dir: Path, reference: Reference) -> set[str]:
    """The digests of what was fetched of the repository under other names: GGUF files beside the one named."""
    return {
        file.digest
        for manifest in manifests.read_all(data_dir)
        if manifest.reference.repository == reference.repository
        and manifest.reference.gguf_file != reference.gguf_file
        for file in manifest.files
    }


def _remove_files(hub: Hub, data_dir: Path, found: Local, kept: Collection[str]) -> int:
    """Delete the files of one download alone; returns their bytes."""
    manifest = manifests.read(data_dir, found.reference)
    if manifest is None:
        return 0
    freed = 0
    for file in manifest.files:
        shown = manifest.folder(hub) / file.name
        # Where the system has no links, the cache keeps the bytes in the snapshot itself.
        blob = hub.repository_folder(found.reference.repository) / "blobs" / file.digest
        if file.digest not in kept and shown.is_file():
            freed += shown.stat().st_size
            shown.unlink()
            blob.unlink(missing_ok=True)
    return freed


def _remove_revisions(hub: Hub, found: Local) -> int:
    """Delete the revision that is here, or where none is whole all there are; returns their bytes."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        cache = scan_cache_dir(hub.cache)
    except CacheNotFound:
        return 0
    freed = 0
    for repository in cache.repos:
        if repository.repo_type == "model" and repository.repo_id == found.reference.repository:
            commits = [
                revision.commit_hash
                for revision in repository.revisions
                if found.commit in (None, revision.commit_hash)
            ]
            # Of this repository alone: a copy of it has the same commits, and the library looks by these.
            strategy = replace(cache, repos=frozenset({repository})).delete_revisions(*commits)
            freed += int(strategy.expected_freed_size)
            strategy.execute()
    return freed


def _unfinished(hub: Hub, data_dir: Path, reference: Reference, total: int | None) -> Local:
    """What there is of a model that is not whole: blobs of the repository and what has arrived of others."""
    blobs = hub.repository_folder(reference.repository) / "blobs"
    if not blobs.is_dir():
        return Local(reference, "none", 0, total)
    others = _other_files(data_dir, reference)
    arrived = sum(
        path.stat().st_size for path in blobs.iterdir() if path.is_file() and path.name not in others
    )
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
