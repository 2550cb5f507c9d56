"""One conversation over documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.chat.events import ChatEvent, PageStates, ReadingEstimate, ReadState, Turn
from app.chat.settings import ChatSettings
from app.chat.streams import EventStream

if TYPE_CHECKING:
    from ahn_core import CacheStats


class Chat:
    """Documents, questions and answers over one cache. Made by `Engine`; all methods may be called from any thread."""

    id: str

    @property
    def title(self) -> str:
        """The name in the list of chats: given, or the first question, or the first document."""
        raise NotImplementedError

    @property
    def settings(self) -> ChatSettings:
        raise NotImplementedError

    @property
    def documents(self) -> list[ReadState]:
        """How far each document has been read, in the order added. Cheap; poll it."""
        raise NotImplementedError

    @property
    def turns(self) -> list[Turn]:
        """The transcript so far, the answer being written included."""
        raise NotImplementedError

    @property
    def answering(self) -> bool:
        """True while an answer is waited for or written."""
        raise NotImplementedError

    @property
    def reading(self) -> bool:
        """True while a document is in line or being read."""
        raise NotImplementedError

    def add_document(self, document_id: str) -> ReadState:
        """Put a document of the library in line to be read in the background, and return at once.

        A document the chat already has is not added twice. Raises ChatError where it has no text, or is unknown.
        """
        raise NotImplementedError

    def remove_document(self, document_id: str) -> None:
        """Take a document out of the chat; those added after it are read again (or restored, where kept)."""
        raise NotImplementedError

    def cancel_reading(self, document_id: str) -> None:
        """Pause the reading within one chunk; what was read stays, and the next document's reading goes on."""
        raise NotImplementedError

    def resume_reading(self, document_id: str) -> None:
        """Read on from where the reading was paused, or try a failed one again."""
        raise NotImplementedError

    def ask(self, question: str, *, now: bool = False) -> EventStream[ChatEvent]:
        """Answer a question. Waits, visibly, for the documents in line; with `now`, answers from what has been read.

        A paused document is not waited for. Raises ChatError at once for an empty question or one over the
        window, ChatBusyError while another answer is being written.
        """
        raise NotImplementedError

    def regenerate(self, turn_index: int = -1) -> EventStream[ChatEvent]:
        """Answer that turn's question again; the turns after it are dropped once the new answer has begun."""
        raise NotImplementedError

    def edit(self, turn_index: int, new_text: str) -> EventStream[ChatEvent]:
        """Ask another question in place of that turn's; the turns after it are dropped once the answer has begun."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop waiting, or the running answer within one token; what was written is kept."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the turns, also on disk; the read documents stay."""
        raise NotImplementedError

    def preview_settings(self, settings: ChatSettings) -> ReadingEstimate:
        """What `update_settings` would have to read again (tokens 0: nothing)."""
        raise NotImplementedError

    def update_settings(self, settings: ChatSettings) -> None:
        """Sampling changes at once; memory, sinks, window or system prompt start the reading anew.

        Raises ChatBusyError while an answer is being written and the reading would have to start anew.
        """
        raise NotImplementedError

    def stats(self, per_layer: bool = False) -> CacheStats | None:
        """What the cache holds now (the conversation's, or the documents' while they are read); None before any.

        Never waits for the device: while it is busy, the layers are those of the last chunk or tokens.
        """
        raise NotImplementedError

    def page_states(self) -> list[PageStates]:
        """Each document's pages: unread, compressed or verbatim, whichever holds half or more of a page's tokens."""
        raise NotImplementedError
