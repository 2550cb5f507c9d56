"""The layout of the page and how its events reach the handlers.

Two rules keep the updates in order. Each part of the page has one writer: `Follower.parts` writes the drawn parts and
`Follower.chat` the transcript and the text box, while handlers only change state. And a follower runs only while
something moves: every event starts it again, so an idle page sends nothing. Where events follow each other closely
several of them run at once and take turns (`Follower._changes`).

One more event stays open as long as the page does and does nothing (`Handlers.stay`). Gradio ends a page's stream of
results when its last event ends, and an event that is sent at that moment is carried out, but nobody hears of it: the
page would seem to have lost a click. With an event that never ends, the stream never does either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app import paths
from app.conversation import ChatSettings
from app.ui.follow import Follower
from app.ui.handlers import Handlers
from app.ui.ingest import UploadFolder
from app.ui.loading import EngineLoader
from app.ui.session import Tabs
from app.ui.settings_form import SettingsForm
from app.ui.views import chats, comparison, documents, facts, memory, probe, status, transcript

# Reports clicks and keys inside drawn parts to the server; see the file.
DELEGATE = (paths.assets_dir() / "ui" / "delegate.js").read_text(encoding="utf-8")

QUEUE_SLOTS = (
    400  # events at a time, of all pages; each page holds one for good, and a click takes up to three more
)


@dataclass(frozen=True)
class Components:
    """What handlers and followers write to."""

    parts: dict[str, gr.HTML]
    transcript: dict[str, gr.HTML]
    question: gr.Textbox
    form: SettingsForm
    cost: gr.HTML
    compare_documents: gr.CheckboxGroup
    compare_question: gr.Textbox
    compare_button: gr.Button


class Page:
    """Builds the Blocks of the page over a loader, which may still be at work."""

    def __init__(
        self,
        loader: EngineLoader,
        uploads: UploadFolder,
        settings: ChatSettings | None = None,
        model_name: str = "",
    ) -> None:
        self.loader = loader
        self.tabs = Tabs()
        self.handlers = Handlers(loader, self.tabs, uploads, settings)
        self.components: Components | None = None  # made by `build`
        self._model_name = model_name

    def build(self) -> gr.Blocks:
        """The page, ready to be mounted. Style, script and theme are the server's to add."""
        with gr.Blocks(title="AHN Chat", analytics_enabled=False, fill_width=True) as blocks:
            _drawn("top", status.top_bar(self._model_name))
            with gr.Row(elem_id="columns"):
                parts = self._side("left", ("documents", "chats"))
                with gr.Column(elem_id="middle"), gr.Tabs(elem_id="tabs"):
                    with gr.Tab("Chat", id="chat", elem_id="chat-tab"):
                        parts["reading"] = _drawn("reading")
                        turns = _transcript()
                        parts["activity"] = _drawn("activity")
                        question = _question_box()
                    with gr.Tab("Compare", id="compare", elem_id="compare-tab"):
                        compare = _compare_fields()
                        parts["panes"] = _drawn("panes", comparison.panes(None))
                        parts["probe"] = _drawn("probe", probe.panel(None, ready=False, running=False))
                    with gr.Tab("Settings", id="settings", elem_id="settings-tab") as settings_tab:
                        form = SettingsForm.build()
                        cost = _drawn("cost")
                        apply = gr.Button("Use these settings", variant="primary", elem_id="apply", size="md")
                        parts["facts"] = _drawn("facts", facts.model_facts(None))
                parts |= self._side("right", ("memory",))
            parts["status"] = _drawn("status", status.status_line())
            _drawn("shortcuts", status.shortcuts())
            self.components = Components(parts, turns, question, form, cost, *compare)
            remembered = gr.Textbox(visible=False, elem_id="remembered-chat")
            self._follower = Follower(self.handlers, self.components)
            self._wire(blocks, self.components, remembered)
            self._wire_settings(self.components, settings_tab, apply)
        blocks.max_threads = QUEUE_SLOTS
        blocks.queue(api_open=False, default_concurrency_limit=None)
        return blocks

    def _side(self, name: str, contents: tuple[str, ...]) -> dict[str, gr.HTML]:
        first = {
            "documents": documents.cards((), ready=False),
            "chats": chats.chat_list((), ""),
            "memory": memory.panel(None, trained=True),
        }
        with gr.Column(elem_id=name):
            return {part: _drawn(part, first[part]) for part in contents}

    def _on(
        self, trigger: Any, act: Callable[..., Any], inputs: Any = None, outputs: Any = None, **more: Any
    ) -> gr.events.Dependency:
        """`act` on `trigger`, then follow what it set off."""
        follower = self._follower
        event: gr.events.Dependency = trigger(act, inputs, outputs, trigger_mode="multiple", **_QUIET, **more)
        for follow, written in (
            (follower.parts, follower.part_outputs),
            (follower.chat, follower.chat_outputs),
        ):
            event.then(follow, None, written, trigger_mode="always_last", **_QUIET)
        return event

    def _wire(self, blocks: gr.Blocks, c: Components, remembered: gr.Textbox) -> None:
        handlers, on = self.handlers, self._on
        opened = on(
            blocks.load, handlers.open_tab, remembered, js="() => sessionStorage.getItem('ahn-chat') ?? ''"
        )
        opened.then(handlers.stay, **_QUIET)
        blocks.unload(handlers.close_tab)
        for part in (*c.parts.values(), *c.transcript.values()):
            on(part.click, handlers.click)
        on(c.parts["documents"].upload, handlers.upload)
        on(c.question.submit, handlers.ask, c.question, c.question)
        on(c.question.stop, handlers.stop)
        compare_inputs = [c.compare_documents, c.compare_question]
        on(c.compare_question.submit, handlers.compare, compare_inputs)
        on(c.compare_button.click, handlers.compare, compare_inputs)

    def _wire_settings(self, c: Components, tab: gr.Tab, apply: gr.Button) -> None:
        """What the memory costs is shown when the tab is opened, at every change, and once the settings are in use."""
        fields = set(c.form.components().values())
        shaping = (c.form.memory, c.form.attention_sinks, c.form.sliding_window, c.form.system_prompt)
        preview = self.handlers.preview_settings(c.form)
        applied = self._on(apply.click, self.handlers.apply_settings(c.form), fields)
        applied.then(preview, fields, c.cost, **_QUIET)
        changes = [component.change for component in shaping]
        gr.on([tab.select, *changes], preview, fields, c.cost, trigger_mode="always_last", **_QUIET)


