"""What makes a process quick before and while it computes: compiled code once it is there, and memory that is kept."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ahn_core.native import build
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core import AHNForCausalLM

_log = logging.getLogger(__name__)


# glibc's mallopt: from which size on a block is mapped by itself, and how much free memory stays with the process.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
_MMAP_BYTES, _TRIM_BYTES = 2**30, 2**28
_M_ARENA_MAX, _ARENAS = -8, 2


def keep_freed_memory() -> None:
    """Let the C library keep what is freed between two chunks of reading, instead of giving it back to the system and
    having it zeroed, page by page, a moment later. Only on Linux; with another C library nothing changes.

    Each thread would keep it in an arena of its own, and every answer has a new thread: two arenas serve them all
    (17 MB less with twenty chats).
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # not glibc
        return
    mallopt(_M_ARENA_MAX, _ARENAS)
    mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def native_folder(data_dir: Path) -> Path:
    """Where compiled libraries are kept between starts."""
    return data_dir / "native"


@dataclass
class Compilation:
    """Where the compiled code of `model` stands: the thread that compiles it, or why there is none, as a clause."""

    model: AHNForCausalLM
    thread: threading.Thread | None = None
    refused: str = ""

    def __str__(self) -> str:
        if self.model.backend == "cpu":
            return Sentence("yes")
        return Sentence("no: {reason}", reason=self.refused) if self.refused else Sentence("in a moment")

    def join(self) -> None:
        """Wait until nothing is compiled any more: seconds, as it is one file."""
        if self.thread is not None:
            self.thread.join()

    def refuse(self, reason: str) -> None:
        self.refused = reason
        _log.info("Decoding stays uncompiled: %s.", reason)


def compile_decoder(network: AHNForCausalLM, data_dir: Path) -> Compilation:
    """Let `network` read and decode in compiled code: at once where its library is on disk, else in some seconds,
    between two tokens, by a thread.

    Without a compiler, or for weights that the library does not know, everything stays as it is, and the log says why.
    """
    from ahn_core.ops.cpu import CpuOps

    compilation = Compilation(network)
    if not CpuOps.fits(network):
        compilation.refuse(
            Sentence(
                "the weights are {precision} on {device}",
                precision=network.precision,
                device=network.device.type,
            )
        )
        return compilation
    folder = native_folder(data_dir)
    try:
        library = build.kept(folder)
    except build.BuildError as error:
        compilation.refuse(str(error))
        return compilation
    if library is not None:
        _load(compilation, library)
        return compilation
    compilation.thread = threading.Thread(
        target=_compile, args=(compilation, folder), name="compile", daemon=True
    )
    compilation.thread.start()
    return compilation


def _compile(compilation: Compilation, folder: Path) -> None:
    try:
        library = build.library(folder)
    except build.BuildError as error:
        compilation.refuse(str(error))
        return
    _load(compilation, library)


def _load(compilation: Compilation, library: Path) -> None:
    import torch

    from ahn_core.native.decoder import NativeDecoder
    from ahn_core.ops.cpu import CpuOps

    try:
        decoder = NativeDecoder(library, torch.get_num_threads())
    except OSError as error:
        compilation.refuse(str(error))
        return
    compilation.model.ops = CpuOps(compilation.model, decoder)
