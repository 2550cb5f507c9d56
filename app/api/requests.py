"""Bodies of requests, checked. What the protocol has and this program has not is refused, where it would matter."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.api.errors import ApiError, invalid, unsupported

MOST_TOP_LOGPROBS = 20
Body = TypeVar("Body", bound=BaseModel)


class Extension(BaseModel):
    """What only this program knows, under "ahn" in a request's body.

    recall: look the question up in the documents' text. marks: show quotes and sources in the text of the answer.
    memory, attention_sinks, sliding_window, repetition_penalty, top_k, min_p: as in Settings.
    """

    model_config = ConfigDict(extra="forbid")
    recall: bool | None = None
    marks: bool = True
    memory: Literal["ahn", "window", "full"] | None = None
    attention_sinks: int | None = None
    sliding_window: int | None = None
    repetition_penalty: float | None = None
    top_k: int | None = None
    min_p: float | None = None


class StreamOptions(BaseModel):
    """What a stream tells beside the text."""

    include_usage: bool = False


class FileReference(BaseModel):
    """A document: one that was uploaded, or the file itself as a data URL or in base64."""

    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


class Part(BaseModel):
    """A part of a message: "text", "refusal" or "file"; others are refused when the message is read."""

    type: str
    text: str | None = None
    refusal: str | None = None
    file: FileReference | None = None


class Message(BaseModel):
    """One message of a conversation."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[Any] | None = None


class _Generating(BaseModel):
    """What chats and completions share."""

    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    seed: int | None = None
    stop: str | list[str] | None = None
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    n: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    ahn: Extension = Extension()

    @property
    def stops(self) -> tuple[str, ...]:
        """The strings that end an answer. Raises ApiError for more than four."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(given) > 4:
            raise ApiError(
                400,
                f"stop has {len(given)} texts, more than the 4 there may be; leave some out.",
                param="stop",
            )
        return tuple(one for one in given if one)

    @property
    def includes_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def refuse(self) -> None:
        """Raise ApiError for what there is not."""
        if self.n not in (None, 1):
            raise unsupported("More than one answer (n) is", "ask again for another one.", "n")
        for name in ("frequency_penalty", "presence_penalty"):
            if getattr(self, name):
                raise unsupported(
                    f"{name} is", 'leave it out, or give "ahn": {"repetition_penalty": 1.1}.', name
                )
        if self.logit_bias:
            raise unsupported("logit_bias is", "leave it out.", "logit_bias")


class ChatRequest(_Generating):
    """The body of /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Annotated[int | None, Field(ge=1)] = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=MOST_TOP_LOGPROBS)] = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    audio: Any = None

    def refuse(self) -> None:
        super().refuse()
        for name in ("tools", "functions"):
            if getattr(self, name):
                raise unsupported("Calling tools is", f"leave out {name} and ask in words.", name)
        if (self.response_format or {"type": "text"}).get("type") != "text":
            raise unsupported(
                "An answer in a given format is", "leave out response_format and ask for it in words.",
                "response_format",
            )  # fmt: skip
        if self.audio or set(self.modalities or ()) - {"text"}:
            raise unsupported("Sound is", "leave out audio and modalities.", "modalities")
        if self.top_logprobs is not None and not self.logprobs:
            raise ApiError(
                400,
                "top_logprobs is given and logprobs is not true, so nothing would be told; set logprobs.",
                param="top_logprobs",
            )


class CompletionRequest(_Generating):
    """The body of /v1/completions."""

    prompt: str | list[str] | list[int] | list[list[int]]
    logprobs: Annotated[int | None, Field(ge=0, le=MOST_TOP_LOGPROBS)] = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None

    @property
    def one_prompt(self) -> str | list[int]:
        """The prompt. Raises ApiError for several."""
        if isinstance(self.prompt, str):
            return self.prompt
        if self.prompt and isinstance(self.prompt[0], int):
            return [one for one in self.prompt if isinstance(one, int)]
        if len(self.prompt) != 1:
            raise unsupported(f"{len(self.prompt)} prompts at once are", "send one a request.", "prompt")
        only = self.prompt[0]
        assert not isinstance(only, int)
        return only

    def refuse(self) -> None:
        super().refuse()
        if self.echo:
            raise unsupported("Repeating the prompt (echo) is", "leave it out.", "echo")
        if self.suffix:
            raise unsupported("Text after the completion (suffix) is", "leave it out.", "suffix")
        if self.best_of not in (None, 1):
            raise unsupported("best_of is", "ask several times.", "best_of")


def parsed(kind: type[Body], body: bytes) -> Body:
    """A body as what it should be. Raises ApiError."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from error
