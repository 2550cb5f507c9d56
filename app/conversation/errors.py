"""What a chat refuses, as exceptions whose message is one sentence for the reader of the page."""

from __future__ import annotations


class ChatError(ValueError):
    """A request that cannot be served; the message names the value, the limit, the consequence and the remedy."""


class ChatBusyError(ChatError):
    """The chat is still writing an answer; there is one answer at a time in a chat."""


class ChatClosedError(ChatError):
    """The chat was closed; `Engine.chat` opens it again."""


class SettingsError(ChatError):
    """A setting is out of its range."""


class UnknownChatError(ChatError):
    """No chat with this id is stored."""


class UnreadableChatError(ChatError):
    """What is stored of the chat cannot be opened by this version; it is left as it is."""
