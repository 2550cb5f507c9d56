"""/v1/completions: a text goes on as it stands, without a chat."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.answer import FINGERPRINT, block, finish_reason, usage_values
from app.api.asking import settings_of
from app.api.client import Client, EventResponse, Events
from app.api.errors import api_error
from app.api.requests import CompletionRequest, parsed
from app.conversation.events import AnswerToken, CompletionEvent, CompletionFinished

if TYPE_CHECKING:
    from ahn_core import TokenLogprobs
    from app.api.service import Service
    from app.conversation import Engine


class Completion:
    """One request. `answer()` gives the response."""

    def __init__(self, service: Service, engine: Engine, body: CompletionRequest) -> None:
        body.refuse()
        self._prompt, self._settings = body.one_prompt, settings_of(engine, body, None)
        self._service, self._engine, self._body = service, engine, body
        self._began = time.monotonic()
        self._stack = AsyncExitStack()
        self._events: Events[CompletionEvent] | None = None
        self._head = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": engine.model.name,
            "system_fingerprint": FINGERPRINT,
        }

    async def answer(self, request: Request) -> Response:
        """Wait for the turn, and answer at once or as a stream."""
        try:
            client = await self._stack.enter_async_context(Client(request))
            await self._stack.enter_async_context(self._service.line.turn(client))
            events = self._events = Events(self._engine.complete(self._prompt, self._settings))
            client.when_gone(events.stop)
            if self._body.stream:
                return EventResponse(self._blocks(events), self._end)
            response = await self._whole(events)
        except BaseException:
            await self._end()
            raise
        await self._end()
        return response

    async def _whole(self, events: Events[CompletionEvent]) -> Response:
        told: list[TokenLogprobs] = []
        async for event in events:
            if isinstance(event, AnswerToken):
                self._note(event)
                told += [] if event.logprobs is None else [event.logprobs]
            elif isinstance(event, CompletionFinished):
                choice = self._choice(event.text, told, finish_reason(event.reason))
                return JSONResponse({**self._head, "choices": [choice], "usage": self._usage(event)})
        raise AssertionError("a completion ends with its figures")

    async def _blocks(self, events: Events[CompletionEvent]) -> AsyncIterator[str]:
        written = offset = 0
        try:
            async for event in events:
                if isinstance(event, AnswerToken):
                    self._note(event)
                    written += len(event.text)
                    told = [] if event.logprobs is None else [event.logprobs]
                    choice = self._choice(event.text, told, None, offset)
                    offset += sum(len(text) for text in (choice["logprobs"] or {}).get("tokens", ()))
                    yield block({**self._head, "choices": [choice]})
                elif isinstance(event, CompletionFinished):
                    choice = self._choice(event.text[written:], [], finish_reason(event.reason))
                    usage = self._usage(event)
                    yield block({**self._head, "choices": [choice]})
                    if self._body.includes_usage:
                        yield block({**self._head, "choices": [], "usage": usage})
        except Exception as error:  # noqa: BLE001 - the status is sent already, so the stream itself has to say it
            yield block(api_error(error).body())
            return
        yield "data: [DONE]\n\n"

    def _choice(
        self, text: str, told: list[TokenLogprobs], reason: str | None, offset: int = 0
    ) -> dict[str, Any]:
        logprobs = self._service.texts(self._engine).completion(told, offset) if told else None
        return {"index": 0, "text": text, "logprobs": logprobs, "finish_reason": reason}

    def _note(self, event: AnswerToken) -> None:
        if event.tokens == 1:
            self._service.metrics.first_token.observe(time.monotonic() - self._began)

    def _usage(self, event: CompletionFinished) -> dict[str, Any]:
        usage = usage_values(event.prompt_tokens, 0, event.generated_tokens)
        self._service.metrics.count(usage, 0)
        return usage

    async def _end(self) -> None:
        if self._events is not None:
            self._events.stop()
        await self._stack.aclose()


async def completion(service: Service, request: Request) -> Response:
    """The endpoint. Raises ApiError, ChatError."""
    engine = service.engine()
    body = parsed(CompletionRequest, await request.body())
    return await Completion(service, engine, body).answer(request)