_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def _drawn(name: str, value: str = "") -> gr.HTML:
    """A part of the page drawn as HTML, whose buttons report to the server."""
    return gr.HTML(value, elem_id=name, elem_classes="drawn", js_on_load=DELEGATE, apply_default_css=False)


def _transcript() -> dict[str, gr.HTML]:
    """The conversation: the last turn apart, so that an answer that is written does not redraw what stands above it."""
    with gr.Column(elem_id="transcript"):
        return {"earlier": _drawn("earlier"), "last": _drawn("last", transcript.EMPTY)}


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        elem_id="question",
        placeholder="Ask about your documents",
        label="Question",
        show_label=False,
        container=False,
        lines=1,
        max_lines=8,
        submit_btn=True,
        autofocus=True,
        interactive=False,
    )


def _compare_fields() -> tuple[gr.CheckboxGroup, gr.Textbox, gr.Button]:
    gr.HTML(
        '<p class="quiet">One document and one question, answered by the same weights with three kinds of memory.</p>',
        elem_classes="drawn",
        apply_default_css=False,
    )
    chosen = gr.CheckboxGroup(label="Documents", elem_id="compare-documents", choices=[])
    with gr.Row(elem_id="compare-row"):
        question = gr.Textbox(
            elem_id="compare-question",
            placeholder="Question",
            label="Question to compare",
            show_label=False,
            container=False,
            max_lines=4,
            scale=1,
        )
        button = gr.Button(
            "Compare", variant="primary", elem_id="compare-button", interactive=False, scale=0, min_width=110
        )
    return chosen, question, button
