"""What the API may use, and the key that opens it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.options import DEFAULT_API_CONVERSATIONS, DEFAULT_API_DOCUMENTS, DEFAULT_API_MEMORY_MB

MOST_WAITING = 64


@dataclass(frozen=True)
class ApiOptions:
    """Limits of the API.

    key: what a client has to send. folder: the data folder. conversations: kept open, so that they go on without
    reading again, and answered at the same time. memory_bytes: what the caches of those that rest may take.
    documents: of those that came inside a message, kept in the library; the least recently used go first. waiting:
    requests that may wait for their turn. max_upload_bytes: largest file.
    """

    key: str = field(repr=False)
    folder: Path
    conversations: int = DEFAULT_API_CONVERSATIONS
    memory_bytes: int = DEFAULT_API_MEMORY_MB * 2**20
    documents: int = DEFAULT_API_DOCUMENTS
    waiting: int = MOST_WAITING
    max_upload_bytes: int = 200 * 2**20
