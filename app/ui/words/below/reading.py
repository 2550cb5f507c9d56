"""What reading, answering and comparing say: app.conversation."""

from __future__ import annotations

from app.ui.words.below.others import Others

READING: dict[str, Others] = {
    (
        "The answer ended by an error ({kind}: {error}); what was written is kept, and the terminal shows "
        "the details; ask again."
    ): Others(
        (
            "Die Antwort endete durch einen Fehler ({kind}: {error}); was geschrieben war, ist aufgehoben, "
            "und Näheres steht im Terminal; fragen Sie noch einmal."
        ),
        "回答因错误而中断（{kind}：{error}）；已写出的内容都已保留，详情见终端；请重新提问。",
    ),
    (
        "Documents, turns and this question come to {tokens:,} tokens, but with full attention this model is "
        "reliable only up to the {limit:,} it was trained for and answers with noise beyond; clear the chat, "
        "or choose the AHN or the window memory in Settings."
    ): Others(
        (
            "Dokumente, Schritte und diese Frage haben zusammen {tokens:,} Tokens; mit voller Aufmerksamkeit "
            "ist dieses Modell aber nur bis zu den {limit:,} verlässlich, für die es trainiert wurde, und "
            "antwortet darüber hinaus unbrauchbar; leeren Sie den Chat, oder wählen Sie in den Einstellungen "
            "AHN oder „Nur Fenster“."
        ),
        (
            "文档、各轮对话和此问题共有 {tokens:,} 个词元，而使用全注意力时，此模型只在训练长度 {limit:,} "
            "以内可靠，超出后的回答毫无意义；请清空对话，或在设置中选择 AHN 或仅窗口。"
        ),
    ),
    "No kind of memory is chosen, so there is nothing to compare; choose at least one.": Others(
        (
            "Es ist keine Art des Gedächtnisses gewählt, darum gibt es nichts zu vergleichen; wählen Sie "
            "wenigstens eine."
        ),
        "没有选择任何记忆类型，因此无法比较；请至少选择一种。",
    ),
    "The question is empty, so there is nothing to compare; type one first.": Others(
        "Die Frage ist leer, darum gibt es nichts zu vergleichen; geben Sie zuerst eine ein.",
        "问题为空，因此无法比较；请先输入问题。",
    ),
    (
        "This pane ended by an error ({kind}: {error}), so it has no answer; the terminal shows the details; "
        "compare again."
    ): Others(
        (
            "Dieser Teil des Vergleichs endete durch einen Fehler ({kind}: {error}) und hat keine Antwort; "
            "Näheres steht im Terminal; vergleichen Sie noch einmal."
        ),
        "这一栏因错误而中断（{kind}：{error}），没有回答；详情见终端；请重新比较。",
    ),
    "The prompt is empty, so there is nothing to go on with; give at least one token.": Others(
        "Die Eingabe ist leer, darum gibt es nichts fortzusetzen; geben Sie wenigstens ein Token an.",
        "输入为空，因此没有可续写的内容；请至少给出一个词元。",
    ),
    (
        "The prompt has the token {outside}, and this model knows those from 0 to {last:,}; encode it with "
        "this model's tokenizer."
    ): Others(
        (
            "Die Eingabe enthält das Token {outside}, und dieses Modell kennt die von 0 bis {last:,}; "
            "kodieren Sie sie mit dem Tokenizer dieses Modells."
        ),
        "输入中有词元 {outside}，而此模型只认识 0 到 {last:,}；请用此模型的分词器编码。",
    ),
    (
        "The prompt has {tokens:,} tokens and its answer up to {longest:,}, more than the {limit:,} that "
        "full attention is reliable for with this model; shorten one, or choose AHN memory."
    ): Others(
        (
            "Die Eingabe hat {tokens:,} Tokens und ihre Antwort bis zu {longest:,}, mehr als die {limit:,}, "
            "bis zu denen volle Aufmerksamkeit mit diesem Modell verlässlich ist; kürzen Sie eines von "
            "beiden, oder wählen Sie AHN."
        ),
        (
            "输入有 {tokens:,} 个词元，其回答最多 {longest:,} 个，超过此模型全注意力可靠的 {limit:,} 个；"
            "请缩短其中之一，或选择 AHN 记忆。"
        ),
    ),
    "This chat has no document, so there is nothing to ask about; add one first.": Others(
        "Dieser Chat hat kein Dokument, darum gibt es nichts zu fragen; fügen Sie zuerst eines hinzu.",
        "此对话没有文档，因此没有可测试的内容；请先添加文档。",
    ),
    (
        "The documents have {tokens:,} tokens, and sinks and window hold {size:,} word for word, so nothing "
        "has gone into the memory yet; add a longer document, or choose a smaller window in Settings."
    ): Others(
        (
            "Die Dokumente haben {tokens:,} Tokens, und Anker und Fenster halten {size:,} Wort für Wort; "
            "darum ist noch nichts ins Gedächtnis gekommen; fügen Sie ein längeres Dokument hinzu, oder "
            "wählen Sie in den Einstellungen ein kleineres Fenster."
        ),
        (
            "文档共有 {tokens:,} 个词元，而锚点和窗口逐字保留 {size:,} 个，因此还没有内容进入记忆；"
            "请添加更长的文档，或在设置中选择更小的窗口。"
        ),
    ),
    (
        "What has left the window gives {count} of at least {fewest} questions about names, numbers or long "
        "words, so a score would say nothing; add a longer document."
    ): Others(
        (
            "Was das Fenster verlassen hat, ergibt {count} von mindestens {fewest} Fragen nach Namen, Zahlen "
            "oder langen Wörtern; ein Ergebnis würde nichts besagen; fügen Sie ein längeres Dokument hinzu."
        ),
        (
            "离开窗口的内容只能给出 {count} 个关于名称、数字或长词的问题，至少需要 {fewest} 个，"
            "得分没有意义；请添加更长的文档。"
        ),
    ),
    (
        "The tokenizer has no chat template that keeps a question and an answer in order, so no chat can be "
        "held with this model; choose one tuned for chat (often named “Instruct”)."
    ): Others(
        (
            "Der Tokenizer hat keine Chatvorlage, die Frage und Antwort in der Reihenfolge lässt; mit diesem "
            "Modell ist kein Chat möglich; wählen Sie eines, das für Chats trainiert ist (oft „Instruct“ "
            "genannt)."
        ),
        (
            "分词器没有能保持问答顺序的对话模板，因此无法用此模型对话；"
            "请选择为对话训练的模型（名称中常有“Instruct”）。"
        ),
    ),
    "{count:,} characters were not readable text and stand as � in the question; the rest is asked as it is.": Others(
        (
            "{count:,} Zeichen waren kein lesbarer Text und stehen als � in der Frage; das Übrige ist "
            "gefragt, wie es ist."
        ),
        "有 {count:,} 个字符不是可读文字，在问题中显示为 �；其余部分照原样提问。",
    ),
    "1 character was not readable text and stand as � in the question; the rest is asked as it is.": Others(
        "1 Zeichen war kein lesbarer Text und steht als � in der Frage; das Übrige ist gefragt, wie es ist.",
        "有 1 个字符不是可读文字，在问题中显示为 �；其余部分照原样提问。",
    ),
    "The question is empty, so there is nothing to answer; type one first.": Others(
        "Die Frage ist leer, darum gibt es nichts zu beantworten; geben Sie zuerst eine ein.",
        "问题为空，因此没有可回答的内容；请先输入问题。",
    ),
    (
        "The question has {tokens:,} tokens, more than the {limit:,} the sliding window holds, so its "
        "beginning would be lost before the answer; shorten it, or add the long text as a document."
    ): Others(
        (
            "Die Frage hat {tokens:,} Tokens, mehr als die {limit:,}, die das Fenster hält; ihr Anfang ginge "
            "vor der Antwort verloren; kürzen Sie sie, oder fügen Sie den langen Text als Dokument hinzu."
        ),
        (
            "此问题有 {tokens:,} 个词元，超过窗口可容纳的 {limit:,} 个，其开头会在回答前丢失；请缩短问题，"
            "或把长文本作为文档添加。"
        ),
    ),
    (
        "The question has {tokens:,} tokens, more than the {limit:,} the length the model was trained for "
        "leaves, so its beginning would be lost before the answer; shorten it, or add the long text as a "
        "document."
    ): Others(
        (
            "Die Frage hat {tokens:,} Tokens, mehr als die {limit:,}, die die trainierte Länge des Modells "
            "übrig lässt; ihr Anfang ginge vor der Antwort verloren; kürzen Sie sie, oder fügen Sie den "
            "langen Text als Dokument hinzu."
        ),
        (
            "此问题有 {tokens:,} 个词元，超过模型训练长度所余的 {limit:,} 个，其开头会在回答前丢失；"
            "请缩短问题，或把长文本作为文档添加。"
        ),
    ),
    "What had been read of it is no longer on the disk, so reading on begins with the first page.": Others(
        (
            "Was davon gelesen war, liegt nicht mehr auf dem Datenträger; das Weiterlesen beginnt mit der "
            "ersten Seite."
        ),
        "先前读过的内容已不在磁盘上，继续阅读将从第一页开始。",
    ),
    "This chat is closed, so nothing can be read in it; open it again.": Others(
        "Dieser Chat ist geschlossen, darin kann nichts gelesen werden; öffnen Sie ihn wieder.",
        "此对话已关闭，无法在其中阅读；请重新打开。",
    ),
    (
        "What was read of it could not be brought back ({kind}: {error}), so answers know nothing of it; "
        "resume it to try again."
    ): Others(
        (
            "Was davon gelesen war, konnte nicht zurückgeholt werden ({kind}: {error}), darum wissen "
            "Antworten nichts davon; lesen Sie weiter, um es noch einmal zu versuchen."
        ),
        "先前读过的内容无法恢复（{kind}：{error}），因此回答不知道这些内容；请继续阅读以重试。",
    ),
    "{name} cannot be read: {reason}": Others(
        "{name} kann nicht gelesen werden: {reason}",
        "无法阅读 {name}：{reason}",
    ),
    (
        "What was read of {name} could not be kept on disk ({error}), so it will be read again after a "
        "restart; free some disk space."
    ): Others(
        (
            "Was von {name} gelesen wurde, konnte nicht auf dem Datenträger aufgehoben werden ({error}) und "
            "wird nach einem Neustart noch einmal gelesen; machen Sie dort Platz."
        ),
        "{name} 已读的内容无法保存到磁盘（{error}），重新启动后会再读一遍；请释放一些磁盘空间。",
    ),
    (
        "Reading {name} ended at token {done:,} of {total:,} by an error ({kind}: {error}); resume it to try "
        "again from what was kept on disk."
    ): Others(
        (
            "Das Lesen von {name} endete bei Token {done:,} von {total:,} durch einen Fehler ({kind}: "
            "{error}); lesen Sie weiter, um es von dem aus zu versuchen, was auf dem Datenträger aufgehoben "
            "ist."
        ),
        (
            "阅读 {name} 时在第 {done:,} 个词元（共 {total:,} 个）因错误而中断（{kind}：{error}）；"
            "请继续阅读，将从磁盘上保存的进度重试。"
        ),
    ),
    "A cache with these settings": Others(
        "Ein Zwischenspeicher mit diesen Einstellungen",
        "采用这些设置的缓存",
    ),
    (
        "{name} has no text on any of its {count:,} pages, so there is nothing to read; run it through text "
        "recognition (OCR) and add it again."
    ): Others(
        (
            "{name} hat auf keiner seiner {count:,} Seiten Text, darum gibt es nichts zu lesen; lassen Sie "
            "den Text erkennen (OCR), und fügen Sie es noch einmal hinzu."
        ),
        "{name} 的 {count:,} 页都没有文字，因此没有可读的内容；请先进行文字识别 (OCR)，再重新添加。",
    ),
    "{name} with its {tokens:,} tokens": Others(
        "{name} mit seinen {tokens:,} Tokens",
        "含 {tokens:,} 个词元的 {name}",
    ),
    (
        "{name} has {tokens:,} tokens, but with full attention this model is reliable only up to the "
        "{limit:,} it was trained for and answers with noise beyond, so it was not read; AHN and window "
        "memory (Settings) read any length."
    ): Others(
        (
            "{name} hat {tokens:,} Tokens; mit voller Aufmerksamkeit ist dieses Modell aber nur bis zu den "
            "{limit:,} verlässlich, für die es trainiert wurde, und antwortet darüber hinaus unbrauchbar; "
            "darum wurde es nicht gelesen; AHN und „Nur Fenster“ (Einstellungen) lesen jede Länge."
        ),
        (
            "{name} 有 {tokens:,} 个词元，而使用全注意力时，此模型只在训练长度 {limit:,} 以内可靠，"
            "超出后的回答毫无意义，因此没有阅读；AHN 和仅窗口（见设置）可以读任意长度。"
        ),
    ),
    "choose AHN or window memory": Others(
        "wählen Sie AHN oder „Nur Fenster“",
        "选择 AHN 或仅窗口",
    ),
    "choose a smaller window": Others(
        "wählen Sie ein kleineres Fenster",
        "选择更小的窗口",
    ),
    (
        "{what} takes {needed:,.2f} GB of memory, and {free:,.2f} GB can be had, so nothing was read; close "
        "other programs, or {remedy} in Settings."
    ): Others(
        (
            "{what} braucht {needed:,.2f} GB Speicher, und {free:,.2f} GB sind zu haben; nichts wurde "
            "gelesen; schließen Sie andere Programme, oder {remedy} (Einstellungen)."
        ),
        (
            "{what}：需要 {needed:,.2f} GB 内存，而可用的只有 {free:,.2f} GB，因此没有阅读；请关闭其他程序，"
            "或在设置中{remedy}。"
        ),
    ),
    "it takes {size:.2f} GiB, and of the {free:.2f} GiB that are free {spare:.2f} GiB stay free": Others(
        "sie braucht {size:.2f} GiB, und von den {free:.2f} GiB, die frei sind, bleiben {spare:.2f} GiB frei",
        "它需要 {size:.2f} GiB，而可用的 {free:.2f} GiB 中要保留 {spare:.2f} GiB",
    ),
    "the reading could not be written: {error}": Others(
        "der Lesestand konnte nicht geschrieben werden: {error}",
        "阅读存档无法写入：{error}",
    ),
    "The document has only blank pages, so there is nothing to read; remove it.": Others(
        "Das Dokument hat nur leere Seiten, darum gibt es nichts zu lesen; entfernen Sie es.",
        "此文档只有空白页，因此没有可读的内容；请移除它。",
    ),
}
