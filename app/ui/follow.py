"""Sends a tab what has changed, five to ten times a second while something moves, and nothing otherwise.

Several clicks have several followers at work for one tab; see `Follower._changes` for what keeps one of them from
undoing what another has sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import gradio as gr

from app.ui.drawing import LIVE_PARTS, PARTS, draw_transcript
from app.ui.session import Tab
from app.ui.views import markup as m

if TYPE_CHECKING:
    from app.ui.handlers import Handlers
    from app.ui.page import Components

INTERVAL = 0.14  # seconds between looks
LISTS_INTERVAL = 1.0  # seconds between looks at what lies on disk, unless something was clicked


class Follower:
    """The two writers of the page; see `app.ui.page`."""

    def __init__(self, handlers: Handlers, components: Components) -> None:
        self._handlers = handlers
        self._c = components
        self.part_outputs: list[Any] = [
            *components.parts.values(),
            *components.form.components().values(),
            components.compare_documents,
            components.compare_question,
            components.compare_button,
        ]
        self.chat_outputs: list[Any] = [*components.transcript.values(), components.question]

    async def parts(self, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Everything drawn, the settings form and the choices of the comparison."""
        tab = self._handlers.tabs.find(request.session_hash or "")
        if tab is None:  # the page is gone, and what it asked for with it
            return
        updates = self._changes(
            tab, tab.sending_parts, self._changed_parts, lambda: not self._handlers.settled or tab.moving
        )
        async with aclosing(updates):
            async for changes in updates:
                for notice in tab.take_notices():
                    # Shown as HTML, and the sentence may quote a file's name.
                    (gr.Warning if notice.warning else gr.Info)(m.text(notice.sentence), duration=6)
                yield [changes.get(component, gr.skip()) for component in self.part_outputs]

    async def chat(self, request: gr.Request) -> AsyncIterator[list[Any]]:
        """The transcript and the text box."""
        tab = self._handlers.tabs.find(request.session_hash or "")
        if tab is None:  # the page is gone, and what it asked for with it
            return
        updates = self._changes(tab, tab.sending_chat, self._changed_chat, lambda: self._answering(tab))
        async with aclosing(updates):
            async for changes in updates:
                yield [changes.get(component, gr.skip()) for component in self.chat_outputs]

    def _answering(self, tab: Tab) -> bool:
        """Not while documents are read alone: the conversation stays as it is then."""
        return not self._handlers.settled or tab.busy

    async def _changes(
        self,
        tab: Tab,
        sending: asyncio.Lock,
        look: Callable[[Tab], dict[Any, Any]],
        moving: Callable[[], bool],
    ) -> AsyncGenerator[dict[Any, Any], None]:
        """Changes as they come, until nothing moves and a last look found nothing; then an empty one.

        `sending` is over a look and its update, which has been sent when gradio asks for the next one: without it a
        later look could be sent before an earlier one of another follower, which would then stay on the page. The
        empty update is for gradio, which sends a stream's last one again when the stream ends: what has changed since,
        by another follower's hand or by the reader's, would go back to what it was.
        """
        while not tab.closed:
            was_moving = moving()  # before the look: what ends during it is seen by the next one
            if not was_moving:
                tab.lists_due = 0.0  # this may be the last look
            async with sending:
                # Drawing may wait a moment for the disk or for a lock: not on the event loop.
                changes = await asyncio.to_thread(look, tab)
                if changes or tab.notices:
                    yield changes
            if not was_moving and not changes and not moving():
                break
            await asyncio.sleep(INTERVAL)
        yield {}

    def _changed_parts(self, tab: Tab) -> dict[Any, Any]:
        self._handlers.enter(tab)
        tab.settle()
        loading, engine = self._handlers.loader.state, self._handlers.loader.engine
        changes: dict[Any, Any] = {}
        now = time.monotonic()
        due = now >= tab.lists_due
        if due:
            tab.lists_due = now + LISTS_INTERVAL
        for name, draw in (PARTS if due else LIVE_PARTS).items():
            drawn = draw(tab, engine, loading)
            if tab.changed(name, drawn):
                changes[self._c.parts[name]] = drawn
        if tab.chat is not None:
            changes |= self._changed_form(tab) | self._changed_comparison(tab)
        return changes

    def _changed_form(self, tab: Tab) -> dict[Any, Any]:
        assert tab.chat is not None
        settings = tab.chat.settings
        return self._c.form.values(settings) if tab.changed("form", (tab.chat.id, settings)) else {}

    def _changed_comparison(self, tab: Tab) -> dict[Any, Any]:
        assert tab.chat is not None
        changes: dict[Any, Any] = {}
        choices = [(state.name, state.document_id) for state in tab.chat.documents]
        if tab.changed("compare-documents", choices):
            chosen = [document_id for _, document_id in choices]
            changes[self._c.compare_documents] = gr.CheckboxGroup(choices=choices, value=chosen)
        running = tab.comparing is not None and not tab.comparing.finished
        if tab.changed("compare-button", running):
            changes[self._c.compare_button] = gr.Button(
                "Stop" if running else "Compare",
                variant="secondary" if running else "primary",
                interactive=True,
            )
        return changes

    def _changed_chat(self, tab: Tab) -> dict[Any, Any]:
        self._handlers.enter(tab)
        tab.settle()
        changes: dict[Any, Any] = {}
        for name, drawn in draw_transcript(tab).items():
            if tab.changed(name, drawn):
                changes[self._c.transcript[name]] = drawn
        box: dict[str, Any] = {}
        ready = self._handlers.loader.state.ready
        if tab.changed("ready", ready):
            placeholder = "Ask about your documents" if ready else "The model is being loaded"
            box |= {"interactive": ready, "placeholder": placeholder}
        answering = tab.busy
        if tab.changed("stop-button", answering):
            box |= {"submit_btn": not answering, "stop_btn": answering}
        if (question := tab.take_returned_question()) is not None:
            box["value"] = question
        if box:
            changes[self._c.question] = gr.update(**box)
        return changes
