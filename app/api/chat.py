"""/v1/chat/completions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.answer import ChatAnswer, block
from app.api.asking import Resolving, settings_of
from app.api.client import Client, EventResponse, Events
from app.api.conversations import Lease
from app.api.errors import api_error
from app.api.messages import conversation
from app.api.requests import ChatRequest, parsed
from app.conversation.events import AnswerToken, ChatEvent, TurnState, Waiting

if TYPE_CHECKING:
    from app.api.service import Service
    from app.conversation import Engine

TELL_SECONDS = 5.0  # between two comments while a client waits, so that it does not think the line dead


class ChatCompletion:
    """One request. `answer()` gives the response."""

    def __init__(self, service: Service, engine: Engine, body: ChatRequest) -> None:
        body.refuse()
        self._said = conversation(body.messages)
        self._settings = settings_of(engine, body, self._said.system)
        self._service, self._engine, self._body = service, engine, body
        self._began = time.monotonic()
        self._stack = AsyncExitStack()  # the watch over the connection, and the turn in the line
        self._events: Events[ChatEvent] | None = None
        self._given_back = False

    async def answer(self, request: Request) -> Response:
        """Wait for the turn, ask, and answer at once or as a stream."""
        service = self._service
        try:
            self._client = await self._stack.enter_async_context(Client(request))
            await self._stack.enter_async_context(service.line.turn(self._client))
            resolve = Resolving(
                self._engine, service.inline, service.conversations.has_document, lambda: self._client.gone
            )
            exchanges = await asyncio.to_thread(resolve, self._said, self._settings)
            lease = self._lease = await asyncio.to_thread(
                service.conversations.take, self._engine, self._settings, exchanges
            )
            events = self._ask(lease)
            self._answer = ChatAnswer(
                lease, self._engine.model.name, service.texts(self._engine), self._body.ahn.marks
            )
            if self._body.stream:
                return EventResponse(self._blocks(events), self._end)
            response = await self._whole(events)
        except BaseException:
            await self._end()
            raise
        await self._end()
        return response

    def _ask(self, lease: Lease) -> Events[ChatEvent]:
        question = lease.exchanges[-1].asked
        try:
            if len(lease.chat.turns) > lease.turns:
                lease.chat.undo(lease.turns)
            stream = lease.chat.ask(question)
        except BaseException:
            self._given_back = True
            self._service.conversations.give_back(self._engine, lease, None)
            raise
        self._events = events = Events(stream)
        self._client.when_gone(events.stop)
        return events

    async def _whole(self, events: Events[ChatEvent]) -> Response:
        async for event in events:
            self._note(event)
            self._answer.take(event)
        await self._finish(self._answer.whole)
        return JSONResponse(self._answer.response())

    async def _blocks(self, events: Events[ChatEvent]) -> AsyncIterator[str]:
        answer, told_at = self._answer, self._began
        yield block(answer.opening())
        try:
            async for event in events:
                self._note(event)
                text, told = answer.take(event)
                if text or told:
                    yield block(answer.piece(text, told))
                elif isinstance(event, Waiting) and time.monotonic() - told_at > TELL_SECONDS:
                    told_at = time.monotonic()
                    yield _comment(event)
        except Exception as error:  # noqa: BLE001 - the status is sent already, so the stream itself has to say it
            yield block(api_error(error).body())
            return
        await self._finish(answer.streamed)
        yield block(answer.ending())
        if self._body.includes_usage:
            yield block(answer.usage_chunk())
        yield "data: [DONE]\n\n"

    def _note(self, event: ChatEvent) -> None:
        if isinstance(event, AnswerToken) and event.tokens == 1:
            self._service.metrics.first_token.observe(time.monotonic() - self._began)

    async def _finish(self, sent: str) -> None:
        """The answer is whole: the chat can go on, before the client is told so."""
        turn = self._answer.turn
        assert turn is not None, "the answer has ended"
        whole = turn.state is TurnState.DONE and not self._client.gone
        usage = self._answer.usage
        self._service.metrics.count(usage, usage["prompt_tokens_details"]["cached_tokens"])
        await asyncio.to_thread(self._give_back, self._lease, sent if whole else None)

    def _give_back(self, lease: Lease, sent: str | None) -> None:
        if not self._given_back:
            self._given_back = True
            self._service.conversations.give_back(self._engine, lease, sent)

    async def _end(self) -> None:
        """Nobody waits any more: what is still being written is stopped, and the chat given back when it has been."""
        if self._events is not None and not self._given_back:
            lease = self._lease
            self._events.stop()
            # In a thread: where it has ended already the chat is given back here, which waits while another is opened.
            await asyncio.to_thread(self._events.when_ended, lambda: self._give_back(lease, None))
        await self._stack.aclose()


def _comment(event: Waiting) -> str:
    """A line that clients skip."""
    reading = event.reading
    if reading is None:
        return f": {event.place} before this one\n\n"
    return f": reading {reading.tokens_done:,} of {reading.tokens_total:,} tokens\n\n"


async def chat_completion(service: Service, request: Request) -> Response:
    """The endpoint. Raises ApiError, ChatError, StoreError."""
    engine = service.engine()
    body = parsed(ChatRequest, await request.body())
    return await ChatCompletion(service, engine, body).answer(request)
