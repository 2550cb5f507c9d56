"""Versions of a turn."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


@dataclass(frozen=True)
class VersionWords:
    """Which version of a question and its answer is shown, the way to the others, and deleting one."""

    place: str
    group: str
    before: str
    after: str
    delete: str
    delete_version: str
    ask: str
    ask_version: str
    ask_following: Plural
    hidden: Plural
    show_again: str
    stays: str


VERSIONS = Translated(
    english=VersionWords(
        place="{number} of {count}",
        group="Versions of this question and its answer",
        before="Show the version before this one ({place})",
        after="Show the version after this one ({place})",
        delete="Delete this question and its answer",
        delete_version="Delete this version",
        ask="Delete this question and its answer?",
        ask_version="Delete this version? The others stay.",
        ask_following=Plural(
            "{n} question and its answer that came after it will be deleted, too.",
            "{n} questions and their answers that came after it will be deleted, too.",
        ),
        hidden=Plural(
            "The conversation went on here: {n} question and its answer taken back, nothing deleted.",
            "The conversation went on here: {n} questions and their answers taken back, nothing deleted.",
        ),
        show_again="Show again",
        stays="The old question and its answer stay as another version.",
    ),
)
