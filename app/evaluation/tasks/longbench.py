"""LongBench (arXiv 2308.14508): 21 tasks of 2,000 to 60,000 words in English, Chinese and code.

Prompts and metrics are LongBench's. An answer is trimmed as the script of AHN's authors does it before scoring
(github.com/ByteDance-Seed/AHN, eval/longbench/eval.py), which cuts what a model adds behind its answer; so does that
script leave out the start of prompts that are too long, where LongBench itself leaves out the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ahn_core.eval import metrics
from app.evaluation.tasks import prompts
from app.evaluation.tasks.sample import Benchmark, Record, Sample, Task, filled, text_of, texts_of

NAME = "longbench"
PAPERS = ("dureader", "hotpotqa", "musique", "narrativeqa", "qmsum", "triviaqa")  # its long tasks
_FIRST_LINE = frozenset({"trec", "triviaqa", "samsum", "lsht"})
_NO_CHAT = _FIRST_LINE | {"lcc", "repobench-p"}
_CLASSES = frozenset({"trec", "lsht"})
_BEHIND = (".assistant", "\n\nQuestion", "</s>", "(Document", "\n\nAnswer", "(Passage")
_BEHIND_OF_TASK = {
    "multifieldqa_zh": ("问题：",),
    "dureader": ("问题：",),
    "lsht": ("新闻内容：",),
    "passage_retrieval_zh": ("请问", "提示"),
}
_METRICS: dict[str, Callable[[str, str], float]] = {
    "multifieldqa_zh": metrics.qa_f1_chinese,
    "dureader": metrics.rouge_l_chinese,
    "vcsum": metrics.rouge_l_chinese,
    "passage_count": metrics.number_share,
    **dict.fromkeys(("gov_report", "qmsum", "multi_news", "samsum"), metrics.rouge_l),
    **dict.fromkeys(("passage_retrieval_en", "passage_retrieval_zh"), metrics.paragraph_share),
    **dict.fromkeys(("lcc", "repobench-p"), metrics.code_similarity),
}  # all others: metrics.qa_f1


def trimmed(answer: str, task: str) -> str:
    """The answer without what comes behind it."""
    for mark in _BEHIND:
        answer = answer.split(mark)[0]
    answer = answer.strip()
    if task in _FIRST_LINE:
        answer = answer.lstrip("\n").split("\n")[0]
    for mark in _BEHIND_OF_TASK.get(task, ()):
        answer = answer.split(mark)[0].strip()
    return answer


def score(answer: str, *, task: str, answers: Sequence[str], classes: Sequence[str]) -> float:
    """The best of the accepted answers."""
    said = trimmed(answer, task)
    if task in _CLASSES:
        return max(metrics.class_share(said, accepted, classes) for accepted in answers)
    metric = _METRICS.get(task, metrics.qa_f1)
    return max(metric(said, accepted) for accepted in answers)


def _sample(task: str, record: Record, name: str) -> Sample:
    fields = {"input": text_of(record, "input", name)}
    before, after = filled(prompts.template(NAME, task), fields)
    answers = texts_of(record, "answers", name)
    classes = texts_of(record, "all_classes", name) if task in _CLASSES else ()
    return Sample(
        id=str(record.get("_id", name)),
        before=before,
        context=text_of(record, "context", name),
        after=after,
        question=fields["input"],
        answers=answers,
        score=partial(score, task=task, answers=answers, classes=classes),
    )


BENCHMARK = Benchmark(
    name=NAME,
    title="LongBench",
    tasks=[
        Task(
            NAME,
            task,
            task,
            prompts.max_new_tokens(NAME, task),
            partial(_sample, task),
            chat=task not in _NO_CHAT,
        )
        for task in prompts.tasks(NAME)
    ],
    usual=PAPERS,
    sliding_window=8064,
    max_tokens=32_000,
    cut="start",
    repository="zai-org/LongBench",
    archive="data.zip",
)
