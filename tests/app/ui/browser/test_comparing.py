"""The comparison, what the memory alone knows, and the settings, in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import (
    Page,
    expect,
)

from tests.app.ui.browser.pages import (
    WAIT,
    open_settings,
    read,
    tier_row,
)

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]


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
    expect(page.locator("#compare-documents")).to_contain_text("manual.pdf", timeout=WAIT)
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


def test_settings_are_used_and_read_the_documents_anew(page: Page, note: Path) -> None:
    read(page, note)
    open_settings(page)
    expect(page.locator("#facts")).to_contain_text("GatedDeltaNet")
    window = page.get_by_label("Window", exact=True)
    expect(window).to_have_value("192")
    expect(page.locator("#cost")).to_contain_text("window of 192 tokens", timeout=WAIT)
    window.fill("48")
    expect(page.locator("#cost")).to_contain_text("window of 48 tokens", timeout=WAIT)
    expect(page.locator("#cost")).to_contain_text("read again", timeout=WAIT)
    page.click("#apply")
    expect(tier_row(page, "window").locator("td.num")).to_have_text("48", timeout=WAIT)
    expect(page.locator("#notices")).to_contain_text("the documents are read again", timeout=WAIT)
    expect(page.locator("#cost")).not_to_contain_text("read again", timeout=WAIT)
    for value, words in (
        ("9000", "over the 512"),
        ("-5", "“sliding window” is -5, not a whole number of 1 or more"),
        ("40.5", "“sliding window” is 40.5, not a whole number"),
    ):
        window.fill(value)
        page.click("#apply")
        expect(page.locator("#notices")).to_contain_text(words, timeout=WAIT)
        expect(window).to_have_value(value)


def test_presets_fill_the_fields_in_and_new_chats_start_with_the_defaults(page: Page) -> None:
    open_settings(page)
    window = page.get_by_label("Window", exact=True)
    expect(window).to_have_value("192")
    window.fill("100")
    page.fill("#preset-name :is(input, textarea)", "Narrow")
    page.click("#preset-save")
    expect(page.locator("#notices")).to_contain_text("Saved as the preset “Narrow”", timeout=WAIT)
    preset = page.get_by_label("Preset", exact=True)
    expect(preset).to_have_value("Narrow", timeout=WAIT)
    page.click("#apply")
    note = page.locator("#settings-note")
    expect(note).to_contain_text("Preset “Narrow”: window 100 (default 192)", timeout=WAIT)
    preset.click()
    page.get_by_role("option", name=re.compile("Varied")).click()
    expect(page.get_by_label("Temperature", exact=True)).to_have_value("0.8", timeout=WAIT)

    page.get_by_role("button", name="Start a new chat").click()
    expect(note).to_have_text("", timeout=WAIT)
    page.click("#chat-tab-button")
    open_settings(page)
    expect(window).to_have_value("192", timeout=WAIT)
    preset.click()
    page.get_by_role("option", name="Narrow").click()
    expect(window).to_have_value("100", timeout=WAIT)
    page.click("#preset-delete")
    expect(page.locator("#notices")).to_contain_text("The preset “Narrow” is deleted", timeout=WAIT)
    expect(window).to_have_value("100")
