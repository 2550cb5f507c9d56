"""What could not be read right of a document, and what text recognition says: app.documents."""

from __future__ import annotations

from app.ui.words.below.others import Others

WARNINGS: dict[str, Others] = {
    "The end of the file is missing: all {count:,} pages could be read, but check against a complete copy.": Others(
        (
            "Das Ende der Datei fehlt: Alle {count:,} Seiten konnten gelesen werden, aber vergleichen Sie "
            "mit einer vollständigen Kopie."
        ),
        "文件末尾缺失：{count:,} 页都可以读取，但请与完整的副本核对。",
    ),
    "The last change to the file is cut off: an earlier state of the document was read; get a complete copy.": Others(
        (
            "Die letzte Änderung der Datei ist abgeschnitten: Ein früherer Stand des Dokuments wurde "
            "gelesen; besorgen Sie eine vollständige Kopie."
        ),
        "文件的最后一次修改被截断：读取的是文档较早的状态；请获取完整的副本。",
    ),
    "The end of the file is missing: its only page could be read, but check against a complete copy.": Others(
        (
            "Das Ende der Datei fehlt: Die einzige Seite konnte gelesen werden, aber vergleichen Sie mit "
            "einer vollständigen Kopie."
        ),
        "文件末尾缺失：仅有的一页可以读取，但请与完整的副本核对。",
    ),
    "Text that was deleted with tracked changes is left out; what was inserted is read.": Others(
        "Text, der mit Änderungsverfolgung gelöscht wurde, ist ausgelassen; was eingefügt wurde, ist gelesen.",
        "以修订方式删除的文字已略去；插入的文字已读入。",
    ),
    "Text that is formatted as hidden is left out.": Others(
        "Text, der als verborgen formatiert ist, ist ausgelassen.",
        "设为隐藏格式的文字已略去。",
    ),
    "{count} of the chapters that the book lists are not in the file.": Others(
        "{count} der Kapitel, die das Buch aufführt, sind nicht in der Datei.",
        "该书列出的章节中有 {count} 个不在文件里。",
    ),
    "{count} of the chapters hold something else than text and are left out.": Others(
        "{count} der Kapitel enthalten etwas anderes als Text und sind ausgelassen.",
        "有 {count} 个章节的内容不是文字，已略去。",
    ),
    "its list of chapters is empty": Others(
        "die Liste ihrer Kapitel ist leer",
        "其章节列表为空",
    ),
    "its list of chapters is missing": Others(
        "die Liste ihrer Kapitel fehlt",
        "其章节列表缺失",
    ),
    "This page is damaged and could not be read.": Others(
        "Diese Seite ist beschädigt und konnte nicht gelesen werden.",
        "此页已损坏，无法读取。",
    ),
    "text recognition (OCR) may read what is printed": Others(
        "eine Texterkennung (OCR) liest vielleicht, was gedruckt ist",
        "文字识别 (OCR) 或许能读出印刷的内容",
    ),
    "pages {numbers}": Others(
        "den Seiten {numbers}",
        "第 {numbers} 页",
    ),
    "No text layer": Others(
        "Keine Textebene",
        "没有文字层",
    ),
    "this page is a picture, of which nothing was read; {remedy}.": Others(
        "Diese Seite ist ein Bild, von dem nichts gelesen wurde; {remedy}.",
        "此页是图片，没有读到任何内容；{remedy}。",
    ),
    "they are pictures, of which nothing was read; {remedy}.": Others(
        "Sie sind Bilder, von denen nichts gelesen wurde; {remedy}.",
        "这些页是图片，没有读到任何内容；{remedy}。",
    ),
    "Letters without a meaning": Others(
        "Buchstaben ohne Bedeutung",
        "字符含义不明",
    ),
    "the file does not tell what many letters of this page are, so its text has gaps; {remedy}.": Others(
        (
            "Die Datei sagt von vielen Buchstaben dieser Seite nicht, was sie sind, darum hat ihr Text "
            "Lücken; {remedy}."
        ),
        "文件没有说明此页许多字符是什么，因此文字有缺漏；{remedy}。",
    ),
    "the file does not tell what many of their letters are, so their text has gaps; {remedy}.": Others(
        "Die Datei sagt von vielen ihrer Buchstaben nicht, was sie sind, darum hat ihr Text Lücken; {remedy}.",
        "文件没有说明这些页许多字符是什么，因此文字有缺漏；{remedy}。",
    ),
    "Wrong letters": Others(
        "Falsche Buchstaben",
        "字符错误",
    ),
    "the text layer of this page is not what is printed on it; {remedy}.": Others(
        "Die Textebene dieser Seite ist nicht das, was darauf gedruckt ist; {remedy}.",
        "此页的文字层与印刷的内容不符；{remedy}。",
    ),
    "their text layer is not what is printed on them; {remedy}.": Others(
        "Ihre Textebene ist nicht das, was darauf gedruckt ist; {remedy}.",
        "这些页的文字层与印刷的内容不符；{remedy}。",
    ),
    "No spaces between words": Others(
        "Keine Leerzeichen zwischen Wörtern",
        "单词之间没有空格",
    ),
    "the words of this page run together, so searching them finds little; {remedy}.": Others(
        "Die Wörter dieser Seite laufen ineinander, darum findet eine Suche darin wenig; {remedy}.",
        "此页的单词连在一起，因此很难搜索到；{remedy}。",
    ),
    "their words run together, so searching them finds little; {remedy}.": Others(
        "Ihre Wörter laufen ineinander, darum findet eine Suche darin wenig; {remedy}.",
        "这些页的单词连在一起，因此很难搜索到；{remedy}。",
    ),
    "{trouble}: {consequence}": Others(
        "{trouble}: {consequence}",
        "{trouble}：{consequence}",
    ),
    "{trouble} on {pages}: {consequence}": Others(
        "{trouble} auf {pages}: {consequence}",
        "{pages}{trouble}：{consequence}",
    ),
    "page {number}": Others(
        "Seite {number}",
        "第 {number} 页",
    ),
    "This page was read as plain lines, because its layout could not be made out: check it against the file.": Others(
        (
            "Diese Seite wurde als einfache Zeilen gelesen, weil ihr Aufbau nicht zu erkennen war: "
            "Vergleichen Sie sie mit der Datei."
        ),
        "此页按普通文本行读取，因为无法识别其版面：请与原文件核对。",
    ),
    "The file also holds {count:,} attached files, which were not read: {names}.": Others(
        "Die Datei enthält auch {count:,} angehängte Dateien, die nicht gelesen wurden: {names}.",
        "该文件还带有 {count:,} 个附件，没有读取：{names}。",
    ),
    "The file also holds {count:,} attached files, which were not read.": Others(
        "Die Datei enthält auch {count:,} angehängte Dateien, die nicht gelesen wurden.",
        "该文件还带有 {count:,} 个附件，没有读取。",
    ),
    (
        "The file holds an XFA form, whose fields and values were not read; open it in the program that made "
        "it and print it to a PDF."
    ): Others(
        (
            "Die Datei enthält ein XFA-Formular, dessen Felder und Werte nicht gelesen wurden; öffnen Sie "
            "sie in dem Programm, das sie erzeugt hat, und drucken Sie sie in ein PDF."
        ),
        "该文件含有 XFA 表单，其字段和值没有读取；请用生成它的程序打开并打印成 PDF。",
    ),
    "The file also holds 1 attached file, which was not read: {name}.": Others(
        "Die Datei enthält auch 1 angehängte Datei, die nicht gelesen wurde: {name}.",
        "该文件还带有 1 个附件，没有读取：{name}。",
    ),
    "The file also holds 1 attached file, which was not read.": Others(
        "Die Datei enthält auch 1 angehängte Datei, die nicht gelesen wurde.",
        "该文件还带有 1 个附件，没有读取。",
    ),
    "Hidden slides {numbers} left out.": Others(
        "Die ausgeblendeten Folien {numbers} sind ausgelassen.",
        "隐藏的幻灯片 {numbers} 已略去。",
    ),
    "Hidden slide {number} left out.": Others(
        "Die ausgeblendete Folie {number} ist ausgelassen.",
        "隐藏的幻灯片 {number} 已略去。",
    ),
    (
        "{count:,} formulas have no stored values and are left out: open the file in a spreadsheet program "
        "and save it, which works them out."
    ): Others(
        (
            "{count:,} Formeln haben keine gespeicherten Werte und sind ausgelassen: Öffnen Sie die Datei in "
            "einer Tabellenkalkulation, und speichern Sie sie, dann werden sie berechnet."
        ),
        "{count:,} 个公式没有保存数值，已略去：请用电子表格程序打开文件并保存，即可算出。",
    ),
    "its list of sheets cannot be read": Others(
        "die Liste ihrer Blätter lässt sich nicht lesen",
        "其工作表列表无法读取",
    ),
    (
        "1 formula has no stored value and is left out: open the file in a spreadsheet program and save it, "
        "which works them out."
    ): Others(
        (
            "1 Formel hat keinen gespeicherten Wert und ist ausgelassen: Öffnen Sie die Datei in einer "
            "Tabellenkalkulation, und speichern Sie sie, dann wird sie berechnet."
        ),
        "1 个公式没有保存数值，已略去：请用电子表格程序打开文件并保存，即可算出。",
    ),
    "Hidden sheets are left out: {names} and others.": Others(
        "Ausgeblendete Blätter sind ausgelassen: {names} und andere.",
        "隐藏的工作表已略去：{names} 等。",
    ),
    "1 hidden row is left out.": Others(
        "1 ausgeblendete Zeile ist ausgelassen.",
        "1 个隐藏的行已略去。",
    ),
    "Hidden sheets are left out: {names}.": Others(
        "Ausgeblendete Blätter sind ausgelassen: {names}.",
        "隐藏的工作表已略去：{names}。",
    ),
    "{count:,} hidden rows are left out.": Others(
        "{count:,} ausgeblendete Zeilen sind ausgelassen.",
        "{count:,} 个隐藏的行已略去。",
    ),
    "its sheet {sheet} cannot be read": Others(
        "ihr Blatt {sheet} lässt sich nicht lesen",
        "其工作表 {sheet} 无法读取",
    ),
    "Text recognition is not installed: run “{command}” (about 120 MB) and try again.": Others(
        (
            "Die Texterkennung ist nicht installiert: Führen Sie „{command}“ aus (etwa 120 MB), und "
            "versuchen Sie es noch einmal."
        ),
        "尚未安装文字识别：请运行“{command}”（约 120 MB）后重试。",
    ),
    "Text recognition found nothing on this page.": Others(
        "Die Texterkennung hat auf dieser Seite nichts gefunden.",
        "文字识别在本页上没有找到任何内容。",
    ),
    "The document": Others(
        "Das Dokument",
        "该文档",
    ),
    "the program that recognises it broke down": Others(
        "Das Programm, das den Text erkennt, brach zusammen",
        "文字识别程序崩溃了",
    ),
    "Text recognition of {name} was cancelled.": Others(
        "Die Texterkennung von {name} wurde abgebrochen.",
        "{name} 的文字识别已取消。",
    ),
    "{name} cannot be recognised, because {reason}.": Others(
        "{name} kann nicht erkannt werden: {reason}.",
        "无法识别 {name}：{reason}。",
    ),
    "Text recognition failed: {reason}.": Others(
        "Die Texterkennung ist gescheitert: {reason}.",
        "文字识别失败：{reason}。",
    ),
}
