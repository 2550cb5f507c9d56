"""The library, and what a search over all documents found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class LibraryWords:
    """sort: the ways to sort. kind, disk: what a document, and everything, consists of on the disk."""

    heading: str
    name_placeholder: str
    search_label: str
    sorted_by: str
    sort: Mapping[str, str]
    kind: Mapping[str, str]
    disk: Mapping[str, str]
    on_this_disk_html: str
    none_called: str
    appear_here: str
    cannot_be_read: str
    documents: str
    ask_delete_readings: str
    delete_readings: str
    free_space: str
    free_space_title: str
    added: str
    used: str
    in_this_chat: str
    in_this_chat_share: str
    doing_pages: str
    save_file: str
    save_text: str
    rename: str
    delete: str
    new_name: str
    better_text: str
    ask_delete: str
    frees: str
    chats_use: Plural
    title: str
    chats_and_more: str
    deleted: str
    readings_deleted: str
    readings_not_deleted: str
    in_documents: str
    no_document_contains: str


LIBRARY = Translated(
    english=LibraryWords(
        heading="Library",
        name_placeholder="Name of a document",
        search_label="Search the library by name",
        sorted_by="Sorted by",
        sort={"added": "last added", "name": "name", "used": "last used", "size": "size on disk"},
        kind={"original": "file", "text": "text", "readings": "readings"},
        disk={"originals": "files", "text": "texts and chats", "readings": "readings", "turns": "open chats"},
        on_this_disk_html="<b>{size}</b> on this disk: {parts}",
        none_called="No document is called like this.",
        appear_here="Documents appear here once added.",
        cannot_be_read="Cannot be read",
        documents="Documents",
        ask_delete_readings=(
            "Delete the readings of all documents ({size})? They are read again when they are next asked about."
        ),
        delete_readings="Delete readings",
        free_space="Free space",
        free_space_title="Delete what documents were read into",
        added="added {day}",
        used="used {day}",
        in_this_chat="in this chat, read",
        in_this_chat_share="in this chat, read {percent}",
        doing_pages="{doing} {n} of {total}",
        save_file="Save the file of {name}",
        save_text="Save the text of {name}",
        rename="Rename {name}",
        delete="Delete {name}",
        new_name="New name of {name}",
        better_text="A better text of {name} may be had",
        ask_delete="Delete {name}?",
        frees=" That frees {size}: its file, text and readings.",
        chats_use=Plural(
            " The chat {chats} uses it; it keeps its questions and answers.",
            " The chats {chats} use it; they keep their questions and answers.",
        ),
        title="“{title}”",
        chats_and_more="{chats} and {n} more",
        deleted="{name} is deleted; that freed {size}.",
        readings_deleted="The readings are deleted; that freed {size}.",
        readings_not_deleted=(
            "Not every reading could be deleted ({error}); those that are left are good, try again."
        ),
        in_documents="In your documents",
        no_document_contains="No document contains this.",
    ),
    german=LibraryWords(
        heading="Bibliothek",
        name_placeholder="Name eines Dokuments",
        search_label="Bibliothek nach Namen durchsuchen",
        sorted_by="Sortiert nach",
        sort={"added": "zuletzt hinzugefügt", "name": "Name", "used": "zuletzt benutzt", "size": "Größe"},
        kind={"original": "Datei", "text": "Text", "readings": "Lesestände"},
        disk={
            "originals": "Dateien",
            "text": "Texte und Chats",
            "readings": "Lesestände",
            "turns": "offene Chats",
        },
        on_this_disk_html="<b>{size}</b> auf diesem Datenträger: {parts}",
        none_called="Kein Dokument heißt so.",
        appear_here="Hier erscheinen Dokumente, sobald sie hinzugefügt sind.",
        cannot_be_read="Nicht lesbar",
        documents="Dokumente",
        ask_delete_readings=(
            "Die Lesestände aller Dokumente löschen ({size})? Gelesen wird wieder, wenn Sie das nächste Mal nach ihnen "
            "fragen."
        ),
        delete_readings="Lesestände löschen",
        free_space="Platz schaffen",
        free_space_title="Löschen, was beim Lesen der Dokumente entstanden ist",
        added="hinzugefügt {day}",
        used="benutzt {day}",
        in_this_chat="in diesem Chat, gelesen",
        in_this_chat_share="in diesem Chat, {percent} gelesen",
        doing_pages="{doing}: {n} von {total}",
        save_file="Datei von {name} speichern",
        save_text="Text von {name} speichern",
        rename="{name} umbenennen",
        delete="{name} löschen",
        new_name="Neuer Name für {name}",
        better_text="Ein besserer Text von {name} ist zu haben",
        ask_delete="{name} löschen?",
        frees=" Das gibt {size} frei: Datei, Text und Lesestände.",
        chats_use=Plural(
            " Der Chat {chats} benutzt es; er behält seine Fragen und Antworten.",
            " Die Chats {chats} benutzen es; sie behalten ihre Fragen und Antworten.",
        ),
        title="„{title}“",
        chats_and_more="{chats} und {n} weitere",
        deleted="{name} ist gelöscht; {size} sind frei geworden.",
        readings_deleted="Die Lesestände sind gelöscht; {size} sind frei geworden.",
        readings_not_deleted=(
            "Nicht alle Lesestände konnten gelöscht werden ({error}); die übrigen sind in Ordnung, versuchen Sie es "
            "noch einmal."
        ),
        in_documents="In Ihren Dokumenten",
        no_document_contains="Kein Dokument enthält das.",
    ),
    chinese=LibraryWords(
        heading="书库",
        name_placeholder="文档名称",
        search_label="按名称搜索书库",
        sorted_by="排序方式",
        sort={"added": "最近添加", "name": "名称", "used": "最近使用", "size": "占用空间"},
        kind={"original": "文件", "text": "文字", "readings": "阅读存档"},
        disk={"originals": "文件", "text": "文字与对话", "readings": "阅读存档", "turns": "打开的对话"},
        on_this_disk_html="磁盘占用 <b>{size}</b>：{parts}",
        none_called="没有名称匹配的文档。",
        appear_here="添加的文档会显示在这里。",
        cannot_be_read="无法读取",
        documents="文档",
        ask_delete_readings="删除所有文档的阅读存档（{size}）？下次提问时会重新阅读。",
        delete_readings="删除阅读存档",
        free_space="释放空间",
        free_space_title="删除阅读文档时生成的存档",
        added="添加于 {day}",
        used="使用于 {day}",
        in_this_chat="在此对话中，已读完",
        in_this_chat_share="在此对话中，已读 {percent}",
        doing_pages="{doing}：{n}/{total}",
        save_file="保存 {name} 的文件",
        save_text="保存 {name} 的文字",
        rename="重命名 {name}",
        delete="删除 {name}",
        new_name="{name} 的新名称",
        better_text="{name} 有更好的文字可用",
        ask_delete="删除 {name}？",
        frees="将释放 {size}：文件、文字和阅读存档。",
        chats_use=same("对话{chats}用到了它；其中的问题和回答会保留。"),
        title="“{title}”",
        chats_and_more="{chats}以及另外 {n} 个",
        deleted="{name} 已删除，释放了 {size}。",
        readings_deleted="阅读存档已删除，释放了 {size}。",
        readings_not_deleted="有些阅读存档未能删除（{error}）；其余的完好，请重试。",
        in_documents="在您的文档中",
        no_document_contains="没有文档包含此内容。",
    ),
)
