"""InfiniteBench (arXiv 2402.13718): questions, choices and retrieval over texts of 100,000 tokens and more.

Prompts are InfiniteBench's for chat models (its "gpt4" ones), metrics its own. `longbook_qa_eng_rouge` and
`longbook_qa_chn_rouge` are the same questions as the authors of AHN ask and score them: answers of up to 256 tokens, by
ROUGE-L (github.com/ByteDance-Seed/AHN, eval/longbench). Two tasks are left out: summaries of books, whose score needs
one more package, and math_calc, whose answers are 30,000 tokens long.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ahn_core.eval import metrics
from app.evaluation.tasks import prompts
from app.evaluation.tasks.sample import Benchmark, Record, Sample, Score, Task, filled, text_of, texts_of

NAME = "infinitebench"
_LETTERS = "ABCD"
_BY_ROUGE = {"longbook_qa_eng": metrics.rouge_l, "longbook_qa_chn": metrics.rouge_l_chinese}
_ROUGE_TOKENS = 256
_BEST = {
    "longbook_qa_eng": metrics.qa_f1,
    "longbook_qa_chn": metrics.qa_f1_characters,
    **{f"{task}_rouge": metric for task, metric in _BY_ROUGE.items()},
}
_FIRST = {
    "passkey": metrics.first_number,
    "number_string": metrics.first_number,
    "kv_retrieval": metrics.word_among,
    "longdialogue_qa_eng": metrics.name_among,
    "math_find": metrics.equal_number,
    "code_run": metrics.last_integer,
}


def _fields(task: str, record: Record, name: str) -> dict[str, Any]:
    """What the template asks for beside the context."""
    asked = text_of(record, "input", name)
    fields: dict[str, Any] = {"input": asked, "question": asked}
    if task in ("longbook_choice_eng", "code_debug"):
        fields |= {
            f"OPTION_{letter}": one for letter, one in zip(_LETTERS, _options(record, name), strict=True)
        }
    elif task == "code_run":
        call = re.search(r"func_[0-9]+\(-?[0-9]+\)", asked)
        if call is None:
            raise ValueError(
                f"{name} calls no function, so nothing can be asked: take the benchmark's own file."
            )
        fields |= {"func_call": call[0], "func": call[0].split("(")[0]}
    elif task == "math_find":
        wanted = re.search(r"The .+ of", asked)
        if wanted is None:
            raise ValueError(
                f"{name} asks for no number, so nothing can be asked: take the benchmark's own file."
            )
        fields["prefix"] = f"What is {wanted[0].lower()[:-3]} in the following list?"
    return fields


def _options(record: Record, name: str) -> tuple[str, ...]:
    options = texts_of(record, "options", name)
    if len(options) != len(_LETTERS):
        raise ValueError(
            f"{name} has {len(options)} options and not 4, so nothing can be chosen: take its own file."
        )
    return options


def _score(task: str, record: Record, answers: tuple[str, ...], name: str) -> Score:
    if task in ("longbook_choice_eng", "code_debug"):
        options = _options(record, name)
        if answers[0] not in options:
            raise ValueError(
                f"{name}'s answer is none of its options, so nothing can be scored: take its own file."
            )
        metric = metrics.chosen_letter if task == "longbook_choice_eng" else metrics.chosen_function
        letter = _LETTERS[options.index(answers[0])]
        return lambda said: metric(said, answers[0], letter)
    if task in _BEST:
        return lambda said: max(_BEST[task](said, accepted) for accepted in answers)
    return lambda said: _FIRST[task](said, answers[0])


def _sample(task: str, record: Record, name: str) -> Sample:
    published = task.removesuffix("_rouge")
    before, after = filled(prompts.template(NAME, published), _fields(published, record, name))
    answers = texts_of(record, "answer", name)
    return Sample(
        id=str(record.get("id", name)),
        before=before,
        context=text_of(record, "context", name),
        after=after,
        question=text_of(record, "input", name),
        answers=answers,
        score=_score(task, record, answers, name),
    )


def _tasks() -> list[Task]:
    own = [
        Task(NAME, task, task, prompts.max_new_tokens(NAME, task), partial(_sample, task))
        for task in prompts.tasks(NAME)
    ]
    by_rouge = [
        Task(NAME, f"{task}_rouge", task, _ROUGE_TOKENS, partial(_sample, f"{task}_rouge"))
        for task in _BY_ROUGE
    ]
    return own + by_rouge


BENCHMARK = Benchmark(
    name=NAME,
    title="InfiniteBench",
    tasks=_tasks(),
    usual=(
        "longbook_qa_eng_rouge",
        "longbook_qa_chn_rouge",
        "longbook_choice_eng",
        "passkey",
        "kv_retrieval",
    ),
    sliding_window=32_640,
    max_tokens=128_000,
    cut="start",
    repository="xinrongzhang2022/InfiniteBench",
    archive="{task}.jsonl",
)
