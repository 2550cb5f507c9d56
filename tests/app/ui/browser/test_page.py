"""Tabs, chats, keyboard, screens, colours and what the page does when nothing happens, in a real Chromium."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    Page,
    expect,
)

from app.conversation.events import TurnState
from app.ui.loading import LoadReport
from app.ui.security import new_token
from app.ui.server import PageServer, ServerOptions
from tests.app.chatting import World
from tests.app.ui.browser.pages import (
    WAIT,
    Pace,
    Visitor,
    answered,
    answering,
    ask,
    new_chat,
    open_chats,
    read,
)
from tests.app.ui.fakes import FakeEngine

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]


def test_two_tabs_answer_at_once_and_a_closed_one_is_answered_too(
    visitor: Visitor, world: World, pace: Pace, note: Path
) -> None:
    one, two = visitor.open(), visitor.open()
    new_chat(one)
    new_chat(two)
    read(one, note)
    pace.token = 0.5
    ask(one, "question of tab one")
    ask(two, "question of tab two")
    answering(one)
    two_chat = two.locator("#chats [data-open]").get_attribute("data-open")
    assert two_chat and two_chat != one.locator("#chats [data-open]").get_attribute("data-open")
    assert two_chat in open_chats(world)
    two.close()
    pace.token = 0.0
    answered(one)
    deadline = time.monotonic() + WAIT / 1000
    while two_chat in open_chats(world):
        assert time.monotonic() < deadline, "the chat of the closed tab has come to rest and is still open"
        time.sleep(0.05)
    assert world.engine.chat(two_chat).turns[0].state is TurnState.DONE
    world.engine.close_chat(two_chat)
    expect(one.locator("#transcript .message.user")).to_contain_text("question of tab one")


def test_a_reload_comes_back_to_the_chat(visitor: Visitor, note: Path) -> None:
    page = visitor.open()
    new_chat(page)
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
    expect(page.locator("#chats :focus")).to_have_count(1, timeout=WAIT)  # where work goes on after renaming

    page.keyboard.press("Control+k")
    expect(page.locator("#chat-search")).to_be_focused()
    page.keyboard.type("no such chat")
    expect(page.locator("#chats")).to_contain_text("No chat contains this.", timeout=WAIT)
    expect(page.locator("#chat-search")).to_be_focused()  # a redraw leaves the reader where he is
    expect(page.locator("#chat-search")).to_have_value("no such chat")
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
    page.click("[data-action=toggle-left]")
    new_chat(page)
    expect(page.locator("#left")).to_be_hidden()
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
            origin = "https://example.org/" + "x" * 60  # of a model
            page.locator(".facts-table td").last.evaluate(
                "(cell, origin) => (cell.textContent = origin)", origin
            )
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


def test_ten_tabs_of_one_browser_work(visitor: Visitor) -> None:
    first = visitor.open()
    new_chat(first)
    ask(first, "asked in the first tab")
    answered(first)
    pages = [first, *(visitor.open_in(first.context) for _ in range(9))]
    for page in pages:
        expect(page.locator("#transcript .message.user")).to_contain_text(
            "asked in the first tab", timeout=WAIT
        )
    ask(pages[-1], "asked in the last tab")
    for page in pages:
        expect(page.locator("#transcript .message.user").last).to_contain_text(
            "asked in the last tab", timeout=WAIT
        )


def test_a_draft_stays_with_its_chat(page: Page) -> None:
    ask(page, "zebra crossing")
    answered(page)
    page.fill("#ask-text", "half a question about zebras")
    new_chat(page)
    expect(page.locator("#ask-text")).to_have_value("", timeout=WAIT)
    page.fill("#ask-text", "something else")
    page.click("#settings-tab-button")
    page.locator("#chats .entry", has_text="zebra crossing").get_by_role("button").first.click()
    expect(page.locator("#ask-text")).to_have_value("half a question about zebras", timeout=WAIT)
    expect(page.locator("#ask-text")).to_be_focused(timeout=WAIT)
    page.fill("#ask-text", "")


def test_a_page_comes_back_with_its_draft_when_its_server_does(browser: Browser) -> None:
    def load(report: LoadReport) -> FakeEngine:
        return FakeEngine(pace=0.002)

    token = new_token()
    with PageServer(load, ServerOptions(port=0, token=token)) as server:  # type: ignore[arg-type]
        visitor = Visitor(browser, server)
        page = visitor.open()
        page.fill("#ask-text", "what I was typing")
    expect(page.locator("#lost")).to_be_visible(timeout=WAIT)
    expect(page.locator("#lost")).to_contain_text("goes on by itself")
    expect(page.locator("#ask-text")).to_have_value("what I was typing")
    again = ServerOptions(port=server.port, fixed_port=True, token=token)
    with PageServer(load, again) as server:  # type: ignore[arg-type]
        expect(page.locator("#lost")).to_have_count(0, timeout=WAIT)
        expect(page.locator("#ask-text")).to_be_enabled(timeout=WAIT)
        expect(page.locator("#ask-text")).to_have_value("what I was typing")
        ask(page, "and now?")
        answered(page)
        visitor.complaints.clear()  # the browser's own words about the connection that was lost
        visitor.leave()
