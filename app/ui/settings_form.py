"""The settings form: its fields, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from textwrap import shorten
from typing import Any

import gradio as gr

from app.conversation import ChatSettings

MEMORY_CHOICES = [
    ("AHN: sinks and window word for word, the rest remembered", "ahn"),
    ("Window only: the rest forgotten", "window"),
    ("Full attention: everything kept, memory grows", "full"),
]
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
        _heading("Answers")
        # No limits in the components: the framework says "Error" beyond them, and the settings say what is wrong.
        with gr.Row(elem_classes="fields"):
            temperature = gr.Number(
                label="Temperature", step=0.05, info="0 always takes the likeliest token; up to 5"
            )
            top_p = gr.Number(
                label="Top-p",
                step=0.05,
                info="smallest set of tokens with this probability; above 0, up to 1",
            )
        with gr.Row(elem_classes="fields"):
            min_p = gr.Number(
                label="Min-p", step=0.01, info="share of the best token's probability, up to 1; 0 is off"
            )
            repetition_penalty = gr.Number(
                label="Repetition penalty",
                step=0.05,
                info="1 is off; so is 1.15 where there are quotes to copy",
            )
        with gr.Row(elem_classes="fields"):
            top_k = gr.Number(label="Top-k", info="0 is off")
            max_new_tokens = gr.Number(label="Longest answer", info="in tokens")
            seed = gr.Textbox(label="Seed", info="a whole number, or nothing", max_lines=1)
        recall = gr.Checkbox(
            label="Look things up in the text",
            info="quotes with their pages before each answer; without it, window and memory alone",
        )
        system_prompt = gr.Textbox(
            label="System prompt", lines=2, max_lines=8, info="changing it reads the documents anew"
        )
        _heading("Memory")
        memory = gr.Radio(MEMORY_CHOICES, label="Kind of memory")
        with gr.Row(elem_classes="fields"):
            attention_sinks = gr.Number(label="Sinks", info="first tokens, always kept word for word")
            sliding_window = gr.Number(label="Window", info="last tokens, kept word for word")
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

    def complete(self, values: Mapping[Any, Any]) -> bool:
        """Whether every number is there; while a form is being filled in, some are not."""
        return all(values[component] is not None for component in self.components().values())

    def settings(self, values: Mapping[Any, Any]) -> ChatSettings:
        """The settings filled in. Raises ValueError, in one sentence, where a value cannot be used."""
        from ahn_core import SamplingSettings

        flat = {name: values[component] for name, component in self.components().items()}
        for name in NUMBERS:
            if flat[name] is None:
                raise ValueError(f"The field for {name.replace('_', ' ')} is empty; give a number.")
            flat[name] = _plain(flat[name])
        seed = (flat["seed"] or "").strip()
        if seed and not re.fullmatch(r"[-+]?[0-9]{1,4000}", seed):
            raise ValueError(
                f"The seed {shorten(seed, 40)!r} is not a whole number; give one, or leave the field empty."
            )
        sampling = SamplingSettings(
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


def _plain(value: float) -> float:
    """A number as it was typed: whole where it is (960.0 -> 960), for the settings to judge."""
    return int(value) if float(value).is_integer() else value


def _heading(title: str) -> None:
    gr.HTML(f'<h3 class="sub">{title}</h3>', elem_classes="drawn", apply_default_css=False)
