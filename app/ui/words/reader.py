"""The reader beside the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ReaderWords:
    """mode: the ways a page is shown. no_layout: blocks that are shown and not read."""

    region: str
    page_before: str
    next_page: str
    page_to_show: str
    smaller: str
    larger: str
    search: str
    place_before: str
    next_place: str
    close: str
    pages_and_zoom: str
    show_as: str
    page: str
    mode: Mapping[str, str]
    no_layout: Mapping[str, str]
    printed_and_number: str
    of_pages: str
    number_of_pages: str
    warnings: str
    picture_name: str
    no_text: str
    no_page_called: str
    no_such_page: str
    none_open: str


READER = Translated(
    english=ReaderWords(
        region="Document",
        page_before="Page before (←)",
        next_page="Next page (→)",
        page_to_show="Page to show",
        smaller="Smaller (−)",
        larger="Larger (+)",
        search="Search in this document",
        place_before="Place before (Shift Enter)",
        next_place="Next place (Enter)",
        close="Close the reader (Esc)",
        pages_and_zoom="Pages and zoom",
        show_as="Show the page as",
        page="Page",
        mode={"picture": "Picture", "text": "Text", "both": "Both"},
        no_layout={"header": "running head, not read", "footer": "running foot, not read"},
        printed_and_number="{label} ({n})",
        of_pages="of {total}",
        number_of_pages="({n}) of {total}",
        warnings="Warnings",
        picture_name="{page} of {name}",
        no_text="There is no text on this page.",
        no_page_called="No page of {name} is called “{typed}”, so this one stays open.",
        no_such_page="{name} has {total} pages, so page {n} cannot be shown; choose one it has.",
        none_open="No document is open in the reader; open one first.",
    ),
    german=ReaderWords(
        region="Dokument",
        page_before="Vorige Seite (←)",
        next_page="Nächste Seite (→)",
        page_to_show="Seite, die gezeigt werden soll",
        smaller="Kleiner (−)",
        larger="Größer (+)",
        search="In diesem Dokument suchen",
        place_before="Vorige Fundstelle (Umschalt Enter)",
        next_place="Nächste Fundstelle (Enter)",
        close="Dokument schließen (Esc)",
        pages_and_zoom="Seiten und Vergrößerung",
        show_as="Seite zeigen als",
        page="Seite",
        mode={"picture": "Bild", "text": "Text", "both": "Beides"},
        no_layout={"header": "Kopfzeile, nicht gelesen", "footer": "Fußzeile, nicht gelesen"},
        printed_and_number="{label} ({n})",
        of_pages="von {total}",
        number_of_pages="({n}) von {total}",
        warnings="Warnungen",
        picture_name="{page} von {name}",
        no_text="Auf dieser Seite steht kein Text.",
        no_page_called="Keine Seite von {name} heißt „{typed}“; diese bleibt offen.",
        no_such_page="{name} hat {total} Seiten, Seite {n} gibt es nicht; wählen Sie eine andere.",
        none_open="Es ist kein Dokument geöffnet; öffnen Sie zuerst eines.",
    ),
    chinese=ReaderWords(
        region="文档",
        page_before="上一页 (←)",
        next_page="下一页 (→)",
        page_to_show="要显示的页",
        smaller="缩小 (−)",
        larger="放大 (+)",
        search="在此文档中搜索",
        place_before="上一处 (Shift Enter)",
        next_place="下一处 (Enter)",
        close="关闭阅读器 (Esc)",
        pages_and_zoom="翻页与缩放",
        show_as="页面显示方式",
        page="页面",
        mode={"picture": "图像", "text": "文字", "both": "两者"},
        no_layout={"header": "页眉，未读入", "footer": "页脚，未读入"},
        printed_and_number="{label} ({n})",
        of_pages="/ {total}",
        number_of_pages="({n}) / {total}",
        warnings="警告",
        picture_name="{name} {page}",
        no_text="本页没有文字。",
        no_page_called="{name} 没有名为“{typed}”的页，仍显示当前页。",
        no_such_page="{name} 共有 {total} 页，无法显示第 {n} 页；请选择其中一页。",
        none_open="阅读器中没有打开的文档；请先打开一个。",
    ),
)
