"""The page for everybody: axe-core finds nothing in any view, theme and width; the keyboard reaches and leaves all."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.ui.server import PageServer
from app.ui.views import transcript
from tests.app.ui.browser.pages import WAIT, Visitor
from tests.app.ui.test_views_quotes import TURN

pytestmark = pytest.mark.browser
AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js")
VIOLATIONS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const told = (node) => `${node.target.join(" ")} (${node.any.map((check) => check.message).join("; ")})`;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(told).join(" | ")}`);
}"""
# Controls that cannot be pressed where they stand, because another thing lies over their middle.
COVERED = """() => {
  const controls = [...document.querySelectorAll("button, a[href], input, select, textarea, summary")].filter((one) =>
    one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !one.closest("[inert], .visually-hidden, #left:not(:hover):not(:focus-within) .faint"));
  return controls.flatMap((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    for (let around = one.parentElement; around; around = around.parentElement) {
      const box = around.getBoundingClientRect();
      const scrolls = getComputedStyle(around).overflowY !== "visible";
      if (scrolls && (y < box.top || y >= box.bottom || x < box.left || x >= box.right)) return []; // scrolled away
    }
    if (!width || x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return [];
    const over = document.elementFromPoint(x, y);
    const same = !over || one.contains(over) || over.contains(one) || over.closest("label")?.contains(one);
    return same ? [] : [`${one.outerHTML.slice(0, 160)} under ${over.outerHTML.slice(0, 160)}`];
  });
}"""
MARKDOWN = """

| part | tightening torque | a very long note about it |
|---|---|---|
| Wellenschutzhülsenverschraubung | 22 | dry, and only with the second spanner that hangs beside the door |

```python
def lift(load: float) -> str:
    return "no" if load > 500 else "yes"  # kilograms
```

- [x] done
- [ ] open, with $E = mc^2$

> quoted, and a [link](https://example.org)
"""


@pytest.fixture(scope="module")
def read(desk: tuple[Visitor, Page], manual: Path) -> Iterator[Page]:
    """A page whose chat has read a document and answered a question."""
    visitor, page = desk
    page.set_input_files("#file-picker", manual)
    expect(page.locator(".card")).to_contain_text("read in full", timeout=WAIT)
    ask(page, "What burned down?")
    yield page
    visitor.check()


def ask(page: Page, question: str) -> None:
    page.fill("#ask-text", question)
    page.press("#ask-text", "Enter")
    expect(page.locator("#question .submit-button")).to_be_visible(timeout=WAIT)
    expect(page.locator(".message.bot small").last).to_be_visible(timeout=WAIT)


