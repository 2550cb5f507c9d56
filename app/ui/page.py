"""The layout of the page.

What moves is drawn by the server as HTML and sent over the page's own connection (`app.ui.live`); each such part has
one place, `data-part`, which `assets/ui/live.js` fills. What is filled in, the settings and the comparison, are
gradio's components with gradio's events, which are short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from app.conversation import ChatSettings
from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.labels import keys
from app.ui.loading import EngineLoader
from app.ui.presets import PresetFields, PresetHandlers
from app.ui.session import Tabs
from app.ui.settings_form import SettingsForm
from app.ui.views import (
    chat_files,
    chats,
    comparison,
    documents,
    facts,
    language,
    library,
    memory,
    models,
    probe,
    question,
    reader,
    status,
    transcript,
)
from app.ui.words.comparison import COMPARISON
from app.ui.words.frame import FRAME
from app.ui.words.models import MODELS
from app.ui.words.settings import SETTINGS

if TYPE_CHECKING:
    from app.models.desk import ModelDesk

# Our script may start after gradio's; it knows the tab's id once the server has told it.
OWN_ID = """async () => {
  while (!window.ahnTab) await new Promise((look) => setTimeout(look, 20));
  return await window.ahnTab;
}"""
QUEUE_SLOTS = 40  # events at a time, of all pages


@dataclass(frozen=True)
class Components:
    """What is filled in."""

    form: SettingsForm
    cost: gr.HTML
    compare_documents: gr.CheckboxGroup
    compare_question: gr.Textbox
    compare_recall: gr.Checkbox
    compare_button: gr.Button


class Page:
    """Builds the Blocks of the page over a loader, which may still be at work."""

    def __init__(
        self,
        loader: EngineLoader,
        uploads: UploadFolder,
        settings: ChatSettings | None = None,
        model_name: str = "",
        models: ModelDesk | None = None,
    ) -> None:
        self.loader = loader
        self.tabs = Tabs()
        self.handlers = Handlers(loader, self.tabs, uploads, settings, model_name, models)
        self.components: Components | None = None  # made by `build`
        self.preset_handlers: PresetHandlers | None = None  # made by `build`
        self._model_name = model_name

    def build(self) -> gr.Blocks:
        """The page, ready to be mounted. Style, script and theme are the server's to add."""
        w = keys(FRAME)
        with gr.Blocks(title="AHN Chat", analytics_enabled=False, fill_width=True) as blocks:
            _part("top", status.top_bar(self._model_name))
            with gr.Row(elem_id="columns"):
                with gr.Column(elem_id="left"):
                    _part("documents", documents.cards((), ready=False))
                    _part("chats", chats.chat_list((), ""))
                    _part("found")
                with gr.Column(elem_id="middle"), gr.Tabs(elem_id="tabs"):
                    with gr.Tab(w.chat_tab, id="chat", elem_id="chat-tab", render_children=True):
                        _part("reading")
                        with gr.Column(elem_id="transcript"):
                            _part("earlier")
                            _part("last", transcript.empty())
                            _part("offer")
                        _part("activity")
                        _part("settings-note")
                        _part("question", question.box())
                    with gr.Tab(w.library_tab, id="library", elem_id="library-tab", render_children=True):
                        _part("library-tools", library.frame())
                        _part("library")
                        _drawn("chat-files", chat_files.frame())
                    with gr.Tab(keys(MODELS).tab, id="models", elem_id="models-tab", render_children=True):
                        _part("models-tools", models.frame())
                        _part("models")
                        _part("own-models", models.own_frame())
                    with gr.Tab(w.compare_tab, id="compare", elem_id="compare-tab") as compare_tab:
                        compare = _compare_fields()
                        _part("panes", comparison.panes(None))
                        _part("probe", probe.panel(None, ready=False, running=False))
                    with gr.Tab(w.settings_tab, id="settings", elem_id="settings-tab") as settings_tab:
                        _part("language", language.choice())
                        presets = PresetFields.build()
                        form = SettingsForm.build()
                        cost = _drawn("cost")
                        apply = gr.Button(keys(SETTINGS).apply, variant="primary", elem_id="apply", size="md")
                        _part("facts", facts.model_facts(None))
                with gr.Column(elem_id="beside"):
                    _part("reader", reader.frame())
                with gr.Column(elem_id="right"):
                    _part("memory", memory.panel(None, trained=True))
            _part("status", status.status_line())
            _part("shortcuts", status.shortcuts())
            self.components = Components(form, cost, *compare)
            self._wire(blocks, self.components, compare_tab)
            self.preset_handlers = PresetHandlers(presets, form, self.handlers.tab, self.handlers.engine)
            self._wire_settings(self.components, self.preset_handlers, settings_tab, apply)
        blocks.max_threads = QUEUE_SLOTS
        blocks.queue(api_open=False, default_concurrency_limit=None)
        return blocks

    def _wire(self, blocks: gr.Blocks, c: Components, tab: gr.Tab) -> None:
        handlers, spoken = self.handlers, self.handlers.in_its_language
        own_id = gr.Textbox(visible=False)
        blocks.load(handlers.bind, own_id, js=OWN_ID, **_QUIET)
        inputs = [c.compare_documents, c.compare_question, c.compare_recall]
        gr.on([c.compare_question.submit, c.compare_button.click], spoken(handlers.compare), inputs, **_QUIET)
        tab.select(spoken(handlers.compare_choices), None, c.compare_documents, **_QUIET)

    def _wire_settings(self, c: Components, presets: PresetHandlers, tab: gr.Tab, apply: gr.Button) -> None:
        """What the memory costs is shown when the tab is opened, at every change, and once the settings are in use."""
        spoken = self.handlers.in_its_language
        fields = set(c.form.components().values())
        shaping = (c.form.memory, c.form.attention_sinks, c.form.sliding_window, c.form.system_prompt)
        preview = spoken(self.handlers.preview_settings(c.form))
        show_form = self.handlers.show_settings(c.form)

        def show(request: gr.Request) -> dict[Any, Any]:
            # One event for all: lists that came after the form would undo what has been done with it meanwhile.
            return {**show_form(request), **dict(zip(presets.lists, presets.shown(request), strict=True))}

        shown = tab.select(spoken(show), None, [*fields, *presets.lists], js=_CLOSE_FORM, **_QUIET)
        shown.then(None, js=_OPEN_FORM, **_QUIET)
        # "multiple": a press while the one before is not quite through would otherwise be dropped without a word.
        applied = apply.click(
            spoken(self.handlers.apply_settings(c.form)), fields, trigger_mode="multiple", **_QUIET
        )
        for event in (shown, applied):
            event.then(preview, fields, c.cost, **_QUIET)
        changes = [component.change for component in shaping]
        gr.on(changes, preview, fields, c.cost, trigger_mode="always_last", **_QUIET)
        presets.wire(spoken, applied)


