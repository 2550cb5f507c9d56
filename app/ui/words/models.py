"""The models' tab, and what an answer says of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ModelWords:
    """presence: what of a model is on the disk. columns: of the table of costs. kind: the rows of that table."""

    tab: str
    heading: str
    about: str
    context_label: str
    in_use: str
    suits: str
    presence: Mapping[str, str]
    download: str
    licence: str
    parameters: str
    memory_adds: str
    fits: str
    fits_not: str
    fits_unknown: str
    costs_of: str
    columns: Mapping[str, str]
    kind: Mapping[str, str]
    of_full: str
    weights: str
    loading: str
    device: str
    time_from: str
    time_own: str
    time_unknown: str
    beyond_trained: str
    fetch: str
    go_on: str
    stop: str
    use: str
    use_title: str
    remove: str
    ask_remove: str
    removed: str
    show_costs: str
    hide_costs: str
    fetching: str
    fetching_known: str
    checking: str
    asking: str
    waiting: str
    answered_by: str
    other: str
    other_placeholder: str
    other_memory_placeholder: str
    other_use: str
    cannot_switch: str
    busy: str
    kept_old: str
    switched: str
    embedded_note: str
    offer: str
    offer_show: str
    notes: Mapping[str, str]


MODELS = Translated(
    english=ModelWords(
        tab="Models",
        heading="Models",
        about="What each takes is counted for this computer, before anything is downloaded.",
        context_label="Tokens read",
        in_use="in use",
        suits="suits this computer",
        presence={
            "whole": "on this computer",
            "part": "in part on this computer",
            "none": "not on this computer",
        },
        download="download {size}",
        licence="licence {name}",
        parameters="{n} billion weights",
        memory_adds="AHN adds {n} million",
        fits="fits: needs {needed} of {free} free",
        fits_not="does not fit: needs {needed}, {free} free",
        fits_unknown="needs {needed}",
        costs_of="What {tokens} tokens take",
        columns={"cache": "cache", "mixing": "mixing", "model": "all operations", "time": "read in"},
        kind={"full": "full attention", "window": "window alone", "ahn": "window + AHN"},
        of_full="{percent} of full",
        weights="weights {size}",
        loading="at most {size} while loading",
        device="{dtype} on {device}",
        time_from="Times are scaled from the speed of {model} on this computer.",
        time_own="Times go by the speed this model was measured at on this computer.",
        time_unknown="Nothing has been read on this computer yet, so no time can be told.",
        beyond_trained="Full attention was trained for {tokens} tokens; beyond them it is not the base any more.",
        fetch="Download",
        go_on="Go on downloading",
        stop="Cancel",
        use="Use",
        use_title="Load {model} and go on with it",
        remove="Delete the files of {model}",
        ask_remove="Delete the files of {model}? That frees {size}.",
        removed="The files of {model} are deleted; that freed {size}.",
        show_costs="costs",
        hide_costs="hide costs",
        fetching="{done} of {total}",
        fetching_known="{done} of {total} · {rate} a second · {left}",
        checking="checking",
        asking="asking the hub",
        waiting="another program is fetching it",
        answered_by="answered by {model}",
        other="A model of your own",
        other_placeholder="Folder, .gguf file or Hugging Face id",
        other_memory_placeholder="AHN: folder or Hugging Face id (or nothing)",
        other_use="Use this model",
        cannot_switch="This page was started without the means to load another model; start it with --model.",
        busy="Something is still being written, added or compared; wait for it, or stop it, and choose Use again.",
        kept_old="{error} The model before is in use again.",
        switched="{model} is in use. Documents that it has not read wait until you let it read them.",
        embedded_note="comes with AHN Chat; nothing has to be chosen",
        offer="This computer could also run {model}, which answers better.",
        offer_show="See the models",
        notes={
            "noncommercial": "not for commercial use",
            "no-memory": "no AHN was published for it: beyond its window it only looks things up",
        },
    ),
    german=ModelWords(
        tab="Modelle",
        heading="Modelle",
        about="Was jedes braucht, wird für diesen Computer ausgerechnet, bevor etwas heruntergeladen wird.",
        context_label="Gelesene Tokens",
        in_use="in Gebrauch",
        suits="passt zu diesem Computer",
        presence={
            "whole": "auf diesem Computer",
            "part": "zum Teil auf diesem Computer",
            "none": "nicht auf diesem Computer",
        },
        download="Download {size}",
        licence="Lizenz {name}",
        parameters="{n} Milliarden Gewichte",
        memory_adds="das AHN fügt {n} Millionen hinzu",
        fits="passt: braucht {needed} von {free}, die frei sind",
        fits_not="passt nicht: braucht {needed}, frei sind {free}",
        fits_unknown="braucht {needed}",
        costs_of="Was {tokens} Tokens kosten",
        columns={"cache": "Speicher", "mixing": "Mischen", "model": "alle Operationen", "time": "gelesen in"},
        kind={"full": "volle Aufmerksamkeit", "window": "Fenster allein", "ahn": "Fenster + AHN"},
        of_full="{percent} der vollen",
        weights="Gewichte {size}",
        loading="beim Laden höchstens {size}",
        device="{dtype} auf {device}",
        time_from="Die Zeiten sind aus dem Tempo von {model} auf diesem Computer hochgerechnet.",
        time_own="Die Zeiten folgen dem Tempo, das für dieses Modell auf diesem Computer gemessen wurde.",
        time_unknown="Auf diesem Computer wurde noch nichts gelesen, darum ist keine Zeit bekannt.",
        beyond_trained=(
            "Volle Aufmerksamkeit ist für {tokens} Tokens trainiert; darüber hinaus ist sie nicht mehr das Grundmodell."
        ),
        fetch="Herunterladen",
        go_on="Weiter herunterladen",
        stop="Abbrechen",
        use="Verwenden",
        use_title="{model} laden und damit weitermachen",
        remove="Dateien von {model} löschen",
        ask_remove="Dateien von {model} löschen? Das gibt {size} frei.",
        removed="Die Dateien von {model} sind gelöscht; {size} sind frei geworden.",
        show_costs="Kosten",
        hide_costs="Kosten ausblenden",
        fetching="{done} von {total}",
        fetching_known="{done} von {total} · {rate} je Sekunde · {left}",
        checking="wird geprüft",
        asking="der Hub wird gefragt",
        waiting="ein anderes Programm lädt es herunter",
        answered_by="beantwortet von {model}",
        other="Ein eigenes Modell",
        other_placeholder="Ordner, .gguf-Datei oder Hugging-Face-Id",
        other_memory_placeholder="AHN: Ordner oder Hugging-Face-Id (oder nichts)",
        other_use="Dieses Modell verwenden",
        cannot_switch="Diese Seite kann kein anderes Modell laden; starten Sie sie mit --model.",
        busy=(
            "Noch wird etwas geschrieben, hinzugefügt oder verglichen; warten Sie es ab oder halten Sie es an, und "
            "wählen Sie dann noch einmal „Verwenden“."
        ),
        kept_old="{error} Das vorige Modell ist wieder in Gebrauch.",
        switched="{model} ist in Gebrauch. Dokumente, die es nicht gelesen hat, warten, bis Sie es lesen lassen.",
        embedded_note="kommt mit AHN Chat; nichts muss gewählt werden",
        offer="Auf diesem Computer liefe auch {model}, das besser antwortet.",
        offer_show="Modelle ansehen",
        notes={
            "noncommercial": "nicht für gewerbliche Zwecke",
            "no-memory": "ein AHN wurde dafür nicht veröffentlicht: Jenseits des Fensters schlägt es nur nach",
        },
    ),
    chinese=ModelWords(
        tab="模型",
        heading="模型",
        about="下载之前，先按这台电脑估算每个模型的开销。",
        context_label="已读词元",
        in_use="使用中",
        suits="适合这台电脑",
        presence={"whole": "已在这台电脑上", "part": "部分在这台电脑上", "none": "不在这台电脑上"},
        download="下载 {size}",
        licence="许可证 {name}",
        parameters="{n} 十亿个权重",
        memory_adds="AHN 增加 {n} 百万",
        fits="放得下：需要 {needed}，可用 {free}",
        fits_not="放不下：需要 {needed}，可用 {free}",
        fits_unknown="需要 {needed}",
        costs_of="{tokens} 个词元的开销",
        columns={"cache": "缓存", "mixing": "混合", "model": "全部运算", "time": "阅读用时"},
        kind={"full": "全注意力", "window": "仅窗口", "ahn": "窗口 + AHN"},
        of_full="为全注意力的 {percent}",
        weights="权重 {size}",
        loading="加载时最多 {size}",
        device="{device} 上的 {dtype}",
        time_from="时间按 {model} 在这台电脑上的速度推算。",
        time_own="时间按此模型在这台电脑上测得的速度计算。",
        time_unknown="这台电脑上还没有阅读过任何内容，无法给出时间。",
        beyond_trained="全注意力按 {tokens} 个词元训练；超出之后就不再等同于基础模型。",
        fetch="下载",
        go_on="继续下载",
        stop="取消",
        use="使用",
        use_title="加载 {model} 并用它继续",
        remove="删除 {model} 的文件",
        ask_remove="删除 {model} 的文件？将释放 {size}。",
        removed="{model} 的文件已删除，释放了 {size}。",
        show_costs="开销",
        hide_costs="隐藏开销",
        fetching="{done} / {total}",
        fetching_known="{done} / {total} · 每秒 {rate} · {left}",
        checking="正在校验",
        asking="正在查询 Hub",
        waiting="另一个程序正在下载它",
        answered_by="由 {model} 回答",
        other="您自己的模型",
        other_placeholder="文件夹、.gguf 文件或 Hugging Face id",
        other_memory_placeholder="AHN：文件夹或 Hugging Face id（可留空）",
        other_use="使用此模型",
        cannot_switch="本页启动时不支持加载其他模型；请用 --model 启动。",
        busy="仍有内容正在生成、添加或比较；请等待或停止后，再次点击“使用”。",
        kept_old="{error} 已恢复使用之前的模型。",
        switched="正在使用 {model}。它尚未读过的文档会等待您让它阅读。",
        embedded_note="随 AHN Chat 提供；无需选择",
        offer="这台电脑也可以运行 {model}，回答更好。",
        offer_show="查看模型",
        notes={
            "noncommercial": "不可用于商业用途",
            "no-memory": "没有为它发布 AHN：窗口之外的内容只能查阅",
        },
    ),
)
