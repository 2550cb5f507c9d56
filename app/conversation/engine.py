"""One model, many chats: the device, the readings on disk and the list of chats."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from app.conversation.answers import PastTurn
from app.conversation.chat import Chat
from app.conversation.compare import Comparing
from app.conversation.completing import Completing
from app.conversation.entries import Entry
from app.conversation.errors import ChatBusyError, ChatClosedError, UnknownChatError, UnreadableChatError
from app.conversation.events import (
    CompareEvent,
    CompletionEvent,
    ProbeEvent,
    ReadingEstimate,
    ReadPhase,
    Turn,
    TurnState,
)
from app.conversation.presets import PresetShelf
from app.conversation.probe import Probing
from app.conversation.question import longest_question
from app.conversation.records import given_title, opened, turn_from_record, unreadable_reason
from app.conversation.resources import Resources
from app.conversation.settings import MEMORY_KINDS, ChatSettings, MemoryKind
from app.conversation.snapshots import ReadingSnapshots
from app.conversation.streams import Event, EventStream
from app.conversation.versions import Node, TurnTree
from app.sentences import Sentence
from app.store import ChatSummary, DocumentUsage, Store

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import AHNForCausalLM
    from app.recall import Hit

DEFAULT_SNAPSHOT_BYTES = 4 * 2**30
_LOOK_SECONDS = 0.5  # between two looks whether a chat that nobody views has come to rest
DEFAULT_LINGER_SECONDS = 10.0
_CLOSING_SECONDS = 30.0


class Engine:
    """The model of the process and everything that shares it. Make one; all methods may be called from any thread."""

    def __init__(
        self,
        model: AHNForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        store: Store,
        *,
        snapshot_bytes: int = DEFAULT_SNAPSHOT_BYTES,
        compiled: Callable[[], str] = lambda: "no",
        at_end: Callable[[], None] = lambda: None,
        linger_seconds: float = DEFAULT_LINGER_SECONDS,
    ) -> None:
        """`store` belongs to the engine from here on, which closes it with itself. Its folder gets `snapshots/`
        (readings, at most `snapshot_bytes` and one larger one where the disk has room) and `turns/`.

        `compiled` tells whether the model computes in compiled code by now, and if not, why. `at_end` is called when
        the engine has been closed. `linger_seconds`: how long a chat stays open after the last viewer left, for a page
        that is loaded again comes back at once.
        """
        self.model = model
        self.compiled = compiled
        self._at_end = at_end
        self._linger_seconds = linger_seconds
        self.tokenizer = tokenizer
        self.store = store
        assert store.running is not None, "the store is open"
        snapshots = ReadingSnapshots(store.folder / "snapshots", snapshot_bytes, writer=store.running.name)
        self._turns = store.turns / store.running.name  # another process may have its own beside them
        self._resources = Resources(model, tokenizer, store, snapshots, self._turns)
        self.presets = PresetShelf(store.presets, self.default_settings, self._resources.max_positions)
        self._chats: dict[str, Chat] = {}
        self._viewers: Counter[str] = Counter()  # of each open chat that somebody views
        self._left: dict[str, float] = {}  # viewed by nobody any more, and since when (`time.monotonic`)
        self._closer: threading.Thread | None = None
        self._ending = threading.Event()
        self._closing: list[Chat] = []  # closed or deleted, whose threads may still compute
        self._streams: list[EventStream[Any]] = []
        self._lock = threading.RLock()  # over all of these

    def default_settings(self) -> ChatSettings:
        """What a new chat starts with, unless a preset was chosen for it (`presets.for_new_chats`).

        The sinks and window that suit the model, within its trained length.
        """
        model = self.model
        settings = ChatSettings(
            attention_sinks=model.default_attention_sinks, sliding_window=model.default_sliding_window
        )
        return settings.fitted(self._resources.max_positions)

    def new_chat(self, settings: ChatSettings | None = None) -> Chat:
        """An empty chat. It is stored, and listed, from its first document or question on.

        Raises SettingsError where sinks and window exceed the model.
        """
        chat = Chat(self._resources, uuid.uuid4().hex, settings or self.default_settings())
        with self._lock:
            self._chats[chat.id] = chat
        return chat

    def passing_chat(
        self, settings: ChatSettings | None = None, turns: Sequence[tuple[str, str]] = ()
    ) -> Chat:
        """A chat that is never stored nor listed, with questions and answers that were held elsewhere.

        What it reads is kept as any chat's is; `delete_chat` ends it. Raises SettingsError where sinks and window
        exceed the model.
        """
        past = TurnTree.of_path(
            PastTurn(Turn(question, answer, TurnState.DONE), None) for question, answer in turns
        )
        settings = settings or self.default_settings()
        chat = Chat(self._resources, uuid.uuid4().hex, settings, turns=past, kept=False)
        with self._lock:
            self._chats[chat.id] = chat
        return chat

    def chat(self, chat_id: str) -> Chat:
        """The open chat of this id, or the stored one, opened: its documents come back from the kept reading.

        Raises UnknownChatError, and UnreadableChatError where the stored one cannot be opened.
        """
        with self._lock:
            if chat_id not in self._chats:
                self._chats[chat_id] = self._open(chat_id)
            return self._chats[chat_id]

    def view_chat(self, chat_id: str = "", settings: ChatSettings | None = None) -> Chat:
        """The chat of this id, or a new one where there is none, for somebody who will `leave_chat` it.

        Reading and answering go on without viewers; a chat without any is closed when it has come to rest, some seconds
        after the last one left.
        """
        with self._lock:
            try:
                chat = self.chat(chat_id) if chat_id else self.new_chat(settings)
            except UnknownChatError:
                chat = self.new_chat(settings)
            self._viewers[chat.id] += 1
            self._left.pop(chat.id, None)
            return chat

    def leave_chat(self, chat: Chat) -> None:
        """One viewer of this chat has gone."""
        with self._lock:
            self._viewers[chat.id] -= 1
            if self._viewers[chat.id] > 0:
                return
            del self._viewers[chat.id]
            if self._chats.get(chat.id) is not chat:  # deleted meanwhile
                return
            self._left[chat.id] = time.monotonic()
            if self._closer is None:
                self._closer = threading.Thread(target=self._close_rested, name="close-chats", daemon=True)
                self._closer.start()

    def last_used_chat(self) -> str:
        """The id of the chat that was used last; "" where there is none."""
        readable = [summary for summary in self.list_chats() if not summary.unreadable]
        return max(readable, key=lambda summary: summary.updated_at).id if readable else ""

    def _close_rested(self) -> None:
        """Close the chats that were left while busy, each when it has come to rest; ends when there is none."""
        while not self._ending.wait(_LOOK_SECONDS):
            with self._lock:
                for chat_id, since in list(self._left.items()):
                    chat = self._chats.get(chat_id)
                    lingers = time.monotonic() - since < self._linger_seconds
                    if chat is None or not (chat.reading or chat.answering or lingers):
                        del self._left[chat_id]
                        self.close_chat(chat_id)
                if not self._left:
                    self._closer = None
                    return

    def close_chat(self, chat_id: str) -> None:
        """Stop the chat's answer and reading and free its caches; what was read and said is kept on disk."""
        with self._lock:
            chat = self._taken_out(chat_id)
        if chat is not None:
            chat.close()

    def delete_chat(self, chat_id: str) -> None:
        """Close the chat and forget its transcript. Documents stay in the library, readings among the snapshots.

        Raises UnknownChatError.
        """
        with self._lock:
            chat = self._taken_out(chat_id)
        if chat is not None:
            chat.close(delete=True)
        elif not self.store.chats.delete(chat_id):
            raise _unknown(chat_id)

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Give a stored chat another title. Raises ChatError for an empty one, UnknownChatError."""
        with self._lock:
            chat = self._chats.get(chat_id)
        if chat is not None:
            chat.rename(title)
            return
        if not self.store.chats.rename(chat_id, given_title(title)):
            raise _unknown(chat_id)

    def pin_chat(self, chat_id: str, pinned: bool) -> None:
        """List a stored chat before the others, or no longer. Raises UnknownChatError."""
        if not self.store.chats.pin(chat_id, pinned):
            raise _unknown(chat_id)

    def list_chats(self, search: str = "") -> list[ChatSummary]:
        """The stored chats, pinned ones first, then last used first; with `search`, those whose title, documents or
        turns contain it.

        One that cannot be opened is among them and says why.
        """
        return self.store.chats.list(search, unreadable_reason)

    def delete_document(self, document_id: str) -> DocumentUsage:
        """Delete a document with everything that was made of it, and return what that freed.

        Chats that have it keep their transcripts. Raises ChatBusyError while one of them writes an answer, and
        StoreError, of which UnknownDocument is one.
        """
        with self._lock:
            chats = [chat for chat in self._chats.values() if chat.has_document(document_id)]
        busy = next((chat for chat in chats if chat.answering), None)
        if busy is not None:
            raise ChatBusyError(
                Sentence(
                    "The chat “{title}” is writing an answer from this document, so it was not deleted; "
                    "wait for the answer or stop it first.",
                    title=busy.title,
                )
            )
        usage = self.store.documents.delete(document_id)
        self._resources.tokens.forget(document_id)
        self._resources.lookup.forget(document_id)
        for chat in chats:
            # One that began an answer just now lets go of the document when it is closed; nothing of it goes to disk.
            with suppress(ChatBusyError, ChatClosedError):
                chat.forget_document(document_id)
        return usage

    def estimate(self, document_ids: Sequence[str], settings: ChatSettings) -> ReadingEstimate:
        """What reading these documents would take, before it starts; cheap enough for a handler (samples the text)."""
        settings.check_fits(self._resources.max_positions)
        documents = [self._resources.document(document_id) for document_id in document_ids]
        counts = [self._resources.tokens.estimate(document) for document in documents]
        tokens, exact = sum(count for count, _ in counts), all(exact for _, exact in counts)
        return self._resources.estimate(settings, [document.text for document in documents], tokens, exact)

    def kept_tokens(self, document_ids: Sequence[str], settings: ChatSettings) -> int:
        """How many of these documents' tokens come back from disk instead of being read."""
        texts = [self._resources.document(document_id).text for document_id in document_ids]
        return self._resources.kept_tokens(settings, texts)

    def measure_reading(self, settings: ChatSettings) -> None:
        """Find out how fast this machine reads, where nothing has been read yet. Takes seconds then."""
        settings.check_fits(self._resources.max_positions)
        self._resources.measure_reading(settings)

    def compare(
        self,
        document_ids: Sequence[str],
        question: str,
        settings: ChatSettings,
        kinds: Sequence[MemoryKind] = MEMORY_KINDS,
    ) -> EventStream[CompareEvent]:
        """Ask the same question with each kind of memory in turn. `stop()` or closing the stream ends it.

        Raises ChatError for an empty question, no kind of memory, or a document that cannot be read.
        """
        documents = [self._resources.document(document_id) for document_id in document_ids]
        work = Comparing(self._resources, documents, question, settings, kinds)
        return self._watched(EventStream(work, name="compare"))

    def probe(self, document_ids: Sequence[str], settings: ChatSettings) -> EventStream[ProbeEvent]:
        """Ask the window alone and the AHN about what has left the window. `stop()` or closing the stream ends it.

        Raises ChatError where there is no document, or one that cannot be read.
        """
        documents = [self._resources.document(document_id) for document_id in document_ids]
        return self._watched(EventStream(Probing(self._resources, documents, settings), name="probe"))

    def complete(self, prompt: str | Sequence[int], settings: ChatSettings) -> EventStream[CompletionEvent]:
        """Go on with a text as it stands, tags of the chat template included, or with its tokens: no system prompt, no
        documents, no turns. The last event is a `CompletionFinished`. `stop()` or closing the stream ends it.

        Raises ChatError for an empty prompt, or one that full attention cannot hold.
        """
        return self._watched(EventStream(Completing(self._resources, prompt, settings), name="complete"))

    def count_tokens(self, text: str) -> int:
        """The tokens of a text."""
        return self._resources.count_tokens(text)

    def longest_question(self, settings: ChatSettings) -> int:
        """Tokens that a question may have: `Chat.ask` refuses a longer one."""
        return longest_question(self._resources, settings)

    def search(self, query: str, document_ids: Sequence[str] | None = None, limit: int = 20) -> list[Hit]:
        """Places in these documents, or in all of the library, for what was typed into a search box, best first.

        A document that was not searched before is made searchable first. Raises StoreError.
        """
        return self._resources.lookup.search(query, document_ids, limit)

    def _watched(self, stream: EventStream[Event]) -> EventStream[Event]:
        """`stream`, to be ended with the engine."""
        with self._lock:
            self._streams = [running for running in self._streams if not running.join(timeout=0)] + [stream]
        return stream

    def _taken_out(self, chat_id: str) -> Chat | None:
        """The open chat, which is to be closed; its threads are waited for at the end. Needs the lock."""
        chat = self._chats.pop(chat_id, None)
        self._closing = [other for other in self._closing if not other.join(timeout=0)]
        if chat is not None:
            self._closing.append(chat)
        return chat

    def close(self) -> None:
        """Close every chat and wait until their threads have kept what was read.

        None may compute any more when the interpreter ends: a thread that it ends in the middle of native code takes
        the process with it ("terminate called without an active exception").
        """
        self._ending.set()
        with self._lock:
            closer = self._closer
            chats, self._chats = list(self._chats.values()), {}
            closing, self._closing = self._closing, []
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.stop()
        for chat in chats:
            chat.close()
        for chat in chats + closing:
            chat.join(_CLOSING_SECONDS)
        for stream in streams:
            stream.join(_CLOSING_SECONDS)
        if closer is not None:
            closer.join(_CLOSING_SECONDS)
        self._resources.lookup.close(_CLOSING_SECONDS)
        shutil.rmtree(self._turns, ignore_errors=True)
        self.store.close()
        self._at_end()

    def _open(self, chat_id: str) -> Chat:
        stored = self.store.chats.load(chat_id)
        if stored is None:
            raise _unknown(chat_id)
        try:
            settings, entries, plan = opened(stored, self.model.name, self._resources.encoder.fingerprint)
        except ValueError as error:
            raise UnreadableChatError(
                Sentence(
                    "The chat “{title}” cannot be opened ({reason}); it was left as it is, and `ahn-chat "
                    "library export --everything` writes out what is stored of it.",
                    title=stored.title,
                    reason=str(error),
                )
            ) from error
        fingerprint = self._resources.encoder.fingerprint
        settings = settings.fitted(self._resources.max_positions)
        self._take_kept(entries, settings)
        return Chat(
            self._resources,
            chat_id,
            settings,
            title=stored.title if stored.named else "",
            entries=entries,
            plan=plan,
            turns=TurnTree(
                Node(turn.id, turn.parent, turn_from_record(turn, fingerprint), turn.shown)
                for turn in stored.turns
            ),
        )

    def _take_kept(self, entries: Sequence[Entry], settings: ChatSettings) -> None:
        """Let documents that another model has read come back where this one's reading of them is kept, too."""
        elsewhere = [entry for entry in entries if entry.read_elsewhere is not None]
        if elsewhere and self._resources.kept_tokens(settings, [entry.text for entry in entries]):
            for entry in elsewhere:
                entry.phase, entry.message, entry.read_elsewhere = ReadPhase.QUEUED, "", None


def _unknown(chat_id: str) -> UnknownChatError:
    return UnknownChatError(
        Sentence(
            "There is no chat {chat}, so it could not be opened; choose one from the list.",
            chat=repr(chat_id),
        )
    )
