"""What stands around the conversation: the bar at the top, tabs, the status line, keyboard shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class FrameWords:
    """kind: the memory's kind in the status line. shortcuts: keys, parted by spaces, and what they do."""

    chat_tab: str
    library_tab: str
    compare_tab: str
    settings_tab: str
    toggle_left: str
    toggle_shortcuts: str
    toggle_theme: str
    read: str
    answer: str
    write: str
    first_token: str
    looked_up: str
    looked_up_tokens: str
    in_context: str
    memory: str
    status_label: str
    kind: Mapping[str, str]
    reading_question: str
    loading: str
    waiting_for_answers: Plural
    waiting_for_model: str
    ask_now: str
    waiting_until_html: str
    reading_before: str
    shortcuts_label: str
    keyboard: str
    shortcuts: tuple[tuple[str, str], ...]


FRAME = Translated(
    english=FrameWords(
        chat_tab="Chat",
        library_tab="Library",
        compare_tab="Compare",
        settings_tab="Settings",
        toggle_left="Documents and chats",
        toggle_shortcuts="Keyboard shortcuts (Ctrl+/)",
        toggle_theme="Light or dark",
        read="read",
        answer="answer",
        write="write",
        first_token="to first token",
        looked_up="looked up",
        looked_up_tokens="{passages}, {tokens}",
        in_context="in context",
        memory="memory",
        status_label="Speed and tokens",
        kind={"ahn": "AHN", "window": "window only", "full": "full attention"},
        reading_question="reading the question",
        loading="Loading the model",
        waiting_for_answers=Plural("Waiting for {n} other answer", "Waiting for {n} other answers"),
        waiting_for_model="Waiting for the model",
        ask_now="Ask about what has been read so far",
        waiting_until_html='<span>Waiting until</span><b class="name">{name}</b><span>is read</span>',
        reading_before="Reading before the answer",
        shortcuts_label="Keyboard shortcuts",
        keyboard="Keyboard",
        shortcuts=(
            ("Enter", "send the question"),
            ("Shift Enter", "new line"),
            ("Esc", "stop the answer, or close this"),
            ("Ctrl K", "search chats and documents"),
            ("Ctrl F", "search the document that is open"),
            ("← →", "turn the pages of the document that is open"),
            ("Ctrl /", "show these shortcuts"),
        ),
    ),
    german=FrameWords(
        chat_tab="Chat",
        library_tab="Bibliothek",
        compare_tab="Vergleich",
        settings_tab="Einstellungen",
        toggle_left="Dokumente und Chats",
        toggle_shortcuts="Tastenkürzel (Strg+/)",
        toggle_theme="Hell oder dunkel",
        read="Lesen",
        answer="Antwort",
        write="Schreiben",
        first_token="bis zum ersten Token",
        looked_up="nachgeschlagen",
        looked_up_tokens="{passages}, {tokens}",
        in_context="im Kontext",
        memory="Gedächtnis",
        status_label="Tempo und Tokens",
        kind={"ahn": "AHN", "window": "nur Fenster", "full": "volle Aufmerksamkeit"},
        reading_question="liest die Frage",
        loading="Das Modell wird geladen",
        waiting_for_answers=Plural("Wartet auf {n} andere Antwort", "Wartet auf {n} andere Antworten"),
        waiting_for_model="Wartet auf das Modell",
        ask_now="Zu dem fragen, was schon gelesen ist",
        waiting_until_html='<span>Wartet, bis</span><b class="name">{name}</b><span>gelesen ist</span>',
        reading_before="Lesen vor der Antwort",
        shortcuts_label="Tastenkürzel",
        keyboard="Tastatur",
        shortcuts=(
            ("Enter", "die Frage senden"),
            ("Umschalt Enter", "neue Zeile"),
            ("Esc", "die Antwort anhalten oder dies schließen"),
            ("Strg K", "Chats und Dokumente durchsuchen"),
            ("Strg F", "das offene Dokument durchsuchen"),
            ("← →", "im offenen Dokument blättern"),
            ("Strg /", "diese Tastenkürzel zeigen"),
        ),
    ),
    chinese=FrameWords(
        chat_tab="对话",
        library_tab="书库",
        compare_tab="比较",
        settings_tab="设置",
        toggle_left="文档和对话",
        toggle_shortcuts="键盘快捷键 (Ctrl+/)",
        toggle_theme="浅色或深色",
        read="阅读",
        answer="回答",
        write="生成",
        first_token="首个词元",
        looked_up="已查阅",
        looked_up_tokens="{passages}，{tokens}",
        in_context="上下文",
        memory="记忆",
        status_label="速度和词元",
        kind={"ahn": "AHN", "window": "仅窗口", "full": "全注意力"},
        reading_question="正在读题",
        loading="正在加载模型",
        waiting_for_answers=same("正在等待另外 {n} 个回答"),
        waiting_for_model="正在等待模型",
        ask_now="就已读的部分提问",
        waiting_until_html='<span>正在等待读完</span><b class="name">{name}</b>',
        reading_before="回答前的阅读",
        shortcuts_label="键盘快捷键",
        keyboard="键盘",
        shortcuts=(
            ("Enter", "发送问题"),
            ("Shift Enter", "换行"),
            ("Esc", "停止回答，或关闭此窗口"),
            ("Ctrl K", "搜索对话和文档"),
            ("Ctrl F", "在打开的文档中搜索"),
            ("← →", "翻动打开的文档"),
            ("Ctrl /", "显示这些快捷键"),
        ),
    ),
)
