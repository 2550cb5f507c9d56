"""The page in a real Chromium, over the real engine on a tiny model.

Every page that is opened must leave without an error in its console and without one request off this machine.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from app.chat import ChatSettings
from app.ui.loading import LoadReport
from app.ui.server import PageServer, ServerOptions
from tests import pdfs
from tests.app.chatting import World
from tests.app.ui.fakes import FakeEngine

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]

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
        """A page in a browser profile of its own, which has opened the link."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(WAIT)
        self._contexts.append(context)
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


def add(page: Page, *paths: Path) -> None:
    page.set_input_files("#file-picker", [str(path) for path in paths])


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
    expect(page.locator("#question .stop-button")).to_have_count(0, timeout=WAIT)
    return answers(page)[-1]


def answering(page: Page) -> None:
    """Wait until the answer has begun."""
    expect(page.locator(".status-line")).to_contain_text("answer", timeout=WAIT)
    expect(page.locator("#question .stop-button")).to_be_visible(timeout=WAIT)


def number(page: Page, row: str) -> int:
    cell = page.locator("#memory .tiers tr", has_text=row).locator("td.num")
    return int(cell.inner_text().replace(",", ""))


def test_a_pdf_is_read_and_asked_about_and_never_read_again(
    page: Page, world: World, pace: Pace, manual: Path
) -> None:
    pace.chunk = 0.2
    add(page, manual)
    card = page.locator(".card", has_text="manual.pdf")
    expect(card).to_contain_text(re.compile(r"(?<!\d)[1-9]\d?%"), timeout=WAIT)
    for part in ("8 pages", "tokens", "tok/s", "left"):
        expect(card).to_contain_text(part)
    expect(page.locator("#reading")).to_contain_text("tok/s")
    assert page.locator("#memory .page-strip rect.unread").count() >= 1
    expect(card).to_contain_text("read in full", timeout=WAIT)
    expect(page.locator("#memory .page-strip rect.unread")).to_have_count(0)
    assert page.locator("#memory .page-strip rect.memory").count() >= 1
    assert (number(page, "sinks"), number(page, "window")) == (16, 192)

    pace.token = 0.03
    fed = world.counting.tokens_fed()
    ask(page, "What is the code of page 7?")
    expect(page.locator("#question textarea")).to_have_value("")
    answering(page)
    first = answered(page)
    assert first.strip()
    ask(page, "And of page 8?")
    answered(page, 2)
    assert world.counting.tokens_fed() - fed < 500, (
        "two questions and two answers; the document has 4,000 tokens"
    )

    line = page.locator(".status-line")
    expect(line).to_contain_text(re.compile(r"write\s*[\d.]+ tok/s.*to first token\s*[\d.]+ s", re.DOTALL))
    status = line.inner_text()
    total = int(re.search(r"in context\s+([\d,]+) tokens", status)[1].replace(",", ""))  # type: ignore[index]
    assert total == sum(number(page, row) for row in ("sinks", "window", "compressed")), "the meter is exact"

    page.click("[data-action=toggle-layers]")
    expect(page.locator("#memory .layer-bars")).to_have_count(3)
    page.click("[data-action=toggle-answer]")
    expect(page.locator("#memory .tinted span").first).to_be_visible()


def test_stop_by_button_and_by_key_and_the_question_comes_back(page: Page, pace: Pace) -> None:
    pace.token = 0.1
    ask(page, "one")
    answering(page)
    page.click("#question .stop-button")
    expect(page.locator("#transcript .message.bot")).to_contain_text("stopped", timeout=WAIT)
    answered(page)
    ask(page, "two")
    expect(page.locator("#transcript .message.bot")).to_have_count(2, timeout=WAIT)
    answering(page)
    page.keyboard.press("Escape")
    expect(page.locator("#transcript .message.bot").last).to_contain_text("stopped", timeout=WAIT)
    answered(page, 2)


