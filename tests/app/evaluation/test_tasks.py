"""What the benchmarks ask: every task's prompt, its score for the right answer, files and archives, made texts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from app.evaluation.benchmarks import quick
from app.evaluation.tasks import files, infinitebench, longbench, lveval, ruler
from app.evaluation.tasks.sample import Benchmark, Task
from app.options import CommandFailed

BENCHMARKS = (longbench.BENCHMARK, lveval.BENCHMARK, infinitebench.BENCHMARK)
HAVE_FILES = [
    (benchmark, task)
    for benchmark in BENCHMARKS
    for task in benchmark.tasks
    if benchmark is not lveval.BENCHMARK or task.name.endswith("_16k")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quick")
    quick.write(path)
    return path


def count(text: str) -> int:
    return len(text.split())


def test_there_are_all_tasks_of_the_papers() -> None:
    assert [len(benchmark.tasks) for benchmark in BENCHMARKS] == [21, 11 * 5, 10 + 2]
    for benchmark in BENCHMARKS:
        assert set(benchmark.usual) <= {task.name for task in benchmark.tasks}


@pytest.mark.parametrize(("benchmark", "task"), HAVE_FILES, ids=lambda one: one.name)
def test_a_task_asks_about_its_context_and_knows_the_right_answer(
    benchmark: Benchmark, task: Task, folder: Path
) -> None:
    (sample,) = files.samples(benchmark, task, folder, None)
    assert sample.context and "{" not in sample.before + sample.after, "every field is filled"
    said = "D. It crashes" if task.name == "code_debug" else sample.answers[0]
    # Of code the script of AHN's authors cuts the indentation too.
    code = task.name in ("lcc", "repobench-p")
    assert sample.score(said) == pytest.approx(1.0, abs=0.15 if code else 1e-6)
    assert sample.score("qqq") < 0.5
    assert sample.score("") < 0.5


def test_the_prompt_is_the_published_one(folder: Path) -> None:
    task = next(task for task in longbench.BENCHMARK.tasks if task.name == "hotpotqa")
    (sample,) = files.samples(longbench.BENCHMARK, task, folder, None)
    assert sample.before.endswith("The following are given passages.\n")
    assert sample.after.endswith(f"\n\nQuestion: {sample.question}\nAnswer:")


@pytest.mark.parametrize(
    ("task", "answer", "trimmed"),
    [
        ("hotpotqa", " Tamm\n\nQuestion: Who else?", "Tamm"),
        ("triviaqa", "Tamm\nPassage: more", "Tamm"),
        ("dureader", "四十年。问题：还有呢", "四十年。"),
        ("passage_retrieval_zh", "段落2 请问还有吗", "段落2"),
    ],
)
def test_what_comes_behind_an_answer_is_cut(task: str, answer: str, trimmed: str) -> None:
    assert longbench.trimmed(answer, task) == trimmed


def test_a_letter_or_the_words_choose_an_option(folder: Path) -> None:
    task = next(task for task in infinitebench.BENCHMARK.tasks if task.name == "longbook_choice_eng")
    (sample,) = files.samples(infinitebench.BENCHMARK, task, folder, None)
    assert [sample.score(said) for said in ("D", "D. blue", "The answer is: blue", "A", "black")] == [
        1,
        1,
        1,
        0,
        0,
    ]


def test_keywords_decide_whether_an_answer_counts(folder: Path) -> None:
    task = next(task for task in lveval.BENCHMARK.tasks if task.name == "cmrc_mixup_16k")
    record = {"input": "?", "context": "…", "answers": ["木匠陈远修造"], "answer_keywords": "陈远"}
    sample = task.sample(record, "line")
    assert sample.score("木匠修造") == 0 and sample.score("陈远") > 0


def test_an_archive_is_read_as_it_is(folder: Path, tmp_path: Path) -> None:
    task = longbench.BENCHMARK.tasks[0]
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.write(folder / f"{task.file}.jsonl", f"data/{task.file}.jsonl")
    packed, plain = (files.samples(longbench.BENCHMARK, task, one, 1) for one in (tmp_path, folder))
    assert packed[0].context == plain[0].context


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "hf download zai-org/LongBench data.zip --repo-type dataset"),
        ("", "has no line"),
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"input": "a", "answers": ["b"]}', "has no text in 'context'"),
        ('{"input": "a", "context": "c", "answers": []}', "has no answers"),
    ],
)
def test_a_file_that_cannot_be_asked_is_one_sentence(
    content: str | None, sentence: str, tmp_path: Path
) -> None:
    task = longbench.BENCHMARK.tasks[0]
    if content is not None:
        (tmp_path / f"{task.file}.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(CommandFailed, match=sentence):
        files.samples(longbench.BENCHMARK, task, tmp_path, None)


def test_without_a_network_the_command_to_fetch_by_hand_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    task = lveval.BENCHMARK.tasks[0]
    with pytest.raises(CommandFailed, match=r"hf download Infinigence/LVEval hotpotwikiqa_mixup\.zip"):
        files.samples(lveval.BENCHMARK, task, None, 1)


@pytest.mark.parametrize("task", ruler.TASKS, ids=lambda one: one.name)
def test_a_made_text_has_its_length_and_holds_its_answers(task: ruler.Made) -> None:
    tokens = 2000
    sample = ruler.make(task, tokens, 3, count, quick.essay())
    whole = sample.before + sample.context + sample.after + sample.begun
    assert tokens - 300 <= count(whole) + task.max_new_tokens <= tokens
    for answer in sample.answers:
        assert answer in sample.context
    assert sample.score(" ".join(sample.answers).upper()) == 1 and sample.score("none of them") == 0
    again, other = (ruler.make(task, tokens, number, count, quick.essay()) for number in (3, 4))
    assert again.context == sample.context and other.answers != sample.answers


def test_needles_lie_at_different_depths_and_only_those_asked_for_count() -> None:
    task = next(task for task in ruler.TASKS if task.name == "niah_multikey_1")
    places = [
        (sample := ruler.make(task, 1000, number, count, quick.essay())).context.find(sample.answers[0])
        / len(sample.context)
        for number in range(20)
    ]
    assert min(places) < 0.25 and max(places) > 0.75
    assert len(sample.answers) == 1 and sample.context.count("special magic") == 4


def test_a_chain_of_variables_is_told_in_order() -> None:
    task = next(task for task in ruler.TASKS if task.name == "vt")
    sample = ruler.make(task, 1500, 0, count, "")
    places = [sample.context.find(f"VAR {name} = ") for name in sample.answers]
    assert places == sorted(places) and places[0] >= 0


def test_a_length_that_holds_no_question_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="needs .* tokens without any filling"):
        ruler.make(ruler.TASKS[0], 20, 0, count, "")


def test_the_sample_files_have_the_fields_of_the_benchmarks(folder: Path) -> None:
    line = json.loads((folder / "hotpotwikiqa_mixup_16k.jsonl").read_text(encoding="utf-8"))
    assert {"input", "context", "answers", "answer_keywords"} <= set(line)
