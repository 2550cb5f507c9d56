"""What the hub says of a model: the files that are wanted, their sizes and hashes; and its refusals in one sentence.

Files are fetched through huggingface_hub, so HF_HOME, HF_ENDPOINT and tokens mean here what they mean there.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from app.models.errors import ModelError
from app.models.reference import Reference
from app.sentences import Sentence

_PART_OF_MANY = re.compile(r".+-\d{5}-of-\d{5}\.(safetensors|gguf)", re.IGNORECASE)
_BESIDE = (".json", ".txt", ".jinja")  # configuration, tokenizer, chat template
_TOKENIZER = "tokenizer.model"  # sentencepiece
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")
_COMMIT = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # of a file, as `HubFile` has it


@dataclass(frozen=True)
class HubFile:
    """A file of a repository. `digest`: SHA-256 of a large file, git's own SHA-1 of a small one."""

    name: str
    nbytes: int
    digest: str


@dataclass(frozen=True)
class Listing:
    """What is to be fetched of a repository at one commit."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def nbytes(self) -> int:
        return sum(file.nbytes for file in self.files)


@dataclass(frozen=True)
class Hub:
    """Where models come from and where the hub's cache is; None: as huggingface_hub has it from the environment."""

    endpoint: str | None = None
    cache_dir: Path | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def cache(self) -> Path:
        from huggingface_hub import constants

        return Path(constants.HF_HUB_CACHE) if self.cache_dir is None else self.cache_dir

    def repository_folder(self, repository: str) -> Path:
        """Where the cache keeps a repository."""
        return self.cache / f"models--{repository.replace('/', '--')}"

    def listing(self, reference: Reference) -> Listing:
        """Ask the hub. Raises ModelError."""
        from huggingface_hub import HfApi

        check_online(str(reference))
        try:
            api = HfApi(endpoint=self.endpoint, token=self.token)
            info = api.model_info(
                reference.repository, revision=reference.revision, files_metadata=True, timeout=20
            )
        except hub_errors() as error:
            raise explained(error, str(reference)) from error
        files = {
            sibling.rfilename: HubFile(
                sibling.rfilename,
                int((sibling.lfs.size if sibling.lfs else sibling.size) or 0),
                (sibling.lfs.sha256 if sibling.lfs else sibling.blob_id) or "",
            )
            for sibling in info.siblings or ()
        }
        if not info.sha or not _COMMIT.fullmatch(info.sha):
            raise ModelError(
                Sentence(
                    "The hub does not say which commit of {reference} it has, so nothing was fetched: check "
                    "HF_ENDPOINT.",
                    reference=str(reference),
                )
            )
        wanted = tuple(files[name] for name in wanted_files(reference, tuple(files)))
        for file in wanted:
            if not DIGEST.fullmatch(file.digest):
                raise ModelError(
                    Sentence(
                        "The hub names no hash of {file} in {reference}, so it could not be checked and "
                        "nothing was fetched: check HF_ENDPOINT.",
                        file=file.name,
                        reference=str(reference),
                    )
                )
        return Listing(reference.repository, info.sha, wanted)


def wanted_files(reference: Reference, names: tuple[str, ...]) -> tuple[str, ...]:
    """Safetensors or the named GGUF file with its parts, tokenizer and configuration. Raises ModelError where there
    are none: pickles are never fetched.
    """
    top = sorted(name for name in names if "/" not in name)
    if reference.gguf_file is not None:
        return _gguf_files(reference, top)
    weights = [name for name in top if name.endswith(".safetensors")]
    if "model.safetensors.index.json" in top:
        weights = [name for name in weights if _PART_OF_MANY.fullmatch(name)]
    elif "model.safetensors" in weights:
        weights = ["model.safetensors"]
    if not weights:
        packed = [name for name in top if name.endswith(".gguf")]
        pickled = [name for name in top if name.endswith(_PICKLES)]
        if packed:
            raise ModelError(
                Sentence(
                    "{reference} holds GGUF files and no safetensors: name one of them, as in "
                    "{reference}:{file}.",
                    reference=str(reference),
                    file=packed[0],
                )
            )
        if pickled:
            raise ModelError(
                Sentence(
                    "{reference} has only pickles ({files}), which can run code when opened, so nothing was "
                    "fetched: choose a model with safetensors or GGUF.",
                    reference=str(reference),
                    files=", ".join(pickled[:3]),
                )
            )
        raise ModelError(
            Sentence(
                "{reference} has no safetensors, so nothing was fetched: choose a model with safetensors or "
                "GGUF.",
                reference=str(reference),
            )
        )
    beside = [name for name in top if name.endswith(_BESIDE) or name == _TOKENIZER]
    return (*beside, *weights)


