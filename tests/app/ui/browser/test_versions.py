"""Versions of turns in a real Chromium over the real engine on a tiny model: by keyboard, kept after a reload."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.app.ui.browser.pages import WAIT, Visitor, answered, ask

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]


def test_the_other_versions_are_a_key_away_and_outlive_a_reload(
    desk: tuple[Visitor, Page], page: Page
) -> None:
    users = page.locator("#transcript .message.user")
    ask(page, "first question")
    answered(page)
    ask(page, "what followed it")
    answered(page, 2)
    page.get_by_role("button", name="Edit the question").first.click()
    page.locator("#transcript textarea").fill("edited question")
    page.get_by_role("button", name="Ask again").click()
    expect(users).to_have_count(1, timeout=WAIT)
    answered(page)

    before = page.get_by_role("button", name=re.compile("version before this one .2 of 2"))
    before.focus()
    page.keyboard.press("Enter")
    expect(users).to_have_text(["first question", "what followed it"], timeout=WAIT)
    # Drawn anew in another part of the page, the button has the focus still; at the end it does nothing.
    at_end = page.get_by_role("button", name=re.compile("version before this one .1 of 2"))
    expect(at_end).to_be_focused(timeout=WAIT)
    expect(at_end).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=re.compile("version after this one"))).to_be_focused()
    desk[0].reload(page)
    expect(users).to_have_text(["first question", "what followed it"], timeout=WAIT)

    page.get_by_role("button", name="Delete this version").click()
    expect(page.locator(".asking-turn")).to_contain_text(
        "1 question and its answer that came after it", timeout=WAIT
    )
    expect(page.locator(".asking-turn .danger")).to_be_focused(timeout=WAIT)
    page.keyboard.press("Enter")
    expect(users).to_have_text(["edited question"], timeout=WAIT)
    page.fill("#question textarea", "half a thought")
    page.get_by_role("button", name="Take this turn back").click()
    expect(users).to_have_count(0, timeout=WAIT)
    expect(page.locator("#question textarea")).to_have_value("edited question\nhalf a thought")
    page.get_by_role("button", name="Show again").click()
    expect(users).to_have_text(["edited question"], timeout=WAIT)
