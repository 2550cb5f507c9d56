"""Figures of a cache for whoever watches, without disturbing whoever computes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahn_core import Cache, CacheStats, LayerStats
    from app.conversation.device import Device

_WATCHED = 5.0  # seconds for which one look counts as watching


class LiveStats:
    """The layers' figures need a look into the tensors, which only the holder of the device may take: whoever holds it
    calls `publish`, which costs nothing while nobody watches."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._watched_at = -_WATCHED
        self._layers: tuple[LayerStats, ...] = ()

    def publish(self, cache: Cache) -> None:
        """Note the layers' figures, where somebody watches; called by the holder of the device."""
        if time.monotonic() - self._watched_at < _WATCHED:
            self._layers = cache.stats(per_layer=True).layers

    def read(self, cache: Cache, per_layer: bool) -> CacheStats:
        """The cache's figures now. Never waits: while the device is busy, the layers are the last published ones."""
        if not per_layer:
            return cache.stats(per_layer=False)
        self._watched_at = time.monotonic()
        ticket = self._device.ticket_if_free()
        if ticket is not None:
            with ticket:
                stats = cache.stats(per_layer=True)
            self._layers = stats.layers
            return stats
        return replace(cache.stats(per_layer=False), layers=self._layers)
