"""An engine without a model: it reads and answers by the clock, so that tests of the page take milliseconds.

It keeps the surface and the promises of `app.conversation.Engine`; `pace` is the time in seconds of one chunk or token.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from ahn_core import CacheStats, LayerStats
from app.conversation import (
    ChatBusyError,
    ChatClosedError,
    ChatError,
    ChatSettings,
    PresetShelf,
    UnknownChatError,
    UnreadableChatError,
)
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerPiece,
    AnswerStarted,
    AnswerToken,
    PageState,
    PageStates,
    ReadingEstimate,
    ReadPhase,
    ReadState,
    Recalled,
    Turn,
    TurnState,
    Waiting,
)
from app.conversation.turns import Held
from app.conversation.versions import ROOT, TurnTree, Version, places
from app.store import ChatSummary
from tests.app.ui.fake_parts import (
    ANSWER,
    BYTES_PER_TOKEN,
    CHUNK,
    NBYTES,
    QUOTE,
    TOKENS_PER_PAGE,
    FakeLibrary,
    FakePresetRows,
    Stream,
    compared,
    evidence_of,
    figures,
    probed,
    review_of,
)

__all__ = ["ANSWER", "NBYTES", "QUOTE", "TOKENS_PER_PAGE", "FakeChat", "FakeEngine", "figures"]


@dataclass(eq=False)
class FakeChat:
    """A chat that reads a page's worth of tokens at each beat of its clock."""

    id: str
    engine: FakeEngine
    settings: ChatSettings
    title: str = ""
    tree: TurnTree[Turn] = field(default_factory=TurnTree)
    documents: list[ReadState] = field(default_factory=list)
    closed: bool = False
    taken: list[str] = field(default_factory=list)  # documents whose newer text it went on with
    fail_next: str = ""  # the next answer fails with this sentence
    _stopping: threading.Event = field(default_factory=threading.Event)
    _answering: bool = False
    _running: tuple[int, int, Turn] | None = None  # the index, the parent and what is written of an answer
    _latest: Any = None
    _now: threading.Event = field(default_factory=threading.Event)
    _reader: threading.Thread | None = None

    @property
    def turns(self) -> list[Turn]:
        turns = [node.kept for node in self.tree.path]
        return turns if self._running is None else [*turns[: self._running[0]], self._running[2]]

    @property
    def versions(self) -> list[Version]:
        return places(self.tree, None if self._running is None else self._running[:2])

    @property
    def reading(self) -> bool:
        return any(state.active for state in self.documents)

    @property
    def answering(self) -> bool:
        return self._answering

    @property
    def answer_event(self) -> Any:
        return self._latest if self._answering else None

    def answer_now(self) -> None:
        self._now.set()

    def add_document(self, document_id: str) -> ReadState:
        document = self.engine.library.documents[document_id]
        tokens = document.page_count * TOKENS_PER_PAGE
        state = ReadState(
            document.id, document.name, ReadPhase.QUEUED, document.page_count, 0, document.pages_without_text, 0,
            tokens, False, None, tokens / 640, NBYTES,
        )  # fmt: skip
        self.documents.append(state)
        self._read()
        return state

    def _read(self) -> None:
        if self._reader is None or not self._reader.is_alive():
            self._reader = threading.Thread(target=self._read_all, daemon=True)
            self._reader.start()

    def _read_all(self) -> None:
        while not self.closed:
            state = next((state for state in self.documents if state.active), None)
            if state is None:
                return
            done = min(state.tokens_done + CHUNK, state.tokens_total)
            self._set(
                state.document_id,
                phase=ReadPhase.DONE if done == state.tokens_total else ReadPhase.READING,
                tokens_exact=True, tokens_done=done, pages_done=done // TOKENS_PER_PAGE, tokens_per_second=640.0,
                seconds_left=(state.tokens_total - done) / 640,
            )  # fmt: skip
            time.sleep(self.engine.pace)

    def _set(self, document_id: str, **changes: Any) -> None:
        self.documents = [
            replace(state, **changes)
            if state.document_id == document_id and state.phase is not ReadPhase.PAUSED
            else state
            for state in self.documents
        ]

    def newer_texts(self) -> list[str]:
        return [one for one in self.engine.newer if any(state.document_id == one for state in self.documents)]

    def take_newer_text(self, document_id: str) -> None:
        self.engine.newer.remove(document_id)
        self.taken.append(document_id)

    def move_document(self, document_id: str, *, earlier: bool) -> None:
        waiting = [i for i, state in enumerate(self.documents) if state.phase is ReadPhase.QUEUED]
        place = next(n for n, i in enumerate(waiting) if self.documents[i].document_id == document_id)
        one, two = waiting[place], waiting[place - 1 if earlier else place + 1]
        self.documents[one], self.documents[two] = self.documents[two], self.documents[one]

    def cancel_reading(self, document_id: str) -> None:
        self._set(document_id, phase=ReadPhase.PAUSED)

    def resume_reading(self, document_id: str) -> None:
        self.documents = [
            replace(state, phase=ReadPhase.QUEUED) if state.document_id == document_id else state
            for state in self.documents
        ]
        self._read()

    def remove_document(self, document_id: str) -> None:
        self.documents = [state for state in self.documents if state.document_id != document_id]

    def ask(self, question: str, *, now: bool = False) -> Stream:
        return self._begin(question, len(self.turns), now)

    def regenerate(self, turn_index: int = -1) -> Stream:
        return self._begin(self.turns[turn_index].question, turn_index, False)

    def edit(self, turn_index: int, new_text: str) -> Stream:
        return self._begin(new_text, turn_index, False)

    def _begin(self, question: str, index: int, now: bool) -> Stream:
        if self.closed:
            raise ChatClosedError(
                "This chat is closed, so nothing can be done in it; open it again from the list."
            )
        if not question.strip():
            raise ChatError("The question is empty, so there is nothing to answer; write one.")
        if self._answering:
            raise ChatBusyError("An answer is being written; wait for it or stop it.")
        self._answering = True
        self._latest = None
        self._stopping.clear()
        self._now.clear()
        if now:
            self._now.set()
        self.title = self.title or question
        parent = self.tree.path[index - 1].id if index else ROOT
        self._running = index, parent, Turn(question)
        return Stream(lambda _: self._told(self._answer(question, index, parent)))

    def _told(self, events: Iterator[Any]) -> Iterator[Any]:
        for event in events:
            self._latest = event
            yield event

    def _answer(self, question: str, index: int, parent: int) -> Iterator[Any]:
        try:
            started, evidence = time.monotonic(), evidence_of(self.documents, self.settings.recall)
            if evidence.found is not None:
                yield Recalled(index, evidence, False)
            while self.reading and not self._now.is_set():
                current = next((state for state in self.documents if state.active), None)
                yield Waiting(time.monotonic() - started, 0, current)
                if self._stopping.wait(self.engine.pace):
                    self._running = None
                    yield AnswerCancelled(question)
                    return
            if self.fail_next:
                sentence, self.fail_next = self.fail_next, ""
                self._running = None
                yield AnswerFailed(question, sentence)
                return
            read = sum(state.tokens_done for state in self.documents)
            total = sum(state.tokens_total for state in self.documents)
            known, pages = read // TOKENS_PER_PAGE, total // TOKENS_PER_PAGE
            yield AnswerStarted(index, read, total, known, pages, read == total)
            if evidence.found is not None:
                yield Recalled(index, evidence, True)
            if self._stopping.wait(self.engine.pace):
                self._running = None
                yield AnswerCancelled(question)
                return
            pieces: list[AnswerPiece] = []
            state = TurnState.DONE
            for number, word in enumerate(self.engine.answer.split(" ")):
                pieces.append(AnswerPiece(word if not number else f" {word}", (number * 37 % 100) / 400))
                text = "".join(piece.text for piece in pieces)
                written = Turn(question, text, TurnState.ANSWERING, tuple(pieces), evidence=evidence)
                self._running = index, parent, written
                yield AnswerToken(pieces[-1].text, pieces[-1].memory_share, len(pieces), 74.2)
                if self._stopping.wait(self.engine.pace):
                    state = TurnState.STOPPED
                    break
            text = "".join(piece.text for piece in pieces)
            done = figures(text, read, total, read_all=read == total)
            turn = Turn(
                question,
                text,
                state,
                tuple(pieces),
                done,
                evidence=evidence,
                review=review_of(text, self.documents),
            )
            self._running = None
            self.tree.put(self.tree.next_id(), parent, turn)
            yield AnswerFinished(index, turn)
        finally:
            self._running, self._answering = None, False

    def stop(self) -> None:
        self._stopping.set()

    def clear(self) -> None:
        self.tree = TurnTree()

    def tell(self, question: str, answer: str, turn_index: int | None = None) -> None:
        self._check_idle()
        path = self.tree.path
        index = len(path) if turn_index is None else turn_index
        told = Turn(question, answer, TurnState.TOLD)
        self.title = self.title or question
        self.tree.put(self.tree.next_id(), path[index - 1].id if index else ROOT, told)

    def undo(self, turn_index: int = -1) -> str:
        self._check_idle()
        node = self.tree.path[turn_index]
        self.tree.show(node.parent, None)
        return node.kept.question

    def choose_version(self, turn_index: int, number: int) -> None:
        self._check_idle()
        parent = self.tree.path[turn_index - 1].id if turn_index else ROOT
        versions = self.tree.children(parent)
        if not 1 <= number <= len(versions):
            raise ChatError(f"There is no version {number} of this turn; choose one it has.")
        self.tree.show(parent, versions[number - 1].id)

    def delete_turn(self, turn_index: int) -> int:
        self._check_idle()
        return len(self.tree.delete(self.tree.path[turn_index].id)[0])

    def _check_idle(self) -> None:
        if self._answering:
            raise ChatBusyError("An answer is being written; wait for it or stop it.")

    def preview_settings(self, settings: ChatSettings) -> ReadingEstimate:
        tokens = sum(state.tokens_total for state in self.documents)
        tokens *= not settings.same_reading(self.settings)
        return ReadingEstimate(tokens, True, 640.0, tokens / 640, NBYTES)

    def update_settings(self, settings: ChatSettings) -> None:
        settings.check_fits(8192)
        self.settings = settings

    def stats(self, per_layer: bool = False) -> CacheStats | None:
        read = sum(state.tokens_done for state in self.documents)
        read += sum(len(turn.pieces) for turn in self.turns)
        if not read:
            return None
        sinks = min(read, self.settings.attention_sinks)
        window = min(max(read - 64, 0), self.settings.sliding_window)
        layers = tuple(
            LayerStats(3 + (i * 7 % 11), 0.02 + (i * 5 % 13) / 60, 180.0 + (i * 97 % 900)) for i in range(30)
        )
        return CacheStats(
            "ahn", read, sinks, window, read - sinks - window, sinks * BYTES_PER_TOKEN, window * BYTES_PER_TOKEN,
            NBYTES - 1024 * BYTES_PER_TOKEN, NBYTES, read * BYTES_PER_TOKEN, layers if per_layer else (),
        )  # fmt: skip

    def held(self) -> Held:
        return Held(NBYTES, len(self.turns), 9_000_000 * bool(self.turns), 0)

    def page_states(self) -> list[PageStates]:
        drawn = []
        for state in self.documents:
            done, window = state.pages_done, 3
            states = [PageState.VERBATIM] + [PageState.COMPRESSED] * (state.page_count - 1)
            states = [
                PageState.UNREAD if page >= done else PageState.VERBATIM if page >= done - window else old
                for page, old in enumerate(states)
            ]
            drawn.append(PageStates(state.document_id, state.name, bytes(states)))
        return drawn


