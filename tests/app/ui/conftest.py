"""Fixtures of the tests of the page that need no browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ui.ingest import UploadFolder
from app.ui.loading import EngineLoader
from app.ui.page import Components, Page
from tests.app.ui.desk import World
from tests.app.ui.fakes import FakeEngine


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, FakeEngine(pace=0.002))


@pytest.fixture
def slow(tmp_path: Path) -> World:
    return World(tmp_path, FakeEngine(pace=0.05))


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> Components:
    """The components of a real page; its handlers are those of a test's own world."""
    page = Page(EngineLoader(lambda report: None), UploadFolder(tmp_path_factory.mktemp("uploads")))  # type: ignore
    page.build()
    assert page.components is not None
    return page.components
