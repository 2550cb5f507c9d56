"""The first minute: what an empty page offers and explains, and what the app itself says about its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class FirstWords:
    """Sentences that end in `_why` stand behind a "?"."""

    small_model: str
    better_model: str
    offer: str
    offer_title: str
    try_asking: str
    no_sample: str
    what_are: str
    tokens: str
    tokens_why: str
    sinks: str
    sinks_why: str
    window: str
    window_why: str
    compressed: str
    compressed_why: str
    about_model: str
    about_memory: Mapping[str, str]
    about_embedded: str
    extras: str
    extras_of: str
    sense: str
    ocr: str
    restart: str


FIRST = Translated(
    english=FirstWords(
        small_model=(
            "{model} is a very small model, chosen so that everything works at once. Facts come from the text: trust "
            "the quotes with their pages, not its own words."
        ),
        better_model="A better one is a click away in Models, where this computer can run it.",
        offer="Try it with a sample handbook",
        offer_title="Add the handbook of a lighthouse, 10 pages that come with AHN Chat, to this chat",
        try_asking="Try asking",
        no_sample="The sample handbook is not in this installation; add a document of your own.",
        what_are="What does “{word}” mean?",
        tokens="tokens",
        tokens_why="Tokens are the pieces that a model reads text in: about three quarters of an English word each.",
        sinks="sinks",
        sinks_why=(
            "Attention sinks are the first tokens of the conversation. They are always kept word for word, as models "
            "lose their way without them."
        ),
        window="window",
        window_why=(
            "The window is the latest stretch of what was read, kept word for word. It moves on as more is "
            "read."
        ),
        compressed="compressed",
        compressed_why=(
            "An AHN (artificial hippocampus network) folds what leaves the window into a memory of fixed size. "
            "It keeps the gist, not the wording; exact facts are looked up in the text."
        ),
        about_model=(
            "This chat runs on {name}, a language model of the family {family} with {n} million weights. It runs "
            "on this computer ({device}), and nothing you write leaves it."
        ),
        about_memory={
            "ahn": "What leaves its window is remembered by an AHN of the kind {cell}.",
            "window": "This chat has no memory beyond its window.",
            "full": "This chat keeps everything word for word, with full attention.",
        },
        about_embedded="It is the small model that comes with AHN Chat; Models offers larger ones.",
        extras="Could be added",
        extras_of="Add with",
        sense=(
            "Searching by meaning: finds passages that say it in other words, in English texts (84 MB and "
            "some 60 MB of libraries)."
        ),
        ocr="Text recognition: reads scans and pages without a text layer (about 120 MB).",
        restart="and start again; later starts keep it.",
    ),
    german=FirstWords(
        small_model=(
            "{model} ist ein sehr kleines Modell, damit alles sofort läuft. Tatsachen kommen aus dem Text: "
            "Verlassen Sie sich auf die Zitate mit ihren Seiten, nicht auf seine eigenen Worte."
        ),
        better_model="Ein besseres gibt es unter „Modelle“, soweit dieser Computer es tragen kann.",
        offer="Mit einem Beispiel ausprobieren",
        offer_title="Das Handbuch eines Leuchtturms, 10 Seiten auf Englisch aus AHN Chat, zu diesem Chat hinzufügen",
        try_asking="Fragen Sie zum Beispiel",
        no_sample="Das Beispiel fehlt in dieser Installation; fügen Sie ein eigenes Dokument hinzu.",
        what_are="Was heißt „{word}“?",
        tokens="Tokens",
        tokens_why="Tokens sind die Stücke, in denen ein Modell Text liest: etwa ein halbes deutsches Wort.",
        sinks="Anker",
        sinks_why=(
            "Anker (attention sinks) sind die ersten Tokens des Gesprächs. Sie bleiben immer Wort für Wort, denn ohne "
            "sie verlieren Modelle den Faden."
        ),
        window="Fenster",
        window_why="Das Fenster ist das zuletzt Gelesene, Wort für Wort. Es rückt beim Lesen weiter.",
        compressed="verdichtet",
        compressed_why=(
            "Ein AHN (künstliches Hippocampus-Netz) faltet, was das Fenster verlässt, in ein Gedächtnis fester "
            "Größe. Es behält den Sinn, nicht den Wortlaut; genaue Angaben werden im Text nachgeschlagen."
        ),
        about_model=(
            "Dieser Chat läuft mit {name}, einem Sprachmodell der Familie {family} mit {n} Millionen Gewichten. "
            "Es läuft auf diesem Computer ({device}), und nichts, was Sie schreiben, verlässt ihn."
        ),
        about_memory={
            "ahn": "Was sein Fenster verlässt, merkt sich ein AHN der Art {cell}.",
            "window": "Dieser Chat hat kein Gedächtnis über sein Fenster hinaus.",
            "full": "Dieser Chat behält alles wörtlich, mit voller Aufmerksamkeit.",
        },
        about_embedded="Es ist das kleine Modell, das mit AHN Chat kommt; unter „Modelle“ gibt es größere.",
        extras="Kann dazukommen",
        extras_of="Hinzufügen mit",
        sense=(
            "Suche nach Bedeutung: findet Stellen, die es in anderen Worten sagen, in englischen Texten (84 MB "
            "und etwa 60 MB Bibliotheken)."
        ),
        ocr="Texterkennung: liest Scans und Seiten ohne Textebene (etwa 120 MB).",
        restart="und neu starten; spätere Starts behalten es.",
    ),
    chinese=FirstWords(
        small_model=(
            "{model} 是一个很小的模型，好让一切立即可用。事"
            "实出自原文：请以带页码的引文为准，而不是它自己的话。"
        ),
        better_model="在“模型”页可以换用更好的模型，只要这台电脑能运行。",
        offer="用示例手册试一试",
        offer_title="把 AHN Chat 自带的 10 页英文灯塔手册添加到此对话",
        try_asking="可以这样提问",
        no_sample="此安装中没有示例手册；请添加您自己的文档。",
        what_are="“{word}”是什么意思？",
        tokens="词元",
        tokens_why="词元是模型阅读文本的单位：大约相当于一两个汉字。",
        sinks="锚点",
        sinks_why="锚点（attention sinks）是对话最前面的词元，始终逐字保留，因为没有它们模型会迷失方向。",
        window="窗口",
        window_why="窗口是最近读到的一段内容，逐字保留，并随阅读向前移动。",
        compressed="压缩",
        compressed_why=(
            "AHN（人工海马网络）把离开窗口的内容折叠进大小固定的记忆。它保留大意而非原文；准确的事实会回到文本中查找。"
        ),
        about_model=(
            "此对话使用 {name}，属于 {family} 系列的语言模型，有 {n} 百万个权重。它在这台电脑上运行（{device}），"
            "您写的内容不会离开这台电脑。"
        ),
        about_memory={
            "ahn": "离开窗口的内容由 {cell} 类型的 AHN 记住。",
            "window": "此对话在窗口之外没有记忆。",
            "full": "此对话使用全注意力，逐字保留全部内容。",
        },
        about_embedded="它是随 AHN Chat 提供的小模型；“模型”页提供更大的模型。",
        extras="可以添加",
        extras_of="添加命令",
        sense="按含义搜索：找到用不同说法表达的段落，适用于英文文本（84 MB，另有约 60 MB 的库）。",
        ocr="文字识别：读取扫描件和没有文字层的页面（约 120 MB）。",
        restart="然后重新启动；以后启动会保留。",
    ),
)
