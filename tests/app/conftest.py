"""Fixtures of the app's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.chatting import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An engine over a tiny model and an empty data folder; closed afterwards."""
    import torch

    torch.set_num_threads(1)
    world = World(tmp_path)
    yield world
    world.close()
