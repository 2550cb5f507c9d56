"""`ahn-chat eval recall` and the questions that come with the app."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.evaluation import main, needles
from app.evaluation.questions import Question, corpus_files, own_documents, own_questions, read_questions
from app.options import CommandFailed, OptionError
from app.paths import assets_dir

QUESTIONS = [
    {
        "document": "book.txt",
        "question": "How heavy is the anchor?",
        "answers": ["nine tonnes"],
        "evidence": ["weighs nine"],
    },
    {
        "document": "book.txt",
        "question": "Who rang the bell?",
        "answers": ["Edda"],
        "evidence": ["Edda rang"],
    },
    {"document": "book.txt", "question": "How much did the ship cost?", "answers": []},
    {"document": "elsewhere.txt", "question": "Why?", "answers": ["because"], "evidence": ["because"]},
]
FILLER = "Nobody wrote anything more about it in the old book of the harbour that year.\n\n" * 30


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A document and its questions."""
    book, questions = tmp_path / "book.txt", tmp_path / "questions.jsonl"
    book.write_text(f"{FILLER}The anchor weighs nine tonnes.\n\n{FILLER}Edda rang the bell.\n\n{FILLER}")
    questions.write_text("\n".join(map(json.dumps, QUESTIONS)) + "\n")
    return book, questions


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["recall", *arguments]) == 0
    return capsys.readouterr().out


def test_the_report_counts_pages_quotations_and_what_is_not_said(
    files: tuple[Path, Path], data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, questions = map(str, files)
    report = json.loads(run(capsys, "--documents", book, "--questions", questions, "--words-alone", "--json"))
    assert (report["asked"], report["not_asked"]) == (3, 1)
    assert (report["answerable"], report["unanswerable"]) == (2, 1)
    assert report["page_in_3"] == report["answer_in_1"] == 1.0
    assert (report["unanswerable_said"], report["called_unanswerable_wrongly"]) == (1.0, 0.0)
    assert report["failures"] == {}
    assert "nine tonnes" in report["questions"][0]["quotes"][0]


def test_the_table_and_a_folder(
    files: tuple[Path, Path], data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, questions = files
    shown = run(capsys, "--documents", str(book.parent), "--questions", str(questions), "--words-alone")
    assert "book.txt" in shown
    assert "1 not asked" in shown


@pytest.mark.parametrize("tokens", [6_000, 20_000])
def test_a_haystack_has_every_needle_once_around_its_depth(tokens: int) -> None:
    pages = needles.haystack([FILLER, FILLER], tokens)
    text = "\n\n".join(page.text for page in pages)
    assert all(text.count(needle.sentence) == 1 for needle in needles.NEEDLES)
    assert len(text.split()) == pytest.approx(tokens / needles.TOKENS_A_WORD, rel=0.1)
    for depth in needles.DEPTHS:
        some = [needle for needle in needles.NEEDLES if needle.depth == depth]
        places = [text.index(needle.sentence) / len(text) for needle in some]
        assert len(some) == 20
        assert sum(places) / len(places) == pytest.approx(depth, abs=0.2)


def test_a_needles_answer_stands_in_its_sentence_alone() -> None:
    for needle in needles.NEEDLES:
        assert needle.answered_by(needle.sentence) and needle.answered_by(needle.sentence.upper())
        others = [
            one
            for one in needles.NEEDLES
            if one is not needle and one.sentence[-12:] == needle.sentence[-12:]
        ]
        assert not any(needle.answered_by(other.sentence) for other in others)
    miners = next(needle for needle in needles.NEEDLES if "212 miners" in needle.sentence)
    assert not miners.answered_by("It was dug by 2125 men.")
    assert not miners.answered_by("It took 212.5 days.") and miners.answered_by("By 212, of whom 3 died.")


def test_too_short_a_text_for_needles_is_said() -> None:
    with pytest.raises(ValueError, match="too few"):
        needles.haystack([FILLER], 500)
    with pytest.raises(ValueError, match="no words"):
        needles.haystack(["", " \n\n "], 8_000)


def test_evidence_names_pages_and_goes_over_a_page_break() -> None:
    question = Question("d", "q", (r"nine\s+tonnes",), ("weighs nine tonnes",))
    assert question.pages(["none", "It WEIGHS\nnine tonnes.", "none"]) == {2}
    assert question.pages(["it weighs", "nine tonnes", "none"]) == {1, 2}
    assert question.pages(["none"]) == frozenset()
    assert question.answered_by("It is nine\n tonnes heavy")
    assert not question.answered_by("It is nine")


def test_the_apps_own_questions_are_many_and_varied() -> None:
    files = own_questions()
    assert [file.stem for file in files] == ["dev", "dev2", "test", "test2"]
    rows = [row for file in files for row in read_questions(file)]
    unanswerable = [row for row in rows if not row.answers]
    assert len(rows) >= 120
    assert len({row.document for row in rows}) >= 6
    assert len({row.question for row in rows}) == len(rows)
    assert len(unanswerable) >= 60
    assert all(row.evidence for row in rows if row.answers)
    listed = json.loads((assets_dir() / "evaluation/recall/documents.json").read_text())
    assert {row.document for row in rows} <= set(listed)


def test_questions_in_other_languages_lie_apart_and_name_known_documents() -> None:
    folder = assets_dir() / "evaluation/recall"
    rows = [row for file in sorted((folder / "languages").glob("*.jsonl")) for row in read_questions(file)]
    assert len(rows) == 58 and sum(not row.answers for row in rows) == 8
    assert {row.document for row in rows} <= set(json.loads((folder / "documents.json").read_text()))
    assert not {row.document for row in rows} & own_documents()


def test_the_samples_answers_stand_where_the_evidence_says(sample_pages: Callable[[], list[str]]) -> None:
    pages = sample_pages()
    rows = [row for file in own_questions() for row in read_questions(file)]
    for row in rows:
        if row.document.startswith("lighthouse") and row.answers:
            found = row.pages(pages)
            assert found, row.question
            around = " ".join(pages[page - 1] + " " + " ".join(pages[page : page + 1]) for page in found)
            assert row.answered_by(around), row.question


@pytest.fixture
def sample_pages() -> Callable[[], list[str]]:
    from app.documents import extract

    return lambda: list(extract(assets_dir() / "sample/lighthouse-keepers-handbook.pdf").pages)


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, data_dir: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"document": "x"}\n')
    with pytest.raises(CommandFailed, match="holds no questions"):
        read_questions(broken)
    with pytest.raises(CommandFailed, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")
    with pytest.raises(CommandFailed, match="apcupsd-doc"):
        corpus_files(tmp_path, tmp_path, own_documents())
    assert corpus_files(tmp_path, tmp_path, ["another.pdf"]) == []
    with pytest.raises(OptionError, match="No document"):
        main(["recall"])
    with pytest.raises(OptionError, match="budget"):
        main(["recall", "--documents", "x", "--budget", "0"])
