"""Saving chats as files and taking them in again."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ChatFileWords:
    """Links and buttons."""

    markdown: str
    json: str
    save_markdown: str
    save_json: str
    heading: str
    about: str
    save_all: str
    import_chats: str
    import_title: str


CHAT_FILES = Translated(
    english=ChatFileWords(
        markdown="Markdown",
        json="JSON",
        save_markdown="Save this conversation as Markdown: what is shown, with quotes, citations and figures",
        save_json="Save this conversation as JSON: every version, to be imported again",
        heading="Chats as files",
        about="All chats in one JSON file, with every version of every answer; documents are named, not contained.",
        save_all="Save all chats",
        import_chats="Import chats",
        import_title="Import chats from a JSON file that AHN Chat has saved",
    ),
    german=ChatFileWords(
        markdown="Markdown",
        json="JSON",
        save_markdown=(
            "Diesen Chat als Markdown sichern: was gezeigt wird, mit Zitaten, Belegen und Messwerten"
        ),
        save_json="Diesen Chat als JSON sichern: alle Fassungen, zum späteren Einlesen",
        heading="Chats als Dateien",
        about=(
            "Alle Chats in einer JSON-Datei, mit jeder Fassung jeder Antwort; Dokumente sind genannt, nicht "
            "enthalten."
        ),
        save_all="Alle Chats sichern",
        import_chats="Chats einlesen",
        import_title="Chats aus einer JSON-Datei einlesen, die AHN Chat gesichert hat",
    ),
    chinese=ChatFileWords(
        markdown="Markdown",
        json="JSON",
        save_markdown="将此对话保存为 Markdown：当前显示的内容，附引文、出处和数据",
        save_json="将此对话保存为 JSON：包含所有版本，可再次导入",
        heading="对话文件",
        about="所有对话保存在一个 JSON 文件中，含每个回答的所有版本；文档只记名称，不含内容。",
        save_all="保存所有对话",
        import_chats="导入对话",
        import_title="从 AHN Chat 保存的 JSON 文件导入对话",
    ),
)
