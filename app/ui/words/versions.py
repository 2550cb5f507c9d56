"""Versions of a turn."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


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
    german=VersionWords(
        place="{number} von {count}",
        group="Fassungen dieser Frage und ihrer Antwort",
        before="Die vorige Fassung zeigen ({place})",
        after="Die nächste Fassung zeigen ({place})",
        delete="Diese Frage und ihre Antwort löschen",
        delete_version="Diese Fassung löschen",
        ask="Diese Frage und ihre Antwort löschen?",
        ask_version="Diese Fassung löschen? Die anderen bleiben.",
        ask_following=Plural(
            "{n} Frage danach wird mit ihrer Antwort auch gelöscht.",
            "{n} Fragen danach werden mit ihren Antworten auch gelöscht.",
        ),
        hidden=Plural(
            "Hier ging das Gespräch weiter: {n} Frage mit Antwort zurückgenommen, nichts gelöscht.",
            "Hier ging das Gespräch weiter: {n} Fragen mit Antworten zurückgenommen, nichts gelöscht.",
        ),
        show_again="Wieder zeigen",
        stays="Die alte Frage und ihre Antwort bleiben als andere Fassung.",
    ),
    chinese=VersionWords(
        place="{number}/{count}",
        group="此问题及其回答的各个版本",
        before="显示上一个版本 ({place})",
        after="显示下一个版本 ({place})",
        delete="删除此问题及其回答",
        delete_version="删除此版本",
        ask="删除此问题及其回答？",
        ask_version="删除此版本？其他版本会保留。",
        ask_following=same("其后的 {n} 个问题及其回答也会一并删除。"),
        hidden=same("对话曾在此继续：已撤回 {n} 个问题及其回答，没有删除任何内容。"),
        show_again="重新显示",
        stays="原来的问题及其回答会作为另一个版本保留。",
    ),
)
