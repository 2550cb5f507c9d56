"""What is asked, before it is answered: cleaned, and small enough to be held word for word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.conversation.errors import ChatError
from app.conversation.settings import ChatSettings
from app.sentences import Sentence

if TYPE_CHECKING:
    from app.conversation.resources import Resources

# Halves of surrogate pairs have no bytes of their own and cannot be stored: bytes of the command line that are no UTF-8
# come as such, and so does what a browser makes of a broken emoji. Controls cannot be seen.
_UNREADABLE = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f]")


def clean_question(question: str) -> str:
    """The question without surrounding blanks and control characters, with U+FFFD for what is no character."""
    return _CONTROLS.sub("", _UNREADABLE.sub("\ufffd", question)).strip()


def unreadable_characters(question: str) -> int:
    """How many characters `clean_question` replaces."""
    return len(_UNREADABLE.findall(question))


def replaced_sentence(count: int) -> str:
    """What to say where some were."""
    if count == 1:
        return Sentence(
            "1 character was not readable text and stand as \ufffd in the question; the rest is asked as it "
            "is."
        )
    return Sentence(
        "{count:,} characters were not readable text and stand as \ufffd in the question; the rest is asked "
        "as it is.",
        count=count,
    )


def check_question(resources: Resources, settings: ChatSettings, question: str) -> str:
    """The question, cleaned. Raises ChatError where it is empty or cannot be held word for word."""
    question = clean_question(question)
    if not question:
        raise ChatError(Sentence("The question is empty, so there is nothing to answer; type one first."))
    tokens, limit = resources.count_tokens(question), longest_question(resources, settings)
    if tokens > limit:
        around = len(
            resources.layout(settings.system_prompt).asking
        )  # what closes the question is held with it
        values = {"tokens": tokens + around, "limit": limit + around}
        if settings.memory == "full":
            raise ChatError(
                Sentence(
                    "The question has {tokens:,} tokens, more than the {limit:,} the length the model was "
                    "trained for leaves, so its beginning would be lost before the answer; shorten it, or "
                    "add the long text as a document.",
                    **values,
                )
            )
        raise ChatError(
            Sentence(
                "The question has {tokens:,} tokens, more than the {limit:,} the sliding window holds, so "
                "its beginning would be lost before the answer; shorten it, or add the long text as a "
                "document.",
                **values,
            )
        )
    return question


def longest_question(resources: Resources, settings: ChatSettings) -> int:
    """Tokens that a question may have to be held word for word, whatever was read before."""
    layout = resources.layout(settings.system_prompt)
    full = settings.memory == "full"
    held = resources.max_positions - len(layout.opening) - 1 if full else settings.sliding_window
    return held - len(layout.asking)
