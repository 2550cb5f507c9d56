"""What the page says by itself, without the server: handed to `assets/ui/words.js` as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ScriptWords:
    """Sentences of the scripts in `assets/ui`; their placeholders are filled in there."""

    ask: str
    model_loading: str
    documents_to_add: str
    this_folder: str
    empty_folder: str
    too_many: str
    too_many_files: str
    too_large: str
    megabytes: str
    cut_off: str
    lost_heading: str
    lost: str
    dismiss: str
    not_found: str
    place_of: str
    no_picture: str
    you: str
    drop_here: str
    chats_to_import: str


SCRIPT = Translated(
    english=ScriptWords(
        ask="Ask about your documents",
        model_loading="The model is being loaded",
        documents_to_add="Documents to add",
        this_folder="This folder",
        empty_folder="There is no document in this folder that can be read.",
        too_many="Too many files",
        too_many_files="These are more than {most} files, so none was sent; add fewer at a time.",
        too_large=(
            "{name} has {size}, over the limit of {most}, so it was not sent; start with --max-upload-mb to allow more."
        ),
        megabytes="{n} MB",
        cut_off="The upload was cut off before it was complete; add the file again.",
        lost_heading="AHN Chat does not answer",
        lost=(
            "It has been stopped, or this computer has just woken up. Everything it had is kept, and what you are "
            "typing stays here. This page goes on by itself as soon as AHN Chat runs again at this address."
        ),
        dismiss="Dismiss",
        not_found="not found",
        place_of="{n} of {total}",
        no_picture="The picture of this page did not arrive; turn the page and back.",
        you="You",
        drop_here="Drop to add to this chat",
        chats_to_import="Chats to import",
    ),
    german=ScriptWords(
        ask="Fragen Sie nach Ihren Dokumenten",
        model_loading="Das Modell wird geladen",
        documents_to_add="Dokumente zum Hinzufügen",
        this_folder="Dieser Ordner",
        empty_folder="In diesem Ordner ist kein Dokument, das gelesen werden kann.",
        too_many="Zu viele Dateien",
        too_many_files="Das sind mehr als {most} Dateien, keine wurde gesendet; fügen Sie weniger auf einmal hinzu.",
        too_large=(
            "{name} hat {size}, mehr als die erlaubten {most}, und wurde nicht gesendet; starten Sie mit "
            "--max-upload-mb, um mehr zu erlauben."
        ),
        megabytes="{n} MB",
        cut_off="Die Übertragung brach ab, bevor sie vollständig war; fügen Sie die Datei noch einmal hinzu.",
        lost_heading="AHN Chat antwortet nicht",
        lost=(
            "Es wurde beendet, oder dieser Computer ist gerade aufgewacht. Alles Bisherige ist aufgehoben, und was Sie "
            "tippen, bleibt hier. Diese Seite macht von selbst weiter, sobald AHN Chat hier wieder läuft."
        ),
        dismiss="Schließen",
        not_found="nicht gefunden",
        place_of="{n} von {total}",
        no_picture="Das Bild dieser Seite kam nicht an; blättern Sie um und zurück.",
        you="Sie",
        drop_here="Loslassen, um es diesem Chat hinzuzufügen",
        chats_to_import="Chats zum Einlesen",
    ),
    chinese=ScriptWords(
        ask="就您的文档提问",
        model_loading="正在加载模型",
        documents_to_add="要添加的文档",
        this_folder="此文件夹",
        empty_folder="此文件夹中没有可读取的文档。",
        too_many="文件过多",
        too_many_files="文件超过 {most} 个，因此一个也没有发送；请分批添加。",
        too_large="{name} 大小为 {size}，超过上限 {most}，因此没有发送；可用 --max-upload-mb 启动以提高上限。",
        megabytes="{n} MB",
        cut_off="上传在完成之前中断；请重新添加该文件。",
        lost_heading="AHN Chat 没有响应",
        lost=(
            "程序已停止，或者电脑刚从睡眠中恢复。已有的内容都已保存，您正在输入的内容也会留在这里。"
            "AHN Chat 在此地址恢复运行后，本页会自动继续。"
        ),
        dismiss="关闭",
        not_found="未找到",
        place_of="{n}/{total}",
        no_picture="本页的图像没有加载成功；请翻页后再翻回来。",
        you="您",
        drop_here="松开鼠标即可添加到此对话",
        chats_to_import="要导入的对话",
    ),
)
