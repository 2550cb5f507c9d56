"""The settings: the form, the model's facts, what the memory costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class SettingsWords:
    """kind: the kinds of memory to choose from. field: what the number fields are called in a sentence."""

    language: str
    answers: str
    temperature: str
    temperature_info: str
    top_p: str
    top_p_info: str
    min_p: str
    min_p_info: str
    repetition_penalty: str
    repetition_penalty_info: str
    top_k: str
    top_k_info: str
    max_new_tokens: str
    max_new_tokens_info: str
    seed: str
    seed_info: str
    recall: str
    recall_info: str
    system_prompt: str
    system_prompt_info: str
    memory: str
    kind_label: str
    kind: Mapping[str, str]
    attention_sinks: str
    attention_sinks_info: str
    sliding_window: str
    sliding_window_info: str
    apply: str
    in_use: str
    in_use_read_again: str
    field: Mapping[str, str]
    field_empty: str
    seed_not_whole: str
    full_cost_html: str
    window_cost_html: str
    read_again: str
    read_again_about: str


@dataclass(frozen=True)
class FactsWords:
    """The table about the model."""

    heading: str
    model: str
    family: str
    parameters: str
    millions: str
    memory: str
    memory_value: str
    trained: str
    yes: str
    not_trained: str
    trained_length: str
    layers: str
    device: str
    device_value: str
    compiled: str
    licence: str
    own_licence: str
    origin: str
    given_by_you: str
    loading: str


SETTINGS = Translated(
    english=SettingsWords(
        language="Language",
        answers="Answers",
        temperature="Temperature",
        temperature_info="0 always takes the likeliest token; up to 5",
        top_p="Top-p",
        top_p_info="smallest set of tokens with this probability; above 0, up to 1",
        min_p="Min-p",
        min_p_info="share of the best token's probability, up to 1; 0 is off",
        repetition_penalty="Repetition penalty",
        repetition_penalty_info="1 is off; so is 1.15 where there are quotes to copy",
        top_k="Top-k",
        top_k_info="0 is off",
        max_new_tokens="Longest answer",
        max_new_tokens_info="in tokens",
        seed="Seed",
        seed_info="a whole number, or nothing",
        recall="Look things up in the text",
        recall_info="quotes with their pages before each answer; without it, window and memory alone",
        system_prompt="System prompt",
        system_prompt_info="changing it reads the documents anew",
        memory="Memory",
        kind_label="Kind of memory",
        kind={
            "ahn": "AHN: sinks and window word for word, the rest remembered",
            "window": "Window only: the rest forgotten",
            "full": "Full attention: everything kept, memory grows",
        },
        attention_sinks="Sinks",
        attention_sinks_info="first tokens, always kept word for word",
        sliding_window="Window",
        sliding_window_info="last tokens, kept word for word",
        apply="Use these settings",
        in_use="These settings are in use.",
        in_use_read_again="These settings are in use, and the documents are read again.",
        field={
            "attention_sinks": "attention sinks",
            "sliding_window": "sliding window",
            "top_k": "top k",
            "max_new_tokens": "max new tokens",
            "temperature": "temperature",
            "top_p": "top-p",
            "min_p": "min-p",
            "repetition_penalty": "repetition penalty",
        },
        field_empty="The field for {field} is empty; give a number.",
        seed_not_whole="The seed {seed} is not a whole number; give one, or leave the field empty.",
        full_cost_html="Full attention takes <b>{size}</b> for {tokens} tokens, and more for more.",
        window_cost_html=(
            "{sinks} sinks and a window of {window} tokens take <b>{size}</b>, whatever the length of the documents."
        ),
        read_again="The documents will be read again: {tokens} tokens.",
        read_again_about="The documents will be read again: {tokens} tokens, about {time}.",
    ),
    german=SettingsWords(
        language="Sprache",
        answers="Antworten",
        temperature="Temperatur",
        temperature_info="0 nimmt immer das wahrscheinlichste Token",
        top_p="Top-p",
        top_p_info="kleinste Menge von Tokens mit dieser Wahrscheinlichkeit",
        min_p="Min-p",
        min_p_info="Anteil an der Wahrscheinlichkeit des besten Tokens; 0 ist aus",
        repetition_penalty="Abzug für Wiederholung",
        repetition_penalty_info="1 ist aus; ebenso 1,15, wo Zitate abzuschreiben sind",
        top_k="Top-k",
        top_k_info="0 ist aus",
        max_new_tokens="Längste Antwort",
        max_new_tokens_info="in Tokens",
        seed="Startwert",
        seed_info="eine ganze Zahl oder nichts",
        recall="Im Text nachschlagen",
        recall_info="Zitate mit Seiten vor jeder Antwort; sonst nur Fenster und Gedächtnis",
        system_prompt="Systemanweisung",
        system_prompt_info="eine Änderung liest die Dokumente neu",
        memory="Gedächtnis",
        kind_label="Art des Gedächtnisses",
        kind={
            "ahn": "AHN: Anker und Fenster Wort für Wort, der Rest erinnert",
            "window": "Nur Fenster: der Rest vergessen",
            "full": "Volle Aufmerksamkeit: alles bleibt, der Speicher wächst",
        },
        attention_sinks="Anker",
        attention_sinks_info="erste Tokens, immer Wort für Wort behalten",
        sliding_window="Fenster",
        sliding_window_info="letzte Tokens, Wort für Wort behalten",
        apply="Diese Einstellungen verwenden",
        in_use="Diese Einstellungen gelten jetzt.",
        in_use_read_again="Diese Einstellungen gelten jetzt, und die Dokumente werden neu gelesen.",
        field={
            "attention_sinks": "Anker",
            "sliding_window": "Fenster",
            "top_k": "Top-k",
            "max_new_tokens": "Längste Antwort",
            "temperature": "Temperatur",
            "top_p": "Top-p",
            "min_p": "Min-p",
            "repetition_penalty": "Abzug für Wiederholung",
        },
        field_empty="Das Feld „{field}“ ist leer; geben Sie eine ganze Zahl an.",
        seed_not_whole="Der Startwert {seed} ist keine ganze Zahl; geben Sie eine an, oder lassen Sie das Feld leer.",
        full_cost_html="Volle Aufmerksamkeit braucht <b>{size}</b> für {tokens} Tokens, und mehr für mehr.",
        window_cost_html=(
            "{sinks} Anker und ein Fenster von {window} Tokens brauchen <b>{size}</b>, so lang die Dokumente auch sind."
        ),
        read_again="Die Dokumente werden neu gelesen: {tokens} Tokens.",
        read_again_about="Die Dokumente werden neu gelesen: {tokens} Tokens, etwa {time}.",
    ),
    chinese=SettingsWords(
        language="语言",
        answers="回答",
        temperature="温度",
        temperature_info="0 表示总是选择最可能的词元",
        top_p="Top-p",
        top_p_info="累计达到此概率的最小词元集合",
        min_p="Min-p",
        min_p_info="相对最佳词元概率的比例；0 为关闭",
        repetition_penalty="重复惩罚",
        repetition_penalty_info="1 为关闭；需要照抄引文时，1.15 也会关闭",
        top_k="Top-k",
        top_k_info="0 为关闭",
        max_new_tokens="最长回答",
        max_new_tokens_info="以词元计",
        seed="随机种子",
        seed_info="整数，或留空",
        recall="在文本中查找",
        recall_info="每次回答前附上带页码的引文；关闭时只用窗口和记忆",
        system_prompt="系统提示词",
        system_prompt_info="更改后会重新阅读文档",
        memory="记忆",
        kind_label="记忆类型",
        kind={
            "ahn": "AHN：锚点和窗口逐字保留，其余记住",
            "window": "仅窗口：其余遗忘",
            "full": "全注意力：全部保留，内存增长",
        },
        attention_sinks="锚点",
        attention_sinks_info="最前面的词元，始终逐字保留",
        sliding_window="窗口",
        sliding_window_info="最后的词元，逐字保留",
        apply="使用这些设置",
        in_use="这些设置已生效。",
        in_use_read_again="这些设置已生效，文档将重新阅读。",
        field={
            "attention_sinks": "锚点",
            "sliding_window": "窗口",
            "top_k": "Top-k",
            "max_new_tokens": "最长回答",
            "temperature": "温度",
            "top_p": "Top-p",
            "min_p": "Min-p",
            "repetition_penalty": "重复惩罚",
        },
        field_empty="“{field}”一栏为空；请填写整数。",
        seed_not_whole="随机种子 {seed} 不是整数；请填写整数，或留空。",
        full_cost_html="全注意力处理 {tokens} 个词元需要 <b>{size}</b>，内容越多占用越大。",
        window_cost_html="{sinks} 个锚点和 {window} 个词元的窗口占用 <b>{size}</b>，与文档长度无关。",
        read_again="文档将重新阅读：{tokens} 个词元。",
        read_again_about="文档将重新阅读：{tokens} 个词元，约 {time}。",
    ),
)

FACTS = Translated(
    english=FactsWords(
        heading="Model",
        model="Model",
        family="Family",
        parameters="Parameters",
        millions="{n} million",
        memory="Memory",
        memory_value="{cell}, {n} million parameters",
        trained="Memory trained",
        yes="yes",
        not_trained="no: it adds nothing yet",
        trained_length="Trained length",
        layers="Layers",
        device="Device",
        device_value="{device}, {dtype}; another one is chosen at the start, with --device and --dtype",
        compiled="Compiled",
        licence="Licence",
        own_licence="see the model's own",
        origin="Origin",
        given_by_you="given by you",
        loading="The model is being loaded.",
    ),
    german=FactsWords(
        heading="Modell",
        model="Modell",
        family="Familie",
        parameters="Parameter",
        millions="{n} Millionen",
        memory="Gedächtnis",
        memory_value="{cell}, {n} Millionen Parameter",
        trained="Gedächtnis trainiert",
        yes="ja",
        not_trained="nein: es trägt noch nichts bei",
        trained_length="Trainierte Länge",
        layers="Schichten",
        device="Gerät",
        device_value="{device}, {dtype}; ein anderes wählt man beim Start mit --device und --dtype",
        compiled="Kompiliert",
        licence="Lizenz",
        own_licence="siehe die des Modells",
        origin="Herkunft",
        given_by_you="von Ihnen angegeben",
        loading="Das Modell wird geladen.",
    ),
    chinese=FactsWords(
        heading="模型",
        model="模型",
        family="系列",
        parameters="参数量",
        millions="{n} 百万",
        memory="记忆",
        memory_value="{cell}，{n} 百万参数",
        trained="记忆已训练",
        yes="是",
        not_trained="否：目前不起作用",
        trained_length="训练长度",
        layers="层数",
        device="设备",
        device_value="{device}，{dtype}；可在启动时用 --device 和 --dtype 另选",
        compiled="编译",
        licence="许可证",
        own_licence="见该模型自身的许可证",
        origin="来源",
        given_by_you="由您提供",
        loading="正在加载模型。",
    ),
)
