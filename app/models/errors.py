"""What goes wrong with models, in one sentence."""

from __future__ import annotations

from ahn_core.weights.errors import LoadError


class ModelError(LoadError):
    """A model that cannot be named, fetched, checked or removed; the message is one sentence for the user."""


class DownloadCancelled(ModelError):
    """Somebody ended a download; what had arrived is kept for the next time."""
