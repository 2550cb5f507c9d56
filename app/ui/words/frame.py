"""What stands around the conversation: the bar at the top, tabs, the status line, keyboard shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


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
)
