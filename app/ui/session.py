"""What the server keeps for each open tab: its chat, its work in progress and what its page shows already."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from app.conversation.errors import ChatError, UnknownChatError
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    AnswerFinished,
    AnswerToken,
    ChatEvent,
)
from app.ui.views.comparison import CompareState
from app.ui.views.probe import ProbeState

if TYPE_CHECKING:
    from app.conversation import Chat, ChatSettings, Engine
    from app.ui.ingest import Import


log = logging.getLogger(__name__)
TABS_REMEMBERED = 200
INTERNAL_ERROR = (
    "This ended because of an error in AHN Chat; the terminal shows it, and everything before it is kept."
)


class Answering:
    """Follows the events of one answer; `latest` is the last of them."""

    def __init__(
        self,
        question: str,
        turn_index: int,
        start: Callable[[bool], Iterator[ChatEvent]],
        *,
        can_ask_now: bool = False,
    ) -> None:
        """`start(now)` begins the answer and returns its events; it raises ChatError where there can be none.

        `turn_index` is the place the answer will take in the transcript; the turns before it stay as they are.
        """
        self.question = question
        self.turn_index = turn_index
        self.can_ask_now = can_ask_now
        self.latest: ChatEvent | None = None
        self.finished = False
        self._start = start
        self._events = start(False)
        self._asked_now = False
        threading.Thread(target=self._follow, name="follow-answer", daemon=True).start()

    def ask_now(self) -> None:
        """Stop waiting for the documents and answer from what has been read. Stops the events; they begin again."""
        self._asked_now = True

    def _follow(self) -> None:
        try:
            while True:
                for event in self._events:
                    self.latest = event
                again, self._asked_now = self._asked_now and isinstance(self.latest, AnswerCancelled), False
                if not again:
                    return
                self._events = self._start(True)
        except ChatError as error:
            self.latest = AnswerFailed(self.question, str(error))
        except Exception:
            log.exception("An answer ended in an error.")
            self.latest = AnswerFailed(self.question, INTERNAL_ERROR)
        finally:
            self.finished = True

    @property
    def writing(self) -> bool:
        """Whether the transcript holds this answer by now."""
        return isinstance(self.latest, AnswerToken | AnswerFinished)


class Folded(Protocol):
    """What a page shows of work in progress: `after` gives it with one more event."""

    def after(self, event: Any) -> Any: ...


State = TypeVar("State", bound=Folded)


class Following(Generic[State]):
    """Folds the events of a comparison or a probe into what the page shows of it."""

    def __init__(self, state: State, events: Any) -> None:
        self.state = state
        self.error = ""
        self.finished = False
        self._events = events
        threading.Thread(target=self._follow, name="follow-work", daemon=True).start()

    def _follow(self) -> None:
        try:
            for event in self._events:
                self.state = self.state.after(event)
        except Exception:
            log.exception("A comparison or a probe ended in an error.")
            self.error = INTERNAL_ERROR
        finally:
            self.finished = True

    def stop(self) -> None:
        self._events.stop()


@dataclass(frozen=True)
class Notice:
    """One sentence for the reader; a warning says that something did not happen."""

    sentence: str
    warning: bool = True


@dataclass
class Tab:
    """One open page. `lock` is over what threads other than those of its own handlers touch."""

    id: str
    chat: Chat | None = None
    background: list[Chat] = field(default_factory=list)  # left while busy; closed when they are done
    answering: Answering | None = None
    comparing: Following[CompareState] | None = None
    probing: Following[ProbeState] | None = None
    imports: list[Import] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    wanted_chat: str = ""  # to open once there is an engine
    returned_question: str | None = None  # goes back into the text box
    show_layers: bool = False
    show_answer: bool = False
    editing: int | None = None  # the turn whose question is being edited
    renaming: str = ""
    deleting: str = ""
    query: str = ""
    lists_due: float = 0.0  # when the parts that ask the disk are drawn again; `time.monotonic` seconds
    closed: bool = False
    shown: dict[str, object] = field(default_factory=dict)  # what the page shows, by part
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    sending_parts: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)  # over what followers send
    sending_chat: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for or written, be it for this tab or for another one of the same chat."""
        return self.answering is not None or (self.chat is not None and self.chat.answering)

    @property
    def moving(self) -> bool:
        """Whether anything on the page may change without the reader doing something."""
        return (
            self.busy
            or (self.chat is not None and self.chat.reading)
            or any(not work.finished for work in self.side_work)
            or any(entry.running for entry in self.imports)
        )

    @property
    def side_work(self) -> list[Following[Any]]:
        """The comparison and the probe, where there are any."""
        return [work for work in (self.comparing, self.probing) if work is not None]

    def settle(self) -> None:
        """Draw the consequences of work that has ended."""
        with self.lock:
            if self.answering is not None and self.answering.finished:
                ended, self.answering = self.answering.latest, None
                if isinstance(ended, AnswerFailed):
                    self.warn(ended.message)
                if isinstance(ended, AnswerFailed | AnswerCancelled) and not self._asks(ended.question):
                    self.returned_question = ended.question
            for work in self.side_work:
                if work.finished and work.error:
                    self.warn(work.error)
                    work.error = ""
            self.imports = [entry for entry in self.imports if entry.running or entry.state.error]

    def _asks(self, question: str) -> bool:
        """Whether the transcript holds this question already: one that was to be answered again is not lost."""
        return self.chat is not None and any(turn.question == question for turn in self.chat.turns)

    def warn(self, sentence: str) -> None:
        """Have the page show why something did not happen."""
        with self.lock:
            self.notices.append(Notice(sentence))

    def tell(self, sentence: str) -> None:
        """Have the page show what happens now."""
        with self.lock:
            self.notices.append(Notice(sentence, warning=False))

    def take_notices(self) -> list[Notice]:
        """What is to be said, once."""
        with self.lock:
            taken, self.notices = self.notices, []
            return taken

    def take_returned_question(self) -> str | None:
        """The question that goes back into the text box, once."""
        with self.lock:
            taken, self.returned_question = self.returned_question, None
            return taken

    def changed(self, part: str, value: object) -> bool:
        """Whether `value` is news to the page; notes that it will be shown."""
        if part in self.shown and self.shown[part] == value:
            return False
        self.shown[part] = value
        return True


