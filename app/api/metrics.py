"""What the API has done, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

if TYPE_CHECKING:
    from app.api.client import Line
    from app.api.conversations import Conversations

_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)


class Metrics:
    """Counters of one API, in a registry of their own."""

    def __init__(self, conversations: Conversations) -> None:
        registry = self._registry = CollectorRegistry()
        self._conversations = conversations
        self.requests = Counter(
            "ahn_chat_requests", "Requests by path and status.", ["path", "status"], registry=registry
        )
        self.tokens = Counter(
            "ahn_chat_tokens",
            "Tokens: of prompts that were read, of prompts that were not read again, and written.",
            ["kind"],
            registry=registry,
        )
        self.first_token = Histogram(
            "ahn_chat_time_to_first_token_seconds",
            "From the request to the first token, with the reading of its documents.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._running = Gauge("ahn_chat_requests_running", "Requests being answered.", registry=registry)
        self._waiting = Gauge(
            "ahn_chat_requests_waiting", "Requests waiting for their turn.", registry=registry
        )
        self._open = Gauge(
            "ahn_chat_conversations_open", "Conversations whose cache is kept.", registry=registry
        )
        self._bytes = Gauge(
            "ahn_chat_conversations_bytes", "What these caches take, in bytes.", registry=registry
        )
        self._ready = Gauge("ahn_chat_model_ready", "1 when the model is loaded.", registry=registry)

    def count(self, usage: dict[str, int], cached: int) -> None:
        """Note what an answer took."""
        self.tokens.labels("read").inc(usage["prompt_tokens"] - cached)
        self.tokens.labels("cached").inc(cached)
        self.tokens.labels("written").inc(usage["completion_tokens"])

    def response(self, line: Line, ready: bool) -> Response:
        """All of them, as of now."""
        count, nbytes = self._conversations.figures()
        self._running.set(line.running)
        self._waiting.set(line.waiting)
        self._open.set(count)
        self._bytes.set(nbytes)
        self._ready.set(ready)
        return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
