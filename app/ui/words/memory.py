"""The memory panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class MemoryWords:
    """tier: what the tiers are called. page_state: how the pages of a document are held."""

    nothing_read: str
    tokens_read_html: Plural
    per_layer: str
    word_by_word: str
    untrained: str
    limits: str
    note: Mapping[str, str]
    tier: Mapping[str, str]
    forgotten: str
    page_state: Mapping[str, str]
    tier_bar: str
    passages_title: Plural
    this_memory: str
    in_use: str
    full_attention: str
    times_as_much: str
    full_attention_bar: str
    this_chat: str
    this_chat_title: str
    on_disk: str
    one_page_state: str
    pages_state: str
    pages_of: str
    pages_by_state: str
    nothing_compressed: str
    state_norm: str
    share_of_output: str
    half_life: str
    by_layer: str
    layer: str
    layer_value: str
    never: str
    up_to: str
    none: str
    drawn_share: str
    strongest: str


MEMORY = Translated(
    english=MemoryWords(
        nothing_read="Nothing read yet. However long a document is, this memory stays the same size.",
        tokens_read_html=Plural("<b>{n}</b> tokens read", "<b>{n}</b> tokens read"),
        per_layer="Per layer",
        word_by_word="Drawn from memory, word by word",
        untrained=(
            "The compressed memory of this model is untrained: it adds nothing yet, so answers are exactly those of "
            "sinks and window alone. Load a trained AHN checkpoint to change that."
        ),
        limits=(
            "Compressed memory keeps the gist, not the wording: names, numbers and quotations that have left the "
            "window cannot be recalled exactly."
        ),
        note={
            "window": "Window only: what has left the window is forgotten.",
            "full": "Full attention: every token is kept, and the memory grows with the document.",
        },
        tier={
            "full": "kept",
            "sinks": "sinks",
            "window": "window",
            "memory": "compressed",
            "unread": "gone",
            "recalled": "recalled",
        },
        forgotten="forgotten",
        page_state={
            "UNREAD": "unread",
            "COMPRESSED": "remembered",
            "VERBATIM": "word for word",
            "NO_TEXT": "no text",
            "RECALLED": "looked up",
        },
        tier_bar="Tokens by tier of memory",
        passages_title=Plural(
            "{n} passage of the text, read before the last answer alone",
            "{n} passages of the text, read before the last answer alone",
        ),
        this_memory="this memory",
        in_use="Memory in use",
        full_attention="full attention",
        times_as_much="{size} · {n} times as much",
        full_attention_bar="Full attention",
        this_chat="this chat in all",
        this_chat_title=(
            "This memory, and {size} of what turns have overwritten in it, so that an answer can be given again."
        ),
        on_disk="{size} on disk",
        one_page_state="page {first}: {state}",
        pages_state="pages {first} to {last}: {state}",
        pages_of="Pages of {name}",
        pages_by_state="Pages by state",
        nothing_compressed="Nothing has been compressed yet.",
        state_norm="State norm",
        share_of_output="Share of the output",
        half_life="Half-life in tokens",
        by_layer="{title} by layer",
        layer="layer {n}",
        layer_value="layer {n}: {value}",
        never="never",
        up_to="up to {most}",
        none="none",
        drawn_share="{percent} from compressed memory",
        strongest="strongest: {percent} from compressed memory",
    ),
    german=MemoryWords(
        nothing_read="Noch nichts gelesen. So lang ein Dokument auch ist, dieser Speicher bleibt gleich groß.",
        tokens_read_html=Plural("<b>{n}</b> Token gelesen", "<b>{n}</b> Tokens gelesen"),
        per_layer="Schicht für Schicht",
        word_by_word="Aus dem Gedächtnis geschöpft, Wort für Wort",
        untrained=(
            "Das verdichtete Gedächtnis dieses Modells ist nicht trainiert: Es trägt noch nichts bei, die Antworten "
            "sind genau die von Ankern und Fenster allein. Ein trainiertes AHN ändert das."
        ),
        limits=(
            "Das verdichtete Gedächtnis behält den Sinn, nicht den Wortlaut: Namen, Zahlen und Zitate, die das Fenster "
            "verlassen haben, kann es nicht genau wiedergeben."
        ),
        note={
            "window": "Nur Fenster: Was das Fenster verlassen hat, ist vergessen.",
            "full": "Volle Aufmerksamkeit: Jedes Token bleibt, und der Speicher wächst mit dem Dokument.",
        },
        tier={
            "full": "behalten",
            "sinks": "Anker",
            "window": "Fenster",
            "memory": "verdichtet",
            "unread": "weg",
            "recalled": "nachgelesen",
        },
        forgotten="vergessen",
        page_state={
            "UNREAD": "ungelesen",
            "COMPRESSED": "erinnert",
            "VERBATIM": "Wort für Wort",
            "NO_TEXT": "kein Text",
            "RECALLED": "nachgeschlagen",
        },
        tier_bar="Tokens nach Stufe des Gedächtnisses",
        passages_title=Plural(
            "{n} Textstelle, nur vor der letzten Antwort gelesen",
            "{n} Textstellen, nur vor der letzten Antwort gelesen",
        ),
        this_memory="dieser Speicher",
        this_chat="dieser Chat insgesamt",
        this_chat_title=(
            "Dieser Speicher und {size} von dem, was spätere Schritte darin überschrieben haben, damit neu geantwortet "
            "werden kann."
        ),
        on_disk="{size} auf dem Datenträger",
        in_use="Belegter Speicher",
        full_attention="volle Aufmerksamkeit",
        times_as_much="{size} · {n}-mal so viel",
        full_attention_bar="Volle Aufmerksamkeit",
        one_page_state="Seite {first}: {state}",
        pages_state="Seiten {first} bis {last}: {state}",
        pages_of="Seiten von {name}",
        pages_by_state="Seiten nach Zustand",
        nothing_compressed="Noch ist nichts verdichtet.",
        state_norm="Norm des Zustands",
        share_of_output="Anteil an der Ausgabe",
        half_life="Halbwertszeit in Tokens",
        by_layer="{title}, Schicht für Schicht",
        layer="Schicht {n}",
        layer_value="Schicht {n}: {value}",
        never="nie",
        up_to="bis {most}",
        none="keine",
        drawn_share="{percent} aus dem verdichteten Gedächtnis",
        strongest="höchstens {percent} aus dem verdichteten Gedächtnis",
    ),
    chinese=MemoryWords(
        nothing_read="尚未阅读任何内容。无论文档多长，这份记忆的大小不变。",
        tokens_read_html=same("已读 <b>{n}</b> 个词元"),
        per_layer="逐层查看",
        word_by_word="逐词查看取自记忆的比例",
        untrained=(
            "此模型的压缩记忆未经训练：目前不起作用，因此回答与只用锚点和窗口时完全相同。"
            "加载训练过的 AHN 即可改变这一点。"
        ),
        limits="压缩记忆保留的是大意而非原文：已离开窗口的人名、数字和引文无法准确复述。",
        note={
            "window": "仅窗口：离开窗口的内容会被遗忘。",
            "full": "全注意力：保留每个词元，内存随文档增长。",
        },
        tier={
            "full": "保留",
            "sinks": "锚点",
            "window": "窗口",
            "memory": "压缩",
            "unread": "已丢弃",
            "recalled": "回查",
        },
        forgotten="已遗忘",
        page_state={
            "UNREAD": "未读",
            "COMPRESSED": "已记住",
            "VERBATIM": "逐字保留",
            "NO_TEXT": "无文字",
            "RECALLED": "已查阅",
        },
        tier_bar="各级记忆中的词元",
        passages_title=same("{n} 个段落，仅在上一次回答前读取"),
        this_memory="此记忆",
        this_chat="此对话合计",
        this_chat_title="此记忆，以及各轮覆盖掉的 {size} 内容，以便重新回答。",
        on_disk="磁盘上 {size}",
        in_use="占用的内存",
        full_attention="全注意力",
        times_as_much="{size} · {n} 倍",
        full_attention_bar="全注意力",
        one_page_state="第 {first} 页：{state}",
        pages_state="第 {first} 至 {last} 页：{state}",
        pages_of="{name} 的页面",
        pages_by_state="各状态的页数",
        nothing_compressed="尚未压缩任何内容。",
        state_norm="状态范数",
        share_of_output="占输出的比例",
        half_life="半衰期（词元）",
        by_layer="各层的{title}",
        layer="第 {n} 层",
        layer_value="第 {n} 层：{value}",
        never="永不",
        up_to="最高 {most}",
        none="无",
        drawn_share="{percent} 来自压缩记忆",
        strongest="最高：{percent} 来自压缩记忆",
    ),
)
