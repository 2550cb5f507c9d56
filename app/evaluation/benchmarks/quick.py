"""Small files in the formats of the benchmarks, about texts of our own (`assets/evaluation/quick.json`).

They show in a minute that a run works from the file to the report. Their scores say nothing of a model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.evaluation.tasks import infinitebench, longbench, lveval
from app.paths import assets_dir

Text = Mapping[str, Any]
_CLASSES = ["Person", "Number", "Colour", "Place"]


def texts() -> dict[str, list[Text]]:
    """The texts with a question each, by language."""
    path = assets_dir() / "evaluation" / "quick.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def essay() -> str:
    """What RULER's needles are hidden in."""
    return " ".join(text["text"] for text in texts()["english"])


def write(folder: Path) -> None:
    """Write a file a task of LongBench, LV-Eval (its shortest length) and InfiniteBench."""
    english, chinese = texts()["english"], texts()["chinese"]
    for name, lines in (
        *_longbench(english, chinese),
        *_lveval(english, chinese),
        *_infinitebench(english, chinese),
    ):
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(content, encoding="utf-8")


def _joined(some: Sequence[Text], head: str) -> str:
    return "\n\n".join(
        f"{head} {number}:\n{text['title']}\n{text['text']}" for number, text in enumerate(some, 1)
    )


def _longbench(
    english: Sequence[Text], chinese: Sequence[Text]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    def line(
        context: str, asked: str, answers: list[str], classes: list[str] | None = None
    ) -> dict[str, Any]:
        return {
            "input": asked,
            "context": context,
            "answers": answers,
            "length": len(context.split()),
            "all_classes": classes,
        }

    passages = {"en": _joined(english[:1], "Passage"), "zh": _joined(chinese[:1], "文章")}
    examples = "\n".join(
        f"Question: {text['question']}\nType: {kind}" for text, kind in zip(english, _CLASSES, strict=True)
    )
    special = {
        "trec": line(examples, "Question: Who was Petra Lindqvist?\nType:", ["Person"], _CLASSES),
        "lsht": line(
            f"新闻内容：{chinese[2]['text']}\n类别：农业",
            f"新闻内容：{chinese[1]['text']}\n类别：",
            ["文化"],
            ["农业", "文化"],
        ),
        "triviaqa": line(
            f"Passage:\n{english[1]['text']}\nQuestion: {english[1]['question']}\nAnswer: {english[1]['answer']}",
            f"Passage:\n{english[0]['text']}\nQuestion: {english[0]['question']}\nAnswer:",
            [english[0]["answer"]],
        ),
        "samsum": line(
            "Dialogue: Ann: Is the ferry in?\nBo: At six.\nSummary: The ferry comes in at six.",
            "Dialogue: Ann: Who has the key?\nBo: Miss Dorn.\nSummary:",
            ["Miss Dorn has the key."],
        ),
        "qmsum": line(
            f"Chair: {english[3]['text']}\nClerk: Agreed.",
            "What became of the basins?",
            [english[3]["summary"]],
        ),
        "passage_count": line(_joined([*english, english[0]], "Paragraph"), "", [str(len(english))]),
        "passage_retrieval_en": line(_joined(english, "Paragraph"), english[2]["summary"], ["Paragraph 3"]),
        "passage_retrieval_zh": line(_joined(chinese, "段落"), chinese[1]["summary"], ["段落2"]),
        "lcc": line("def area(width, height):\n    result = width * height\n", "", ["    return result"]),
        "repobench-p": line(
            "class Clock:\n    minutes_fast = 4\n\n", "def read(clock):\n", ["    return clock.minutes_fast"]
        ),
        "vcsum": line(chinese[0]["text"], "", [chinese[0]["summary"]]),
    }
    for task in longbench.BENCHMARK.tasks:
        if task.name in special:
            yield task.name, [special[task.name]]
        elif task.name in ("gov_report", "multi_news"):
            yield task.name, [line(passages["en"], "", [english[0]["summary"]])]
        else:
            chinese_task = task.name in ("dureader", "multifieldqa_zh")
            text = (chinese if chinese_task else english)[0]
            yield (
                task.name,
                [line(passages["zh" if chinese_task else "en"], text["question"], [text["answer"]])],
            )


def _lveval(english: Sequence[Text], chinese: Sequence[Text]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    chinese_tasks = ("multifieldqa_zh_mixup", "factrecall_zh", "cmrc_mixup", "lic_mixup", "dureader_mixup")
    for task in lveval.BENCHMARK.tasks:
        if not task.name.endswith(f"_{lveval.LENGTHS[0]}"):
            continue
        own = chinese if task.name.startswith(chinese_tasks) else english
        text = own[1]
        line = {
            "input": text["question"],
            "context": _joined([text], "文章" if own is chinese else "Passage"),
            "answers": [text["answer"]],
            "length": 0,
            "dataset": task.name,
        }
        if not task.name.startswith("factrecall"):
            line["answer_keywords"] = text["keywords"]
        yield task.file, [line]


def _infinitebench(
    english: Sequence[Text], chinese: Sequence[Text]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    book, chinese_book = _joined(english[2:], "Chapter"), _joined(chinese[2:], "章")
    filling = english[0]["text"]
    choice = english[2]
    names = [f"func_{number}" for number in range(4)]
    code = "\n\n".join(f"def {name}(x):\n    return x + {number}" for number, name in enumerate(names))
    lines = {
        "passkey": (
            f"{filling} The pass key is 71432. Remember it. {filling}",
            "What is the pass key?",
            ["71432"],
            [],
        ),
        "number_string": (
            f"{filling} The sequence of digits is 5520981343.",
            "What is the sequence of digits?",
            ["5520981343"],
            [],
        ),
        "kv_retrieval": (
            json.dumps({f"key-{n}": f"value-{n * 37}" for n in range(20)}),
            'Key: "key-7"',
            ["value-259"],
            [],
        ),
        "longbook_qa_eng": (book, english[3]["question"], [english[3]["answer"]], []),
        "longbook_qa_chn": (chinese_book, chinese[2]["question"], [chinese[2]["answer"]], []),
        "longbook_choice_eng": (
            book,
            choice["question"],
            [choice["answer"]],
            [*choice["others"], choice["answer"]],
        ),
        "longdialogue_qa_eng": (
            "ANNA: Is the clock fast?\n$$MASK$$: By four minutes.\nANNA: Thank you, Petra.",
            "",
            ["PETRA"],
            [],
        ),
        "math_find": ("[3, 41, 7, 12]", "The largest number of the list is:", ["41"], []),
        "code_run": (code, "What is the value of func_2(5)?", ["7"], []),
        "code_debug": (code.replace("x + 3", "x +"), "Which function has the error?", ["func_3"], names),
    }
    for name in dict.fromkeys(task.file for task in infinitebench.BENCHMARK.tasks):
        context, asked, answers, options = lines[name]
        yield name, [{"id": 0, "context": context, "input": asked, "answer": answers, "options": options}]
