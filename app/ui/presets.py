"""The presets of the settings' tab: choosing, saving and deleting them, and what new chats start with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from app.conversation import ChatSettings
from app.store import StoreError
from app.ui.labels import keys
from app.ui.views.presets import choice, shown_name
from app.ui.words.common import COMMON
from app.ui.words.presets import PRESETS

if TYPE_CHECKING:
    from app.conversation import Engine
    from app.ui.session import Tab
    from app.ui.settings_form import SettingsForm

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class PresetFields:
    """The components. chosen: fills the form in; name: what the form's fields are saved as."""

    chosen: gr.Dropdown
    for_new_chats: gr.Dropdown
    name: gr.Textbox
    save: gr.Button
    delete: gr.Button

    @classmethod
    def build(cls) -> PresetFields:
        """Lay the fields out in the current column."""
        w = keys(PRESETS)
        gr.HTML(f'<h3 class="sub">{w.heading!r}</h3>', elem_classes="drawn", apply_default_css=False)
        with gr.Row(elem_classes="fields"):
            chosen = gr.Dropdown(choices=[], label=w.chosen, info=w.chosen_info, elem_id="preset")
            for_new = gr.Dropdown(choices=[], label=w.for_new, info=w.for_new_info, elem_id="preset-for-new")
        with gr.Row(elem_classes="preset-row"):
            name = gr.Textbox(
                label=w.name, placeholder=w.name, show_label=False, container=False, max_lines=1,
                elem_id="preset-name", scale=1, min_width=120,
            )  # fmt: skip
            save = gr.Button(w.save, size="sm", elem_id="preset-save", scale=0, min_width=80)
            delete = gr.Button(keys(COMMON).delete, size="sm", elem_id="preset-delete", scale=0, min_width=80)
        return cls(chosen, for_new, name, save, delete)


class PresetHandlers:
    """What the fields do. `tab` gives the tab of a request, `engine` the engine, or raises ChatError."""

    def __init__(
        self,
        fields: PresetFields,
        form: SettingsForm,
        tab: Callable[[gr.Request], Tab | None],
        engine: Callable[[], Engine],
    ) -> None:
        self._fields, self._form, self._tab, self._engine = fields, form, tab, engine

    def wire(self, spoken: Callable[[Callable[..., Any]], Callable[..., Any]], applied: Any) -> None:
        """Connect the fields with each other and with the form. spoken: has a handler speak the language of its page;
        applied: the event of using the settings, whose end may change what is shown."""
        f, form = self._fields, list(self._form.components().values())
        lists = self.lists
        applied.then(spoken(self.shown), None, lists, **QUIET)
        f.chosen.input(spoken(self.choose), f.chosen, form, **QUIET)
        f.for_new_chats.input(spoken(self.choose_for_new_chats), f.for_new_chats, lists, **QUIET)
        gr.on([f.save.click, f.name.submit], spoken(self.save), {f.name, *form}, [*lists, f.name], **QUIET)
        f.delete.click(spoken(self.delete), f.chosen, lists, **QUIET)

    @property
    def lists(self) -> list[gr.Dropdown]:
        """The components that `shown` fills in."""
        return [self._fields.chosen, self._fields.for_new_chats]

    def shown(self, request: gr.Request) -> list[Any]:
        """The lists, with what this chat and new chats have."""
        tab = self._tab(request)
        if tab is None or tab.chat is None:
            return [gr.skip(), gr.skip()]
        return self._lists(tab.chat.settings)

    def choose(self, name: str, request: gr.Request) -> dict[Any, Any]:
        """Fill the form in; nothing changes before its button is pressed."""
        settings = self._try(request, lambda: self._engine().presets.get(name).settings)
        if settings is None:
            return {component: gr.skip() for component in self._form.components().values()}
        return self._form.values(settings)

    def choose_for_new_chats(self, name: str, request: gr.Request) -> list[Any]:
        """Have new chats start with a preset."""

        def choose() -> str:
            presets = self._engine().presets
            presets.choose_for_new_chats(name)
            return PRESETS().starts_with.format(name=shown_name(presets.get(name)))

        self._tell(request, choose)
        return self.shown(request)

    def save(self, values: dict[Any, Any], request: gr.Request) -> dict[Any, Any]:
        """Keep what the form shows under a name; the name stays in its field where that fails."""
        settings: list[ChatSettings] = []

        def save() -> str:
            filled_in = self._form.settings(values)
            name = self._engine().presets.save(values[self._fields.name] or "", filled_in).name
            settings.append(filled_in)
            return PRESETS().saved.format(name=name)

        self._tell(request, save)
        if not settings:
            return {self._fields.name: gr.skip()}
        chosen, for_new = self._lists(settings[0])
        return {self._fields.chosen: chosen, self._fields.for_new_chats: for_new, self._fields.name: ""}

    def delete(self, name: str, request: gr.Request) -> list[Any]:
        """Forget the chosen preset; the form keeps its values, so that it can be saved again."""

        def delete() -> str:
            self._engine().presets.delete(name or "")
            return PRESETS().deleted.format(name=name)

        self._tell(request, delete)
        return self.shown(request)

    def _lists(self, settings: ChatSettings) -> list[Any]:
        presets = self._engine().presets
        choices = [(choice(preset), preset.name) for preset in presets.all()]
        return [
            gr.Dropdown(choices=choices, value=presets.name_of(settings) or None),
            gr.Dropdown(choices=choices, value=presets.for_new_chats().name),
        ]

    def _tell(self, request: gr.Request, act: Callable[[], str]) -> None:
        """Do something and say what it returns, or why it was not done."""
        said = self._try(request, act)
        tab = self._tab(request)
        if tab is not None and said is not None:
            tab.tell(said)
            tab.wake()

    def _try(self, request: gr.Request, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except (ValueError, StoreError) as error:  # ChatError is a ValueError
            tab = self._tab(request)
            if tab is not None:
                tab.warn(str(error))
                tab.wake()
            return None
