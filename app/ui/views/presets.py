"""Presets in words, and the line that says where a chat's settings are not the defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.conversation.presets import DEFAULTS, Preset, differences
from app.conversation.settings import ChatSettings
from app.ui.views import markup as m

NAMES = {
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
}
KINDS = {"ahn": "AHN", "window": "window only", "full": "full attention"}
OWN_PROMPT, NO_PROMPT = "a system prompt of its own", "no system prompt"
NO_RECALL, RECALL = "nothing is looked up", "questions are looked up"
NONE = "none"
DIFFERENT = "Not the default settings: {differences}"
CALLED = "Preset “{name}”: {differences}"
DIFFERENCE = "{name} {value} (default {default})"
TO_SETTINGS = "Settings"


@dataclass(frozen=True)
class Words:
    """What the fields say."""

    heading: str = "Presets"
    chosen: str = "Preset"
    chosen_info: str = "fills in the fields below, which are not in use yet"
    for_new: str = "New chats start with"
    for_new_info: str = "chats that are there keep their settings"
    name: str = "Name for the fields below"
    save: str = "Save"
    delete: str = "Delete"
    saved: str = "Saved as the preset “{name}”."
    deleted: str = "The preset “{name}” is deleted; the fields below keep its values."
    starts_with: str = "New chats start with “{name}”."

    def choice(self, preset: Preset) -> str:
        """A preset in a list."""
        return f"{preset.name}: {preset.about}" if preset.about else preset.name


WORDS = Words()


def note(settings: ChatSettings, defaults: ChatSettings, presets: Sequence[Preset] = ()) -> str:
    """The line over the text box where the settings are not the defaults; "" where they are."""
    told = [_difference(*one) for one in differences(settings, defaults)]
    if not told:
        return ""
    name = next((one.name for one in presets if one.settings == settings and one.name != DEFAULTS), "")
    words = (CALLED if name else DIFFERENT).format(name=name, differences=", ".join(told))
    button = m.button(TO_SETTINGS, "show-settings")
    return f'<p class="settings-note"><span title="{m.text(words)}">{m.text(words)}</span>{button}</p>'


def _difference(name: str, value: Any, default: Any) -> str:
    if name == "system_prompt":
        return OWN_PROMPT if value else NO_PROMPT
    if name == "recall":
        return RECALL if value else NO_RECALL
    return DIFFERENCE.format(name=NAMES.get(name, name), value=_value(value), default=_value(default))


def _value(value: Any) -> str:
    if value is None or value == ():
        return NONE
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return KINDS.get(value, str(value)) if isinstance(value, str) else str(value)
