"""The chats on disk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChatSummary:
    """One line of the list of chats. Times are seconds since the epoch."""

    id: str
    title: str
    created_at: float
    updated_at: float
    turn_count: int
    document_names: tuple[str, ...]
