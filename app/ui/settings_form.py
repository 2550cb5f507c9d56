"""The settings form: its fields, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from app.conversation import ChatSettings

MEMORY_CHOICES = [
    ("AHN: sinks and window word for word, the rest remembered", "ahn"),
    ("Window only: the rest forgotten", "window"),
    ("Full attention: everything kept, memory grows", "full"),
]


@dataclass(frozen=True)
class SettingsForm:
    """The components of the form, one a field of `ChatSettings` or its sampling."""

    memory: gr.Radio
    attention_sinks: gr.Number
    sliding_window: gr.Number
    system_prompt: gr.Textbox
    temperature: gr.Slider
    top_p: gr.Slider
    top_k: gr.Number
    min_p: gr.Slider
    repetition_penalty: gr.Slider
    seed: gr.Textbox
    max_new_tokens: gr.Number
    recall: gr.Checkbox

    @classmethod
    def build(cls) -> SettingsForm:
        """Lay the fields out in the current column."""
        _heading("Answers")
        with gr.Row(elem_classes="fields"):
            temperature = gr.Slider(
                0, 2, step=0.05, label="Temperature", info="0 always takes the likeliest token"
            )
            top_p = gr.Slider(
                0.05, 1, step=0.05, label="Top-p", info="smallest set of tokens with this probability"
            )
        with gr.Row(elem_classes="fields"):
            min_p = gr.Slider(
                0, 1, step=0.01, label="Min-p", info="share of the best token's probability; 0 is off"
            )
            repetition_penalty = gr.Slider(
                1,
                2,
                step=0.05,
                label="Repetition penalty",
                info="1 is off; so is 1.15 where there are quotes to copy",
            )
        with gr.Row(elem_classes="fields"):
            top_k = gr.Number(label="Top-k", precision=0, minimum=0, info="0 is off")
            max_new_tokens = gr.Number(label="Longest answer", precision=0, minimum=1, info="in tokens")
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
            attention_sinks = gr.Number(
                label="Sinks", precision=0, minimum=0, info="first tokens, always kept word for word"
            )
            sliding_window = gr.Number(
                label="Window", precision=0, minimum=1, info="last tokens, kept word for word"
            )
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
        for name in ("attention_sinks", "sliding_window", "top_k", "max_new_tokens"):
            if flat[name] is None:
                raise ValueError(f"The field for {name.replace('_', ' ')} is empty; give a whole number.")
        seed = (flat["seed"] or "").strip()
        if seed and not seed.lstrip("-").isdecimal():
            raise ValueError(f"The seed {seed!r} is not a whole number; give one, or leave the field empty.")
        sampling = SamplingSettings(
            temperature=flat["temperature"],
            top_p=flat["top_p"],
            top_k=int(flat["top_k"]),
            min_p=flat["min_p"],
            repetition_penalty=flat["repetition_penalty"],
            seed=int(seed) if seed else None,
        )
        return ChatSettings(
            memory=flat["memory"],
            attention_sinks=int(flat["attention_sinks"]),
            sliding_window=int(flat["sliding_window"]),
            system_prompt=flat["system_prompt"] or "",
            sampling=sampling,
            max_new_tokens=int(flat["max_new_tokens"]),
            recall=bool(flat["recall"]),
        )


def _heading(title: str) -> None:
    gr.HTML(f'<h3 class="sub">{title}</h3>', elem_classes="drawn", apply_default_css=False)