def test_waiting_for_a_document_is_visible_and_optional(page: Page, pace: Pace, tmp_path: Path) -> None:
    pace.chunk = 1.5  # longer than the answer takes, on a busy machine too
    add(
        page,
        pdfs.make_pdf(tmp_path / "waiting.pdf", [f"Waited for. {text[:500]}" for text in pdfs.long_pages(8)]),
    )
    expect(page.locator(".card")).to_contain_text(re.compile(r"(?<!\d)[1-9]\d?%"), timeout=WAIT)
    ask(page, "What has been read?")
    expect(page.locator("#activity")).to_contain_text("Waiting until", timeout=WAIT)
    expect(page.locator("#activity .meter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#question textarea")).to_have_value("What has been read?", timeout=WAIT)
    expect(page.locator("#transcript .message")).to_have_count(0)

    page.press("#question textarea", "Enter")
    page.get_by_role("button", name="Ask about what has been read so far").click()
    expect(page.locator("#transcript .message.bot")).to_contain_text("of 8 pages", timeout=WAIT)
    answered(page)
    expect(page.locator(".card")).to_contain_text("left")

    page.get_by_role("button", name=re.compile("Stop reading")).first.click()
    expect(page.locator(".card")).to_contain_text("paused", timeout=WAIT)
    pace.chunk = 0.0
    page.get_by_role("button", name=re.compile("Read on in")).click()
    expect(page.locator(".card")).to_contain_text("read in full", timeout=WAIT)