class FakeEngine:
    """Chats in a dictionary over one pretended model."""

    def __init__(self, *, pace: float = 0.01, trained: bool = True, answer: str = ANSWER) -> None:
        self.pace, self.answer = pace, answer
        self.library = FakeLibrary()
        self.store = SimpleNamespace(documents=self.library)
        self.chats: dict[str, FakeChat] = {}
        self.closed_chats: list[str] = []
        self.viewers: Counter[str] = Counter()
        self.unreadable: set[str] = set()
        self.newer: list[str] = []  # documents with a newer text than the chats have
        self.measured = False
        self.presets = PresetShelf(FakePresetRows(), self.default_settings, 8192)
        self.pinned: set[str] = set()
        self.compiled = lambda: "yes"
        self.model = SimpleNamespace(
            name="SmolLM2-135M-Instruct", memory_trained=trained, device="cpu", precision="float32",
            num_parameters=134_515_008, num_ahn_parameters=11_400_000,
            config=SimpleNamespace(model_type="llama", max_position_embeddings=8192, num_hidden_layers=30),
            ahn_config=SimpleNamespace(cell="GatedDeltaNet"),
            cache_nbytes=lambda kind, sinks, window, tokens: NBYTES if kind != "full" else BYTES_PER_TOKEN * tokens,
        )  # fmt: skip

    def default_settings(self) -> ChatSettings:
        return ChatSettings()

    def new_chat(self, settings: ChatSettings | None = None) -> FakeChat:
        chat = FakeChat(f"chat{len(self.chats)}", self, settings or self.default_settings())
        self.chats[chat.id] = chat
        return chat

    def chat(self, chat_id: str) -> FakeChat:
        if chat_id in self.unreadable:
            raise UnreadableChatError(f"The chat {chat_id} cannot be opened; it was left as it is.")
        if chat_id not in self.chats:
            raise UnknownChatError(f"There is no chat {chat_id}.")
        self.chats[chat_id].closed = False
        return self.chats[chat_id]

    def view_chat(self, chat_id: str = "", settings: ChatSettings | None = None) -> FakeChat:
        known = chat_id in self.chats or chat_id in self.unreadable
        chat = self.chat(chat_id) if known else self.new_chat(settings)
        self.viewers[chat.id] += 1
        return chat

    def leave_chat(self, chat: FakeChat) -> None:
        self.viewers[chat.id] -= 1
        if not self.viewers[chat.id] and not (chat.reading or chat.answering) and chat.id in self.chats:
            self.close_chat(chat.id)

    def last_used_chat(self) -> str:
        return next((chat.id for chat in reversed(self.chats.values()) if chat.turns or chat.documents), "")

    def close_chat(self, chat_id: str) -> None:
        if chat_id not in self.chats:
            raise UnknownChatError(f"There is no chat {chat_id}.")
        self.chats[chat_id].closed = True
        self.chats[chat_id].stop()
        self.closed_chats.append(chat_id)

    def delete_chat(self, chat_id: str) -> None:
        self.close_chat(chat_id)
        del self.chats[chat_id]

    def rename_chat(self, chat_id: str, title: str) -> None:
        if not title:
            raise ChatError("A chat needs a name; write one.")
        self.chats[chat_id].title = title

    def pin_chat(self, chat_id: str, pinned: bool) -> None:
        if chat_id not in self.chats:
            raise UnknownChatError(f"There is no chat {chat_id}.")
        (self.pinned.add if pinned else self.pinned.discard)(chat_id)

    def list_chats(self, search: str = "") -> list[ChatSummary]:
        last_first = list(reversed(self.chats.values()))
        known = sorted(last_first, key=lambda chat: chat.id not in self.pinned)
        return [
            ChatSummary(
                chat.id,
                chat.title or chat.documents[0].name,
                0.0,
                0.0,
                len(chat.turns),
                tuple(state.name for state in chat.documents),
                pinned=chat.id in self.pinned,
            )  # fmt: skip
            for chat in known
            if (chat.turns or chat.documents)
            and search.lower() in (chat.title or chat.documents[0].name).lower()
        ]

    def estimate(self, document_ids: Sequence[str], settings: ChatSettings) -> ReadingEstimate:
        tokens = sum(self.library.documents[one].page_count for one in document_ids) * TOKENS_PER_PAGE
        return ReadingEstimate(tokens, False, 640.0, tokens / 640, NBYTES)

    def measure_reading(self, settings: ChatSettings) -> None:
        self.measured = True

    def compare(
        self, document_ids: Sequence[str], question: str, settings: ChatSettings, kinds: Sequence[Any] = ()
    ) -> Stream:
        if not question.strip():
            raise ChatError("The question is empty, so there is nothing to compare; write one.")
        documents = [self.library.documents[one] for one in document_ids]
        return Stream(lambda stop: compared(documents, self.answer, self.pace, stop))

    def search(self, query: str, document_ids: Sequence[str] | None = None, limit: int = 20) -> list[Any]:
        return []

    def probe(self, document_ids: Sequence[str], settings: ChatSettings) -> Stream:
        if not document_ids:
            raise ChatError("This chat has no document, so there is nothing to ask about; add one first.")
        return Stream(lambda stop: probed(self.model.memory_trained, self.pace, stop))

    def close(self) -> None:
        for chat in self.chats.values():
            chat.closed = True
