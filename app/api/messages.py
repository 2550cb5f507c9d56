"""From the messages of a request to the parts of a chat: system prompt, past turns, documents and the question.

A chat alternates: a question with its documents, its answer. Messages need not, so neighbours of one role are put
together. What is too long to be held word for word becomes a document; a short paragraph at its beginning, and one at
its end, are the question about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.api.errors import ApiError, unsupported
from app.api.requests import FileReference, Message, Part

_LONGEST_HEAD = 48  # tokens of a first paragraph that says what to do with the text below it
_LONGEST_TAIL = 96  # of a last one that asks; of a longer one its last line
_SENTENCE_ENDS = (":", ".", "?", "!", "：", "。", "？", "！")
_USERS = ("user",)
_SYSTEMS = ("system", "developer")


@dataclass(frozen=True)
class Round:
    """What was asked with which files, and what was answered; "" for the last, which is to be."""

    question: str
    files: tuple[FileReference, ...]
    answer: str = ""


@dataclass(frozen=True)
class Conversation:
    """system: None where no message says it. rounds: the last one is the question."""

    system: str | None
    rounds: tuple[Round, ...]


def conversation(messages: Sequence[Message]) -> Conversation:
    """The messages in order. Raises ApiError where the last is not the user's, or one has what cannot be read."""
    system: list[str] = []
    rounds: list[Round] = []
    told: list[str] = []  # of the system, later on: said with the user's next words
    for place, message in enumerate(messages):
        text, files = _content(message, f"messages.{place}")
        if message.role in _SYSTEMS:
            (told if rounds else system).append(text)
        elif message.role in _USERS:
            text, told = "\n\n".join([*told, text]), []
            if rounds and not rounds[-1].answer:
                last = rounds.pop()
                text, files = f"{last.question}\n\n{text}", last.files + files
            rounds.append(Round(text, files))
        elif message.role == "assistant":
            if message.tool_calls:
                raise unsupported("Calling tools is", "leave out tool_calls.", f"messages.{place}.tool_calls")
            last = rounds.pop() if rounds else Round("", ())
            answer = f"{last.answer}\n\n{text}" if last.answer else text
            rounds.append(Round(last.question, last.files, answer))
        else:
            raise unsupported(
                f"The role {message.role!r} is", "use system, user and assistant.", f"messages.{place}.role"
            )
    if not rounds or messages[-1].role not in _USERS:
        raise ApiError(
            400,
            "The last message is not the user's, so there is no question to answer; put one last.",
            code="invalid_value",
            param="messages",
        )
    return Conversation("\n\n".join(system) if system else None, tuple(rounds))


def _content(message: Message, place: str) -> tuple[str, tuple[FileReference, ...]]:
    if message.content is None or isinstance(message.content, str):
        return message.content or "", ()
    texts: list[str] = []
    files: list[FileReference] = []
    for number, part in enumerate(message.content):
        where = f"{place}.content.{number}"
        if part.type in ("text", "refusal"):
            texts.append(part.text or part.refusal or "")
        elif part.type == "file":
            files.append(_file(part, where))
        else:
            raise unsupported(
                f"A part of the type {part.type!r} is", "send text, or a document as a file.", f"{where}.type"
            )
    return "\n\n".join(texts), tuple(files)


def _file(part: Part, place: str) -> FileReference:
    file = part.file
    if file is None or (file.file_id is None) == (file.file_data is None):
        raise ApiError(
            400,
            'A part of the type "file" needs either file_id or file_data under "file", so it was not read; give one.',
            code="invalid_value",
            param=f"{place}.file",
        )
    return file


@dataclass(frozen=True)
class Asked:
    """What is asked; document: the text that was too long for a question, "" where it was not."""

    question: str
    document: str = ""


def asked(text: str, room: int, count: Callable[[str], int]) -> Asked:
    """A message as a question of at most `room` tokens, with the rest as a document. Raises ApiError where neither its
    first nor its last paragraph is short enough to be one."""
    # A token has a character at least, which spares counting what is short.
    if len(text) <= room or count(text) <= room:
        return Asked(text)
    text = text.strip()
    head, blank, rest = text.partition("\n\n")
    says = head.rstrip().endswith(_SENTENCE_ENDS)  # a title does not
    if not blank or not says or count(head) > min(_LONGEST_HEAD, room // 4):
        head, rest = "", text
    rest, tail = _parted(rest, "\n\n", min(_LONGEST_TAIL, room // 2), count)
    if not tail:
        rest, tail = _parted(rest, "\n", room // 2, count)
    question = "\n\n".join(part.strip() for part in (head, tail) if part.strip())
    if not question:
        raise ApiError(
            400,
            f"The last message has {count(text):,} tokens, more than the {room:,} a question may have, and neither its "
            "first nor its last paragraph is a short question about the rest; send the long text as a file.",
            code="context_length_exceeded",
            param="messages",
        )
    return Asked(question, rest.strip())


def _parted(text: str, border: str, room: int, count: Callable[[str], int]) -> tuple[str, str]:
    """The text and its last part, where that has at most `room` tokens; else all of the text and nothing."""
    before, found, last = text.rstrip().rpartition(border)
    return (before, last) if found and before.strip() and count(last) <= room else (text, "")
