"""Reading, asking, stopping and answering again, in a real Chromium over the real engine on a tiny model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import (
    Page,
    expect,
)

from tests import pdfs
from tests.app.chatting import World
from tests.app.ui.browser.pages import (
    WAIT,
    Pace,
    add,
    answered,
    answering,
    ask,
    number,
    read,
)

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]


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
    expect(page.locator("#memory .page-strip rect.unread")).not_to_have_count(0)
    expect(card).to_contain_text("read in full", timeout=WAIT)
    expect(page.locator("#memory .page-strip rect.unread")).to_have_count(0)
    expect(page.locator("#memory .page-strip rect.memory")).not_to_have_count(0)
    assert (number(page, "sinks"), number(page, "window")) == (16, 192)

    pace.token = 0.5
    fed = world.counting.tokens_fed()
    ask(page, "What is the code of page 7?")
    expect(page.locator("#question textarea")).to_have_value("")
    answering(page)
    pace.token = 0.0
    first = answered(page)
    assert first.strip()
    ask(page, "And of page 8?")
    answered(page, 2)
    assert world.counting.tokens_fed() - fed < 500, (
        "two questions and two answers; the document has 4,000 tokens"
    )

    line = page.locator(".status-line")
    expect(line).to_contain_text(re.compile(r"write\s*[\d.,]+ tok/s.*to first token\s*[\d.]+ s", re.DOTALL))
    status = line.inner_text()
    total = int(re.search(r"in context\s+([\d,]+) tokens", status)[1].replace(",", ""))  # type: ignore[index]
    assert total == sum(number(page, row) for row in ("sinks", "window", "compressed")), "the meter is exact"

    page.click("[data-action=toggle-layers]")
    expect(page.locator("#memory .layer-bars")).to_have_count(3)
    page.click("[data-action=toggle-answer]")
    expect(page.locator("#memory .tinted span").first).to_be_visible()


def test_stop_by_button_and_by_key_and_the_question_comes_back(page: Page, pace: Pace) -> None:
    pace.token = 0.5
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

    pace.token = 0.5  # slow enough for the new answer to be seen beginning
    regenerate = page.get_by_role("button", name="Answer again").last
    expect(regenerate).to_be_enabled(timeout=WAIT)
    regenerate.click()
    answering(page)
    expect(page.locator("#transcript .message.user").last).to_contain_text("second question")
    pace.token = 0.0
    answered(page, 2)

    page.get_by_role("button", name="Edit the question").first.click()
    field = page.locator("#transcript textarea")
    expect(field).to_be_focused(timeout=WAIT)
    expect(field).to_have_value("first question")
    page.keyboard.press("Escape")
    expect(field).to_have_count(0, timeout=WAIT)
    page.get_by_role("button", name="Edit the question").first.click()
    field.fill("another question")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("#transcript .message.user")).to_have_count(1, timeout=WAIT)
    expect(page.locator("#transcript .message.user")).to_contain_text("another question")
    assert answered(page) != first

    ask(page, "taken back")
    answered(page, 2)
    page.get_by_role("button", name="Take this turn back").last.click()
    expect(page.locator("#transcript .message.user")).to_have_count(1, timeout=WAIT)
    expect(page.locator("#question textarea")).to_have_value("taken back", timeout=WAIT)

    clear = page.get_by_role("button", name="Clear this conversation")
    clear.click()
    expect(clear).to_have_class(re.compile("armed"))
    expect(page.locator("#transcript .message.user")).to_have_count(1)  # the first click only asks
    clear.click()
    expect(page.locator("#transcript .message")).to_have_count(0, timeout=WAIT)
    expect(page.locator(".card")).to_contain_text("read in full")


def test_what_looks_like_a_tag_is_shown_and_copied(page: Page) -> None:
    question = "Explain Vec<String>, <b>__init__</b>\n  and <img src=x onerror=alert(1)>"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, question)
    answered(page)
    assert page.locator("#transcript .message.user").inner_text() == question
    assert page.locator("#transcript img").count() == 0
    page.get_by_role("button", name="Copy the question").click()
    expect(page.locator("#transcript .tool.copied")).to_be_visible(timeout=WAIT)
    assert page.evaluate("navigator.clipboard.readText()") == question


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
    expect(page.locator("#memory .legend")).to_contain_text("no text 2")
    page.set_viewport_size({"width": 1280, "height": 420})  # less than the cards need
    # Both in one look: a card that changes between two would be taken for an overlap.
    above, below = page.evaluate(
        "['documents', 'chats'].map(part => document.getElementById(part).getBoundingClientRect().toJSON())"
    )
    page.set_viewport_size({"width": 1280, "height": 800})
    assert below["x"] == above["x"], "the column scrolls, and does not break into two"
    assert below["y"] >= above["y"] + above["height"]
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


def test_hostile_files_are_one_sentence_each_and_the_page_goes_on(
    page: Page, tmp_path: Path, note: Path
) -> None:
    refused = {
        pdfs.encrypted_pdf(tmp_path / "encrypted.pdf"): "needs a password",
        pdfs.truncated_pdf(tmp_path / "truncated.pdf"): "cut off",
        pdfs.zero_page_pdf(tmp_path / "zero.pdf"): "0 pages",
        pdfs.many_pages_pdf(tmp_path / "many.pdf"): "has 10,000 pages and the limit is 5,000",
        pdfs.deep_objects_pdf(tmp_path / "nested.pdf"): "nested too deeply",
        pdfs.random_bytes_pdf(tmp_path / "random.pdf"): "damaged",
    }
    add(page, *refused, note)
    for path, words in refused.items():
        error = page.locator(".card.failed", has_text=path.name).locator(".error")
        expect(error).to_contain_text(words, timeout=WAIT)
        sentence = error.inner_text()
        assert sentence.startswith(path.name) and sentence.endswith(".") and "\n" not in sentence
    expect(page.locator(".card", has_text=note.name)).to_contain_text("read in full", timeout=WAIT)
    ask(page, "Still there?")
    assert answered(page)
