"""LV-Eval (arXiv 2402.05136): eleven tasks, each at five lengths of 16,000 to 256,000 words.

Prompts and metrics are LV-Eval's: nine tasks give an F1 only to answers that have enough of the keywords. Only the
first accepted answer counts, and the middle of too long a prompt is left out, as there.
"""

from __future__ import annotations

from functools import partial

from ahn_core.eval import metrics
from app.evaluation.tasks import prompts
from app.evaluation.tasks.sample import Benchmark, Record, Sample, Task, filled, text_of, texts_of

NAME = "lveval"
LENGTHS = ("16k", "32k", "64k", "128k", "256k")
_CHINESE = frozenset({"multifieldqa_zh_mixup", "cmrc_mixup", "lic_mixup"})


def score(answer: str, *, task: str, accepted: str, keywords: str) -> float:
    """By the metric of the task; keywords "" where the file has none."""
    if task == "dureader_mixup":
        return metrics.rouge_l_chinese_content(answer, accepted)
    if task == "factrecall_en":
        return metrics.qa_f1(answer, accepted)
    if task == "factrecall_zh":
        return metrics.qa_f1_chinese(answer, accepted)
    return (metrics.keyword_f1_chinese if task in _CHINESE else metrics.keyword_f1)(
        answer, accepted, keywords
    )


def _sample(task: str, record: Record, name: str) -> Sample:
    fields = {"input": text_of(record, "input", name)}
    before, after = filled(prompts.template(NAME, task), fields)
    answers = texts_of(record, "answers", name)
    keywords = record.get("answer_keywords") or ""
    return Sample(
        id=name,
        before=before,
        context=text_of(record, "context", name),
        after=after,
        question=fields["input"],
        answers=answers,
        score=partial(score, task=task, accepted=answers[0], keywords=str(keywords)),
    )


def _tasks() -> list[Task]:
    return [
        Task(
            NAME,
            f"{task}_{length}",
            f"{task}_{length}",
            prompts.max_new_tokens(NAME, task),
            partial(_sample, task),
        )
        for task in prompts.tasks(NAME)
        for length in LENGTHS
    ]


BENCHMARK = Benchmark(
    name=NAME,
    title="LV-Eval",
    tasks=_tasks(),
    usual=[task.name for task in _tasks() if task.name.endswith("_128k")],
    sliding_window=32_640,
    max_tokens=256_000,
    cut="middle",
    repository="Infinigence/LVEval",
    archive="{task}.zip",
)
