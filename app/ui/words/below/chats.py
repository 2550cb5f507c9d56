"""What chats, their settings, presets and files say: app.conversation."""

from __future__ import annotations

from app.ui.words.below.others import Others

CHATS: dict[str, Others] = {
    "There is no version {number} of this turn, which has {count}, so nothing was changed; choose one it has.": Others(
        (
            "Eine Fassung {number} dieses Schritts gibt es nicht, er hat {count}; nichts wurde geändert; "
            "wählen Sie eine vorhandene."
        ),
        "这一轮没有版本 {number}，只有 {count} 个版本，因此没有更改；请选择已有的版本。",
    ),
    "There is no chat {chat}, so it could not be opened; choose one from the list.": Others(
        "Den Chat {chat} gibt es nicht, er konnte nicht geöffnet werden; wählen Sie einen aus der Liste.",
        "没有对话 {chat}，因此无法打开；请从列表中选择。",
    ),
    (
        "The chat “{title}” is writing an answer from this document, so it was not deleted; wait for the "
        "answer or stop it first."
    ): Others(
        (
            "Der Chat „{title}“ schreibt gerade eine Antwort aus diesem Dokument, darum wurde es nicht "
            "gelöscht; warten Sie die Antwort ab, oder halten Sie sie zuerst an."
        ),
        "对话“{title}”正在根据此文档写回答，因此没有删除；请等待回答完成，或先停止它。",
    ),
    (
        "The chat “{title}” cannot be opened ({reason}); it was left as it is, and `ahn-chat library export "
        "--everything` writes out what is stored of it."
    ): Others(
        (
            "Der Chat „{title}“ lässt sich nicht öffnen ({reason}); er wurde gelassen, wie er ist, und "
            "`ahn-chat library export --everything` schreibt heraus, was von ihm gespeichert ist."
        ),
        (
            "无法打开对话“{title}”（{reason}）；它保持原样，可用 `ahn-chat library export --everything` "
            "导出其中保存的内容。"
        ),
    ),
    "There is no chat {chat}, so nothing was exported; choose one from the list.": Others(
        "Den Chat {chat} gibt es nicht, nichts wurde ausgegeben; wählen Sie einen aus der Liste.",
        "没有对话 {chat}，因此没有导出；请从列表中选择。",
    ),
    (
        "The chat “{title}” cannot be read ({reason}), so it was not exported; `ahn-chat library export "
        "--everything` writes out what is stored of it."
    ): Others(
        (
            "Der Chat „{title}“ lässt sich nicht lesen ({reason}), darum wurde er nicht ausgegeben; "
            "`ahn-chat library export --everything` schreibt heraus, was von ihm gespeichert ist."
        ),
        (
            "无法读取对话“{title}”（{reason}），因此没有导出；可用 `ahn-chat library export --everything` "
            "导出其中保存的内容。"
        ),
    ),
    "it was deleted meanwhile": Others(
        "inzwischen gelöscht",
        "已被删除",
    ),
    "Chat {place:,}": Others(
        "Chat {place:,}",
        "对话 {place:,}",
    ),
    "{what}. These documents are not in the library: {names}; add them there to ask about them again.": Others(
        (
            "{what}. Diese Dokumente sind nicht in der Bibliothek: {names}; fügen Sie sie dort hinzu, um "
            "wieder nach ihnen zu fragen."
        ),
        "{what}。这些文档不在书库中：{names}；请添加到书库，以便再次就其提问。",
    ),
    "“{title}” is imported": Others(
        "„{title}“ ist eingelesen",
        "“{title}”已导入",
    ),
    "{count:,} chats are imported": Others(
        "{count:,} Chats sind eingelesen",
        "已导入 {count:,} 个对话",
    ),
    "{what}.": Others(
        "{what}.",
        "{what}。",
    ),
    "{what}. This document is not in the library: {name}; add it there to ask about it again.": Others(
        (
            "{what}. Dieses Dokument ist nicht in der Bibliothek: {name}; fügen Sie es dort hinzu, um wieder "
            "nach ihm zu fragen."
        ),
        "{what}。此文档不在书库中：{name}；请添加到书库，以便再次就其提问。",
    ),
    (
        "The file is JSON, but no chats that AHN Chat has saved (its “format” is not “{format}”), so nothing "
        "was imported; choose a file that AHN Chat has saved as JSON."
    ): Others(
        (
            "Die Datei ist JSON, enthält aber keine Chats, die AHN Chat gespeichert hat (ihr „format“ ist "
            "nicht „{format}“); nichts wurde eingelesen; wählen Sie eine Datei, die AHN Chat als JSON "
            "gespeichert hat."
        ),
        (
            "该文件是 JSON，但不是 AHN Chat 保存的对话（其“format”不是“{format}”），因此没有导入任何内容；"
            "请选择 AHN Chat 保存的 JSON 文件。"
        ),
    ),
    (
        "The file does not say its version as a number ({version}), so nothing was imported; choose a file "
        "that AHN Chat has saved as JSON."
    ): Others(
        (
            "Die Datei nennt ihre Version nicht als Zahl ({version}); nichts wurde eingelesen; wählen Sie "
            "eine Datei, die AHN Chat als JSON gespeichert hat."
        ),
        "该文件没有用数字说明版本（{version}），因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    (
        "The file is of version {version:,} of the format, but this AHN Chat knows versions up to {known}, "
        "so nothing was imported; update AHN Chat and import it again."
    ): Others(
        (
            "Die Datei hat Version {version:,} des Formats, dieses AHN Chat kennt aber nur Versionen bis "
            "{known}; nichts wurde eingelesen; aktualisieren Sie AHN Chat, und lesen Sie die Datei noch "
            "einmal ein."
        ),
        (
            "该文件的格式版本为 {version:,}，而此 AHN Chat 只认识到版本 {known}，因此没有导入任何内容；"
            "请更新 AHN Chat 后重新导入。"
        ),
    ),
    "The file has no list of chats, so nothing was imported; choose a file that AHN Chat has saved as JSON.": Others(
        (
            "Die Datei enthält keine Liste von Chats; nichts wurde eingelesen; wählen Sie eine Datei, die "
            "AHN Chat als JSON gespeichert hat."
        ),
        "该文件中没有对话列表，因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    "There is no chat in the file, so nothing was imported; choose a file that AHN Chat has saved as JSON.": Others(
        (
            "In der Datei ist kein Chat; nichts wurde eingelesen; wählen Sie eine Datei, die AHN Chat als "
            "JSON gespeichert hat."
        ),
        "该文件中没有对话，因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    "Chat {place:,} (“{title}”)": Others(
        "Chat {place:,} („{title}“)",
        "对话 {place:,}（“{title}”）",
    ),
    "the digest of a document is {value} and no SHA-256": Others(
        "die Prüfsumme eines Dokuments ist {value} und kein SHA-256",
        "某个文档的摘要为 {value}，不是 SHA-256",
    ),
    (
        "The file is no text in UTF-8 (byte {byte:,}), so nothing was imported; choose a file that AHN Chat "
        "has saved as JSON."
    ): Others(
        (
            "Die Datei ist kein Text in UTF-8 (Byte {byte:,}); nichts wurde eingelesen; wählen Sie eine "
            "Datei, die AHN Chat als JSON gespeichert hat."
        ),
        "该文件不是 UTF-8 文本（第 {byte:,} 字节），因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    (
        "The file is no JSON, or not all of it (line {line:,}, column {column:,}: {reason}), so nothing was "
        "imported; choose a file that AHN Chat has saved as JSON."
    ): Others(
        (
            "Die Datei ist kein JSON, oder nicht ganz (Zeile {line:,}, Spalte {column:,}: {reason}); nichts "
            "wurde eingelesen; wählen Sie eine Datei, die AHN Chat als JSON gespeichert hat."
        ),
        (
            "该文件不是 JSON，或不完整（第 {line:,} 行第 {column:,} 列：{reason}），因此没有导入任何内容；"
            "请选择 AHN Chat 保存的 JSON 文件。"
        ),
    ),
    (
        "The file is nested too deeply for chats, so nothing was imported; choose a file that AHN Chat has "
        "saved as JSON."
    ): Others(
        (
            "Die Datei ist für Chats zu tief verschachtelt; nichts wurde eingelesen; wählen Sie eine Datei, "
            "die AHN Chat als JSON gespeichert hat."
        ),
        "该文件嵌套过深，不是对话文件，因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    (
        "The file holds a number that cannot be read ({reason}), so nothing was imported; choose a file that "
        "AHN Chat has saved as JSON."
    ): Others(
        (
            "Die Datei enthält eine Zahl, die sich nicht lesen lässt ({reason}); nichts wurde eingelesen; "
            "wählen Sie eine Datei, die AHN Chat als JSON gespeichert hat."
        ),
        "该文件中有无法读取的数字（{reason}），因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    "it is {value} and not an object": Others(
        "{value} ist kein Objekt",
        "{value} 不是对象",
    ),
    "{chat} cannot be imported, so nothing was imported: {error}": Others(
        "{chat} kann nicht eingelesen werden, darum wurde nichts eingelesen: {error}",
        "无法导入{chat}，因此没有导入任何内容：{error}",
    ),
    "it has no {entry}": Others(
        "es fehlt {entry}",
        "缺少 {entry}",
    ),
    (
        "{chat} cannot be imported ({reason}), so nothing was imported; choose a file that AHN Chat has "
        "saved as JSON."
    ): Others(
        (
            "{chat} kann nicht eingelesen werden ({reason}), darum wurde nichts eingelesen; wählen Sie eine "
            "Datei, die AHN Chat als JSON gespeichert hat."
        ),
        "无法导入{chat}（{reason}），因此没有导入任何内容；请选择 AHN Chat 保存的 JSON 文件。",
    ),
    "two of its turns have the id {turn}": Others(
        "zwei seiner Schritte haben die Id {turn}",
        "其中两轮的 id 同为 {turn}",
    ),
    "its turn {turn} comes after a turn {parent} that is not before it": Others(
        "sein Schritt {turn} folgt auf einen Schritt {parent}, der nicht davor steht",
        "第 {turn} 轮之前的第 {parent} 轮并不在它前面",
    ),
    "two versions after its turn {turn} are shown at once": Others(
        "nach seinem Schritt {turn} werden zwei Fassungen zugleich gezeigt",
        "第 {turn} 轮之后同时显示两个版本",
    ),
    "turn {place}: {reason}": Others(
        "Schritt {place}: {reason}",
        "第 {place} 轮：{reason}",
    ),
    "{names} and {more:,} more": Others(
        "{names} und {more:,} weitere",
        "{names}以及另外 {more:,} 个",
    ),
    "This chat does not have that document, so nothing was changed; add it first.": Others(
        "Dieses Dokument gehört nicht zu diesem Chat, nichts wurde geändert; fügen Sie es zuerst hinzu.",
        "此对话中没有该文档，因此没有更改；请先添加它。",
    ),
    "There is no preset “{name}”, so nothing was changed; choose one from the list.": Others(
        "Eine Vorlage „{name}“ gibt es nicht, nichts wurde geändert; wählen Sie eine aus der Liste.",
        "没有预设“{name}”，因此没有更改；请从列表中选择。",
    ),
    "The preset has no name, so it could not be chosen again; type one.": Others(
        "Die Vorlage hat keinen Namen und ließe sich nicht wieder wählen; geben Sie einen ein.",
        "预设没有名称，以后无法再选择；请输入名称。",
    ),
    (
        "This name has {count:,} characters, over the {most} that lists have room for, so nothing was saved; "
        "give a shorter one."
    ): Others(
        (
            "Dieser Name hat {count:,} Zeichen, mehr als die {most}, für die in Listen Platz ist; nichts "
            "wurde gespeichert; geben Sie einen kürzeren an."
        ),
        "此名称有 {count:,} 个字符，超过列表可容纳的 {most} 个，因此没有保存；请取更短的名称。",
    ),
    "“{name}” comes with the app, so it stays as it is; give another name.": Others(
        "„{name}“ kommt mit AHN Chat und bleibt, wie es ist; geben Sie einen anderen Namen an.",
        "“{name}”随应用提供，保持不变；请另取名称。",
    ),
    "“{name}” comes with the app and cannot be deleted; choose one that was saved.": Others(
        (
            "„{name}“ kommt mit AHN Chat und kann nicht gelöscht werden; wählen Sie eine Vorlage, die "
            "gespeichert wurde."
        ),
        "“{name}”随应用提供，无法删除；请选择自己保存的预设。",
    ),
    "There is no preset “{name}”, so nothing was deleted; choose one from the list.": Others(
        "Eine Vorlage „{name}“ gibt es nicht, nichts wurde gelöscht; wählen Sie eine aus der Liste.",
        "没有预设“{name}”，因此没有删除；请从列表中选择。",
    ),
    "This question was left before its answer was written; ask it again.": Others(
        "Diese Frage wurde verlassen, bevor ihre Antwort geschrieben war; stellen Sie sie noch einmal.",
        "此问题在写出回答之前就中断了；请重新提问。",
    ),
    "cut off when the program ended": Others(
        "abgeschnitten, als das Programm endete",
        "程序结束时中断",
    ),
    (
        "So far {model} has read it; answers look things up in its text, and reading on has the present "
        "model read it from the beginning."
    ): Others(
        (
            "Bisher hat {model} es gelesen; Antworten schlagen in seinem Text nach, und beim Weiterlesen "
            "liest das jetzige Modell es von vorn."
        ),
        "目前读过它的模型：{model}；回答会在其文字中查找，继续阅读时由当前模型从头读起。",
    ),
    "The title is empty, so the chat could not be found by it; type at least one character.": Others(
        "Der Titel ist leer, der Chat wäre nicht wiederzufinden; geben Sie wenigstens ein Zeichen ein.",
        "标题为空，以后无法据此找到对话；请至少输入一个字符。",
    ),
    "What belonged to this answer cannot be read any more ({reason}); its words are as they were stored.": Others(
        (
            "Was zu dieser Antwort gehörte, lässt sich nicht mehr lesen ({reason}); ihre Worte sind, wie sie "
            "gespeichert wurden."
        ),
        "此回答的附属信息已无法读取（{reason}）；其文字与保存时一致。",
    ),
    "a newer AHN Chat wrote it, in format {version}; this one knows {known}": Others(
        "ein neueres AHN Chat hat ihn geschrieben, im Format {version}; dieses kennt {known}",
        "由更新的 AHN Chat 写成，格式为 {version}；此版本只认识 {known}",
    ),
    "{entry} is missing": Others(
        "{entry} fehlt",
        "缺少 {entry}",
    ),
    "a document has no {entry}": Others(
        "einem Dokument fehlt {entry}",
        "有一个文档缺少 {entry}",
    ),
    "a document has another form: {reason}": Others(
        "ein Dokument hat eine andere Form: {reason}",
        "有一个文档的形式不同：{reason}",
    ),
    "another model": Others(
        "ein anderes Modell",
        "另一个模型",
    ),
    "temperature": Others(
        "Temperatur",
        "温度",
    ),
    "top-p": Others(
        "Top-p",
        "Top-p",
    ),
    "top-k": Others(
        "Top-k",
        "Top-k",
    ),
    "min-p": Others(
        "Min-p",
        "Min-p",
    ),
    "repetition penalty": Others(
        "Abzug für Wiederholung",
        "重复惩罚",
    ),
    "attention sinks": Others(
        "Anker",
        "锚点",
    ),
    "sliding window": Others(
        "Fenster",
        "窗口",
    ),
    "longest answer": Others(
        "Längste Antwort",
        "最长回答",
    ),
    (
        "The setting “{name}” is {value}, not a whole number of {limit} or more, so nothing can be read or "
        "answered with it; choose a whole number from {limit} on."
    ): Others(
        (
            "Die Einstellung „{name}“ ist {value}, keine ganze Zahl ab {limit}; damit kann nichts gelesen "
            "oder beantwortet werden; wählen Sie eine ganze Zahl ab {limit}."
        ),
        "设置“{name}”为 {value}，不是不小于 {limit} 的整数，无法用它阅读或回答；请选择不小于 {limit} 的整数。",
    ),
    (
        "The setting “{name}” is {value}, outside {low} … {high}, where no sensible answer comes; choose a "
        "value inside."
    ): Others(
        (
            "Die Einstellung „{name}“ ist {value}, außerhalb von {low} … {high}, wo keine brauchbare Antwort "
            "entsteht; wählen Sie einen Wert innerhalb."
        ),
        "设置“{name}”为 {value}，超出 {low} … {high}，得不到合理的回答；请选择范围内的数。",
    ),
    "The memory {memory} is not known, so nothing can be read with it; choose one of {known}.": Others(
        (
            "Das Gedächtnis {memory} ist nicht bekannt, damit kann nichts gelesen werden; wählen Sie eines "
            "von diesen: {known}."
        ),
        "没有名为 {memory} 的记忆，无法用它阅读；请选择其中之一：{known}。",
    ),
    (
        "The setting “look up in the text” is {recall}, neither on nor off, so no question can be asked with "
        "it; change it in Settings."
    ): Others(
        (
            "Die Einstellung „Im Text nachschlagen“ ist {recall}, weder an noch aus; damit kann keine Frage "
            "gestellt werden; ändern Sie sie in den Einstellungen."
        ),
        "设置“在文本中查找”为 {recall}，既不是开也不是关，无法用它提问；请在设置中更改。",
    ),
    (
        "The seed is {seed}, not a whole number within ±{largest:,}, so nothing can be drawn with it; choose "
        "one of those, or leave it out."
    ): Others(
        (
            "Der Startwert ist {seed}, keine ganze Zahl innerhalb von ±{largest:,}; damit kann nichts "
            "gezogen werden; wählen Sie eine solche, oder lassen Sie das Feld leer."
        ),
        "随机种子为 {seed}，不是 ±{largest:,} 以内的整数，无法用它抽样；请选择这样的整数，或留空。",
    ),
    "What is to end an answer is {stop} and not texts; give a list of texts.": Others(
        "Was eine Antwort beenden soll, ist {stop} und kein Text; geben Sie eine Liste von Texten an.",
        "用来结束回答的是 {stop}，不是文本；请给出文本列表。",
    ),
    "likeliest tokens told": Others(
        "Zahl der genannten wahrscheinlichsten Tokens",
        "列出的最可能词元数",
    ),
    (
        "{sinks:,} attention sinks and a sliding window of {window:,} make {total:,} tokens, over the "
        "{limit:,} the model was trained for, where its answers turn into noise; choose a window of at most "
        "{most:,}."
    ): Others(
        (
            "{sinks:,} Anker und ein Fenster von {window:,} sind zusammen {total:,} Tokens, mehr als die "
            "{limit:,}, für die das Modell trainiert wurde, und darüber werden seine Antworten unbrauchbar; "
            "wählen Sie ein Fenster von höchstens {most:,}."
        ),
        (
            "{sinks:,} 个锚点和 {window:,} 的窗口共 {total:,} 个词元，超过模型训练长度 {limit:,}，"
            "超出后回答毫无意义；请选择不超过 {most:,} 的窗口。"
        ),
    ),
    "the settings have no {entries}": Others(
        "den Einstellungen fehlt {entries}",
        "设置中缺少 {entries}",
    ),
    "The setting “{name}” is {value}, below {low}, so no token could be chosen; choose {low} or more.": Others(
        (
            "Die Einstellung „{name}“ ist {value}, unter {low}; damit könnte kein Token gewählt werden; "
            "wählen Sie {low} oder mehr."
        ),
        "设置“{name}”为 {value}，小于 {low}，无法选出词元；请选择不小于 {low} 的数。",
    ),
    "There is no turn {turn} in this chat of {count}, so nothing was changed; choose one it has.": Others(
        (
            "Einen Schritt {turn} gibt es nicht, dieser Chat hat {count}; nichts wurde geändert; wählen Sie "
            "einen vorhandenen."
        ),
        "此对话没有第 {turn} 轮，只有 {count} 轮，因此没有更改；请选择已有的一轮。",
    ),
    "This chat is closed, so nothing can be done in it; open it again from the list.": Others(
        "Dieser Chat ist geschlossen, darin kann nichts getan werden; öffnen Sie ihn in der Liste wieder.",
        "此对话已关闭，无法进行操作；请从列表中重新打开。",
    ),
    "This chat is still writing an answer, so it takes nothing else; wait for it or stop it first.": Others(
        (
            "Dieser Chat schreibt noch eine Antwort und nimmt nichts anderes an; warten Sie sie ab, oder "
            "halten Sie sie zuerst an."
        ),
        "此对话仍在写回答，暂不接受其他操作；请等待，或先停止回答。",
    ),
}
