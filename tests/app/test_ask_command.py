"""`ahn-chat ask`: from file to figures, its refusals, its lines of progress."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from app import cli, options, startup
from app.commands import ask
from app.models.loading import LoadReport
from tests.tiny import byte_tokenizer, tiny_model


@pytest.fixture
def tiny_engine(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ask` loads a tiny random model in place of the one it was told to."""

    def load(
        model: options.ModelOptions, folder: Path, report: LoadReport, store_dir: Path | None = None
    ) -> Any:
        from app.conversation import Engine
        from app.store import Store

        report("Loading the model")
        network = tiny_model()
        return Engine(network, byte_tokenizer(), Store(store_dir or folder))

    monkeypatch.setattr(startup, "load_engine", load)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("The harbour closes at nine. " * 40, encoding="utf-8")
    return path


JSON_KEYS = (
    "answer quotes citations checks grounding found finish_reason model memory attention_sinks sliding_window "
    "tokens_read pages_read seconds_reading "
    "tokens_per_second_reading tokens_generated tokens_per_second_decoding time_to_first_token cache_bytes "
    "full_attention_bytes"
)
ASK = ["--sinks", "4", "--window", "200", "--max-new-tokens", "8"]


@pytest.mark.usefixtures("tiny_engine")
def test_ask_answers_on_standard_output_alone(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", str(document), "When?", *ASK]) == 0
    captured = capsys.readouterr()
    assert "Loading the model" in captured.err
    assert "Loading" not in captured.out and captured.out.endswith("\n")


@pytest.mark.usefixtures("tiny_engine")
@pytest.mark.parametrize("memory", ["ahn", "window", "full"])
def test_ask_prints_one_json_object(document: Path, memory: str, capsys: pytest.CaptureFixture[str]) -> None:
    # The window of the tiny model is smaller than the document, so full attention gets a shorter one.
    if memory == "full":
        document.write_text("The harbour closes at nine.", encoding="utf-8")
    assert cli.main(["ask", "--json", str(document), *ASK, "When?", "--memory", memory]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == set(JSON_KEYS.split())
    assert figures["memory"] == memory
    assert figures["answer"] and figures["model"]
    assert figures["tokens_per_second_reading"] > 0 and figures["tokens_per_second_decoding"] > 0
    assert (figures["attention_sinks"], figures["sliding_window"]) == (4, 200)
    assert figures["tokens_read"] >= len(document.read_text())
    assert figures["pages_read"] == 1
    assert 0 < figures["tokens_generated"] <= 8
    assert figures["seconds_reading"] > 0 and figures["time_to_first_token"] > 0
    assert figures["cache_bytes"] > 0
    if memory == "full":
        assert figures["cache_bytes"] >= figures["full_attention_bytes"]  # its buffers grow ahead
    else:
        assert figures["cache_bytes"] < figures["full_attention_bytes"]


@pytest.mark.usefixtures("tiny_engine")
def test_ask_greedily_twice_answers_alike_and_leaves_no_chat(
    document: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.store import Store

    answers = []
    for _ in range(2):
        assert cli.main(["ask", str(document), "When?", *ASK]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    assert cli.main(["ask", str(document), "When?", "--json", *ASK]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert answers[0].startswith(f"{figures['answer']}\n"), "there was no word to look up"
    assert figures["tokens_per_second_reading"] is None, "it came back from disk"
    with Store(data_dir) as store:
        assert store.chats.list() == []


@pytest.mark.usefixtures("tiny_engine")
def test_ask_shows_quotes_with_pages_first_then_prose_then_the_checks(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document.write_text("A lamp burns at night.\fThe harbour closes at nine. " + "Nobody swims. " * 30)
    question = "When does the harbour close?"
    assert cli.main(["ask", str(document), question, *ASK]) == 0
    shown = capsys.readouterr().out
    quote, source, prose, last = (
        shown.index("The harbour closes at nine"),
        shown.index("notes.txt, line 1"),
        shown.index("In the model's own words:"),
        shown.rindex("rom "),
    )
    assert quote < source < prose < last
    assert cli.main(["ask", "--json", str(document), question, *ASK]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["quotes"][0]) == {"text", "document", "page"}
    assert figures["quotes"][0]["document"] == "notes.txt"
    assert figures["found"] in (True, False)
    assert all(set(check) == {"text", "status", "page"} for check in figures["checks"])
    assert figures["grounding"] in ("text", "partly", "memory")


@pytest.mark.usefixtures("tiny_engine")
def test_ask_without_looking_up_quotes_nothing(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", str(document), "When?", "--no-recall", *ASK]) == 0
    assert "own words" not in capsys.readouterr().out
    assert cli.main(["ask", "--json", str(document), "When?", "--no-recall", *ASK]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["quotes"], figures["citations"], figures["found"]) == ([], [], False)


@pytest.mark.usefixtures("tiny_engine")
def test_ask_answers_many_questions_over_one_reading_each_afresh(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.jsonl"
    rows = [{"question": "x" * 400}, {"question": "When?", "id": 3}]
    questions.write_text("When?\n" + "\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    flags = [str(document), "--questions", str(questions), *ASK]
    assert cli.main(["ask", "--json", *flags]) == 1, "one was too long"
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(first) == {"question", *JSON_KEYS.split()} and first["question"] == "When?"
    assert set(second) == {"question", "error"} and "413 tokens" in second["error"]
    assert (third["answer"], third["quotes"]) == (first["answer"], first["quotes"]), "each starts afresh"
    assert third["cache_bytes"] == first["cache_bytes"]
    assert cli.main(["ask", *flags]) == 1
    assert capsys.readouterr().out.count("# When?\n") == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"question": "a"}\n{"questions": 1}', "Line 2"),
        ('["a"]', "Line 1"),
        ('{"question": 7}', "is 7"),
        ("\n", "no question"),
        (None, "cannot be read"),
    ],
)
def test_questions_that_cannot_be_asked_are_told_before_anything_is_read(
    document: Path, tmp_path: Path, content: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.jsonl"
    if content is not None:
        questions.write_text(content, encoding="utf-8")
    assert cli.main(["ask", str(document), "--questions", str(questions)]) != 0
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_engine")
def test_ask_keeps_the_file_and_says_so(
    document: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.store import Store

    assert cli.main(["ask", str(document), "When?", *ASK]) == 0
    assert (
        capsys.readouterr().err.count("Kept in the library: notes.txt (--no-keep leaves nothing behind).\n")
        == 1
    )
    with Store(data_dir) as store:
        (kept,) = store.documents.list()
        original = store.documents.original(kept.id)
    assert original is not None and original.read_bytes() == document.read_bytes()


@pytest.mark.usefixtures("tiny_engine")
def test_ask_leaves_nothing_of_the_file_where_that_is_wanted(
    document: Path,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(passing))
    assert cli.main(["ask", str(document), "When?", "--no-keep", *ASK]) == 0
    captured = capsys.readouterr()
    assert captured.out and "Kept" not in captured.err
    assert list(passing.iterdir()) == []
    assert [path for path in data_dir.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["missing.pdf", "When?"], 1, "no such file"),
        (["{document}", "When?", "--temperature", "9"], 2, "temperature is 9"),
        (["{document}", "When?", "--window", "0"], 1, "not a whole number of 1 or more"),
        (["{document}", " ", *ASK], 1, "question"),
    ],
)
@pytest.mark.usefixtures("tiny_engine")
def test_ask_refuses_in_one_sentence(
    arguments: list[str], status: int, sentence: str, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["ask", *(word.format(document=document) for word in arguments)]) == status
    captured = capsys.readouterr()
    last_line = captured.err.splitlines()[-1]
    assert last_line.startswith("ahn-chat: ") and sentence in last_line
    assert captured.out == ""


def test_ask_without_a_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["ask", "When?"])
    assert end.value.code == 2 and "at least one file" in capsys.readouterr().err


def test_ask_takes_flags_between_files_and_question() -> None:
    arguments = ask.parser().parse_intermixed_args(["a.pdf", "b.pdf", "--json", "Why?"])
    assert arguments.words == ["a.pdf", "b.pdf", "Why?"] and arguments.json


def test_after_two_dashes_a_file_may_be_called_like_a_flag() -> None:
    arguments = ask.parse(ask.parser(), ["--json", "a.pdf", "--", "-report.txt", "--seed"])
    assert arguments.words == ["a.pdf", "-report.txt", "--seed"] and arguments.json and arguments.seed is None


@pytest.mark.usefixtures("tiny_engine")
def test_ask_reads_folders_links_and_files_with_a_dash(
    tmp_path: Path, document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "-report.txt").write_text("The boss is Anna.")
    (folder / "link.txt").symlink_to(document)
    (folder / "notes.bin").write_text("not a document")
    monkeypatch.chdir(folder)
    assert cli.main(["ask", *ASK, "--json", ".", "--", "-report.txt", "Who is the boss?"]) == 0
    assert json.loads(capsys.readouterr().out)["pages_read"] == 2  # twice the same file is one document
    (tmp_path / "empty").mkdir()
    assert cli.main(["ask", str(tmp_path / "empty"), "Who?"]) == 1
    assert "There is no document in" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_rewrites_its_line_on_a_terminal() -> None:
    stream = Terminal()
    progress = ask.ProgressLine(stream)
    progress("Reading a: 1", 0.25)
    progress.note("a: no text layer on pages 2")
    progress("Reading a: 2")
    progress.clear()
    assert stream.getvalue() == (
        "\r\x1b[KReading a: 1 (25%)\r\x1b[Ka: no text layer on pages 2\n\r\x1b[KReading a: 2\r\x1b[K"
    )


def test_progress_in_a_file_is_a_line_for_each_step() -> None:
    stream = io.StringIO()
    progress = ask.ProgressLine(stream)
    for done in range(100):
        progress(f"Reading a: {done} of 100", done / 100)
    progress("Reading b: 0 of 100", 0.0)
    progress.clear()
    assert stream.getvalue() == "Reading a: 0 of 100\nReading b: 0 of 100\n"
