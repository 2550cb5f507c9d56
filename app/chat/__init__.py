"""Chats over long documents."""

from app.chat.chat import Chat
from app.chat.engine import Engine
from app.chat.errors import ChatBusyError, ChatClosedError, ChatError, SettingsError, UnknownChatError
from app.chat.settings import DEFAULT_SYSTEM_PROMPT, MEMORY_KINDS, ChatSettings, MemoryKind
from app.chat.streams import EventStream

__all__ = [
    "DEFAULT_SYSTEM_PROMPT",
    "MEMORY_KINDS",
    "Chat",
    "ChatBusyError",
    "ChatClosedError",
    "ChatError",
    "ChatSettings",
    "Engine",
    "EventStream",
    "MemoryKind",
    "SettingsError",
    "UnknownChatError",
]
