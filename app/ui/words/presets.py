"""Presets for settings, and the line that says where a chat's settings are not the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class PresetWords:
    """preset: what the presets that come with the app are called, by their names below the page; about: what each is
    for. setting: what settings are called in the line over the text box. kind: kinds of memory, there."""

    heading: str
    chosen: str
    chosen_info: str
    for_new: str
    for_new_info: str
    name: str
    save: str
    saved: str
    deleted: str
    starts_with: str
    choice: str
    preset: Mapping[str, str]
    about: Mapping[str, str]
    setting: Mapping[str, str]
    kind: Mapping[str, str]
    own_prompt: str
    no_prompt: str
    recall: str
    no_recall: str
    none: str
    different: str
    called: str
    difference: str
    to_settings: str


PRESETS = Translated(
    english=PresetWords(
        heading="Presets",
        chosen="Preset",
        chosen_info="fills in the fields below, which are not in use yet",
        for_new="New chats start with",
        for_new_info="chats that are there keep their settings",
        name="Name for the fields below",
        save="Save",
        saved="Saved as the preset “{name}”.",
        deleted="The preset “{name}” is deleted; the fields below keep its values.",
        starts_with="New chats start with “{name}”.",
        choice="{name}: {about}",
        preset={
            "Defaults": "Defaults",
            "Exact": "Exact",
            "Varied": "Varied",
            "Small window": "Small window",
            "Window only": "Window only",
            "Full attention": "Full attention",
        },
        about={
            "Defaults": "what suits this model",
            "Exact": "always the likeliest word, and no penalty for saying again what the text says",
            "Varied": "words drawn at random, so that answering again gives another answer",
            "Small window": "a quarter of the window: less memory, more of the text only remembered",
            "Window only": "without the compressed memory: what leaves the window is forgotten",
            "Full attention": "everything kept word for word; for documents within the model's trained length",
        },
        setting={
            "memory": "memory",
            "attention_sinks": "sinks",
            "sliding_window": "window",
            "max_new_tokens": "longest answer",
            "temperature": "temperature",
            "top_p": "top-p",
            "top_k": "top-k",
            "min_p": "min-p",
            "repetition_penalty": "repetition penalty",
            "seed": "seed",
        },
        kind={"ahn": "AHN", "window": "window only", "full": "full attention"},
        own_prompt="a system prompt of its own",
        no_prompt="no system prompt",
        recall="questions are looked up",
        no_recall="nothing is looked up",
        none="none",
        different="Not the default settings: {differences}",
        called="Preset “{name}”: {differences}",
        difference="{name} {value} (default {default})",
        to_settings="Settings",
    ),
)
