"""The cards of documents, what they offer beside their reading, and the line above the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class DocumentWords:
    """Documents on their way into the library and into the model's memory.

    encoding: what people call the encodings that can be chosen, by the name that Python knows.
    """

    heading: str
    add_title: str
    drop_hint: str
    all: str
    all_title: str
    in_library: str
    read_earlier: str
    read_later: str
    about_tokens: str
    remove: str
    read_in_full: str
    read_on: str
    try_again: str
    held_title: str
    measuring: str
    in_line_about: str
    counting: str
    counting_about: str
    paused_at: str
    stopped_at: str
    dismiss: str
    cancel: str
    working_out_time: str
    taking_out_text: str
    recognise_text: str
    no_text_layer_at_all: str
    no_text_layer: Plural
    more_stretches: str
    read_share: str
    share_read: str
    kept_from_earlier: str
    estimate: str
    about_time: str
    time_not_measured: str
    scan_one_page: str
    scan: str
    import_error: str
    not_uploaded_here: str
    recognising: str
    reading_again: str
    read_again: str
    read_again_title: str
    better_text: str
    recognition_missing: str
    recognise: str
    recognise_pages_of: str
    no_right_text: str
    read_as: str
    read_as_instead: str
    change: str
    change_title: str
    keep_encoding: str
    encoding_of: str
    doing_label: str
    encoding: Mapping[str, str]
    file_not_kept: str
    nothing_recognised: str
    encoding_not_offered: str
    taken_out_already: str
    taken_out_again: str
    stays_as_it_was: str
    retake_error: str


DOCUMENTS = Translated(
    english=DocumentWords(
        heading="Documents",
        add_title="Add documents: PDF, Word, Excel, PowerPoint, OpenDocument, EPUB, HTML, mail, text and more",
        drop_hint=(
            "Drop documents or folders anywhere on this page: PDF, Word, Excel, EPUB, HTML, mail, text and more. They "
            "stay on this computer."
        ),
        all="All",
        all_title="All documents of your library, with sizes and search",
        in_library="In your library",
        read_earlier="Read {name} earlier",
        read_later="Read {name} later",
        about_tokens="about {tokens}",
        remove="Remove {name} from this chat",
        read_in_full="read in full",
        read_on="Read on in {name}",
        try_again="Try again to read {name}",
        held_title="memory of this chat once it is read",
        measuring="measuring speed",
        in_line_about="in line, about {time}",
        counting="counting tokens",
        counting_about="counting tokens, about {time} to read",
        paused_at="paused at page {n}",
        stopped_at="stopped at page {n}",
        dismiss="Dismiss {name}",
        cancel="Cancel {name}",
        working_out_time="working out the time",
        taking_out_text="taking out the text",
        recognise_text="Recognise text",
        no_text_layer_at_all="no text layer on any page: this is a scan, and there is nothing to read in it",
        no_text_layer=Plural(
            "no text layer on page {ranges}: these were skipped",
            "no text layer on pages {ranges}: these were skipped",
        ),
        more_stretches="{ranges} and {n} more stretches",
        read_share="read {percent}",
        share_read="{percent} read",
        kept_from_earlier="{name}: kept from an earlier reading, nothing has to be read again.",
        estimate="{name}: {pages}, {tokens}; reading takes {time} and {size} of memory.",
        about_time="about {time}",
        time_not_measured="a time not measured yet",
        scan_one_page=(
            "{name} has no text layer on its only page: it is a scan. Its text can be recognised, page by page, in "
            "the background."
        ),
        scan=(
            "{name} has no text layer on any of its {n} pages: it is a scan. Its text can be recognised, page by "
            "page, in the background."
        ),
        import_error="This file could not be added because of an error in AHN Chat; the terminal shows it.",
        not_uploaded_here="This file was not uploaded from this page, so it was not opened; add it again.",
        recognising="recognising",
        reading_again="reading again",
        read_again="Read again",
        read_again_title="Read {name} again with the better text",
        better_text="better text available",
        recognition_missing="Text recognition could read {pages}; install it with",
        recognise="Recognise",
        recognise_pages_of="Recognise the text of {pages} of {name}",
        no_right_text="no right text on {pages}",
        read_as="read as {encoding}",
        read_as_instead="read as {encoding}; instead as",
        change="Change",
        change_title="Read {name} in another encoding",
        keep_encoding="Keep the encoding as it is",
        encoding_of="Encoding of {name}",
        doing_label="{name}: {doing}",
        encoding={
            "utf-8": "Unicode (UTF-8)",
            "windows-1252": "Western European",
            "windows-1250": "Central European",
            "windows-1251": "Cyrillic (Windows)",
            "koi8-r": "Cyrillic (KOI8-R)",
            "windows-1253": "Greek",
            "windows-1254": "Turkish",
            "windows-1255": "Hebrew",
            "windows-1256": "Arabic",
            "shift_jis": "Japanese (Shift JIS)",
            "euc_jp": "Japanese (EUC)",
            "gb18030": "Chinese, simplified",
            "big5": "Chinese, traditional",
            "euc_kr": "Korean",
            "utf-16": "Unicode (UTF-16)",
        },
        file_not_kept=(
            "The file of {name} was not kept, so its text cannot be taken out again; add the file once more."
        ),
        nothing_recognised="No text was recognised on any page of {name}, so nothing was changed.",
        encoding_not_offered="The encoding {encoding} is not among those offered; choose one of them.",
        taken_out_already="The text of {name} is being taken out again already; wait for it.",
        taken_out_again="{name}: its text was taken out again.",
        stays_as_it_was="{name} stays as it was.",
        retake_error="The text could not be taken out again because of an error in AHN Chat; the terminal shows it.",
    ),
    german=DocumentWords(
        heading="Dokumente",
        add_title="Dokumente hinzufügen: PDF, Word, Excel, PowerPoint, OpenDocument, EPUB, HTML, E-Mail, Text und mehr",
        drop_hint=(
            "Ziehen Sie Dokumente oder Ordner auf diese Seite: PDF, Word, Excel, EPUB, HTML, E-Mail, Text und mehr. "
            "Sie bleiben auf diesem Computer."
        ),
        all="Alle",
        all_title="Alle Dokumente Ihrer Bibliothek, mit Größen und Suche",
        in_library="In Ihrer Bibliothek",
        read_earlier="{name} früher lesen",
        read_later="{name} später lesen",
        about_tokens="etwa {tokens}",
        remove="{name} aus diesem Chat entfernen",
        read_in_full="ganz gelesen",
        read_on="{name} weiterlesen",
        try_again="Noch einmal versuchen, {name} zu lesen",
        held_title="Speicher dieses Chats, wenn alles gelesen ist",
        measuring="Tempo wird gemessen",
        in_line_about="in der Warteschlange, etwa {time}",
        counting="Tokens werden gezählt",
        counting_about="Tokens werden gezählt, Lesezeit etwa {time}",
        paused_at="angehalten auf Seite {n}",
        stopped_at="beendet auf Seite {n}",
        dismiss="{name} ausblenden",
        cancel="{name} abbrechen",
        working_out_time="Lesezeit wird geschätzt",
        taking_out_text="Text wird entnommen",
        recognise_text="Text erkennen",
        no_text_layer_at_all="auf keiner Seite eine Textebene: Das ist ein Scan, und es gibt nichts zu lesen",
        no_text_layer=Plural(
            "keine Textebene auf Seite {ranges}: übersprungen",
            "keine Textebene auf den Seiten {ranges}: übersprungen",
        ),
        more_stretches="{ranges} und {n} weiteren Abschnitten",
        read_share="{percent} gelesen",
        share_read="{percent} gelesen",
        kept_from_earlier="{name}: schon früher gelesen und aufgehoben; nichts muss noch einmal gelesen werden.",
        estimate="{name}: {pages}, {tokens}; das Lesen braucht {time} und {size} Speicher.",
        about_time="etwa {time}",
        time_not_measured="noch nicht gemessene Zeit",
        scan_one_page=(
            "{name} hat auf der einzigen Seite keine Textebene: Das ist ein Scan. Der Text kann im Hintergrund "
            "erkannt werden."
        ),
        scan=(
            "{name} hat auf keiner der {n} Seiten eine Textebene: Das ist ein Scan. Der Text kann Seite für Seite im "
            "Hintergrund erkannt werden."
        ),
        import_error=(
            "Diese Datei konnte wegen eines Fehlers in AHN Chat nicht hinzugefügt werden; Näheres steht im Terminal."
        ),
        not_uploaded_here=(
            "Diese Datei wurde nicht von dieser Seite hochgeladen und darum nicht geöffnet; fügen Sie sie neu hinzu."
        ),
        recognising="Text wird erkannt",
        reading_again="Text wird neu entnommen",
        read_again="Neu lesen",
        read_again_title="{name} mit dem besseren Text neu lesen",
        better_text="besserer Text vorhanden",
        recognition_missing="Texterkennung könnte {pages} lesen; so wird sie installiert:",
        recognise="Erkennen",
        recognise_pages_of="Text von {name} erkennen ({pages})",
        no_right_text="{pages} ohne richtigen Text",
        read_as="gelesen als {encoding}",
        read_as_instead="gelesen als {encoding}; stattdessen als",
        change="Ändern",
        change_title="{name} in einer anderen Kodierung lesen",
        keep_encoding="Kodierung so lassen",
        encoding_of="Kodierung von {name}",
        doing_label="{name}: {doing}",
        encoding={
            "utf-8": "Unicode (UTF-8)",
            "windows-1252": "Westeuropäisch",
            "windows-1250": "Mitteleuropäisch",
            "windows-1251": "Kyrillisch (Windows)",
            "koi8-r": "Kyrillisch (KOI8-R)",
            "windows-1253": "Griechisch",
            "windows-1254": "Türkisch",
            "windows-1255": "Hebräisch",
            "windows-1256": "Arabisch",
            "shift_jis": "Japanisch (Shift JIS)",
            "euc_jp": "Japanisch (EUC)",
            "gb18030": "Chinesisch, vereinfacht",
            "big5": "Chinesisch, traditionell",
            "euc_kr": "Koreanisch",
            "utf-16": "Unicode (UTF-16)",
        },
        file_not_kept=(
            "Die Datei von {name} wurde nicht aufgehoben, darum kann der Text nicht neu entnommen werden; fügen Sie "
            "die Datei noch einmal hinzu."
        ),
        nothing_recognised="Auf keiner Seite von {name} wurde Text erkannt; nichts wurde geändert.",
        encoding_not_offered="Die Kodierung {encoding} steht nicht zur Wahl; wählen Sie eine der angebotenen.",
        taken_out_already="Der Text von {name} wird schon neu entnommen; warten Sie, bis das fertig ist.",
        taken_out_again="{name}: Der Text wurde neu entnommen.",
        stays_as_it_was="{name} bleibt, wie es war.",
        retake_error=(
            "Der Text konnte wegen eines Fehlers in AHN Chat nicht neu entnommen werden; Näheres steht im Terminal."
        ),
    ),
    chinese=DocumentWords(
        heading="文档",
        add_title="添加文档：PDF、Word、Excel、PowerPoint、OpenDocument、EPUB、HTML、邮件、文本等",
        drop_hint="把文档或文件夹拖到本页任意位置：PDF、Word、Excel、EPUB、HTML、邮件、文本等。它们不会离开这台电脑。",
        all="全部",
        all_title="书库中的全部文档，可查看大小并搜索",
        in_library="书库中",
        read_earlier="提前阅读 {name}",
        read_later="推后阅读 {name}",
        about_tokens="约 {tokens}",
        remove="从此对话中移除 {name}",
        read_in_full="已全部读完",
        read_on="继续阅读 {name}",
        try_again="重新尝试阅读 {name}",
        held_title="读完后此对话占用的内存",
        measuring="正在测速",
        in_line_about="排队中，约 {time}",
        counting="正在统计词元",
        counting_about="正在统计词元，阅读约需 {time}",
        paused_at="暂停于第 {n} 页",
        stopped_at="停止于第 {n} 页",
        dismiss="关闭 {name}",
        cancel="取消 {name}",
        working_out_time="正在估算时间",
        taking_out_text="正在提取文字",
        recognise_text="识别文字",
        no_text_layer_at_all="所有页面都没有文字层：这是扫描件，没有可读的内容",
        no_text_layer=same("第 {ranges} 页没有文字层：已跳过"),
        more_stretches="{ranges} 以及另外 {n} 段",
        read_share="已读 {percent}",
        share_read="已读 {percent}",
        kept_from_earlier="{name}：保留了先前的阅读结果，无需重新阅读。",
        estimate="{name}：{pages}，{tokens}；阅读需要{time}和 {size} 内存。",
        about_time="约 {time}",
        time_not_measured="尚未测得的时间",
        scan_one_page="{name} 仅有的一页没有文字层：这是扫描件。可以在后台识别其中的文字。",
        scan="{name} 的 {n} 页都没有文字层：这是扫描件。可以在后台逐页识别其中的文字。",
        import_error="由于 AHN Chat 内部错误，无法添加此文件；详情见终端。",
        not_uploaded_here="此文件不是从本页上传的，因此没有打开；请重新添加。",
        recognising="正在识别文字",
        reading_again="正在重新提取文字",
        read_again="重新阅读",
        read_again_title="用更好的文字重新阅读 {name}",
        better_text="有更好的文字",
        recognition_missing="文字识别可以读取 {pages}；安装命令：",
        recognise="识别",
        recognise_pages_of="识别 {name} 中 {pages} 的文字",
        no_right_text="{pages} 没有正确的文字",
        read_as="按 {encoding} 读取",
        read_as_instead="按 {encoding} 读取；改为",
        change="更改",
        change_title="用另一种编码读取 {name}",
        keep_encoding="保持编码不变",
        encoding_of="{name} 的编码",
        doing_label="{name}：{doing}",
        encoding={
            "utf-8": "Unicode (UTF-8)",
            "windows-1252": "西欧",
            "windows-1250": "中欧",
            "windows-1251": "西里尔文 (Windows)",
            "koi8-r": "西里尔文 (KOI8-R)",
            "windows-1253": "希腊文",
            "windows-1254": "土耳其文",
            "windows-1255": "希伯来文",
            "windows-1256": "阿拉伯文",
            "shift_jis": "日文 (Shift JIS)",
            "euc_jp": "日文 (EUC)",
            "gb18030": "简体中文",
            "big5": "繁体中文",
            "euc_kr": "韩文",
            "utf-16": "Unicode (UTF-16)",
        },
        file_not_kept="{name} 的原文件没有保留，因此无法重新提取文字；请再次添加该文件。",
        nothing_recognised="在 {name} 的任何一页上都没有识别出文字，因此没有更改。",
        encoding_not_offered="编码 {encoding} 不在可选范围内；请选择其中一种。",
        taken_out_already="{name} 的文字已经在重新提取；请稍候。",
        taken_out_again="{name}：文字已重新提取。",
        stays_as_it_was="{name} 保持不变。",
        retake_error="由于 AHN Chat 内部错误，无法重新提取文字；详情见终端。",
    ),
)