def test_regenerate_edit_and_clear(page: Page, pace: Pace, note: Path) -> None:
    read(page, note)
    ask(page, "first question")
    first = answered(page)
    ask(page, "second question")
    answered(page, 2)

    pace.token = 0.1  # slow enough for the new answer to be seen beginning
    regenerate = page.get_by_role("button", name="Retry")
    expect(regenerate).to_be_enabled(timeout=WAIT)
    regenerate.click()
    answering(page)
    expect(page.locator("#transcript .message.user").last).to_contain_text("second question")
    answered(page, 2)

    pace.token = 0.0
    edit = page.locator("#transcript .message-buttons-right").first.locator("button").last
    expect(edit).to_be_enabled(timeout=WAIT)
    edit.click()
    field = page.locator("#transcript textarea").first
    field.fill("another question")
    page.locator("#transcript .message-buttons-right").first.locator("button").first.click()
    expect(page.locator("#transcript .message.user")).to_have_count(1, timeout=WAIT)
    expect(page.locator("#transcript .message.user")).to_contain_text("another question")
    assert answered(page) != first

    ask(page, "taken back")
    answered(page, 2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#transcript .message.user")).to_have_count(1, timeout=WAIT)
    expect(page.locator("#question textarea")).to_have_value("taken back", timeout=WAIT)

    clear = page.get_by_role("button", name="Clear")
    clear.click()
    expect(clear).to_have_class(re.compile("armed"))
    expect(page.locator("#transcript .message.user")).to_have_count(1)  # the first click only asks
    clear.click()
    expect(page.locator("#transcript .message")).to_have_count(0, timeout=WAIT)
    expect(page.locator(".card")).to_contain_text("read in full")


def test_comparison_inside_and_outside_the_window(page: Page, note: Path, manual: Path) -> None:
    read(page, note)
    page.click("#compare-tab-button")
    page.fill("#compare-question textarea", "When did it burn?")
    page.press("#compare-question textarea", "Enter")
    expect(page.locator("#panes .verdict")).to_contain_text("All three answers are identical", timeout=WAIT)
    expect(page.locator("#panes mark")).to_have_count(0)
    for kind in ("full", "window", "ahn"):
        pane = page.locator(f"#panes .pane.{kind}")
        for part in ("tok/s", "to first token", "cache"):
            expect(pane).to_contain_text(part)

    page.click("#chat-tab-button")
    read(page, manual)
    page.click("#compare-tab-button")
    page.click("#compare-button")
    expect(page.locator("#panes .verdict")).to_contain_text(re.compile("part (after|at)"), timeout=WAIT)
    expect(page.locator("#panes .pane.window mark")).to_have_count(1)
    expect(page.locator("#panes .pane.ahn mark")).to_have_count(1)
    expect(page.locator("#panes .pane.full")).to_contain_text("512")  # the length the base was trained for


def test_what_the_memory_alone_knows(page: Page, note: Path, manual: Path) -> None:
    read(page, note)
    page.click("#compare-tab-button")
    page.click("#probe [data-action=probe]")
    expect(page.locator("#probe")).to_contain_text("nothing has gone into the memory yet", timeout=WAIT)
    page.click("#chat-tab-button")
    read(page, manual)
    page.click("#compare-tab-button")
    page.click("#probe [data-action=probe]")
    expect(page.locator("#probe .verdict")).to_contain_text(
        re.compile(r"AHN \d+ of 10, window only \d+ of 10"), timeout=WAIT
    )
    expect(page.locator("#probe .probe-chart rect")).to_have_count(20)
    page.click("#probe summary")
    expect(page.locator("#probe li").first).to_be_visible()


def test_two_tabs_answer_at_once_and_closing_one_frees_it(
    visitor: Visitor, world: World, pace: Pace, note: Path
) -> None:
    one, two = visitor.open(), visitor.open()
    read(one, note)
    pace.token = 0.1
    ask(one, "question of tab one")
    ask(two, "question of tab two")
    answering(one)
    two_chat = two.locator("#chats [data-open]").get_attribute("data-open")
    assert two_chat and two_chat != one.locator("#chats [data-open]").get_attribute("data-open")
    assert two_chat in open_chats(world)
    two.close()
    deadline = time.monotonic() + 10
    while two_chat in open_chats(world):
        assert time.monotonic() < deadline, "the chat of the closed tab is still open"
        time.sleep(0.05)
    answered(one)
    expect(one.locator("#transcript .message.user")).to_contain_text("question of tab one")


def test_a_reload_comes_back_to_the_chat(visitor: Visitor, note: Path) -> None:
    page = visitor.open()
    read(page, note)
    ask(page, "before the reload")
    before = answered(page)
    visitor.reload(page)
    expect(page.locator("#transcript .message.user")).to_contain_text("before the reload", timeout=WAIT)
    assert answered(page) == before
    expect(page.locator(".card")).to_contain_text("read in full", timeout=WAIT)


def test_chats_can_be_searched_renamed_and_deleted_by_keyboard(page: Page) -> None:
    ask(page, "zebra crossing")
    answered(page)
    entry = page.locator("#chats .entry", has_text="zebra crossing")
    expect(entry).to_have_count(1)
    entry.get_by_role("button", name="Rename zebra crossing").click()
    expect(page.locator(".rename")).to_be_focused()
    page.locator(".rename").fill("striped horse")
    page.keyboard.press("Enter")
    expect(page.locator("#chats .entry", has_text="striped horse")).to_have_count(1, timeout=WAIT)

    page.keyboard.press("Control+k")
    expect(page.locator("#chat-search")).to_be_focused()
    page.keyboard.type("no such chat")
    expect(page.locator("#chats")).to_contain_text("No chat contains this.", timeout=WAIT)
    page.locator("#chat-search").fill("striped")
    entry = page.locator("#chats .entry", has_text="striped horse")
    expect(entry).to_have_count(1, timeout=WAIT)

    entry.get_by_role("button", name="Delete striped horse").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#chats .entry", has_text="striped horse")).to_have_count(0, timeout=WAIT)
    expect(page.locator("#transcript .message")).to_have_count(0)


def test_keyboard(page: Page) -> None:
    box = page.locator("#question textarea")
    box.focus()
    page.keyboard.type("one line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("another")
    expect(box).to_have_value("one line\nanother")
    expect(page.locator("#transcript .message")).to_have_count(0)
    page.keyboard.press("Control+/")
    expect(page.locator(".shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".shortcuts")).to_be_hidden()
    page.keyboard.press("Enter")
    answered(page)
    expect(page.locator("#transcript .message.user")).to_contain_text("another")


@pytest.mark.parametrize("dark", [False, True])
def test_at_380_pixels(visitor: Visitor, note: Path, dark: bool) -> None:
    page = visitor.open(width=380, height=760, dark=dark)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(value) for value in re.findall(r"\d+", ground)[:3])
    assert brightness < 150 if dark else brightness > 600
    expect(page.locator("#left")).to_be_hidden()
    expect(page.locator("#right")).to_be_hidden()
    with page.expect_file_chooser() as choosing:
        page.click("#reading [data-action=pick-files]")  # the documents' column is folded away
    choosing.value.set_files(note)
    page.click("[data-action=toggle-left]")
    expect(page.locator(".card")).to_contain_text("read in full", timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.locator("#left")).to_be_hidden()
    ask(page, "a question with averyveryverylongwordthatdoesnotfitonthescreenofanyphoneatall")
    answered(page)
    page.click("[data-action=toggle-right]")
    expect(page.locator("#right")).to_be_visible()
    box = page.locator("#right").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 381
    page.mouse.click(10, 400)
    expect(page.locator("#right")).to_be_hidden()
    for tab in ("compare", "settings", "chat"):
        page.click(f"#{tab}-tab-button")
        if tab == "settings":
            cut_off = page.evaluate(
                """() => [...document.querySelectorAll("#settings-tab .block")]
                    .filter(e => getComputedStyle(e).overflowY !== "visible" && e.scrollHeight > e.clientHeight)
                    .map(e => e.innerText)"""
            )
            assert cut_off == [], "a slider with a scroll bar of its own"
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        wide = page.evaluate(
            """tab => [...document.querySelectorAll(`#${tab}-tab *`)]
                .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 381)
                .filter(e => !e.closest('.overflow-x-auto, pre, .status-line'))
                .map(e => e.tagName + '.' + e.className)""",
            tab,
        )
        assert wide == []


def test_the_colours_can_be_changed_and_stay(visitor: Visitor) -> None:
    page = visitor.open()
    page.click("[data-action=toggle-theme]")
    expect(page.locator("body.dark")).to_have_count(1)
    visitor.reload(page)
    expect(page.locator("body.dark")).to_have_count(1)


def test_failing_files_say_why_and_the_app_goes_on(page: Page, tmp_path: Path, note: Path) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)> ${1+1} {{value}}.txt"
    hostile.write_text("A file with a hostile name.")
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * (3 * 2**20))
    locked = pdfs.encrypted_pdf(tmp_path / "locked.pdf")
    scan = pdfs.scanned_pdf(tmp_path / "scan.pdf", ["Words on page one.", None, None, "And on page four."])
    add(page, locked, scan, hostile, large, note)
    card = page.locator(".card.failed", has_text="locked.pdf")
    expect(card.locator(".error")).to_contain_text("password", timeout=WAIT)
    expect(page.locator(".card:not(.importing)", has_text="scan.pdf")).to_contain_text(
        "no text layer on pages 2-3", timeout=WAIT
    )
    expect(page.locator(".card.failed", has_text="large.txt")).to_contain_text(
        "over the limit of 2 MB", timeout=WAIT
    )
    expect(page.locator(".card", has_text="{{value}}")).to_contain_text("read in full", timeout=WAIT)
    expect(page.locator(".card", has_text="note.txt")).to_contain_text("read in full", timeout=WAIT)
    assert page.locator("img").count() == 0, "a file's name is never markup"
    card.get_by_role("button", name="Dismiss locked.pdf").click()
    expect(card).to_have_count(0, timeout=WAIT)


def test_a_file_can_be_dropped_anywhere(page: Page) -> None:
    page.evaluate(
        """() => {
            const files = new DataTransfer();
            files.items.add(new File(["The mill burned down."], "dropped.md", {type: "text/markdown"}));
            const at = document.querySelector("#question textarea");
            for (const type of ["dragenter", "dragover", "drop"])
                at.dispatchEvent(new DragEvent(type, {dataTransfer: files, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.locator(".card", has_text="dropped.md")).to_contain_text("read in full", timeout=WAIT)
    expect(page.locator("body.dropping")).to_have_count(0)


def test_a_click_counts_though_its_button_is_redrawn_meanwhile(page: Page, note: Path) -> None:
    read(page, note)
    button = page.get_by_role("button", name="Start a new chat")
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    button.evaluate("pressed => pressed.replaceWith(pressed.cloneNode(true))")
    page.mouse.up()
    expect(page.locator(".card")).to_have_count(0, timeout=WAIT)


def test_settings_are_used_and_read_the_documents_anew(page: Page, note: Path) -> None:
    read(page, note)
    page.click("#settings-tab-button")
    expect(page.locator("#facts")).to_contain_text("GatedDeltaNet")
    window = page.get_by_label("Window", exact=True)
    expect(window).to_have_value("192")
    expect(page.locator("#cost")).to_contain_text("window of 192 tokens", timeout=WAIT)
    window.fill("48")
    expect(page.locator("#cost")).to_contain_text("window of 48 tokens", timeout=WAIT)
    expect(page.locator("#cost")).to_contain_text("read again", timeout=WAIT)
    page.click("#apply")
    expect(page.locator("#memory .tiers tr", has_text="window").locator("td.num")).to_have_text(
        "48", timeout=WAIT
    )
    expect(page.locator(".toast-wrap")).to_contain_text("the documents are read again", timeout=WAIT)
    expect(page.locator("#cost")).not_to_contain_text("read again", timeout=WAIT)
    window.fill("9000")
    page.click("#apply")
    expect(page.locator(".toast-wrap")).to_contain_text("512", timeout=WAIT)


def test_the_page_is_there_before_the_model_and_wakes_up(browser: Browser) -> None:
    ready = False

    def load(report: LoadReport) -> FakeEngine:
        report("Fetching SmolLM2-135M-Instruct: 40 of 93 MB", 0.43)
        while not ready:
            time.sleep(0.02)
        return FakeEngine(pace=0.002, trained=False)

    with PageServer(load, ServerOptions(port=0)) as server:  # type: ignore[arg-type]
        visitor = Visitor(browser, server)
        page = visitor.open(ready=False)
        expect(page.locator("#activity")).to_contain_text("40 of 93 MB", timeout=WAIT)
        expect(page.locator("#question textarea")).to_be_disabled()
        ready = True
        expect(page.locator("#question textarea")).to_be_enabled(timeout=WAIT)
        expect(page.locator("#activity")).not_to_contain_text("MB")
        expect(page.locator("#memory")).to_contain_text("untrained: it adds nothing yet")
        visitor.leave()


def test_a_load_failure_is_one_sentence_on_the_page(browser: Browser) -> None:
    def load(report: LoadReport) -> FakeEngine:
        raise ValueError("There is no model in /models/x; name another with --model.")

    with PageServer(load, ServerOptions(port=0)) as server:  # type: ignore[arg-type]
        visitor = Visitor(browser, server)
        page = visitor.open(ready=False)
        expect(page.locator("#activity [role=alert]")).to_have_text(
            "There is no model in /models/x; name another with --model.", timeout=WAIT
        )
        expect(page.locator("#question textarea")).to_be_disabled()
        visitor.leave()


def test_an_idle_page_sends_nothing(page: Page) -> None:
    page.wait_for_timeout(1000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.wait_for_timeout(1000)
    assert sent == []


def test_the_stream_of_results_never_closes_while_the_page_is_open(page: Page) -> None:
    """An event sent while gradio closes the stream would be carried out, and nobody would hear of it."""
    opened: list[str] = []
    page.on("request", lambda request: opened.append(request.url) if "queue/data" in request.url else None)
    for query, shown in (("no such chat", "No chat contains this."), ("", "Chats")) * 2:
        page.locator("#chat-search").fill(query)
        expect(page.locator("#chats")).to_contain_text(shown, timeout=WAIT)
        page.wait_for_timeout(700)  # what follows an event has ended by then
    assert opened == []
