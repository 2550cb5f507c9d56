"""Documents in a real Chromium: the reader beside the chat, search, the library, files in their order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import pdfs
from tests.app.chatting import World
from tests.app.ui.browser.pages import WAIT, Visitor, add, new_chat

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:::gradio.queueing")]

SENTENCES = [
    "The crane lifts ten tons.",
    "The granary is locked at dusk.",
    "Oil is kept in the crane house.",
    "Nothing else is known.",
]
NARROW = 380


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pdfs.make_pdf(tmp_path_factory.mktemp("book") / "book.pdf", SENTENCES)


@pytest.fixture(scope="module")
def library(world: World, book: Path) -> str:
    """The book is in the library; returns its id."""
    from app.documents import extract

    return world.library.add(extract(book), book).id


@pytest.fixture
def page(desk: tuple[Visitor, Page], library: str) -> Iterator[Page]:
    visitor, page = desk
    page.keyboard.press("Escape")
    page.click("#chat-tab-button")
    new_chat(page)
    page.locator("#documents [data-action=add-document]", has_text="book.pdf").click()
    expect(page.locator(".card", has_text="book.pdf")).to_contain_text("read in full", timeout=WAIT)
    yield page
    visitor.check()


def reads(page: Page, number: int) -> None:
    """The reader shows this page, with its picture."""
    expect(page.locator("#reader-number")).to_have_value(str(number), timeout=WAIT)
    picture = page.locator(f'#reader-sheet [data-picture$="/{number}"] img[src]')
    expect(picture).to_be_visible(timeout=WAIT)
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 300", arg=picture.element_handle()
    )


def inside(page: Page, inner: str, outer: str) -> bool:
    one, two = page.locator(inner).bounding_box(), page.locator(outer).bounding_box()
    assert one and two
    return (
        two["x"] <= one["x"]
        and two["y"] <= one["y"]
        and one["x"] + one["width"] <= two["x"] + two["width"]
        and one["y"] + one["height"] <= two["y"] + two["height"]
    )


def test_a_document_is_read_beside_the_chat_by_keyboard(page: Page) -> None:
    name = page.locator(".card .open-page", has_text="book.pdf")
    name.focus()
    page.keyboard.press("Enter")
    reads(page, 1)
    expect(page.locator("#reader-sheet")).to_be_focused()
    page.keyboard.press("ArrowRight")
    reads(page, 2)
    page.keyboard.press("ArrowLeft")
    reads(page, 1)
    page.keyboard.press("Control+f")
    expect(page.locator("#reader-search")).to_be_focused()
    page.keyboard.type("crane")
    expect(page.locator("#reader-found")).to_have_text("1 of 2", timeout=WAIT)
    expect(page.locator("#reader-sheet .mark.current")).to_be_visible()
    assert inside(page, "#reader-sheet .mark.current", "#reader-sheet .picture")
    page.keyboard.press("Enter")
    reads(page, 3)
    expect(page.locator("#reader-found")).to_have_text("2 of 2")
    before = page.locator("#reader-sheet .picture").bounding_box()
    page.get_by_role("button", name="Larger (+)").click()
    after = page.locator("#reader-sheet .picture").bounding_box()
    assert before and after and after["width"] == pytest.approx(1.25 * before["width"], rel=0.02)
    assert page.locator("#reader-sheet .mark.current").count() == 1
    page.get_by_role("button", name="Smaller (−)").click()
    page.get_by_role("button", name="Text", exact=True).click()
    expect(page.locator("#reader-sheet mark.current")).to_have_text("crane", timeout=WAIT)
    page.get_by_role("button", name="Picture", exact=True).click()
    page.locator("#reader-number").fill("4")
    page.keyboard.press("Enter")
    reads(page, 4)
    page.locator("#reader-number").fill("40")
    page.keyboard.press("Enter")
    expect(page.locator(".notice", has_text="page 40 cannot be shown")).to_be_visible(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.locator("#reader-region")).to_be_hidden(timeout=WAIT)
    expect(name).to_be_focused()


def test_search_leads_to_the_page_with_its_words_marked(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#chat-search")).to_be_focused()
    page.keyboard.type("crane house")
    found = page.locator("#found .found-page")
    expect(found).to_have_count(1, timeout=WAIT)
    expect(found.locator("mark").first).to_have_text("crane")
    found.click()
    reads(page, 3)
    expect(page.locator("#reader-sheet .mark.passage")).to_be_visible()
    assert inside(page, "#reader-sheet .mark.passage", "#reader-sheet .picture")
    page.locator("#chat-search").fill("")
    expect(found).to_have_count(0, timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.locator("#reader-region")).to_be_hidden(timeout=WAIT)


def test_a_page_of_the_strip_opens(page: Page) -> None:
    strip = page.locator("#memory .page-strip").bounding_box()
    assert strip
    page.mouse.click(strip["x"] + 0.4 * strip["width"], strip["y"] + 8)
    reads(page, 2)
    page.keyboard.press("Escape")
    expect(page.locator("#reader-region")).to_be_hidden(timeout=WAIT)


def test_the_library_lists_saves_renames_and_deletes(page: Page, world: World, tmp_path: Path) -> None:
    note = tmp_path / "zebra.txt"
    note.write_text("A zebra crossed the yard.\n")
    add(page, note)
    expect(page.locator(".card", has_text="zebra.txt")).to_contain_text("read in full", timeout=WAIT)
    page.click("#library-tab-button")
    row = page.locator(".library-row", has_text="zebra.txt")
    expect(row).to_contain_text("in this chat, read", timeout=WAIT)
    with page.expect_download() as saving:
        row.get_by_role("link", name="Save the file of zebra.txt").click()
    assert Path(saving.value.path()).read_text() == "A zebra crossed the yard.\n"
    page.locator("#library-search").fill("zeb")
    expect(page.locator(".library-row")).to_have_count(1, timeout=WAIT)
    row.get_by_role("button", name="Rename zebra.txt").click()
    expect(page.locator(".library-row .rename")).to_be_focused()
    page.locator(".library-row .rename").fill("zebras.txt")
    page.keyboard.press("Enter")
    row = page.locator(".library-row", has_text="zebras.txt")
    row.get_by_role("button", name="Delete zebras.txt").click()
    expect(page.locator(".library-row.asking")).to_contain_text("That frees", timeout=WAIT)
    page.locator(".library-row.asking").get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#library")).to_contain_text("No document is called like this.", timeout=WAIT)
    page.locator("#library-search").fill("")
    expect(page.locator(".library-row", has_text="book.pdf")).to_have_count(1, timeout=WAIT)
    assert [document.name for document in world.library.list()] == ["book.pdf"]


def test_files_picked_or_dropped_together_come_in_their_natural_order(page: Page, tmp_path: Path) -> None:
    paths = [tmp_path / f"part {number}.txt" for number in (10, 9, 2, 1)]
    for path in paths:
        path.write_text(f"This is {path.stem}.\n")
    add(page, *paths)
    names = page.locator(".card .open-page")
    expect(names).to_have_count(5, timeout=WAIT)
    wanted = ["book.pdf", "part 1.txt", "part 2.txt", "part 9.txt", "part 10.txt"]
    expect(names).to_have_text(wanted)
    page.evaluate(
        """() => {
          const file = (name) => ({
            name, isDirectory: false, fullPath: `/folder/${name}`,
            file: (take) => take(new File([`Words of ${name}.`], name)),
          });
          const batches = [["x 12.md", "x 3.md", "program.exe", ".hidden.md"].map(file), []];
          const folder = { name: "folder", isDirectory: true, createReader: () => ({
            readEntries: (take) => take(batches.shift()),
          }) };
          const dropped = new DataTransfer();
          dropped.items.add(new File(["x"], "folder"));
          DataTransferItem.prototype.webkitGetAsEntry = () => folder;
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true }));
        }"""
    )
    expect(names).to_have_count(7, timeout=WAIT)
    expect(names).to_have_text([*wanted, "x 3.md", "x 12.md"])


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_narrow_screen_the_reader_covers_the_chat(visitor: Visitor, library: str, dark: bool) -> None:
    page = visitor.open(width=NARROW, height=760, dark=dark)
    page.click("[data-action=toggle-left]")
    page.locator("#chat-search").fill("granary")
    page.locator("#found .found-page").first.click()
    reads(page, 2)
    region = page.locator("#reader-region").bounding_box()
    assert region and region["x"] == 0 and region["width"] == NARROW
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    covered = page.evaluate(
        """() => [...document.querySelectorAll("#reader-region button, #reader-region input")]
          .filter((control) => control.offsetParent)
          .filter((control) => {
            const { left, top, width, height } = control.getBoundingClientRect();
            const hit = document.elementFromPoint(left + width / 2, top + height / 2);
            return !(control === hit || control.contains(hit) || hit?.contains(control));
          }).map((control) => control.outerHTML)"""
    )
    assert covered == []
    page.get_by_role("button", name="Close the reader (Esc)").click()
    expect(page.locator("#reader-region")).to_be_hidden(timeout=WAIT)
    page.click("#library-tab-button")
    expect(page.locator(".library-row", has_text="book.pdf")).to_be_visible(timeout=WAIT)
    wide = page.evaluate(
        "[...document.querySelectorAll('#library-tab *')]"
        ".filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.outerHTML)"
    )
    assert wide == []
