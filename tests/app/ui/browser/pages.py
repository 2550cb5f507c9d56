"""Pages in a real Chromium, over the real engine on a tiny model, and what a person does in them.

Every page that is opened must leave without an error in its console and without one request off this machine.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
)

from app.conversation import ChatSettings
from app.ui.server import PageServer
from tests.app.chatting import World

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SETTINGS = ChatSettings(attention_sinks=16, sliding_window=192, system_prompt="Be brief.", max_new_tokens=24)
WAIT = 20_000  # milliseconds; a machine that does other things is slow
expect.set_options(timeout=WAIT)


def open_chats(world: World) -> set[str]:
    return set(world.engine._chats)


class Pace:
    """How long the tiny model takes for a chunk and for a token; seconds."""

    def __init__(self, world: World) -> None:
        self.chunk = self.token = 0.0
        world.counting.before = self._before

    def _before(self, ids: list[int]) -> None:
        time.sleep(self.chunk if len(ids) >= 64 else self.token)


class Visitor:
    """Opens pages as one browser does, and notes what they complain about and whom they talk to."""

    def __init__(self, browser: Browser, server: PageServer) -> None:
        self.server = server
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(self, *, width: int = 1280, height: int = 800, dark: bool = False, ready: bool = True) -> Page:
        """A page in a browser profile of its own, which has opened the link. It shows the chat that was used last."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(WAIT)
        self._contexts.append(context)
        return self.open_in(context, ready=ready)

    def open_in(self, context: BrowserContext, *, ready: bool = True) -> Page:
        """One more tab of a browser."""
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on(
            "dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        page.on("request", lambda request: self._watch(request.url))
        page.goto(self.server.link)
        if ready:
            expect(page.locator("#question textarea")).to_be_enabled(timeout=WAIT)
            expect(page.locator("#documents [data-action=pick-files]")).to_be_enabled(timeout=WAIT)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _watch(self, url: str) -> None:
        if not url.startswith((f"{self.server.origin}/", "data:", "blob:")):
            self.foreign.append(url)

    def reload(self, page: Page) -> None:
        """Load the page again. What the old one says about its cut connections on the way out does not count."""
        page.wait_for_timeout(300)
        before = len(self.complaints)
        page.reload()
        del self.complaints[before:]
        expect(page.locator("#question textarea")).to_be_enabled(timeout=WAIT)

    def check(self) -> None:
        """Nothing complained, and nobody outside was asked for anything."""
        foreign, self.foreign = self.foreign, []
        complaints, self.complaints = self.complaints, []
        assert foreign == [], "requests off this machine"
        assert complaints == [], "\n".join(complaints)

    def leave(self) -> None:
        for context in self._contexts:
            context.close()
        self.check()


def add(page: Page, *paths: Path) -> None:
    page.set_input_files("#file-picker", [str(path) for path in paths])


def new_chat(page: Page) -> None:
    """Start a chat, and wait for it."""
    before = page.locator("#chats [data-open]").get_attribute("data-open")
    page.get_by_role("button", name="Start a new chat").click()
    expect(page.locator(f'#chats [data-open="{before}"]')).to_have_count(0, timeout=WAIT)


def read(page: Page, path: Path) -> None:
    """Add a document and wait until it is read."""
    add(page, path)
    expect(page.locator(".card", has_text=path.name).get_by_text("read in full")).to_be_visible(timeout=WAIT)


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


def answers(page: Page) -> list[str]:
    return page.locator("#transcript .message.bot").all_inner_texts()


def answered(page: Page, count: int = 1) -> str:
    """Wait until there are so many answers and the last one has ended; returns it."""
    expect(page.locator("#transcript .message.bot")).to_have_count(count, timeout=WAIT)
    expect(page.locator("#question .stop-button")).to_be_hidden(timeout=WAIT)
    return answers(page)[-1]


def answering(page: Page) -> None:
    """Wait until the answer has begun. Have the model take its time (`Pace`): an answer that has ended is none."""
    expect(page.locator("#question .stop-button")).to_be_visible(timeout=WAIT)
    nothing_yet = re.compile(r"^\s*…?\s*$")
    expect(page.locator("#transcript .message.bot").last).not_to_have_text(nothing_yet, timeout=WAIT)
    expect(page.locator("#question .stop-button")).to_be_visible(timeout=WAIT)


def tier_row(page: Page, name: str) -> Locator:
    """The row of the memory panel with this name; the "?" beside it explains with names of other rows."""
    return page.locator("#memory .tiers tr").filter(
        has=page.locator("th", has_text=re.compile(rf"^{name}\b"))
    )


def number(page: Page, row: str) -> int:
    cell = tier_row(page, row).locator("td.num")
    return int(cell.inner_text().replace(",", ""))


def open_settings(page: Page) -> None:
    """Open the settings' tab, and wait until its fields are filled in, as they are at every opening: what is typed
    before would be written over.
    """
    filled = int(page.locator("body").get_attribute("data-settings-filled") or 0)
    page.click("#settings-tab-button")
    expect(page.locator("body")).to_have_attribute("data-settings-filled", str(filled + 1))
    expect(page.locator("#settings-tab > .column")).to_be_visible()
