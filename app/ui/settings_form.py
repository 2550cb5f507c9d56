"""The settings form: its fields, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from textwrap import shorten
from typing import Any

import gradio as gr

from app.conversation import ChatSettings
from app.conversation.settings import sampling_settings
from app.ui.labels import keys
from app.ui.words.settings import SETTINGS

KINDS = ("ahn", "window", "full")
NUMBERS = (
    "attention_sinks",
    "sliding_window",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "max_new_tokens",
)


@dataclass(frozen=True)
class SettingsForm:
    """The components of the form, one a field of `ChatSettings` or its sampling."""

    memory: gr.Radio
    attention_sinks: gr.Number
    sliding_window: gr.Number
    system_prompt: gr.Textbox
    temperature: gr.Number
    top_p: gr.Number
    top_k: gr.Number
    min_p: gr.Number
    repetition_penalty: gr.Number
    seed: gr.Textbox
    max_new_tokens: gr.Number
    recall: gr.Checkbox

    @classmethod
    def build(cls) -> SettingsForm:
        """Lay the fields out in the current column."""
        w = keys(SETTINGS)
        _heading(w.answers)
        # No limits in the components: the framework says "Error" beyond them, and the settings say what is wrong.
        with gr.Row(elem_classes="fields"):
            temperature = gr.Number(step=0.05, label=w.temperature, info=w.temperature_info)
            top_p = gr.Number(step=0.05, label=w.top_p, info=w.top_p_info)
        with gr.Row(elem_classes="fields"):
            min_p = gr.Number(step=0.01, label=w.min_p, info=w.min_p_info)
            repetition_penalty = gr.Number(
                step=0.05, label=w.repetition_penalty, info=w.repetition_penalty_info
            )
        with gr.Row(elem_classes="fields"):
            top_k = gr.Number(label=w.top_k, info=w.top_k_info)
            max_new_tokens = gr.Number(label=w.max_new_tokens, info=w.max_new_tokens_info)
            seed = gr.Textbox(label=w.seed, info=w.seed_info, max_lines=1)
        recall = gr.Checkbox(label=w.recall, info=w.recall_info)
        system_prompt = gr.Textbox(label=w.system_prompt, lines=2, max_lines=8, info=w.system_prompt_info)
        _heading(w.memory)
        memory = gr.Radio(_kinds(), label=w.kind_label)
        with gr.Row(elem_classes="fields"):
            attention_sinks = gr.Number(label=w.attention_sinks, info=w.attention_sinks_info)
            sliding_window = gr.Number(label=w.sliding_window, info=w.sliding_window_info)
        return cls(
            memory, attention_sinks, sliding_window, system_prompt, temperature, top_p, top_k, min_p,
            repetition_penalty, seed, max_new_tokens, recall,
        )  # fmt: skip

    def components(self) -> dict[str, Any]:
        """The components by field name."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    def values(self, settings: ChatSettings) -> dict[Any, Any]:
        """What each component shows for `settings`."""
        flat = {**settings.to_json(), **settings.to_json()["sampling"]}
        flat["seed"] = "" if flat["seed"] is None else str(flat["seed"])
        return {component: flat[name] for name, component in self.components().items()}

    def shown(self, settings: ChatSettings) -> dict[Any, Any]:
        """The same for the page: the names of choices are not looked up in the browser, so they come along."""
        return {**self.values(settings), self.memory: gr.Radio(choices=_kinds(), value=settings.memory)}

    def complete(self, values: Mapping[Any, Any]) -> bool:
        """Whether every number is there; while a form is being filled in, some are not."""
        return all(values[component] is not None for component in self.components().values())

    def settings(self, values: Mapping[Any, Any]) -> ChatSettings:
        """The settings filled in. Raises ValueError, in one sentence, where a value cannot be used."""
        flat = {name: values[component] for name, component in self.components().items()}
        for name in NUMBERS:
            if flat[name] is None:
                raise ValueError(SETTINGS().field_empty.format(field=SETTINGS().field[name]))
            flat[name] = _plain(flat[name])
        seed = (flat["seed"] or "").strip()
        if seed and not re.fullmatch(r"[-+]?[0-9]{1,4000}", seed):
            raise ValueError(SETTINGS().seed_not_whole.format(seed=repr(shorten(seed, 40, placeholder="…"))))
        sampling = sampling_settings(
            temperature=flat["temperature"],
            top_p=flat["top_p"],
            top_k=flat["top_k"],
            min_p=flat["min_p"],
            repetition_penalty=flat["repetition_penalty"],
            seed=int(seed) if seed else None,
        )
        return ChatSettings(
            memory=flat["memory"],
            attention_sinks=flat["attention_sinks"],
            sliding_window=flat["sliding_window"],
            system_prompt=flat["system_prompt"] or "",
            sampling=sampling,
            max_new_tokens=flat["max_new_tokens"],
            recall=bool(flat["recall"]),
        )


def _kinds() -> list[tuple[str, str]]:
    return [(SETTINGS().kind[kind], kind) for kind in KINDS]


def _plain(value: float) -> float:
    """A number as it was typed: whole where it is (960.0 -> 960), for the settings to judge."""
    return int(value) if float(value).is_integer() else value


def _heading(title: str) -> None:
    gr.HTML(f'<h3 class="sub">{title!r}</h3>', elem_classes="drawn", apply_default_css=False)
