"""`ahn-chat eval longbench …`: from files to the report, on a tiny base."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.evaluation.benchmarks import report
from app.evaluation.benchmarks.lookup import Lookup
from app.evaluation.benchmarks.record import Answer, Record
from app.evaluation.benchmarks.run import Asking, Settings, prompt_ids
from app.evaluation.tasks.sample import Asked, Sample
from app.options import CommandFailed
from app.progress import ProgressLine
from tests.tiny import byte_tokenizer, save_tiny_base, tiny_model


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_base(tmp_path_factory.mktemp("base"), max_position_embeddings=1500)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AHN_CHAT_HOME", "AHN_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path


def sample(number: int, context: str = "The mill burned down in 1843. ") -> Sample:
    return Sample(
        id=str(number),
        before="Read.\n",
        context=context * 20,
        after="\nWhen did the mill burn?",
        question="When did the mill burn?",
        answers=("1843",),
        score=lambda answer: float("1843" in answer),
    )


def asked(count: int = 2) -> Asked:
    return Asked("Test", "mill", 4, True, [sample(number) for number in range(count)])


def settings(**values: Any) -> Settings:
    return Settings(
        **{
            "columns": ("full", "window", "ahn"),
            "attention_sinks": 4,
            "sliding_window": 60,
            "max_tokens": 0,
            "cut": "nothing",
            **values,
        }
    )


def test_a_quick_run_asks_every_task_and_writes_its_report(
    home: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = home / "run"
    command = ["eval", "all", "--quick", "--recall", "--model", str(base), "--output", str(output), "--json"]
    assert cli.main(command) == 0
    found = json.loads(capsys.readouterr().out)
    answers = found["answers"]
    by_benchmark = {name: {one["task"] for one in answers if one["benchmark"] == name} for name in
                    ("LongBench", "LV-Eval", "InfiniteBench", "RULER")}  # fmt: skip
    assert {name: len(tasks) for name, tasks in by_benchmark.items()} == {
        "LongBench": 21,
        "LV-Eval": 11,
        "InfiniteBench": 12,
        "RULER": 11,
    }
    assert len(answers) == (21 + 11 + 12 + 11) * 4, "full, window, AHN, AHN with recall"
    assert all(0 <= one["score"] <= 1 for one in answers if not one["skipped"])
    assert any(
        "the base was trained for 1,500" in one["skipped"] for one in answers if one["column"] == "full"
    )
    assert not any(one["skipped"] for one in answers if one["column"] != "full")

    markdown = (output / "report.md").read_text(encoding="utf-8")
    for told in (
        "| task | answers | full attention | window only | AHN | AHN + recall |",
        "backend",
        "transformers",
    ):
        assert told in markdown
    ElementTree.parse(output / "report.svg")
    assert len((output / "results.jsonl").read_text(encoding="utf-8").splitlines()) == len(answers)

    lines = (output / "results.jsonl").read_bytes().splitlines(keepends=True)
    (output / "results.jsonl").write_bytes(b"".join(lines[:-2]) + lines[-2][:20])  # killed while it wrote
    assert cli.main(command) == 0
    again = json.loads(capsys.readouterr().out)["answers"]
    assert [one["prediction"] for one in again] == [one["prediction"] for one in answers], (
        "greedy, asked once more"
    )
    assert len((output / "results.jsonl").read_bytes().splitlines()) == len(answers) + 1, "and the half line"

    assert cli.main([*command, "--window", "50"]) == 1
    assert "another sliding_window" in capsys.readouterr().err


def test_bad_usage_is_one_sentence(home: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more, told in (
        (["--samples", "0"], "--samples is 0"),
        (["--sinks", "-1"], "--sinks is -1"),
        (["--data", str(home / "nowhere")], "There is no folder"),
    ):
        assert cli.main(["eval", "ruler", "--model", str(base), *more]) == 2
        assert told in capsys.readouterr().err
    assert cli.main(["eval", "ruler", "--model", str(base), "--tasks", "niah"]) == 2
    assert "RULER has no task 'niah': choose niah_single_1" in capsys.readouterr().err


def test_several_processes_need_a_common_folder(
    home: Path, base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert cli.main(["eval", "ruler", "--model", str(base)]) == 2
    assert "add --output" in capsys.readouterr().err


def test_processes_share_the_questions_and_their_answers(tmp_path: Path) -> None:
    def told(record: Record) -> dict[Any, Any]:
        return {one.key: (one.prediction, one.score) for one in record.answers}

    model, tokenizer = tiny_model(), byte_tokenizer()
    whole = Record(None, {})
    Asking(model, tokenizer, settings(), None).run([asked(5)], whole, ProgressLine(sys.stderr))
    records = [Record(tmp_path, {}, rank) for rank in range(2)]
    for rank, record in enumerate(records):
        Asking(model, tokenizer, settings(), None).run([asked(5)], record, ProgressLine(sys.stderr), rank, 2)
    assert not {one.key for one in records[0].answers} & {one.key for one in records[1].answers}
    records[0].gather()
    assert [path.name for path in tmp_path.glob("*.jsonl")] == ["results.jsonl"]
    assert told(Record(tmp_path, {})) == told(whole)

    assert told(records[0]) == told(whole)


def test_a_run_of_several_processes_that_goes_on_loses_no_answer(tmp_path: Path) -> None:
    model, tokenizer, line = tiny_model(), byte_tokenizer(), ProgressLine(sys.stderr)
    ended = Record(tmp_path, {}, 1)  # the run was stopped before the first process gathered
    Asking(model, tokenizer, settings(), None).run([asked(4)], ended, line, 1, 2)
    records = [Record(tmp_path, {}, rank) for rank in range(2)]
    for rank, record in enumerate(records):
        Asking(model, tokenizer, settings(), None).run([asked(4)], record, line, rank, 2)
    records[0].gather()
    keys = {one.key for one in records[0].answers}
    assert len(keys) == 4 * len(settings().columns)
    assert {one.key for one in Record(tmp_path, {}).answers} == keys


def test_answers_stand_in_the_order_of_the_questions(tmp_path: Path) -> None:
    def answer(task: str, sample: str) -> Answer:
        return Answer("B", task, sample, "ahn", "", (), 1.0, 1, 1, 0.0)

    records = [Record(tmp_path, {}, rank) for rank in range(2)]
    records[0].add(answer("second", "0"))
    records[1].add(answer("first", "0"))
    records[1].add(answer("of an earlier run", "0"))
    records[0].gather()
    order = [("B", "first", "0", "ahn"), ("B", "first", "1", "ahn"), ("B", "second", "0", "ahn")]
    assert [one.task for one in records[0].in_order(order)] == ["first", "second", "of an earlier run"]


def test_columns_agree_while_nothing_has_been_evicted() -> None:
    import sys

    record = Record(None, {})
    Asking(
        tiny_model(max_position_embeddings=4096), byte_tokenizer(), settings(sliding_window=4096), None
    ).run([asked(1)], record, ProgressLine(sys.stderr))
    assert len({one.prediction for one in record.answers}) == 1 and len(record.answers) == 3


def test_a_prompt_is_cut_as_published() -> None:
    tokenizer = byte_tokenizer()

    def cut(text: str, part: Any, **values: Any) -> str:
        ids = prompt_ids(tokenizer, text, "", answer=2, cut=part, chat=False, **values)
        return str(tokenizer.decode(ids))

    assert cut("abcdefghij", "middle", max_tokens=6) == "abchij"
    assert cut("abcdefghij", "start", max_tokens=6) == "ghij", "6 with the 2 of the answer"
    assert cut("abcdefghij", "start", max_tokens=10) == "abcdefghij"
    assert cut("abcdefghij", "nothing", max_tokens=6) == "abcdefghij"


def test_the_answer_is_begun_behind_the_chats_template() -> None:
    tokenizer = byte_tokenizer()
    ids = prompt_ids(tokenizer, "Who?", " It was", max_tokens=0, answer=1, cut="nothing", chat=True)
    text = tokenizer.decode(ids)
    assert text.index("Who?") < text.index("assistant") < text.index(" It was") and text.endswith(" It was")


def test_passages_are_looked_up_in_the_context_of_the_question() -> None:
    context = (
        "The harbour is old.\n\n" * 300
        + "The mill burned down in 1843.\n\n"
        + "Nothing else happened.\n\n" * 300
    )
    lookup = Lookup(tiny_model(), byte_tokenizer(), 400)
    try:
        found = lookup.passages(context, "When did the mill burn down?")
        assert "1843" in found and len(found) < len(context) / 10
        assert "1843" not in lookup.passages(
            "The mill by the sea is for sale.", "When did the mill burn down?"
        )
    finally:
        lookup.close()


def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    Record(tmp_path, {"model": "a", "window": 5})
    Record(tmp_path, {"model": "a", "window": 5})
    with pytest.raises(CommandFailed, match="another model and window"):
        Record(tmp_path, {"model": "b", "window": 6})
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(CommandFailed, match="cannot be read"):
        Record(tmp_path, {"model": "a"})


def answer(task: str, column: str, score: float | None, skipped: str = "") -> Answer:
    return Answer("Test", task, f"{task}{score}", column, "", ("a",), score, 1, 1, 0.1, skipped)


def test_the_report_means_over_tasks_and_says_what_was_not_asked() -> None:
    answers = [
        answer("one", "ahn", 1.0),
        answer("one", "ahn", 0.0),
        answer("two", "ahn", 1.0),
        answer("one", "full", None, "9,000 tokens, and the base was trained for 8,192"),
        answer("two", "full", 0.25),
    ]
    text = report.text(answers, ("full", "ahn"))
    rows = [line.split() for line in text.splitlines()]
    assert rows[1] == ["Test", "one", "2", "–", "50.0"]
    assert rows[2] == ["Test", "two", "1", "25.0", "100.0"]
    assert rows[3] == ["Test,", "mean", "–", "75.0"], "a mean only over what every task has"
    assert "Test one, full attention: 1 not asked (9,000 tokens" in text
