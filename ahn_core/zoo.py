"""The embedded model under its public names: `embedded_path()` and what belongs to it.

It lives in `ahn_core.embedded`. The catalogue of other models, and their downloads, are the application's.
"""

from __future__ import annotations

from .embedded.folder import embedded_gguf_path, embedded_is_ready, embedded_path
from .embedded.model import (
    EMBEDDED,
    EmbeddedModel,
    ProgressCallback,
    ZooError,
    ZooProgress,
    embedded_memory_path,
    home,
)

__all__ = [
    "EMBEDDED",
    "EmbeddedModel",
    "ProgressCallback",
    "ZooError",
    "ZooProgress",
    "embedded_gguf_path",
    "embedded_is_ready",
    "embedded_memory_path",
    "embedded_path",
    "home",
]
