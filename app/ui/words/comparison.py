"""The comparison of three kinds of memory, and the probe of what the memory alone knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated, same


@dataclass(frozen=True)
class ComparisonWords:
    """kind: what the kinds of memory keep."""

    what_it_is: str
    documents: str
    placeholder: str
    question_label: str
    button: str
    recall: str
    kind: Mapping[str, str]
    waiting: str
    looked_up: str
    reading_question: str
    answering: str
    reading: str
    empty_answer: str
    differ_title: str
    write: str
    first_token: str
    cache: str
    tokens_read: str
    stopped: str
    all_identical: str
    both_identical: str
    must_be: str
    pair_identical: str
    pair_parts: Plural
    pair_parts_at_once: str
    running: str


@dataclass(frozen=True)
class ProbeWords:
    """Cloze questions about what has left the window."""

    heading: str
    what_it_is: str
    find_out: str
    ask_again: str
    stop: str
    label: str
    stopped: str
    question_of: str
    reading: str
    score: str
    untrained: str
    chart: str
    given: str
    given_not_chosen: str
    right: str
    given_to_right: str
    n_of_total: str
    questions: str
    or_others: str
    still_reading: str
    paused: str


COMPARISON = Translated(
    english=ComparisonWords(
        what_it_is="One document and one question, answered by the same weights with three kinds of memory.",
        documents="Documents",
        placeholder="Question",
        question_label="Question to compare",
        button="Compare",
        recall="Look things up in the text, the same for all three",
        kind={
            "full": "full attention, every token kept",
            "window": "sinks and window, the rest forgotten",
            "ahn": "sinks and window, the rest remembered",
        },
        waiting="waiting for the model",
        looked_up="looked up {passages}",
        reading_question="reading the question",
        answering="answering",
        reading="reading {name} · {rate}",
        empty_answer="an empty answer",
        differ_title="from here on the answers differ",
        write="write",
        first_token="to first token",
        cache="cache",
        tokens_read="tokens read",
        stopped="Stopped before all panes had answered.",
        all_identical="All three answers are identical.",
        both_identical="Both answers are identical.",
        must_be="Everything still fits the window, where they must be.",
        pair_identical="{first} and {second}: identical.",
        pair_parts=Plural(
            "{first} and {second} part after {n} character.",
            "{first} and {second} part after {n} characters.",
        ),
        pair_parts_at_once="{first} and {second} part at once.",
        running="A comparison is running; stop it to begin another one.",
    ),
    german=ComparisonWords(
        what_it_is="Dieselben Gewichte beantworten eine Frage mit dreierlei Gedächtnis.",
        documents="Dokumente",
        placeholder="Frage",
        question_label="Frage für den Vergleich",
        button="Vergleichen",
        recall="Im Text nachschlagen, für alle drei gleich",
        kind={
            "full": "volle Aufmerksamkeit, jedes Token bleibt",
            "window": "Anker und Fenster, der Rest vergessen",
            "ahn": "Anker und Fenster, der Rest erinnert",
        },
        waiting="wartet auf das Modell",
        looked_up="{passages} nachgeschlagen",
        reading_question="liest die Frage",
        answering="antwortet",
        reading="liest {name} · {rate}",
        empty_answer="eine leere Antwort",
        differ_title="ab hier unterscheiden sich die Antworten",
        write="Schreiben",
        first_token="bis zum ersten Token",
        cache="Speicher",
        tokens_read="Tokens gelesen",
        stopped="Angehalten, bevor alle geantwortet hatten.",
        all_identical="Alle drei Antworten sind gleich.",
        both_identical="Beide Antworten sind gleich.",
        must_be="Noch passt alles ins Fenster, da müssen sie es sein.",
        pair_identical="{first} und {second}: gleich.",
        pair_parts=Plural(
            "{first} und {second} trennen sich nach {n} Zeichen.",
            "{first} und {second} trennen sich nach {n} Zeichen.",
        ),
        pair_parts_at_once="{first} und {second} trennen sich sofort.",
        running="Es läuft schon ein Vergleich; halten Sie ihn an, um einen neuen zu beginnen.",
    ),
    chinese=ComparisonWords(
        what_it_is="同一份文档、同一个问题，由同一组权重用三种记忆来回答。",
        documents="文档",
        placeholder="问题",
        question_label="用于比较的问题",
        button="比较",
        recall="在文本中查找，三者相同",
        kind={
            "full": "全注意力，保留每个词元",
            "window": "锚点和窗口，其余遗忘",
            "ahn": "锚点和窗口，其余记住",
        },
        waiting="正在等待模型",
        looked_up="已查阅 {passages}",
        reading_question="正在读题",
        answering="正在回答",
        reading="正在阅读 {name} · {rate}",
        empty_answer="空的回答",
        differ_title="从这里开始，回答有所不同",
        write="生成",
        first_token="首个词元",
        cache="缓存",
        tokens_read="已读词元",
        stopped="在全部回答完成之前已停止。",
        all_identical="三个回答完全相同。",
        both_identical="两个回答完全相同。",
        must_be="所有内容都还在窗口内，理应如此。",
        pair_identical="{first}与{second}：相同。",
        pair_parts=same("{first}与{second}在 {n} 个字符之后不同。"),
        pair_parts_at_once="{first}与{second}从一开始就不同。",
        running="比较正在进行；请先停止它，再开始新的比较。",
    ),
)

PROBE = Translated(
    english=ProbeWords(
        heading="What does the memory alone know?",
        what_it_is=(
            "Up to ten passages that have left the window, each cut before a word: which of {choices} words comes "
            "next? The window alone and the AHN choose by probability; nothing is written."
        ),
        find_out="Find out",
        ask_again="Ask again",
        stop="Stop",
        label="What the memory alone knows",
        stopped="Stopped before all questions were answered.",
        question_of="{pane}: question {n} of {total}",
        reading="{pane}: {reading}",
        score="AHN {ahn} of {total}, window only {window} of {total}; guessing would get {guess}.",
        untrained="The memory of this model is untrained and adds nothing, so both answer alike.",
        chart="Probability of the right word, question by question",
        given="{pane}, “{word}”: {percent}",
        given_not_chosen="{pane}, “{word}”: {percent}, not its choice",
        right="right",
        given_to_right="given to the right word",
        n_of_total="{n} of {total}",
        questions="The questions",
        or_others="or {others}?",
        still_reading="The documents are still being read; ask what the memory knows when they are.",
        paused=(
            "{name} is read up to page {n} of {total}, and the questions are drawn from all of it; read it to its end "
            "first, or remove it from this chat."
        ),
    ),
    german=ProbeWords(
        heading="Was weiß das Gedächtnis allein?",
        what_it_is=(
            "Bis zu zehn Stellen, die das Fenster verlassen haben, jede vor einem Wort abgeschnitten: Welches von "
            "{choices} Wörtern folgt? Das Fenster allein und das AHN wählen nach Wahrscheinlichkeit; geschrieben wird "
            "nichts."
        ),
        find_out="Herausfinden",
        ask_again="Noch einmal",
        stop="Anhalten",
        label="Was das Gedächtnis allein weiß",
        stopped="Angehalten, bevor alle Fragen beantwortet waren.",
        question_of="{pane}: Frage {n} von {total}",
        reading="{pane}: {reading}",
        score="AHN {ahn} von {total}, nur Fenster {window} von {total}; durch Raten wären es {guess}.",
        untrained="Das Gedächtnis dieses Modells ist nicht trainiert und trägt nichts bei: Beide antworten gleich.",
        chart="Wahrscheinlichkeit des richtigen Worts, Frage für Frage",
        given="{pane}, „{word}“: {percent}",
        given_not_chosen="{pane}, „{word}“: {percent}, nicht gewählt",
        right="richtig",
        given_to_right="für das richtige Wort",
        n_of_total="{n} von {total}",
        questions="Die Fragen",
        or_others="oder {others}?",
        still_reading="Die Dokumente werden noch gelesen; fragen Sie danach, was das Gedächtnis weiß.",
        paused=(
            "{name} ist bis Seite {n} von {total} gelesen, und die Fragen stammen aus dem ganzen Text; lesen Sie es "
            "zuerst zu Ende, oder entfernen Sie es aus diesem Chat."
        ),
    ),
    chinese=ProbeWords(
        heading="仅凭记忆知道什么？",
        what_it_is=(
            "最多十个已离开窗口的段落，每段在某个词之前截断：{choices} 个词中哪一个是下文？"
            "仅窗口和 AHN 按概率选择，不生成文字。"
        ),
        find_out="测一测",
        ask_again="再测一次",
        stop="停止",
        label="仅凭记忆知道什么",
        stopped="在全部问题回答完之前已停止。",
        question_of="{pane}：问题 {n}/{total}",
        reading="{pane}：{reading}",
        score="AHN 答对 {ahn}/{total}，仅窗口答对 {window}/{total}；随机猜测约为 {guess}。",
        untrained="此模型的记忆未经训练，不起作用，因此两者的回答相同。",
        chart="逐题显示正确词的概率",
        given="{pane}，“{word}”：{percent}",
        given_not_chosen="{pane}，“{word}”：{percent}，未选中",
        right="正确",
        given_to_right="正确词的概率",
        n_of_total="{n}/{total}",
        questions="全部问题",
        or_others="或 {others}？",
        still_reading="文档仍在阅读中；请在读完后再测试记忆。",
        paused="{name} 已读到第 {n} 页，共 {total} 页，而题目取自全文；请先读完，或将其从此对话中移除。",
    ),
)