# What is typed before the fields are filled in would be written over, so page.css shows them afterwards. The number
# says how often they were.
_CLOSE_FORM = "() => { document.body.dataset.settings = 'filling'; return []; }"
_OPEN_FORM = """() => {
    const { dataset } = document.body;
    dataset.settingsFilled = 1 + Number(dataset.settingsFilled ?? 0);
    dataset.settings = '';
    return [];
}"""
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def _drawn(name: str, value: str = "") -> gr.HTML:
    """HTML of our own."""
    return gr.HTML(value, elem_id=name, elem_classes="drawn", apply_default_css=False)


def _part(name: str, value: str = "") -> gr.HTML:
    """A part of the page that the server draws again and again; `value` is what it shows at first."""
    return _drawn(name, f'<div data-part="{name}">{value}</div>')


def _compare_fields() -> tuple[gr.CheckboxGroup, gr.Textbox, gr.Checkbox, gr.Button]:
    w = keys(COMPARISON)
    heading = f'<h2 class="for-readers">{keys(FRAME).compare_tab!r}</h2>'  # what is looked up stands alone in its HTML
    gr.HTML(heading, elem_classes="drawn", apply_default_css=False)
    gr.HTML(f'<p class="quiet">{w.what_it_is!r}</p>', elem_classes="drawn", apply_default_css=False)
    chosen = gr.CheckboxGroup(label=w.documents, elem_id="compare-documents", choices=[])
    with gr.Row(elem_id="compare-row"):
        question = gr.Textbox(
            elem_id="compare-question",
            placeholder=w.placeholder,
            label=w.question_label,
            show_label=False,
            container=False,
            max_lines=4,
            scale=1,
        )
        button = gr.Button(w.button, variant="primary", elem_id="compare-button", scale=0, min_width=110)
    recall = gr.Checkbox(
        value=False,
        label=w.recall,
        elem_id="compare-recall",
        container=False,
    )
    return chosen, question, recall, button
