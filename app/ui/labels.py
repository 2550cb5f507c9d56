"""The labels of gradio's components, in the language of each page.

Gradio's components are made once, for all pages; what stands on them is looked up in the browser, by a key.
`assets/ui/language.js` tells the browser which language that is.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar, cast

import gradio as gr

from app.ui.words.common import COMMON
from app.ui.words.comparison import COMPARISON
from app.ui.words.frame import FRAME
from app.ui.words.models import MODELS
from app.ui.words.presets import PRESETS
from app.ui.words.settings import SETTINGS
from app.ui.words.translated import LANGUAGES, TAGS, Translated

GROUPS: dict[str, Translated[Any]] = {
    "common": COMMON,
    "frame": FRAME,
    "models": MODELS,
    "comparison": COMPARISON,
    "presets": PRESETS,
    "settings": SETTINGS,
}
Sentences = TypeVar("Sentences")


def translations() -> gr.I18n:
    """Every sentence of those groups that stands alone, by language and key: "settings.temperature"."""
    return gr.I18n(
        **{
            TAGS[language]: {
                f"{group}.{field.name}": value
                for group, words in GROUPS.items()
                for field in fields(words.english)
                if isinstance(value := getattr(words.of(language), field.name), str)
            }
            for language in LANGUAGES
        }
    )


def keys(words: Translated[Sentences]) -> Sentences:
    """The sentences as what a component is given in their place: each looks itself up in the browser.

    Only where gradio looks: in a component's `label`, `info`, `placeholder` and `value`.
    """
    group = next(name for name, known in GROUPS.items() if known is words)
    english = cast("Any", words.of("en"))
    looked_up = {
        field.name: gr.I18n()(f"{group}.{field.name}")
        for field in fields(english)
        if isinstance(getattr(english, field.name), str)
    }
    return cast("Sentences", replace(english, **cast("Any", looked_up)))
