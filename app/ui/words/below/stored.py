"""What the library and the store of chats say: app.store."""

from __future__ import annotations

from app.ui.words.below.others import Others

STORED: dict[str, Others] = {
    "its row is damaged: {reason}": Others(
        "der Eintrag ist beschädigt: {reason}",
        "其记录已损坏：{reason}",
    ),
    "its settings or documents have another form": Others(
        "Einstellungen oder Dokumente haben eine andere Form",
        "其设置或文档的形式不同",
    ),
    "one of its documents has another form": Others(
        "eines der Dokumente hat eine andere Form",
        "其中一个文档的形式不同",
    ),
    "its details have another form": Others(
        "die Angaben haben eine andere Form",
        "其附属信息的形式不同",
    ),
    (
        "The chat could not be deleted from the file of an earlier version ({reason}), so it was kept; "
        "delete chats.sqlite3.migrated in the data folder and try again."
    ): Others(
        (
            "Der Chat konnte aus der Datei einer früheren Version nicht gelöscht werden ({reason}) und blieb "
            "erhalten; löschen Sie chats.sqlite3.migrated im Datenordner, und versuchen Sie es noch einmal."
        ),
        (
            "无法从旧版本的文件中删除该对话（{reason}），因此仍保留；请删除数据文件夹中的 "
            "chats.sqlite3.migrated 后重试。"
        ),
    ),
    "The store {path} was closed, so nothing can be read from it or kept in it; start AHN Chat again.": Others(
        (
            "Die Datenbank {path} wurde geschlossen, darum kann nichts daraus gelesen oder darin aufgehoben "
            "werden; starten Sie AHN Chat neu."
        ),
        "数据库 {path} 已关闭，无法读取或保存；请重新启动 AHN Chat。",
    ),
    "the unit {unit} is not known": Others(
        "die Einheit {unit} ist nicht bekannt",
        "单位 {unit} 未知",
    ),
    "The name is empty, so the document could not be found by it; type at least one character.": Others(
        "Der Name ist leer, das Dokument wäre nicht wiederzufinden; geben Sie wenigstens ein Zeichen ein.",
        "名称为空，以后无法据此找到文档；请至少输入一个字符。",
    ),
    "The document {name} cannot be read from the store ({reason}), so it is not used; add its file again.": Others(
        (
            "Das Dokument {name} lässt sich aus der Datenbank nicht lesen ({reason}) und wird nicht benutzt; "
            "fügen Sie seine Datei noch einmal hinzu."
        ),
        "无法从数据库读取文档 {name}（{reason}），因此不使用它；请重新添加其文件。",
    ),
    (
        "{name} takes about {needed:,.1f} MB in the library, and of the {free:,.1f} MB that are free on the "
        "disk {spare:,.0f} MB stay free, so it was not added; free some space, for example under “Library”, "
        "and add it again."
    ): Others(
        (
            "{name} braucht in der Bibliothek etwa {needed:,.1f} MB, und von den {free:,.1f} MB, die auf dem "
            "Datenträger frei sind, bleiben {spare:,.0f} MB frei; darum wurde es nicht hinzugefügt; machen "
            "Sie Platz, etwa unter „Bibliothek“, und fügen Sie es noch einmal hinzu."
        ),
        (
            "{name} 在书库中约需 {needed:,.1f} MB，而磁盘上可用的 {free:,.1f} MB 中要保留 {spare:,.0f} MB，"
            "因此没有添加；请释放一些空间（例如在“书库”中），然后重新添加。"
        ),
    ),
    (
        "The text of {name} was taken out of another file than {other}, so nothing was changed; add it as a "
        "document of its own."
    ): Others(
        (
            "Der Text von {name} stammt aus einer anderen Datei als {other}, darum wurde nichts geändert; "
            "fügen Sie sie als eigenes Dokument hinzu."
        ),
        "{name} 的文字取自与 {other} 不同的文件，因此没有更改；请把它作为单独的文档添加。",
    ),
    "Something of a deleted document is still on the disk ({reason}); it is tried again at the next start.": Others(
        (
            "Etwas von einem gelöschten Dokument ist noch auf dem Datenträger ({reason}); beim nächsten "
            "Start wird es noch einmal versucht."
        ),
        "已删除文档的部分内容仍在磁盘上（{reason}）；下次启动时会再次尝试删除。",
    ),
    (
        "The store {store} cannot be used ({reason}), so nothing was changed; check that you may read and "
        "write this file and its folder."
    ): Others(
        (
            "Die Datenbank {store} kann nicht benutzt werden ({reason}), darum wurde nichts geändert; prüfen "
            "Sie, ob Sie diese Datei und ihren Ordner lesen und schreiben dürfen."
        ),
        "数据库 {store} 无法使用（{reason}），因此没有更改；请检查您是否可以读写此文件及其文件夹。",
    ),
    (
        "The store {store} is damaged ({reason}), so it cannot be used and was left as it is; restore it "
        "from a backup, or move it away to start with an empty one."
    ): Others(
        (
            "Die Datenbank {store} ist beschädigt ({reason}), kann nicht benutzt werden und wurde gelassen, "
            "wie sie ist; stellen Sie sie aus einer Sicherung wieder her, oder verschieben Sie sie, um mit "
            "einer leeren zu beginnen."
        ),
        "数据库 {store} 已损坏（{reason}），无法使用，现保持原样；请从备份恢复，或将其移走以便从空库开始。",
    ),
    (
        "The store {store} has been in use by another program for {seconds:g} seconds, so nothing was "
        "changed; close the other program and try again."
    ): Others(
        (
            "Die Datenbank {store} wird seit {seconds:g} Sekunden von einem anderen Programm benutzt, darum "
            "wurde nichts geändert; schließen Sie das andere Programm, und versuchen Sie es noch einmal."
        ),
        "数据库 {store} 已被另一个程序占用 {seconds:g} 秒，因此没有更改；请关闭那个程序后重试。",
    ),
    "The disk with the store {store} is full, so nothing was added; free some space and try again.": Others(
        (
            "Der Datenträger mit der Datenbank {store} ist voll, darum wurde nichts hinzugefügt; machen Sie "
            "Platz, und versuchen Sie es noch einmal."
        ),
        "数据库 {store} 所在的磁盘已满，因此没有添加；请释放一些空间后重试。",
    ),
    "There is no document {document} in the library, perhaps because it was deleted; add the file again.": Others(
        (
            "Ein Dokument {document} gibt es nicht in der Bibliothek, vielleicht weil es gelöscht wurde; "
            "fügen Sie die Datei noch einmal hinzu."
        ),
        "书库中没有文档 {document}，可能已被删除；请重新添加该文件。",
    ),
    "The layout of this page could not be read from the store, so it is shown as plain text.": Others(
        (
            "Der Aufbau dieser Seite ließ sich aus der Datenbank nicht lesen, darum wird sie als reiner Text "
            "gezeigt."
        ),
        "无法从数据库读取此页的版面，因此以纯文本显示。",
    ),
    (
        "The file {path} is a database, but not AHN Chat's store, so it was not opened; start AHN Chat with "
        "another data folder."
    ): Others(
        (
            "Die Datei {path} ist eine Datenbank, aber nicht die von AHN Chat, darum wurde sie nicht "
            "geöffnet; starten Sie AHN Chat mit einem anderen Datenordner."
        ),
        "文件 {path} 是数据库，但不是 AHN Chat 的，因此没有打开；请用另一个数据文件夹启动 AHN Chat。",
    ),
    (
        "The store {store} was written by a newer AHN Chat (its step {number}, “{name}”, is not known to "
        "this one, which knows {count}), so it was not opened; update AHN Chat, or start it with another "
        "data folder."
    ): Others(
        (
            "Die Datenbank {store} wurde von einem neueren AHN Chat geschrieben (dessen Schritt {number}, "
            "„{name}“, dieses nicht kennt; es kennt {count}), darum wurde sie nicht geöffnet; aktualisieren "
            "Sie AHN Chat, oder starten Sie es mit einem anderen Datenordner."
        ),
        (
            "数据库 {store} 由更新的 AHN Chat 写成（其第 {number} 步“{name}”为此版本所不知，此版本只认识 "
            "{count} 步），因此没有打开；请更新 AHN Chat，或用另一个数据文件夹启动。"
        ),
    ),
    (
        "The file {path} of an earlier version cannot be read ({reason}), so nothing was taken over and it "
        "was left as it is; restore it from a backup, or move it out of the data folder to start without it."
    ): Others(
        (
            "Die Datei {path} einer früheren Version lässt sich nicht lesen ({reason}); nichts wurde "
            "übernommen, und sie wurde gelassen, wie sie ist; stellen Sie sie aus einer Sicherung wieder "
            "her, oder verschieben Sie sie aus dem Datenordner, um ohne sie zu starten."
        ),
        (
            "旧版本的文件 {path} 无法读取（{reason}），因此没有接收任何内容，文件保持原样；请从备份恢复，"
            "或将其移出数据文件夹后启动。"
        ),
    ),
    (
        "The file {path} is a database, but not one of AHN Chat's, so nothing was taken over from it; move "
        "it out of the data folder, or start AHN Chat with another one."
    ): Others(
        (
            "Die Datei {path} ist eine Datenbank, aber keine von AHN Chat, darum wurde nichts daraus "
            "übernommen; verschieben Sie sie aus dem Datenordner, oder starten Sie AHN Chat mit einem "
            "anderen."
        ),
        (
            "文件 {path} 是数据库，但不是 AHN Chat 的，因此没有从中接收任何内容；请将其移出数据文件夹，"
            "或用另一个数据文件夹启动 AHN Chat。"
        ),
    ),
    (
        "The file {name} could not be copied to {folder} ({reason}), so it was not kept; check that both may "
        "be read and written, and add it again."
    ): Others(
        (
            "Die Datei {name} konnte nicht nach {folder} kopiert werden ({reason}) und wurde nicht "
            "aufgehoben; prüfen Sie, ob beide gelesen und geschrieben werden dürfen, und fügen Sie sie noch "
            "einmal hinzu."
        ),
        "文件 {name} 无法复制到 {folder}（{reason}），因此没有保留；请检查两者是否可以读写，然后重新添加。",
    ),
    "The disk with {folder} is full, so {name} was not kept; free some space and add it again.": Others(
        (
            "Der Datenträger mit {folder} ist voll, {name} wurde nicht aufgehoben; machen Sie Platz, und "
            "fügen Sie es noch einmal hinzu."
        ),
        "{folder} 所在的磁盘已满，因此没有保留 {name}；请释放一些空间后重新添加。",
    ),
    "The file {name} changed while it was being added, so it was not kept; add it again.": Others(
        (
            "Die Datei {name} hat sich geändert, während sie hinzugefügt wurde, und wurde nicht aufgehoben; "
            "fügen Sie sie noch einmal hinzu."
        ),
        "文件 {name} 在添加过程中发生了变化，因此没有保留；请重新添加。",
    ),
    (
        "The file {path} could not be deleted ({reason}), so it is still on the disk; it is tried again at "
        "the next start."
    ): Others(
        (
            "Die Datei {path} konnte nicht gelöscht werden ({reason}) und ist noch auf dem Datenträger; beim "
            "nächsten Start wird es noch einmal versucht."
        ),
        "文件 {path} 无法删除（{reason}），仍在磁盘上；下次启动时会再次尝试。",
    ),
}
