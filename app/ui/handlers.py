"""What the page's events do. Handlers change state and return at once; `app.ui.live` shows the
outcome."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import gradio as gr

from app.conversation import ChatError, ChatSettings, UnreadableChatError
from app.conversation.events import ChatEvent, ReadPhase, TurnState
from app.conversation.presets import DEFAULTS
from app.conversation.question import replaced_sentence, unreadable_characters
from app.store import StoreError
from app.ui import import_line
from app.ui.about import SAMPLE, about_model, asks_about_model
from app.ui.drawing import facts_of
from app.ui.ingest import Import, UploadFolder
from app.ui.library_view import LibraryActions
from app.ui.loading import EngineLoader
from app.ui.models_view import ModelActions
from app.ui.reader import ReaderActions
from app.ui.retaking import Retakings
from app.ui.searching import find_everywhere
from app.ui.session import Answering, Following, Tab, Tabs
from app.ui.version_actions import VersionActions
from app.ui.views import documents, facts
from app.ui.views import markup as m
from app.ui.views.comparison import CompareState
from app.ui.views.probe import ProbeState
from app.ui.words.chat import CHAT
from app.ui.words.common import COMMON
from app.ui.words.comparison import COMPARISON, PROBE
from app.ui.words.first import FIRST
from app.ui.words.settings import SETTINGS
from app.ui.words.translated import speaking

if TYPE_CHECKING:
    from app.conversation import Chat, Engine
    from app.models.desk import ModelDesk
    from app.store import Document
    from app.ui.settings_form import SettingsForm

MAX_QUESTION_CHARACTERS = 200_000


class Handlers:
    """The handlers of all tabs over one engine, which may still be loading."""

    def __init__(
        self,
        loader: EngineLoader,
        tabs: Tabs,
        uploads: UploadFolder,
        settings: ChatSettings | None = None,
        model_name: str = "",
        models: ModelDesk | None = None,
    ) -> None:
        self.model_name = model_name
        self.loader = loader
        self.tabs = tabs
        self._uploads = uploads
        self._settings = settings
        self._acts: dict[str, Callable[[Tab, dict[str, Any]], None]] = {
            "ask": self._ask,
            "upload": self._upload,
            "add-sample": self._add_sample,
            "cancel-reading": lambda tab, data: self._chat(tab).cancel_reading(data["documentId"]),
            "resume-reading": lambda tab, data: self._chat(tab).resume_reading(data["documentId"]),
            "remove-document": lambda tab, data: self._chat(tab).remove_document(data["documentId"]),
            "add-document": lambda tab, data: self._add(tab, data["documentId"]),
            "move-document": lambda tab, data: self._chat(tab).move_document(
                data["documentId"], earlier=bool(data["earlier"])
            ),
            "dismiss-import": import_line.dismiss,
            "move-import": import_line.move,
            "ask-now": lambda tab, data: self._chat(tab).answer_now(),
            "stop": self._stop,
            "new-chat": lambda tab, data: self._open(tab, ""),
            "open-chat": lambda tab, data: self._open(tab, data["chatId"]),
            "ask-rename": lambda tab, data: setattr(tab, "renaming", data["chatId"]),
            "cancel-rename": lambda tab, data: setattr(tab, "renaming", ""),
            "rename-chat": self._rename,
            "ask-delete": lambda tab, data: setattr(tab, "deleting", data["chatId"]),
            "cancel-delete": lambda tab, data: setattr(tab, "deleting", ""),
            "delete-chat": self._delete,
            "pin-chat": lambda tab, data: self._engine().pin_chat(data["chatId"], bool(data["pinned"])),
            "search-everything": self._search,
            "edit-question": self._start_editing,
            "cancel-edit": lambda tab, data: setattr(tab, "editing", None),
            "save-edit": self._edit,
            "regenerate": self._regenerate,
            "undo": self._undo,
            "clear-chat": self._clear,
            "probe": self._probe,
            "toggle-layers": lambda tab, data: setattr(tab, "show_layers", not tab.show_layers),
            "toggle-answer": lambda tab, data: setattr(tab, "show_answer", not tab.show_answer),
        }
        self.retakings = Retakings(self._engine)
        versions = VersionActions(self._chat)
        self.models = ModelActions(models, loader, tabs)
        for actions in (
            ReaderActions(self._engine),
            LibraryActions(self._engine),
            self.retakings,
            versions,
            self.models,
        ):
            self._acts |= actions.acts()

    def in_its_language(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """`handler`, which takes gradio's request last, in the language of the page that the request comes from."""

        @wraps(handler)
        def run(*arguments: Any) -> Any:
            tab = self.tabs.of_session(arguments[-1].session_hash)
            with speaking("en" if tab is None else tab.language):
                return handler(*arguments)

        return run

    def tab(self, request: gr.Request) -> Tab | None:
        """The tab that gradio's fields belong to; None where the page has gone, or was opened before a restart."""
        tab = self.tabs.of_session(request.session_hash)
        if tab is not None:
            self.enter(tab)
        return tab

    @property
    def settled(self) -> bool:
        """Whether loading has come to its end, good or bad."""
        return self.loader.state.ready or bool(self.loader.state.error)

    # -------------------------------------------------------------------------------------------------- tabs

    def bind(self, tab_id: str, request: gr.Request) -> None:
        """A page was loaded: its fields belong to this tab."""
        if request.session_hash is not None:
            self.tabs.bind(request.session_hash, tab_id)

    def open_tab(self, tab_id: str, remembered_chat: str = "") -> Tab:
        """A page has come, or come back: show the chat it had, else the one used last."""
        tab = self.tabs.open(tab_id)
        tab.retakes = self.retakings.states
        tab.default_settings = self._settings
        tab.wanted_chat = remembered_chat if remembered_chat.isalnum() else ""
        return tab

    def close_tab(self, tab: Tab) -> None:
        """The page is gone."""
        self.tabs.close(tab, self.loader.engine)

    def enter(self, tab: Tab) -> None:
        """Give the tab its chat once there is an engine to have chats."""
        with tab.lock:
            engine = self.loader.engine
            if tab.chat is not None or tab.closed or engine is None:
                return
            try:
                self._open(tab, tab.wanted_chat or engine.last_used_chat())
            except UnreadableChatError as error:  # the page goes on with a new one
                tab.warn(str(error))
                tab.wanted_chat = ""
                self._open(tab, "")

    # ------------------------------------------------------------------------------------------------ clicks

    def act(self, tab: Tab, data: dict[str, Any]) -> None:
        """What the reader did: `action` says what, the other entries about what."""
        with speaking(tab.language):
            self._act(tab, data)

    def _act(self, tab: Tab, data: dict[str, Any]) -> None:
        act = self._acts.get(str(data.get("action", "")))
        if act is None:
            return
        tab.lists_due = tab.extras_due = 0.0
        try:
            self.enter(tab)
            act(tab, {key: value if isinstance(value, list) else str(value) for key, value in data.items()})
        except (ChatError, StoreError) as error:
            tab.warn(str(error))
        except KeyError as missing:
            tab.warn(CHAT().no_entry.format(entry=missing))

    def _search(self, tab: Tab, data: dict[str, str]) -> None:
        """Look for words in the chats and in all documents."""
        tab.query = data["value"][:200]
        tab.found = tuple(find_everywhere(self._engine(), tab.query)) if len(tab.query.strip()) > 1 else ()

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
        if tab.chat is not None and tab.chat.id == data["chatId"]:
            self._open(tab, "")  # first: nobody draws a chat that is gone, or a tab without one
        self._engine().delete_chat(data["chatId"])

    def _open(self, tab: Tab, chat_id: str) -> None:
        """Show a stored chat, or a new one: with the defaults or the preset that was chosen for new chats."""
        engine = self._engine()
        preset = engine.presets.for_new_chats()
        defaults = self._settings is not None and preset.name == DEFAULTS
        self.tabs.open_chat(tab, engine, chat_id, self._settings if defaults else preset.settings)

    # --------------------------------------------------------------------------------------------- documents

    def _upload(self, tab: Tab, data: dict[str, Any]) -> None:
        """Files have arrived, or failed to: `files` is a list of {name, path} or {name, error}."""
        engine = self.loader.engine
        files = [entry for entry in data["files"] if isinstance(entry, dict)]
        if engine is None or tab.chat is None:
            for entry in files:
                self._uploads.refuse(str(entry.get("path", "")))
            tab.warn(CHAT().add_later)
            return
        for entry in files:
            name = str(entry.get("name", "document"))[:255]
            if entry.get("error"):
                started = Import.refused(
                    name, str(entry["error"])[:500], self._uploads, engine.store.documents
                )
            else:
                chat = engine.view_chat(tab.chat.id)  # it stays open until the file is in it
                started = Import(
                    str(entry.get("path", "")), name, self._uploads, engine.store.documents,
                    partial(self._imported, tab, chat), at_end=partial(engine.leave_chat, chat),
                )  # fmt: skip
            import_line.put_in_line(tab, started)

    def _add_sample(self, tab: Tab, data: dict[str, Any]) -> None:
        """Add the handbook that comes with the app, as if it had been picked."""
        try:
            copy = shutil.copy(SAMPLE, self._uploads.new_folder())
        except OSError:
            tab.warn(FIRST().no_sample)
            return
        self._upload(tab, {"files": [{"name": SAMPLE.name, "path": str(copy)}]})

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

    def _ask(self, tab: Tab, data: dict[str, Any]) -> None:
        """Ask; a question that is not taken goes back into the text box, with a sentence."""
        question = data["value"]
        if not question.strip():
            return
        sentence = ""
        if len(question) > MAX_QUESTION_CHARACTERS:
            limit = m.count(MAX_QUESTION_CHARACTERS)
            sentence = CHAT().too_long.format(n=m.count(len(question)), limit=limit)
        elif tab.chat is None:
            sentence = CHAT().ask_later
        if sentence:
            tab.warn(sentence)
            tab.returned_question = question
            return
        chat = self._chat(tab)
        if asks_about_model(question):
            self._tell_about_model(chat, question)
        elif not self._answer(tab, question, lambda: chat.ask(question)):
            tab.returned_question = question
        elif replaced := unreadable_characters(question):
            tab.tell(replaced_sentence(replaced))

    def _regenerate(self, tab: Tab, data: dict[str, str]) -> None:
        """Answer the question of a turn again."""
        chat, turn = self._turn(tab, data)
        before = chat.turns[turn]
        taken = self._answer(tab, before.question, lambda: chat.regenerate(turn))
        if taken and before.state is TurnState.DONE and not chat.settings.sampling.temperature:
            tab.tell(CHAT().same_answer)

    def _undo(self, tab: Tab, data: dict[str, str]) -> None:
        """Take back a turn and those after it; its question goes back into the text box."""
        chat, turn = self._turn(tab, data)
        tab.returned_question = chat.undo(turn)

    def _start_editing(self, tab: Tab, data: dict[str, str]) -> None:
        tab.editing = self._turn(tab, data)[1]

    def _edit(self, tab: Tab, data: dict[str, str]) -> None:
        """Ask the edited question in place of the old one; refused, it stays in its field."""
        chat, turn = self._turn(tab, data)
        question = data["value"]
        if asks_about_model(question):
            self._tell_about_model(chat, question, turn)
            tab.editing = None
        elif self._answer(tab, question, lambda: chat.edit(turn, question)):
            tab.editing = None

    def _tell_about_model(self, chat: Chat, question: str, turn: int | None = None) -> None:
        told = about_model(facts_of(self._engine()), chat.settings.memory)
        chat.tell(question.strip(), told, turn)

    def _clear(self, tab: Tab, data: dict[str, str]) -> None:
        """Forget the turns; the documents stay read."""
        self._chat(tab).clear()
        tab.editing = None

    def _answer(self, tab: Tab, question: str, start: Callable[[], Iterator[ChatEvent]]) -> bool:
        """Follow the answer that `start` begins; False, with a sentence, where it cannot be begun."""
        with tab.lock:
            tab.settle()
            if tab.answering is not None:
                tab.warn(CHAT().one_at_a_time)
                return False
            try:
                tab.answering = Answering(question, start())
            except ChatError as error:
                tab.warn(str(error))
                return False
            return True

    # -------------------------------------------------------------------------------------------- comparison

    def compare(self, document_ids: list[str], question: str, recall: bool, request: gr.Request) -> None:
        """Start a comparison, or stop the one that runs; `recall`: with quotes from the text for every pane."""
        tab = self.tab(request)
        if tab is None or tab.chat is None:
            return
        if tab.comparing is not None and not tab.comparing.finished:
            tab.warn(COMPARISON().running)
            tab.wake()
            return
        try:
            settings = replace(tab.chat.settings, recall=recall)
            events = self._engine().compare(document_ids, question, settings, kinds=("full", "window", "ahn"))
        except ChatError as error:
            tab.warn(str(error))
            tab.wake()
            return
        tab.comparing = Following(CompareState(question), events)
        tab.wake()

    def compare_choices(self, request: gr.Request) -> Any:
        """The documents that can be compared, all chosen: those of the chat."""
        tab = self.tab(request)
        states = [] if tab is None or tab.chat is None else tab.chat.documents
        choices = [(state.name, state.document_id) for state in states]
        return gr.CheckboxGroup(choices=choices, value=[document_id for _, document_id in choices])

    def _probe(self, tab: Tab, data: dict[str, str]) -> None:
        """Start a probe of this chat's documents, or stop the one that runs."""
        if tab.probing is not None and not tab.probing.finished:
            tab.probing.stop()
            return
        chat = self._chat(tab)
        if chat.reading:
            raise ChatError(PROBE().still_reading)
        for state in chat.documents:
            if state.phase is ReadPhase.PAUSED:
                n, total = m.count(state.pages_done), m.count(state.page_count)
                raise ChatError(PROBE().paused.format(name=state.name, n=n, total=total))
        ids = [state.document_id for state in chat.documents]
        tab.probing = Following(ProbeState(), self._engine().probe(ids, chat.settings))

    # ---------------------------------------------------------------------------------------------- settings

    def apply_settings(self, form: SettingsForm) -> Callable[..., None]:
        """The handler of the form's button."""

        def apply(values: dict[Any, Any], request: gr.Request) -> None:
            tab = self.tab(request)
            if tab is None or tab.chat is None:
                return
            try:
                settings = form.settings(values)
                again = tab.chat.preview_settings(settings).tokens
                tab.chat.update_settings(settings)
                tab.tell(SETTINGS().in_use_read_again if again else SETTINGS().in_use)
            except ValueError as error:  # ChatError is one, and so is what the sampling settings raise
                tab.warn(str(error))
            tab.lists_due = 0.0
            tab.wake()

        return apply

    def show_settings(self, form: SettingsForm) -> Callable[..., dict[Any, Any]]:
        """The handler of the settings' tab: its fields show those of the chat."""

        def show(request: gr.Request) -> dict[Any, Any]:
            tab = self.tab(request)
            if tab is None or tab.chat is None:
                return {component: gr.skip() for component in form.components().values()}
            return form.shown(tab.chat.settings)

        return show

    def preview_settings(self, form: SettingsForm) -> Callable[..., str]:
        """The handler of the fields that shape the memory: what it would cost, before anything is changed."""

        def preview(values: dict[Any, Any], request: gr.Request) -> str:
            tab, engine = self.tab(request), self.loader.engine
            if tab is None or tab.chat is None or engine is None or not form.complete(values):
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

    def engine(self) -> Engine:
        """The engine. Raises ChatError while it is being loaded."""
        return self._engine()

    def _engine(self) -> Engine:
        if self.loader.engine is None:
            raise ChatError(COMMON().still_loading)
        return self.loader.engine

    def _chat(self, tab: Tab) -> Chat:
        if tab.chat is None:
            raise ChatError(COMMON().still_loading)
        return tab.chat

    def _turn(self, tab: Tab, data: dict[str, str]) -> tuple[Chat, int]:
        """The chat and the place of the turn that a button belongs to. Raises ChatError where there is none such."""
        chat = self._chat(tab)
        turn = int(data["turn"]) if data["turn"].isdecimal() else -1
        if not 0 <= turn < len(chat.turns):
            raise ChatError(CHAT().turn_gone)
        return chat, turn
