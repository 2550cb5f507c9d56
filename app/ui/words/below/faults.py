"""Why a document is refused, or a page not shown: app.documents."""

from __future__ import annotations

from app.ui.words.below.others import Others

FAULTS: dict[str, Others] = {
    "binary data": Others(
        "Binärdaten",
        "二进制数据",
    ),
    "open it in a PDF viewer and print it to a new PDF": Others(
        "öffnen Sie sie in einem PDF-Betrachter, und drucken Sie sie in ein neues PDF",
        "请用 PDF 阅读器打开并打印成新的 PDF",
    ),
    "open it in the program that it comes from and save it again, or get a new copy": Others(
        (
            "öffnen Sie sie in dem Programm, aus dem sie stammt, und speichern Sie sie neu, oder besorgen "
            "Sie eine neue Kopie"
        ),
        "请用生成它的程序打开并重新保存，或获取新的副本",
    ),
    "{count} bytes": Others(
        "{count} Bytes",
        "{count} 字节",
    ),
    "its only page": Others(
        "der einzigen Seite",
        "仅有的一页",
    ),
    "pages 1-{last}": Others(
        "den Seiten 1-{last}",
        "第 1-{last} 页",
    ),
    "{count:.4g} GB": Others(
        "{count:.4g} GB",
        "{count:.4g} GB",
    ),
    "{count:.4g} MB": Others(
        "{count:.4g} MB",
        "{count:.4g} MB",
    ),
    "{count:.4g} kB": Others(
        "{count:.4g} kB",
        "{count:.4g} kB",
    ),
    "{name} was not added, because {reason}.": Others(
        "{name} wurde nicht hinzugefügt: {reason}.",
        "{name} 没有添加：{reason}。",
    ),
    (
        "{name} has {size} and the limit is {limit}, so it was not added; split it into smaller files and "
        "add those."
    ): Others(
        (
            "{name} hat {size}, und die Grenze ist {limit}; darum wurde es nicht hinzugefügt; teilen Sie es "
            "in kleinere Dateien, und fügen Sie diese hinzu."
        ),
        "{name} 大小为 {size}，上限是 {limit}，因此没有添加；请拆分成较小的文件再添加。",
    ),
    (
        "{name} has {pages:,} pages and the limit is {limit:,}, so it was not added; split it into smaller "
        "files and add those."
    ): Others(
        (
            "{name} hat {pages:,} Seiten, und die Grenze ist {limit:,}; darum wurde es nicht hinzugefügt; "
            "teilen Sie es in kleinere Dateien, und fügen Sie diese hinzu."
        ),
        "{name} 有 {pages:,} 页，上限是 {limit:,} 页，因此没有添加；请拆分成较小的文件再添加。",
    ),
    (
        "{name} has more characters of text than the limit of {limit:,}, reached on page {page:,}, so it was "
        "not added; split it into smaller files and add those."
    ): Others(
        (
            "{name} hat mehr Zeichen Text als die Grenze von {limit:,}, erreicht auf Seite {page:,}; darum "
            "wurde es nicht hinzugefügt; teilen Sie es in kleinere Dateien, und fügen Sie diese hinzu."
        ),
        (
            "{name} 的文字超过上限 {limit:,} 个字符（在第 {page:,} 页达到），因此没有添加；"
            "请拆分成较小的文件再添加。"
        ),
    ),
    (
        "{name} needs more memory to be read than the limit of {limit}, so it was not added; split it into "
        "smaller files and add those."
    ): Others(
        (
            "{name} braucht zum Lesen mehr Speicher als die Grenze von {limit}; darum wurde es nicht "
            "hinzugefügt; teilen Sie es in kleinere Dateien, und fügen Sie diese hinzu."
        ),
        "读取 {name} 所需的内存超过上限 {limit}，因此没有添加；请拆分成较小的文件再添加。",
    ),
    (
        "{name} takes longer to be read than the limit of {limit:g} seconds, so it was not added; split it "
        "into smaller files and add those."
    ): Others(
        (
            "Das Lesen von {name} dauert länger als die Grenze von {limit:g} Sekunden; darum wurde es nicht "
            "hinzugefügt; teilen Sie es in kleinere Dateien, und fügen Sie diese hinzu."
        ),
        "读取 {name} 所需的时间超过上限 {limit:g} 秒，因此没有添加；请拆分成较小的文件再添加。",
    ),
    "that was cancelled; add it again to start over": Others(
        "Das wurde abgebrochen; fügen Sie die Datei noch einmal hinzu, um von vorn zu beginnen",
        "已取消；请重新添加以从头开始",
    ),
    "there is no such file; check the name and the folder": Others(
        "Es gibt keine solche Datei; prüfen Sie Namen und Ordner",
        "没有这个文件；请检查名称和文件夹",
    ),
    "it cannot be opened ({detail}); check that you may read the file": Others(
        "Die Datei lässt sich nicht öffnen ({detail}); prüfen Sie, ob Sie sie lesen dürfen",
        "文件无法打开（{detail}）；请检查您是否可以读取它",
    ),
    "it is a symbolic link; add the file that it points to": Others(
        "Das ist ein symbolischer Link; fügen Sie die Datei hinzu, auf die er zeigt",
        "这是一个符号链接；请添加它所指向的文件",
    ),
    "it is {detail} and not a file; choose a single document": Others(
        "Das ist {detail} und keine Datei; wählen Sie ein einzelnes Dokument",
        "这不是文件，而是：{detail}；请选择单个文档",
    ),
    "the file is empty (0 bytes); get a complete copy": Others(
        "Die Datei ist leer (0 Bytes); besorgen Sie eine vollständige Kopie",
        "文件是空的（0 字节）；请获取完整的副本",
    ),
    "it is {detail}": Others(
        "Das ist {detail}",
        "文件类型是：{detail}",
    ),
    "its name says PDF and its content is {detail}; get the real PDF, or rename the file": Others(
        (
            "Dem Namen nach ist es ein PDF, dem Inhalt nach {detail}; besorgen Sie das richtige PDF, oder "
            "benennen Sie die Datei um"
        ),
        "文件名为 PDF，内容却是：{detail}；请获取真正的 PDF，或重命名该文件",
    ),
    "its content is {detail} and not text; save or export it as PDF or plain text": Others(
        (
            "Der Inhalt ist kein Text, sondern: {detail}; speichern oder exportieren Sie ihn als PDF oder "
            "reinen Text"
        ),
        "内容不是文字，而是：{detail}；请另存或导出为 PDF 或纯文本",
    ),
    "'{detail}' is no encoding of text that is known here; choose another, such as UTF-8 or Windows-1252": Others(
        (
            "„{detail}“ ist keine Kodierung, die hier bekannt ist; wählen Sie eine andere, etwa UTF-8 oder "
            "Windows-1252"
        ),
        "“{detail}”不是这里认识的文字编码；请另选一种，例如 UTF-8 或 Windows-1252",
    ),
    "it is damaged and no text can be got out of it ({detail}); {remedy}": Others(
        "Die Datei ist beschädigt, und es ist kein Text herauszubekommen ({detail}); {remedy}",
        "文件已损坏，无法从中取出文字（{detail}）；{remedy}",
    ),
    "it unpacks to far more than a document holds ({detail}), so nothing of it is read; {remedy}": Others(
        (
            "Entpackt ist die Datei viel größer als ein Dokument ({detail}), darum wird nichts von ihr "
            "gelesen; {remedy}"
        ),
        "文件解压后远远超出文档的大小（{detail}），因此没有读取；{remedy}",
    ),
    "there is no text in it, nothing but white space or pictures; check that it is the right file": Others(
        "Es ist kein Text darin, nur Leerraum oder Bilder; prüfen Sie, ob es die richtige Datei ist",
        "其中没有文字，只有空白或图片；请检查是否选对了文件",
    ),
    (
        "there is no text layer on {pages}: it is probably a scan; text recognition (OCR) reads it once "
        "“{command}” has been run, or run ocrmypdf on it and add the result"
    ): Others(
        (
            "Es gibt keine Textebene auf {pages}: Vermutlich ist es ein Scan; die Texterkennung (OCR) liest "
            "ihn, wenn „{command}“ ausgeführt wurde; oder lassen Sie ocrmypdf darüberlaufen, und fügen Sie "
            "das Ergebnis hinzu"
        ),
        (
            "{pages}没有文字层：大概是扫描件；运行“{command}”后可以用文字识别 (OCR) 读取，或用 ocrmypdf "
            "处理后添加结果"
        ),
    ),
    "it is encrypted and needs a password; save a copy without the password and add that": Others(
        (
            "Die Datei ist verschlüsselt und braucht ein Passwort; speichern Sie eine Kopie ohne Passwort, "
            "und fügen Sie diese hinzu"
        ),
        "文件已加密，需要密码；请另存一份不带密码的副本再添加",
    ),
    (
        "it is encrypted with AES, which needs the Python package 'cryptography'; install that package, or "
        "save a copy without encryption"
    ): Others(
        (
            "Die Datei ist mit AES verschlüsselt, wofür das Python-Paket „cryptography“ nötig ist; "
            "installieren Sie es, oder speichern Sie eine Kopie ohne Verschlüsselung"
        ),
        "文件用 AES 加密，需要 Python 包“cryptography”；请安装该包，或另存一份不加密的副本",
    ),
    "it ends before its last part: it was cut off; get a complete copy": Others(
        "Die Datei endet vor ihrem letzten Teil: Sie wurde abgeschnitten; besorgen Sie eine vollständige Kopie",
        "文件不完整，末尾被截断；请获取完整的副本",
    ),
    "the PDF has 0 pages; get a complete copy": Others(
        "Das PDF hat 0 Seiten; besorgen Sie eine vollständige Kopie",
        "该 PDF 有 0 页；请获取完整的副本",
    ),
    "its parts are nested too deeply to be followed; {remedy}": Others(
        "Die Teile der Datei sind zu tief verschachtelt; {remedy}",
        "文件各部分嵌套过深；{remedy}",
    ),
    "it asks for more work than one file may ({detail}); {remedy}": Others(
        "Die Datei verlangt mehr Arbeit, als eine Datei darf ({detail}); {remedy}",
        "文件所需的处理量超出单个文件的上限（{detail}）；{remedy}",
    ),
    "the PDF is damaged and no text can be got out of it; {remedy}, or get a new copy": Others(
        (
            "Die PDF-Datei ist beschädigt, und es ist kein Text herauszubekommen; {remedy}, oder besorgen "
            "Sie eine neue Kopie"
        ),
        "该 PDF 已损坏，无法从中取出文字；{remedy}，或获取新的副本",
    ),
    "the program that reads it could not be started ({detail}); close some programs, try again": Others(
        (
            "Das Programm, das die Datei liest, ließ sich nicht starten ({detail}); schließen Sie einige "
            "Programme, und versuchen Sie es noch einmal"
        ),
        "读取文件的程序无法启动（{detail}）；请关闭一些程序后重试",
    ),
    "the program that reads it broke down on it (exit status {status}); {remedy}": Others(
        "Das Programm, das die Datei liest, brach dabei zusammen (Status {status}); {remedy}",
        "读取文件的程序崩溃了（退出状态 {status}）；{remedy}",
    ),
    "it has more than the limit of {limit:,} bytes": Others(
        "Die Datei hat mehr als die Grenze von {limit:,} Bytes",
        "文件超过上限 {limit:,} 字节",
    ),
    "the program that reads it broke down": Others(
        "Das Programm, das die Datei liest, brach zusammen",
        "读取文件的程序崩溃了",
    ),
    "the program that reads it could not be started ({reason})": Others(
        "Das Programm, das die Datei liest, ließ sich nicht starten ({reason})",
        "读取文件的程序无法启动（{reason}）",
    ),
    "the program that reads it has ended": Others(
        "Das Programm, das die Datei liest, ist beendet",
        "读取文件的程序已经结束",
    ),
    "that was cancelled": Others(
        "Das wurde abgebrochen",
        "已取消",
    ),
    "it takes longer than the limit of {seconds:g} seconds": Others(
        "Das dauert länger als die Grenze von {seconds:g} Sekunden",
        "所需时间超过上限 {seconds:g} 秒",
    ),
    "it cannot be opened ({reason})": Others(
        "Die Datei lässt sich nicht öffnen ({reason})",
        "文件无法打开（{reason}）",
    ),
    "it is encrypted and needs a password": Others(
        "Die Datei ist verschlüsselt und braucht ein Passwort",
        "文件已加密，需要密码",
    ),
    "the file was cut off": Others(
        "Die Datei wurde abgeschnitten",
        "文件不完整，末尾被截断",
    ),
    "the file has no pages": Others(
        "Die Datei hat keine Seiten",
        "文件没有页面",
    ),
    "there is no page {page:,} among its {total:,}": Others(
        "Eine Seite {page:,} gibt es unter den {total:,} nicht",
        "共 {total:,} 页，没有第 {page:,} 页",
    ),
    "the page is damaged": Others(
        "Die Seite ist beschädigt",
        "该页已损坏",
    ),
    "that needs more memory than the limit": Others(
        "Das braucht mehr Speicher als erlaubt",
        "所需内存超过上限",
    ),
    "the page has no size": Others(
        "Die Seite hat keine Größe",
        "该页没有尺寸",
    ),
    "the file is damaged": Others(
        "Die Datei ist beschädigt",
        "文件已损坏",
    ),
    "it was closed": Others(
        "Die Datei wurde geschlossen",
        "文件已关闭",
    ),
    "Page {page:,} of {name} was not drawn: cancelled.": Others(
        "Seite {page:,} von {name} wurde nicht gezeichnet: abgebrochen.",
        "{name} 的第 {page:,} 页没有绘制：已取消。",
    ),
    "Page {page:,} of {name} cannot be shown, because {reason}.": Others(
        "Seite {page:,} von {name} kann nicht gezeigt werden: {reason}.",
        "无法显示 {name} 的第 {page:,} 页：{reason}。",
    ),
    "its XML": Others(
        "ihr XML",
        "其 XML",
    ),
    "{part} is not well formed": Others(
        "{part} ist nicht wohlgeformt",
        "{part} 格式不正确",
    ),
    "{count:,} parts": Others(
        "{count:,} Teile",
        "{count:,} 个部分",
    ),
    "more than {size:,} MB": Others(
        "mehr als {size:,} MB",
        "超过 {size:,} MB",
    ),
    "{size:,} MB out of {packed:.1f} MB": Others(
        "{size:,} MB aus {packed:.1f} MB",
        "由 {packed:.1f} MB 解压出 {size:,} MB",
    ),
    "its list of parts cannot be read": Others(
        "die Liste ihrer Teile lässt sich nicht lesen",
        "其内容列表无法读取",
    ),
    "its part {part} cannot be unpacked": Others(
        "ihr Teil {part} lässt sich nicht entpacken",
        "其中的 {part} 无法解压",
    ),
    "its part {part} declares entities": Others(
        "ihr Teil {part} vereinbart Entitäten",
        "其中的 {part} 声明了实体",
    ),
    "record {number}: {reason}": Others(
        "Datensatz {number}: {reason}",
        "第 {number} 条记录：{reason}",
    ),
    "its main part is empty": Others(
        "ihr Hauptteil ist leer",
        "其主体部分为空",
    ),
    "its main part is missing": Others(
        "ihr Hauptteil fehlt",
        "其主体部分缺失",
    ),
    "its groups are nested too deeply": Others(
        "ihre Gruppen sind zu tief verschachtelt",
        "其分组嵌套过深",
    ),
    "its parts are nested too deeply": Others(
        "ihre Teile sind zu tief verschachtelt",
        "其各部分嵌套过深",
    ),
}
