"""The one who asked: whether it is still there, its turn in the line, and events on their way to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.errors import ApiError
from app.conversation import EventStream

Event = TypeVar("Event")
Made = TypeVar("Made")
LEFT = 499  # the client closed the connection; nobody reads this


class Client:
    """Watches the connection of a request whose body has been read. An asynchronous context manager."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._gone = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Client:
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *raised: object) -> None:
        self.release()

    def release(self) -> None:
        """Watch no more."""
        if self._watcher is not None:
            self._watcher.cancel()

    @property
    def gone(self) -> bool:
        return self._gone.is_set()

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Have this called once the client leaves; at once where it has left."""
        if self.gone:
            callback()
        else:
            self._callbacks.append(callback)

    async def unless_gone(self, work: Awaitable[Made]) -> Made:
        """The result of this work, which is cancelled where the client leaves. Raises ApiError then."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                raise ApiError(LEFT, "The client left.")
            return task.result()
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            gone.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()
        for callback in self._callbacks:
            callback()


class Line:
    """Requests are answered in the order they came, so many at a time; where too many wait, the next is refused."""

    def __init__(self, at_a_time: int, waiting: int) -> None:
        self._turns = asyncio.Semaphore(at_a_time)  # serves in the order of asking
        self._most_waiting = waiting
        self.waiting = 0
        self.running = 0

    @asynccontextmanager
    async def turn(self, client: Client) -> AsyncIterator[None]:
        """Wait for the turn and hold it in the `with` block. Raises ApiError."""
        if self._turns.locked() and self.waiting >= self._most_waiting:
            raise ApiError(
                429,
                f"{self.waiting} requests are waiting already, as many as there may be; try again later.",
                code="too_many_requests",
            )
        self.waiting += 1
        try:
            await client.unless_gone(self._turns.acquire())
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._turns.release()


class Events(Generic[Event]):
    """The events of a stream, which blocks, for an event loop, which must not: a thread of their own carries them."""

    def __init__(self, stream: EventStream[Event]) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self._lock = threading.Lock()  # over the next two
        self._ended = False
        self._callbacks: list[Callable[[], None]] = []
        threading.Thread(target=self._carry, name="api-events", daemon=True).start()

    def stop(self) -> None:
        """Ask the work to end within one token or chunk."""
        self._stream.stop()

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Have this called when the work has ended, however it did; at once where it has."""
        with self._lock:
            if not self._ended:
                self._callbacks.append(callback)
                return
        callback()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            event = await self._queue.get()
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event

    def _carry(self) -> None:
        try:
            for event in self._stream:
                self._put(event)
        except Exception as error:  # noqa: BLE001 - outermost level of this thread: whoever watches is told
            self._put(error)
        with self._lock:
            self._ended = True
        for callback in self._callbacks:
            callback()
        self._put(None)

    def _put(self, event: Event | Exception | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, event)
        except RuntimeError:  # the loop is closed: the server has ended, and nobody reads any more
            self._stream.stop()


class EventResponse(Response):
    """Server-sent events. What is yielded is sent at once; `at_end` is called when all is sent, or the client left."""

    media_type = "text/event-stream"

    def __init__(self, blocks: AsyncIterator[str], at_end: Callable[[], Awaitable[None]]) -> None:
        self._blocks, self._at_end = blocks, at_end
        self.status_code, self.background = 200, None
        self.init_headers({"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for block in self._blocks:
                await send({"type": "http.response.body", "body": block.encode(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._at_end()
