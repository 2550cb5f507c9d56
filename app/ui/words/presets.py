"""Presets for settings, and the line that says where a chat's settings are not the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class PresetWords:
    """preset: what the presets that come with the app are called, by their names below the page; about: what each is
    for. setting: what settings are called in the line over the text box. kind: kinds of memory, there."""

    heading: str
    chosen: str
    chosen_info: str
    for_new: str
    for_new_info: str
    name: str
    save: str
    saved: str
    deleted: str
    starts_with: str
    choice: str
    preset: Mapping[str, str]
    about: Mapping[str, str]
    setting: Mapping[str, str]
    kind: Mapping[str, str]
    own_prompt: str
    no_prompt: str
    recall: str
    no_recall: str
    none: str
    different: str
    called: str
    difference: str
    to_settings: str


PRESETS = Translated(
    english=PresetWords(
        heading="Presets",
        chosen="Preset",
        chosen_info="fills in the fields below, which are not in use yet",
        for_new="New chats start with",
        for_new_info="chats that are there keep their settings",
        name="Name for the fields below",
        save="Save",
        saved="Saved as the preset “{name}”.",
        deleted="The preset “{name}” is deleted; the fields below keep its values.",
        starts_with="New chats start with “{name}”.",
        choice="{name}: {about}",
        preset={
            "Defaults": "Defaults",
            "Exact": "Exact",
            "Varied": "Varied",
            "Small window": "Small window",
            "Window only": "Window only",
            "Full attention": "Full attention",
        },
        about={
            "Defaults": "what suits this model",
            "Exact": "always the likeliest word, and no penalty for saying again what the text says",
            "Varied": "words drawn at random, so that answering again gives another answer",
            "Small window": "a quarter of the window: less memory, more of the text only remembered",
            "Window only": "without the compressed memory: what leaves the window is forgotten",
            "Full attention": "everything kept word for word; for documents within the model's trained length",
        },
        setting={
            "memory": "memory",
            "attention_sinks": "sinks",
            "sliding_window": "window",
            "max_new_tokens": "longest answer",
            "temperature": "temperature",
            "top_p": "top-p",
            "top_k": "top-k",
            "min_p": "min-p",
            "repetition_penalty": "repetition penalty",
            "seed": "seed",
        },
        kind={"ahn": "AHN", "window": "window only", "full": "full attention"},
        own_prompt="a system prompt of its own",
        no_prompt="no system prompt",
        recall="questions are looked up",
        no_recall="nothing is looked up",
        none="none",
        different="Not the default settings: {differences}",
        called="Preset “{name}”: {differences}",
        difference="{name} {value} (default {default})",
        to_settings="Settings",
    ),
    german=PresetWords(
        heading="Vorlagen",
        chosen="Vorlage",
        chosen_info="füllt die Felder unten aus, die damit noch nicht gelten",
        for_new="Neue Chats beginnen mit",
        for_new_info="bestehende Chats behalten ihre Einstellungen",
        name="Name für die Felder unten",
        save="Speichern",
        saved="Als Vorlage „{name}“ gespeichert.",
        deleted="Die Vorlage „{name}“ ist gelöscht; die Felder unten behalten ihre Werte.",
        starts_with="Neue Chats beginnen mit „{name}“.",
        choice="{name}: {about}",
        preset={
            "Defaults": "Voreinstellung",
            "Exact": "Genau",
            "Varied": "Abwechslungsreich",
            "Small window": "Kleines Fenster",
            "Window only": "Nur Fenster",
            "Full attention": "Volle Aufmerksamkeit",
        },
        about={
            "Defaults": "was zu diesem Modell passt",
            "Exact": "immer das wahrscheinlichste Wort, und kein Abzug dafür, den Text zu wiederholen",
            "Varied": "ausgeloste Wörter, damit neu antworten eine andere Antwort gibt",
            "Small window": "ein Viertel des Fensters: weniger Speicher, mehr vom Text nur erinnert",
            "Window only": "ohne das verdichtete Gedächtnis: Was das Fenster verlässt, ist vergessen",
            "Full attention": "alles bleibt Wort für Wort; für Dokumente innerhalb der trainierten Länge des Modells",
        },
        setting={
            "memory": "Gedächtnis",
            "attention_sinks": "Anker",
            "sliding_window": "Fenster",
            "max_new_tokens": "längste Antwort",
            "temperature": "Temperatur",
            "top_p": "Top-p",
            "top_k": "Top-k",
            "min_p": "Min-p",
            "repetition_penalty": "Abzug für Wiederholung",
            "seed": "Startwert",
        },
        kind={"ahn": "AHN", "window": "nur Fenster", "full": "volle Aufmerksamkeit"},
        own_prompt="eine eigene Systemanweisung",
        no_prompt="keine Systemanweisung",
        recall="es wird nachgeschlagen",
        no_recall="es wird nicht nachgeschlagen",
        none="keine",
        different="Nicht die Voreinstellung: {differences}",
        called="Vorlage „{name}“: {differences}",
        difference="{name} {value} (sonst {default})",
        to_settings="Einstellungen",
    ),
    chinese=PresetWords(
        heading="预设",
        chosen="预设",
        chosen_info="填入下面的字段，尚未生效",
        for_new="新对话使用",
        for_new_info="已有的对话保持各自的设置",
        name="为下面的设置命名",
        save="保存",
        saved="已保存为预设“{name}”。",
        deleted="预设“{name}”已删除；下面的字段保留其数值。",
        starts_with="新对话将使用“{name}”。",
        choice="{name}：{about}",
        preset={
            "Defaults": "默认",
            "Exact": "精确",
            "Varied": "多样",
            "Small window": "小窗口",
            "Window only": "仅窗口",
            "Full attention": "全注意力",
        },
        about={
            "Defaults": "适合此模型",
            "Exact": "总是选择最可能的词，复述原文不受惩罚",
            "Varied": "随机选词，重新回答会得到不同的回答",
            "Small window": "窗口缩为四分之一：占用内存更少，更多内容仅被记住",
            "Window only": "不用压缩记忆：离开窗口的内容会被遗忘",
            "Full attention": "全部逐字保留；适用于不超过模型训练长度的文档",
        },
        setting={
            "memory": "记忆",
            "attention_sinks": "锚点",
            "sliding_window": "窗口",
            "max_new_tokens": "最长回答",
            "temperature": "温度",
            "top_p": "Top-p",
            "top_k": "Top-k",
            "min_p": "Min-p",
            "repetition_penalty": "重复惩罚",
            "seed": "随机种子",
        },
        kind={"ahn": "AHN", "window": "仅窗口", "full": "全注意力"},
        own_prompt="自定义系统提示词",
        no_prompt="无系统提示词",
        recall="会查找原文",
        no_recall="不查找原文",
        none="无",
        different="并非默认设置：{differences}",
        called="预设“{name}”：{differences}",
        difference="{name} {value}（默认 {default}）",
        to_settings="设置",
    ),
)
