"""The conversation: turns, what can be done to them, what an answer rests on, the text box, the list of chats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class ChatWords:
    """Questions and answers, and the chats they are in."""

    empty_heading: str
    empty: str
    copy_all: str
    clear: str
    clear_again: str
    your_question: str
    answer: str
    ask_again: str
    edit_label: str
    copy_question: str
    edit_question: str
    copy_answer: str
    answer_again: str
    undo: str
    empty_answer: str
    told_by_app: str
    stopped: str
    cut_off: str
    repeated: str
    from_pages: Plural
    quotes_from_all: str
    from_documents: str
    open_page: str
    of_something_else: str
    found_of_something_else: str
    found_on_of_something_else: str
    found_title: str
    found_here: str
    elsewhere: str
    found_elsewhere: str
    not_in_documents: str
    not_found: str
    own_words: str
    grounding: Mapping[str, str]
    count_here: str
    count_elsewhere: str
    count_doubtful: str
    count_absent: str
    quoted: str
    picture: str
    done: str
    not_done: str
    ask_label: str
    send: str
    send_title: str
    stop: str
    stop_title: str
    too_long: str
    same_answer: str
    one_at_a_time: str
    turn_gone: str
    no_entry: str
    chats: str
    list_label: str
    no_chat_contains: str
    chats_appear: str
    search_placeholder: str
    search_label: str
    new: str
    new_title: str
    new_name: str
    ask_delete: str
    cannot_be_opened: str
    pin: str
    unpin: str
    rename: str
    delete: str
    internal_error: str
    add_later: str
    ask_later: str


CHAT = Translated(
    english=ChatWords(
        empty_heading="Ask about long documents",
        empty=(
            "Each is read once, in full, in a fixed amount of memory. The memory panel shows what is held word for "
            "word and what is only remembered."
        ),
        copy_all="Copy this conversation",
        clear="Clear this conversation",
        clear_again="Click again to clear this conversation",
        your_question="Your question",
        answer="Answer",
        ask_again="Ask again",
        edit_label="Edit the question",
        copy_question="Copy the question",
        edit_question="Edit the question",
        copy_answer="Copy the answer",
        answer_again="Answer again",
        undo="Take this turn back",
        told_by_app="Told by AHN Chat itself, the model was not asked",
        empty_answer="an empty answer",
        stopped="stopped",
        cut_off="cut off at the longest answer allowed in Settings",
        repeated="ended where it began to repeat itself",
        from_pages=Plural(
            "from {read} of {n} page, all that was read by then",
            "from {read} of {n} pages, all that was read by then",
        ),
        quotes_from_all="; the quotes are from the whole text",
        from_documents="From your documents",
        open_page="Open this page: {label}",
        of_something_else="of something else",
        found_of_something_else="found, but said of something else",
        found_on_of_something_else="found on {page}, but said of something else",
        found_title="Found, {page}",
        found_here="found here, {page}",
        elsewhere="elsewhere",
        found_elsewhere="found elsewhere, {page}",
        not_in_documents="not in your documents",
        not_found=(
            "Your documents do not seem to say this. Below is what comes closest in them; beyond that the answer "
            "relies on what the model remembers, and may be wrong."
        ),
        own_words="In the model's own words",
        grounding={"text": "From the text", "partly": "Partly from the text", "memory": "From memory only"},
        count_here="{n} found in the quotes",
        count_elsewhere="{n} elsewhere in your documents ({pages})",
        count_doubtful="{n} found, but said of something else ({texts})",
        count_absent="{n} not in your documents ({texts})",
        quoted="“{text}”",
        picture="picture",
        done="done",
        not_done="not done",
        ask_label="Ask about your documents",
        send="Send",
        send_title="Send (Enter)",
        stop="Stop",
        stop_title="Stop (Esc)",
        too_long=(
            "This question has {n} characters, over the {limit} a question may have; add it as a document."
        ),
        same_answer=(
            "At temperature 0 the same question over the same memory gives the same answer; raise the temperature in "
            "Settings for another one."
        ),
        one_at_a_time="One answer at a time: wait for this one, or stop it with Esc, and ask again.",
        turn_gone="This turn is no longer there, so nothing was done; the conversation is shown as it is.",
        no_entry="The page sent no {entry}; reload it.",
        chats="Chats",
        list_label="Chats, by arrow keys",
        no_chat_contains="No chat contains this.",
        chats_appear="Chats appear here with their first question.",
        search_placeholder="Search everything",
        search_label="Search chats and documents",
        new="New",
        new_title="Start a new chat",
        new_name="New name",
        ask_delete="Delete “{title}”?",
        cannot_be_opened="cannot be opened: {reason}",
        pin="Pin {title} to the top",
        unpin="Unpin {title}",
        rename="Rename {title}",
        delete="Delete {title}",
        internal_error=(
            "This ended because of an error in AHN Chat; the terminal shows it, and everything before it is kept."
        ),
        add_later="The model is still being loaded; add the document again when it is there.",
        ask_later="The model is still being loaded; ask again when it is there.",
    ),
    german=ChatWords(
        empty_heading="Fragen zu langen Dokumenten",
        empty=(
            "Jedes wird einmal ganz gelesen, in gleichbleibend viel Speicher. Die Gedächtnisleiste zeigt, was Wort für "
            "Wort vorliegt und was nur erinnert wird."
        ),
        copy_all="Dieses Gespräch kopieren",
        clear="Dieses Gespräch leeren",
        clear_again="Noch einmal klicken, um dieses Gespräch zu leeren",
        your_question="Ihre Frage",
        answer="Antwort",
        ask_again="Neu fragen",
        edit_label="Frage bearbeiten",
        copy_question="Frage kopieren",
        edit_question="Frage bearbeiten",
        copy_answer="Antwort kopieren",
        answer_again="Neu antworten",
        undo="Diesen Schritt zurücknehmen",
        told_by_app="Das sagt AHN Chat selbst, das Modell wurde nicht gefragt",
        empty_answer="eine leere Antwort",
        stopped="angehalten",
        cut_off="abgeschnitten bei der längsten Antwort, die die Einstellungen erlauben",
        repeated="beendet, wo sie anfing, sich zu wiederholen",
        from_pages=Plural(
            "aus {read} von {n} Seite, mehr war noch nicht gelesen",
            "aus {read} von {n} Seiten, mehr war noch nicht gelesen",
        ),
        quotes_from_all="; die Zitate sind aus dem ganzen Text",
        from_documents="Aus Ihren Dokumenten",
        open_page="Diese Seite öffnen: {label}",
        of_something_else="über etwas anderes",
        found_of_something_else="gefunden, aber über etwas anderes gesagt",
        found_on_of_something_else="gefunden ({page}), aber über etwas anderes gesagt",
        found_title="Gefunden, {page}",
        found_here="hier gefunden, {page}",
        elsewhere="anderswo",
        found_elsewhere="anderswo gefunden, {page}",
        not_in_documents="nicht in Ihren Dokumenten",
        not_found=(
            "Ihre Dokumente scheinen das nicht zu sagen. Unten steht, was ihm darin am nächsten kommt; darüber hinaus "
            "beruht die Antwort auf dem, was das Modell erinnert, und kann falsch sein."
        ),
        own_words="In den Worten des Modells",
        grounding={
            "text": "Aus dem Text",
            "partly": "Teils aus dem Text",
            "memory": "Nur aus dem Gedächtnis",
        },
        count_here="{n} in den Zitaten gefunden",
        count_elsewhere="{n} anderswo in Ihren Dokumenten ({pages})",
        count_doubtful="{n} gefunden, aber über etwas anderes gesagt ({texts})",
        count_absent="{n} nicht in Ihren Dokumenten ({texts})",
        quoted="„{text}“",
        picture="Bild",
        done="erledigt",
        not_done="nicht erledigt",
        ask_label="Fragen Sie nach Ihren Dokumenten",
        send="Senden",
        send_title="Senden (Enter)",
        stop="Anhalten",
        stop_title="Anhalten (Esc)",
        too_long=(
            "Diese Frage hat {n} Zeichen, mehr als die {limit}, die eine Frage haben darf; fügen Sie sie als Dokument "
            "hinzu."
        ),
        same_answer=(
            "Bei Temperatur 0 gibt dieselbe Frage über dasselbe Gedächtnis dieselbe Antwort; erhöhen Sie in den "
            "Einstellungen die Temperatur, um eine andere zu bekommen."
        ),
        one_at_a_time=(
            "Eine Antwort nach der anderen: Warten Sie diese ab oder halten Sie sie mit Esc an, und fragen Sie dann "
            "noch einmal."
        ),
        turn_gone="Diesen Schritt gibt es nicht mehr; nichts wurde getan, und das Gespräch wird gezeigt, wie es ist.",
        no_entry="Die Seite hat {entry} nicht mitgeschickt; laden Sie sie neu.",
        chats="Chats",
        list_label="Chats, mit Pfeiltasten",
        no_chat_contains="Kein Chat enthält das.",
        chats_appear="Chats erscheinen hier mit ihrer ersten Frage.",
        search_placeholder="Alles durchsuchen",
        search_label="Chats und Dokumente durchsuchen",
        new="Neu",
        new_title="Neuen Chat beginnen",
        new_name="Neuer Name",
        ask_delete="„{title}“ löschen?",
        cannot_be_opened="lässt sich nicht öffnen: {reason}",
        rename="{title} umbenennen",
        delete="{title} löschen",
        pin="{title} oben anheften",
        unpin="{title} nicht mehr anheften",
        internal_error=(
            "Das endete wegen eines Fehlers in AHN Chat; Näheres steht im Terminal, und alles Frühere ist aufgehoben."
        ),
        add_later="Das Modell wird noch geladen; fügen Sie das Dokument noch einmal hinzu, wenn es da ist.",
        ask_later="Das Modell wird noch geladen; fragen Sie noch einmal, wenn es da ist.",
    ),
    chinese=ChatWords(
        empty_heading="就长文档提问",
        empty="每份文档只完整阅读一次，占用固定大小的内存。记忆面板显示哪些内容逐字保留，哪些只是被记住。",
        copy_all="复制此对话",
        clear="清空此对话",
        clear_again="再次点击以清空此对话",
        your_question="您的问题",
        answer="回答",
        ask_again="重新提问",
        edit_label="编辑问题",
        copy_question="复制问题",
        edit_question="编辑问题",
        copy_answer="复制回答",
        answer_again="重新回答",
        undo="撤回这一轮",
        told_by_app="由 AHN Chat 自身说明，没有询问模型",
        empty_answer="空的回答",
        stopped="已停止",
        cut_off="已达到设置中允许的最长回答，在此截断",
        repeated="因开始重复而结束",
        from_pages=same("依据 {n} 页中的 {read} 页，当时只读到这里"),
        quotes_from_all="；引文取自全文",
        from_documents="来自您的文档",
        open_page="打开此页：{label}",
        of_something_else="说的是别的事",
        found_of_something_else="已找到，但说的是别的事",
        found_on_of_something_else="在{page}找到，但说的是别的事",
        found_title="已找到，{page}",
        found_here="在此找到，{page}",
        elsewhere="别处",
        found_elsewhere="在别处找到，{page}",
        not_in_documents="不在您的文档中",
        not_found="您的文档似乎没有提到这一点。下面是其中最接近的内容；除此之外，回答只凭模型的记忆，可能有误。",
        own_words="模型自己的话",
        grounding={"text": "出自原文", "partly": "部分出自原文", "memory": "仅凭记忆"},
        count_here="{n} 处见于引文",
        count_elsewhere="{n} 处见于文档其他位置（{pages}）",
        count_doubtful="{n} 处已找到，但说的是别的事（{texts}）",
        count_absent="{n} 处不在您的文档中（{texts}）",
        quoted="“{text}”",
        picture="图片",
        done="已完成",
        not_done="未完成",
        ask_label="就您的文档提问",
        send="发送",
        send_title="发送 (Enter)",
        stop="停止",
        stop_title="停止 (Esc)",
        too_long="此问题有 {n} 个字符，超过上限 {limit}；请作为文档添加。",
        same_answer="温度为 0 时，同样的问题和记忆会得到同样的回答；如需不同的回答，请在设置中调高温度。",
        one_at_a_time="一次只能回答一个问题：请等待当前回答，或按 Esc 停止后再问。",
        turn_gone="这一轮已不存在，因此没有执行任何操作；对话按现状显示。",
        no_entry="页面没有发送 {entry}；请重新加载页面。",
        chats="对话",
        list_label="对话列表，可用方向键移动",
        no_chat_contains="没有对话包含此内容。",
        chats_appear="提出第一个问题后，对话会显示在这里。",
        search_placeholder="搜索全部",
        search_label="搜索对话和文档",
        new="新建",
        new_title="开始新对话",
        new_name="新名称",
        ask_delete="删除“{title}”？",
        cannot_be_opened="无法打开：{reason}",
        rename="重命名 {title}",
        delete="删除 {title}",
        pin="置顶 {title}",
        unpin="取消置顶 {title}",
        internal_error="由于 AHN Chat 内部错误而中断；详情见终端，此前的内容都已保留。",
        add_later="模型仍在加载；请在加载完成后重新添加文档。",
        ask_later="模型仍在加载；请在加载完成后再提问。",
    ),
)
