"""What a page is sent, and its settings."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import gradio as gr

from app.conversation import ChatSettings
from app.ui.follow import Follower
from app.ui.page import Components
from app.ui.views.markdown import to_html
from tests.app.ui.desk import World, chat_of, gather, request, sentences, until, words
from tests.app.ui.fakes import ANSWER


def test_a_follower_ends_when_nothing_moves(world: World, follower: Follower) -> None:
    world.open()
    first = gather(follower.parts(request()))
    assert len(first) == 2 and len(first[0]) == len(follower.part_outputs)
    assert len(gather(follower.parts(request()))) == 1, "nothing new, so one empty update"


def test_a_follower_sends_only_what_changed_until_the_answer_is_there(
    world: World, follower: Follower
) -> None:
    world.open()
    gather(follower.chat(request()))
    world.ask("one?")
    updates = gather(follower.chat(request()))
    answers = [update[1] for update in updates if isinstance(update[1], str)]
    assert words(to_html(ANSWER)) in words(answers[-1])
    assert all(a != b for a, b in zip(answers, answers[1:], strict=False))
    boxes = [update[2] for update in updates if isinstance(update[2], dict) and "stop_btn" in update[2]]
    assert boxes[0]["stop_btn"] is True and boxes[-1]["stop_btn"] is False


class Shown:
    """A page as gradio keeps it: what comes late is shown late, and the last update again at a stream's end."""

    def __init__(self, outputs: list[Any]) -> None:
        self._outputs = outputs
        self.values: dict[Any, Any] = {}

    async def follow(self, updates: Any, delays: list[float]) -> None:
        update: list[Any] = []
        async for update in updates:
            await asyncio.sleep(delays.pop() if delays else 0)
            self._show(update)
        await asyncio.sleep(0.3)  # by now others have sent what is newer
        self._show(update)

    def _show(self, update: list[Any]) -> None:
        for component, value in zip(self._outputs, update, strict=True):
            if value != gr.skip():
                self.values[component] = value


def test_followers_of_one_tab_do_not_undo_each_other(world: World, follower: Follower) -> None:
    tab = world.open()
    world.click("add-document", documentId=world.document(pages=100))
    page = Shown(follower.part_outputs)

    async def follow() -> None:
        async def later(delay: float, delays: list[float]) -> None:
            await asyncio.sleep(delay)
            await page.follow(follower.parts(request()), delays)

        # The first one finds the document being read, is slow to say so, and finds nothing new afterwards.
        await asyncio.gather(later(0, [0.4]), later(0.05, []), later(0.1, []))

    asyncio.run(asyncio.wait_for(follow(), 20))
    assert not chat_of(tab).reading
    for name, component in follower._c.parts.items():
        assert page.values[component] == tab.shown[name], name
    assert "read in full" in str(tab.shown["documents"])


def test_a_follower_that_is_dropped_leaves_the_tab_to_others(world: World, follower: Follower) -> None:
    tab = world.open()

    async def drop() -> None:
        updates = follower.parts(request())
        await anext(updates)
        assert tab.sending_parts.locked()
        await updates.aclose()  # type: ignore[attr-defined]

    asyncio.run(asyncio.wait_for(drop(), 20))
    assert not tab.sending_parts.locked()


def test_what_a_reader_changes_after_an_answer_stays(world: World, follower: Follower) -> None:
    world.open()
    gather(follower.chat(request()))
    tab = world.tabs.get("one")
    tab.returned_question = "taken back"
    updates = gather(follower.chat(request()))
    assert updates[0][2]["value"] == "taken back"
    assert all(value == gr.skip() for value in updates[-1]), "gradio sends the last update again"


def test_a_follower_ends_with_its_tab(slow: World, components: Components) -> None:
    follower = Follower(slow.handlers, components)
    tab = slow.open()
    slow.click("add-document", documentId=slow.document(pages=1000))
    threading.Timer(0.2, lambda: slow.handlers.close_tab(request())).start()
    gather(follower.parts(request()))
    assert tab.closed


def test_one_event_lasts_as_long_as_the_page(slow: World) -> None:
    tab = slow.open()

    async def stay() -> None:
        staying = asyncio.create_task(slow.handlers.stay(request()))
        done, _ = await asyncio.wait([staying], timeout=0.2)
        assert not done and not tab.closed
        await asyncio.to_thread(slow.handlers.close_tab, request())
        await asyncio.wait_for(staying, 20)
        await asyncio.wait_for(slow.handlers.stay(request("never opened")), 20)

    asyncio.run(stay())


def test_settings_reach_the_chat_and_mistakes_say_so(world: World, components: Components) -> None:
    tab = world.open()
    form = components.form
    values = form.values(ChatSettings(sliding_window=480))
    assert form.settings(values) == ChatSettings(sliding_window=480), "what is shown is what is meant"
    values[form.seed] = "7"
    world.handlers.apply_settings(form)(values, request())
    assert chat_of(tab).settings.sliding_window == 480
    assert chat_of(tab).settings.sampling.seed == 7
    assert sentences(tab) == ["These settings are in use."]
    update = Follower(world.handlers, components)._changed_form(tab)
    assert update == {}, "the form is not written to while the reader may go on typing in it"

    for component, wrong, part in (
        (form.seed, "seven", "'seven' is not a whole number"),
        (form.sliding_window, 100_000, "over the 8,192"),
        (form.top_k, None, "top k is empty"),
    ):
        world.handlers.apply_settings(form)({**values, component: wrong}, request())
        assert part in sentences(tab)[0]
    assert chat_of(tab).settings.sliding_window == 480


def test_settings_preview_shows_the_cost_before_anything_changes(
    world: World, components: Components
) -> None:
    tab = world.open()
    world.click("add-document", documentId=world.document())
    until(lambda: not chat_of(tab).reading)
    form = components.form
    preview = world.handlers.preview_settings(form)
    values = form.values(chat_of(tab).settings)
    assert "read again" not in preview(values, request())
    changed = preview({**values, form.sliding_window: 480}, request())
    assert "read again: 10,800 tokens" in changed and "52.4 MB" in changed
    refused = preview({**values, form.sliding_window: 0}, request())
    assert "error" in refused and "sliding window" in refused
    assert preview({**values, form.sliding_window: None}, request()) == "", "the field is being typed in"
    assert chat_of(tab).settings.sliding_window == 960
