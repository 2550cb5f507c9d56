"""E-mail messages: the fields at the head that people read, the text, and the names of what is attached."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime

from app.documents.encodings import BinaryContent, declared_encoding, decode
from app.documents.readers import Parsed, Request
from app.documents.readers.markup import blocks_of, parse_html
from app.documents.readers.paging import Pager
from app.documents.text import clean, tidy_lines

_FIELDS = ("From", "To", "Cc", "Bcc", "Date", "Subject")
_MAX_DEPTH = 20  # messages within messages
_TEXTS = ("text/plain", "text/html")
# Characters of a field up to which its grammar is looked at: Python's parser takes the square of its length, and is
# slowest with those that say what a part is, of which the longest that programs write has a file's name.
_LONGEST_FIELD, _LONGEST_OF_A_PART = 20_000, 4_000
_ABOUT_A_PART = ("content-", "mime-")


class _Policy(email.policy.EmailPolicy):
    """Fields that are too long for their grammar are taken as plain text."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        about_a_part = name.lower().startswith(_ABOUT_A_PART)
        if len(value) <= (_LONGEST_OF_A_PART if about_a_part else _LONGEST_FIELD):
            return super().header_fetch_parse(name, value)
        line = "".join(value.splitlines())
        if about_a_part:
            return line[:_LONGEST_OF_A_PART]
        with suppress(HeaderParseError, LookupError, UnicodeError, ValueError):
            return str(make_header(decode_header(line)))
        return line


def read(data: bytes, request: Request) -> Parsed:
    """The parts of a message, those that were forwarded within it after it. Raises Refused where there is no text."""
    if data.startswith(b"From "):  # a mailbox that holds one message
        data = data.partition(b"\n")[2]
    message = email.message_from_bytes(data, policy=_Policy())
    assert isinstance(message, EmailMessage)  # as the policy makes them
    pager = Pager(request.limits)
    encodings: list[str] = []
    _message(message, pager, request, encodings, 0)
    pages = pager.finish()
    return Parsed(
        len(pages),
        iter(pages),
        unit="message",
        encoding=encodings[0] if encodings else "",
        outline=lambda: pager.outline,
    )


def _message(message: EmailMessage, pager: Pager, request: Request, encodings: list[str], depth: int) -> None:
    head = "\n".join(f"{name}: {value}" for name in _FIELDS for value in _field(message, name))
    subject = next(_field(message, "Subject"), "")
    pager.start_part(subject or f"message {depth + 1}")
    if subject:
        pager.list_part(subject)
    if head:
        pager.add("paragraph", head)
    body, attachments = _parts(message)
    for part in body:
        text, encoding = _text(part, request)
        if encoding:
            encodings.append(encoding)
        if part.get_content_type() == "text/html":
            pager.add_all(blocks_of(parse_html(text)) if text.strip() else ())
        else:
            text = clean(text)
            if str(part.get_param("format", "")).lower() == "flowed":  # lines that a program wrapped
                text = re.sub(r"(?<=[^ \n]) \n(?![>\n])", " ", text)
            for paragraph in tidy_lines(text).split("\n\n"):
                pager.add("paragraph", paragraph)
    names = [name for part in attachments if (name := part.get_filename() or part.get_content_type())]
    if names:
        pager.add("paragraph", "\n".join(f"Attachment: {name}" for name in names))
    for part in attachments:
        if part.get_content_type() == "message/rfc822" and depth < _MAX_DEPTH:
            for inner in part.iter_parts():
                if isinstance(inner, EmailMessage):
                    _message(inner, pager, request, encodings, depth + 1)


def _field(message: EmailMessage, name: str) -> Iterator[str]:
    """A field of the head; nothing where it is missing. A date as its sender's clock showed it."""
    try:
        values = message.get_all(name) or []
    except (
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        IndexError,
        RecursionError,
    ):  # the parser trips over broken heads
        values = [value for key, value in message.raw_items() if key.lower() == name.lower()]
    for value in values:
        text = " ".join(str(value).split())
        if name == "Date":
            with suppress(ValueError, TypeError, IndexError, OverflowError):
                text = format_datetime(parsedate_to_datetime(text))
        if text:
            yield text


def _parts(message: EmailMessage) -> tuple[list[EmailMessage], list[EmailMessage]]:
    """What is read, plain text rather than HTML where both say the same, and what is attached."""
    body: list[EmailMessage] = []
    attached: list[EmailMessage] = []

    def walk(part: EmailMessage, depth: int) -> None:
        kind = part.get_content_type()
        if kind == "message/rfc822" or (part.get_content_disposition() == "attachment"):
            attached.append(part)
        elif part.is_multipart() and depth < 50:
            children = [one for one in part.iter_parts() if isinstance(one, EmailMessage)]
            if kind == "multipart/alternative":
                walk(_preferred(children), depth + 1) if children else None
            else:
                for one in children:
                    walk(one, depth + 1)
        elif kind in _TEXTS and not part.get_filename():
            body.append(part)
        elif not part.is_multipart():
            attached.append(part)

    walk(message, 0)
    return body, [
        part for part in attached if part.get_content_disposition() != "inline" or part.get_filename()
    ]


def _preferred(parts: list[EmailMessage]) -> EmailMessage:
    """Plain text where it has any, else the last, which the sender likes best."""
    for part in parts:
        if part.get_content_type() == "text/plain" and (part.get_payload(decode=True) or b"").strip():  # type: ignore[union-attr]
            return part
    return parts[-1]


def _text(part: EmailMessage, request: Request) -> tuple[str, str]:
    """The text of a part, and its encoding where that was a guess."""
    data = part.get_payload(decode=True)
    data = data if isinstance(data, bytes) else b""
    declared = part.get_content_charset() or ""
    if not declared and part.get_content_type() == "text/html":
        declared = declared_encoding(data)
    try:
        text = decode(data, request.encoding, declared)
    except BinaryContent:
        return "", ""
    return text.text, text.encoding
