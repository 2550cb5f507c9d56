"""What the page's events do. Handlers change state and return at once; followers show the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from app.conversation import ChatError, ChatSettings, UnreadableChatError
from app.conversation.events import ReadPhase, TurnState
from app.conversation.question import replaced_sentence, unreadable_characters
from app.store import StoreError
from app.ui.ingest import Import, UploadFolder
from app.ui.loading import EngineLoader
from app.ui.session import Answering, Following, Tab, Tabs
from app.ui.views import documents, facts, transcript
from app.ui.views import markup as m
from app.ui.views.comparison import CompareState
from app.ui.views.probe import ProbeState

if TYPE_CHECKING:
    from app.conversation import Chat, Engine
    from app.store import Document
    from app.ui.settings_form import SettingsForm

MAX_QUESTION_CHARACTERS = 200_000
STAY_INTERVAL = 0.5  # seconds between looks whether a page is still open


class Handlers:
    """The handlers of all tabs over one engine, which may still be loading."""

    def __init__(
        self, loader: EngineLoader, tabs: Tabs, uploads: UploadFolder, settings: ChatSettings | None = None
    ) -> None:
        self.loader = loader
        self.tabs = tabs
        self._uploads = uploads
        self._settings = settings
        self._clicks: dict[str, Callable[[Tab, dict[str, str]], None]] = {
            "cancel-reading": lambda tab, data: self._chat(tab).cancel_reading(data["documentId"]),
            "resume-reading": lambda tab, data: self._chat(tab).resume_reading(data["documentId"]),
            "remove-document": lambda tab, data: self._chat(tab).remove_document(data["documentId"]),
            "add-document": lambda tab, data: self._add(tab, data["documentId"]),
            "dismiss-import": self._dismiss_import,
            "ask-now": self._ask_now,
            "stop": self._stop,
            "new-chat": lambda tab, data: self._open(tab, ""),
            "open-chat": lambda tab, data: self._open(tab, data["chatId"]),
            "ask-rename": lambda tab, data: setattr(tab, "renaming", data["chatId"]),
            "cancel-rename": lambda tab, data: setattr(tab, "renaming", ""),
            "rename-chat": self._rename,
            "ask-delete": lambda tab, data: setattr(tab, "deleting", data["chatId"]),
            "cancel-delete": lambda tab, data: setattr(tab, "deleting", ""),
            "delete-chat": self._delete,
            "search-chats": lambda tab, data: setattr(tab, "query", data["value"][:200]),
            "probe": self._probe,
            "toggle-layers": lambda tab, data: setattr(tab, "show_layers", not tab.show_layers),
            "toggle-answer": lambda tab, data: setattr(tab, "show_answer", not tab.show_answer),
        }

    def tab(self, request: gr.Request) -> Tab:
        """The tab a request comes from, with its chat where there is an engine."""
        assert request.session_hash is not None, "gradio names the session of every event"
        tab = self.tabs.get(request.session_hash)
        tab.lists_due = 0.0
        self.enter(tab)
        return tab

    @property
    def settled(self) -> bool:
        """Whether loading has come to its end, good or bad."""
        return self.loader.state.ready or bool(self.loader.state.error)

    # -------------------------------------------------------------------------------------------------- tabs

    def open_tab(self, remembered_chat: str, request: gr.Request) -> None:
        """A page was opened, or loaded again: show the chat it had, or a new one."""
        assert request.session_hash is not None
        tab = self.tabs.get(request.session_hash)
        tab.wanted_chat = remembered_chat if remembered_chat.isalnum() else ""
        self.enter(tab)

    def close_tab(self, request: gr.Request) -> None:
        """The page is gone."""
        if request.session_hash is not None:
            self.tabs.close(request.session_hash, self.loader.engine)

    async def stay(self, request: gr.Request) -> None:
        """Last as long as the page is open: it keeps the stream of results from closing; see `app.ui.page`."""
        tab = self.tabs.find(request.session_hash or "")
        while tab is not None and not tab.closed:
            await asyncio.sleep(STAY_INTERVAL)

    def enter(self, tab: Tab) -> None:
        """Give the tab its chat once there is an engine to have chats."""
        with tab.lock:
            if tab.chat is None and not tab.closed and self.loader.engine is not None:
                try:
                    self._open(tab, tab.wanted_chat)
                except UnreadableChatError as error:  # the page goes on with a new one
                    tab.warn(str(error))
                    tab.wanted_chat = ""
                    self._open(tab, "")

    # ------------------------------------------------------------------------------------------------ clicks

    def click(self, event: gr.EventData, request: gr.Request) -> None:
        """A button of a drawn part: `data-action` says which, the other `data-` attributes about what."""
        tab, data = self.tab(request), {key: str(value) for key, value in dict(event._data or {}).items()}
        act = self._clicks.get(data.get("action", ""))
        if act is None:
            return
        try:
            act(tab, data)
        except (ChatError, StoreError) as error:
            tab.warn(str(error))
        except KeyError as missing:
            tab.warn(f"The page sent no {missing}; reload it.")

    def _dismiss_import(self, tab: Tab, data: dict[str, str]) -> None:
        with tab.lock:
            for entry in tab.imports:
                if entry.id == data["importId"]:
                    entry.cancel()
            tab.imports = [entry for entry in tab.imports if entry.id != data["importId"]]

    def _ask_now(self, tab: Tab, data: dict[str, str]) -> None:
        if tab.answering is not None:
            tab.answering.ask_now()
            self._chat(tab).stop()

    def _stop(self, tab: Tab, data: dict[str, str]) -> None:
        if tab.chat is not None:
            tab.chat.stop()
        for work in tab.side_work:
            work.stop()

    def _rename(self, tab: Tab, data: dict[str, str]) -> None:
        tab.renaming = ""
        self._engine().rename_chat(data["chatId"], data["value"].strip()[:120])

    def _delete(self, tab: Tab, data: dict[str, str]) -> None:
        tab.deleting = ""
        deleted_open = tab.chat is not None and tab.chat.id == data["chatId"]
        self._engine().delete_chat(data["chatId"])
        if deleted_open:
            settings = self._chat(tab).settings
            tab.chat = None
            self.tabs.open_chat(tab, self._engine(), "", settings)

    def _open(self, tab: Tab, chat_id: str) -> None:
        engine = self._engine()
        settings = tab.chat.settings if tab.chat is not None else self._settings or engine.default_settings()
        self.tabs.open_chat(tab, engine, chat_id, settings)

    # --------------------------------------------------------------------------------------------- documents

    def upload(self, event: gr.EventData, request: gr.Request) -> None:
        """Files have arrived, or failed to: `files` is a list of {name, path} or {name, error}."""
        tab, engine = self.tab(request), self.loader.engine
        files = list(dict(event._data).get("files", []))
        if engine is None or tab.chat is None:
            for entry in files:
                self._uploads.refuse(str(entry.get("path", "")))
            tab.warn("The model is still being loaded; add the document again when it is there.")
            return
        chat = tab.chat
        for entry in files:
            name = str(entry.get("name", "document"))[:255]
            if entry.get("error"):
                started = Import.refused(
                    name, str(entry["error"])[:500], self._uploads, engine.store.documents
                )
            else:
                started = Import(
                    str(entry.get("path", "")), name, self._uploads, engine.store.documents,
                    lambda document: self._imported(tab, chat, document),
                )  # fmt: skip
                started.start()
            with tab.lock:
                tab.imports.append(started)

    def _imported(self, tab: Tab, chat: Chat, document: Document) -> Callable[[], object]:
        """Say what reading will take; returns what begins it. Runs in the import's thread."""
        engine = self._engine()
        engine.measure_reading(chat.settings)
        estimate = engine.estimate([document.id], chat.settings)
        tab.tell(documents.estimate_sentence(document.name, document.page_count, estimate))
        return lambda: chat.add_document(document.id)

    def _add(self, tab: Tab, document_id: str) -> None:
        self._chat(tab).add_document(document_id)

    # ----------------------------------------------------------------------------------------------- answers

    def ask(self, question: str, request: gr.Request) -> Any:
        """Returns what the text box shows next: nothing once the question is taken, else still the question."""
        tab = self.tab(request)
        if not question.strip():
            return gr.skip()
        if len(question) > MAX_QUESTION_CHARACTERS:
            tab.warn(
                f"This question has {len(question):,} characters, over the {MAX_QUESTION_CHARACTERS:,} a question may "
                "have; add it as a document."
            )
            return gr.skip()
        chat = tab.chat
        if chat is None:
            tab.warn("The model is still being loaded; ask again when it is there.")
            return gr.skip()
        taken = self._answer(
            tab, question, len(chat.turns), lambda now: chat.ask(question, now=now), can_ask_now=True
        )
        if taken and (replaced := unreadable_characters(question)):
            tab.tell(replaced_sentence(replaced))
        return "" if taken else gr.skip()

    def regenerate(self, event: gr.RetryData, request: gr.Request) -> None:
        """Answer the question of the turn that was clicked again."""
        tab, turn = self.tab(request), _turn_of(event.index)
        if tab.chat is None or not 0 <= turn < len(tab.chat.turns):
            return
        chat, before = tab.chat, tab.chat.turns[turn]
        taken = self._answer(tab, before.question, turn, lambda now: chat.regenerate(turn))
        if taken and before.state is TurnState.DONE and not chat.settings.sampling.temperature:
            tab.tell(
                "At temperature 0 the same question over the same memory gives the same answer; raise the temperature "
                "in Settings for another one."
            )

    def undo(self, event: gr.UndoData, request: gr.Request) -> None:
        """Take back the turn that was clicked and those after it; its question goes back into the text box."""
        tab, turn = self.tab(request), _turn_of(event.index)
        tab.shown.pop("transcript", None)
        if tab.chat is None or not 0 <= turn < len(tab.chat.turns):
            return
        try:
            tab.returned_question = tab.chat.undo(turn)
        except ChatError as error:
            tab.warn(str(error))

    def edit(self, event: gr.EditData, request: gr.Request) -> None:
        """Ask the edited question in place of the old one."""
        tab, turn = self.tab(request), _turn_of(event.index)
        tab.shown.pop(
            "transcript", None
        )  # the page shows the edited text already; should it be refused, put it back
        if tab.chat is None or not 0 <= turn < len(tab.chat.turns):
            return
        chat, question = tab.chat, str(event.value)
        self._answer(tab, question, turn, lambda now: chat.edit(turn, question))

    def _answer(
        self, tab: Tab, question: str, turn: int, start: Callable[[bool], Any], *, can_ask_now: bool = False
    ) -> bool:
        with tab.lock:
            tab.settle()
            if tab.answering is not None:
                tab.warn("One answer at a time: wait for this one, or stop it with Esc, and ask again.")
                return False
            try:
                tab.answering = Answering(question, turn, start, can_ask_now=can_ask_now)
            except ChatError as error:
                tab.warn(str(error))
                return False
            return True

    def stop(self, request: gr.Request) -> None:
        """Stop the answer, or the waiting for it."""
        self._stop(self.tab(request), {})

    def clear(self, request: gr.Request) -> None:
        """Forget the turns; the documents stay read."""
        tab = self.tab(request)
        tab.shown.pop("transcript", None)
        if tab.chat is not None:
            try:
                tab.chat.clear()
            except ChatError as error:
                tab.warn(str(error))

    # -------------------------------------------------------------------------------------------- comparison

    def compare(self, document_ids: list[str], question: str, request: gr.Request) -> None:
        """Start a comparison, or stop the one that runs."""
        tab = self.tab(request)
        if tab.comparing is not None and not tab.comparing.finished:
            tab.comparing.stop()
            return
        if tab.chat is None:
            return
        try:
            events = self._engine().compare(
                document_ids, question, tab.chat.settings, kinds=("full", "window", "ahn")
            )
        except ChatError as error:
            tab.warn(str(error))
            return
        tab.comparing = Following(CompareState(question), events)

    def _probe(self, tab: Tab, data: dict[str, str]) -> None:
        """Start a probe of this chat's documents, or stop the one that runs."""
        if tab.probing is not None and not tab.probing.finished:
            tab.probing.stop()
            return
        chat = self._chat(tab)
        if chat.reading:
            raise ChatError("The documents are still being read; ask what the memory knows when they are.")
        for state in chat.documents:
            if state.phase is ReadPhase.PAUSED:
                raise ChatError(
                    f"{state.name} is read up to page {state.pages_done:,} of {state.page_count:,}, and the questions "
                    "are drawn from all of it; read it to its end first, or remove it from this chat."
                )
        ids = [state.document_id for state in chat.documents]
        tab.probing = Following(ProbeState(), self._engine().probe(ids, chat.settings))

    # ---------------------------------------------------------------------------------------------- settings

    def apply_settings(self, form: SettingsForm) -> Callable[..., None]:
        """The handler of the form's button."""

        def apply(values: dict[Any, Any], request: gr.Request) -> None:
            tab = self.tab(request)
            if tab.chat is None:
                return
            try:
                settings = form.settings(values)
                again = tab.chat.preview_settings(settings).tokens
                tab.chat.update_settings(settings)
                tab.tell(
                    "These settings are in use" + (", and the documents are read again." if again else ".")
                )
                # The form shows these already; writing them back could undo what is typed next.
                tab.shown["form"] = (tab.chat.id, settings)
            except ValueError as error:  # ChatError is one, and so is what the sampling settings raise
                tab.warn(str(error))

        return apply

    def preview_settings(self, form: SettingsForm) -> Callable[..., str]:
        """The handler of the fields that shape the memory: what it would cost, before anything is changed."""

        def preview(values: dict[Any, Any], request: gr.Request) -> str:
            tab, engine = self.tab(request), self.loader.engine
            if tab.chat is None or engine is None or not form.complete(values):
                return ""
            try:
                settings = form.settings(values)
                estimate = tab.chat.preview_settings(settings)
            except ValueError as error:
                return f'<p class="line error">{m.text(error)}</p>'
            tokens = max(
                settings.attention_sinks + settings.sliding_window,
                sum(d.tokens_total for d in tab.chat.documents),
            )
            nbytes = engine.model.cache_nbytes(
                settings.memory, settings.attention_sinks, settings.sliding_window, tokens
            )
            return facts.memory_cost(settings, nbytes, tokens, estimate)

        return preview

    # ------------------------------------------------------------------------------------------------ common

    def _engine(self) -> Engine:
        if self.loader.engine is None:
            raise ChatError("The model is still being loaded; try again when it is there.")
        return self.loader.engine

    def _chat(self, tab: Tab) -> Chat:
        if tab.chat is None:
            raise ChatError("The model is still being loaded; try again when it is there.")
        return tab.chat


def _turn_of(message_index: int | tuple[int, int]) -> int:
    index = message_index if isinstance(message_index, int) else message_index[0]
    return index // transcript.MESSAGES_PER_TURN
