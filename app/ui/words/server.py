"""What the server says where there is no page to say it: refusals, and the page for who comes without the link."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ServerWords:
    """Sentences of plain text."""

    link: str
    not_served: str
    not_loaded: str
    no_token: str
    unknown_host: str
    other_site: str
    nothing_here: str
    message_too_large: str
    request_too_large: str
    upload_too_large: str
    log_in: str
    no_pictures: str
    no_such_page: str
    file_not_kept: str


SERVER = Translated(
    english=ServerWords(
        link="AHN Chat is at {link}",
        not_served="The page could not be served at {origin}; the lines above say why.",
        not_loaded="The model could not be loaded: {error}.",
        no_token=(
            "AHN Chat is private to whoever started it: open the link with ?token= that it printed in the terminal."
        ),
        unknown_host="This address is not one AHN Chat answers to; open the link printed in the terminal.",
        other_site="Requests from other sites are refused; use the AHN Chat page itself.",
        nothing_here="There is nothing at this address.",
        message_too_large="This message is larger than {limit} MB; add long texts as a file.",
        request_too_large=(
            "This request is larger than {limit} MB, so nothing was done; put the document into /v1/files and name "
            "its id."
        ),
        upload_too_large=(
            "This upload is larger than {limit} MB, so nothing was taken; start with --max-upload-mb to allow more."
        ),
        log_in="Log in to see the documents.",
        no_pictures="There are no pictures of the pages of {name}; read its text.",
        no_such_page="{name} has {total} pages, and this is none of them; choose one it has.",
        file_not_kept="The file of {name} was not kept, so it cannot be saved; its text can.",
    ),
    german=ServerWords(
        link="AHN Chat läuft unter {link}",
        not_served="Die Seite konnte unter {origin} nicht bereitgestellt werden; die Zeilen darüber sagen, warum.",
        not_loaded="Das Modell konnte nicht geladen werden: {error}.",
        no_token=(
            "AHN Chat gehört allein dem, der es gestartet hat: Öffnen Sie den Link mit ?token=, der im Terminal steht."
        ),
        unknown_host="Unter dieser Adresse antwortet AHN Chat nicht; öffnen Sie den Link, der im Terminal steht.",
        other_site="Anfragen anderer Seiten werden abgelehnt; benutzen Sie die Seite von AHN Chat selbst.",
        nothing_here="Unter dieser Adresse gibt es nichts.",
        message_too_large="Diese Nachricht ist größer als {limit} MB; fügen Sie lange Texte als Datei hinzu.",
        request_too_large=(
            "Diese Anfrage ist größer als {limit} MB, darum wurde nichts getan; legen Sie das Dokument unter /v1/files "
            "ab, und nennen Sie seine Id."
        ),
        upload_too_large=(
            "Diese Datei ist größer als {limit} MB, darum wurde nichts angenommen; starten Sie mit --max-upload-mb, um "
            "mehr zu erlauben."
        ),
        log_in="Melden Sie sich an, um die Dokumente zu sehen.",
        no_pictures="Von den Seiten von {name} gibt es keine Bilder; lesen Sie den Text.",
        no_such_page="{name} hat {total} Seiten, und diese ist nicht darunter; wählen Sie eine andere.",
        file_not_kept="Die Datei von {name} wurde nicht aufgehoben und kann nicht gespeichert werden; der Text schon.",
    ),
    chinese=ServerWords(
        link="AHN Chat 地址：{link}",
        not_served="无法在 {origin} 提供页面；原因见上面几行。",
        not_loaded="无法加载模型：{error}。",
        no_token="AHN Chat 仅供启动它的人使用：请打开终端中显示的、带有 ?token= 的链接。",
        unknown_host="AHN Chat 不在此地址提供服务；请打开终端中显示的链接。",
        other_site="来自其他网站的请求会被拒绝；请使用 AHN Chat 自己的页面。",
        nothing_here="此地址没有内容。",
        message_too_large="此消息超过 {limit} MB；请把长文本作为文件添加。",
        request_too_large="此请求超过 {limit} MB，因此没有处理；请把文档放入 /v1/files 并给出其 id。",
        upload_too_large="此上传超过 {limit} MB，因此没有接收；可用 --max-upload-mb 启动以提高上限。",
        log_in="请先登录再查看文档。",
        no_pictures="{name} 没有页面图像；请阅读其文字。",
        no_such_page="{name} 共有 {total} 页，没有这一页；请选择其中一页。",
        file_not_kept="{name} 的原文件没有保留，因此无法保存；可以保存其文字。",
    ),
)