def _gguf_files(reference: Reference, names: list[str]) -> tuple[str, ...]:
    wanted = reference.gguf_file or ""
    if wanted not in names:
        there = [name for name in names if name.endswith(".gguf")]
        raise ModelError(
            Sentence(
                "{repository} has no file {wanted}, so nothing was fetched: it has {files}.",
                repository=reference.repository,
                wanted=wanted,
                files=", ".join(there[:6]) or Sentence("no GGUF file at all"),
            )
        )
    if not _PART_OF_MANY.fullmatch(wanted):
        return (wanted,)
    stem, count = wanted[: -len("-00001-of-00002.gguf")], wanted[-len("00002.gguf") :]
    return tuple(
        name
        for name in names
        if name.startswith(f"{stem}-") and name.endswith(f"-of-{count}") and _PART_OF_MANY.fullmatch(name)
    )


def check_online(called: str) -> None:
    """Raises ModelError where `--offline` or HF_HUB_OFFLINE forbids the network."""
    from huggingface_hub import constants

    if os.environ.get("AHN_CHAT_OFFLINE", "") not in ("", "0"):
        raise ModelError(
            Sentence(
                "{called} is not on this computer and --offline forbids fetching it: start once without "
                "--offline.",
                called=called,
            )
        )
    if constants.is_offline_mode():
        raise ModelError(
            Sentence(
                "{called} is not on this computer and HF_HUB_OFFLINE forbids fetching it: start once "
                "without it.",
                called=called,
            )
        )


def hub_errors() -> tuple[type[Exception], ...]:
    """What asking and fetching may raise: refusals, the transport's errors, the disk's, answers that are no JSON."""
    from huggingface_hub.errors import EntryNotFoundError

    return (*transport_errors(), EntryNotFoundError, OSError, ValueError)


def transport_errors() -> tuple[type[Exception], ...]:
    """What the HTTP library in use raises where a connection fails; the hub's refusals are a kind of it."""
    from huggingface_hub.errors import HfHubHTTPError

    # huggingface_hub changed the library from release to release; its own errors are made on the library's root.
    return (HfHubHTTPError.__bases__[0],)


def explained(error: BaseException, called: str) -> ModelError:
    """What the hub's client, its transport or the disk raised, as one sentence with what to do."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    status = _status(error)
    if isinstance(error, GatedRepoError):
        return ModelError(
            Sentence(
                "{called} is given out only to people who accepted its terms (status {status}): accept them "
                "on the model's page, log in with `hf auth login` or set HF_TOKEN, and start again.",
                called=called,
                status=status,
            )
        )
    if status == 401:
        return ModelError(
            Sentence(
                "The hub gives {called} to nobody without a valid login (status 401), if it exists: check "
                "the name, then log in with `hf auth login` or set HF_TOKEN, and start again.",
                called=called,
            )
        )
    if status == 403:
        return ModelError(
            Sentence(
                "The hub refuses {called} to this login (status 403): ask its owner for access, or use "
                "another token.",
                called=called,
            )
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(
            Sentence(
                "{called} has no such revision on the hub (status 404): check what stands after the @.",
                called=called,
            )
        )
    if isinstance(error, RepositoryNotFoundError) or status == 404 or isinstance(error, EntryNotFoundError):
        return ModelError(
            Sentence("There is no {called} on the hub (status 404): check the name.", called=called)
        )
    if isinstance(error, HfHubHTTPError) and status:
        return ModelError(
            Sentence(
                "The hub answers status {status} for {called}: try again later; what has arrived is kept.",
                status=status,
                called=called,
            )
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ModelError(
            Sentence(
                "The disk is full, so {called} could not be fetched to its end: free some space and start "
                "again; what has arrived is kept.",
                called=called,
            )
        )
    if isinstance(error, PermissionError):
        return ModelError(
            Sentence(
                "{path} cannot be written to, so {called} was not fetched: check its "
                "permissions, or set HF_HOME to another folder.",
                path=str(error.filename) if error.filename else Sentence("The cache"),
                called=called,
            )
        )
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return ModelError(
        Sentence(
            "The hub could not be reached for {called} ({reason}): check the network, HF_ENDPOINT and "
            "proxy, and start again; what has arrived is kept.",
            called=called,
            reason=reason.rstrip("."),
        )
    )


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None)
    return int(getattr(response, "status_code", 0) or 0)
