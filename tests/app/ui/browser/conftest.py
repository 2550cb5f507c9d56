"""Fixtures of the browser tests: one Chromium, one engine, one server and one open tab a module.

playwright keeps an event loop running in this thread, which other files' tests could not live with: it ends with its
module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from app.ui.server import PageServer, ServerOptions
from tests import pdfs
from tests.app.chatting import World
from tests.app.ui.browser.pages import (
    FLAGS,
    SETTINGS,
    WAIT,
    Pace,
    Visitor,
)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("data"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[PageServer]:
    options = ServerOptions(port=0, settings=SETTINGS, model_name="tiny", max_upload_bytes=2 * 2**20)
    with PageServer(lambda report: world.engine, options) as server:
        assert server.loader.wait(20)
        yield server


@pytest.fixture
def pace(world: World) -> Pace:
    return Pace(world)


@pytest.fixture
def visitor(browser: Browser, server: PageServer) -> Iterator[Visitor]:
    visitor = Visitor(browser, server)
    yield visitor
    visitor.leave()


@pytest.fixture(scope="module")
def desk(browser: Browser, server: PageServer) -> Iterator[tuple[Visitor, Page]]:
    visitor = Visitor(browser, server)
    yield visitor, visitor.open()
    visitor.leave()


@pytest.fixture
def page(desk: tuple[Visitor, Page], pace: Pace) -> Iterator[Page]:
    """A new chat in a tab that stays open from test to test, as tabs do."""
    visitor, page = desk
    page.keyboard.press("Escape")
    page.click("#chat-tab-button")
    page.locator("#chat-search").fill("")
    page.get_by_role("button", name="Start a new chat").click()
    expect(page.locator("#transcript .message")).to_have_count(0, timeout=WAIT)
    expect(page.locator(".card")).to_have_count(0, timeout=WAIT)
    page.fill("#question textarea", "")
    yield page
    visitor.check()


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real PDF of 8 pages; with a token a byte, 4,000 tokens and eight chunks."""
    return pdfs.make_pdf(
        tmp_path_factory.mktemp("pdf") / "manual.pdf", [text[:500] for text in pdfs.long_pages(8)]
    )


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A text that fits the window."""
    path = tmp_path / "note.txt"
    path.write_text("The mill burned down in 1843, and the miller left.\n")
    return path
