"""Decoding in compiled code once it is there: behind the first answers, never before them."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ahn_core.native import build

if TYPE_CHECKING:
    from ahn_core import AHNForCausalLM

_log = logging.getLogger(__name__)


def native_folder(data_dir: Path) -> Path:
    """Where compiled libraries are kept between starts."""
    return data_dir / "native"


def compile_decoder(network: AHNForCausalLM, data_dir: Path) -> threading.Thread | None:
    """Let `network` decode in compiled code: at once where its library is on disk, else in some seconds, between two
    tokens; then the thread that compiles it is returned.

    Without a compiler, or for weights that the library does not know, everything stays as it is, and the log says why.
    """
    from ahn_core.native.decoder import ModelTables

    if not ModelTables.fit(network):
        _log.info(
            "Decoding stays uncompiled: the weights are %s on %s.", network.precision, network.device.type
        )
        return None
    folder = native_folder(data_dir)
    try:
        library = build.kept(folder)
    except build.BuildError as error:
        _log.info("Decoding stays uncompiled: %s.", error)
        return None
    if library is not None:
        _load(network, library)
        return None
    thread = threading.Thread(target=_compile, args=(network, folder), name="compile", daemon=True)
    thread.start()
    return thread


def _compile(network: AHNForCausalLM, folder: Path) -> None:
    try:
        library = build.library(folder)
    except build.BuildError as error:
        _log.info("Decoding stays uncompiled: %s.", error)
        return
    _load(network, library)


def _load(network: AHNForCausalLM, library: Path) -> None:
    import torch

    from ahn_core.native.decoder import NativeDecoder

    try:
        decoder = NativeDecoder(library, torch.get_num_threads())
    except OSError as error:
        _log.info("Decoding stays uncompiled: %s.", error)
        return
    network.decode_with(decoder)
