"""Fixtures of the core's tests."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each device that the core computes on; the tests of one that is not here are skipped with a reason."""
    return torch.device(request.param)
