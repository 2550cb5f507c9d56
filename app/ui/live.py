"""The open connection of each page: what changed goes to the page, what the reader does comes back.

One WebSocket a page. Browsers allow a server six connections for ordinary requests, all tabs together, so a page that
held one open for its updates would stop the seventh from loading; WebSockets are counted apart.

To the page, as JSON: {"hello": {"tab", "boot"}} once, then {"parts": {name: html}, "notices": [...], "box": {...},
"reader": {...}} with what has changed, seven times a second while something moves. From the page: {"action": …, …}
(see `Handlers.act`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.conversation import ChatClosedError
from app.store import StoreClosed
from app.ui.drawing import LIVE_PARTS, PARTS, draw_frames, draw_transcript
from app.ui.session import Tab
from app.ui.words.below import told
from app.ui.words.translated import choose, speaking

if TYPE_CHECKING:
    from app.ui.handlers import Handlers

log = logging.getLogger(__name__)
INTERVAL = 0.14  # seconds between looks while something moves
IDLE_INTERVAL = 0.5  # between looks whether something moves
LISTS_INTERVAL = 3.0  # between looks at what lies on disk, unless the reader did something
MAX_MESSAGE_CHARACTERS = 16 * 2**20
BOOT = secrets.token_hex(8)  # tells a page that came back whether this is still the process it knew


class LiveChannel:
    """The endpoint of the pages' connections."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    async def __call__(self, websocket: WebSocket) -> None:
        """Serve one page until it goes."""
        await websocket.accept()
        query = websocket.query_params
        tab = self._handlers.open_tab(query.get("tab", "")[:64], query.get("chat", "")[:64])
        tab.language = choose([query.get("language", "")])
        wake = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake_up() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it the page
                loop.call_soon_threadsafe(wake.set)

        tab.wake = wake_up
        receiving = asyncio.create_task(self._receive(websocket, tab, wake))
        try:
            await websocket.send_json({"hello": {"tab": tab.id, "boot": BOOT}})
            await self._send(websocket, tab, wake, receiving)
        except WebSocketDisconnect:
            log.debug("The page of tab %s has gone.", tab.id)
        finally:
            receiving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await receiving
            # Leaving a chat may wait a moment for a lock: not on the event loop, and also where this task is cancelled.
            await asyncio.shield(run_in_threadpool(self._handlers.close_tab, tab))

    async def _receive(self, websocket: WebSocket, tab: Tab, wake: asyncio.Event) -> None:
        """Do what the reader does, in its order, until the page goes."""
        try:
            while True:
                message = await websocket.receive_text()
                if len(message) <= MAX_MESSAGE_CHARACTERS and isinstance(data := _parsed(message), dict):
                    await run_in_threadpool(self._handlers.act, tab, data)
                    wake.set()
        except WebSocketDisconnect:
            return

    async def _send(
        self, websocket: WebSocket, tab: Tab, wake: asyncio.Event, receiving: asyncio.Task[None]
    ) -> None:
        """Send what changes until the page goes: while something moves, after each thing done, and once in a while."""
        moved, next_lists = True, 0.0
        while not receiving.done():
            moving = not self._handlers.settled or tab.moving or self._handlers.models.moving(tab)
            due = time.monotonic() >= next_lists
            # What ends during a look is seen by the next one, so there is one more after the last movement.
            if moving or moved or wake.is_set() or due or tab.notices:
                wake.clear()
                if due:
                    next_lists = time.monotonic() + LISTS_INTERVAL
                    tab.lists_due = tab.extras_due = 0.0
                changes = await run_in_threadpool(self.changes, tab)
                if changes:
                    await websocket.send_json(changes)
            moved = moving
            woken = asyncio.create_task(wake.wait())
            await asyncio.wait(
                {woken, receiving},
                timeout=INTERVAL if moving else IDLE_INTERVAL,
                return_when=asyncio.FIRST_COMPLETED,
            )
            woken.cancel()

    def changes(self, tab: Tab) -> dict[str, Any]:
        """What the page does not show yet, in its language; nothing while a model gives way to another one."""
        try:
            with speaking(tab.language), tab.lock:  # nobody exchanges the chat while it is being drawn
                return self._changes(tab)
        except (StoreClosed, ChatClosedError):
            if self._handlers.loader.engine is None or not self._handlers.loader.state.ready:
                return {}
            raise

    def _changes(self, tab: Tab) -> dict[str, Any]:
        handlers = self._handlers
        handlers.enter(tab)
        tab.settle()
        loading, engine = handlers.loader.state, handlers.loader.engine
        now = time.monotonic()
        due = now >= tab.lists_due
        if due:
            tab.lists_due = now + LISTS_INTERVAL
        drawn = {name: draw(tab, engine, loading) for name, draw in (PARTS if due else LIVE_PARTS).items()}
        drawn |= draw_transcript(tab, engine)
        drawn |= handlers.models.parts(tab, engine, due=due)
        if "top" not in tab.shown:  # what is drawn once
            drawn |= draw_frames(self._handlers.model_name)
        reader = tab.reader
        if reader is not None:
            drawn |= reader.parts()
        changes: dict[str, Any] = {}
        parts = {name: html for name, html in drawn.items() if tab.changed(name, html)}
        if parts:
            changes["parts"] = parts
        notices = [
            {"text": told(notice.sentence), "warning": notice.warning} for notice in tab.take_notices()
        ]
        if notices:
            changes["notices"] = notices
        box: dict[str, Any] = {
            "ready": loading.ready,
            "busy": tab.busy,
            "chat": "" if tab.chat is None else tab.chat.id,
        }
        beside = {
            "open": None if reader is None else reader.told(),
            "strips": [] if tab.chat is None else [[d.document_id, d.page_count] for d in tab.chat.documents],
        }
        if tab.changed("beside", beside):
            changes["reader"] = beside
        returned = tab.take_returned_question()
        if tab.changed("box", box) or returned is not None:
            changes["box"] = box if returned is None else {**box, "returned": returned}
        return changes


def _parsed(message: str) -> Any:
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None
