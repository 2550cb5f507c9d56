"""Presets in words, and the line that says where a chat's settings are not the defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.conversation.presets import DEFAULTS, Preset, differences
from app.conversation.settings import ChatSettings
from app.ui.views import markup as m
from app.ui.words.presets import PRESETS
from app.ui.words.translated import number


def shown_name(preset: Preset) -> str:
    """What a preset is called: its own name, or that of one that comes with the app in the language that is spoken."""
    return PRESETS().preset.get(preset.name, preset.name) if preset.shipped else preset.name


def choice(preset: Preset) -> str:
    """A preset in a list."""
    if not preset.shipped:
        return preset.name
    w = PRESETS()
    return w.choice.format(name=shown_name(preset), about=w.about.get(preset.name, preset.about))


def note(settings: ChatSettings, defaults: ChatSettings, presets: Sequence[Preset] = ()) -> str:
    """The line over the text box where the settings are not the defaults; "" where they are."""
    told = ", ".join(_difference(*one) for one in differences(settings, defaults))
    if not told:
        return ""
    w = PRESETS()
    preset = next((one for one in presets if one.settings == settings and one.name != DEFAULTS), None)
    words = (
        w.different.format(differences=told)
        if preset is None
        else w.called.format(name=shown_name(preset), differences=told)
    )
    button = m.button(w.to_settings, "show-settings")
    return f'<p class="settings-note"><span title="{m.text(words)}">{m.text(words)}</span>{button}</p>'


def _difference(name: str, value: Any, default: Any) -> str:
    w = PRESETS()
    if name == "system_prompt":
        return w.own_prompt if value else w.no_prompt
    if name == "recall":
        return w.recall if value else w.no_recall
    return w.difference.format(name=w.setting.get(name, name), value=_value(value), default=_value(default))


def _value(value: Any) -> str:
    w = PRESETS()
    if value is None or value == ():
        return w.none
    if isinstance(value, int | float):
        return number(value, "," if isinstance(value, int) else "g")
    return w.kind.get(value, value) if isinstance(value, str) else str(value)
