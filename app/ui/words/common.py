"""Words that several views share: numbers with their units, and what documents and memories are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class CommonWords:
    """Units, things that are counted, and buttons that stand in several places.

    units: what the parts of documents are called, by the store's name for them, and counted. unit: the same, before a
    number. pane: the kinds of memory as the comparison calls them.
    """

    rate: str
    seconds: str
    minutes: str
    hours: str
    left: str
    characters: Plural
    documents: Plural
    pages: Plural
    passages: Plural
    questions: Plural
    tokens: Plural
    units: Mapping[str, Plural]
    unit: Mapping[str, str]
    page_label: str
    pages_label: str
    page_of: str
    pane: Mapping[str, str]
    word_for_word: str
    remembered: str
    looked_up: str
    in_line: str
    read_label: str
    delete: str
    keep: str
    cancel: str
    add_document: str
    add_to_chat: str
    open_document: str
    memory: str
    model_loading: str
    still_loading: str
    stop_reading: str
    leave_as_it_is: str
    recognise_text_of: str


COMMON = Translated(
    english=CommonWords(
        rate="{n} tok/s",
        seconds="{n} s",
        minutes="{n} min",
        hours="{hours} h {minutes} min",
        left="{time} left",
        characters=Plural("{n} character", "{n} characters"),
        documents=Plural("{n} document", "{n} documents"),
        pages=Plural("{n} page", "{n} pages"),
        passages=Plural("{n} passage", "{n} passages"),
        questions=Plural("{n} question", "{n} questions"),
        tokens=Plural("{n} token", "{n} tokens"),
        units={
            "page": Plural("{n} page", "{n} pages"),
            "lines": Plural("{n} page", "{n} pages"),
            "section": Plural("{n} section", "{n} sections"),
            "chapter": Plural("{n} chapter", "{n} chapters"),
            "slide": Plural("{n} slide", "{n} slides"),
            "sheet": Plural("{n} sheet", "{n} sheets"),
            "message": Plural("{n} message", "{n} messages"),
        },
        unit={
            "page": "p.",
            "lines": "part",
            "section": "section",
            "chapter": "chapter",
            "slide": "slide",
            "sheet": "sheet",
            "message": "message",
        },
        page_label="p. {label}",
        pages_label="pp. {label}",
        page_of="page {n} of {total}",
        pane={"full": "Base model", "window": "Window only", "ahn": "AHN"},
        word_for_word="word for word",
        remembered="remembered",
        looked_up="looked up",
        in_line="in line",
        read_label="{name}: read",
        delete="Delete",
        keep="Keep",
        cancel="Cancel",
        add_document="Add document",
        add_to_chat="Add {name} to this chat",
        open_document="Open {name}",
        memory="Memory",
        model_loading="The model is being loaded",
        still_loading="The model is still being loaded; try again when it is there.",
        stop_reading="Stop reading {name}; what was read stays",
        leave_as_it_is="Cancel: leave {name} as it is",
        recognise_text_of="Recognise the text of {name}",
    ),
    german=CommonWords(
        rate="{n} Tok/s",
        seconds="{n} s",
        minutes="{n} min",
        hours="{hours} h {minutes} min",
        left="noch {time}",
        characters=Plural("{n} Zeichen", "{n} Zeichen"),
        documents=Plural("{n} Dokument", "{n} Dokumente"),
        pages=Plural("{n} Seite", "{n} Seiten"),
        passages=Plural("{n} Textstelle", "{n} Textstellen"),
        questions=Plural("{n} Frage", "{n} Fragen"),
        tokens=Plural("{n} Token", "{n} Tokens"),
        units={
            "page": Plural("{n} Seite", "{n} Seiten"),
            "lines": Plural("{n} Seite", "{n} Seiten"),
            "section": Plural("{n} Abschnitt", "{n} Abschnitte"),
            "chapter": Plural("{n} Kapitel", "{n} Kapitel"),
            "slide": Plural("{n} Folie", "{n} Folien"),
            "sheet": Plural("{n} Tabellenblatt", "{n} Tabellenblätter"),
            "message": Plural("{n} Nachricht", "{n} Nachrichten"),
        },
        unit={
            "page": "S.",
            "lines": "Teil",
            "section": "Abschnitt",
            "chapter": "Kapitel",
            "slide": "Folie",
            "sheet": "Blatt",
            "message": "Nachricht",
        },
        page_label="S. {label}",
        pages_label="S. {label}",
        page_of="Seite {n} von {total}",
        pane={"full": "Grundmodell", "window": "Nur Fenster", "ahn": "AHN"},
        word_for_word="Wort für Wort",
        remembered="erinnert",
        looked_up="nachgeschlagen",
        in_line="in der Warteschlange",
        read_label="{name}: gelesen",
        delete="Löschen",
        keep="Behalten",
        cancel="Abbrechen",
        add_document="Dokument hinzufügen",
        add_to_chat="{name} zu diesem Chat hinzufügen",
        open_document="{name} öffnen",
        memory="Gedächtnis",
        model_loading="Das Modell wird geladen",
        still_loading="Das Modell wird noch geladen; versuchen Sie es noch einmal, wenn es da ist.",
        stop_reading="{name} nicht weiterlesen; was gelesen ist, bleibt",
        leave_as_it_is="Abbrechen: {name} lassen, wie es ist",
        recognise_text_of="Text von {name} erkennen",
    ),
    chinese=CommonWords(
        rate="{n} 词元/秒",
        seconds="{n} 秒",
        minutes="{n} 分钟",
        hours="{hours} 小时 {minutes} 分钟",
        left="还需 {time}",
        characters=same("{n} 个字符"),
        documents=same("{n} 个文档"),
        pages=same("{n} 页"),
        passages=same("{n} 个段落"),
        questions=same("{n} 个问题"),
        tokens=same("{n} 个词元"),
        units={
            "page": same("{n} 页"),
            "lines": same("{n} 页"),
            "section": same("{n} 节"),
            "chapter": same("{n} 章"),
            "slide": same("{n} 张幻灯片"),
            "sheet": same("{n} 个工作表"),
            "message": same("{n} 封邮件"),
        },
        unit={
            "page": "页",
            "lines": "部分",
            "section": "节",
            "chapter": "章",
            "slide": "幻灯片",
            "sheet": "工作表",
            "message": "邮件",
        },
        page_label="第 {label} 页",
        pages_label="第 {label} 页",
        page_of="第 {n} 页，共 {total} 页",
        pane={"full": "基础模型", "window": "仅窗口", "ahn": "AHN"},
        word_for_word="逐字保留",
        remembered="已记住",
        looked_up="已查阅",
        in_line="排队中",
        read_label="{name}：阅读进度",
        delete="删除",
        keep="保留",
        cancel="取消",
        add_document="添加文档",
        add_to_chat="将 {name} 添加到此对话",
        open_document="打开 {name}",
        memory="记忆",
        model_loading="正在加载模型",
        still_loading="模型仍在加载，请在加载完成后重试。",
        stop_reading="停止阅读 {name}；已读部分保留",
        leave_as_it_is="取消：{name} 保持不变",
        recognise_text_of="识别 {name} 的文字",
    ),
)
