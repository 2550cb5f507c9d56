"""An answer on its way: what its events add up to, and the objects of the protocol that they become."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from app import __version__
from app.api.conversations import Lease
from app.api.errors import ApiError
from app.api.logprobs import TokenTexts
from app.api.marks import extension, marked, quotes_before, sources_after
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerToken,
    ChatEvent,
    PromptRead,
    Recalled,
    Turn,
)
from app.conversation.evidence import NO_EVIDENCE

FINGERPRINT = f"ahn-chat-{__version__}"


def finish_reason(reason: str) -> str:
    """The protocol's word for why a generation ended: a loop that was cut off counts as an end."""
    return "length" if reason == "length" else "stop"


def usage_values(prompt: int, cached: int, written: int) -> dict[str, Any]:
    """Counts of tokens: of the whole prompt, of those that were not read for this request, and of the answer."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def block(values: dict[str, Any]) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(values, ensure_ascii=False)}\n\n"


class TokensRead:
    """Adds up the tokens of several prefills from their progress, each counted from 0."""

    def __init__(self) -> None:
        self._before = self._done = self._total = 0

    def add(self, event: PromptRead) -> None:
        if event.tokens_done <= self._done or event.tokens_total != self._total:
            self._before += self._done
        self._done, self._total = event.tokens_done, event.tokens_total

    @property
    def tokens(self) -> int:
        return self._before + self._done


class ChatAnswer:
    """The answer to one chat completion. `turn` is there when it has ended."""

    def __init__(self, lease: Lease, model: str, texts: TokenTexts, marks: bool) -> None:
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": FINGERPRINT,
        }
        self._lease, self._texts, self._marks = lease, texts, marks
        self._read = TokensRead()
        self._evidence = NO_EVIDENCE
        self._begun = False
        self._written = 0  # characters of the model's own words that were handed on
        self._sent: list[str] = []
        self._logprobs: list[dict[str, Any]] = []
        self.turn: Turn | None = None

    def take(self, event: ChatEvent) -> tuple[str, list[dict[str, Any]]]:
        """What this event adds to the text of a stream, with the log-probabilities of its tokens.

        Raises ApiError where there is no answer.
        """
        text, told = "", []
        if isinstance(event, Recalled):
            self._evidence = event.evidence
        elif isinstance(event, PromptRead):
            self._read.add(event)
        elif isinstance(event, AnswerToken):
            text = self._before() + event.text
            self._written += len(event.text)
            told = [] if event.logprobs is None else [self._texts.chat(event.logprobs)]
        elif isinstance(event, AnswerFinished):
            self.turn = event.turn
            text = self._before() + event.turn.answer[self._written :]
            text += sources_after(event.turn) if self._marks else ""
        elif isinstance(event, AnswerFailed):
            raise ApiError(500, event.message, code="answer_failed")
        elif isinstance(event, AnswerCancelled):
            raise ApiError(503, "The answer was stopped before its first word; ask again.", code="cancelled")
        self._sent.append(text)
        self._logprobs += told
        return text, told

    def _before(self) -> str:
        """What stands before the model's own words, once."""
        begun, self._begun = self._begun, True
        return "" if begun or not self._marks else quotes_before(self._evidence)

    @property
    def streamed(self) -> str:
        """All the text that was handed on."""
        return "".join(self._sent)

    @property
    def whole(self) -> str:
        """The text of an answer that is sent at once: with its numbers, which come too late for a stream."""
        assert self.turn is not None, "the answer has ended"
        if not self._marks:
            return self.turn.answer
        return quotes_before(self._evidence) + marked(self.turn) + sources_after(self.turn)

    @property
    def usage(self) -> dict[str, Any]:
        """Counts of tokens."""
        assert self.turn is not None and self.turn.figures is not None, "the answer has ended"
        figures, kept = self.turn.figures, self._lease.kept
        prompt = figures.sequence_length - figures.generated_tokens
        # A new chat has read its system prompt too, which no event counts.
        read = self._read.tokens + max(figures.tokens_read - kept, 0)
        cached = kept if self._lease.fresh else prompt - read
        return usage_values(prompt, min(max(cached, 0), prompt), figures.generated_tokens)

    @property
    def reason(self) -> str:
        assert self.turn is not None and self.turn.figures is not None, "the answer has ended"
        return finish_reason(self.turn.figures.reason)

    def _extension(self) -> dict[str, Any]:
        assert self.turn is not None, "the answer has ended"
        return extension(self.turn, self._lease.chat.settings.memory)

    # -- the protocol's objects ---------------------------------------------------------------------------------------

    def opening(self) -> dict[str, Any]:
        """The first object of a stream."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def piece(self, text: str, told: list[dict[str, Any]]) -> dict[str, Any]:
        """A piece of a stream."""
        chunk = self._chunk({"content": text}, None)
        if told:
            chunk["choices"][0]["logprobs"] = {"content": told, "refusal": None}
        return chunk

    def ending(self) -> dict[str, Any]:
        """The last object of a stream with a choice."""
        return {**self._chunk({}, self.reason), "ahn": self._extension()}

    def usage_chunk(self) -> dict[str, Any]:
        """The object after it, where usage is asked for."""
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self.usage}

    def response(self) -> dict[str, Any]:
        """The whole answer."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self.whole, "refusal": None},
            "logprobs": {"content": self._logprobs, "refusal": None} if self._logprobs else None,
            "finish_reason": self.reason,
        }
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self.usage,
            "ahn": self._extension(),
        }

    def _chunk(self, delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}
