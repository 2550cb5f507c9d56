"""Saving chats as files and taking them in again, in a real Chromium over the real engine on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.ui.browser.pages import WAIT, answered, ask

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]


def test_a_chat_is_saved_deleted_and_imported_again(page: Page, tmp_path: Path) -> None:
    ask(page, "Is this <kept>?")
    answer = answered(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save this conversation as Markdown").click()
    assert download.value.suggested_filename == "Is this _kept__.md"
    assert "> Is this \\<kept\\>?" in Path(download.value.path()).read_text("utf-8")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save this conversation as JSON").click()
    file = tmp_path / "chat.json"
    download.value.save_as(file)
    assert json.loads(file.read_text("utf-8"))["chats"][0]["turns"][0]["question"] == "Is this <kept>?"

    entry = page.locator("#chats .entry", has_text="Is this <kept>?")
    entry.get_by_role("button", name="Delete Is this").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#transcript .message")).to_have_count(0, timeout=WAIT)
    page.click("#library-tab-button")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import chats from a JSON file").click()
    chooser.value.set_files(str(file))
    expect(page.locator("#notices")).to_contain_text("is imported.", timeout=WAIT)
    page.click("#chat-tab-button")
    expect(page.locator("#transcript .message.user")).to_have_text("Is this <kept>?", timeout=WAIT)
    assert answered(page) == answer
