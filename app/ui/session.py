"""What the server keeps for each open tab: its chat, its work in progress and what its page shows already."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from app.conversation.errors import ChatError
from app.conversation.events import (
    AnswerCancelled,
    AnswerFailed,
    ChatEvent,
)
from app.ui.views.comparison import CompareState
from app.ui.views.probe import ProbeState
from app.ui.words.chat import CHAT
from app.ui.words.translated import Language

if TYPE_CHECKING:
    from app.conversation import Chat, ChatSettings, Engine
    from app.ui.ingest import Import
    from app.ui.library_view import LibraryState
    from app.ui.models_view import ModelsState
    from app.ui.reader import ReaderState
    from app.ui.searching import FoundPage
    from app.ui.views.extras import Extras, Retake

log = logging.getLogger(__name__)
SESSIONS_REMEMBERED = 1000


class Answering:
    """Follows the events of an answer that was asked for in a tab, to learn how it ends."""

    def __init__(self, question: str, events: Iterator[ChatEvent]) -> None:
        self.question = question
        self.latest: ChatEvent | None = None
        self.finished = False
        self._events = events
        follow = copy_context().run  # in the language of who asked
        threading.Thread(target=follow, args=(self._follow,), name="follow-answer", daemon=True).start()

    def _follow(self) -> None:
        try:
            for event in self._events:
                self.latest = event
        except ChatError as error:
            self.latest = AnswerFailed(self.question, str(error))
        except Exception:
            log.exception("An answer ended in an error.")
            self.latest = AnswerFailed(self.question, CHAT().internal_error)
        finally:
            self.finished = True


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
        follow = copy_context().run  # in the language of who began it
        threading.Thread(target=follow, args=(self._follow,), name="follow-work", daemon=True).start()

    def _follow(self) -> None:
        try:
            for event in self._events:
                self.state = self.state.after(event)
        except Exception:
            log.exception("A comparison or a probe ended in an error.")
            self.error = CHAT().internal_error
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
    """One open page. `lock` is over what several threads touch."""

    id: str
    chat: Chat | None = None
    language: Language = "en"
    answering: Answering | None = None
    comparing: Following[CompareState] | None = None
    probing: Following[ProbeState] | None = None
    imports: list[Import] = field(default_factory=list)
    importing: threading.Thread | None = None  # takes them one by one
    reader: ReaderState | None = None  # which page of which document stands beside the chat
    models: ModelsState | None = None  # what the models' tab shows; None while another tab is open
    library: LibraryState | None = None  # what the library's tab shows; None while another tab is open
    found: tuple[FoundPage, ...] = ()  # pages with what is searched for
    choosing_encoding: str = ""  # the document whose encoding is being chosen
    extras: dict[str, Extras] = field(default_factory=dict)  # of the chat's documents, as last looked up
    extras_due: float = 0.0  # when they are looked up again; `time.monotonic` seconds
    notices: list[Notice] = field(default_factory=list)
    wanted_chat: str = ""  # to open once there is an engine
    default_settings: ChatSettings | None = None  # the server's own; None: the engine's
    returned_question: str | None = None  # goes back into the text box
    show_layers: bool = False
    show_answer: bool = False
    editing: int | None = None  # the turn whose question is being edited
    deleting_turn: int = 0  # the id of the turn that is about to be deleted
    renaming: str = ""
    deleting: str = ""
    query: str = ""
    lists_due: float = 0.0  # when the parts that ask the disk are drawn again; `time.monotonic` seconds
    closed: bool = False
    shown: dict[str, object] = field(default_factory=dict)  # what the page shows, by part
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    retakes: Callable[[], dict[str, Retake]] = field(default=dict, repr=False)  # texts being taken out again
    wake: Callable[[], None] = field(default=lambda: None, repr=False)  # have the page look at once

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for or written, be it for this tab or for another one of the same chat."""
        chat = self.chat  # which another thread may exchange
        return self.answering is not None or (chat is not None and chat.answering)

    @property
    def moving(self) -> bool:
        """Whether anything on the page may change without the reader doing something."""
        chat = self.chat
        return (
            self.busy
            or (chat is not None and chat.reading)
            or any(not work.finished for work in self.side_work)
            or any(entry.running for entry in self.imports)
            or bool(self.retakes())
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
    """All open tabs, by the id that each page gives itself."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}
        self._sessions: dict[str, str] = {}  # the tab of each of gradio's sessions
        self._lock = threading.Lock()  # never held for long, for the event loop takes it too

    def open(self, tab_id: str) -> Tab:
        """A new tab of this id; of another one where a copy of the page has it already."""
        with self._lock:
            if not tab_id or tab_id in self._tabs:
                tab_id = uuid.uuid4().hex
            tab = self._tabs[tab_id] = Tab(tab_id)
            return tab

    def bind(self, session: str, tab_id: str) -> None:
        """Note that the fields of gradio's session belong to this tab."""
        with self._lock:
            self._sessions[session] = tab_id
            while len(self._sessions) > SESSIONS_REMEMBERED:
                del self._sessions[next(iter(self._sessions))]

    def of_session(self, session: str | None) -> Tab | None:
        """The tab that gradio's session belongs to, or None where it has gone."""
        with self._lock:
            return self._tabs.get(self._sessions.get(session or "", ""))

    def __len__(self) -> int:
        return len(self._tabs)

    def all(self) -> list[Tab]:
        """Every open tab."""
        with self._lock:
            return list(self._tabs.values())

    @property
    def busy(self) -> bool:
        """Whether an answer, a comparison, a file on its way in or a text that is taken out again would be lost."""
        return any(
            tab.busy
            or any(not work.finished for work in tab.side_work)
            or any(entry.running for entry in tab.imports)
            or bool(tab.retakes())
            for tab in self.all()
        )

    def detach(self) -> None:
        """Have every tab let go of the engine, which is about to be closed; each comes back to its chat afterwards."""
        for tab in self.all():
            with tab.lock:
                tab.wanted_chat = tab.chat.id if tab.chat is not None else tab.wanted_chat
                tab.chat = tab.answering = tab.comparing = tab.probing = tab.editing = tab.reader = None
                tab.found, tab.extras, tab.deleting_turn = (), {}, 0

    def look_again(self) -> None:
        """Have every page draw its lists anew: what is kept has changed."""
        with self._lock:
            tabs = list(self._tabs.values())
        for tab in tabs:
            tab.lists_due = 0.0
            tab.wake()

    def open_chat(self, tab: Tab, engine: Engine, chat_id: str, settings: ChatSettings | None) -> None:
        """Show the stored chat `chat_id` in `tab`, or a new one where there is none of this id."""
        chat = engine.view_chat(chat_id, settings)
        with tab.lock:
            left, tab.chat, tab.answering = tab.chat, chat, None
            for work in tab.side_work:
                work.stop()
            tab.comparing, tab.probing, tab.show_answer, tab.editing = None, None, False, None
            tab.deleting_turn = 0
            tab.imports = [entry for entry in tab.imports if entry.running]
            closed = tab.closed
        if left is not None:
            engine.leave_chat(left)
        if closed:
            engine.leave_chat(chat)

    def close(self, tab: Tab, engine: Engine | None) -> None:
        """Forget a tab: its comparison and probe end; its chat and files on their way into it go on."""
        with self._lock:
            self._tabs.pop(tab.id, None)
        with tab.lock:
            tab.closed = True
            chat, tab.chat = tab.chat, None
        for work in tab.side_work:
            work.stop()
        if engine is not None and chat is not None:
            engine.leave_chat(chat)