class Tabs:
    """All open tabs, by the session id of the page. A chat open in several tabs is closed with the last of them."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}
        self._left: dict[str, str] = {}  # the chat of tabs that were closed, lately
        self._lock = threading.Lock()  # over the above; never held for long, for the event loop takes it too
        self._chats = threading.RLock()  # over opening and closing chats, which may wait for the disk

    def get(self, session_id: str) -> Tab:
        """The tab of this session, made on first use.

        A page that lost its connection, say to a computer put to sleep, may come back: it finds its chat again.
        """
        with self._lock:
            if session_id not in self._tabs:
                self._tabs[session_id] = Tab(session_id, wanted_chat=self._left.pop(session_id, ""))
            return self._tabs[session_id]

    def find(self, session_id: str) -> Tab | None:
        """The tab of this session, or None where it was closed."""
        with self._lock:
            return self._tabs.get(session_id)

    def __len__(self) -> int:
        return len(self._tabs)

    def open_chat(self, tab: Tab, engine: Engine, chat_id: str, settings: ChatSettings) -> None:
        """Show the stored chat `chat_id` in `tab`, or a new one where there is none of this id."""
        with self._chats:
            try:
                chat = engine.chat(chat_id) if chat_id else engine.new_chat(settings)
            except UnknownChatError:
                chat = engine.new_chat(settings)
            left, tab.chat, tab.answering = tab.chat, chat, None
            for work in tab.side_work:
                work.stop()
            tab.comparing, tab.probing, tab.show_answer, tab.editing = None, None, False, None
            with tab.lock:
                tab.imports = [entry for entry in tab.imports if entry.running]
            candidates = [*tab.background, *([left] if left is not None else [])]
            tab.background = [
                other for other in candidates if other is not chat and (other.reading or other.answering)
            ]
            self._close_unused(engine, candidates)

    def close(self, session_id: str, engine: Engine | None) -> None:
        """Forget a tab: its comparison, probe and imports end, its chats are closed where no other tab shows them."""
        with self._lock:
            tab = self._tabs.pop(session_id, None)
            if tab is None:
                return
            tab.closed = True
            if tab.chat is not None:
                self._left[session_id] = tab.chat.id
            while len(self._left) > TABS_REMEMBERED:
                del self._left[next(iter(self._left))]
        for work in tab.side_work:
            work.stop()
        for entry in tab.imports:
            entry.cancel()
        if engine is not None:
            with self._chats:
                self._close_unused(engine, [*tab.background, *([tab.chat] if tab.chat is not None else [])])

    def _close_unused(self, engine: Engine, chats: Sequence[Chat]) -> None:
        with self._lock:
            tabs = list(self._tabs.values())
        for chat in chats:
            if not any(chat is tab.chat or chat in tab.background for tab in tabs):
                engine.close_chat(chat.id)
