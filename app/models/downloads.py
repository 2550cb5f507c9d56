"""Fetching a model: with progress, going on where it was cut off, to be cancelled, and checked before it counts.

huggingface_hub asks, names the files and keeps them in its cache; but what it has of a file when it is cut off, it
throws away. So a file's bytes go into `<hash>.ahn-chat.incomplete` beside the cache's own files first, are held against
the size and the hash that the hub names, and get their place in the cache only then.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from app.models import manifests
from app.models.errors import DownloadCancelled, ModelError
from app.models.hub import Hub, HubFile, Listing, explained, hub_errors, transport_errors
from app.models.reference import Reference
from app.models.wording import duration_words, size_words
from app.sentences import Sentence

PARTIAL_SUFFIX = ".ahn-chat.incomplete"
_SPARE_BYTES = 64 * 2**20  # left free on the disk
_RATE_SECONDS = 3.0  # of the speed that is told
_BLOCK_BYTES = 2**18  # written, told and looked up from at a time
_TRIES = 5  # without any progress between them
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 0.5  # between two looks while another program holds the lock
Phase = Literal["asking", "waiting", "fetching", "checking"]


@dataclass(frozen=True)
class Progress:
    """How far a download is. `rate`: bytes a second lately; None until it is known."""

    name: str
    phase: Phase
    done: int = 0
    total: int = 0
    rate: float | None = None

    @property
    def fraction(self) -> float | None:
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.done) / self.rate if self.rate else None


Report = Callable[[Progress], None]


class Download:
    """One model on its way. `run` does it, in whatever thread; `cancel` ends it from another one."""

    def __init__(
        self,
        hub: Hub,
        data_dir: Path,
        reference: Reference,
        report: Report,
        stop: threading.Event | None = None,
    ) -> None:
        """stop: ends the download as `cancel` does, also where it is set before the download has begun."""
        self._hub, self._data_dir, self._reference = hub, data_dir, reference
        self._report = report
        self._stop = stop or threading.Event()
        self._done = self._total = 0
        self._began: list[tuple[float, int]] = []  # when how many bytes were there

    def cancel(self) -> None:
        """Have `run` end with DownloadCancelled; what has arrived is kept."""
        self._stop.set()

    def run(self) -> manifests.Manifest:
        """Fetch what is not there yet. Raises ModelError with one sentence, DownloadCancelled after `cancel`."""
        self._check_stop()
        self._tell("asking")
        listing = self._hub.listing(self._reference)
        manifest = manifests.Manifest(self._reference, listing.commit, listing.files)
        with self._alone(listing):
            blobs = self._hub.repository_folder(listing.repository) / "blobs"
            here = {file.name: self._arrived(listing, blobs, file) for file in listing.files}
            self._total, self._done = listing.nbytes, sum(here.values())
            self._check_room(listing.nbytes - self._done)
            for file in listing.files:
                self._fetch(listing, blobs, file)
            manifests.write(self._data_dir, manifest)
        return manifest

    def _arrived(self, listing: Listing, blobs: Path, file: HubFile) -> int:
        """How many bytes of a file are here."""
        if manifests.is_here(self._hub, listing.repository, listing.commit, file):
            return file.nbytes
        partial = _partial(blobs, file)
        return min(partial.stat().st_size, file.nbytes) if partial.is_file() else 0

    def _check_room(self, missing: int) -> None:
        folder = self._hub.cache
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        if missing and free < missing + _SPARE_BYTES:
            raise ModelError(
                Sentence(
                    "{reference} needs another {size} on the disk of {folder} and {free} are free there, so "
                    "nothing was fetched: free some, or set HF_HOME to another disk.",
                    reference=str(self._reference),
                    size=size_words(missing),
                    folder=str(self._hub.cache),
                    free=size_words(free),
                )
            )

    def _fetch(self, listing: Listing, blobs: Path, file: HubFile) -> None:
        if manifests.is_here(self._hub, listing.repository, listing.commit, file):
            return
        from huggingface_hub import hf_hub_download

        called = f"{self._reference}, file {file.name}"
        partial = _partial(blobs, file)
        before = self._done - (min(partial.stat().st_size, file.nbytes) if partial.is_file() else 0)
        try:
            blobs.mkdir(parents=True, exist_ok=True)
            if partial.is_file() and partial.stat().st_size > file.nbytes:
                partial.unlink()
            if not partial.is_file() or partial.stat().st_size < file.nbytes or not file.nbytes:
                self._transfer(listing, file, partial)
            self._check(partial, file)
            self._done = before + file.nbytes
            os.replace(partial, blobs / file.digest)
            # The bytes are in the cache; this makes the cache's own entry for them.
            hf_hub_download(
                listing.repository,
                file.name,
                revision=listing.commit,
                cache_dir=self._hub.cache,
                endpoint=self._hub.endpoint,
                token=self._hub.token,
                tqdm_class=_silent_bar(),
            )
            shown = manifests.snapshot(self._hub, listing.repository, listing.commit) / file.name
            if not shown.is_symlink():  # Windows may have no links: the cache made a copy then
                (blobs / file.digest).unlink(missing_ok=True)
        except ModelError:
            raise
        except hub_errors() as error:
            raise explained(error, called) from error

    def _transfer(self, listing: Listing, file: HubFile, partial: Path) -> None:
        """Append to `partial` what it lacks; a cut connection is taken up again, a few times without any progress."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.errors import HfHubHTTPError

        url = hf_hub_url(listing.repository, file.name, revision=listing.commit, endpoint=self._hub.endpoint)
        tries = _TRIES
        with partial.open("ab") as opened:
            while True:
                before = opened.tell()
                try:
                    self._stream(url, opened, file.nbytes)
                    return
                except HfHubHTTPError:
                    raise
                except transport_errors():
                    tries = _TRIES if opened.tell() > before else tries - 1
                    if not tries:
                        raise
                    self._stop.wait(_RETRY_SECONDS)
                    self._check_stop()

    def _stream(self, url: str, opened: BinaryIO, most: int) -> None:
        """Append what comes, until one block over `most` bytes are there: no server fills the disk."""
        from huggingface_hub import constants, get_session
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        headers = {**build_hf_headers(token=self._hub.token), "Accept-Encoding": "identity"}
        start = opened.tell()
        if start:
            headers["Range"] = f"bytes={start}-"
        timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
        with get_session().stream(
            "GET", url, headers=headers, timeout=timeout, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            if start and response.status_code == 200:  # all of it comes again
                self._done -= start
                opened.truncate(0)
            for block in response.iter_bytes(_BLOCK_BYTES):
                opened.write(block)
                self._done += len(block)
                self._check_stop()
                self._tell("fetching")
                if opened.tell() > most:
                    return

    def _check(self, partial: Path, file: HubFile) -> None:
        """Raises ModelError where what arrived is not what the hub named; it is deleted then."""
        size = partial.stat().st_size
        if size == file.nbytes:
            self._tell("checking")
            found = file_digest(partial, file.digest, self._check_stop)
            if found == file.digest:
                return
            problem = Sentence(
                "has the hash {found}… instead of {wanted}…", found=found[:12], wanted=file.digest[:12]
            )
        else:
            problem = Sentence("has {size:,} bytes instead of {wanted:,}", size=size, wanted=file.nbytes)
        partial.unlink()
        raise ModelError(
            Sentence(
                "{file} of {reference} {problem}, so it was deleted: start again, and check "
                "HF_ENDPOINT if it happens again.",
                file=file.name,
                reference=str(self._reference),
                problem=problem,
            )
        )

    # -- progress ----------------------------------------------------------------------------------------------------

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise DownloadCancelled(
                Sentence(
                    "The download of {reference} was cancelled; what has arrived is kept, and it goes on "
                    "from there the next time.",
                    reference=str(self._reference),
                )
            )

    def _tell(self, phase: Phase) -> None:
        now = time.monotonic()
        self._began.append((now, self._done))
        while len(self._began) > 2 and now - self._began[1][0] > _RATE_SECONDS:
            del self._began[0]
        began, bytes_then = self._began[0]
        rate = (self._done - bytes_then) / (now - began) if now - began > 0.5 else None
        self._report(Progress(str(self._reference), phase, self._done, self._total, rate or None))

    @contextmanager
    def _alone(self, listing: Listing) -> Iterator[None]:
        """Hold the lock on this repository: two programs that write one file would spoil it."""
        import filelock

        folder = self._hub.cache / ".locks" / f"models--{listing.repository.replace('/', '--')}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(folder / "ahn-chat.lock")
            held = None
            while held is None:
                self._check_stop()
                try:
                    held = lock.acquire(timeout=_LOOK_SECONDS)
                except filelock.Timeout:
                    self._tell("waiting")
        except OSError as error:
            raise explained(error, str(self._reference)) from error
        with held:
            yield


def file_digest(path: Path, like: str, look: Callable[[], None] = lambda: None) -> str:
    """The digest of a file of the kind that `like` is: 64 digits of SHA-256, or git's 40 of SHA-1 over size and bytes.

    `look` is called every few megabytes and may raise.
    """
    if len(like) == 64:
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
            look()
    return digest.hexdigest()


def sentence(progress: Progress) -> str:
    """A step of a download in words."""
    if progress.phase == "asking":
        return Sentence("Asking the hub for {name}", name=progress.name)
    if progress.phase == "waiting":
        return Sentence("Another program fetches {name}: waiting for it", name=progress.name)
    if progress.phase == "checking":
        return Sentence("Checking {name}", name=progress.name)
    left = progress.seconds_left
    done, total = size_words(progress.done), size_words(progress.total)
    if left is None:
        return Sentence("Fetching {name}: {done} of {total}", name=progress.name, done=done, total=total)
    return Sentence(
        "Fetching {name}: {done} of {total}, {rate} a second, {left} left",
        name=progress.name,
        done=done,
        total=total,
        rate=size_words(progress.rate or 0),
        left=duration_words(left),
    )


def _partial(blobs: Path, file: HubFile) -> Path:
    return blobs / f"{file.digest}{PARTIAL_SUFFIX}"


def _silent_bar() -> Any:
    """The class of a progress bar that prints nothing."""
    from huggingface_hub.utils import tqdm

    class Silent(tqdm):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            more.pop("name", None)
            super().__init__(*arguments, **{**more, "disable": True})

    return Silent
