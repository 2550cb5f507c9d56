"""What comes from below the page, errors and warnings, in the language that is being spoken.

Below the page sentences are English and remember what they were made of (`app.sentences.Sentence`). Here stand their
other languages, a module a room, by the English template. To add one: say it below with `Sentence`, and give its other
forms here; a test says where one is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from app.sentences import Sentence
from app.ui.words.below.chats import CHATS
from app.ui.words.below.faults import FAULTS
from app.ui.words.below.kinds import KINDS
from app.ui.words.below.models import MODELS
from app.ui.words.below.others import Others
from app.ui.words.below.reading import READING
from app.ui.words.below.stored import STORED
from app.ui.words.below.warnings import WARNINGS
from app.ui.words.translated import number, spoken

ROOMS: tuple[Mapping[str, Others], ...] = (CHATS, READING, STORED, MODELS, FAULTS, KINDS, WARNINGS)
BELOW: Mapping[str, Others] = {template: others for room in ROOMS for template, others in room.items()}


class _Speaking(Formatter):
    """Fills in values as the language that is being spoken writes them, a sentence within a sentence too."""

    def format_field(self, value: Any, form: str) -> str:
        if isinstance(value, str):
            return told(value)
        return number(value, form)


def told_in(frame: str, message: str) -> str:
    """As `told`, but what has no form in the language that is being spoken stands in `frame`, a sentence of the page
    with {error}."""
    known = isinstance(message, Sentence) and message.template in BELOW
    return told(message) if known or spoken() == "en" else frame.format(error=message.rstrip("."))


def told(message: str) -> str:
    """A message from below in the language that is being spoken; one that is no `Sentence`, or an unknown one, as it
    is: what other programs say, and what older versions have stored.
    """
    if not isinstance(message, Sentence) or spoken() == "en" or message.template not in BELOW:
        return message
    others = BELOW[message.template]
    try:
        return _Speaking().vformat(others.german if spoken() == "de" else others.chinese, (), message.values)
    except (KeyError, ValueError):  # another version stored it, with other values
        return message
