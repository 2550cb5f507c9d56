"""One model, many chats: the device lock, the snapshots on disk and the list of chats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.chat.chat import Chat
from app.chat.events import CompareEvent, ReadingEstimate
from app.chat.settings import MEMORY_KINDS, ChatSettings, MemoryKind
from app.chat.streams import EventStream
from app.sessions import ChatSummary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM
    from app.library import Library

DEFAULT_SNAPSHOT_BYTES = 4 * 2**30


class Engine:
    """The model of the process and everything that shares it. Make one; all methods may be called from any thread."""

    def __init__(
        self,
        model: AHNForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        library: Library,
        data_dir: Path,
        *,
        snapshot_bytes: int = DEFAULT_SNAPSHOT_BYTES,
    ) -> None:
        """`data_dir` gets `chats.sqlite3`, `snapshots/` (readings, at most `snapshot_bytes`) and `turns/`."""
        self.model = model
        self.tokenizer = tokenizer
        self.library = library
        raise NotImplementedError

    def new_chat(self, settings: ChatSettings | None = None) -> Chat:
        """An empty chat. It is stored, and listed, from its first document or question on.

        Raises SettingsError where sinks and window exceed the model.
        """
        raise NotImplementedError

    def chat(self, chat_id: str) -> Chat:
        """The open chat of this id, or the stored one, opened: its documents come back from the kept reading.

        Raises UnknownChatError.
        """
        raise NotImplementedError

    def close_chat(self, chat_id: str) -> None:
        """Stop the chat's answer and reading and free its caches; what was read and said is kept on disk."""
        raise NotImplementedError

    def delete_chat(self, chat_id: str) -> None:
        """Close the chat and forget its transcript. Documents stay in the library, readings among the snapshots."""
        raise NotImplementedError

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Give a stored chat another title. Raises ChatError for an empty one, UnknownChatError."""
        raise NotImplementedError

    def list_chats(self, search: str = "") -> list[ChatSummary]:
        """The stored chats, last used first; with `search`, those whose title, documents or turns contain it."""
        raise NotImplementedError

    def estimate(self, document_ids: Sequence[str], settings: ChatSettings) -> ReadingEstimate:
        """What reading these documents would take, before it starts; cheap enough for a handler (samples the text)."""
        raise NotImplementedError

    def compare(
        self,
        document_ids: Sequence[str],
        question: str,
        settings: ChatSettings,
        kinds: Sequence[MemoryKind] = MEMORY_KINDS,
    ) -> EventStream[CompareEvent]:
        """Ask the same question with each kind of memory in turn. `stop()` or closing the stream ends it.

        Raises ChatError for an empty question or no kind.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close every chat and wait until their threads have kept what was read."""
        raise NotImplementedError
