"""Settings with a name: a few that come with the app, those that were saved, and which of them new chats start with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from app.conversation.errors import ChatError
from app.conversation.settings import ChatSettings
from app.sentences import Sentence

DEFAULTS = "Defaults"
MOST_CHARACTERS = 60  # of a name
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preset:
    """Settings under a name. about: what they are for, of those that come with the app; "" for others."""

    name: str
    settings: ChatSettings
    about: str = ""

    @property
    def shipped(self) -> bool:
        """Whether it comes with the app, so that it can be neither changed nor deleted."""
        return bool(self.about)


class PresetRows(Protocol):
    """Where saved presets are kept: `app.store.Presets`."""

    def all(self) -> dict[str, dict[str, Any]]: ...
    def save(self, name: str, settings: dict[str, Any]) -> None: ...
    def delete(self, name: str) -> bool: ...
    def for_new_chats(self) -> str: ...
    def choose_for_new_chats(self, name: str) -> None: ...


def shipped(defaults: ChatSettings) -> list[Preset]:
    """The presets that come with the app, for a model with these defaults."""
    sampling, window = defaults.sampling, defaults.sliding_window
    exact = replace(sampling, temperature=0.0, repetition_penalty=1.0, seed=None)
    varied = replace(sampling, temperature=0.8, min_p=0.05, seed=None)
    return [
        Preset(DEFAULTS, defaults, "what suits this model"),
        Preset(
            "Exact",
            replace(defaults, sampling=exact),
            "always the likeliest word, and no penalty for saying again what the text says",
        ),
        Preset(
            "Varied",
            replace(defaults, sampling=varied),
            "words drawn at random, so that answering again gives another answer",
        ),
        Preset(
            "Small window",
            replace(defaults, sliding_window=max(window // 4, 1)),
            "a quarter of the window: less memory, more of the text only remembered",
        ),
        Preset(
            "Window only",
            replace(defaults, memory="window"),
            "without the compressed memory: what leaves the window is forgotten",
        ),
        Preset(
            "Full attention",
            replace(defaults, memory="full"),
            "everything kept word for word; for documents within the model's trained length",
        ),
    ]


class PresetShelf:
    """The presets of one model. May be used from any thread."""

    def __init__(self, rows: PresetRows, defaults: Callable[[], ChatSettings], max_positions: int) -> None:
        """`max_positions`: the model's trained length, which saved windows are made to fit."""
        self._rows = rows
        self._defaults = defaults
        self._max_positions = max_positions

    def all(self) -> list[Preset]:
        """Those that come with the app, then the saved ones; one that cannot be read is left out and stays stored."""
        presets = shipped(self._defaults())
        for name, values in self._rows.all().items():
            try:
                presets.append(Preset(name, ChatSettings.from_json(values).fitted(self._max_positions)))
            except ValueError as error:
                log.warning("The preset %r cannot be read: %s", name, error)
        return presets

    def get(self, name: str) -> Preset:
        """The preset of this name. Raises ChatError where there is none."""
        preset = next((preset for preset in self.all() if preset.name == name), None)
        if preset is None:
            raise ChatError(
                Sentence(
                    "There is no preset “{name}”, so nothing was changed; choose one from the list.",
                    name=name,
                )
            )
        return preset

    def save(self, name: str, settings: ChatSettings) -> Preset:
        """Keep settings under a name, in place of those that had it. Raises ChatError for a name that cannot be given,
        SettingsError for a window that does not fit the model."""
        name = " ".join(name.split())
        if not name:
            raise ChatError(Sentence("The preset has no name, so it could not be chosen again; type one."))
        if len(name) > MOST_CHARACTERS:
            raise ChatError(
                Sentence(
                    "This name has {count:,} characters, over the {most} that lists have room for, so "
                    "nothing was saved; give a shorter one.",
                    count=len(name),
                    most=MOST_CHARACTERS,
                )
            )
        if any(name.casefold() == preset.name.casefold() for preset in shipped(self._defaults())):
            raise ChatError(
                Sentence("“{name}” comes with the app, so it stays as it is; give another name.", name=name)
            )
        settings.check_fits(self._max_positions)
        self._rows.save(name, settings.to_json())
        return Preset(name, settings)

    def delete(self, name: str) -> None:
        """Forget a saved preset; chats that use its settings keep them. Raises ChatError for one of the app's."""
        if any(name == preset.name for preset in shipped(self._defaults())):
            raise ChatError(
                Sentence(
                    "“{name}” comes with the app and cannot be deleted; choose one that was saved.", name=name
                )
            )
        if not self._rows.delete(name):
            raise ChatError(
                Sentence(
                    "There is no preset “{name}”, so nothing was deleted; choose one from the list.",
                    name=name,
                )
            )

    def for_new_chats(self) -> Preset:
        """What new chats start with: the preset that was chosen, else the defaults."""
        name = self._rows.for_new_chats()
        presets = self.all()
        return next((preset for preset in presets if preset.name == name), presets[0])

    def choose_for_new_chats(self, name: str) -> None:
        """Have new chats start with this preset. Raises ChatError where there is none of this name."""
        name = self.get(name).name
        self._rows.choose_for_new_chats("" if name == DEFAULTS else name)

    def name_of(self, settings: ChatSettings) -> str:
        """The name of the preset with just these settings; "" where there is none."""
        return next((preset.name for preset in self.all() if preset.settings == settings), "")


def differences(settings: ChatSettings, defaults: ChatSettings) -> list[tuple[str, Any, Any]]:
    """What differs, as (name of the field, value, default), sampling's fields among them."""
    pairs: list[tuple[str, Any, Any]] = []
    for one, other in ((settings, defaults), (settings.sampling, defaults.sampling)):
        for entry in fields(one):
            value, default = getattr(one, entry.name), getattr(other, entry.name)
            if entry.name != "sampling" and value != default:
                pairs.append((entry.name, value, default))
    return pairs
