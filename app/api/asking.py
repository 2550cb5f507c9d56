"""What a request asks for, as settings of a chat, and its documents and questions as the library and the chat know
them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, get_args

from app.api.conversations import Exchange
from app.api.errors import ApiError
from app.api.files import InlineDocuments, document_of, inline_content
from app.api.messages import Conversation, asked
from app.api.requests import ChatRequest, CompletionRequest, FileReference
from app.conversation import ChatSettings, MemoryKind

if TYPE_CHECKING:
    from app.conversation import Engine

ALIAS = "ahn-chat"  # whatever model is loaded
DEFAULT_COMPLETION_TOKENS = 16  # the protocol's
_NAME_CHARACTERS = 40
Value = TypeVar("Value")


def model_ids(engine: Engine) -> list[str]:
    """What can be asked for: the model with compressed memory, with its window alone, and with full attention."""
    name = engine.model.name
    return [name, *(f"{name}:{kind}" for kind in get_args(MemoryKind) if kind != "ahn")]


def memory_of(engine: Engine, model: str) -> MemoryKind:
    """The kind of memory that a model's id names. Raises ApiError for another model."""
    name, _, kind = model.rpartition(":")
    kinds: tuple[MemoryKind, ...] = get_args(MemoryKind)
    for memory in kinds:
        if kind == memory and name in (engine.model.name, ALIAS):
            return memory
    if model in ("", ALIAS, engine.model.name):
        return engine.default_settings().memory
    raise ApiError(
        404,
        f"The model {model!r} is not loaded here, so nothing was answered; choose one of "
        f"{', '.join(model_ids(engine))}, or {ALIAS} for whichever it is.",
        code="model_not_found",
        param="model",
    )


def settings_of(engine: Engine, body: ChatRequest | CompletionRequest, system: str | None) -> ChatSettings:
    """The settings of a chat that a request asks for. Raises ApiError, and SettingsError for a value out of range."""
    base, own = engine.default_settings(), body.ahn
    if isinstance(body, CompletionRequest):
        limit = body.max_tokens or DEFAULT_COMPLETION_TOKENS
        logprobs, penalty = body.logprobs, 1.0
    else:
        limit = body.max_completion_tokens or body.max_tokens or base.max_new_tokens
        logprobs = (body.top_logprobs or 0) if body.logprobs else None
        penalty = base.sampling.repetition_penalty
    sampling = base.sampling
    try:
        sampling = dataclasses.replace(
            sampling,
            temperature=_given(body.temperature, sampling.temperature),
            top_p=_given(body.top_p, sampling.top_p),
            top_k=_given(own.top_k, sampling.top_k),
            min_p=_given(own.min_p, sampling.min_p),
            repetition_penalty=_given(own.repetition_penalty, penalty),
            seed=sampling.seed if body.seed is None else body.seed,
        )
    except ValueError as error:
        raise ApiError(400, str(error), code="invalid_value") from error
    return dataclasses.replace(
        base,
        memory=own.memory or memory_of(engine, body.model),
        attention_sinks=_given(own.attention_sinks, base.attention_sinks),
        sliding_window=_given(own.sliding_window, base.sliding_window),
        system_prompt=_given(system, base.system_prompt),
        sampling=sampling,
        max_new_tokens=limit,
        recall=_given(own.recall, base.recall),
        stop=body.stops,
        top_logprobs=logprobs,
    )


def _given(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value


class Resolving:
    """The documents of a conversation put into the library, and its questions cut to what can be held word for word."""

    def __init__(
        self,
        engine: Engine,
        inline: InlineDocuments,
        used: Callable[[str], bool],
        should_stop: Callable[[], bool],
    ) -> None:
        """used: whether an open conversation has a document of this id. should_stop: whether the client has left."""
        self._engine, self._inline = engine, inline
        self._used, self._should_stop = used, should_stop
        self._mine: set[str] = set()

    def __call__(self, said: Conversation, settings: ChatSettings) -> list[Exchange]:
        """Takes as long as the documents need to be extracted. Raises ApiError."""
        room, exchanges = self._engine.longest_question(settings), []
        for one in said.rounds:
            documents = [self._document(file) for file in one.files]
            cut = asked(one.question, room, self._engine.count_tokens)
            if cut.document:
                documents.append(self._add(_text_name(cut.document), cut.document.encode("utf-8", "replace")))
            exchanges.append(Exchange(one.question, cut.question, tuple(documents), one.answer))
        return exchanges

    def _document(self, file: FileReference) -> str:
        if file.file_id is not None:
            document_id = document_of(self._engine, file.file_id).id
            self._mine.add(document_id)
            return document_id
        return self._add(*inline_content(file))

    def _add(self, name: str, content: bytes) -> str:
        document = self._inline.add(
            self._engine, name, content, self._should_stop, lambda one: one in self._mine or self._used(one)
        )
        self._mine.add(document.id)
        return document.id


def _text_name(text: str) -> str:
    """A name for a message that became a document, from its first words."""
    words = " ".join(text.split())
    return f"{words[:_NAME_CHARACTERS].rstrip('. ')}….txt"