def violations(page: Page) -> list[str]:
    """What axe-core complains about."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(VIOLATIONS)
    return found


def show_rich_answer(page: Page) -> None:
    """Quotes, citations, checks, a table, code and boxes, as the server draws them."""
    drawn = transcript.last([replace(TURN, answer=TURN.answer + MARKDOWN)])
    page.evaluate("html => (document.querySelector('[data-part=last]').innerHTML = html)", drawn)


def open_tab(name: str, then: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        page.click(f"#{name}-tab-button")
        expect(page.locator(then).first).to_be_visible(timeout=WAIT)

    return show


def open_reader(page: Page) -> None:
    open_tab("chat", "#ask-text")(page)
    page.evaluate("() => document.querySelector('#left .open-page').click()")
    expect(page.locator("[data-part=reader-title] h2")).to_be_visible(timeout=WAIT)


VIEWS: dict[str, Callable[[Page], None]] = {
    "chat": open_tab("chat", "#ask-text"),
    "library": open_tab("library", ".library-row"),
    "compare": open_tab("compare", "#compare-button"),
    "settings": open_tab("settings", "#apply"),
    "models": open_tab("models", "#models-tab h2"),
    "reader": open_reader,
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (380, 780)])
def test_axe_finds_nothing_and_no_control_covers_another(
    browser: Browser, server: PageServer, read: Page, width: int, height: int, dark: bool
) -> None:
    visitor = Visitor(browser, server)
    page = visitor.open(width=width, height=height, dark=dark)
    expect(page.locator(".message.bot")).to_be_visible(timeout=WAIT)
    complaints = {}
    for name, show in VIEWS.items():
        show(page)
        if name == "chat":
            show_rich_answer(page)
        complaints[name] = violations(page) + page.evaluate(COVERED)
    page.keyboard.press("Escape")
    page.locator("[data-action=new-chat]").evaluate("button => button.click()")
    expect(page.locator("#transcript .empty")).to_be_visible(timeout=WAIT)
    complaints["empty"] = violations(page) + page.evaluate(COVERED)
    visitor.leave()
    assert {name: found for name, found in complaints.items() if found} == {}


def test_axe_would_complain(read: Page) -> None:
    """The check itself: a picture without a name, and a button under another thing."""
    put = "html => document.body.insertAdjacentHTML('beforeend', html)"
    read.evaluate(put, "<img id=odd src=/favicon.ico>")
    assert any("image-alt" in one for one in violations(read))
    read.evaluate("() => document.querySelector('#odd').remove()")
    read.evaluate(put, '<div id="odd" style="position: fixed; inset: 0"></div>')
    assert any("submit-button" in one for one in read.evaluate(COVERED))
    read.evaluate("() => document.querySelector('#odd').remove()")


def test_the_list_of_chats_costs_one_stop_and_arrow_keys_go_through_it(page: Page) -> None:
    for question in ("first?", "second?"):
        page.get_by_role("button", name="Start a new chat").click()
        expect(page.locator("#transcript .message")).to_have_count(0, timeout=WAIT)
        ask(page, question)
    entries = page.locator(".chats [data-arrows]")
    expect(entries.locator(".entry")).not_to_have_count(1, timeout=WAIT)
    expect(entries.locator("[tabindex='0']")).to_have_count(1)
    page.focus("#chat-search")
    page.keyboard.press("Tab")
    expect(entries.locator(".entry.open .entry-main")).to_be_focused()
    page.keyboard.press("Home")
    first = page.evaluate("() => document.activeElement.dataset.chatId")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.dataset.chatId") != first
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => document.activeElement.dataset.action") == "pin-chat"
    page.keyboard.press("End")
    expect(entries.locator(".entry").last.locator(".entry-main")).to_be_focused()
    page.keyboard.press("Tab")
    assert not page.evaluate("() => Boolean(document.activeElement.closest('[data-arrows]'))"), "one stop"


def test_esc_takes_a_question_back_and_the_focus_stays_where_work_goes_on(page: Page) -> None:
    ask(page, "keep me?")
    row = page.locator(".chats .entry.open")
    row.locator("[data-action=ask-delete]").press("Enter")
    expect(page.locator(".entry.asking .danger")).to_be_focused(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.locator(".entry.asking")).to_have_count(0, timeout=WAIT)
    expect(page.locator(".chats [data-arrows] [tabindex='0']")).to_be_focused(timeout=WAIT)
    row.locator("[data-action=ask-rename]").press("Enter")
    expect(page.locator(".entry .rename")).to_be_focused(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.locator(".chats [data-arrows] [tabindex='0']")).to_be_focused(timeout=WAIT)


def test_names_of_send_and_stop_and_of_the_page(page: Page) -> None:
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(page.locator("#question .stop-button")).to_have_attribute("aria-label", "Stop")
    expect(page.get_by_role("heading", level=1)).to_have_text("AHN Chat")


def test_motion_is_left_out_for_who_asks_for_that(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    probe = (
        "() => { const m = document.createElement('div'); m.className = 'meter busy';"
        " m.innerHTML = '<span class=fill></span>'; document.body.append(m);"
        " const time = getComputedStyle(m.firstChild).animationDuration; m.remove(); return parseFloat(time); }"
    )
    assert page.evaluate(probe) < 0.001
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(probe) > 1


def test_tables_do_not_break_inside_of_words(browser: Browser, server: PageServer, read: Page) -> None:
    visitor = Visitor(browser, server)
    page = visitor.open(width=380, height=780)
    expect(page.locator(".message.bot")).to_be_visible(timeout=WAIT)
    show_rich_answer(page)
    count = "cell => { const r = document.createRange(); r.selectNodeContents(cell); return r.getClientRects().length }"
    lines = page.locator(".message.bot td").first.evaluate(count)
    assert lines == 1, "a word of 31 letters stands in one line"
    visitor.leave()


def test_the_page_speaks_the_language_of_the_browser_and_the_one_chosen(
    browser: Browser, server: PageServer
) -> None:
    visitor = Visitor(browser, server)
    context = browser.new_context(locale="de-AT")
    context.set_default_timeout(WAIT)
    page = visitor.open_in(context)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#tabs [role=tab]").last).to_have_text("Einstellungen")
    expect(page.locator("#documents .wide-button")).to_have_text("Dokument hinzufügen")
    page.click("#settings-tab-button")
    expect(page.get_by_label("Temperatur", exact=True)).to_be_visible()
    expect(page.get_by_text("Nur Fenster: der Rest vergessen")).to_be_visible()
    page.select_option("#page-language", "zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN", timeout=WAIT)
    expect(page.locator("#tabs [role=tab]").last).to_have_text("设置", timeout=WAIT)
    expect(page.locator("#ask-text")).to_have_attribute("placeholder", "就您的文档提问")
    context.close()
